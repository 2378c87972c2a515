/* SPDX-License-Identifier: MIT */
/* seen - see seen.h. */
#include "boot/seen.h"

/* SEEN_MAX: no member. */
static unsigned find(const struct seen *s, unsigned place, uint64_t plugged)
{
	unsigned i = 0;

	while (i < SEEN_MAX && (s->places[i] != place + 1 || s->plugged[i] != plugged))
		i++;
	return i;
}

bool seen_has(const struct seen *s, unsigned place, uint64_t plugged)
{
	return find(s, place, plugged) < SEEN_MAX;
}

void seen_add(struct seen *s, unsigned place, uint64_t plugged)
{
	unsigned i = s->next++ % SEEN_MAX;

	s->places[i] = (uint8_t)(place + 1);
	s->plugged[i] = plugged;
}

void seen_remove(struct seen *s, unsigned place, uint64_t plugged)
{
	unsigned i = find(s, place, plugged);

	if (i < SEEN_MAX)
		s->places[i] = 0;
}
