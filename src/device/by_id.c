/* SPDX-License-Identifier: MIT */
/*
 * by_id - see by_id.h.
 *
 * The names are made from the attributes of the disk and compared with the wanted one.
 */
#include "device/by_id.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/text.h"
#include "device/sysblock.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { ID_BYTES = 512 };

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

static bool plain_is(const char *disk, const struct plain *p, const char *id)
{
	char text[SYSBLOCK_TEXT_BYTES];
	size_t len = strlen(p->prefix);

	if (strncmp(id, p->prefix, len))
		return false;
	for (unsigned i = 0; i < 3 && p->attributes[i]; i++) {
		id += len;
		if (i && *id++ != '_')
			return false;
		if (!sysblock_text(disk, p->attributes[i], text))
			return false;
		len = strlen(clean(text, false));
		if (strncmp(id, text, len))
			return false;
	}
	return !id[len];
}

/* The name by the disk's world-wide number, which the kernel writes "naa.5000c500...". */
static bool wwn_is(const char *disk, const char *id)
{
	char text[SYSBLOCK_TEXT_BYTES];

	return (!strncmp(id, "wwn-0x", 6) || !strncmp(id, "scsi-3", 6)) &&
	       sysblock_text(disk, "device/wwid", text) && !strncmp(text, "naa.", 4) &&
	       !strcmp(text + 4, id + 6);
}

/*
 * A disk behind an ATA controller: the descriptor with which the kernel's translation answers a SCSI inquiry
 * (page 0x83) has the whole model and serial number; the attribute "model" has only 16 bytes of it.
 */
enum { MODEL = 40, SERIAL = 20 };

static bool ata_words(const char *disk, char model[static MODEL + 1], char serial[static SERIAL + 1])
{
	enum { VENDOR = 8, ALL = VENDOR + MODEL + SERIAL };
	char path[SYSBLOCK_PATH_BYTES];
	uint8_t page[512];
	ssize_t n;

	text_format(path, sizeof(path), "/sys/class/block/%s/device/vpd_pg83", disk);
	n = file_read(path, page, sizeof(page));
	if (n < 0 && errno == EFBIG)
		n = sizeof(page) - 1; /* what is wanted stands at the beginning of a longer one, too */
	for (ssize_t at = 4; at + 4 + ALL <= n; at += 4 + page[at + 3]) {
		const char *d = (const char *)page + at + 4;

		if ((page[at + 1] & 0x3f) != 1 || page[at + 3] != ALL || memcmp(d, "ATA     ", VENDOR))
			continue;
		memcpy(model, d + VENDOR, MODEL);
		memcpy(serial, d + VENDOR + MODEL, SERIAL);
		(void)clean(model, true), (void)clean(serial, true);
		return true;
	}
	return false;
}

static bool ata_is(const char *disk, const char *id)
{
	char model[MODEL + 1] = "", serial[SERIAL + 1] = "", have[ID_BYTES];

	if (!ata_words(disk, model, serial))
		return false;
	text_format(have, sizeof(have), "ata-%s_%s", model, serial);
	return !strcmp(have, id);
}

/* --- USB --- */

/* Attribute @what in @folder, as it stands in a name; "" when there is none. */
static char *usb_word(const char *disk, const char *folder, const char *what,
	char text[static SYSBLOCK_TEXT_BYTES])
{
	char path[96];

	text_format(path, sizeof(path), "%s%s", folder, what);
	(void)sysblock_text(disk, path, text);
	/* A serial number with such bytes is none. */
	for (const char *p = text; *p && *what == 's'; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7f || *p == ',')
			*text = 0;
	return clean(text, true);
}

/* The "target:lun" of the SCSI device, from the name of its folder, "2:0:0:0", which goes into @place. */
static const char *scsi_address(const char *disk, char place[static 512])
{
	char path[SYSBLOCK_PATH_BYTES];
	unsigned colons = 0;
	ssize_t n;

	text_format(path, sizeof(path), "/sys/class/block/%s/device", disk);
	n = readlink(path, place, 511);
	place[n > 0 ? n : 0] = 0;
	for (char *p = place + strlen(place); p > place && p[-1] != '/'; p--)
		if (p[-1] == ':' && ++colons == 2)
			return p;
	return NULL;
}

enum { FOLDER_BYTES = 64 };

/* The folder of the USB interface above the disk; false when there is none. */
static bool usb_interface(const char *disk, char folder[static FOLDER_BYTES])
{
	char text[SYSBLOCK_TEXT_BYTES];
	size_t used = text_format(folder, FOLDER_BYTES, "device/");

	while (!*usb_word(disk, folder, "bInterfaceClass", text)) {
		if (used + 4 > FOLDER_BYTES / 2)
			return false;
		used += text_format(folder + used, FOLDER_BYTES - used, "../");
	}
	return true;
}

/* Mass storage that takes SCSI commands: the inquiry's words count. */
static bool usb_is_scsi(const char *disk, const char *interface)
{
	char text[SYSBLOCK_TEXT_BYTES];

	if (strcmp(usb_word(disk, interface, "bInterfaceClass", text), "08"))
		return false;
	(void)usb_word(disk, interface, "bInterfaceSubClass", text);
	return !strcmp(text, "06") || !strcmp(text, "02");
}

/* Vendor or model: the inquiry's word, otherwise the USB device's, otherwise its number. */
struct usb_words {
	const char *inquiry, *device, *number;
};

static void usb_name(const char *disk, const char *device, bool scsi, const struct usb_words *w,
	char text[static SYSBLOCK_TEXT_BYTES])
{
	if (scsi && *usb_word(disk, "device/", w->inquiry, text))
		return;
	if (!*usb_word(disk, device, w->device, text))
		(void)usb_word(disk, device, w->number, text);
}

static bool usb_is(const char *disk, const char *id)
{
	static const struct usb_words vendor_words = {"vendor", "manufacturer", "idVendor"},
				      model_words = {"model", "product", "idProduct"};
	char vendor[SYSBLOCK_TEXT_BYTES], model[SYSBLOCK_TEXT_BYTES], serial[SYSBLOCK_TEXT_BYTES];
	char interface[FOLDER_BYTES], device[FOLDER_BYTES], place[512], have[1024];
	const char *target = strncmp(id, "usb-", 4) ? NULL : scsi_address(disk, place);
	bool scsi;

	if (!target || !usb_interface(disk, interface))
		return false;
	scsi = usb_is_scsi(disk, interface);
	text_format(device, sizeof(device), "%s../", interface);
	usb_name(disk, device, scsi, &vendor_words, vendor);
	usb_name(disk, device, scsi, &model_words, model);
	(void)usb_word(disk, device, "serial", serial);
	text_format(have, sizeof(have), "usb-%s_%s%s%s-%s", vendor, model, *serial ? "_" : "", serial,
		target);
	return !strcmp(have, id);
}

bool by_id_is(const char *name, const char *id)
{
	char whole[ID_BYTES], disk[SYSBLOCK_NAME_BYTES];
	unsigned number = sysblock_partition(name, disk);

	if (!cut_part(id, number, whole))
		return false;
	if (number)
		name = disk;
	for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (plain_is(name, &plain[i], whole))
			return true;
	return wwn_is(name, whole) || ata_is(name, whole) || usb_is(name, whole);
}

bool by_id_has_serial(const char *name, const char *serial, size_t len)
{
	char disk[SYSBLOCK_NAME_BYTES], folder[FOLDER_BYTES], text[SYSBLOCK_TEXT_BYTES],
		model[MODEL + 1] = "", ata[SERIAL + 1] = "";

	if (sysblock_partition(name, disk))
		name = disk;
	if (ata_words(name, model, ata))
		return !strncmp(ata, serial, len);
	if (usb_interface(name, folder))
		text_format(folder + strlen(folder), sizeof(folder) - strlen(folder), "../");
	else
		text_format(folder, sizeof(folder), "device/");
	return (*usb_word(name, folder, "serial", text) || *usb_word(name, "", "serial", text)) &&
	       !strncmp(text, serial, len);
}
