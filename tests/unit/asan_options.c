/* SPDX-License-Identifier: MIT */
/*
 * asan_options - what the sanitizers do in the unit tests unless ASAN_OPTIONS says otherwise.
 *
 * Since gcc 14 (and clang 15) they move variables from the stack to memory of their own by default,
 * to find uses after a return. The tests that look for secrets on the stack need it where it is in
 * the program.
 */
#pragma GCC visibility push(default) /* a shared library asks for it */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}
#pragma GCC visibility pop
