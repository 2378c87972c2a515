/* SPDX-License-Identifier: MIT */
/*
 * plan - what `latchkey boot` is to do: the one table that every dialect is read into.
 *
 *     kernel command line, /etc/crypttab, /etc/latchkey.conf  ->  struct plan  ->  boot
 *
 * Texts point into the plan's own pool, so that a plan outlives what it was read from. They hold no control
 * character but tabs: names and notes are printable ASCII, the others may have UTF-8 from U+00C0 on.
 * Nothing here opens a device.
 */
#ifndef CONFIG_PLAN_H
#define CONFIG_PLAN_H

#include "base/cause.h"
#include <stdbool.h>
#include <stdint.h>

enum {
	PLAN_VOLUMES_MAX = 64,
	PLAN_KEYS_MAX = 4, /* named for one volume */
	PLAN_NOTES_MAX = 32,
	PLAN_POOL_BYTES = 40960,
};

/* Where a key is. */
enum plan_key_kind {
	PLAN_KEY_FILE,  /* path: a file here, in the initramfs */
	PLAN_KEY_STICK, /* path: a file on the filesystem of device */
	PLAN_KEY_RAW,   /* bytes of device itself */
};

struct plan_key {
	enum plan_key_kind kind;
	const char *device;    /* a path, UUID=, LABEL=, PARTUUID=, PARTLABEL=, /dev/disk/by-...; NULL for
				  PLAN_KEY_FILE */
	const char *path;      /* NULL for PLAN_KEY_RAW */
	const char *fstype;    /* NULL: what the superblock says */
	uint64_t offset_bytes; /* skipped first; below 2^62 */
	uint64_t size_bytes;   /* 0: to the end; at most 8 MiB */
	bool optional;         /* the default place: not an error when it is absent */
};

/* Where a detached header is. */
struct plan_header {
	const char
		*path; /* a file here or on device, or a device as for plan_key; NULL: on the volume itself */
	const char *device; /* the path is on its filesystem; NULL: it is not */
};

struct plan_flags {
	unsigned crypt; /* base/crypt_flags.h */
	bool read_only, disable_keyring, verbose;
	bool headless;   /* never prompt */
	bool nofail;     /* the others count without it */
	bool noauto;     /* listed, not opened */
	bool strict_key; /* a key that ends in a newline is not tried without it */
	bool allow_swap; /* Argon2 may use swap on disk */
	bool no_stick;   /* do not look for latchkey/UUID.key and .header on sticks */
	bool try_empty;  /* the empty passphrase is tried without a question */
};

/* Passphrases that systemd, or latchkey, leaves in the kernel's keyring for a while. */
enum plan_cache { PLAN_CACHE_READ, PLAN_CACHE_NO, PLAN_CACHE_FILL };

/* Which sticks that the configuration does not name are searched for keys and headers. */
enum plan_stick {
	PLAN_STICK_FAT, /* those that our own code reads (device/fat.h) */
	PLAN_STICK_ANY, /* also by the kernel's drivers */
};

enum plan_echo { PLAN_ECHO_NONE, PLAN_ECHO_MASKED };

/* Does the boot need a volume? What root= names is always needed. */
enum plan_need {
	PLAN_NEEDED, /* without it the boot fails */
	PLAN_NOFAIL, /* the boot does not wait for it */
	/* Nor for this one: a line of a whole system's crypttab, where root= names another volume. */
	PLAN_UNMARKED,
	PLAN_NOAUTO, /* listed, not opened */
};

struct plan_volume {
	const char *name;   /* of the mapping: printable ASCII, no slash */
	const char *device; /* as for plan_key */
	const char *where;  /* "kernel command line", "/etc/crypttab:3": for messages */
	struct plan_header header;
	struct plan_flags flags;
	enum plan_need need;
	enum plan_stick stick;
	enum plan_echo echo;
	enum plan_cache cache;     /* filled: read, too */
	const char *volume_key_id; /* the only one that is accepted: 64 hexadecimal digits; NULL: any */
	unsigned measure_pcrs;     /* of the TPM, to be extended with the volume key: one bit; 0: none */
	int keyslot;               /* 0 to 31, or -1 */
	unsigned timeout_s;        /* for the passphrase; 0: none */
	unsigned key_timeout_s;    /* ask only when no key came for so long; 0: ask at once */
	unsigned device_timeout_s; /* fail when the device is absent for so long; 0: no limit */
	unsigned max_memory_mib, max_time_s, max_lanes; /* 0: as usual */
	unsigned tries;                                 /* wrong passphrases until plan.after; 0: no limit */
	unsigned key_count;
	struct plan_key keys[PLAN_KEYS_MAX]; /* in the order in which they were named */
};

/* What follows the last wrong passphrase for a volume that is needed. */
enum plan_after { PLAN_AFTER_ASK, PLAN_AFTER_POWEROFF, PLAN_AFTER_REBOOT, PLAN_AFTER_FAIL };

struct plan {
	unsigned count;
	unsigned tries; /* of volumes that do not say their own; 0: no limit */
	enum plan_after after;
	const char *root_left_out; /* the volume that root= names, when its line was left out; else NULL */
	bool headless;             /* all volumes are */
	bool quiet;         /* the kernel's own word: nothing but prompts, waits and failures is to be seen */
	unsigned give_up_s; /* headless: fail with CAUSE_DEVICE after so long without a key; 0: never */
	const char *keymap; /* of the consoles, for the prompt; NULL: not known. Not of the configuration */
	const char *cmdline;  /* what it was made from; the caller's. NULL: not known */
	const char *passfifo; /* a FIFO to read passphrases from, made when absent; NULL: none */
	unsigned note_count;
	bool notes_lost; /* there were more */
	unsigned pool_used;
	struct plan_volume volumes[PLAN_VOLUMES_MAX];
	/* One sentence each, with file and line: what was refused or means nothing here. */
	struct plan_note {
		bool bad; /* a line that was left out, not only a remark */
		const char *text;
	} notes[PLAN_NOTES_MAX];
	char pool[PLAN_POOL_BYTES];
};

/* The files and the text that a plan is made from. NULL: not there. Texts end with NUL and are not changed.
 */
struct plan_sources {
	const char *cmdline;                  /* content of /proc/cmdline */
	const char *crypttab, *crypttab_path; /* content, and its name for messages */
	const char *conf, *conf_path;
};

/*
 * Read the sources in decreasing order of precedence: command line, crypttab, conf. Never fails: a line
 * that cannot be used is noted and skipped, and the other volumes stay. Of two sources that name the same
 * volume the first wins. The volume that root= names has a place before all others, and is needed and
 * opened whatever its options say.
 */
void plan_make(const struct plan_sources *from, struct plan *out);

/*
 * What was understood, one block a volume, then the notes, on @fd: `latchkey boot --show`. With @json, one
 * object a line: docs/json.md.
 */
void plan_show(const struct plan *p, int fd, bool json);

#endif
