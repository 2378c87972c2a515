/* SPDX-License-Identifier: MIT */
/*
 * Two header copies to the model. The input is put into an image that is right in
 * everything else, and the checksums are made right, so that it comes behind them:
 *
 *     byte 0  bits 0-1: header size, 16 KiB, or 32 for 3; for 2 a LUKS1 header is over the first copy;
 *             2, 3: do not fix the checksum of the first, second copy; 4: the device is cut; 5: 4 KiB of it
 *             cannot be read; 6: the text of a token is wanted; 7: the header is detached
 *     byte 1  sequence of the second copy, against 8 of the first
 *     text    JSON of the first copy, up to a NUL
 *     text    JSON of the second, up to a NUL; empty: the same
 *     then    4 bytes each: place (2, the high bit says which copy), value, and what to do with it
 *             (1: xor; 2: the place counts from the copy's end; 4: over 64 bytes; 8: over all from the text's
 *             end on; 128: place and value are sectors behind the copies, times a power of 16, see bits 4-6)
 */
#include "fuzz_quick.h"
#include "format/header.h"
#include "device/member.h"
#include "format/place.h"
#include "../unit/header_image_model.h"
#include "fuzz.h"
#include "json_mutator.h"

enum { TEXT_ROOM = IMAGE_HDR_MIN - IMAGE_JSON };

static char first_json[TEXT_ROOM], second_json[TEXT_ROOM];

static uint64_t behind_bytes;

static void patch(uint8_t *image, uint64_t hdr_size, struct fuzz_input *in)
{
	behind_bytes = 0;
	while (in->size >= 4) {
		uint64_t place = fuzz_number(in, 2), off = (place & 0x7fff) % 4096;
		uint8_t value = fuzz_byte(in), how = fuzz_byte(in);
		uint8_t *copy = image + (place & 0x8000 ? hdr_size : 0), *p;

		if (how & 128) {
			behind_bytes = (place << 8 | value) << 9 << (how >> 4 & 7) * 4;
			continue;
		}
		p = copy + (how & 2 ? hdr_size - 1 - off : off);
		*p = how & 1 ? (uint8_t)(*p ^ value) : value;
		if (how & 4 && !(how & 2))
			memset(p, value, 64);
		if (how & 8) {
			size_t len = IMAGE_JSON + strnlen((char *)copy + IMAGE_JSON, hdr_size - IMAGE_JSON);

			memset(copy + len, value, hdr_size - len);
		}
	}
}

/* Only what names a size that is there can be summed. */
static void seal(uint8_t *copy, uint64_t hdr_size)
{
	uint64_t named = image_get_number(copy + IMAGE_HDR_SIZE, 8);

	if (named >= IMAGE_JSON && named <= hdr_size && memchr(copy + IMAGE_CSUM_ALG, 0, 32))
		image_seal(copy);
}

bool member_read(const struct blkdev *dev, struct member *out)
{
	*out = (struct member){.mark.type = NULL};
	if (dev->major)
		out->mark.type = "LVM2_member";
	return out->mark.type;
}

/* What is asked of a model, whatever it is. */
static void ask(const struct place *p, const struct luks *luks, uint8_t number)
{
	uint64_t sizes[LUKS_REGULAR_MAX];
	char text[ERROR_TEXT_BYTES] = "";
	struct error err = {.text = ""};
	bool fits = !place_sizes(p, luks, sizes, &err);

	if (fits && !luks_has_integrity(luks))
		for (unsigned i = 0; i < luks->regular_count; i++)
			fuzz_check(sizes[i] &&
					   luks->segments[i].off + sizes[i] <= p->device->reader.size_bytes,
				"data beyond the device");
	if (fits)
		fuzz_check(luks_reencryption_percent(luks, sizes) <= 100, "more than all of it");
	(void)place_kind(p, luks);
	(void)place_has_keyslots(p, luks);
	(void)luks_has_keyslot(luks);
	(void)luks_has_plain_data(luks);
	fuzz_check_printable(luks_integrity_mode(luks));
	fuzz_check_printable(luks_reencryption_name(luks->reencryption));
	place_command(p, "repair", text, sizeof(text));
	fuzz_check_printable(text);
	for (unsigned i = 0; i <= LUKS_ADVICE_COPY; i++) {
		memset(text, 'x', number * 2u);
		text[number * 2u] = 0;
		place_advise(p, luks, (enum luks_advice)i, text);
		fuzz_check(strlen(text) < ERROR_TEXT_BYTES, "an advice without an end");
	}
	fuzz_check_printable(err.text);
	for (unsigned i = 0; i < luks->digest_count; i++)
		fuzz_check(luks_digest_index(luks, luks->digests[i].id) == i, "another digest");
	fuzz_check(!luks_find_keyslot(luks, 77), "a keyslot that is not there");
	for (unsigned i = 0; i < luks->keyslot_count; i++) {
		fuzz_check_printable(luks_priority_name(luks->keyslots[i].priority));
		fuzz_check(luks_find_keyslot(luks, luks->keyslots[i].id) == &luks->keyslots[i],
			"another keyslot");
	}
}

static void want_token(const struct reader *r, unsigned id)
{
	static struct luks luks;
	struct header_report report;
	char text[256];
	struct header_token t = {id & 31, text, id & 32 ? 16 : sizeof(text), 0};
	struct error err = {.text = ""};

	if (!header_load_token(r, &luks, &report, &t, &err))
		fuzz_check(luks.version == 1 || (t.len && t.len <= t.room && text[0] == '{'),
			"no text of a token");
	else
		fuzz_check(err.text[0], "a cause without a sentence");
}

/* The copies, and zeroes behind them. To look through 8 MiB takes long: mostly they cannot be read. */
struct behind {
	struct image_device image;
	uint64_t bytes;
	bool readable;
};

static enum cause read_behind(void *ctx, void *buf, size_t len, uint64_t off, struct error *err)
{
	struct behind *b = ctx;
	size_t tail = off + len > b->image.size ? (size_t)(off + len - b->image.size) : 0;

	if (!b->bytes)
		return image_read_at(&b->image, buf, len, off, err);
	fuzz_check(off + len >= off && tail <= b->bytes, "a read beyond the end of the device");
	if (tail > 64 << 10 || (off > b->image.size + (64 << 10) && !b->readable))
		return error_set_os(err, CAUSE_DEVICE, 5, "img: cannot be read");
	tail = tail < len ? tail : len;
	memset((uint8_t *)buf + (len - tail), 0, tail);
	return tail == len ? CAUSE_OK : image_read_at(&b->image, buf, len - tail, off, err);
}

#define LONG "/01234567890123456789012345678901234567890123456789012345678901234567890123456789"

static const char *const paths[] = {"/dev/sda1", "/dev/s'a", "-x y", "/proc/self/fd/7", "", LONG LONG LONG,
	"/dev/a,b=c%d@e:f+g-h_i.j", "/dev/\xc3\xa4"};

static void judge(const uint8_t *image, uint64_t size, uint8_t how, uint8_t number)
{
	static struct luks luks;
	struct behind dev = {{.data = image, .size = size}, behind_bytes, number > 250};
	struct blkdev device = {.fd = -1,
			      .is_block = number & 1,
			      .major = number & 2,
			      .read_only = number & 128,
			      .name = "img"},
		      other = device;
	struct place p = {&device, how & 128 ? &other : NULL};
	struct header_report report;
	struct error err = {.text = ""};
	enum cause cause;

	strcpy(device.path, paths[number >> 2 & 7]);
	strcpy(other.path, paths[number >> 4 & 7]);
	if (how & 32) {
		dev.image.bad[0].off = number * 256u;
		dev.image.bad[0].len = 4096;
	}
	device.reader = (struct reader){read_behind, &dev, size + dev.bytes, "img"};
	other.reader = device.reader;
	if (how & 128)
		device.reader.size_bytes -= number * 64u < size ? number * 64u : 0;
	if (how & 64)
		want_token(&device.reader, number);
	cause = place_load(&p, &luks, &report, &err);
	fuzz_check(!dev.image.past_end, "a read beyond the end of the device");
	fuzz_check_printable(report.note);
	fuzz_check_printable(report.primary.why);
	fuzz_check_printable(report.secondary.why);
	if (cause) {
		fuzz_check(cause == CAUSE_DAMAGED || cause == CAUSE_DEVICE || cause == CAUSE_UNSUPPORTED,
			"a strange cause");
		fuzz_check(err.text[0], "a cause without a sentence");
		fuzz_check_printable(err.text);
		return;
	}
	if (model_fault(&luks))
		fuzz_check(false, model_fault(&luks));
	ask(&p, &luks, number);
	if (luks.version == 1)
		return;
	fuzz_check(report.used_secondary ? report.secondary.sound : report.primary.sound,
		"an unsound copy is used");
	fuzz_check(luks.seqid == (report.used_secondary ? report.secondary : report.primary).seqid,
		"the model is of the other copy");
	if (report.primary.sound && report.secondary.sound)
		fuzz_check(report.used_secondary == (report.secondary.seqid > report.primary.seqid),
			"the older copy is used");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	uint8_t how = fuzz_byte(&in), seqid = fuzz_byte(&in);
	uint64_t hdr_size = (how & 3) == 3 ? 2 * IMAGE_HDR_MIN : IMAGE_HDR_MIN;
	uint8_t *image = calloc(2, (size_t)hdr_size);

	if (!image)
		return 0;
	fuzz_text(&in, first_json, sizeof(first_json));
	fuzz_text(&in, second_json, sizeof(second_json));
	image_put_unsealed(image, 0, hdr_size, 8, first_json);
	image_put_unsealed(image, hdr_size, hdr_size, seqid, second_json[0] ? second_json : first_json);
	if ((how & 3) == 2)
		image_put_luks1(image);
	patch(image, hdr_size, &in);
	if (!(how & 4))
		seal(image, hdr_size);
	if (!(how & 8))
		seal(image + hdr_size, hdr_size);
	judge(image, how & 16 ? hdr_size + seqid * 64u : 2 * hdr_size, how, seqid);
	free(image);
	return 0;
}

/* Mutate one of the two texts as JSON, the rest as bytes. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	static char text[MUTATOR_ROOM];
	uint8_t *start = data + 2, *end;
	size_t len, tail;

	if (seed % 3 == 0 || size < 4 || size >= sizeof(text) / 2)
		return LLVMFuzzerMutate(data, size, max);
	end = memchr(start, 0, size - 2);
	if (end && seed % 3 == 1 && end + 1 < data + size) {
		start = end + 1;
		end = memchr(start, 0, (size_t)(data + size - start));
	}
	end = end ? end : data + size;
	memcpy(text, start, (size_t)(end - start));
	text[end - start] = 0;
	len = mutator_run(text, seed) ? strlen(text) : 0;
	tail = (size_t)(data + size - end);
	if (!len || (size_t)(start - data) + len + tail > max)
		return LLVMFuzzerMutate(data, size, max);
	memmove(start + len, end, tail);
	memcpy(start, text, len);
	return (size_t)(start - data) + len + tail;
}
