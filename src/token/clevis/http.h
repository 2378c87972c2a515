/* SPDX-License-Identifier: MIT */
/* http - one request, and one answer within bounds (RFC 9112). */
#ifndef TOKEN_CLEVIS_HTTP_H
#define TOKEN_CLEVIS_HTTP_H

#include "base/bytes.h"
#include "token/clevis/url.h"

enum { HTTP_REQUEST_MAX_BYTES = 1536, HTTP_ANSWER_MAX_BYTES = 4096 };

/* A POST of @body to @path and @name below the server's own path. Returns its bytes. */
size_t http_request(char out[static HTTP_REQUEST_MAX_BYTES], const struct url *url, const char *name,
	const char *body);

enum http_state { HTTP_MORE, HTTP_WHOLE, HTTP_BAD };

struct http_answer {
	unsigned status;
	struct bytes body; /* with status 200; inside of the text */
	const char *why;   /* with HTTP_BAD, in words */
};

/*
 * Look at what has come so far: @len bytes, @ended when no more will come. HTTP_MORE: more is needed. With
 * HTTP_WHOLE the pieces of a chunked body were put together, in place: do not call again.
 */
enum http_state http_read(char *text, size_t len, bool ended, struct http_answer *out);

#endif
