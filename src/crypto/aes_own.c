/* SPDX-License-Identifier: MIT */
/* aes_own - see aes.h. A file by itself, so that a test can pretend to run on a processor without it. */
#include "crypto/aes.h"
#include "crypto/core.h"

const struct aes *aes_own(void)
{
	return arch.aes && core_has(arch.aes_needs) ? arch.aes : NULL;
}
