/* SPDX-License-Identifier: MIT */
/* state - what the loop of boot.c knows. Only the files of boot/ that are its parts include this. */
#ifndef BOOT_STATE_H
#define BOOT_STATE_H

#include "boot/attempt.h"
#include "boot/fetch.h"
#include "boot/sight.h"
#include "secret/vault.h"
#include <poll.h>

enum { ORIGIN_BYTES = SYSBLOCK_PATH_BYTES + 64, FETCHES_MAX = 4, SEEN_MAX = 2 * SIGHT_STICKS_MAX };

enum volume_state {
	VOLUME_ABSENT, /* its device, or a header for it, is not there yet */
	VOLUME_READY,  /* wants a key */
	VOLUME_TRYING, /* its child runs */
	VOLUME_OPEN,
	VOLUME_FAILED, /* for good */
	VOLUME_LEFT, /* not to be opened: noauto, or given up because the boot does not need it (spares.c) */
};

/* One place where a key of a volume may be. */
struct key_place {
	bool busy;        /* a fetch is on its way */
	bool done;        /* it was read, or is not worth reading again until it is plugged anew */
	uint64_t plugged; /* sight_plugged of the device when that was so; 0: a file here */
};

struct volume {
	const struct plan_volume *plan;
	enum volume_state state;
	bool ours;         /* opened by this run */
	struct error why;  /* it is absent, or failed */
	const char *whole; /* "array": that is waited for, a member is there; NULL otherwise */
	char path[SYSBLOCK_PATH_BYTES];
	char title[SYSBLOCK_PATH_BYTES + 160]; /* "root (/dev/sda2, label)", printable */
	char uuid[LUKS_UUID_CHARS + 1];        /* "" until it is known */
	uint64_t memory_kib;
	uint32_t tried;  /* vault slots, as bits */
	unsigned trying; /* vault slot */
	uint64_t trying_since_ms;
	unsigned wrong;    /* passphrases of people that opened neither it nor another volume */
	bool out_of_tries; /* nobody is asked for it any more */
	struct key_place places[PLAN_KEYS_MAX], header_place;
	uint64_t seen[SEEN_MAX], seen_headers[SEEN_MAX]; /* sticks that were looked at: sight_plugged */
	unsigned seen_next, seen_headers_next;
	int header_fd;   /* a header in memory; -1: none */
	char header[32]; /* its path */
	uint64_t absent_since_ms, unfit_since_ms;
	struct attempt attempt;
	struct child child;
};

/* A secret in the vault slot of the same number. */
struct credential {
	bool used;
	bool typed;       /* a passphrase: good for every volume */
	bool counts;      /* as a try of a person */
	bool opened;      /* at least one: kept for the others */
	bool token;       /* none of ours: a key of the kernel's keyring that a token names */
	uint64_t volumes; /* that it is for, as bits */
	uint64_t refused; /* those that it does not open */
	uint64_t since_ms;
	char origin[ORIGIN_BYTES]; /* "the key /x on /dev/sdb1", for messages */
};

/* A key or a header on its way. */
struct errand {
	struct fetch fetch;
	struct child child;
	unsigned volume;
	struct key_place *place; /* NULL: a stick that was looked at on the chance */
	char origin[ORIGIN_BYTES];
};

struct boot {
	const struct plan *plan;
	bool test;
	uint64_t start_ms, now_ms;
	struct volume volumes[PLAN_VOLUMES_MAX];
	unsigned count;
	struct credential credentials[VAULT_SLOTS];
	struct errand errands[FETCHES_MAX];
	struct sight sight;    /* the last whole one */
	struct sight *looking; /* shared with the child that looks */
	struct child looker;
	bool look_again;
	uint64_t look_at_ms; /* the next look without an event */
	int uevents, fifo;
	bool fifo_is_ours;
	/* Asking: */
	bool asking, cache_read;
	uint64_t ask_from_ms, asked_at_ms;     /* not before; since when */
	unsigned wrong, wrong_heeded, pause_s; /* passphrases that opened nothing */
	/* What has been said, so that it is said once. */
	uint64_t notice_at_ms;
	bool failed;         /* a volume that is needed */
	bool any_needed;     /* is there one? */
	uint64_t met_ms;     /* since when all that are needed are open; 0: they are not */
	uint64_t stirred_ms; /* the last time that something came of a key, or of a person */
};

/* keys.c: what may open what. */

/* Start what can be started: errands for keys and headers, attempts with them. */
void keys_errands(struct boot *b);
void keys_attempts(struct boot *b);
/* A child has ended. */
void keys_errand_done(struct boot *b, struct errand *e);
void keys_attempt_done(struct boot *b, struct volume *v);
/* It has not, in its time. */
void keys_errand_late(struct boot *b, struct errand *e);
/* Its device does not answer. */
void keys_errand_silent(struct boot *b, struct errand *e);
void keys_attempt_late(struct boot *b, struct volume *v);
/* A passphrase that a person gave just now; copied. */
void keys_typed(struct boot *b, const uint8_t *line, size_t len, const char *origin);
/* Those that systemd's and others' password agents left in the kernel's keyring. */
void keys_cached(struct boot *b);
/* The one that a token of @v names. */
void keys_token(struct boot *b, struct volume *v);
/* Is a passphrase still to be tried, or being tried? */
bool keys_typed_pending(const struct boot *b);
/* Is a key for @v being fetched, or to be tried? */
bool keys_at_hand(const struct boot *b, const struct volume *v);
/* Forget what is of no use any more, and count the wrong ones. */
void keys_tidy(struct boot *b);

/* people.c: the prompt on the consoles, the FIFO, the splash screen. */
enum { PEOPLE_FDS = 2 };
void people_open(struct boot *b);
void people_close(struct boot *b);
/* Ask, stop asking, or show what is going on: whatever is right now. */
void people_ask(struct boot *b);
bool people_may_be_asked(const struct boot *b, const struct volume *v);
/* One more wrong passphrase for @v: what follows the last of its tries. */
void people_wrong(struct boot *b, struct volume *v);
/* For poll(2), beside what consoles.h has; and what came of it. */
void people_listen(const struct boot *b, struct pollfd fds[static PEOPLE_FDS]);
void people_heed(struct boot *b, const struct pollfd fds[static PEOPLE_FDS]);

/*
 * spares.c: the volumes that the boot does not need. Those that it needs are open, or there are none: then the others
 * are left as soon as nothing is to be expected of them, with a line for each.
 */
enum {
	SPARE_QUIET_S = 5,   /* without a key or a person's doing */
	SPARE_TRYING_S = 60, /* for one attempt that runs */
	SPARE_ALONE_S = 90,  /* in place of the first, and for the device, where no volume is needed */
	SPARE_TRIES = 3,     /* where tries= does not say */
};
bool volume_is_needed(const struct volume *v);
void spares_leave(struct boot *b);

/* boot.c */
bool boot_is_over(const struct boot *b, uint64_t since_ms, unsigned limit_s);
void volume_failed(struct boot *b, struct volume *v, const struct error *why);
void hear(void *context, const char *line);
bool volume_wants(const struct volume *v);

#endif
