/* SPDX-License-Identifier: MIT */
/*
 * residue_program - looking into the memory of latchkey itself while it unlocks a volume that is made here.
 * Keys and passphrases are masked wherever this process has them.
 */
#ifndef UNIT_RESIDUE_PROGRAM_H
#define UNIT_RESIDUE_PROGRAM_H

#include "luks2_file.h"
#include "residue_volume.h"
#include <sys/ptrace.h>
#include <sys/uio.h>

static char folder[] = "/tmp/unit-residue-XXXXXX";
static char volume[64], key_file[64], program[4096];

static inline void make(const struct kdf *kdf)
{
	made_by_child(kdf, 20);
	luks2_write(&made->img, volume);
}

/* Needles in [@low, @high) of process @pid, or SIZE_MAX when it cannot be read. */
static inline size_t scan(pid_t pid, uintptr_t low, uintptr_t high, const char *what, char *report,
	size_t report_bytes)
{
	static uint8_t buf[1 << 20];
	size_t hits = 0;

	while (low < high) {
		size_t want = high - low < sizeof(buf) ? high - low : sizeof(buf), where = 0;
		struct iovec here = {buf, want}, there = {(void *)low, want};
		ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);
		const char *name = "";
		size_t found;

		if (n <= 0 && !hits && errno == EPERM)
			return SIZE_MAX;
		if (n <= 0) { /* a guard page */
			low += 4096;
			continue;
		}
		found = needles_find(&made->needles, buf, (size_t)n, &name, &where);
		if (found && !hits && report)
			snprintf(report, report_bytes, "%s in %s at %lx", name, what,
				(unsigned long)(low + where));
		hits += found;
		/* A window may lie across the border. */
		low += (size_t)n > 8 && low + (size_t)n < high ? (size_t)n - 7 : (size_t)n;
	}
	memset(buf, 0, sizeof(buf));
	return hits;
}

/* Leave out what the process shares with others. */
static bool residue_private_only;

static inline size_t scan_all(pid_t pid, char *report, size_t report_bytes)
{
	static struct mapping m[512];
	char maps[64];
	size_t count, hits = 0;

	snprintf(maps, sizeof(maps), "/proc/%d/maps", (int)pid);
	count = residue_mappings(maps, m, COUNT(m));
	for (size_t i = 0; i < count; i++) {
		size_t found;

		if (residue_private_only && !strncmp(m[i].name, "/dev/zero", 9))
			continue;
		found = scan(pid, m[i].low, m[i].high, *m[i].name ? m[i].name : "a mapping",
			hits ? NULL : report, report_bytes);

		if (found == SIZE_MAX)
			return found;
		hits += found;
	}
	return hits;
}

/* The program beside this one's folder: build/TARGET/tests/test_x and build/TARGET/latchkey. */
static inline int residue_start(void **state)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 32);

	(void)state;
	if (n < 0 || !mkdtemp(folder))
		return -1;
	program[n] = 0;
	*strrchr(program, '/') = 0;
	strcpy(strrchr(program, '/'), "/latchkey");
	snprintf(volume, sizeof(volume), "%s/volume", folder);
	snprintf(key_file, sizeof(key_file), "%s/key", folder);
	return 0;
}

static inline int residue_end(void **state)
{
	(void)state;
	(void)unlink(volume);
	(void)unlink(key_file);
	return rmdir(folder);
}

#endif
