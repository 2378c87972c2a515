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

static void draw(struct meter *m, unsigned percent)
{
	char line[sizeof(m->what) + 16];
	size_t columns = text_format(line, sizeof(line), "%s: %u %%", m->what, percent);

	text_print(m->fd, "\r%s", line);
	m->columns = columns > m->columns ? (unsigned)columns : m->columns;
	m->drawn_us = clock_now_us();
}

static void take_away(struct meter *m)
{
	char blanks[sizeof(m->what) + 16];

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

	if (m->what[0] && clock_now_us() - m->drawn_us >= REST_US)
		draw(m, (unsigned)(done * 100 / total));
}

void meter_begin(struct meter *m, int fd)
{
	*m = (struct meter){.fd = fd >= 0 && isatty(fd) ? fd : -1, .progress = {tell, m}};
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
	draw(m, 0);
}

void meter_end(struct meter *m)
{
	if (m->fd < 0)
		return;
	take_away(m);
	(void)kdf_tell(NULL);
}
