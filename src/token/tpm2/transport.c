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

/* ENDING_US: an answer that is on its way is awaited a little when the program is to end, so that handles can be flushed. */
enum { WAITING_US = 4000000, ENDING_US = 300000 };

void transport_prepare(void)
{
	int flags = fcntl(CONTRACT_DEVICE, F_GETFL);

	if (flags >= 0)
		(void)fcntl(CONTRACT_DEVICE, F_SETFL, flags | O_NONBLOCK);
}

/* Until there may be something to read; false with @err. */
static bool wait_readable(uint64_t deadline_us, unsigned patience_ms, struct error *err)
{
	uint64_t end_us = deadline_us;

	for (;;) {
		uint64_t slice = clock_now_us() + WAITING_US;
		enum contract_event event =
			contract_wait_for(CONTRACT_DEVICE, slice < end_us ? slice : end_us);
		bool late = clock_now_us() >= end_us;

		if (event == CONTRACT_READY)
			return true;
		if (event == CONTRACT_GONE)
			return error_set(err, CAUSE_DEVICE, "the TPM is gone"), false;
		/* From then on that is all that is said: reading tells whether there is more. */
		if (event == CONTRACT_ENDED && end_us != deadline_us && !late)
			return true;
		if (event == CONTRACT_ENDED && end_us == deadline_us)
			end_us = clock_now_us() + ENDING_US;
		else if (late)
			return error_set(err, CAUSE_DEVICE, "the TPM did not answer within %u s",
				       patience_ms / 1000),
			       false;
		else
			contract_wait("the TPM is at work");
	}
}

/* The size of an answer as its own header says it; 0 until the header is there. */
static size_t size_said(const uint8_t *answer, size_t len)
{
	return len < TPM_HEADER_BYTES ? 0 : bytes_be32(answer + 2);
}

/* A kernel that does not give an answer in pieces drops the rest of it: all of the room is offered each time. */
static enum cause receive(uint8_t *answer, size_t *len, unsigned patience_ms, struct error *err)
{
	uint64_t deadline_us = clock_now_us() + patience_ms * 1000ull;

	*len = 0;
	do {
		ssize_t n;

		if (!wait_readable(deadline_us, patience_ms, err))
			return CAUSE_DEVICE;
		n = read(CONTRACT_DEVICE, answer + *len, TPM_BYTES_MAX - *len);
		if (!n)
			return error_set(err, CAUSE_DEVICE, "the TPM's answer ends after %u bytes",
				(unsigned)*len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return error_set_os(err, CAUSE_DEVICE, errno, "the TPM's answer cannot be read");
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
		return error_set_os(err, CAUSE_DEVICE, errno, "the TPM takes no command");
	cause = receive(answer, len, patience_ms, err);
	if (cause)
		return cause;
	said = size_said(answer, *len);
	if (said != *len)
		return error_set(err, CAUSE_DEVICE, "the TPM's answer has %u bytes and says that it has %u",
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
