/* SPDX-License-Identifier: MIT */
/* fuzz_plan - what holds for every plan, whatever it was read from. */
#ifndef TESTS_FUZZ_PLAN_H
#define TESTS_FUZZ_PLAN_H

#include "config/plan.h"
#include "fuzz.h"
#include <fcntl.h>
#include <strings.h>

/* In the pool, with its end, or one of the program's own; and nothing that drives a terminal. */
static inline void fuzz_check_text(const struct plan *p, const char *text, bool may_be_missing)
{
	static const char *const own[] = {"root", "cryptroot", "/crypto_keyfile.bin"};
	bool known = false;

	fuzz_check(text || may_be_missing, "a text is missing");
	if (!text)
		return;
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		known |= !strcmp(text, own[i]);
	if (!known) {
		fuzz_check(text >= p->pool && text < p->pool + p->pool_used, "a text outside of the pool");
		fuzz_check(memchr(text, 0, (size_t)(p->pool + p->pool_used - text)) != NULL,
			"a text without an end");
	}
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		fuzz_check((c >= 0x20 || c == '\t') && c != 0x7f, "a control character");
		fuzz_check(c != 0xc2 && c != 0xc0 && c != 0xc1 && c < 0xf5, "a byte that begins no letter");
	}
}

static inline void fuzz_check_key(const struct plan *p, const struct plan_key *k)
{
	fuzz_check_text(p, k->device, k->kind == PLAN_KEY_FILE);
	fuzz_check_text(p, k->path, k->kind == PLAN_KEY_RAW);
	fuzz_check_text(p, k->fstype, true);
	fuzz_check((k->kind == PLAN_KEY_FILE) == !k->device, "a file with a device, or a device for nothing");
	fuzz_check((k->kind == PLAN_KEY_RAW) == !k->path, "a raw key with a path, or no path");
	fuzz_check(!k->path || *k->path == '/', "a path that begins nowhere");
	fuzz_check(k->size_bytes <= 8 << 20 && k->offset_bytes < 1ull << 62, "a key's place out of range");
}

static inline void fuzz_check_volume(const struct plan *p, const struct plan_volume *v)
{
	fuzz_check_text(p, v->name, false);
	fuzz_check_text(p, v->device, false);
	fuzz_check_text(p, v->where, false);
	fuzz_check_text(p, v->header.path, v->header.device == NULL);
	fuzz_check_text(p, v->header.device, true);
	fuzz_check(*v->name && strlen(v->name) <= 127 && !strchr(v->name, '/'), "a name that is none");
	fuzz_check(v->keyslot >= -1 && v->keyslot <= 31, "a keyslot out of range");
	fuzz_check(v->timeout_s <= 1000000 && v->key_timeout_s <= 1000000 && v->device_timeout_s <= 1000000,
		"seconds out of range");
	fuzz_check(v->max_memory_mib < 1 << 21 && v->max_time_s < 1 << 20 && v->max_lanes < 1 << 24,
		"a limit out of range");
	fuzz_check(v->key_count <= PLAN_KEYS_MAX, "too many keys");
	fuzz_check(v->tries < 1 << 20 && v->need <= PLAN_NOAUTO, "tries or a need out of range");
	for (unsigned i = 0; i < v->key_count; i++)
		fuzz_check_key(p, &v->keys[i]);
	for (const struct plan_volume *other = p->volumes; other < v; other++)
		fuzz_check(strcmp(v->name, other->name) && strcmp(v->device, other->device),
			"a volume twice");
}

static inline void fuzz_plan(const struct plan_sources *from)
{
	static struct plan p;
	static int nowhere = -1;

	if (nowhere < 0)
		nowhere = open("/dev/null", O_WRONLY);
	memset(&p, 0x77, sizeof(p));
	plan_make(from, &p);
	fuzz_check(p.count <= PLAN_VOLUMES_MAX && p.note_count <= PLAN_NOTES_MAX &&
			   p.pool_used <= PLAN_POOL_BYTES,
		"more than there is room for");
	for (unsigned i = 0; i < p.count; i++)
		fuzz_check_volume(&p, &p.volumes[i]);
	for (unsigned i = 0; i < p.note_count; i++) {
		fuzz_check_text(&p, p.notes[i].text, false);
		fuzz_check(!strchr(p.notes[i].text, '\n'), "a note of two lines");
	}
	fuzz_check(p.tries < 1 << 20 && p.give_up_s <= 1000000 && p.after <= PLAN_AFTER_FAIL,
		"a setting out of range");
	fuzz_check_text(&p, p.passfifo, true);
	fuzz_check_text(&p, p.root_left_out, true);
	plan_show(&p, nowhere, false);
	plan_show(&p, nowhere, true);
}

/* The input as text in memory of its exact size; the caller frees it. */
static inline char *fuzz_as_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = 0;
	return text;
}

#endif
