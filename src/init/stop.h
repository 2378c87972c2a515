/* SPDX-License-Identifier: MIT */
/* stop - the end of the road for a process that must not end. */
#ifndef INIT_STOP_H
#define INIT_STOP_H

/*
 * What the kernel does on a panic, as panic=@panic_s of the command line asks: above 0
 * restart after so many seconds, below 0 at once, 0 stay indefinitely. Never returns, never
 * offers a shell: to make the unlocking fail must gain an attacker nothing.
 */
_Noreturn void stop_machine(int panic_s);

#endif
