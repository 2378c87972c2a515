/* SPDX-License-Identifier: MIT */
/* fake_tpm - a TPM that is a list of answers: it keeps what was sent, byte for byte. */
#ifndef TESTS_FAKE_TPM_H
#define TESTS_FAKE_TPM_H

#include "token/tpm2/tpm.h"
#include "unit.h"

enum { FAKE_TPM_MAX = 32 };

static struct {
	const char *answers[FAKE_TPM_MAX]; /* in hexadecimal; NULL: the device fails */
	unsigned count, at, pauses;
	uint8_t sent[FAKE_TPM_MAX][TPM_BYTES_MAX];
	size_t sent_len[FAKE_TPM_MAX];
} fake;

static enum cause fake_exchange(void *context, struct bytes command, uint8_t *answer, size_t *len,
	unsigned patience_ms, struct error *err)
{
	(void)context, (void)patience_ms;
	assert_in_range(fake.at, 0, fake.count - 1);
	memcpy(fake.sent[fake.at], command.data, command.len);
	fake.sent_len[fake.at] = command.len;
	if (!fake.answers[fake.at++])
		return error_set(err, CAUSE_DEVICE, "the device fails");
	*len = unit_unhex(fake.answers[fake.at - 1], answer);
	return CAUSE_OK;
}

static void fake_pause(void *context, unsigned ms)
{
	(void)context;
	assert_in_range(ms, 1, 999);
	fake.pauses++;
}

/* A TPM that gives these answers, one after the other. */
static inline struct tpm *fake_tpm(const char *const *answers, unsigned count)
{
	static struct tpm tpm;

	memset(&fake, 0, sizeof(fake));
	memset(&tpm, 0xee, sizeof(tpm));
	for (unsigned i = 0; i < count; i++)
		fake.answers[i] = answers[i];
	fake.count = count;
	tpm.transport = (struct tpm_transport){fake_exchange, fake_pause, NULL};
	return &tpm;
}

#define FAKE_TPM(...)                                                                                        \
	fake_tpm((const char *const[]){__VA_ARGS__}, COUNT(((const char *const[]){__VA_ARGS__})))

/* Was command number @n this one? */
static inline void fake_was_sent(unsigned n, const char *hex)
{
	assert_in_range(n, 0, fake.at - 1);
	assert_int_equal(fake.sent_len[n], strlen(hex) / 2);
	unit_equals_hex(fake.sent[n], hex);
}

#endif
