/* SPDX-License-Identifier: MIT */
/* http - see http.h. */
#include "token/clevis/http.h"
#include "base/text.h"
#include <string.h>
#include <strings.h>

size_t http_request(char out[static HTTP_REQUEST_MAX_BYTES], const struct url *url, const char *name,
	const char *body)
{
	return text_format(out, HTTP_REQUEST_MAX_BYTES,
		"POST %s/rec/%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: latchkey\r\nAccept: "
		"*/*\r\nConnection: close\r\n"
		"Content-Type: application/jwk+json\r\nContent-Length: %zu\r\n\r\n%s",
		url->path, name, url->authority, strlen(body), body);
}

/* What is left to read. */
struct rest {
	char *at;
	size_t len;
};

static enum http_state bad(struct http_answer *out, const char *why)
{
	out->why = why;
	return HTTP_BAD;
}

/* The next line without its end. False: it is not all there. */
static bool next_line(struct rest *r, struct bytes *line)
{
	char *end = memchr(r->at, '\n', r->len);

	if (!end)
		return false;
	*line = (struct bytes){r->at, (size_t)(end - r->at)};
	r->len -= line->len + 1;
	r->at = end + 1;
	line->len -= line->len && end[-1] == '\r';
	return true;
}

/*
 * The length that @text begins with, in base @base; a blank or a semicolon ends it. -1: none, or more than an
 * answer may have.
 */
static int read_length(const char *text, size_t len, int base)
{
	int n = 0;
	size_t i = 0;

	for (; i < len && text_hex_digit(text[i]) >= 0 && text_hex_digit(text[i]) < base; i++)
		if ((n = n * base + text_hex_digit(text[i])) > HTTP_ANSWER_MAX_BYTES)
			return -1;
	return i && (i == len || strchr("; \t", text[i])) ? n : -1;
}

struct head {
	int length; /* of the body; -1: up to the end */
	bool chunked;
};

/* The value of the field @name, without blanks around it. False: @line is another one. */
static bool is_field(struct bytes line, const char *name, struct bytes *value)
{
	const char *s = line.data;
	size_t n = strlen(name);

	if (line.len <= n || s[n] != ':' || strncasecmp(s, name, n) != 0)
		return false;
	for (n++; n < line.len && (s[n] == ' ' || s[n] == '\t'); n++)
		;
	while (line.len > n && (s[line.len - 1] == ' ' || s[line.len - 1] == '\t'))
		line.len--;
	*value = (struct bytes){s + n, line.len - n};
	return true;
}

static bool is_word(struct bytes value, const char *word)
{
	return value.len == strlen(word) && !strncasecmp(value.data, word, value.len);
}

static const char *read_field(struct bytes line, struct head *h)
{
	struct bytes value;

	if (is_field(line, "Content-Length", &value)) {
		if (h->length >= 0 || (h->length = read_length(value.data, value.len, 10)) < 0)
			return "Content-Length is invalid or too large";
	} else if (is_field(line, "Transfer-Encoding", &value)) {
		if (h->chunked || !is_word(value, "chunked"))
			return "unsupported transfer encoding";
		h->chunked = true;
	} else if (is_field(line, "Content-Encoding", &value) && !is_word(value, "identity")) {
		return "compressed";
	}
	return NULL;
}

/* The pieces of a body; with @to they are put together there. */
static enum http_state read_chunks(struct rest r, char *to, struct http_answer *out)
{
	struct bytes line;

	out->body.len = 0;
	while (next_line(&r, &line)) {
		int n = read_length(line.data, line.len, 16);

		if (n < 0)
			return bad(out, "a chunk size is invalid or too large");
		if (!n)
			return HTTP_WHOLE;
		if ((size_t)n > r.len)
			return HTTP_MORE;
		if (to)
			memmove(to + out->body.len, r.at, (size_t)n);
		out->body.len += (size_t)n;
		r.at += n;
		r.len -= (size_t)n;
		if (!next_line(&r, &line))
			return HTTP_MORE;
		if (line.len)
			return bad(out, "a chunk is longer than its size");
	}
	return HTTP_MORE;
}

static enum http_state read_body(struct rest r, const struct head *h, bool ended, struct http_answer *out)
{
	enum http_state state;

	out->body = (struct bytes){r.at, r.len};
	if (h->chunked && h->length >= 0)
		return bad(out, "both Content-Length and chunks");
	if (h->chunked) {
		state = read_chunks(r, NULL, out);
		return state == HTTP_WHOLE ? read_chunks(r, r.at, out) : state;
	}
	if (h->length < 0)
		return ended ? HTTP_WHOLE : HTTP_MORE;
	out->body.len = (size_t)h->length;
	return r.len < out->body.len ? HTTP_MORE : HTTP_WHOLE;
}

static enum http_state read_answer(struct rest r, bool ended, struct http_answer *out)
{
	struct head head = {-1, false};
	struct bytes line;
	const char *s;

	if (!next_line(&r, &line))
		return HTTP_MORE;
	s = line.data;
	out->status = 0;
	if (line.len < 12 || strncmp(s, "HTTP/1.", 7) != 0 || s[8] != ' ')
		return bad(out, "not HTTP/1");
	for (int i = 9; i < 12; i++) {
		if (s[i] < '0' || s[i] > '9')
			return bad(out, "not HTTP/1");
		out->status = out->status * 10 + (unsigned)(s[i] - '0');
	}
	if (out->status > 200)
		return HTTP_WHOLE;
	while (next_line(&r, &line)) {
		if (!line.len)
			return out->status == 200 ? read_body(r, &head, ended, out)
			                          : read_answer(r, ended, out);
		out->why = read_field(line, &head);
		if (out->why)
			return HTTP_BAD;
	}
	return HTTP_MORE;
}

enum http_state http_read(char *text, size_t len, bool ended, struct http_answer *out)
{
	enum http_state state = read_answer((struct rest){text, len}, ended, out);

	if (state == HTTP_MORE && ended)
		return bad(out, "ends too early");
	if (state == HTTP_MORE && len >= HTTP_ANSWER_MAX_BYTES)
		return bad(out, "too long");
	return state;
}
