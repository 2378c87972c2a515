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

bool seen_has(const struct seen *s, unsigned place, uint64_t plugged, uint64_t now_ms)
{
	unsigned i = find(s, place, plugged);

	return i < SEEN_MAX && (!s->again_ms[i] || now_ms < s->again_ms[i]);
}

void seen_add(struct seen *s, unsigned place, uint64_t plugged)
{
	unsigned i = find(s, place, plugged);

	if (i == SEEN_MAX) {
		i = s->next++ % SEEN_MAX;
		s->tries[i] = 0;
	}
	s->places[i] = (uint8_t)(place + 1);
	s->plugged[i] = plugged;
	s->again_ms[i] = 0;
}

enum seen_again seen_again(struct seen *s, unsigned place, uint64_t plugged, uint64_t again_ms, bool errors)
{
	unsigned i = find(s, place, plugged), tries;

	if (i == SEEN_MAX)
		return SEEN_NO_MORE;
	tries = s->tries[i];
	if (errors && tries > SEEN_ERRORS)
		return SEEN_NO_MORE;
	s->again_ms[i] = again_ms;
	s->tries[i] = (uint8_t)((tries ? tries : 1) + errors);
	return tries ? SEEN_AGAIN : SEEN_FIRST;
}

void seen_remove(struct seen *s, unsigned place, uint64_t plugged)
{
	unsigned i = find(s, place, plugged);

	if (i < SEEN_MAX)
		s->places[i] = 0;
}
