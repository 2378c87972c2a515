/* SPDX-License-Identifier: MIT */
/*
 * keymap - the layout of the keyboard, for passphrases that are typed.
 *
 * /etc/keymaps/NAME of the image is what `loadkeys --bkeymap` writes, little-endian:
 *
 *	"bkeymap"             7 bytes
 *	maps                  256 bytes: 1 if a map for this combination of modifiers follows
 *	128 values a map      16 bits each, of struct kbentry
 *
 * Behind it is the table of dead keys and compose sequences that mkkeymap adds: three values of 32 bits
 * each, as in struct kbdiacruc. Without one the kernel's own remains, which has those of Latin-1.
 * /etc/keymaps/default is a link to one of the keymaps.
 * Sources: kbd, src/libkeymap; include/uapi/linux/kd.h.
 */
#ifndef INIT_KEYMAP_H
#define INIT_KEYMAP_H

enum { KEYMAP_NAME_BYTES = 32 };

/*
 * Load the keymap @wanted (NULL: the default of the image, if there is one) for all screens, and put the one
 * in front into UTF-8 mode. Returns its name, valid until the next call. NULL: none is loaded, and a failure
 * was printed.
 */
const char *keymap_load(const char *wanted);

#endif
