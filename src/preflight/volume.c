/* SPDX-License-Identifier: MIT */
/* volume - see volume.h. */
#include "preflight/volume.h"
#include "base/text.h"
#include "boot/request.h"
#include "device/find.h"
#include "device/member.h"
#include "format/place.h"
#include "keyslot/area.h"
#include "keyslot/budget.h"
#include "keyslot/search.h"
#include "keyslot/keyslot.h"
#include "keyslot/reencryption.h"
#include "preflight/tokens.h"
#include "secret/keyfile.h"
#include "unlock/refuse.h"
#include <string.h>

/* One volume while it is examined. */
struct volume_check {
	const struct plan_volume *v;
	const struct machine *m;
	struct needs *needs;
	struct findings *f;
	bool headless;
	enum weight gravest; /* of a finding that this volume cannot be opened */
	struct unlock_request request;
	struct blkdev data, header;
	struct luks luks;
};

static struct place place_of(const struct volume_check *l)
{
	return (struct place){.device = &l->data, .header = l->header.fd >= 0 ? &l->header : NULL};
}

static void cannot(const struct volume_check *l, const struct error *err, const char *advice)
{
	findings_add(l->f, l->gravest, err->cause, l->v->name, "%s%s", err->text, advice);
}

/* --- keys ------------------------------------------------------------------------------------- */

/* Both: may it open the volume? */
static bool judge_key_file(const struct volume_check *l, const struct plan_key *key)
{
	const struct image *image = l->m->image;
	const char *where = image->has_files ? "in the image" : "there";

	if (image->given && !image->has_files && machine_has_file(l->m, key->path)) {
		findings_add(l->f, l->headless ? WEIGHT_WARNING : WEIGHT_NOTE,
			l->headless ? CAUSE_DEVICE : CAUSE_OK, l->v->name,
			"a list of modules does not tell whether the image has the key file %s", key->path);
		return true;
	}
	if (machine_has_file(l->m, key->path)) {
		findings_add(l->f, WEIGHT_OK, CAUSE_OK, l->v->name, "the key file %s is %s", key->path,
			where);
		return true;
	}
	if (!key->optional)
		findings_add(l->f, WEIGHT_WARNING, CAUSE_DEVICE, l->v->name, "the key file %s is not %s%s",
			key->path, where, l->headless ? "" : ": boot will prompt for the passphrase");
	return false;
}

static bool judge_key_device(const struct volume_check *l, const struct plan_key *key)
{
	char path[SYSBLOCK_PATH_BYTES];
	uint64_t end_bytes = key->offset_bytes + key->size_bytes;
	struct blkdev dev;
	struct error err;
	bool whole, raw = key->kind == PLAN_KEY_RAW;

	if (find_device_or_member(key->device, path, sizeof(path), NULL, &err) ||
		blkdev_open_path(path, &dev, &err)) {
		findings_add(l->f, WEIGHT_NOTE, CAUSE_OK, l->v->name,
			"the key's device %s is not present now: the key was not checked", key->device);
		return true;
	}
	if (raw && !key->size_bytes)
		end_bytes = dev.reader.size_bytes;
	whole = !raw || end_bytes <= dev.reader.size_bytes;
	if (raw && end_bytes > key->offset_bytes + KEYFILE_MAX_BYTES) {
		whole = false;
		findings_add(l->f, WEIGHT_WARNING, CAUSE_USAGE, l->v->name,
			"the key's device %s has more than 8 MiB: keyfile-size is missing", key->device);
	} else if (whole) {
		findings_add(l->f, WEIGHT_OK, CAUSE_OK, l->v->name, "the key's device %s is present: %s",
			key->device, path);
	} else {
		findings_add(l->f, WEIGHT_WARNING, CAUSE_DEVICE, l->v->name,
			"the key's device %s ends before byte %llu, the end of the key", key->device,
			(unsigned long long)end_bytes);
	}
	blkdev_close(&dev);
	return whole;
}

static void judge_keys(const struct volume_check *l)
{
	unsigned useful = l->v->flags.try_empty;

	for (unsigned i = 0; i < l->v->key_count; i++)
		useful += l->v->keys[i].kind == PLAN_KEY_FILE ? judge_key_file(l, &l->v->keys[i])
		                                              : judge_key_device(l, &l->v->keys[i]);
	if (useful || !l->headless)
		return;
	if (l->v->flags.no_stick)
		findings_add(l->f, l->gravest, CAUSE_USAGE, l->v->name,
			"headless with no-stick, and no key was found: it cannot be opened");
	else
		findings_add(l->f, WEIGHT_NOTE, CAUSE_OK, l->v->name,
			"headless: only a key stick with latchkey/UUID.key can open it");
}

/* --- memory ------------------------------------------------------------------------------------- */

static void advise_memory(const struct volume_check *l, uint64_t free_kib, char *text, size_t size)
{
	uint64_t half_mib = free_kib >> 11;
	struct place place = place_of(l);
	char verb[64] = "luksAddKey --pbkdf pbkdf2";

	if (half_mib)
		text_format(verb, sizeof(verb), "luksAddKey --pbkdf-memory %llu",
			(unsigned long long)half_mib << 10);
	place_command(&place, verb, text, size);
}

/* Is there enough memory for @slot? Reports it; false: certainly not. */
static bool judge_memory(const struct volume_check *l, const struct luks_keyslot *slot, const char *what)
{
	uint64_t free_kib = machine_free_at_boot_kib(l->m), need_kib = slot->kdf.memory_kib;
	unsigned long long need_mib = (need_kib + 1023) >> 10, has_mib = l->m->memory_kib >> 10;
	char advice[ERROR_TEXT_BYTES];

	if (slot->kdf.kind == KDF_PBKDF2 || l->m->memory_kib == UINT64_MAX || need_kib <= free_kib) {
		findings_add(l->f, WEIGHT_OK, CAUSE_OK, l->v->name, "%s: %s, %llu MiB of memory", what,
			kdf_name(slot->kdf.kind), slot->kdf.kind == KDF_PBKDF2 ? 0 : need_mib);
		return true;
	}
	advise_memory(l, free_kib, advice, sizeof(advice));
	findings_add(l->f, WEIGHT_WARNING, CAUSE_RESOURCE, l->v->name,
		"%s needs %llu MiB of memory for %s, and this machine has %llu MiB, of which about "
		"%llu MiB will be free at boot: %s; add one that fits: %s",
		what, need_mib, kdf_name(slot->kdf.kind), has_mib, (unsigned long long)free_kib >> 10,
		need_kib > l->m->memory_kib ? "it will be skipped" : "it may be skipped", advice);
	return need_kib <= l->m->memory_kib;
}

/* --- keyslots ----------------------------------------------------------------------------------- */

static const struct blkdev *header_device(const struct volume_check *l)
{
	return l->header.fd >= 0 ? &l->header : &l->data;
}

/* False: it holds no key, which was reported. */
static bool judge_area(const struct volume_check *l, const struct luks_keyslot *slot, const char *what,
	struct error *why)
{
	struct place place = place_of(l);
	struct area_look area;
	struct error err;
	char text[ERROR_TEXT_BYTES];

	if (area_examine(&header_device(l)->reader, slot, &area, &err)) {
		findings_add(l->f, WEIGHT_WARNING, err.cause, l->v->name, "%s: %s", what, err.text);
		*why = err;
		return false;
	}
	if (area.shape != AREA_RANDOM) {
		area_describe(&area, text, sizeof(text));
		place_advise(&place, &l->luks, LUKS_ADVICE_RESTORE, text);
		findings_add(l->f, WEIGHT_WARNING, CAUSE_DAMAGED, l->v->name, "%s: its area %s", what, text);
		error_set(why, CAUSE_DAMAGED, "overwritten");
		return false;
	}
	return true;
}

static struct keyslot_source source(const struct volume_check *l)
{
	/* Whether a foreign cipher is there is among the kernel's findings. */
	static const struct foreign_cipher kernel = {NULL, NULL};

	return (struct keyslot_source){&header_device(l)->reader, &l->luks, request_limits(&l->request),
		&kernel};
}

/* Can it be tried at boot? If not, *@why becomes the reason, unless it has a more telling one. */
static bool judge_keyslot(const struct volume_check *l, const struct luks_keyslot *slot, struct error *why)
{
	const struct keyslot_source src = source(l);
	struct error err;
	char what[32];

	text_format(what, sizeof(what), "keyslot %u", slot->id);
	/* Memory that is short now, on the running system, may be free at boot. */
	if (keyslot_check(&src, slot, &err) && err.cause != CAUSE_RESOURCE) {
		findings_add(l->f, WEIGHT_WARNING, err.cause, l->v->name, "%s: it will be skipped at boot",
			err.text);
		*why = why->cause == CAUSE_RESOURCE ? *why : err;
		return false;
	}
	if (!judge_area(l, slot, what, why))
		return false;
	if (!cipher_is_native(slot->area_cipher))
		needs_cipher(l->needs, slot->area_cipher, l->v->name);
	if (judge_memory(l, slot, what))
		return true;
	error_set(why, CAUSE_RESOURCE, "too little memory");
	return false;
}

/* On this machine, at this moment; the boot measures again. */
static void judge_time(const struct volume_check *l)
{
	const struct search s = {.source = source(l), .keyslot = l->request.keyslot};
	const unsigned long long seconds = (search_needed_ms(&s) + 999) / 1000;

	if (seconds)
		findings_add(l->f, WEIGHT_WARNING, CAUSE_UNSUPPORTED, l->v->name,
			"all its keyslots take about %llu s for one passphrase, and %llu s are allowed: set "
			"max-time=%llu, or boot asks before it tries all of them",
			seconds, (unsigned long long)s.source.limits.time_ms / 1000, seconds * 5 / 4 + 1);
}

/* A named keyslot is the only one of its key; the other key of a re-encryption may be in any. */
static bool is_candidate(const struct volume_check *l, const struct luks_keyslot *slot)
{
	const struct luks_keyslot *named;

	if (!luks_keyslot_is_of_data(&l->luks, slot))
		return false;
	if (l->request.keyslot < 0)
		return slot->priority != LUKS_PRIORITY_IGNORE;
	named = luks_find_keyslot(&l->luks, (unsigned)l->request.keyslot);
	if (!named || !luks_keyslot_is_of_data(&l->luks, named))
		return false;
	return named->digest == slot->digest ? named == slot : slot->priority != LUKS_PRIORITY_IGNORE;
}

static void judge_keyslots(const struct volume_check *l)
{
	const uint32_t needed = reencryption_digests(&l->luks);
	struct error why = {.cause = CAUSE_OK};
	unsigned candidates = 0;
	uint32_t usable = 0; /* digests, as bits of their indexes */

	for (unsigned i = 0; i < l->luks.keyslot_count; i++) {
		const struct luks_keyslot *slot = &l->luks.keyslots[i];

		if (!is_candidate(l, slot))
			continue;
		candidates++;
		if (judge_keyslot(l, slot, &why))
			usable |= 1u << slot->digest;
	}
	judge_time(l);
	if (!candidates)
		findings_add(l->f, l->gravest, CAUSE_UNSUPPORTED, l->v->name,
			"it has no keyslot that boot tries (key-slot=, priorities)");
	else if (!usable)
		findings_add(l->f, l->gravest, why.cause, l->v->name,
			"none of its %u keyslots can be tried at boot: it cannot be opened", candidates);
	else if (needed & ~usable)
		findings_add(l->f, l->gravest, why.cause ? why.cause : CAUSE_UNSUPPORTED, l->v->name,
			"no keyslot for the %s key of the re-encryption can be tried at boot: it cannot be "
			"opened",
			usable >> l->luks.reencrypt.final.digest & 1 ? "old" : "new");
}

static const char *segment_cipher(const struct luks_segment *seg)
{
	return seg->linear ? "not encrypted" : cipher_name(seg->cipher);
}

/* In milliseconds: the slowest keyslot of the digest with the index @digest. */
static unsigned long long slowest_ms(const struct volume_check *l, int digest)
{
	const struct keyslot_source src = source(l);
	unsigned long long most = 0;
	struct error ignored;

	for (unsigned i = 0; i < l->luks.keyslot_count; i++) {
		const struct luks_keyslot *slot = &l->luks.keyslots[i];
		unsigned long long ms;

		if (slot->digest != digest || keyslot_check(&src, slot, &ignored))
			continue;
		ms = budget_cost_ms(&l->luks, slot);
		most = ms > most ? ms : most;
	}
	return most;
}

/* How it is done. Two keys take two derivations. */
static void note_reencryption(const struct volume_check *l)
{
	const struct luks_reencrypt *r = &l->luks.reencrypt;
	uint32_t digests = reencryption_digests(&l->luks);
	unsigned long long old, new;
	char two[160] = "";

	if (!luks_reencryption_is_described(&l->luks))
		return;
	if (digests & (digests - 1)) {
		old = slowest_ms(l, r->previous.digest);
		new = slowest_ms(l, r->final.digest);
		text_format(two, sizeof(two),
			"; two keyslots are derived with the same passphrase: for the old key up to "
			"%llu.%llu s, for the new one up to %llu.%llu s",
			old / 1000, old / 100 % 10, new / 1000, new / 100 % 10);
	}
	findings_add(l->f, WEIGHT_NOTE, CAUSE_OK, l->v->name,
		"re-encryption: mode %s, %s, resilience %s, from %s to %s%s",
		luks_word(LUKS_WORDS_MODE, r->mode), luks_word(LUKS_WORDS_DIRECTION, r->direction),
		luks_word(LUKS_WORDS_RESILIENCE, r->resilience), segment_cipher(&r->previous),
		segment_cipher(&r->final), two);
}

/* --- the volume --------------------------------------------------------------------------------- */

static void judge_header(struct volume_check *l)
{
	const struct luks_segment *seg = &l->luks.segments[0];
	struct place place = place_of(l);
	struct header_report report;
	struct error err;
	uint64_t sizes[LUKS_REGULAR_MAX];

	if (place_load(&place, &l->luks, &report, &err)) {
		cannot(l, &err, "");
		return;
	}
	if (report.note[0])
		findings_add(l->f, WEIGHT_WARNING, CAUSE_DAMAGED, l->v->name, "%s", report.note);
	note_reencryption(l);
	if (l->luks.requirements.cause) {
		error_set(&err, l->luks.requirements.cause, "%s", l->luks.requirements.why);
		place_advise(&place, &l->luks, l->luks.requirements.advice, err.text);
		cannot(l, &err, "");
	} else if (seg->verdict.cause) {
		findings_add(l->f, l->gravest, seg->verdict.cause, l->v->name, "%s", seg->verdict.why);
	} else if (refuse_readonly(&l->request, &l->luks, &l->data, &err)) {
		cannot(l, &err, "; leave read-only out of the options");
	} else if (place_sizes(&place, &l->luks, sizes, &err)) {
		error_prefix(&err, "%s", l->data.name);
		cannot(l, &err, "");
	} else {
		findings_add(l->f, WEIGHT_OK, CAUSE_OK, l->v->name, "%s is LUKS%u, UUID %s, %s%s%s",
			l->data.name, l->luks.version, l->luks.uuid,
			seg->linear ? "not encrypted in all places" : cipher_name(seg->cipher),
			cipher_tag_bytes(seg->cipher) ? ", integrity " : "", cipher_integrity(seg->cipher));
		if (l->luks.requirements.why[0]) {
			error_set(&err, CAUSE_OK, "%s", l->luks.requirements.why);
			place_advise(&place, &l->luks, l->luks.requirements.advice, err.text);
			findings_add(l->f, WEIGHT_NOTE, CAUSE_OK, l->v->name, "%s", err.text);
		}
		needs_mapping(l->needs, luks_has_integrity(&l->luks), l->v->name);
		for (unsigned i = 0; i < l->luks.regular_count; i++)
			if (!l->luks.segments[i].linear)
				needs_cipher(l->needs, l->luks.segments[i].cipher, l->v->name);
		judge_keyslots(l);
		tokens_judge(&l->request, &l->luks, &header_device(l)->reader, l->m, l->needs, l->f);
		if (l->v->measure_pcrs)
			tokens_judge_measuring(l->v->name, l->m, l->needs, l->f);
	}
}

/* Boot refuses a member: its header is not the volume's. */
static bool judge_member(const struct volume_check *l)
{
	char what[MEMBER_TEXT_BYTES], advice[MEMBER_TEXT_BYTES];
	struct member m;

	if (!member_read(&l->data, &m))
		return false;
	member_describe(&m, what);
	member_advise(&m, advice);
	findings_add(l->f, l->gravest, CAUSE_UNSUPPORTED, l->v->name,
		"%s: boot does not open it; name the %s instead; %s", what, m.mark.whole, advice);
	return true;
}

/* A detached header: a device, or a file of the image. False: it cannot be read, which was reported. */
static bool open_header(struct volume_check *l)
{
	const struct plan_header *h = &l->v->header;
	char below[4096];
	struct error err;

	if (!h->path)
		return true;
	if (h->device) {
		findings_add(l->f, WEIGHT_NOTE, CAUSE_OK, l->v->name, "its header %s on %s was not checked",
			h->path, h->device);
		return false;
	}
	if (*h->path == '/' && strncmp(h->path, "/dev/", 5)) {
		if (!machine_has_file(l->m, h->path))
			findings_add(l->f, l->gravest, CAUSE_DEVICE, l->v->name,
				"its header %s is not in the image", h->path);
		(void)text_join(below, sizeof(below), l->m->root, h->path, "");
	} else {
		text_format(below, sizeof(below), "%s", h->path);
	}
	if (!find_open(below, &l->header, &err))
		return true;
	cannot(l, &err, "");
	return false;
}

static void judge_device(struct volume_check *l)
{
	char path[SYSBLOCK_PATH_BYTES];
	struct error err;

	if (find_device(l->v->device, path, sizeof(path), &err) || blkdev_open_path(path, &l->data, &err)) {
		cannot(l, &err, l->gravest == WEIGHT_PROBLEM ? "; boot would wait for it" : "");
		return;
	}
	if (!judge_member(l) && open_header(l))
		judge_header(l);
	if (l->header.fd >= 0)
		blkdev_close(&l->header);
	blkdev_close(&l->data);
}

void volume_judge(const struct plan_volume *v, const struct machine *m, struct needs *needs,
	struct findings *f)
{
	static struct volume_check l; /* a model is large */

	l = (struct volume_check){.v = v,
		.m = m,
		.needs = needs,
		.f = f,
		.request = request_make(v, v->device, NULL)};
	l.headless = v->flags.headless;
	l.gravest = v->need == PLAN_NEEDED ? WEIGHT_PROBLEM : WEIGHT_WARNING;
	l.header.fd = -1;
	if (v->need == PLAN_NOAUTO) {
		findings_add(f, WEIGHT_NOTE, CAUSE_OK, v->name, "is not opened at boot (noauto)");
		return;
	}
	judge_keys(&l);
	judge_device(&l);
}
