/* SPDX-License-Identifier: MIT */
/*
 * no_doubles - for targets whose compiler library cannot add two doubles in software (NO_FLOAT).
 *
 * The program has no floating point. The test library has a stopwatch, and printf can print
 * what nobody gives it: this lets them link. Every answer is 0; no test may depend on one.
 */
#include <stdint.h>

#define NOTHING(name)                                                                                        \
	uint64_t name(void);                                                                                 \
	uint64_t name(void)                                                                                  \
	{                                                                                                    \
		return 0;                                                                                    \
	}

NOTHING(__adddf3)
NOTHING(__subdf3)
NOTHING(__muldf3)
NOTHING(__divdf3)
NOTHING(__eqdf2)
NOTHING(__nedf2)
NOTHING(__ltdf2)
NOTHING(__ledf2)
NOTHING(__gtdf2)
NOTHING(__gedf2)
NOTHING(__unorddf2)
NOTHING(__fixdfsi)
NOTHING(__fixunsdfsi)
NOTHING(__fixdfdi)
NOTHING(__floatsidf)
NOTHING(__floatsisf)
NOTHING(__floatunsisf)
NOTHING(__fixsfsi)
NOTHING(__negdf2)
NOTHING(__unordsf2)
NOTHING(__floatunsidf)
NOTHING(__floatdidf)
NOTHING(__extendsfdf2)
NOTHING(__truncdfsf2)
NOTHING(__addsf3)
NOTHING(__subsf3)
NOTHING(__mulsf3)
NOTHING(__eqsf2)
NOTHING(__nesf2)
NOTHING(__ltsf2)
NOTHING(__lesf2)
NOTHING(__gtsf2)
NOTHING(__gesf2)
