/* SPDX-License-Identifier: MIT */
/*
 * shell - can a boot that fails end in a shell? The init of the initramfs decides, so the builder of the
 * image does.
 */
#ifndef PREFLIGHT_SHELL_H
#define PREFLIGHT_SHELL_H

#include "preflight/findings.h"
#include "preflight/machine.h"

/*
 * A note for each builder that may have made the image and starts a shell with the command line of @m. The
 * builder is told by the files of the image, or without them by the builders' configuration below m->root; if
 * neither shows one, a note says so unless all are closed.
 */
void shell_judge(const struct machine *m, struct findings *f);

#endif
