/* SPDX-License-Identifier: MIT */
/*
 * state - what the loop of boot.c knows, and its parts. Only files of boot/ that are such parts include
 * this.
 */
#ifndef BOOT_STATE_H
#define BOOT_STATE_H

#include "boot/credential.h"
#include "boot/fetch.h"
#include "boot/scan.h"
#include "boot/volume.h"
#include "secret/vault.h"
#include "unlock/token_try.h"
#include <poll.h>

enum { FETCHES_MAX = 4 };

/* One key or header that is being fetched; it runs as long as its child does. */
struct fetch_job {
	struct volume *volume;
	unsigned place; /* seen.h, with plugged */
	uint64_t plugged;
	struct fetch fetch;
	struct child child;
	char origin[ORIGIN_BYTES];
};

enum { TOKEN_JOBS_MAX = VAULT_TOKENS };

/* One run of a token program; it runs as long as its child does. */
struct token_job {
	struct volume *volume;
	unsigned token;       /* of the volume */
	uint64_t plugged;     /* its device (plugged.h); 0: it was started without one */
	unsigned line;        /* of the vault, for the passphrase */
	int answers;          /* our end of its socket; -1: it is not wanted any more */
	bool is_patient;      /* it waits for a person or something outside */
	bool given;           /* it gave a passphrase, for which no slot was free yet */
	bool is_few;          /* the question is whether to use one of few tries */
	bool declined;        /* a person gave it no PIN: it asks nothing more */
	uint64_t answered_ms; /* a question, after which it said nothing; 0: nothing is due */
	unsigned asks;        /* the number of its question; 0: it asks none */
	struct child child;
	struct unlock_request request;
	struct token_try try;
	char question[240]; /* with the volume's name in front */
};

struct boot {
	const struct plan *plan;
	bool test;
	uint64_t start_ms, now_ms;
	unsigned count;
	/* devices.c: */
	struct scan *scanning; /* shared with the child that scans */
	bool scan_again;
	uint64_t scan_at_ms; /* the next scan without an event */
	uint64_t arrived_ms; /* a device came or went */
	int uevents;
	uint64_t known; /* volumes for which credential_add_known was called */
	/* tokens.c: */
	unsigned events;       /* how often a device has come or gone */
	unsigned questions;    /* of token programs so far */
	uint64_t tokens_at_ms; /* when to look for their devices again */
	uint64_t network_ms;   /* since when a program asks for the network; 0: none does */
	uint64_t pin_until_ms; /* so long a program may check a PIN before there is a prompt again */
	/* ask.c: */
	bool piped; /* a rehearsal without a terminal: passphrases are lines of standard input */
	bool asking;
	unsigned asked, asked_on_splash;        /* the number of a token's question; 0: for a passphrase */
	bool empty;                             /* the last line that was entered */
	uint64_t ask_from_ms, asked_at_ms;      /* not before; since when */
	unsigned wrong, wrong_handled, pause_s; /* passphrases that opened nothing */
	bool unlocked_said, hidden_said;
	enum cause refused; /* of the last key: it was wrong, or memory was short; CAUSE_OK: neither */
	/* slow.c: */
	struct volume *slow; /* that a person is asked about; NULL: none */
	uint64_t slow_since_ms;
	/* boot.c, optional.c: */
	uint64_t notice_at_ms; /* the next line on what is waited for */
	bool failed;           /* a volume that is needed */
	bool any_needed;
	uint64_t met_ms;     /* since when all that are needed are open; 0: they are not */
	uint64_t stirred_ms; /* the last result of a key, or passphrase of a person */
	/* At the end, so that the offsets of the others are short: */
	struct seen not_searched; /* get_keys.c: sticks of which that was said, for all volumes */
	struct volume volumes[PLAN_VOLUMES_MAX];
	struct credential credentials[VAULT_SLOTS];
	struct fetch_job jobs[FETCHES_MAX];
	struct token_job tokens[TOKEN_JOBS_MAX];
	struct child scanner, network;
	struct scan scan; /* the last complete one */
};

/* Has a limit passed since @since_ms? @limit_s 0: no limit. */
static inline bool boot_is_over(const struct boot *b, uint64_t since_ms, unsigned limit_s)
{
	return limit_s && b->now_ms - since_ms >= (uint64_t)limit_s * 1000;
}

/* devices.c: start a scan when one is due, and apply what it found. */
bool devices_open(struct boot *b);
void devices_scan(struct boot *b);
void devices_done(struct boot *b);
void devices_late(struct boot *b);
void devices_stalled(struct boot *b);

/* get_keys.c: which key or header is fetched from where. */
void get_keys(struct boot *b);
void get_keys_done(struct boot *b, struct fetch_job *job);
void get_keys_late(struct boot *b, struct fetch_job *job);
void get_keys_stalled(struct boot *b, struct fetch_job *job);
unsigned get_keys_running(const struct boot *b);
/* Is a key for @v being fetched, or waiting for that, or to be tried? */
bool get_keys_is_pending(const struct boot *b, const struct volume *v);

/* tokens.c: which token program runs with which device; what it asks and gives. */
void tokens(struct boot *b);
void tokens_list(struct volume *v, const struct unlock_look *look);
void tokens_heard(struct boot *b, struct token_job *job, const char *line);
void tokens_done(struct boot *b, struct token_job *job);
void tokens_stalled(struct boot *b, struct token_job *job);
/* Does a program for @v run that does not wait for a person, or is one to be started again soon? */
bool tokens_is_pending(const struct boot *b, const struct volume *v);
/* The first one that asks a person something, or NULL. */
const struct token_job *tokens_asking(const struct boot *b);
/* @line answers the question with this number; it is dropped when that question is over. */
void tokens_answer(struct boot *b, unsigned question, const uint8_t *line, size_t len);
/* End all, in order. */
void tokens_close(struct boot *b);

/*
 * network.c: the program that configures interfaces, if the image has it, from the first token program that
 * asks for the network until the end of the boot: then it undoes what it did.
 */
void network_start(struct boot *b);
void network_end(struct boot *b);

/* try_keys.c: which credential is tried on which volume. */
void try_keys(struct boot *b);
void try_keys_done(struct boot *b, struct volume *v);
void try_keys_stalled(struct boot *b, struct volume *v);
/* ^C of a person: the attempts with passphrases are ended, or the answer is no (slow.c). */
void try_keys_cancel(struct boot *b);

/* tries.c: wrong passphrases, counted for each volume. */
/*
 * @c opened nothing: a try for each volume that it was tried on, but for one that is not needed only once
 * the needed ones are open: before that it was typed for those.
 */
void tries_count(struct boot *b, const struct credential *c);
/* What follows the last one of tries=: a volume fails, or the machine is switched off or restarted. */
void tries_enforce(struct boot *b);

/*
 * slow.c: keyslots that were left out, because one passphrase may take only so long (keyslot/budget.h). A
 * person is asked whether to go on with them; without an answer the boot goes on.
 */
/* After an attempt on @v that has failed. True: it is asked, and the credential is kept. */
bool slow_ask(struct boot *b, struct volume *v);
/* The question in place of the prompt, if there is one. */
bool slow_question(struct boot *b, char *text, size_t size);
/* True: @line was an answer to it, not a passphrase. */
bool slow_answer(struct boot *b, const uint8_t *line, size_t len);

/* ask.c: the prompt on the consoles, the FIFO and the splash screen. */
enum { ASK_FDS = 2 };
void ask_open(struct boot *b);
void ask_close(void);
/* Prompt, stop prompting, or show progress. */
void ask_update(struct boot *b);
/* A line that a person entered for the token's @question; 0: for the passphrase. */
void ask_take(struct boot *b, unsigned question, const uint8_t *line, size_t len, const char *origin);
/* Has standard input ended, so that no passphrase can come any more? */
bool ask_has_ended(const struct boot *b);
/* For poll(2), in addition to consoles_poll's; and its result. */
void ask_poll(const struct boot *b, struct pollfd fds[static ASK_FDS]);
void ask_handle(struct boot *b, const struct pollfd fds[static ASK_FDS]);

/*
 * optional.c: volumes that the boot does not need. Once those that it needs are open, or when there are
 * none, each of the others is left closed, with a line, as soon as nothing more can be expected to open it.
 */
enum {
	OPTIONAL_QUIET_S = 5,   /* without a key, or a person at the keyboard */
	OPTIONAL_TRYING_S = 60, /* for one running attempt */
	OPTIONAL_ALONE_S = 90,  /* instead of the first, and for the device, when no volume is needed */
	OPTIONAL_TRIES = 3,     /* without tries= */
};
void optional_leave(struct boot *b);

#endif
