/* SPDX-License-Identifier: MIT */
/* slow - see state.h. */
#include "base/text.h"
#include "boot/state.h"

/* Nobody is locked out: without an answer it is yes. */
enum { ANSWER_S = 30 };

static struct credential *held(const struct boot *b)
{
	return (struct credential *)&b->credentials[b->slow->trying];
}

static void decide(struct boot *b, bool yes)
{
	b->slow->patient = yes;
	if (!yes)
		held(b)->tried |= b->slow->bit;
	b->slow = NULL;
}

bool slow_ask(struct boot *b, struct volume *v)
{
	if (!v->needed_s || v->patient || b->slow || v->plan->flags.headless || b->plan->headless)
		return false;
	b->slow = v;
	b->slow_since_ms = b->now_ms;
	held(b)->tried &= ~v->bit; /* it is kept until there is an answer */
	return true;
}

bool slow_question(struct boot *b, char *text, size_t size)
{
	if (b->slow && b->slow->state != VOLUME_READY)
		b->slow = NULL;
	if (b->slow && boot_is_over(b, b->slow_since_ms, ANSWER_S))
		decide(b, true);
	if (b->slow)
		text_format(text, size, "%s: continue (about %u s)? [Y/n] ", b->slow->plan->name,
			b->slow->needed_s);
	return b->slow;
}

bool slow_answer(struct boot *b, const uint8_t *line, size_t len)
{
	bool yes = !len || (len == 1 && (*line | 0x20) == 'y'),
	     answer = yes || (len == 1 && (*line | 0x20) == 'n');

	if (!b->slow)
		return false;
	decide(b, yes);
	return answer; /* anything else is another passphrase */
}
