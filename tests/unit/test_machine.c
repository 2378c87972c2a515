/* SPDX-License-Identifier: MIT */
/* Tests of base/machine, on other machines' /proc/meminfo. */
#include "base/os.h"
#include "unit.h"
#include "base/machine.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

/* What open(2) and sched_getaffinity(2) of this program show instead of the machine's own. */
static const char *meminfo, *swaps = "/nonexistent/swaps";
static char path[] = "/tmp/unit-meminfo-XXXXXX", swaps_path[] = "/tmp/unit-swaps-XXXXXX";
static bool no_affinity;

int open(const char *name, int flags, ...)
{
	if (!strcmp(name, "/proc/meminfo") && meminfo)
		name = meminfo;
	if (!strcmp(name, "/proc/swaps"))
		name = swaps;
	return (int)syscall(SYS_openat, AT_FDCWD, name, flags, 0600);
}

/* The same for what opens without the C library (base/os.h). */
int os_open(const char *name, int flags)
{
	return open(name, flags | O_CLOEXEC);
}

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	long n = syscall(SYS_sched_getaffinity, pid, size, set);

	if (no_affinity || n < 0) {
		errno = EINVAL;
		return -1;
	}
	memset((char *)set + n, 0, size - (size_t)n);
	return 0;
}

static uint64_t ask(uint64_t (*machine_kib)(void), const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	uint64_t kib;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	meminfo = path;
	kib = machine_kib();
	meminfo = NULL;
	return kib;
}

static uint64_t with(const char *text)
{
	return ask(machine_memory_available_kib, text);
}

TEST(swap_counts_as_memory_or_available_memory_is_left_out)
{
	assert_int_equal(
		with("MemTotal:       24685772 kB\nMemFree:        21423444 kB\n"
		     "MemAvailable:   24049416 kB\nBuffers:            5284 kB\n"
		     "SwapCached:            7 kB\nSwapTotal:        999999 kB\nSwapFree:          524288 "
		     "kB\n"),
		24049416);
	assert_int_equal(with("MemTotal: 9 kB\nMemAvailable:   100 kB\nSwapFree: 0 kB\n"), 100);
}

TEST(a_kernel_without_swap_counts_as_unknown)
{
	assert_int_equal(with("MemTotal: 9 kB\nMemAvailable:   100 kB\n"), 100);
}

static bool to_disk; /* at the last call of with_swaps */

static uint64_t swaps_to_disk(void)
{
	return machine_swaps_to_disk();
}

/* KiB that are left of @swap_free, when /proc/swaps has @text. */
static uint64_t with_swaps(const char *text, unsigned swap_free)
{
	char info[100];
	int fd = open(swaps_path, O_WRONLY | O_TRUNC);
	uint64_t kib;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	swaps = swaps_path;
	snprintf(info, sizeof(info), "MemTotal: 9 kB\nMemAvailable: 1000 kB\nSwapFree: %u kB\n", swap_free);
	kib = ask(machine_disk_swap_kib, info);
	to_disk = ask(swaps_to_disk, info);
	swaps = "/nonexistent/swaps";
	return kib;
}

#define SWAPS "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
#define ZRAM "/dev/zram0                              partition\t8000\t\t100\t\t100\n"
#define DISK "/dev/vda2                               partition\t3000\t\t500\t\t-2\n"

/* A matrix of Argon2 takes as much room there as it did before, and the kernel kills for want of it. */
TEST(compressed_memory_counts_as_more_memory)
{
	assert_int_equal(with_swaps(SWAPS ZRAM, 7900), 0);
	assert_int_equal(with_swaps(SWAPS ZRAM DISK, 7900 + 2500), 0);
	assert_int_equal(with_swaps(SWAPS DISK ZRAM, 7900 + 2500), 0);
	assert_int_equal(with_swaps(SWAPS DISK, 2500), 2500);
	assert_int_equal(with_swaps("", 77), 77);
}

TEST(swap_on_a_disk_beside_zram_is_overlooked)
{
	static const struct {
		const char *text;
		unsigned free_kib;
		bool to_disk;
	} rows[] = {
		{SWAPS ZRAM, 7900, false},
		{SWAPS ZRAM DISK, 7900 + 2500, true},
		{SWAPS DISK ZRAM, 7900 + 2500, true},
		{SWAPS DISK, 2500, true},
		{SWAPS DISK, 0, false},
		{SWAPS, 0, false},
		{"", 77, true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)with_swaps(rows[i].text, rows[i].free_kib);
		if (to_disk != rows[i].to_disk)
			fail_msg("row %zu", i);
	}
}

TEST(more_than_4_TiB_is_cut)
{
	assert_true(with("MemTotal: 9 kB\nMemAvailable: 8589934592 kB\n") == 8589934592ull);
}

TEST(another_line_is_taken_for_the_right_one)
{
	static const char text[] = "MemTotal: 9 kB\nNotMemAvailable: 5 kB\nMemAvailable: 6 kB\n"
				   "XSwapFree: 100 kB\nSwapFree: 1 kB\n";

	assert_int_equal(with(text), 6);
	assert_int_equal(ask(machine_disk_swap_kib, text), 1);
}

TEST(unknown_memory_is_taken_for_none)
{
	assert_true(with("MemTotal: 9 kB\nMemFree: 100 kB\nSwapFree: 3 kB\n") == UINT64_MAX);
	assert_true(with("") == UINT64_MAX);
	meminfo = "/nonexistent/meminfo";
	assert_true(machine_memory_available_kib() == UINT64_MAX);
	meminfo = "/"; /* opens, cannot be read */
	assert_true(machine_memory_available_kib() == UINT64_MAX);
	meminfo = NULL;
}

TEST(all_memory_is_taken_from_another_line)
{
	assert_int_equal(ask(machine_memory_total_kib, "MemTotal:       24685772 kB\nMemAvailable: 1 kB\n"),
		24685772);
	assert_int_equal(ask(machine_memory_total_kib, "NotMemTotal: 2 kB\nMemTotal: 3 kB\n"), 3);
	assert_true(ask(machine_memory_total_kib, "MemFree: 100 kB\n") == UINT64_MAX);
}

TEST(a_descriptor_is_left_open)
{
	int before = dup(0), after;

	close(before);
	for (int i = 0; i < 3; i++)
		(void)(machine_memory_available_kib() + machine_memory_total_kib());
	(void)with("");
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

TEST(this_machine_has_more_than_it_has)
{
	struct sysinfo info;
	uint64_t kib = machine_memory_available_kib();

	SKIP_EMULATED("the unit of sysinfo");
	assert_int_equal(sysinfo(&info), 0);
	assert_in_range(kib, 1024, ((uint64_t)info.totalram + info.totalswap) * info.mem_unit / 1024);
}

TEST(processors_that_we_may_not_use_are_counted)
{
	cpu_set_t all, one;
	unsigned count;
	size_t n = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(machine_processors(), CPU_COUNT(&all));
	while (!CPU_ISSET(n, &all))
		n++;
	CPU_ZERO(&one);
	CPU_SET(n, &one);
	assert_int_equal(syscall(SYS_sched_setaffinity, 0, sizeof(one), &one), 0);
	count = machine_processors();
	assert_int_equal(syscall(SYS_sched_setaffinity, 0, sizeof(all), &all), 0);
	assert_int_equal(count, 1);
}

TEST(no_processor_at_all)
{
	no_affinity = true;
	assert_int_equal(machine_processors(), 1);
	no_affinity = false;
}

static int make_file(void **state)
{
	int fd = mkstemp(path), other = mkstemp(swaps_path);

	(void)state;
	return fd < 0 || other < 0 || close(fd) || close(other) ? -1 : 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path) || unlink(swaps_path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(swap_counts_as_memory_or_available_memory_is_left_out),
		cmocka_unit_test(a_kernel_without_swap_counts_as_unknown),
		cmocka_unit_test(compressed_memory_counts_as_more_memory),
		cmocka_unit_test(swap_on_a_disk_beside_zram_is_overlooked),
		cmocka_unit_test(more_than_4_TiB_is_cut),
		cmocka_unit_test(another_line_is_taken_for_the_right_one),
		cmocka_unit_test(unknown_memory_is_taken_for_none),
		cmocka_unit_test(all_memory_is_taken_from_another_line),
		cmocka_unit_test(a_descriptor_is_left_open),
		cmocka_unit_test(this_machine_has_more_than_it_has),
		cmocka_unit_test(processors_that_we_may_not_use_are_counted),
		cmocka_unit_test(no_processor_at_all),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
