/* SPDX-License-Identifier: MIT */
/* The tests of test_wipe_stack.c on a processor without AES instructions. */
#define PORTABLE_AES
#include "test_wipe_stack.c"
