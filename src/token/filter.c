/* SPDX-License-Identifier: MIT */
/* filter - see filter.h. */
#include "token/filter.h"
#include <elf.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Calls have other numbers for programs of another kind of machine: ours is what our own file's header says. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* By name, not by architecture: those with a 64-bit time are apart where time once had 32 bits. */
static const unsigned short bare[] = {SYS_read, SYS_write, SYS_exit, SYS_exit_group, SYS_getrandom, SYS_ppoll,
	SYS_rt_sigreturn, SYS_munmap,
#ifdef SYS_sigreturn
	SYS_sigreturn,
#endif
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
static const unsigned short memory[] = {SYS_prctl, SYS_mlock, SYS_mlock2,
#ifdef SYS_mmap2
	SYS_mmap2,
#endif
#ifdef SYS_mmap
	SYS_mmap,
#endif
};

enum { COUNT_BARE = sizeof(bare) / sizeof(*bare), COUNT_MEMORY = sizeof(memory) / sizeof(*memory), HEAD = 4 };

static unsigned our_architecture(void)
{
	return __ehdr_start.e_machine | (__ehdr_start.e_ident[EI_CLASS] == ELFCLASS64 ? __AUDIT_ARCH_64BIT : 0) |
		(__ehdr_start.e_ident[EI_DATA] == ELFDATA2LSB ? __AUDIT_ARCH_LE : 0);
}

static struct sock_filter *allow(struct sock_filter *at, const unsigned short *calls, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	return at;
}

void filter_install(enum filter which)
{
	struct sock_filter code[HEAD + 2 * (COUNT_BARE + COUNT_MEMORY) + 1] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, our_architecture(), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_filter *end = allow(code + HEAD, bare, COUNT_BARE);
	struct sock_fprog program;

	if (which == FILTER_WITH_MEMORY)
		end = allow(end, memory, COUNT_MEMORY);
	*end++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program = (struct sock_fprog){(unsigned short)(end - code), code};
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
