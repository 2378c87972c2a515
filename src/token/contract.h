/* SPDX-License-Identifier: MIT */
/*
 * contract - the program's side of the contract between latchkey and a token program: latchkey-token(7).
 *
 * A token program gets one token and, if it asked for one, one open device. It gives a passphrase or says why
 * not. It runs alone in its process: this module owns the process's descriptors 0 to 4 and its system calls.
 *
 *     contract_begin(FILTER_WITH_MEMORY, &secrets, sizeof(secrets));
 *     cause = contract_read_token(text, sizeof(text), &len, &err);
 *     ...
 *     return contract_end(cause, &err);
 */
#ifndef TOKEN_CONTRACT_H
#define TOKEN_CONTRACT_H

#include "base/bytes.h"
#include "base/cause.h"
#include "token/filter.h"
#include <stdbool.h>

/* The descriptors. */
enum { CONTRACT_ANSWERS, CONTRACT_PASSPHRASE, CONTRACT_LINES, CONTRACT_TOKEN, CONTRACT_DEVICE };

enum {
	CONTRACT_TOKEN_MAX_BYTES = 64 << 10,
	CONTRACT_PIN_MAX_BYTES = 512,
	CONTRACT_PASSPHRASE_MAX_BYTES = 512,
	CONTRACT_LINE_MAX_BYTES = 200, /* without its newline */
	CONTRACT_FEW_TRIES = 3,        /* with so many left no PIN is tried without a person's word */
};

/*
 * First of all: the process becomes undumpable, gains no privileges, and keeps the system calls of @first.
 * @secrets is where the program keeps all of its secrets: static memory, locked from now on, wiped by
 * contract_end. A program that has them in the arena opens and closes that itself and gives none.
 */
void contract_begin(enum filter first, void *secrets, size_t bytes);

/* The second filter: no more memory. Call when the token is understood. */
void contract_lock_down(void);

/*
 * The token's JSON into @text, without a NUL. Fails: CAUSE_DAMAGED (empty, or longer than @room),
 * CAUSE_DEVICE.
 */
enum cause contract_read_token(char *text, size_t room, size_t *len, struct error *err) MUST_USE;

/* Was the program started with a device? */
bool contract_has_device(void);

/*
 * Say that the program works on a device: "hidraw f1d0" (every hidraw device with this usage page), "node
 * tpmrm0" (/dev/tpmrm0), "network" (the network, with a routing socket in the place of a device). The caller
 * then ends with CAUSE_DEVICE and is started again, once for each such device.
 */
void contract_need(const char *device);

/* The lines of the contract. What @fmt makes is cut at CONTRACT_LINE_MAX_BYTES and made printable. */
void contract_touch(void);
void contract_say(const char *fmt, ...) PRINTF_LIKE(1, 2);
void contract_wait(const char *what);

/*
 * Ask for a PIN of which @left tries are left (0: not known); with few (CONTRACT_FEW_TRIES) whether a person
 * wants one used at all. @pin has CONTRACT_PIN_MAX_BYTES and is the caller's to wipe.
 * Fails: CAUSE_PASSPHRASE (none is given), CAUSE_DEVICE (the device is gone, or the program is to end).
 */
enum cause contract_ask_pin(unsigned left, uint8_t *pin, size_t *len, struct error *err) MUST_USE;

enum contract_event {
	CONTRACT_READY,
	CONTRACT_LATE,  /* the deadline has passed */
	CONTRACT_GONE,  /* the other side has hung up, and nothing is left to read */
	CONTRACT_ENDED, /* latchkey wants the program no more, or is gone: it has closed the answers */
};

/* Wait until @fd can be read, or the moment @deadline_us of clock_now_us. */
enum contract_event contract_wait_for(int fd, uint64_t deadline_us);

/* Was CONTRACT_ENDED seen? */
bool contract_is_ended(void);

/* Give the passphrase. Fails: CAUSE_DEVICE (no reader is left). */
enum cause contract_give(struct bytes passphrase, struct error *err) MUST_USE;

/*
 * Say the sentence of @err unless @cause is CAUSE_OK, wipe the secrets and the stack. Returns the exit code.
 */
int contract_end(enum cause cause, const struct error *err);

#endif
