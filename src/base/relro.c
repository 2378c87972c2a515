/* SPDX-License-Identifier: MIT */
/* relro - see relro.h. */
#include "base/relro.h"
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/* The linker's name for our first byte, from which the program headers count. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

void relro_protect(void)
{
	uintptr_t base = (uintptr_t)&__ehdr_start, page = getauxval(AT_PAGESZ);
	const ElfW(Phdr) *p = (const ElfW(Phdr) *)(base + __ehdr_start.e_phoff);

	for (unsigned i = 0; page && i < __ehdr_start.e_phnum; i++) {
		uintptr_t start = (base + p[i].p_vaddr) / page * page,
			  end = (base + p[i].p_vaddr + p[i].p_memsz) / page * page;

		if (p[i].p_type == PT_GNU_RELRO && start < end)
			(void)mprotect((void *)start, end - start, PROT_READ);
	}
}
