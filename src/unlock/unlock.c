/* SPDX-License-Identifier: MIT */
/*
 * unlock - the story of an unlock, in order:
 *
 *   1. open the device (and the detached header), read-only, once; refuse a member of an array;
 *   2. load the header: judge both copies, build the model from one;
 *   3. refuse what must not be mapped: requirements, unknown cipher, data beyond the device;
 *   4. check that at least one keyslot can be tried and, to map, that the name, the device and the kernel
 *      are ready, so that no passphrase is typed in vain;
 *   5. get a secret and try it on the keyslots, until one opens or the tries are used up;
 *   6. describe the mapping (struct table) from the same model, and create it; measure the volume key into
 *      the TPM, if that is asked for.
 *
 * Every secret is in the arena above a mark that its function releases.
 */
#include "unlock/unlock.h"
#include "base/crypt_flags.h"
#include "base/text.h"
#include "device/loop.h"
#include "secret/arena.h"
#include "secret/keyring.h"
#include "unlock/area_kernel.h"
#include "unlock/compare.h"
#include "unlock/find_key.h"
#include "unlock/luks_device.h"
#include "unlock/measure.h"
#include "unlock/notice.h"
#include "unlock/refuse.h"
#include "unlock/token_program.h"
#include "unlock/volume_table.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

/* A header that changes this often is being written all the time. */
enum { RESTARTS_MAX = 3 };

/* One unlock; it does not move, since its parts point to each other. */
struct unlock {
	const struct unlock_request *request;
	struct luks_device device;
	struct foreign_cipher foreign; /* for areas in ciphers that only the kernel has */
	struct search search;
	struct map_request map; /* its names are there from prepare on, if the request has one */
};

static void notice_skipped(const struct error *why)
{
	text_print(2, "latchkey: skipped: %s\n", why->text);
}

/* --- 1 and 2: the device and its header ------------------------------------------------------ */

static enum cause load(struct unlock *u, struct error *err)
{
	const struct unlock_request *r = u->request;
	struct luks_device *d = &u->device;
	enum cause cause = luks_device_open(d, r->device, err);

	/*
	 * A header on a member of an array is not the volume's. A detached header is judged before a mark on
	 * the data: in the middle of an encryption the mark may be the volume's own, not encrypted yet.
	 */
	if (!cause && !r->header)
		cause = refuse_member(r, d, err);
	if (!cause)
		cause = luks_device_open_header(d, r->header, err);
	if (!cause)
		cause = luks_device_load(d, err);
	if (!cause && r->header && !luks_has_plain_data(&d->luks))
		cause = refuse_member(r, d, err);
	if (!cause && r->uuid && strcasecmp(d->luks.uuid, r->uuid) != 0) {
		cause = error_set(err, CAUSE_DEVICE, "%s: UUID %s is there, not %s",
			luks_device_header(d)->name, d->luks.uuid, r->uuid);
		err->os_errno = ESTALE;
	}
	if (!cause && r->version && r->version != d->luks.version)
		cause = error_set(err, CAUSE_DEVICE, "%s: is LUKS%u, not LUKS%u (--type)",
			luks_device_header(d)->name, d->luks.version, r->version);
	/* cryptsetup applies them to a passphrase on a pipe. Ignored, the passphrase would seem wrong. */
	if (!cause && !r->key_file && (r->keyfile_offset_bytes | r->keyfile_size_bytes))
		cause = error_set(err, CAUSE_USAGE, "--keyfile-offset and --keyfile-size need --key-file");
	if (cause)
		return cause;
	if (d->luks.unknown_flags)
		text_print(2, "latchkey: %s: ignoring %u unknown flags of the header\n",
			luks_device_header(d)->name, d->luks.unknown_flags);
	if (d->report.note[0])
		notice_print(d->report.note);
	if (r->header)
		compare_headers(d);
	return CAUSE_OK;
}

/* --- 3 and 4: may it be mapped, can a keyslot be tried? ----------------------------------------- */

/* search_check for each key that the data needs. A keyslot that is named is for one of them. */
static enum cause check_each_key(const struct search *s, struct error *err)
{
	const struct luks *luks = s->source.luks;
	uint32_t digests = reencryption_digests(luks);
	enum cause cause = CAUSE_OK;

	if (!digests || s->keyslot != SEARCH_ANY_KEYSLOT)
		cause = search_check(s, err);
	for (unsigned d = 0; d < luks->digest_count && !cause; d++) {
		struct search one = *s;

		one.digests = digests & 1u << d;
		one.keyslot = SEARCH_ANY_KEYSLOT;
		cause = one.digests ? search_check(&one, err) : CAUSE_OK;
	}
	return cause;
}

static enum cause check_keyslots(struct unlock *u, struct error *err)
{
	const struct unlock_request *r = u->request;
	struct luks_device *d = &u->device;
	enum cause cause;

	u->foreign = area_kernel(luks_device_header(d));
	u->search = (struct search){
		.source = {&luks_device_header(d)->reader, &d->luks, request_limits(r), &u->foreign},
		.keyslot = r->keyslot,
		.keyslots = r->keyslots,
		.skipped = notice_skipped,
	};
	cause = check_each_key(&u->search, err);
	if (cause && !luks_has_keyslot(&d->luks))
		place_advise(&d->place, &d->luks, LUKS_ADVICE_RESTORE, err->text);
	/* Printed once; the tries need not repeat it. */
	u->search.skipped = NULL;
	return cause;
}

/* Those of the mapping, if it has one. Fails as map_names_fill. */
static enum cause fill_names(struct unlock *u, struct error *err)
{
	const struct luks *luks = &u->device.luks;
	const char *name = u->request->name;
	enum cause cause = CAUSE_OK;

	if (name)
		cause = map_names_fill(&u->map.names, luks->version == 1 ? "LUKS1" : "LUKS2", luks->uuid,
			name, err);
	if (!cause && name && luks_has_integrity(luks))
		cause = map_names_below(&u->map.below, luks->uuid, name, err);
	return cause;
}

/* Open the device and all that needs no key. On success luks_device_close(&u->device) is due. */
static enum cause prepare(struct unlock *u, const struct unlock_request *r, struct error *err)
{
	enum cause cause;

	u->request = r;
	cause = load(u, err);
	if (!cause)
		cause = refuse_header(r, &u->device, err);
	if (!cause)
		cause = fill_names(u, err);
	if (!cause)
		cause = check_keyslots(u, err);
	if (cause)
		luks_device_close(&u->device);
	return cause;
}

/* --- 5: the key ---------------------------------------------------------------------------------- */

/* The one that systemd pins and measures: in the middle of a re-encryption the new one. */
static const struct volume_key *systemds_key(const struct luks *luks, const struct volume_keys *keys)
{
	const struct volume_key *new = reencryption_key_of(luks, keys, luks->reencrypt.final.digest);

	return new ? new : keys->key;
}

/* On success the description of a re-encryption is verified, too. @id: of the new key, as with systemd. */
static enum cause keys_of(const struct unlock *u, const struct secret *secret, struct volume_keys *keys,
	char id[static VOLUME_KEY_ID_CHARS + 1], struct error *err)
{
	const struct unlock_request *r = u->request;
	const struct luks_device *d = &u->device;
	unsigned last;
	enum cause cause = find_key(r, d->data.name, &u->search, secret, keys, err);

	if (cause)
		return cause;
	cause = reencryption_verify(&d->luks, keys, err);
	if (cause) {
		error_prefix(err, "%s", luks_device_header(d)->name);
		return cause;
	}
	/* The description vouches for both keys: that one of them is the pinned one will do. */
	last = (unsigned)(systemds_key(&d->luks, keys) - keys->key);
	for (unsigned i = 1; i <= keys->count; i++) {
		volume_key_id(&keys->key[(last + i) % keys->count], r->name, d->luks.uuid, id);
		cause = volume_key_id_check(r, d->data.name, id, err);
		if (!cause && r->volume_key_id)
			break;
	}
	return cause;
}

enum cause unlock_test(const struct unlock_request *r, const struct secret *secret, struct unlock_tested *out,
	struct error *err)
{
	size_t mark = arena_mark();
	struct volume_keys keys;
	struct unlock u;
	enum cause cause = prepare(&u, r, err);

	if (cause)
		return cause;
	cause = keys_of(&u, secret, &keys, out->volume_key_id, err);
	if (!cause)
		out->keyslot = keys.key[0].keyslot;
	arena_release(mark);
	luks_device_close(&u.device);
	return cause;
}

/* --- 6: the mapping ------------------------------------------------------------------------------ */

/* A regular file gets a loop device, which exists as long as the mapping does. */
static enum cause block_device(const struct unlock *u, const struct blkdev *own, struct blkdev *loop,
	const struct blkdev **out, struct error *err)
{
	*out = own->is_block ? own : loop;
	return own->is_block
	               ? CAUSE_OK
	               : loop_open(own, u->request->read_only || u->request->readonly_member, loop, err);
}

/* The header's is needed only where a target is on it: for the journal of a crashed re-encryption. */
static enum cause volume_devices(const struct unlock *u, struct blkdev loops[static 2],
	struct volume_devices *out, struct error *err)
{
	const struct luks_device *d = &u->device;
	enum cause cause = block_device(u, &d->data, loops, &out->data, err);

	out->header = out->data;
	if (!cause && d->detached.fd >= 0 && d->luks.reencryption == LUKS_REENCRYPTION_CRASHED)
		cause = block_device(u, &d->detached, loops + 1, &out->header, err);
	return cause;
}

/* Integrity cannot tell what was discarded from what was damaged. */
static unsigned fitting_flags(const struct luks *luks, const struct unlock_request *r)
{
	unsigned flags = luks->flags | r->flags;

	if (!cipher_tag_bytes(luks->segments[0].cipher) || !(flags & CRYPT_ALLOW_DISCARDS))
		return flags;
	notice_print("discards are not possible with integrity protection; continuing without them");
	return flags & ~(unsigned)CRYPT_ALLOW_DISCARDS;
}

static enum cause map_volume(struct unlock *u, const struct volume_keys *keys, const struct kernel *k,
	struct error *err)
{
	struct map_request *req = &u->map;
	const struct unlock_request *r = u->request;
	const struct luks *luks = &u->device.luks;
	/* As in cryptsetup, LUKS1 keys go into the table. */
	bool named = !r->disable_keyring && luks->version != 1;
	struct volume_table t;
	struct volume_devices on;
	struct blkdev loops[2] = {{.fd = -1}, {.fd = -1}};
	enum cause cause = volume_devices(u, loops, &on, err);

	if (!cause)
		cause = volume_table_fill(&u->device, &on, keys, named, &t, err);
	if (!cause) {
		req->table = t.table;
		req->integrity = luks_has_integrity(luks) ? &t.integrity : NULL;
		req->table.flags = fitting_flags(luks, r);
		req->table.read_only = r->read_only || r->readonly_member || on.data->read_only ||
		                       luks->reencryption == LUKS_REENCRYPTION_CRASHED;
		req->notice = notice_print;
		if (req->integrity && req->table.read_only)
			notice_print("the device is read-only: if a power cut has left entries in its "
				     "integrity journal, every read fails with an I/O error; if only "
				     "blockdev --setro made it so, the kernel writes them");
		cause = map_create(k, req, err);
		if (cause)
			error_prefix(err, "%s", u->device.data.name);
		else if (luks->reencryption == LUKS_REENCRYPTION_CRASHED)
			notice_print("opened read-only with the recovery data; nothing was repaired");
	}
	blkdev_close(loops);
	blkdev_close(loops + 1);
	return cause;
}

/* Are the names free, and has the kernel their targets? Fails as map_check. */
static enum cause check_names(const struct unlock *u, const struct kernel *k, struct error *err)
{
	enum cause cause = map_check(k, TARGET_CRYPT, &u->map.names, err);

	if (cause || !luks_has_integrity(&u->device.luks))
		return cause;
	return map_check(k, TARGET_INTEGRITY, &u->map.below, err);
}

/* While somebody typed, a re-encryption may have gone on: the table of the old header would destroy data. */
static bool has_changed(const struct luks_device *d)
{
	struct header_report report;
	struct error ignored;
	struct luks now;

	return header_load(&luks_device_header(d)->reader, &now, &report, &ignored) ||
	       now.seqid != d->luks.seqid;
}

/* Fails in addition: CAUSE_EXISTS, with @changed set, when the header has changed meanwhile. */
static enum cause find_key_and_map(struct unlock *u, const struct secret *secret, const struct kernel *k,
	bool *changed, struct error *err)
{
	struct volume_keys keys;
	char id[VOLUME_KEY_ID_CHARS + 1];
	size_t mark = arena_mark();
	enum cause cause = check_names(u, k, err);

	if (!cause)
		cause = blkdev_check_free(&u->device.data, err);
	if (!cause)
		cause = keys_of(u, secret, &keys, id, err);
	/* When a re-encryption ends it erases keyslots: the right passphrase may not open them any more. */
	*changed = (!cause || cause == CAUSE_PASSPHRASE) && has_changed(&u->device);
	if (*changed)
		cause = error_set(err, CAUSE_EXISTS, "%s: the header has changed meanwhile",
			luks_device_header(&u->device)->name);
	if (!cause)
		cause = map_volume(u, &keys, k, err);
	if (!cause && u->request->measure_pcrs)
		measure(u->request, systemds_key(&u->device.luks, &keys), u->device.luks.uuid);
	arena_release(mark);
	return cause;
}

static enum cause open_once(const struct unlock_request *r, const struct secret *secret, bool *changed,
	struct error *err)
{
	struct kernel k;
	struct unlock u;
	enum cause cause = prepare(&u, r, err);

	if (cause)
		return cause;
	cause = kernel_open(&k, err);
	if (!cause) {
		cause = find_key_and_map(&u, secret, &k, changed, err);
		kernel_close(&k);
	}
	luks_device_close(&u.device);
	return cause;
}

enum cause unlock_open(const struct unlock_request *r, const struct secret *secret, struct error *err)
{
	char kernel_name[DM_NAME_BYTES];
	bool changed = true;
	enum cause cause = map_name(r->name, kernel_name, err);

	for (unsigned n = 0; !cause && changed; n++) {
		changed = false;
		cause = open_once(r, secret, &changed, err);
		if (!changed || n == RESTARTS_MAX)
			break;
		error_append(err, "; starting over");
		notice_print(err->text);
		cause = CAUSE_OK;
	}
	return cause;
}

/* --- 1 to 4, before there is a key ---------------------------------------------------------------- */

static uint64_t most_memory_kib(const struct luks *luks)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < luks->keyslot_count; i++)
		if (!luks->keyslots[i].verdict.cause && luks->keyslots[i].kdf.memory_kib > most)
			most = luks->keyslots[i].kdf.memory_kib;
	return most;
}

static enum cause look_at_kernel(const struct unlock_request *r, bool *mapped, struct error *err)
{
	struct map_names names = {.uuid = ""};
	struct kernel k;
	enum cause cause = map_name(r->name, names.name, err);

	if (!cause)
		cause = kernel_open(&k, err);
	if (cause)
		return cause;
	cause = map_check(&k, TARGET_CRYPT, &names, err);
	*mapped = cause == CAUSE_EXISTS;
	kernel_close(&k);
	return cause;
}

static void look_at_tokens(const struct unlock_request *r, const struct luks *luks, struct unlock_look *out)
{
	char program[TOKEN_PROGRAM_BYTES];

	for (const struct luks_token *t = luks->tokens; t < luks->tokens + luks->token_count; t++) {
		if (!request_has_token(r, t))
			continue;
		if (t->key)
			out->token_key |= keyring_has(luks->keyring_keys[t->key - 1]);
		else if (out->token_count < LOOK_TOKENS_MAX && token_program(t, program))
			out->tokens[out->token_count++] = *t;
	}
}

/* The names, once the header is known, and is the device free? */
static enum cause look_at_rest(const struct unlock *u, struct error *err)
{
	struct kernel k;
	enum cause cause = kernel_open(&k, err);

	if (cause)
		return cause;
	cause = check_names(u, &k, err);
	kernel_close(&k);
	return cause ? cause : blkdev_check_free(&u->device.data, err);
}

enum cause unlock_look(const struct unlock_request *r, bool map, struct unlock_look *out, bool *mapped,
	struct error *err)
{
	/* What takes too long is no reason that it cannot be opened. */
	struct unlock_request patient = *r;
	struct unlock u;
	const struct luks *luks = &u.device.luks;
	enum cause cause = CAUSE_OK;

	*out = (struct unlock_look){.memory_kib = 0};
	*mapped = false;
	if (map)
		cause = look_at_kernel(r, mapped, err);
	patient.patient = true;
	if (!cause)
		cause = prepare(&u, &patient, err);
	if (cause)
		return cause;
	u.search.source.limits = request_limits(r);
	out->needed_s = (unsigned)((search_needed_ms(&u.search) + 999) / 1000);
	memcpy(out->uuid, luks->uuid, sizeof(out->uuid));
	memcpy(out->label, luks->label, sizeof(out->label));
	out->memory_kib = most_memory_kib(luks);
	look_at_tokens(r, luks, out);
	if (map)
		cause = look_at_rest(&u, err);
	luks_device_close(&u.device);
	return cause;
}
