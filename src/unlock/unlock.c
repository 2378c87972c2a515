/* SPDX-License-Identifier: MIT */
/*
 * unlock - the story of an unlock, in order:
 *
 *   1. open the device (and the detached header), read-only, once; refuse a member of an array;
 *   2. load the header: judge both copies, build the model from one;
 *   3. refuse what must not be mapped: requirements, unknown cipher, data beyond the device;
 *   4. see that at least one keyslot can be tried, and, to map, that the name, the device
 *      and the kernel are ready: nobody types a passphrase for nothing;
 *   5. get a secret, try it on the keyslots, until one opens or the tries are used up;
 *   6. describe the mapping (struct crypt_target) from the same model, and make it.
 *
 * Every secret sits in the arena above a mark that its function releases.
 */
#include "unlock/unlock.h"
#include "base/text.h"
#include "device/blkdev.h"
#include "device/find.h"
#include "device/loop.h"
#include "device/member.h"
#include "dm/map.h"
#include "format/place.h"
#include "keyslot/search.h"
#include "secret/arena.h"
#include "secret/keyfile.h"
#include "secret/keyring.h"
#include "secret/prompt.h"
#include "unlock/area_kernel.h"
#include "unlock/meter.h"
#include <string.h>
#include <unistd.h>

enum { DESCRIPTION_BYTES = 80 };

struct volume {
	struct blkdev data;
	struct blkdev detached; /* fd -1: the header is on the data device */
	struct luks luks;
	struct foreign_cipher foreign; /* for areas in ciphers that only the kernel has */
};

static void notice(const char *text)
{
	text_print(2, "latchkey: %s\n", text);
}

static void notice_skipped(const struct error *why)
{
	text_print(2, "latchkey: skipped: %s\n", why->text);
}

static struct place place_of(const struct volume *v)
{
	return (struct place){.device = &v->data, .header = v->detached.fd >= 0 ? &v->detached : NULL};
}

static const struct blkdev *header_device(const struct volume *v)
{
	return v->detached.fd >= 0 ? &v->detached : &v->data;
}

/* --- 1 and 2 --------------------------------------------------------------------------- */

static void volume_close(struct volume *v)
{
	blkdev_close(&v->data);
	blkdev_close(&v->detached);
}

/* A detached header that is not this device's, or an old one, opens what it can; all of it is said in one note. */
static void compare_headers(const struct volume *v)
{
	const struct luks_segment *seg = &v->luks.segment;
	struct header_report report;
	struct error note;
	struct luks own;
	size_t same;

	if (header_load(&v->data.reader, &own, &report, &note))
		return;
	error_set(&note, CAUSE_OK, "%s: is used, and differs from the header on %s", v->detached.name,
		v->data.name);
	same = strlen(note.text);
	if (strcmp(own.uuid, v->luks.uuid))
		error_append(&note, "; another UUID: %s, not %s", v->luks.uuid, own.uuid);
	else if (own.seqid > v->luks.seqid)
		error_append(&note, "; an older header: sequence %llu, not %llu",
			(unsigned long long)v->luks.seqid, (unsigned long long)own.seqid);
	if (own.segment.off != seg->off)
		error_append(&note, "; its data begins at byte %llu, not %llu", (unsigned long long)seg->off,
			(unsigned long long)own.segment.off);
	if (own.segment.size_bytes != seg->size_bytes)
		error_append(&note, "; its data has %llu bytes, not %llu (0: to the end)",
			(unsigned long long)seg->size_bytes, (unsigned long long)own.segment.size_bytes);
	if (note.text[same])
		notice(note.text);
}

/* Writing to one part of a whole destroys it, and nothing tells a leftover mark from a good one. */
static enum cause refuse_member(const struct wishes *w, const struct volume *v, struct error *err)
{
	char text[MEMBER_TEXT_BYTES];
	struct member m;

	if (!member_read(&v->data, &m))
		return CAUSE_OK;
	member_describe(&m, text);
	if (w->readonly_member) {
		text_print(2, "latchkey: %s; it is mapped read-only\n", text);
		return CAUSE_OK;
	}
	error_set(err, CAUSE_UNSUPPORTED, "%s; open the %s, or for rescue this with --readonly-member", text,
		m.mark.whole);
	if (strcmp(m.name, v->data.name))
		error_prefix(err, "%s", v->data.name);
	member_advise(&m, text);
	/* A command that was cut could name another device. */
	if (strlen(err->text) + strlen(text) + 3 < sizeof(err->text))
		error_append(err, "; %s", text);
	if (!w->without_data)
		return err->cause;
	error_prefix(err, "open would refuse it");
	notice(err->text);
	return CAUSE_OK;
}

static enum cause volume_open(const struct wishes *w, struct volume *v, struct error *err)
{
	struct header_report report;
	struct place place;
	enum cause cause;

	v->detached.fd = -1;
	cause = find_open(w->device, &v->data, err);
	/* First: what its header says, if it seems to have one, is not the volume's. */
	if (!cause)
		cause = refuse_member(w, v, err);
	if (!cause && w->header)
		cause = find_open(w->header, &v->detached, err);
	place = place_of(v);
	if (!cause)
		cause = place_load(&place, &v->luks, &report, err);
	if (cause) {
		volume_close(v);
		return cause;
	}
	if (v->luks.unknown_flags)
		text_print(2,
			"latchkey: %s: the header has %u flags that latchkey does not know; they are ignored\n",
			header_device(v)->name, v->luks.unknown_flags);
	if (report.note[0])
		notice(report.note);
	if (w->header)
		compare_headers(v);
	v->foreign = area_kernel(header_device(v));
	return CAUSE_OK;
}

/* --- 3 ----------------------------------------------------------------------------------- */

static enum cause data_extent(const struct volume *v, uint64_t *off_sectors, uint64_t *size_sectors,
	struct error *err)
{
	struct place place = place_of(v);
	enum cause cause = place_extent(&place, &v->luks, off_sectors, size_sectors, err);

	if (cause)
		error_prefix(err, "%s", v->data.name);
	return cause;
}

static enum cause refuse(const struct wishes *w, const struct volume *v, struct error *err)
{
	const struct luks_verdict *requirements = &v->luks.requirements, *segment = &v->luks.segment.verdict;
	const char *device = header_device(v)->name;
	struct place place = place_of(v);
	uint64_t off, size;

	if (requirements->cause) {
		error_set(err, requirements->cause, "%s: %s", device, requirements->why);
		place_advise(&place, &v->luks, requirements->advice, err->text);
		return err->cause;
	}
	if (segment->cause)
		return error_set(err, segment->cause, "%s: segment 0: %s", device, segment->why);
	if (!data_extent(v, &off, &size, err))
		return CAUSE_OK;
	if (!w->without_data || !place_has_keyslots(&place, &v->luks))
		return err->cause;
	error_prefix(err, "open would refuse it");
	notice(err->text);
	return CAUSE_OK;
}

/* Is there a keyslot that can be tried? */
static enum cause check_keyslots(const struct volume *v, const struct search *s, struct error *err)
{
	struct place place = place_of(v);
	enum cause cause = search_check(s, err);

	if (cause && !luks_has_keyslot(&v->luks))
		place_advise(&place, &v->luks, LUKS_ADVICE_RESTORE, err->text);
	return cause;
}

/* --- 5 ----------------------------------------------------------------------------------- */

/* Does a person at a terminal type the secret? */
static bool is_asked_for(const struct wishes *w)
{
	return !w->secret && !w->key_file && prompt_is_interactive();
}

static enum cause get_secret(const struct wishes *w, const struct volume *v, struct secret *out,
	struct error *err)
{
	struct keyfile kf = {w->key_file, w->keyfile_offset_bytes, w->keyfile_size_bytes};

	if (w->secret) {
		*out = *w->secret;
		return CAUSE_OK;
	}
	return w->key_file ? keyfile_read(&kf, out, err) : prompt_read(v->data.name, w->timeout_s, out, err);
}

/* Only when a secret is there does it show whether it is locked; said once. */
static void notice_unlocked(void)
{
	static bool said;

	if (said || arena_is_locked())
		return;
	said = true;
	notice("memory cannot be locked; secrets could reach swap");
}

static void trying(void *meter, const struct luks_keyslot *slot)
{
	meter_keyslot(meter, slot);
}

/* search_run; who typed the secret is shown how far it is. */
static enum cause try_shown(const struct search *s, bool typed, struct bytes secret, struct volume_key *key,
	struct error *err)
{
	struct search shown = *s;
	struct meter meter;
	enum cause cause;

	meter_begin(&meter, typed ? STDERR_FILENO : -1);
	shown.trying = trying;
	shown.context = &meter;
	cause = search_run(&shown, secret, key, err);
	meter_end(&meter);
	return cause;
}

/*
 * With what @token names, or without one (NULL) as @w says. On success @key lives in the arena and nothing else does; on
 * failure nothing does.
 */
static enum cause try_once(const struct wishes *w, const struct volume *v, const struct search *s,
	const struct luks_keyring_token *token, struct volume_key *key, struct error *err)
{
	size_t before = arena_mark(), above;
	uint8_t *room;
	struct secret secret;
	enum cause cause = arena_get(&room, CIPHER_KEY_MAX_BYTES, err);

	above = arena_mark();
	if (!cause)
		cause = token ? keyring_read(token->key_description, &secret, err)
		              : get_secret(w, v, &secret, err);
	if (!cause)
		notice_unlocked();
	if (!cause)
		cause = try_shown(s, !token && is_asked_for(w), (struct bytes){secret.data, secret.len}, key,
			err);
	if (cause == CAUSE_PASSPHRASE && w->try_without_newline && secret.len > 1 &&
		secret.data[secret.len - 1] == '\n') {
		cause = search_run(s, (struct bytes){secret.data, secret.len - 1}, key, err);
		if (!cause)
			notice("the key opens without the newline at its end: take it out of the key file");
	}
	if (!cause) {
		/* Move the key below the passphrase, so that the passphrase can be wiped. */
		for (uint32_t i = 0; i < key->len; i++)
			room[i] = key->data[i];
		key->data = room;
	}
	arena_release(cause ? before : above);
	return cause;
}

/* Tokens first; one that cannot be used does not hide what can. */
static enum cause find_key(const struct wishes *w, const struct volume *v, const struct search *s,
	struct volume_key *key, struct error *err)
{
	unsigned tokens = w->secret ? 0 : v->luks.keyring_token_count;
	bool again = is_asked_for(w);
	struct search among = *s;
	enum cause cause;

	for (unsigned n = 0;; n++) {
		const struct luks_keyring_token *token = n < tokens ? &v->luks.keyring_tokens[n] : NULL;

		among.keyslots = token ? token->keyslots : 0;
		cause = try_once(w, v, &among, token, key, err);
		if (cause && token)
			error_prefix(err, "token %u", token->id);
		if (!cause || (w->token_only && n + 1 == tokens) ||
			(!token && (cause != CAUSE_PASSPHRASE || !again || n + 1 == w->tries + tokens)))
			break;
		/* That a token's key is not there is no news. */
		if (cause != CAUSE_USAGE)
			notice(err->text);
	}
	if (!cause && w->verbose)
		text_print(2, "latchkey: keyslot %u opened\n", key->keyslot);
	return cause;
}

/* The header says what a derivation costs, and the header may be hostile: hence bounds, that a flag can move. */
struct kdf_limits wishes_limits(const struct wishes *w)
{
	struct kdf_limits limits = w->limits;

	if (w->max_memory_mib) {
		limits.memory_kib =
			w->max_memory_mib > UINT32_MAX >> 10 ? UINT32_MAX : w->max_memory_mib << 10;
		/* As many passes over the most memory as without the flag. */
		limits.kib_passes = w->limits.kib_passes / w->limits.memory_kib * limits.memory_kib;
	}
	if (w->max_time_s) {
		limits.time_ms = (uint64_t)w->max_time_s * 1000;
		limits.pbkdf2_iterations = UINT32_MAX;
		limits.kib_passes = UINT64_MAX;
	}
	return limits;
}

/* --- 4 and 5, for open and test ------------------------------------------------------------ */

static enum cause prepare(const struct wishes *w, struct volume *v, struct search *s, struct error *err)
{
	enum cause cause = volume_open(w, v, err);

	if (cause)
		return cause;
	*s = (struct search){
		.source = {&header_device(v)->reader, &v->luks, wishes_limits(w), &v->foreign},
		.keyslot = w->keyslot,
		.skipped = notice_skipped,
	};
	cause = refuse(w, v, err);
	if (!cause && w->token_only && !v->luks.keyring_token_count)
		cause = error_set(err, CAUSE_UNSUPPORTED, "%s: has no token that latchkey can use",
			v->data.name);
	if (!cause)
		cause = check_keyslots(v, s, err);
	/* Said once; the tries need not repeat it. */
	s->skipped = NULL;
	if (cause)
		volume_close(v);
	return cause;
}

enum cause unlock_test(const struct wishes *w, unsigned *keyslot, struct error *err)
{
	size_t mark = arena_mark();
	struct volume_key key;
	struct volume v;
	struct search s;
	enum cause cause = prepare(w, &v, &s, err);

	if (cause)
		return cause;
	cause = find_key(w, &v, &s, &key, err);
	if (!cause)
		*keyslot = key.keyslot;
	arena_release(mark);
	volume_close(&v);
	return cause;
}

/* --- 6 ----------------------------------------------------------------------------------- */

static struct target_flags all_flags(const struct luks_flags *header, const struct target_flags *wished)
{
	return (struct target_flags){
		.allow_discards = wished->allow_discards || header->allow_discards,
		.same_cpu_crypt = wished->same_cpu_crypt || header->same_cpu_crypt,
		.submit_from_crypt_cpus = wished->submit_from_crypt_cpus || header->submit_from_crypt_cpus,
		.no_read_workqueue = wished->no_read_workqueue || header->no_read_workqueue,
		.no_write_workqueue = wished->no_write_workqueue || header->no_write_workqueue,
		.high_priority = wished->high_priority || header->high_priority,
	};
}

/* A regular file gets a loop device; it stays as long as the mapping does. */
static enum cause data_device(const struct wishes *w, const struct volume *v, struct blkdev *loop,
	const struct blkdev **data, struct error *err)
{
	loop->fd = -1;
	*data = &v->data;
	if (v->data.is_block)
		return CAUSE_OK;
	*data = loop;
	return loop_open(&v->data, w->read_only || w->readonly_member, loop, err);
}

static enum cause map_volume(const struct wishes *w, const struct volume *v, const struct volume_key *key,
	const struct kernel *k, struct map_request *req, struct error *err)
{
	char description[DESCRIPTION_BYTES];
	uint64_t off, size;
	const struct blkdev *data;
	struct blkdev loop;
	enum cause cause = data_extent(v, &off, &size, err);

	if (!cause)
		cause = data_device(w, v, &loop, &data, err);
	if (cause)
		return cause;
	text_format(description, sizeof(description), "cryptsetup:%s-d%u", v->luks.uuid, key->digest_id);
	req->target = (struct crypt_target){
		.size_sectors = size,
		.cipher = cipher_name(v->luks.segment.cipher),
		.key = key->data,
		.key_bytes = key->len,
		.major = data->major,
		.minor = data->minor,
		.data_sectors = off,
		.sector_bytes = v->luks.segment.sector_bytes,
		.flags = all_flags(&v->luks.flags, &w->flags),
	};
	req->read_only = w->read_only || w->readonly_member || data->read_only;
	/* LUKS1 keys go into the table, as cryptsetup does it. */
	req->key_description = w->disable_keyring || v->luks.version == 1 ? NULL : description;
	req->notice = notice;
	cause = map_create(k, req, err);
	blkdev_close(&loop);
	if (cause)
		error_prefix(err, "%s", v->data.name);
	return cause;
}

static enum cause names_fill(const struct wishes *w, const struct volume *v, struct map_names *names,
	struct error *err)
{
	return map_names_fill(names, v->luks.version == 1 ? "LUKS1" : "LUKS2", v->luks.uuid, w->name, err);
}

static enum cause unlock_and_map(const struct wishes *w, const struct volume *v, const struct search *s,
	const struct kernel *k, struct error *err)
{
	struct map_request req = {0};
	struct volume_key key;
	size_t mark = arena_mark();
	enum cause cause = names_fill(w, v, &req.names, err);

	if (!cause)
		cause = map_check(k, &req.names, err);
	if (!cause)
		cause = blkdev_check_free(&v->data, err);
	if (!cause)
		cause = find_key(w, v, s, &key, err);
	if (!cause)
		cause = map_volume(w, v, &key, k, &req, err);
	arena_release(mark);
	return cause;
}

enum cause unlock_open(const struct wishes *w, struct error *err)
{
	char kernel_name[DM_NAME_BYTES];
	struct kernel k;
	struct volume v;
	struct search s;
	enum cause cause = map_name(w->name, kernel_name, err);

	if (!cause)
		cause = prepare(w, &v, &s, err);
	if (cause)
		return cause;
	cause = kernel_open(&k, err);
	if (!cause) {
		cause = unlock_and_map(w, &v, &s, &k, err);
		kernel_close(&k);
	}
	volume_close(&v);
	return cause;
}

/* --- 1 to 4, for who waits for a key ------------------------------------------------------- */

static uint64_t most_memory_kib(const struct luks *luks)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < luks->keyslot_count; i++)
		if (!luks->keyslots[i].verdict.cause && luks->keyslots[i].kdf.memory_kib > most)
			most = luks->keyslots[i].kdf.memory_kib;
	return most;
}

static enum cause look_at_kernel(const struct wishes *w, bool *mapped, struct error *err)
{
	struct map_names names = {.uuid = ""};
	struct kernel k;
	enum cause cause = map_name(w->name, names.name, err);

	if (!cause)
		cause = kernel_open(&k, err);
	if (cause)
		return cause;
	cause = map_check(&k, &names, err);
	*mapped = cause == CAUSE_EXISTS;
	kernel_close(&k);
	return cause;
}

enum cause unlock_look(const struct wishes *w, bool map, struct unlock_look *out, bool *mapped,
	struct error *err)
{
	struct map_names names;
	struct volume v;
	struct search s;
	enum cause cause = CAUSE_OK;

	*out = (struct unlock_look){.memory_kib = 0};
	*mapped = false;
	if (map)
		cause = look_at_kernel(w, mapped, err);
	if (!cause)
		cause = prepare(w, &v, &s, err);
	if (cause)
		return cause;
	memcpy(out->uuid, v.luks.uuid, sizeof(out->uuid));
	memcpy(out->label, v.luks.label, sizeof(out->label));
	out->memory_kib = most_memory_kib(&v.luks);
	for (unsigned i = 0; i < v.luks.keyring_token_count; i++)
		out->token_key |= keyring_has(v.luks.keyring_tokens[i].key_description);
	if (map)
		cause = names_fill(w, &v, &names, err);
	if (map && !cause)
		cause = blkdev_check_free(&v.data, err);
	volume_close(&v);
	return cause;
}
