/* SPDX-License-Identifier: MIT */
/* transport - see transport.h. */
#include "token/tpm2/transport.h"
#include "base/clock.h"
#include "base/text.h"
#include "token/contract.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/*
 * WAITING_US: so often latchkey is told that an answer takes its time. ENDING_MS: a program that is not
 * wanted any more waits so long for an answer that is on its way: the next command flushes what it left in
 * the TPM.
 */
enum { WAITING_US = 4000000, ENDING_MS = 300 };

void transport_prepare(void)
{
	int flags = fcntl(CONTRACT_DEVICE, F_GETFL);

	if (flags >= 0)
		(void)fcntl(CONTRACT_DEVICE, F_SETFL, flags | O_NONBLOCK);
}

static bool comes_yet(void)
{
	struct timespec t = {.tv_nsec = ENDING_MS * 1000000};
	struct pollfd p = {.fd = CONTRACT_DEVICE, .events = POLLIN};

	return ppoll(&p, 1, &t, NULL) > 0;
}

/* Until there is something to read. Fails: CAUSE_DEVICE. */
static enum cause wait_readable(uint64_t deadline_us, unsigned patience_ms, struct error *err)
{
	for (;;) {
		uint64_t slice_us = clock_now_us() + WAITING_US;

		switch (contract_wait_for(CONTRACT_DEVICE, slice_us < deadline_us ? slice_us : deadline_us)) {
		case CONTRACT_READY:
			return CAUSE_OK;
		case CONTRACT_GONE:
			return error_set(err, CAUSE_DEVICE, "the TPM was removed");
		case CONTRACT_ENDED:
			return comes_yet() ? CAUSE_OK : error_set(err, CAUSE_DEVICE, "cancelled");
		case CONTRACT_LATE:
			break;
		}
		if (clock_now_us() >= deadline_us)
			return error_set(err, CAUSE_DEVICE, "the TPM did not answer within %u s",
				patience_ms / 1000);
		contract_wait("waiting for the TPM");
	}
}

/* The size of an answer as its own header says it; 0 until the header is there. */
static size_t size_said(const uint8_t *answer, size_t len)
{
	return len < TPM_HEADER_BYTES ? 0 : bytes_be32(answer + 2);
}

/*
 * A kernel that does not give an answer in pieces drops the rest of it: all of the room is offered each
 * time.
 */
static enum cause receive(uint8_t *answer, size_t *len, unsigned patience_ms, struct error *err)
{
	uint64_t deadline_us = clock_now_us() + patience_ms * 1000ull;

	*len = 0;
	do {
		enum cause cause = wait_readable(deadline_us, patience_ms, err);
		ssize_t n;

		if (cause)
			return cause;
		n = read(CONTRACT_DEVICE, answer + *len, TPM_BYTES_MAX - *len);
		if (!n)
			return error_set(err, CAUSE_DEVICE, "the TPM's response ends after %u bytes",
				(unsigned)*len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return error_set(err, CAUSE_DEVICE, "the TPM's response cannot be read: error %d",
				errno);
		*len += n > 0 ? (size_t)n : 0;
	} while (*len < TPM_HEADER_BYTES ||
		 (*len < size_said(answer, *len) && size_said(answer, *len) <= TPM_BYTES_MAX));
	return CAUSE_OK;
}

static enum cause exchange(void *context, struct bytes command, uint8_t *answer, size_t *len,
	unsigned patience_ms, struct error *err)
{
	enum cause cause;
	size_t said;

	(void)context;
	if (!text_write(CONTRACT_DEVICE, command.data, command.len))
		return error_set(err, CAUSE_DEVICE, "a command cannot be sent to the TPM: error %d", errno);
	cause = receive(answer, len, patience_ms, err);
	if (cause)
		return cause;
	said = size_said(answer, *len);
	if (said != *len)
		return error_set(err, CAUSE_DEVICE, "the TPM's response has %u bytes, and its header says %u",
			(unsigned)*len, (unsigned)said);
	return CAUSE_OK;
}

static void pause_ms(void *context, unsigned ms)
{
	struct timespec t = {.tv_nsec = (long)ms * 1000000};

	(void)context;
	(void)ppoll(NULL, 0, &t, NULL);
}

const struct tpm_transport transport_device = {exchange, pause_ms, NULL};
