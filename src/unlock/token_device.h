/* SPDX-License-Identifier: MIT */
/* token_device - the devices that a token program asks for: "need DEVICE" of latchkey-token(7). */
#ifndef UNLOCK_TOKEN_DEVICE_H
#define UNLOCK_TOKEN_DEVICE_H

#include <stdbool.h>

enum {
	TOKEN_DEVICES_MAX = 64, /* as many hidraw devices as a kernel has */
	TOKEN_NEED_BYTES = 40,
	TOKEN_DEVICE_BYTES = TOKEN_NEED_BYTES + 5,
};

/* In the place of a path: no device, but the network. */
#define TOKEN_NETWORK "network"

/*
 * The path of the device with the number @n, below TOKEN_DEVICES_MAX, if it is there and is what @need asks
 * for: "hidraw f1d0", "node tpmrm0". What is no such word has no device. "network" is always there, with
 * TOKEN_NETWORK as its path.
 */
bool token_device(const char *need, unsigned n, char path[static TOKEN_DEVICE_BYTES]);

#endif
