/* SPDX-License-Identifier: MIT */
/* measure - see measure.h. */
#include "unlock/measure.h"
#include "base/os.h"
#include "base/text.h"
#include "unlock/notice.h"
#include "unlock/token_program.h"
#include "unlock/volume_key_id.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

enum { RECORD_BYTES = 2048, TPM_MS = 5000, LOOK_MS = 50 };

/* SHA-256 is in every TPM 2.0. The kernel tells of the others, if it is not older than 5.12. */
static bool has_bank(enum hash h)
{
	char path[64];

	text_format(path, sizeof(path), "/sys/class/tpm/tpm0/pcr-%s", hash_name(h));
	return h == HASH_SHA256 || !access(path, F_OK);
}

/* One of systemd's log, with RFC 7464's byte in front. */
static size_t make_record(const struct unlock_request *r, const struct volume_key *key, const char *uuid,
	char record[static RECORD_BYTES])
{
	static const uint8_t banks[] = {HASH_SHA256, HASH_SHA1, HASH_SHA384, HASH_SHA512};
	char text[VOLUME_KEY_ID_TEXT_BYTES], escaped[2 * VOLUME_KEY_ID_TEXT_BYTES],
		hex[2 * HASH_MAX_BYTES + 1];
	size_t used;

	volume_key_id_text(r->name, uuid, text);
	text_json(escaped, sizeof(escaped), text);
	used = text_format(record, RECORD_BYTES,
		"\x1e{\"pcr\":%d,\"content_type\":\"systemd\","
		"\"content\":{\"eventType\":\"volume-key\",\"string\":\"%s\"},\"digests\":",
		__builtin_ctz(r->measure_pcrs), escaped);
	for (unsigned i = 0; i < sizeof(banks); i++) {
		if (!has_bank(banks[i]))
			continue;
		volume_key_id_hmac(key, banks[i], text, hex);
		used += text_format(record + used, RECORD_BYTES - used,
			"%c{\"hashAlg\":\"%s\",\"digest\":\"%s\"}", i ? ',' : '[', hash_name(banks[i]), hex);
	}
	return used + text_format(record + used, RECORD_BYTES - used, "]}\n");
}

/* Firmware with ACPI has a table of its TPM. Without ACPI nothing tells. */
static bool may_have_tpm(void)
{
	return !access("/sys/firmware/acpi/tables/TPM2", F_OK) || access("/sys/firmware/acpi", F_OK);
}

/* Its driver may be a moment behind a key that lies ready. */
static int open_tpm(void)
{
	const int limit_ms = may_have_tpm() ? TPM_MS : 0;
	int fd;

	for (int ms = 0; (fd = os_open("/dev/tpmrm0", O_RDWR)) < 0 && ms < limit_ms; ms += LOOK_MS)
		(void)poll(NULL, 0, LOOK_MS);
	return fd;
}

static bool ignore(void *context, const char *line)
{
	(void)context, (void)line;
	return false;
}

/* Records of RFC 7464, each in one write. */
static void write_log(const char *record, size_t len)
{
	int fd;

	(void)mkdir("/run/log", 0755);
	(void)mkdir("/run/log/systemd", 0755);
	fd = open("/run/log/systemd/tpm2-measure.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)!text_write(fd, record, len);
	close(fd);
}

void measure(const struct unlock_request *r, const struct volume_key *key, const char *uuid)
{
	char record[RECORD_BYTES];
	size_t len = make_record(r, key, uuid, record);
	struct token_run run = {.program = "/lib/latchkey/token/systemd-tpm2",
		.text = record + 1,
		.len = len - 1,
		.device = open_tpm(),
		.answers = -1,
		.line = ignore};
	struct error err;
	enum cause cause = run.device < 0 ? error_set_os(&err, CAUSE_DEVICE, errno, "/dev/tpmrm0")
	                                  : token_program_run(&run, NULL, &err);

	close(run.device);
	if (!cause) {
		write_log(record, len);
		return;
	}
	error_prefix(&err, "%s: its volume key was not measured into the TPM", r->name);
	notice_print(err.text);
}
