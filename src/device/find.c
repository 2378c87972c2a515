/* SPDX-License-Identifier: MIT */
/* find - see find.h. */
#include "device/find.h"
#include "base/bytes.h"
#include "base/folder.h"
#include "base/text.h"
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Of the LUKS header's first 512 bytes (LUKS2 specification 2.1; LUKS1 has the UUID in the same place). */
enum { LABEL_OFF = 24, LABEL_BYTES = 48, UUID_OFF = 168, UUID_BYTES = 40, PROBE_BYTES = 512 };
/* Where a secondary header can be when the first sector is lost. */
enum { SECONDARY_MIN = 0x4000, SECONDARY_MAX = 0x400000, HDR_OFFSET_OFF = 256 };

enum key { BY_UUID, BY_LABEL };

struct wanted {
	enum key key;
	const char *value;
	char path[2][280]; /* of the first two devices that fit */
	unsigned found, held;
};

static bool field_is(const uint8_t *field, size_t bytes, const char *value, bool any_case)
{
	size_t len = strlen(value);

	if (len >= bytes || field[len])
		return false;
	return any_case ? !strncasecmp((const char *)field, value, len) : !memcmp(field, value, len);
}

/* Does a LUKS header with the wanted UUID or label stand at byte @off? */
static bool header_fits(int fd, off_t off, const struct wanted *w)
{
	uint8_t data[PROBE_BYTES];

	if (pread(fd, data, sizeof(data), off) != (ssize_t)sizeof(data))
		return false;
	if (memcmp(data, off ? "SKUL\xba\xbe" : "LUKS\xba\xbe", 6))
		return false;
	/* The secondary header of a partition stands inside its disk, too, but was not written for that place. */
	if (off && bytes_be64(data + HDR_OFFSET_OFF) != (uint64_t)off)
		return false;
	if (w->key == BY_UUID)
		return field_is(data + UUID_OFF, UUID_BYTES, w->value, true);
	return bytes_be16(data + 6) == 2 && field_is(data + LABEL_OFF, LABEL_BYTES, w->value, false);
}

static bool has_primary(int fd)
{
	char magic[6];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       !memcmp(magic, "LUKS\xba\xbe", sizeof(magic));
}

static bool device_fits(const char *path, const struct wanted *w)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool fits;

	if (fd < 0)
		return false;
	fits = header_fits(fd, 0, w);
	/* Only a device whose first header is lost is looked for by its second one. */
	for (off_t off = SECONDARY_MIN; !fits && !has_primary(fd) && off <= SECONDARY_MAX; off *= 2)
		fits = header_fits(fd, off, w);
	close(fd);
	return fits;
}

/* A member of a RAID or a device that is mapped already shows the same header as what stands on it. */
static bool has_holders(const char *name)
{
	char path[320];
	struct folder f;
	bool any;

	text_format(path, sizeof(path), "/sys/class/block/%s/holders", name);
	if (!folder_open(&f, path))
		return false;
	any = folder_next(&f) != NULL;
	folder_close(&f);
	return any;
}

/* Reading a mapping that is suspended would wait until somebody resumes it. */
static bool is_suspended(const char *name)
{
	char path[320], answer = 0;
	int fd;

	text_format(path, sizeof(path), "/sys/class/block/%s/dm/suspended", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	(void)!read(fd, &answer, 1);
	close(fd);
	return answer == '1';
}

static void consider(const char *name, struct wanted *w)
{
	char path[280];

	if (is_suspended(name))
		return;
	text_format(path, sizeof(path), "/dev/%s", name);
	for (char *p = path; *p; p++)
		if (*p == '!')
			*p = '/'; /* as /sys writes cciss/c0d0 */
	if (!device_fits(path, w))
		return;
	if (has_holders(name)) {
		/* Only worth naming when nothing else fits. */
		if (!w->held++ && !w->found)
			memcpy(w->path[0], path, sizeof(path));
		return;
	}
	if (w->found < 2)
		memcpy(w->path[w->found], path, sizeof(path));
	w->found++;
}

static enum cause search(struct wanted *w, const char *spec, char *out, size_t out_bytes, struct error *err)
{
	const char *name;
	char safe[128];
	struct folder f;

	text_escape(safe, sizeof(safe), spec);
	if (!folder_open(&f, "/sys/class/block"))
		return error_set(err, CAUSE_DEVICE, "%s: cannot be looked for: /sys is not mounted", safe);
	while ((name = folder_next(&f)))
		consider(name, w);
	folder_close(&f);
	if (w->found > 1)
		return error_set(err, CAUSE_DEVICE, "%s: is on two devices, %s and %s; name one by its path", safe,
			w->path[0], w->path[1]);
	if (!w->found && !w->held)
		return error_set(err, CAUSE_DEVICE, "%s: no LUKS volume here is called that", safe);
	text_format(out, out_bytes, "%s", w->path[0]);
	return CAUSE_OK;
}

/* The part of @s behind @prefix, or NULL. */
static const char *behind(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) ? NULL : s + len;
}

enum cause find_device(const char *spec, char *path, size_t path_bytes, struct error *err)
{
	struct wanted w = {0};

	if (behind(spec, "PARTUUID=") || behind(spec, "PARTLABEL="))
		return error_set(err, CAUSE_UNSUPPORTED, "%s: partitions are not looked for yet; give a path or UUID=",
			spec);
	if ((w.value = behind(spec, "UUID=")))
		w.key = BY_UUID;
	else if ((w.value = behind(spec, "LABEL=")))
		w.key = BY_LABEL;
	else if ((w.value = behind(spec, "/dev/disk/by-uuid/")) && access(spec, F_OK))
		w.key = BY_UUID;
	else if ((w.value = behind(spec, "/dev/disk/by-label/")) && access(spec, F_OK))
		w.key = BY_LABEL;
	else if (strlen(spec) >= path_bytes)
		return error_set(err, CAUSE_DEVICE, "the path of the device is too long");
	else
		w.value = NULL;
	/* A volume without a label is not called "". */
	if (w.value && !*w.value)
		return error_set(err, CAUSE_USAGE, "%s: names no device", spec);
	if (w.value)
		return search(&w, spec, path, path_bytes, err);
	text_format(path, path_bytes, "%s", spec);
	return CAUSE_OK;
}
