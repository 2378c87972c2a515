/* SPDX-License-Identifier: MIT */
/*
 * luks - the model: what a LUKS header says, typed, bounded and checked.
 *
 * Everything below this point works on these structs; no header text is compared or
 * passed on after they are filled. Plain data, no pointers, nothing secret.
 * Names follow the LUKS2 On-Disk Format Specification 1.1.4.
 */
#ifndef FORMAT_LUKS_H
#define FORMAT_LUKS_H

#include "base/cause.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "crypto/kdf_params.h"
#include <stdbool.h>
#include <stdint.h>

enum {
	LUKS_KEYSLOTS_MAX = 32,
	LUKS_DIGESTS_MAX = 8,
	LUKS_SEGMENTS_MAX = 32,
	LUKS_TOKENS_MAX = 32,
	LUKS_TOKEN_TYPE_CHARS = 63, /* longer ones are cut */
	LUKS_KEYRING_TOKENS_MAX = 8,
	LUKS_KEY_DESCRIPTION_CHARS = 127,
	LUKS_STRIPES = 4000,
	LUKS_UUID_CHARS = 36,
	LUKS_LABEL_CHARS = 47,
	LUKS_SALT_BYTES = 32,
	LUKS_KEY_MAX_BYTES =
		128, /* of a volume key: with integrity, that of the HMAC is behind the cipher's */
	LUKS_WHY_BYTES = 160,
};

/*
 * What helps against a verdict or a fault. It stands apart from the sentence: a command needs the path of the
 * device, which only the commands know, and none may be given where the device belongs to something else.
 * place_advise (format/place.h) puts it in words.
 */
enum luks_advice {
	LUKS_ADVICE_NONE,
	LUKS_ADVICE_RESUME,            /* cryptsetup reencrypt --resume-only */
	LUKS_ADVICE_RECOVER,           /* cryptsetup repair, which writes to the data, too */
	LUKS_ADVICE_REPAIR,            /* cryptsetup repair, of the header */
	LUKS_ADVICE_REPAIR_UNLESS_NEW, /* the same, where the header may be what a format left */
	LUKS_ADVICE_RESTORE,           /* a header backup; never while a re-encryption is under way */
	LUKS_ADVICE_BACKUP,            /* a header backup is damaged: make a new one */
	LUKS_ADVICE_COPY,              /* no header backup: copy the device before anything else */
};

/*
 * Something that the header describes correctly and latchkey cannot use.
 * cause is CAUSE_OK when it can be used; why is a sentence fragment ("unknown kdf \"x\"").
 */
struct luks_verdict {
	enum cause cause;
	enum luks_advice advice;
	char why[LUKS_WHY_BYTES];
};

enum luks_priority { LUKS_PRIORITY_IGNORE, LUKS_PRIORITY_NORMAL, LUKS_PRIORITY_PREFER };

/* Specification 3.2. Fields are valid only as far as the verdict is CAUSE_OK. */
struct luks_keyslot {
	unsigned id; /* 0 to 31 */
	enum luks_priority priority;
	uint32_t key_bytes; /* of the volume key inside */
	struct kdf kdf;
	enum hash af_hash;
	enum cipher area_cipher;
	uint32_t area_key_bytes;
	uint64_t area_off;        /* bytes from the start of the header device */
	uint64_t area_size_bytes; /* at least key_bytes * LUKS_STRIPES */
	int digest;               /* index into luks.digests, -1: bound to none */
	struct luks_verdict verdict;
};

/* Specification 3.3: PBKDF2 over the volume key. */
struct luks_digest {
	unsigned id;
	enum hash hash;
	uint32_t iterations;
	uint8_t salt[LUKS_SALT_BYTES];
	uint8_t value[HASH_MAX_BYTES];
	uint32_t value_bytes;
	bool covers_segment; /* bound to segment 0 */
	bool covers_data;    /* bound to any segment; a re-encryption has several, for two keys */
	struct luks_verdict verdict;
};

/* Specification 3.4: the one segment that is mapped. */
struct luks_segment {
	uint64_t off;        /* bytes from the start of the data device */
	uint64_t size_bytes; /* 0: to the end of the device ("dynamic") */
	enum cipher cipher;
	uint32_t sector_bytes; /* 512, 1024, 2048 or 4096 */
	struct luks_verdict verdict;
};

/*
 * A re-encryption (also encryption or decryption in place) that has begun and not ended. It is a
 * requirement in the header; a segment flagged "in-reencryption" tells crashed from clean.
 */
enum luks_reencryption {
	LUKS_REENCRYPTION_NONE,
	LUKS_REENCRYPTION_CLEAN,   /* every sector is under the key that its segment says */
	LUKS_REENCRYPTION_CRASHED, /* what the last segment in hand held must be recovered first */
	LUKS_REENCRYPTION_V1,      /* by a cryptsetup before 2.4.3: no digest vouches for its description */
	LUKS_REENCRYPTION_OFFLINE, /* by a program that keeps its state in files */
	LUKS_REENCRYPTION_UNKNOWN, /* of a later version, or a description that is not complete */
};

/* Specification 3.5: what every token has. */
struct luks_token {
	unsigned id;
	uint32_t keyslots;                    /* bits */
	char type[LUKS_TOKEN_TYPE_CHARS + 1]; /* any bytes: escape before printing */
};

/* A token of the type "luks2-keyring": a key of the kernel's keyring is a passphrase of its keyslots. */
struct luks_keyring_token {
	unsigned id;
	uint32_t keyslots;                                    /* bits; at least one */
	char key_description[LUKS_KEY_DESCRIPTION_CHARS + 1]; /* printable ASCII */
};

struct luks {
	unsigned version; /* 1 or 2 */
	char uuid[LUKS_UUID_CHARS + 1];
	char label[LUKS_LABEL_CHARS + 1];     /* any bytes: escape before printing */
	char subsystem[LUKS_LABEL_CHARS + 1]; /* the same */
	uint64_t seqid;
	uint64_t hdr_size_bytes;      /* of one copy */
	uint64_t keyslots_size_bytes; /* behind the header, or behind both copies */
	unsigned keyslot_count, digest_count, segment_count, token_count;
	struct luks_token tokens[LUKS_TOKENS_MAX];
	unsigned keyring_token_count;
	struct luks_keyring_token keyring_tokens[LUKS_KEYRING_TOKENS_MAX];
	unsigned skipped_keyslots;                       /* of a type that is not "luks2" */
	struct luks_keyslot keyslots[LUKS_KEYSLOTS_MAX]; /* in the order of the JSON text */
	struct luks_digest digests[LUKS_DIGESTS_MAX];
	struct luks_segment segment;
	uint64_t data_off,
		data_end;           /* LUKS2: of all segments that are mapped, without a dynamic one's size */
	uint32_t segment_key_bytes; /* LUKS1 only: LUKS2 has it in each keyslot */
	unsigned flags;             /* in config: those of base/crypt_flags.h */
	unsigned unknown_flags;     /* in config, ignored: how many */
	struct luks_verdict requirements; /* not CAUSE_OK: must not be mapped */
	enum luks_reencryption reencryption;
};

/* How much of its area a keyslot fills: the split key, rounded up to whole sectors. */
uint64_t luks_area_used_bytes(const struct luks_keyslot *slot);

/* Where the keyslots area ends, in bytes from the start of the header device. */
uint64_t luks_keyslots_end(const struct luks *luks);

/* Is @slot bound to a key of the data? */
bool luks_keyslot_is_of_data(const struct luks *luks, const struct luks_keyslot *slot);

/* Is any? After luksErase there is none. */
bool luks_has_keyslot(const struct luks *luks);

/*
 * Where the data of @seg lies on a device of @device_bytes, in 512-byte sectors; the size is never 0.
 * Fails: CAUSE_DEVICE (the device ends before the data does).
 */
enum cause luks_data_extent(const struct luks_segment *seg, uint64_t device_bytes, uint64_t *off_sectors,
	uint64_t *size_sectors, struct error *err) MUST_USE;

/* 8-4-4-4-12 hex digits and a NUL behind them. */
bool luks_uuid_is_valid(const char *s);

/* "an offline re-encryption is under way ...": its state is in files called by @uuid. */
void luks_offline_reencryption(char *text, size_t size, const char *uuid);

/* "none", "clean", "crashed", "v1", "offline", "unknown". */
const char *luks_reencryption_name(enum luks_reencryption r);

const char *luks_priority_name(enum luks_priority p);

/* The keyslot called @id, or NULL. */
const struct luks_keyslot *luks_find_keyslot(const struct luks *luks, unsigned id);

#endif
