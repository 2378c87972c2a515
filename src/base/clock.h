/* SPDX-License-Identifier: MIT */
/* clock - monotonic time: never backwards, whatever early boot sets the clock of the day to. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Since some moment. */
uint64_t clock_now_us(void);
uint64_t clock_now_ms(void);

#endif
