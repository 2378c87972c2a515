/* SPDX-License-Identifier: MIT */
/*
 * actions - what init does after each way in which latchkey can end.
 *
 * wait status  ->  one action. Pure; README.md has the same table for people.
 */
#ifndef INITRAMFS_ACTIONS_H
#define INITRAMFS_ACTIONS_H

enum action {
	ACTION_MOUNT,		/* the root is mapped: mount it */
	ACTION_MOUNT_IF_MAPPED, /* somebody mapped it before us: mount it if /dev/mapper/NAME exists, else
				   stop */
	ACTION_ASK_AGAIN,	/* after a pause that grows to 10 s */
	ACTION_AWAIT_DEVICE,	/* wait for a block device to appear or change, then try again */
	ACTION_STOP,		/* no repetition can help: say so and stop */
};

/* @status is what waitpid gave. */
enum action action_after(int status);

#endif
