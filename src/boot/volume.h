/* SPDX-License-Identifier: MIT */
/*
 * volume - one volume of the plan during the boot: its state, and the only functions that change it.
 *
 *     ABSENT --- scan finds it ---> READY <--- wrong key --- TRYING --- right key ---> OPEN
 *        ^                            |  --- attempt starts --->  |
 *        +------------- its device was removed or stalls ---------+
 *
 * FAILED and LEFT are final and are reached from the first three.
 */
#ifndef BOOT_VOLUME_H
#define BOOT_VOLUME_H

#include "boot/attempt.h"
#include "boot/scan.h"
#include "boot/seen.h"
#include "unlock/token_device.h"

struct boot;

enum volume_state {
	VOLUME_ABSENT, /* its device, or a header for it, was not found yet */
	VOLUME_READY,  /* needs a key */
	VOLUME_TRYING, /* its child runs */
	VOLUME_OPEN,
	VOLUME_FAILED,
	VOLUME_LEFT, /* not to be opened: noauto, or given up because it is not needed (optional.c) */
};

enum token_state {
	TOKEN_NEW,
	TOKEN_RUNS,  /* without a device */
	TOKEN_NEEDS, /* it is started with each device that it asked for */
	TOKEN_AGAIN, /* it is started once more after an event */
	TOKEN_OVER,
};

/* A token of the volume that has a program here. */
struct volume_token {
	struct luks_token is;
	enum token_state state;
	char need[TOKEN_NEED_BYTES];
	unsigned events; /* at the end of the last run */
	uint64_t again_ms;
	/* Why the last run with the network ended, as a sum, and how many did so in turn. */
	uint32_t reason, times;
	uint64_t refused_by; /* plugged.h: the last device with which a run ended with CAUSE_DEVICE */
};

struct volume {
	const struct plan_volume *plan;
	unsigned index;
	uint64_t bit; /* in sets of volumes */
	enum volume_state state;
	bool ours;           /* opened by this run */
	const char *whole;   /* "array": a member was found, the array is awaited; NULL otherwise */
	uint64_t memory_kib; /* that an attempt may need */
	unsigned needed_s;   /* for all keyslots, if that is more than one passphrase may take; else 0 */
	bool patient;        /* no keyslot is left out for that */
	bool cancelled;      /* the attempt that runs, by a person */
	unsigned trying;     /* credential */
	uint64_t ready_since_ms, trying_since_ms, absent_since_ms, unfit_since_ms;
	unsigned wrong, wrong_handled; /* typed passphrases that opened neither it nor another volume */
	bool out_of_tries;             /* not prompted for any more */
	unsigned token_count;
	unsigned keys_awaited; /* a bit for each key of the plan whose device was said to be absent */
	int header_fd;         /* a header in memory; -1: none */
	bool instead;          /* the device that its name leads to first cannot be opened */
	bool header_by_chance; /* from a stick that the configuration does not name */
	struct error why;      /* it is absent, failed or left */
	char path[SYSBLOCK_PATH_BYTES];
	char title[SYSBLOCK_PATH_BYTES + 160]; /* "root (/dev/sda2, label)", printable */
	char uuid[LUKS_UUID_CHARS + 1];        /* "" until it is known */
	struct seen seen;
	struct volume_token tokens[LOOK_TOKENS_MAX];
	char header[32]; /* its path */
	struct attempt attempt;
	struct child child;
};

/* Does it still need a device or a key? */
bool volume_wants(const struct volume *v);
bool volume_is_needed(const struct volume *v);
/* Is its header what is damaged, so that one from a stick can help? */
bool volume_lacks_header(const struct volume *v);
/* May a person be asked for its passphrase or PIN now? */
bool volume_may_ask(const struct boot *b, const struct volume *v);

/* Iterates over all volumes, first those that the boot needs: @v NULL returns the first, NULL is the end. */
struct volume *volume_next(struct boot *b, const struct volume *v);

void volume_init(struct boot *b, unsigned index);
/* A key can be tried, or tried again. */
void volume_ready(struct volume *v);
void volume_trying(struct boot *b, struct volume *v, unsigned credential);
/* @ours: opened by this run; otherwise its mapping was made by another process. */
void volume_opened(struct volume *v, bool ours);
/*
 * Its device cannot be used for now. It may come back, so no credential that was being tried counts as
 * wrong.
 */
void volume_absent(struct boot *b, struct volume *v, const struct error *why);
/* Final; prints @why. */
void volume_failed(struct boot *b, struct volume *v, const struct error *why);
/* Final; prints @why. An attempt that runs is ended. */
void volume_left(struct volume *v, const struct error *why);

#endif
