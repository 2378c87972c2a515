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
	LUKS_REGULAR_MAX = 8, /* of the segments, those that are mapped; cryptsetup makes 4 at most */
	LUKS_TOKENS_MAX = 32,
	LUKS_TOKEN_TYPE_CHARS = 63, /* longer ones are cut */
	LUKS_KEYRING_KEYS_MAX = 8,
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
 * What helps against a verdict or a fault. It is separate from the sentence: a command needs the path of the
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
	enum hash af_hash;
	enum cipher area_cipher;
	uint32_t area_key_bytes;
	uint64_t area_off;        /* bytes from the start of the header device */
	uint64_t area_size_bytes; /* at least key_bytes * LUKS_STRIPES */
	int digest;               /* index into luks.digests, -1: bound to none */
	struct kdf kdf;
	struct luks_verdict verdict;
};

/* Specification 3.3: PBKDF2 over the volume key. */
struct luks_digest {
	unsigned id;
	enum hash hash;
	uint32_t iterations;
	uint32_t value_bytes;
	bool covers_segment; /* bound to segment 0 */
	bool covers_data;    /* bound to any segment; a re-encryption has several, for two keys */
	uint8_t salt[LUKS_SALT_BYTES];
	uint8_t value[HASH_MAX_BYTES];
	struct luks_verdict verdict;
};

/* Specification 3.4. */
struct luks_segment {
	bool linear;           /* its data is not encrypted: neither cipher nor digest */
	bool in_reencryption;  /* the part that was being written when a re-encryption was interrupted */
	bool final;            /* a re-encryption has done it already */
	int digest;            /* index into luks.digests, of its key; -1: none */
	uint32_t sector_bytes; /* 512, 1024, 2048 or 4096 */
	enum cipher cipher;
	uint64_t off;        /* bytes from the start of the data device */
	uint64_t size_bytes; /* 0: to the end of the device ("dynamic") */
	uint64_t iv_sectors; /* the number of its first sector, in units of 512 bytes ("iv_tweak") */
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
	unsigned key;                         /* of luks.keyring_keys, counted from 1; 0: none */
	char type[LUKS_TOKEN_TYPE_CHARS + 1]; /* any bytes: escape before printing */
};

/* The words of a keyslot of the type "reencrypt" (specification 4.9). */
enum luks_mode { LUKS_MODE_REENCRYPT, LUKS_MODE_ENCRYPT, LUKS_MODE_DECRYPT };

enum luks_direction { LUKS_FORWARD, LUKS_BACKWARD };

enum luks_resilience {
	LUKS_RESILIENCE_NONE,
	LUKS_RESILIENCE_CHECKSUM,
	LUKS_RESILIENCE_JOURNAL,
	LUKS_RESILIENCE_DATASHIFT,
	LUKS_RESILIENCE_DATASHIFT_CHECKSUM,
	LUKS_RESILIENCE_DATASHIFT_JOURNAL,
};

enum luks_words { LUKS_WORDS_MODE, LUKS_WORDS_DIRECTION, LUKS_WORDS_RESILIENCE };

/* That keyslot, and what belongs to it. Valid if luks_reencryption_is_described. */
struct luks_reencrypt {
	enum luks_mode mode;
	enum luks_direction direction;
	enum luks_resilience resilience;
	unsigned version;                           /* of the requirement: 2 or 3 */
	uint64_t area_off, area_size_bytes;         /* on the header device */
	char area_hash[16];                         /* checksum kinds only, as the header spells it */
	uint32_t area_sector_bytes;                 /* the same */
	uint64_t shift_bytes;                       /* datashift kinds only */
	int digest;                                 /* index into luks.digests: of this description */
	bool is_readable;                           /* crashed, and nothing else forbids to map it */
	bool has_moved;                             /* @moved is there */
	struct luks_segment previous, final, moved; /* flagged "backup-..." */
};

struct luks {
	unsigned version; /* 1 or 2 */
	uint64_t seqid;
	uint64_t hdr_size_bytes;      /* of one copy */
	uint64_t keyslots_size_bytes; /* behind the header, or behind both copies */
	unsigned keyslot_count, digest_count, segment_count, token_count;
	unsigned keyring_key_count;
	unsigned skipped_keyslots; /* of a type that is not "luks2" */
	unsigned regular_count;    /* of the segments, those that are mapped; 0: must not be mapped */
	uint64_t data_off,
		data_end;           /* LUKS2: of all segments that are mapped, without a dynamic one's size */
	uint32_t segment_key_bytes; /* LUKS1 only: LUKS2 has it in each keyslot */
	unsigned flags;             /* in config: those of base/crypt_flags.h */
	unsigned unknown_flags;     /* in config, ignored: how many */
	bool no_journal;            /* in config, of integrity: dm-integrity works without its journal */
	bool inline_tags;           /* required: the drive keeps the tags of integrity, not dm-integrity */
	enum luks_reencryption reencryption;
	char uuid[LUKS_UUID_CHARS + 1];
	char label[LUKS_LABEL_CHARS + 1];     /* any bytes: escape before printing */
	char subsystem[LUKS_LABEL_CHARS + 1]; /* the same */
	struct luks_token tokens[LUKS_TOKENS_MAX];
	/*
	 * Of tokens of the type "luks2-keyring": the key so called in the kernel's keyring is a passphrase of
	 * their keyslots. Printable ASCII.
	 */
	char keyring_keys[LUKS_KEYRING_KEYS_MAX][LUKS_KEY_DESCRIPTION_CHARS + 1];
	struct luks_keyslot keyslots[LUKS_KEYSLOTS_MAX]; /* in the order of the JSON text */
	struct luks_digest digests[LUKS_DIGESTS_MAX];
	struct luks_segment
		segments[LUKS_REGULAR_MAX]; /* these, in order; the verdict of the first is of all */
	struct luks_verdict requirements;   /* not CAUSE_OK: must not be mapped; CAUSE_OK and why: a notice */
	struct luks_reencrypt reencrypt;
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
 * The sizes of the segments that are mapped, in bytes and none of them 0, on a device of @device_bytes. With
 * dm-integrity, that of all it has there.
 * Fails: CAUSE_DEVICE (the device ends before the data does).
 */
enum cause luks_data_sizes(const struct luks *luks, uint64_t device_bytes,
	uint64_t sizes[static LUKS_REGULAR_MAX], struct error *err) MUST_USE;

/* Is dm-integrity below dm-crypt, with a superblock where the data begins? */
bool luks_has_integrity(const struct luks *luks);

/* How its tags are kept: "journal", "direct" (no journal), "inline" (by the drive). */
const char *luks_integrity_mode(const struct luks *luks);

/* Is a part of the data not encrypted: in an encryption or decryption that is under way? */
bool luks_has_plain_data(const struct luks *luks);

/* How much of a re-encryption that has stopped in order is done, given the sizes of luks_data_sizes. */
unsigned luks_reencryption_percent(const struct luks *luks, const uint64_t sizes[static LUKS_REGULAR_MAX]);

/* Does @luks->reencrypt describe one that can be resumed or recovered? */
bool luks_reencryption_is_described(const struct luks *luks);

/* Is it one of the kinds in which the data moves by shift_bytes? */
bool luks_reencryption_shifts(const struct luks *luks);

/* 8-4-4-4-12 hex digits and a NUL behind them. */
bool luks_uuid_is_valid(const char *s);

/* "an offline re-encryption is under way ...": its state is in files called by @uuid. */
void luks_offline_reencryption(char *text, size_t size, const char *uuid);

/* "none", "clean", "crashed", "v1", "offline", "unknown". */
const char *luks_reencryption_name(enum luks_reencryption r);

/* The word for the value @n of one of the three enums, as the header spells it; NULL: there are no more. */
const char *luks_word(enum luks_words set, unsigned n);

const char *luks_priority_name(enum luks_priority p);

/* The index of the digest called @id, which is there. */
unsigned luks_digest_index(const struct luks *luks, unsigned id);

/* The keyslot called @id, or NULL. */
const struct luks_keyslot *luks_find_keyslot(const struct luks *luks, unsigned id);

#endif
