/* SPDX-License-Identifier: MIT */
/* slow - see state.h. */
#include "base/text.h"
#include "boot/state.h"
#include <strings.h>

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
	if (v->patient || v->plan->flags.headless || b->plan->headless)
		return false;
	if (b->slow) { /* one question at a time: it is tried again then */
		b->credentials[v->trying].tried &= ~v->bit;
		return true;
	}
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
		decide(b, !held(b)->by_chance); /* a stranger's key is not worth the time */
	if (b->slow)
		text_format(text, size, "%s: continue (about %u s)? [Y/n] ", b->slow->plan->name,
			b->slow->needed_s);
	return b->slow;
}

bool slow_answer(struct boot *b, const uint8_t *line, size_t len)
{
	const char *text = (const char *)line;
	bool yes = !len || (len == 1 && !strncasecmp(text, "y", 1)) ||
	           (len == 3 && !strncasecmp(text, "yes", 3)),
	     answer = yes || (len == 1 && !strncasecmp(text, "n", 1)) ||
	              (len == 2 && !strncasecmp(text, "no", 2));

	if (!b->slow)
		return false;
	decide(b, yes);
	return answer; /* anything else is another passphrase */
}
