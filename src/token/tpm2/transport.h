/* SPDX-License-Identifier: MIT */
/*
 * transport - the seam below which the TPM is: one command out, one answer back.
 *
 * The real one is a descriptor: /dev/tpmrm0, the kernel's resource manager, which gives one answer a read;
 * or a stream socket to a software TPM, which gives it in pieces.
 */
#ifndef TOKEN_TPM2_TRANSPORT_H
#define TOKEN_TPM2_TRANSPORT_H

#include "base/bytes.h"
#include "base/cause.h"

enum {
	TPM_BYTES_MAX = 4096, /* of a command or an answer, as in the kernel's drivers */
	TPM_HEADER_BYTES = 10,
};

struct tpm_transport {
	/*
	 * Send @command and put the answer into @answer (TPM_BYTES_MAX bytes of room). Its length is at
	 * least that of a header, and what the header says.
	 * Fails: CAUSE_DEVICE (cannot be written or read, no answer within @patience_ms, a size that
	 * cannot be).
	 */
	enum cause (*exchange)(void *context, struct bytes command, uint8_t *answer, size_t *answer_len,
		unsigned patience_ms, struct error *err);
	/* Let @ms milliseconds go by. */
	void (*pause)(void *context, unsigned ms);
	void *context;
};

/*
 * Prepare the TPM at descriptor CONTRACT_DEVICE, before contract_begin: waiting for its answer does not
 * then block in the kernel (Linux 4.20 and later). Harmless without one.
 */
void transport_prepare(void);

/* The TPM at descriptor CONTRACT_DEVICE. latchkey is told every few seconds that an answer takes its time. */
extern const struct tpm_transport transport_device;

#endif
