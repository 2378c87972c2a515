/* SPDX-License-Identifier: MIT */
/* attempt - a child's work: try a secret of the vault on one volume, and map it. */
#ifndef BOOT_ATTEMPT_H
#define BOOT_ATTEMPT_H

#include "boot/child.h"
#include "unlock/unlock.h"

struct attempt {
	unsigned slot; /* of the vault; not used with request.token_only */
	bool test;     /* everything but the mapping */
	struct unlock_request request;
};

/* A child_work; @arg is a struct attempt. Fails with any cause. */
enum cause attempt_run(void *arg, struct child_end *end, struct error *err);

#endif
