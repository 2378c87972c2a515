/* SPDX-License-Identifier: MIT */
/* Whether the data is where the header is, and the command that is advised. */
#include "format/place.h"
#include "rows.h"

#define KEYSLOTS_END (2 * 16384 + 524288)

/* What one row says of the header, of what it was read from, and what must be advised. */
struct advised {
	const char *name;
	enum luks_advice advice;
	const char *device, *header;
	const char *end; /* of the sentence */
	uint64_t size_bytes, data_off;
	enum cause requirements;
	enum luks_reencryption reencryption;
	bool foreign, read_only, unread, file;
};

static const char path_256[] =
	"/dev/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
	"cdef012345"
	"/dev/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
	"cdef012345"
	"/dev/0123456789abcdef0123456789abcdef";

static const struct advised rows[] = {
	{.name = "no advice is put in words",
		.advice = LUKS_ADVICE_NONE,
		.device = "/dev/sda2",
		.header = NULL,
		.end = ""},
	{.name = "a repair names no device",
		.advice = LUKS_ADVICE_REPAIR,
		.device = "/dev/sda2",
		.header = NULL,
		.end = "; repair it with: cryptsetup repair /dev/sda2"},
	{.name = "a repair names no header",
		.advice = LUKS_ADVICE_REPAIR,
		.device = "/dev/sda2",
		.header = "/mnt/h",
		.end = "; repair it with: cryptsetup repair --header /mnt/h /dev/sda2"},
	{.name = "a repair of what may be another format has no condition",
		.advice = LUKS_ADVICE_REPAIR_UNLESS_NEW,
		.device = "/dev/sda2",
		.header = NULL,
		.end = "; only if the device was not formatted anew, repair it with: cryptsetup repair "
		       "/dev/sda2"},
	{.name = "a restore names no device",
		.advice = LUKS_ADVICE_RESTORE,
		.device = "/dev/sda2",
		.header = NULL,
		.end = "; restore a header backup: cryptsetup luksHeaderRestore --header-backup-file FILE "
		       "/dev/sda2"},
	{.name = "a re-encryption is resumed elsewhere",
		.advice = LUKS_ADVICE_RESUME,
		.device = "/dev/sda2",
		.header = "/mnt/h",
		.end = "; finish it with: cryptsetup reencrypt --resume-only --header /mnt/h /dev/sda2",
		.requirements = CAUSE_UNSUPPORTED,
		.reencryption = LUKS_REENCRYPTION_CLEAN},
	{.name = "a re-encryption of a file is resumed by a path that cryptsetup refuses",
		.advice = LUKS_ADVICE_RESUME,
		.device = "/mnt/v",
		.header = "/mnt/h",
		.end = "; open it, and finish it with: cryptsetup reencrypt --resume-only --header /mnt/h "
		       "--active-name NAME",
		.file = true,
		.requirements = CAUSE_UNSUPPORTED,
		.reencryption = LUKS_REENCRYPTION_CLEAN},
	{.name = "a re-encryption is resumed on its header",
		.advice = LUKS_ADVICE_RESUME,
		.device = "/mnt/h",
		.header = NULL,
		.end = "; finish it with: cryptsetup reencrypt --resume-only --header /mnt/h DEVICE",
		.data_off = 0,
		.size_bytes = KEYSLOTS_END,
		.file = true,
		.requirements = CAUSE_UNSUPPORTED,
		.reencryption = LUKS_REENCRYPTION_CLEAN},
	{.name = "a re-encryption is resumed on a backup",
		.advice = LUKS_ADVICE_RESUME,
		.device = "/mnt/b",
		.header = NULL,
		.end = "",
		.size_bytes = KEYSLOTS_END,
		.data_off = 1 << 20,
		.file = true,
		.requirements = CAUSE_UNSUPPORTED,
		.reencryption = LUKS_REENCRYPTION_CLEAN},
	{.name = "a backup is restored over a backup",
		.advice = LUKS_ADVICE_RESTORE,
		.device = "/mnt/b",
		.header = NULL,
		.end = "; make a new header backup",
		.size_bytes = KEYSLOTS_END,
		.data_off = 1 << 20,
		.file = true},
	{.name = "a cut partition is taken for a backup",
		.advice = LUKS_ADVICE_RESTORE,
		.device = "/dev/sda2",
		.header = NULL,
		.end = "; restore a header backup: cryptsetup luksHeaderRestore --header-backup-file FILE "
		       "/dev/sda2",
		.size_bytes = KEYSLOTS_END,
		.data_off = 1 << 20},
	{.name = "a restore undoes a re-encryption",
		.advice = LUKS_ADVICE_RESTORE,
		.device = "/dev/sda2",
		.header = NULL,
		.end = "; a re-encryption was under way: restore no header backup, copy the device first",
		.size_bytes = 1 << 30,
		.data_off = 1 << 20,
		.requirements = CAUSE_UNSUPPORTED,
		.reencryption = LUKS_REENCRYPTION_CRASHED},
	{.name = "a restore undoes what a requirement is about",
		.advice = LUKS_ADVICE_RESTORE,
		.device = "/dev/sda2",
		.header = NULL,
		.end = "",
		.size_bytes = 1 << 30,
		.data_off = 1 << 20,
		.requirements = CAUSE_UNSUPPORTED},
	{.name = "a RAID member is repaired",
		.advice = LUKS_ADVICE_REPAIR,
		.device = "/dev/sda2",
		.header = NULL,
		.end = "",
		.foreign = true},
	{.name = "a RAID member is repaired if it is old",
		.advice = LUKS_ADVICE_REPAIR_UNLESS_NEW,
		.device = "/dev/sda2",
		.header = NULL,
		.end = "",
		.foreign = true},
	{.name = "a backup is restored on a RAID member",
		.advice = LUKS_ADVICE_RESTORE,
		.device = "/dev/sda2",
		.header = NULL,
		.end = "",
		.foreign = true,
		.unread = true},
	{.name = "a RAID member is re-encrypted",
		.advice = LUKS_ADVICE_RESUME,
		.device = "/dev/sda2",
		.header = NULL,
		.end = "",
		.foreign = true},
	{.name = "a header in memory is repaired",
		.advice = LUKS_ADVICE_REPAIR,
		.device = "/dev/sda2",
		.header = "/proc/self/fd/7",
		.end = ""},
	{.name = "a read-only device is written to",
		.advice = LUKS_ADVICE_REPAIR,
		.device = "/dev/sda2",
		.header = NULL,
		.end = "; it is read-only; once it can be written, repair it with: cryptsetup repair "
		       "/dev/sda2",
		.read_only = true},
	{.name = "a path is not quoted",
		.advice = LUKS_ADVICE_REPAIR,
		.device = "/mnt/a disk",
		.header = "-h;x",
		.end = "; repair it with: cryptsetup repair --header './-h;x' '/mnt/a disk'"},
	{.name = "a path that cannot be typed is shown",
		.advice = LUKS_ADVICE_REPAIR,
		.device = "/mnt/it's",
		.header = "a\nb",
		.end = "; repair it with: cryptsetup repair --header HEADER DEVICE"},
	{.name = "a command is cut in its path",
		.advice = LUKS_ADVICE_RESTORE,
		.device = path_256,
		.header = path_256,
		.end = "",
		.unread = true},
};

/* Zeros, with @ctx at byte 0: the mark of another program, or nothing. */
static enum cause read_mark(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	const char *mark = ctx;

	(void)err;
	memset(buf, 0, len);
	for (size_t i = 0; i < len && off + i < strlen(mark); i++)
		((char *)buf)[i] = mark[off + i];
	return CAUSE_OK;
}

static struct reader reader_marked(bool foreign, uint64_t size_bytes)
{
	static char vdo[] = "dmvdo001", nothing[] = "";

	return (struct reader){.read_at = read_mark,
		.ctx = foreign ? vdo : nothing,
		.size_bytes = size_bytes,
		.name = "x"};
}

static void judge(void **state)
{
	const struct advised *row = *state;
	struct blkdev device = {.fd = -1, .is_block = !row->file}, header = {.fd = -1};
	struct place place = {.device = &device, .header = row->header ? &header : NULL};
	struct luks luks = {.version = 2,
		.hdr_size_bytes = 16384,
		.keyslots_size_bytes = 524288,
		.requirements = {.cause = row->requirements},
		.reencryption = row->reencryption};
	char text[ERROR_TEXT_BYTES] = "It is so", expected[ERROR_TEXT_BYTES];

	luks.segments[0].off = row->data_off;
	luks.data_off = row->data_off;
	device.reader = reader_marked(row->foreign, row->size_bytes);
	header.reader = reader_marked(row->foreign, row->foreign ? 1 << 20 : 0);
	if (row->foreign && !row->size_bytes)
		device.reader.size_bytes = 1 << 20;
	snprintf(device.path, sizeof(device.path), "%s", row->device);
	snprintf(header.path, sizeof(header.path), "%s", row->header ? row->header : "");
	((struct blkdev *)(uintptr_t)place_header(&place))->read_only = row->read_only;
	snprintf(expected, sizeof(expected), "It is so%s", row->end);
	place_advise(&place, row->unread ? NULL : &luks, row->advice, text);
	assert_string_equal(text, expected);
}

static void a_long_sentence_cuts_the_command(void **state)
{
	static const char command[] = "; repair it with: cryptsetup repair /dev/sda2";
	struct blkdev device = {.fd = -1, .is_block = true, .path = "/dev/sda2"};
	struct place place = {.device = &device};

	(void)state;
	for (size_t len = ERROR_TEXT_BYTES - 2 * sizeof(command); len < ERROR_TEXT_BYTES; len++) {
		char text[ERROR_TEXT_BYTES];
		size_t end;

		memset(text, 'x', len);
		text[len] = 0;
		place_advise(&place, NULL, LUKS_ADVICE_REPAIR, text);
		end = strlen(text);
		assert_true(end < ERROR_TEXT_BYTES);
		assert_string_equal(text + end - strlen(command), command);
		assert_int_equal(text[end - strlen(command) - 1], end == len + strlen(command) ? 'x' : '.');
	}
}

int main(void)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		row(rows[i].name, judge, &rows[i]);
	ROW(a_long_sentence_cuts_the_command);
	return rows_run("place");
}
