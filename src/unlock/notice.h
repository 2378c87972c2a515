/* SPDX-License-Identifier: MIT */
/* notice - a line on standard error that is no failure: "latchkey: TEXT". */
#ifndef UNLOCK_NOTICE_H
#define UNLOCK_NOTICE_H

void notice_print(const char *text);

#endif
