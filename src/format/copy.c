/* SPDX-License-Identifier: MIT */
/* copy - see copy.h. */
#include "format/copy.h"
#include "base/text.h"
#include "format/json_text.h"
#include "format/luks2_check.h"
#include "format/luks2_json.h"
#include <string.h>
#include <sys/mman.h>

void copy_close(struct copy *c)
{
	if (c->data)
		munmap(c->data, (size_t)c->bin.hdr_size_bytes);
	c->data = NULL;
}

/* The whole copy behind its @first bytes, in a mapping. */
static enum cause read_rest(const struct reader *r, const uint8_t *first, struct copy *c)
{
	size_t size = (size_t)c->bin.hdr_size_bytes;
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return error_set(&c->why, CAUSE_RESOURCE, "no memory for a header of %llu bytes",
			(unsigned long long)size);
	c->data = map;
	memcpy(c->data, first, LUKS2_BINARY_BYTES);
	return reader_read(r, c->data + LUKS2_BINARY_BYTES, size - LUKS2_BINARY_BYTES,
		c->at + LUKS2_BINARY_BYTES, &c->why);
}

static enum copy_state state_of(enum cause cause)
{
	switch (cause) {
	case CAUSE_OK:
		return COPY_SOUND;
	case CAUSE_DEVICE:
	case CAUSE_RESOURCE:
		return COPY_UNREADABLE;
	default:
		return COPY_DAMAGED;
	}
}

/* The name of what left its mark in the first 4096 bytes of a device, or NULL. */
static const char *foreign_mark(const uint8_t first[static LUKS2_BINARY_BYTES])
{
	static const struct {
		uint16_t off;
		uint8_t len;
		const char *mark, *name;
	} marks[] = {
		{1080, 2, "\x53\xef", "ext4"},
		{0, 4, "XFSB", "xfs"},
		{0, 4, "hsqs", "squashfs"},
		{3, 8, "-FVE-FS-", "BitLocker"},
		{512, 8, "LABELONE", "LVM"},
		{4086, 10, "SWAPSPACE2", "swap"},
		{510, 2, "\x55\xaa", "a partition table, FAT or NTFS"},
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (!memcmp(first + marks[i].off, marks[i].mark, marks[i].len))
			return marks[i].name;
	return NULL;
}

/* The re-encryption of a LUKS1 volume; all fields but the magic are as before. */
static void refuse_offline(const uint8_t *first, struct copy *c)
{
	const char *uuid = (const char *)first + LUKS_UUID_OFF;

	c->offline = true;
	c->state = COPY_DAMAGED;
	c->why.cause = CAUSE_UNSUPPORTED;
	luks_offline_reencryption(c->why.text, sizeof(c->why.text), luks_uuid_is_valid(uuid) ? uuid : "UUID");
}

static void open_once(const struct reader *r, uint64_t at, struct copy *c)
{
	uint8_t first[LUKS2_BINARY_BYTES];
	enum luks_magic magic;
	enum cause cause;

	*c = (struct copy){.at = at};
	cause = reader_read(r, first, sizeof(first), at, &c->why);
	magic = cause ? LUKS_MAGIC_NONE : luks_magic(first, &c->version);
	if (magic == LUKS_MAGIC_OFFLINE) {
		refuse_offline(first, c);
		return;
	}
	if (!cause && magic == LUKS_MAGIC_NONE) {
		c->foreign = at ? NULL : foreign_mark(first);
		error_set(&c->why, CAUSE_DAMAGED, "has no LUKS magic%s%s",
			c->foreign ? " but the signature of " : "", c->foreign ? c->foreign : "");
		return;
	}
	if (!cause)
		cause = luks2_binary_decode(first, at, &c->bin, &c->why);
	if (!cause)
		cause = read_rest(r, first, c);
	if (!cause)
		cause = luks2_binary_verify(&c->bin, c->data, &c->why);
	c->state = state_of(cause);
	if (cause)
		copy_close(c);
}

void copy_open(const struct reader *r, uint64_t at, struct copy *c)
{
	open_once(r, at, c);
	if (c->state == COPY_DAMAGED && c->version == 2)
		open_once(r, at, c);
}

void copy_find_secondary(const struct reader *r, struct copy *c)
{
	struct copy best = {0};

	for (uint64_t at = LUKS2_HDR_SIZE_MIN; at <= LUKS2_HDR_SIZE_MAX; at *= 2) {
		if (at + LUKS2_BINARY_BYTES > r->size_bytes)
			break;
		open_once(r, at, c);
		if (c->state == COPY_SOUND)
			return;
		if (c->state > best.state)
			best = *c;
	}
	*c = best;
}

/* The JSON text ends at the first NUL, and behind it the area is empty (2.2). */
static enum cause json_text(const struct copy *c, const char **text, size_t *len, struct error *err)
{
	size_t area = (size_t)c->bin.hdr_size_bytes - LUKS2_BINARY_BYTES;

	*text = (const char *)c->data + LUKS2_BINARY_BYTES;
	*len = strnlen(*text, area);
	if (*len == area)
		return error_set(err, CAUSE_DAMAGED, "JSON text is not terminated");
	/* Each byte from the NUL on is as the one before it. */
	if (memcmp(*text + *len, *text + *len + 1, area - *len - 1))
		return error_set(err, CAUSE_DAMAGED, "bytes after the JSON text");
	return CAUSE_OK;
}

static enum cause model_from(const struct copy *c, struct luks *luks, struct error *err)
{
	struct luks2_links links;
	const char *text;
	size_t len;
	enum cause cause;

	memset(luks, 0, sizeof(*luks));
	luks->version = 2;
	luks->seqid = c->bin.seqid;
	luks->hdr_size_bytes = c->bin.hdr_size_bytes;
	memcpy(luks->uuid, c->bin.uuid, sizeof(luks->uuid));
	memcpy(luks->label, c->bin.label, sizeof(luks->label));
	memcpy(luks->subsystem, c->bin.subsystem, sizeof(luks->subsystem));
	cause = json_text(c, &text, &len, err);
	if (!cause)
		cause = luks2_json_read(text, len, luks, &links, err);
	if (!cause)
		cause = luks2_check(luks, &links, err);
	return cause;
}

void copy_judge(struct copy *c, struct luks *luks)
{
	if (c->state == COPY_SOUND)
		c->state = state_of(model_from(c, luks, &c->why));
}

size_t copy_token(const struct copy *c, unsigned id, const char **text)
{
	char name[4];
	const char *tokens = json_text_member((const char *)c->data + LUKS2_BINARY_BYTES, "tokens");

	text_format(name, sizeof(name), "%u", id);
	*text = tokens ? json_text_member(tokens, name) : NULL;
	return *text ? json_text_bytes(*text) : 0;
}

bool copy_is_unknown(const struct copy *c)
{
	return c->state == COPY_DAMAGED && c->why.cause == CAUSE_UNSUPPORTED;
}
