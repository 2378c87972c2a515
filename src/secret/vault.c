/* SPDX-License-Identifier: MIT */
/* vault - see vault.h. */
#include "secret/vault.h"
#include "secret/fatal.h"
#include "secret/wipe.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* What children share: small things first, so that they lie on few pages. */
struct vault {
	struct secret slots[VAULT_SLOTS];
	uint8_t lines[VAULT_LINES + VAULT_TOKENS][VAULT_LINE_BYTES];
	uint8_t data[VAULT_SLOTS][VAULT_SLOT_BYTES] __attribute__((aligned(4096)));
};

static struct vault *vault;
static pid_t owner;

static void wipe_all(void)
{
	for (unsigned i = 0; i < VAULT_SLOTS; i++)
		vault_wipe(i);
	wipe(vault->lines, sizeof(vault->lines));
}

/* A child that ends leaves it to the others, unless it has outlived the owner, which wiped it before. */
static void on_fatal_signal(void)
{
	if (getpid() == owner || getppid() != owner)
		wipe_all();
}

enum cause vault_open(struct error *err)
{
	struct rlimit no_core = {0, 0};
	void *map;

	(void)prlimit(0, RLIMIT_CORE, &no_core, NULL);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* Address space only: pages come as they are used. */
	map = mmap(NULL, sizeof(*vault), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);
	if (map == MAP_FAILED)
		return error_set_os(err, CAUSE_RESOURCE, errno, "no address space for secrets");
	vault = map;
	(void)madvise(vault, sizeof(*vault), MADV_DONTDUMP);
	vault_lock();
	for (unsigned i = 0; i < VAULT_SLOTS; i++)
		vault->slots[i].data = vault->data[i];
	owner = getpid();
	fatal_calls(FATAL_VAULT, on_fatal_signal);
	fatal_install();
	return CAUSE_OK;
}

void vault_lock(void)
{
	/* Where it fails (a limit, an old kernel) the attempt's own arena says so. */
	(void)mlock2(vault, sizeof(*vault), MLOCK_ONFAULT);
}

void vault_close(void)
{
	if (!vault)
		return;
	wipe_all();
	fatal_calls(FATAL_VAULT, NULL);
	munmap(vault, sizeof(*vault));
	vault = NULL;
}

struct secret *vault_slot(unsigned i)
{
	return &vault->slots[i];
}

void vault_wipe(unsigned i)
{
	wipe(vault->data[i], vault->slots[i].len);
	vault->slots[i].len = 0;
}

uint8_t *vault_line(unsigned i)
{
	return vault->lines[i];
}
