/* SPDX-License-Identifier: MIT */
/* token_device - see token_device.h. */
#include "unlock/token_device.h"
#include "base/file.h"
#include "base/text.h"
#include "config/words.h"
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Specification of HID 1.11, 6.2.2: an item is a prefix and 0, 1, 2 or 4 bytes, least first. */
enum { ITEM_SIZE = 3, USAGE_PAGE = 0x04, LONG_ITEM = 0xfe, REPORT_DESCRIPTOR_BYTES = 4096 };

static bool has_usage_page(const uint8_t *report, size_t len, const char *page)
{
	for (size_t at = 0; at < len; at++) {
		unsigned prefix = report[at], size = prefix & ITEM_SIZE;
		char value[5];

		size += size == 3;
		if (prefix == LONG_ITEM || size >= len - at)
			return false;
		text_format(value, sizeof(value), "%02x%02x", size > 1 ? report[at + 2] : 0,
			size ? report[at + 1] : 0);
		if ((prefix & ~(unsigned)ITEM_SIZE) == USAGE_PAGE && !strcmp(value, page))
			return true;
		at += size;
	}
	return false;
}

static bool is_hidraw(unsigned n, const char *page)
{
	uint8_t report[REPORT_DESCRIPTOR_BYTES + 1];
	char path[64];
	ssize_t len;

	text_format(path, sizeof(path), "/sys/class/hidraw/hidraw%u/device/report_descriptor", n);
	len = file_read(path, report, sizeof(report));
	return len > 0 && has_usage_page(report, (size_t)len, page);
}

static bool is_plain(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	return len && !name[len];
}

/*
 * None that reaches memory or disks, shows or hears what is typed for latchkey, or restarts the machine
 * (admin-guide/devices.txt).
 */
static bool is_allowed(const char *name, dev_t device)
{
	enum {
		MEMORY = 1,
		TERMINALS = 4,
		SERIAL_MINOR = 64,
		CONSOLES = 5,
		SCREENS = 7,
		MISC = 10,
		SCSI_GENERIC = 21
	};
	static const char refused[] = "watchdog* nvme* ng* mmc* mtd* ubi* ipmi* fb*";
	char consoles[128];
	unsigned number = major(device);

	(void)file_read("/sys/class/tty/console/active", consoles, sizeof(consoles));
	consoles[strcspn(consoles, "\n")] = 0;
	return number != MEMORY && (number != TERMINALS || minor(device) >= SERIAL_MINOR) &&
	       number != CONSOLES && number != SCREENS && number != SCSI_GENERIC &&
	       (number != MISC || words_begins(name, "tpm")) && words_index(refused, name) < 0 &&
	       words_index(consoles, name) < 0;
}

bool token_device(const char *need, unsigned n, char path[static TOKEN_DEVICE_BYTES])
{
	struct stat st;

	if (!n && !strcmp(need, TOKEN_NETWORK)) {
		text_format(path, TOKEN_DEVICE_BYTES, TOKEN_NETWORK);
		return true;
	}
	if (words_begins(need, "hidraw ") && is_hidraw(n, need + 7))
		text_format(path, TOKEN_DEVICE_BYTES, "/dev/hidraw%u", n);
	else if (!n && words_begins(need, "node ") && is_plain(need + 5))
		text_format(path, TOKEN_DEVICE_BYTES, "/dev/%s", need + 5);
	else
		return false;
	return !stat(path, &st) && S_ISCHR(st.st_mode) && is_allowed(path + strlen("/dev/"), st.st_rdev);
}
