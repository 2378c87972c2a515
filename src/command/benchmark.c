/* SPDX-License-Identifier: MIT */
/* benchmark - how fast the KDFs are here, and how long each keyslot of a device will take. */
#include "base/clock.h"
#include "base/machine.h"
#include "base/text.h"
#include "command/command.h"
#include "command/load.h"
#include "crypto/core.h"
#include "crypto/kdf.h"
#include "keyslot/reencryption.h"
#include "keyslot/search.h"
#include "secret/wipe.h"

/* A measurement lasts this long at least; what it finds is good to some percent on an idle machine. */
enum { TRIAL_MS = 200, TRIAL_ITERATIONS = 20000, TRIAL_KIB = 256 << 10 };

/* Work per second of @kdf; @kdf may be made smaller for it. */
static enum cause measure(const struct kdf *kdf, size_t key_bytes, uint64_t *per_second, struct error *err)
{
	struct kdf trial = *kdf;
	uint8_t key[CIPHER_KEY_MAX_BYTES];
	uint64_t start = clock_now_us(), done = 0, us;

	if (trial.kind == KDF_PBKDF2)
		trial.iterations = TRIAL_ITERATIONS;
	else if (kdf_work(&trial) > TRIAL_KIB) {
		trial.iterations = TRIAL_KIB / trial.memory_kib;
		trial.memory_kib = trial.memory_kib < TRIAL_KIB ? trial.memory_kib : TRIAL_KIB;
		trial.iterations = trial.iterations ? trial.iterations : 1;
	}
	if (trial.kind != KDF_PBKDF2 && trial.memory_kib / 8 < trial.lanes)
		trial.memory_kib = 8 * trial.lanes;
	do {
		enum cause cause = kdf_derive(&trial, (struct bytes){"", 0}, key, key_bytes, err);

		if (cause)
			return cause;
		done += kdf_work(&trial);
		us = clock_now_us() - start;
	} while (us < TRIAL_MS * 1000);
	wipe_stack();
	*per_second = done * 1000000 / us;
	return CAUSE_OK;
}

/* --- the machine ----------------------------------------------------------------------- */

static enum cause machine_pbkdf2(enum hash hash, size_t key_bytes, bool json, struct error *err)
{
	struct kdf kdf = {.kind = KDF_PBKDF2, .hash = hash, .iterations = 1, .salt_bytes = 32};
	uint64_t speed;
	enum cause cause = measure(&kdf, key_bytes, &speed, err);

	if (!cause)
		text_print(1,
			json ? "{\"kdf\": \"pbkdf2\", \"hash\": \"%s\", \"iterations_per_second\": %llu, "
			       "\"key_bits\": %zu, \"implementation\": \"%s\"}\n"
			     : "pbkdf2 %-7s %8llu iterations per second for a %zu-bit key (%s)\n",
			hash_name(hash), (unsigned long long)speed, key_bytes * 8, kdf_implementation(&kdf));
	return cause;
}

static enum cause machine_argon2(enum kdf_kind kind, uint32_t lanes, bool json, struct error *err)
{
	struct kdf kdf = {.kind = kind,
		.iterations = 4,
		.memory_kib = 64 << 10,
		.lanes = lanes,
		.salt_bytes = 32};
	uint64_t speed, tenths;
	enum cause cause = measure(&kdf, CIPHER_KEY_MAX_BYTES, &speed, err);

	if (cause)
		return cause;
	tenths = speed * 10 / kdf.memory_kib;
	text_print(1,
		json ? "{\"kdf\": \"%s\", \"passes_per_second\": %llu.%llu, \"memory_kib\": 65536, "
		       "\"cpus\": %u, \"implementation\": \"%s\"}\n"
		     : "%-14s %6llu.%llu passes per second over 64 MiB, lanes: %u (%s)\n",
		kdf_name(kind), (unsigned long long)tenths / 10, (unsigned long long)tenths % 10, lanes,
		kdf_implementation(&kdf));
	return CAUSE_OK;
}

static enum cause machine(bool json, struct error *err)
{
	static const enum hash hashes[] = {HASH_SHA1, HASH_SHA256, HASH_SHA512};
	static const enum kdf_kind kinds[] = {KDF_ARGON2I, KDF_ARGON2ID};
	enum cause cause = CAUSE_OK;
	char features[64];

	core_features(features, sizeof(features));
	text_print(1,
		json ? "{\"processors\": %u, \"features\": \"%s\"}\n" : "processors: %u; features used: %s\n",
		machine_processors(), json || features[0] ? features : "none beyond the architecture's");
	for (int i = 0; !cause && i < 6; i++)
		cause = machine_pbkdf2(hashes[i / 2], i % 2 ? 64 : 32, json, err);
	for (int i = 0; !cause && i < 4; i++)
		cause = machine_argon2(kinds[i / 2], i % 2 ? 4 : 1, json, err);
	return cause;
}

/* --- a device -------------------------------------------------------------------------- */

static void show_refused(unsigned id, bool json, const struct error *why)
{
	if (!json) {
		text_print(1, "keyslot %u: cannot be tried here: %s\n", id, why->text);
		return;
	}
	text_print(1, "{\"keyslot\": %u, \"usable\": false, \"cause\": \"%s\"", id,
		cause_info(why->cause)->name);
	text_print_member(1, ", ", "why", why->text);
	text_print(1, "}\n");
}

static void show_estimate(const struct luks_keyslot *slot, uint64_t tenths, bool json)
{
	uint32_t kib = slot->kdf.kind == KDF_PBKDF2 ? 0 : slot->kdf.memory_kib;
	uint64_t shown = tenths ? tenths : 1;

	/* A program of less than 1 MiB is what PBKDF2 needs. */
	if (json)
		text_print(1,
			"{\"keyslot\": %u, \"usable\": true, \"seconds\": %llu.%llu, "
			"\"memory_kib\": %u, \"kdf\": \"%s\"}\n",
			slot->id, (unsigned long long)tenths / 10, (unsigned long long)tenths % 10, kib,
			kdf_name(slot->kdf.kind));
	else
		text_print(1, "keyslot %u: %s %llu.%llu s, %u MiB of memory (%s)\n", slot->id,
			tenths ? "about" : "less than", (unsigned long long)shown / 10,
			(unsigned long long)shown % 10, kib > 1024 ? (kib + 1023) >> 10 : 1,
			kdf_name(slot->kdf.kind));
}

/* @slowest: in tenths of a second, for each digest, of the keyslots so far. */
static enum cause estimate(const struct keyslot_source *src, const struct luks_keyslot *slot, bool json,
	uint64_t slowest[static LUKS_DIGESTS_MAX], struct error *err)
{
	const struct luks_digest *digest;
	struct kdf check = {.kind = KDF_PBKDF2, .iterations = 1, .salt_bytes = 32};
	uint64_t speed, check_speed, tenths;
	enum cause cause = keyslot_check(src, slot, err);

	if (cause) {
		/* Not the command's failure: it is what was asked. */
		show_refused(slot->id, json, err);
		return CAUSE_OK;
	}
	digest = &src->luks->digests[slot->digest];
	check.hash = digest->hash;
	cause = measure(&slot->kdf, slot->area_key_bytes, &speed, err);
	if (!cause)
		cause = measure(&check, digest->value_bytes, &check_speed, err);
	if (cause)
		return cause;
	tenths = kdf_work(&slot->kdf) * 10 / speed + (uint64_t)digest->iterations * 10 / check_speed;
	show_estimate(slot, tenths, json);
	if (slowest[slot->digest] < tenths)
		slowest[slot->digest] = tenths;
	return CAUSE_OK;
}

static enum cause device(const struct options *o, struct error *err)
{
	/* Nothing is decrypted here; that a foreign cipher would cost the kernel some time is left out. */
	static const struct foreign_cipher kernel = {NULL, NULL};
	uint64_t slowest[LUKS_DIGESTS_MAX] = {0}, old, new;
	struct keyslot_source src;
	struct luks_device d;
	uint32_t digests;
	enum cause cause = command_load(o, &d, err);

	if (cause)
		return cause;
	src = (struct keyslot_source){&luks_device_header(&d)->reader, &d.luks, request_limits(&o->request),
		&kernel};
	if (!d.luks.keyslot_count) /* for its words */
		cause = search_check(&(struct search){.source = src, .keyslot = SEARCH_ANY_KEYSLOT}, err);
	for (unsigned i = 0; !cause && i < d.luks.keyslot_count; i++)
		cause = estimate(&src, &d.luks.keyslots[i], o->json, slowest, err);
	digests = reencryption_digests(&d.luks);
	if (digests & (digests - 1) && !o->json && !cause) {
		old = slowest[d.luks.reencrypt.previous.digest];
		new = slowest[d.luks.reencrypt.final.digest];
		text_print(1,
			"open derives one keyslot for the old key, up to %llu.%llu s, and one for the new "
			"one, up to %llu.%llu s\n",
			(unsigned long long)old / 10, (unsigned long long)old % 10,
			(unsigned long long)new / 10, (unsigned long long)new % 10);
	}
	luks_device_close(&d);
	return cause;
}

enum cause command_benchmark(const struct options *o, struct error *err)
{
	return o->arg_count ? device(o, err) : machine(o->json, err);
}
