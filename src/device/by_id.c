/* SPDX-License-Identifier: MIT */
/*
 * by_id - see by_id.h.
 *
 * The names are made from the attributes of the disk and compared with the wanted one. @dir is "" for a disk
 * and
 * "../" for a partition: the way from the device's own folder to its disk's.
 */
#include "device/by_id.h"
#include "base/bytes.h"
#include "base/text.h"
#include "device/sysblock.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { ID_BYTES = 512, UP_MAX = 8, SCSI_ATAPI = 2, SCSI_TRANSPARENT = 6, MASS_STORAGE = 8 };

/* What udev leaves in a name; any other byte of ASCII becomes '_'. */
static bool is_allowed(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) ||
	       strchr("#+-.:=@_", c);
}

/* @s as it stands in a name, in place: @squeeze cuts the blanks around it and makes many into one. */
static char *clean(char *s, bool squeeze)
{
	char *to = s;

	for (const char *p = s; *p; p++) {
		if (squeeze && *p == ' ' && (to == s || p[1] == ' ' || !p[1]))
			continue;
		*to++ = is_allowed(*p) ? *p : '_';
	}
	*to = 0;
	return s;
}

/* The id without -partN, which must be there exactly when @number is not 0. */
static bool cut_part(const char *id, unsigned number, char out[static ID_BYTES])
{
	char tail[24] = "";
	size_t len = strlen(id), tail_len = 0;

	if (number)
		tail_len = text_format(tail, sizeof(tail), "-part%u", number);
	if (len < tail_len || len - tail_len >= ID_BYTES || strcmp(id + len - tail_len, tail))
		return false;
	memcpy(out, id, len - tail_len);
	out[len - tail_len] = 0;
	return true;
}

/* Kinds of disk whose name is a prefix and up to three attributes, with '_' between. */
static const struct plain {
	const char *prefix, *attributes[3];
} plain[] = {
	{"virtio-", {"serial"}},
	{"nvme-", {"wwid"}},
	{"nvme-", {"device/model", "device/serial"}},
	{"nvme-", {"device/model", "device/serial", "nsid"}},
	{"mmc-", {"device/name", "device/serial"}},
	{"dm-name-", {"dm/name"}},
	{"dm-uuid-", {"dm/uuid"}},
};

static bool plain_is(const char *name, const char *dir, const struct plain *p, const char *id)
{
	char text[SYSBLOCK_TEXT_BYTES], path[64];
	size_t len = strlen(p->prefix);

	if (strncmp(id, p->prefix, len))
		return false;
	for (unsigned i = 0; i < 3 && p->attributes[i]; i++) {
		id += len;
		if (i && *id++ != '_')
			return false;
		text_format(path, sizeof(path), "%s%s", dir, p->attributes[i]);
		if (!sysblock_text(name, path, text))
			return false;
		len = strlen(clean(text, false));
		if (strncmp(id, text, len))
			return false;
	}
	return !id[len];
}

/* The name by the disk's world-wide number, which the kernel writes "naa.5000c500...". */
static bool wwn_is(const char *name, const char *dir, const char *id)
{
	char text[SYSBLOCK_TEXT_BYTES], path[64], have[ID_BYTES];

	text_format(path, sizeof(path), "%sdevice/wwid", dir);
	if (!sysblock_text(name, path, text) || strncmp(text, "naa.", 4))
		return false;
	text_format(have, sizeof(have), "wwn-0x%s", text + 4);
	if (!strcmp(have, id))
		return true;
	text_format(have, sizeof(have), "scsi-3%s", text + 4);
	return !strcmp(have, id);
}

/*
 * A disk behind an ATA controller: the descriptor with which the kernel's translation answers a SCSI inquiry
 * (page 0x83) has the whole model and serial number; the attribute "model" has only 16 bytes of it.
 */
static bool ata_is(const char *name, const char *dir, const char *id)
{
	enum { VENDOR = 8, MODEL = 40, SERIAL = 20, ALL = VENDOR + MODEL + SERIAL };
	char path[SYSBLOCK_PATH_BYTES], model[MODEL + 1] = "", serial[SERIAL + 1] = "", have[ID_BYTES];
	uint8_t page[512];
	ssize_t n;
	int fd;

	text_format(path, sizeof(path), "/sys/class/block/%s/%sdevice/vpd_pg83", name, dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, page, sizeof(page));
	close(fd);
	for (ssize_t at = 4; at + 4 + ALL <= n; at += 4 + page[at + 3]) {
		const char *d = (const char *)page + at + 4;

		if ((page[at + 1] & 0x3f) != 1 || page[at + 3] != ALL || memcmp(d, "ATA     ", VENDOR))
			continue;
		memcpy(model, d + VENDOR, MODEL);
		memcpy(serial, d + VENDOR + MODEL, SERIAL);
		text_format(have, sizeof(have), "ata-%s_%s", clean(model, true), clean(serial, true));
		return !strcmp(have, id);
	}
	return false;
}

/* --- USB --- */

/* Attribute @what of the device @up folders above the disk's. */
static bool above(const char *name, const char *dir, unsigned up, const char *what,
	char text[static SYSBLOCK_TEXT_BYTES])
{
	char path[96] = "";
	size_t used = text_format(path, sizeof(path), "%sdevice/", dir);

	while (up--)
		used += text_format(path + used, sizeof(path) - used, "../");
	text_format(path + used, sizeof(path) - used, "%s", what);
	return sysblock_text(name, path, text);
}

/* A serial number with odd bytes is none. */
static bool usb_serial(const char *name, const char *dir, unsigned up, char text[static SYSBLOCK_TEXT_BYTES])
{
	if (!above(name, dir, up, "serial", text))
		return false;
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7f || *p == ',')
			return false;
	return *clean(text, true);
}

/* The vendor or the model: from the inquiry for mass storage, otherwise from the USB device, its number at
 * last. */
static void usb_word(const char *name, const char *dir, unsigned up, bool scsi,
	const char *const from[static 3], char text[static SYSBLOCK_TEXT_BYTES])
{
	if (scsi && above(name, dir, 0, from[0], text) && *clean(text, true))
		return;
	if (above(name, dir, up, from[1], text) && *clean(text, true))
		return;
	if (above(name, dir, up, from[2], text))
		clean(text, true);
}

/* ":target:lun" of the SCSI device, from the name of its folder: "2:0:0:0". */
static bool scsi_address(const char *name, const char *dir, char place[static 512], const char **target)
{
	char path[SYSBLOCK_PATH_BYTES];
	unsigned colons = 0;
	ssize_t n;

	text_format(path, sizeof(path), "/sys/class/block/%s/%sdevice", name, dir);
	n = readlink(path, place, 511);
	place[n > 0 ? n : 0] = 0;
	for (char *p = place + strlen(place); p > place && p[-1] != '/'; p--)
		if (p[-1] == ':' && ++colons == 2)
			*target = p;
	return colons == 3;
}

static bool usb_is(const char *name, const char *dir, const char *id)
{
	static const char *const vendor_from[] = {"vendor", "manufacturer", "idVendor"};
	static const char *const model_from[] = {"model", "product", "idProduct"};
	char vendor[SYSBLOCK_TEXT_BYTES], model[SYSBLOCK_TEXT_BYTES], serial[SYSBLOCK_TEXT_BYTES],
		have[4 * 256 + 16];
	char class[SYSBLOCK_TEXT_BYTES], place[512];
	const char *target = "";
	unsigned up = 1;
	uint64_t kind;
	bool scsi;

	if (strncmp(id, "usb-", 4) || !scsi_address(name, dir, place, &target))
		return false;
	while (!above(name, dir, up, "bInterfaceClass", class))
		if (++up > UP_MAX)
			return false;
	kind = 0;
	if (above(name, dir, up, "bInterfaceSubClass", serial) && !strncmp(class, "08", 2))
		kind = (uint64_t)(serial[0] - '0') * 16 + (uint64_t)(serial[1] - '0');
	scsi = kind == SCSI_ATAPI || kind == SCSI_TRANSPARENT;
	up++;
	usb_word(name, dir, up, scsi, vendor_from, vendor);
	usb_word(name, dir, up, scsi, model_from, model);
	if (!usb_serial(name, dir, up, serial))
		*serial = 0;
	text_format(
		have, sizeof(have), "usb-%s_%s%s%s-%s", vendor, model, *serial ? "_" : "", serial, target);
	return !strcmp(have, id);
}

bool by_id_is(const char *name, const char *id)
{
	char whole[ID_BYTES], disk[SYSBLOCK_NAME_BYTES];
	unsigned number = sysblock_partition(name, disk);
	const char *dir = number ? "../" : "";

	if (!cut_part(id, number, whole))
		return false;
	for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (plain_is(name, dir, &plain[i], whole))
			return true;
	return wwn_is(name, dir, whole) || ata_is(name, dir, whole) || usb_is(name, dir, whole);
}
