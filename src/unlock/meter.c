/* SPDX-License-Identifier: MIT */
/* meter - see meter.h. */
#include "unlock/meter.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/kdf.h"
#include <string.h>
#include <unistd.h>

/* Between two drawings. */
enum { REST_US = 250000 };
enum { LINE_BYTES = sizeof(((struct meter *)0)->what) + 40 };

unsigned meter_seconds_left(struct meter_pace *pace, uint64_t done, uint64_t total)
{
	uint64_t now = clock_now_us(), spent = now - pace->start_us;

	if (done >= total)
		pace->start_us = now; /* of the next one */
	if (!done || done >= total || spent < 1000000)
		return 0;
	return (unsigned)((spent / 1000 * (total - done) / done + 999) / 1000);
}

size_t meter_text(char *out, size_t size, unsigned percent, unsigned left)
{
	size_t used = text_format(out, size, "%u %%", percent);

	return left ? used + text_format(out + used, size - used, ", about %u s left", left) : used;
}

static void draw(struct meter *m, unsigned percent, unsigned left)
{
	char line[LINE_BYTES], how_far[40];
	size_t columns;

	meter_text(how_far, sizeof(how_far), percent, left);
	columns = text_format(line, sizeof(line), "%s: %s", m->what, how_far);
	/* Covers what was there: a shorter line follows a longer one. */
	while (columns < m->columns && columns < sizeof(line) - 1)
		line[columns++] = ' ';
	line[columns] = 0;

	text_print(m->fd, "\r%s", line);
	m->columns = columns > m->columns ? (unsigned)columns : m->columns;
	m->drawn_us = clock_now_us();
}

static void take_away(struct meter *m)
{
	char blanks[LINE_BYTES];

	if (!m->columns)
		return;
	memset(blanks, ' ', m->columns);
	blanks[m->columns] = 0;
	text_print(m->fd, "\r%s\r", blanks);
	m->columns = 0;
}

static void tell(void *context, uint64_t done, uint64_t total)
{
	struct meter *m = context;

	unsigned left = meter_seconds_left(&m->pace, done, total);

	if (m->what[0] && clock_now_us() - m->drawn_us >= REST_US)
		draw(m, (unsigned)(done * 100 / total), left);
}

void meter_begin(struct meter *m, int fd)
{
	*m = (struct meter){.fd = fd >= 0 && isatty(fd) ? fd : -1,
		.pace = {clock_now_us()},
		.progress = {tell, m}};
	if (m->fd >= 0)
		(void)kdf_tell(&m->progress);
}

void meter_keyslot(struct meter *m, const struct luks_keyslot *slot)
{
	if (m->fd < 0)
		return;
	take_away(m);
	text_format(m->what, sizeof(m->what), "keyslot %u: %s", slot->id, kdf_name(slot->kdf.kind));
	if (slot->kdf.kind != KDF_PBKDF2)
		text_format(m->what, sizeof(m->what), "keyslot %u: %s, %u MiB", slot->id,
			kdf_name(slot->kdf.kind), slot->kdf.memory_kib >> 10);
	draw(m, 0, 0);
}

void meter_end(struct meter *m)
{
	if (m->fd < 0)
		return;
	take_away(m);
	(void)kdf_tell(NULL);
}
