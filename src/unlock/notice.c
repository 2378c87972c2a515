/* SPDX-License-Identifier: MIT */
/* notice - see notice.h. */
#include "unlock/notice.h"
#include "base/text.h"

void notice_print(const char *text)
{
	text_print(2, "latchkey: %s\n", text);
}
