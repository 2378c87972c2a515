/* SPDX-License-Identifier: MIT */
/*
 * contract - the program's side of the contract between latchkey and a token program: latchkey-token(7).
 *
 * A token program gets one token and, if it asked for one, one open device. It gives a passphrase or says why not.
 * It runs alone in its process: this module owns the process's signals, descriptors 0 to 4 and system calls.
 *
 *     cause = contract_begin(&err);
 *     if (!cause)
 *             cause = contract_read_token(text, sizeof(text), &len, &err);
 *     ...
 *     return contract_end(cause, &err);
 */
#ifndef TOKEN_CONTRACT_H
#define TOKEN_CONTRACT_H

#include "base/cause.h"
#include "base/bytes.h"
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
 * First of all: the process becomes undumpable, gains no privileges, opens the arena, hears SIGTERM only in
 * contract_wait_for, and keeps the system calls of the first filter: reading, writing, waiting, memory, randomness.
 * Fails: CAUSE_RESOURCE.
 */
enum cause contract_begin(struct error *err) MUST_USE;

/* The second filter: no more memory. Call when the token is understood and everything is allocated. */
void contract_lock_down(void);

/* The token's JSON into @text, without a NUL. Fails: CAUSE_DAMAGED (empty, or longer than @room), CAUSE_DEVICE. */
enum cause contract_read_token(char *text, size_t room, size_t *len, struct error *err) MUST_USE;

/* Was the program started with a device? */
bool contract_has_device(void);

/*
 * Say that the program works on a device: "hidraw f1d0" (every hidraw device with this usage page), "node tpmrm0"
 * (/dev/tpmrm0). The caller then ends with CAUSE_DEVICE and is started again, once for each such device.
 */
void contract_need(const char *device);

/* The lines of the contract. What @fmt makes is cut at CONTRACT_LINE_MAX_BYTES and made printable. */
void contract_touch(void);
void contract_say(const char *fmt, ...) PRINTF_LIKE(1, 2);
void contract_wait(const char *fmt, ...) PRINTF_LIKE(1, 2);

/*
 * Ask for a PIN of which @left tries are left (0: not known); with few (CONTRACT_FEW_TRIES) whether a person wants one used at
 * all. @pin has CONTRACT_PIN_MAX_BYTES and is the caller's to wipe.
 * Fails: CAUSE_PASSPHRASE (nobody gives one), CAUSE_DEVICE (the device is gone, or the program is to end).
 */
enum cause contract_ask_pin(unsigned left, uint8_t *pin, size_t *len, struct error *err) MUST_USE;

enum contract_event {
	CONTRACT_READY,
	CONTRACT_LATE,  /* the deadline has passed */
	CONTRACT_GONE,  /* the other side has hung up, and nothing is left to read */
	CONTRACT_ENDED, /* latchkey wants the program to end: SIGTERM */
};

/* Wait until @fd can be read, or the moment @deadline_us of clock_now_us. */
enum contract_event contract_wait_for(int fd, uint64_t deadline_us);

/* Did SIGTERM come? */
bool contract_is_ended(void);

/* Give the passphrase. Fails: CAUSE_DEVICE (nobody takes it). */
enum cause contract_give(struct bytes passphrase, struct error *err) MUST_USE;

/* Say the sentence of @err unless @cause is CAUSE_OK, wipe the arena and the stack. Returns the exit code. */
int contract_end(enum cause cause, const struct error *err);

#endif
