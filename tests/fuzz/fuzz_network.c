/* SPDX-License-Identifier: MIT */
/* ip= and the answers of DHCP servers: what is taken keeps the promises of network/dhcp.h and ip_option.h. */
#include "base/bytes.h"
#include "fuzz.h"
#include "network/dhcp.h"
#include "network/ip_option.h"
#include <stdlib.h>

/* The first byte chooses. An answer begins with what ties it to the request. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dhcp_id id = {0x01020304, {2, 0, 0, 0, 0, 9}};
	struct dhcp_lease lease;
	struct ip_option option;

	if (!size)
		return 0;
	if (*data & 1) {
		uint8_t *copy = malloc(size);
		enum dhcp_kind kind;

		memcpy(copy, data + 1, size - 1);
		if (size - 1 >= 240) {
			copy[0] = 2;
			bytes_put_be32(copy + 4, id.number);
			memcpy(copy + 28, id.mac, sizeof(id.mac));
			bytes_put_be32(copy + 236, 0x63825363);
		}
		kind = dhcp_read(copy, size - 1, &id, &lease);
		if (kind == DHCP_OFFER || kind == DHCP_ACK)
			fuzz_check(lease.address >> 24 && lease.address >> 28 < 14,
				"an address for no machine");
		free(copy);
	} else {
		char *text = malloc(size);

		memcpy(text, data + 1, size - 1);
		text[size - 1] = 0;
		(void)ip_option_read(text, &option);
		fuzz_check(memchr(option.device, 0, sizeof(option.device)) != NULL,
			"a device without an end");
		free(text);
	}
	return 0;
}
