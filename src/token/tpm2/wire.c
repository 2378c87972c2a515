/* SPDX-License-Identifier: MIT */
/* wire - see wire.h. */
#include "token/tpm2/wire.h"
#include <string.h>

void wire_put(struct wire_out *out, const void *data, size_t len)
{
	if (out->full || len > out->room - out->len) {
		out->full = true;
		return;
	}
	if (len)
		memcpy(out->data + out->len, data, len);
	out->len += len;
}

void wire_put_u8(struct wire_out *out, uint8_t v)
{
	wire_put(out, &v, 1);
}

void wire_put_u16(struct wire_out *out, uint16_t v)
{
	wire_put_u8(out, (uint8_t)(v >> 8));
	wire_put_u8(out, (uint8_t)v);
}

void wire_put_u32(struct wire_out *out, uint32_t v)
{
	wire_put_u16(out, (uint16_t)(v >> 16));
	wire_put_u16(out, (uint16_t)v);
}

void wire_put_sized(struct wire_out *out, const void *data, size_t len)
{
	if (len > UINT16_MAX) {
		out->full = true;
		return;
	}
	wire_put_u16(out, (uint16_t)len);
	wire_put(out, data, len);
}

struct bytes wire_get(struct wire_in *in, size_t len)
{
	struct bytes got = {in->data, len};

	if (in->cut || len > in->left) {
		in->cut = true;
		return (struct bytes){in->data, 0};
	}
	in->data += len;
	in->left -= len;
	return got;
}

uint8_t wire_u8(struct wire_in *in)
{
	struct bytes got = wire_get(in, 1);

	return got.len ? *(const uint8_t *)got.data : 0;
}

uint16_t wire_u16(struct wire_in *in)
{
	struct bytes got = wire_get(in, 2);

	return got.len ? bytes_be16(got.data) : 0;
}

uint32_t wire_u32(struct wire_in *in)
{
	struct bytes got = wire_get(in, 4);

	return got.len ? bytes_be32(got.data) : 0;
}

struct bytes wire_sized(struct wire_in *in, size_t max)
{
	size_t len = wire_u16(in);

	if (len > max)
		in->cut = true;
	return wire_get(in, len);
}

bool wire_is_whole(const struct wire_in *in)
{
	return !in->cut && !in->left;
}
