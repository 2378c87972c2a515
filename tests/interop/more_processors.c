/* SPDX-License-Identifier: MIT */
/*
 * cryptsetup lowers --pbkdf-parallel to the number of processors. Preloaded, this shows it eight,
 * so that a small machine too can make volumes of several lanes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

long sysconf(int name)
{
	long (*real)(int) = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");

	return name == _SC_NPROCESSORS_ONLN ? 8 : real(name);
}
