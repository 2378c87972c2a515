/* SPDX-License-Identifier: MIT */
/* clock - how long something takes. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Microseconds since some moment; never backwards. */
uint64_t clock_now_us(void);

#endif
