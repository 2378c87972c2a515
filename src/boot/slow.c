/* SPDX-License-Identifier: MIT */
/* slow - see state.h. */
#include "base/text.h"
#include "boot/state.h"
#include <string.h>
#include <strings.h>

/* Then the answer is yes, so that no machine stays locked for lack of one. */
enum { ANSWER_S = 30 };

/* What was tried on the volume that is asked about. */
static struct credential *held(struct boot *b)
{
	return &b->credentials[b->slow->trying];
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
	if (v->patient || v->plan->flags.headless)
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

static bool is_word(const uint8_t *line, size_t len, const char *word)
{
	return len == strlen(word) && !strncasecmp((const char *)line, word, len);
}

bool slow_answer(struct boot *b, const uint8_t *line, size_t len)
{
	bool yes = !len || is_word(line, len, "y") || is_word(line, len, "yes");
	bool answer = yes || is_word(line, len, "n") || is_word(line, len, "no");

	if (!b->slow)
		return false;
	decide(b, yes);
	return answer; /* anything else is another passphrase */
}
