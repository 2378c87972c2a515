/* SPDX-License-Identifier: MIT */
/* refuse - see refuse.h. */
#include "unlock/refuse.h"
#include "device/member.h"
#include "unlock/notice.h"
#include "unlock/recovery.h"
#include <string.h>

static enum cause note_instead(struct error *err)
{
	error_prefix(err, "open would refuse it");
	notice_print(err->text);
	return CAUSE_OK;
}

/* Writing to one member destroys the array, and a leftover mark cannot be told from a valid one. */
enum cause refuse_member(const struct unlock_request *r, const struct luks_device *d, struct error *err)
{
	char text[MEMBER_TEXT_BYTES];
	struct member m;

	if (!member_read(&d->data, &m))
		return CAUSE_OK;
	member_describe(&m, text);
	error_set(err, CAUSE_UNSUPPORTED, "%s", text);
	if (r->readonly_member) {
		error_append(err, "; it is mapped read-only");
		notice_print(err->text);
		return CAUSE_OK;
	}
	error_append(err, "; open the %s, or for rescue this with --readonly-member", m.mark.whole);
	if (strcmp(m.name, d->data.name))
		error_prefix(err, "%s", d->data.name);
	member_advise(&m, text);
	/* A command that was cut could name another device. */
	if (strlen(err->text) + strlen(text) + 3 < sizeof(err->text))
		error_append(err, "; %s", text);
	return r->without_data ? note_instead(err) : err->cause;
}

enum cause refuse_sizes(const struct luks_device *d, uint64_t sizes[static LUKS_REGULAR_MAX],
	struct error *err)
{
	enum cause cause = place_sizes(&d->place, &d->luks, sizes, err);

	if (cause)
		error_prefix(err, "%s", d->data.name);
	return cause;
}

/* dm-integrity replays its journal when it is resumed, whatever the mapping is. */
enum cause refuse_readonly(const struct unlock_request *r, const struct luks *luks, const struct blkdev *data,
	struct error *err)
{
	if (!luks_has_integrity(luks) || !(r->read_only || r->readonly_member) || !data->is_block ||
		data->read_only)
		return CAUSE_OK;
	return error_set(err, CAUSE_UNSUPPORTED,
		"%s: with integrity protection the kernel finishes its journal on the device when it is "
		"mapped, also read-only; a read-only mapping needs a device that is read-only itself",
		data->name);
}

static enum cause judge_header(const struct unlock_request *r, const struct luks_device *d, struct error *err)
{
	enum cause cause;
	const struct luks_verdict *requirements = &d->luks.requirements,
				  *segment = &d->luks.segments[0].verdict;
	const char *device = luks_device_header(d)->name;
	bool beside = r->beside_recovery && d->luks.reencrypt.is_readable;
	uint64_t sizes[LUKS_REGULAR_MAX];
	struct recovery ignored;

	/* While it runs, it looks as if it had been interrupted. */
	if (d->luks.reencryption == LUKS_REENCRYPTION_CRASHED && blkdev_check_free(&d->data, err))
		return err->cause;
	if (requirements->why[0]) {
		error_set(err, requirements->cause, "%s: %s", device, requirements->why);
		place_advise(&d->place, &d->luks, requirements->advice, err->text);
		if (requirements->cause && !beside)
			return err->cause;
		notice_print(err->text);
	}
	if (segment->cause)
		return error_set(err, segment->cause, "%s: segment 0: %s", device, segment->why);
	cause = refuse_readonly(r, &d->luks, &d->data, err);
	if (!cause)
		cause = refuse_sizes(d, sizes, err);
	if (!cause && beside) {
		cause = recovery_find(d, sizes, &ignored, err);
		if (cause)
			error_prefix(err, "%s", device);
	}
	return cause;
}

enum cause refuse_header(const struct unlock_request *r, const struct luks_device *d, struct error *err)
{
	enum cause cause = judge_header(r, d, err);

	/*
	 * Why data that is not encrypted has no keyslot, the verdict on its segment says best. The cipher of
	 * LUKS1 is that of its keyslots, too.
	 */
	if (cause && r->without_data && place_has_keyslots(&d->place, &d->luks) &&
		((d->luks.version != 1 && luks_has_keyslot(&d->luks)) || !d->luks.segments[0].verdict.cause))
		return note_instead(err);
	return cause;
}
