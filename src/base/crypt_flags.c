/* SPDX-License-Identifier: MIT */
/* crypt_flags - see crypt_flags.h. */
#include "base/crypt_flags.h"

const struct crypt_flag_info crypt_flags[CRYPT_FLAG_COUNT] = {
	{"allow_discards", "allow-discards", 11},
	{"same_cpu_crypt", "same-cpu-crypt", 14},
	{"submit_from_crypt_cpus", "submit-from-crypt-cpus", 14},
	{"no_read_workqueue", "no-read-workqueue", 22},
	{"no_write_workqueue", "no-write-workqueue", 22},
	{"high_priority", "high_priority", 26},
};
