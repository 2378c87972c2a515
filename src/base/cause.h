/* SPDX-License-Identifier: MIT */
/*
 * cause - why something failed, as far as the person at the console can act on it.
 *
 * Causes are few because actions are few. The leaf that knows sets the cause and one
 * sentence; upper layers may put "where" in front of the sentence, never change the
 * cause; only keyslot/search.c, unlock/unlock.c and boot/boot.c combine several into one.
 * The value of a cause is the exit code of the program: 1 to 5 mean what they mean in
 * cryptsetup(8), the rest are latchkey's own.
 */
#ifndef BASE_CAUSE_H
#define BASE_CAUSE_H

#include <stddef.h>

enum cause {
	CAUSE_OK = 0,
	CAUSE_USAGE,       /* asked wrongly: arguments, name, configuration */
	CAUSE_PASSPHRASE,  /* a keyslot was computed to the end and its digest did not match */
	CAUSE_RESOURCE,    /* not enough memory, or a limit of this machine */
	CAUSE_DEVICE,      /* missing, unreadable, too short, not LUKS */
	CAUSE_EXISTS,      /* the mapping, name or file exists, or the device is in use */
	CAUSE_DAMAGED,     /* invalid data: checksum, range or overlap */
	CAUSE_UNSUPPORTED, /* valid, but unsupported or refused */
	CAUSE_KERNEL,      /* the kernel refused: no dm, no dm-crypt, no cipher, ioctl error */
	CAUSE_BUG,         /* internal error */
};

enum { CAUSE_COUNT = CAUSE_BUG + 1, ERROR_TEXT_BYTES = 512 };

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_arg, first_arg) __attribute__((format(printf, fmt_arg, first_arg)))

/* One failure. text is one sentence without a newline and never holds a secret. */
struct error {
	enum cause cause;
	int os_errno; /* 0 unless the kernel said why */
	char text[ERROR_TEXT_BYTES];
};

/* A row of the one table that drives exit codes, --help, the README and their test. */
struct cause_info {
	const char *name;    /* one short word: "ok", "usage", "passphrase" ... */
	const char *meaning; /* for --help */
};

/* The row of @cause; a value outside the enum gets the row of CAUSE_BUG. */
const struct cause_info *cause_info(enum cause cause);

/* Fill @err and return @cause, so that a leaf can write `return error_set(...)`. */
enum cause error_set(struct error *err, enum cause cause, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same for a failed system call: appends ": " and the meaning of @os_errno. */
enum cause error_set_os(struct error *err, enum cause cause, int os_errno, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

/* Put @fmt and ": " in front of the sentence; the cause stays. */
void error_prefix(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Put @fmt behind the sentence; the cause stays. */
void error_append(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
