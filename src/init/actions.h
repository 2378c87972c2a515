/* SPDX-License-Identifier: MIT */
/*
 * actions - what init does after each way in which latchkey can end.
 *
 * wait status  ->  one action. Pure; initramfs/README.md has the same table.
 */
#ifndef INIT_ACTIONS_H
#define INIT_ACTIONS_H

enum action {
	ACTION_MOUNT, /* all is open: mount the root */
	ACTION_AGAIN, /* after a pause that grows to 10 s */
	ACTION_STOP,  /* latchkey boot does not give up before it must: say so and stop */
};

/* @status is what waitpid gave. */
enum action actions_after(int status);

#endif
