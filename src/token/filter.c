/* SPDX-License-Identifier: MIT */
/* filter - see filter.h. */
#include "token/filter.h"
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/*
 * Calls have other numbers for programs of another kind of machine: ours is what our own file's header says.
 */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* By name, not by architecture: those with a 64-bit time are apart where time once had 32 bits. */
static const unsigned short bare[] = {SYS_read, SYS_write, SYS_exit, SYS_exit_group, SYS_getrandom,
	SYS_munmap, SYS_ppoll,
#ifdef SYS_ppoll_time64
	SYS_ppoll_time64,
#endif
#ifdef SYS_clock_gettime
	SYS_clock_gettime,
#endif
#ifdef SYS_clock_gettime32
	SYS_clock_gettime32,
#endif
#ifdef SYS_clock_gettime64
	SYS_clock_gettime64,
#endif
	SYS_restart_syscall};
static const unsigned short memory[] = {
	SYS_prctl,
	SYS_mlock,
	SYS_mlock2,
#ifdef SYS_mmap2
	SYS_mmap2,
#endif
#ifdef SYS_mmap
	SYS_mmap,
#endif
};
static const unsigned short threads[] = {SYS_clone, SYS_futex, SYS_madvise, SYS_mprotect,
	SYS_sched_getaffinity, SYS_set_robust_list};
/*
 * What goes through a connection is read and written. Not socketcall(2), which hides the domain and the call
 * from a filter: 32-bit PCs and s390 need it only before Linux 4.3.
 */
static const unsigned short network[] = {SYS_close, SYS_connect};
/* Not those of this machine's own services: the other half of a 64-bit argument is behind, or in front. */
enum {
	DOMAIN_OFF = offsetof(struct seccomp_data, args[0]) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0)
};
static const struct sock_filter internet[] = {
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, DOMAIN_OFF),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
/* Of the handler of fatal signals (secret/fatal.h), which wipes the secrets. */
static const unsigned short ending[] = {
	SYS_getpid,
	SYS_gettid,
	SYS_tkill,
	SYS_tgkill,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
#ifdef SYS_nanosleep
	SYS_nanosleep,
#endif
#ifdef SYS_clock_nanosleep
	SYS_clock_nanosleep,
#endif
#ifdef SYS_clock_nanosleep_time64
	SYS_clock_nanosleep_time64,
#endif
};
/* Fail instead: Argon2 asks /proc how much memory there is, and does without an answer. */
static const unsigned short failing[] = {
#ifdef SYS_open
	SYS_open,
#endif
	SYS_openat};

enum {
	COUNT_BARE = sizeof(bare) / sizeof(*bare),
	COUNT_MEMORY = sizeof(memory) / sizeof(*memory),
	COUNT_THREADS = sizeof(threads) / sizeof(*threads),
	COUNT_NETWORK = sizeof(network) / sizeof(*network),
	COUNT_ENDING = sizeof(ending) / sizeof(*ending),
	COUNT_INTERNET = sizeof(internet) / sizeof(*internet),
	COUNT_FAILING = sizeof(failing) / sizeof(*failing),
	HEAD = 4,
};

static unsigned our_architecture(void)
{
	return __ehdr_start.e_machine |
	       (__ehdr_start.e_ident[EI_CLASS] == ELFCLASS64 ? __AUDIT_ARCH_64BIT : 0) |
	       (__ehdr_start.e_ident[EI_DATA] == ELFDATA2LSB ? __AUDIT_ARCH_LE : 0);
}

static struct sock_filter *add(struct sock_filter *at, const unsigned short *calls, unsigned n,
	unsigned action)
{
	for (unsigned i = 0; i < n; i++) {
		*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	}
	return at;
}

void filter_install(enum filter which)
{
	struct sock_filter code[HEAD +
				2 * (COUNT_BARE + COUNT_MEMORY + COUNT_THREADS + COUNT_NETWORK +
					    COUNT_ENDING + COUNT_FAILING) +
				COUNT_INTERNET + 1] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, our_architecture(), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_filter *end = add(code + HEAD, bare, COUNT_BARE, SECCOMP_RET_ALLOW);
	struct sock_fprog program;

	if (which != FILTER_BARE) {
		end = add(end, memory, COUNT_MEMORY, SECCOMP_RET_ALLOW);
		end = add(end, ending, COUNT_ENDING, SECCOMP_RET_ALLOW);
	}
	if (which == FILTER_WITH_NETWORK) {
		end = add(end, network, COUNT_NETWORK, SECCOMP_RET_ALLOW);
		memcpy(end, internet, sizeof(internet));
		end += COUNT_INTERNET;
	}
	if (which == FILTER_WITH_THREADS) {
		end = add(end, threads, COUNT_THREADS, SECCOMP_RET_ALLOW);
		end = add(end, failing, COUNT_FAILING, SECCOMP_RET_ERRNO | EPERM);
	}
	*end++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program = (struct sock_fprog){(unsigned short)(end - code), code};
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
