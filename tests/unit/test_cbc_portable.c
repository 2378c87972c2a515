/* SPDX-License-Identifier: MIT */
/* The tests of test_cbc.c on a processor without AES instructions. */
#define PORTABLE_AES
#include "test_cbc.c"
