/* SPDX-License-Identifier: MIT */
/* text - see text.h. */
#include "base/text.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

struct sink {
	char *buf;
	size_t size;
	size_t used;
};

static void sink_char(struct sink *s, char c)
{
	if (s->used + 1 < s->size)
		s->buf[s->used++] = c;
}

/* Widths and flags of one conversion. */
struct spec {
	bool zero, left;
	unsigned width;
	unsigned longs; /* 0: int, 1: long or size_t, 2: long long */
};

static void sink_field(struct sink *s, const struct spec *sp, const char *text, size_t len)
{
	size_t pad = sp->width > len ? sp->width - len : 0;

	for (; pad && !sp->left; pad--)
		sink_char(s, sp->zero ? '0' : ' ');
	for (size_t i = 0; i < len; i++)
		sink_char(s, text[i]);
	for (; pad; pad--)
		sink_char(s, ' ');
}

static void sink_number(struct sink *s, const struct spec *sp, unsigned long long v, unsigned base,
	bool minus)
{
	struct spec rest = *sp;
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (minus && sp->zero && !sp->left) {
		/* The sign precedes the zeroes. */
		sink_char(s, '-');
		rest.width -= rest.width > 0;
	} else if (minus) {
		digits[--at] = '-';
	}
	sink_field(s, &rest, digits + at, sizeof(digits) - at);
}

static unsigned long long take_unsigned(const struct spec *sp, va_list *args)
{
	if (sp->longs == 2)
		return va_arg(*args, unsigned long long);
	return sp->longs ? va_arg(*args, unsigned long) : va_arg(*args, unsigned);
}

static long long take_signed(const struct spec *sp, va_list *args)
{
	if (sp->longs == 2)
		return va_arg(*args, long long);
	return sp->longs ? va_arg(*args, long) : va_arg(*args, int);
}

static const char *parse_spec(const char *p, struct spec *sp)
{
	*sp = (struct spec){0};
	for (; *p == '0' || *p == '-'; p++) {
		sp->zero |= *p == '0';
		sp->left |= *p == '-';
	}
	for (; *p >= '0' && *p <= '9'; p++)
		sp->width = sp->width * 10 + (unsigned)(*p - '0');
	for (; *p == 'l' || *p == 'z'; p++)
		sp->longs++;
	return p;
}

static void convert(struct sink *s, char conversion, const struct spec *sp, va_list *args)
{
	const char *str;
	long long n;
	char c;

	switch (conversion) {
	case 's':
		str = va_arg(*args, const char *);
		sink_field(s, sp, str, strlen(str));
		break;
	case 'c':
		c = (char)va_arg(*args, int);
		sink_field(s, sp, &c, 1);
		break;
	case 'd':
		n = take_signed(sp, args);
		sink_number(s, sp, n < 0 ? 0 - (unsigned long long)n : (unsigned long long)n, 10, n < 0);
		break;
	case 'u':
		sink_number(s, sp, take_unsigned(sp, args), 10, false);
		break;
	case 'x':
		sink_number(s, sp, take_unsigned(sp, args), 16, false);
		break;
	default:
		sink_char(s, conversion);
		break;
	}
}

size_t text_vformat(char *buf, size_t size, const char *fmt, va_list args_in)
{
	struct sink s = {buf, size, 0};
	struct spec sp;
	va_list args;

	if (!size)
		return 0;
	va_copy(args, args_in);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			sink_char(&s, *fmt);
			continue;
		}
		fmt = parse_spec(fmt + 1, &sp);
		if (!*fmt)
			break;
		convert(&s, *fmt, &sp, &args);
	}
	va_end(args);
	buf[s.used] = 0;
	return s.used;
}

size_t text_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t used;

	va_start(args, fmt);
	used = text_vformat(buf, size, fmt, args);
	va_end(args);
	return used;
}

bool text_write(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool output_lost;

void text_print(int fd, const char *fmt, ...)
{
	char buf[1024];
	va_list args;
	size_t used;

	va_start(args, fmt);
	used = text_vformat(buf, sizeof(buf), fmt, args);
	va_end(args);
	/* For the others there is nowhere left to complain. */
	if (!text_write(fd, buf, used) && fd == STDOUT_FILENO)
		output_lost = true;
}

bool text_output_lost(void)
{
	return output_lost;
}

/* Bytes outside printable ASCII, and those of @more, as @prefix and two digits. */
static void escape(char *dst, size_t size, const char *src, const char *more, const char *prefix)
{
	struct sink s = {dst, size, 0};

	if (!size)
		return;
	for (; *src; src++) {
		unsigned char c = (unsigned char)*src;

		if (c > 0x20 - 1 && c < 0x7f && !strchr(more, c)) {
			sink_char(&s, *src);
			continue;
		}
		for (const char *p = prefix; *p; p++)
			sink_char(&s, *p);
		sink_char(&s, "0123456789abcdef"[c >> 4]);
		sink_char(&s, "0123456789abcdef"[c & 15]);
	}
	dst[s.used] = 0;
}

void text_escape(char *dst, size_t size, const char *src)
{
	escape(dst, size, src, "\\", "\\x");
}

void text_json(char *dst, size_t size, const char *src)
{
	escape(dst, size, src, "\"\\", "\\u00");
}

int text_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *text_hex(const char *text, uint8_t *out, size_t bytes)
{
	for (; bytes; bytes--, text += 2) {
		int high = text_hex_digit(*text), low = high < 0 ? -1 : text_hex_digit(text[1]);

		if (low < 0)
			return NULL;
		*out++ = (uint8_t)(high << 4 | low);
	}
	return text;
}

void text_print_member(int fd, const char *before, const char *name, const char *value)
{
	static char safe[6 * 4096];

	if (!value)
		return;
	text_json(safe, sizeof(safe), value);
	text_print(fd, "%s\"%s\": \"", before, name);
	(void)text_write(fd, safe, strlen(safe));
	text_print(fd, "\"");
}

void text_sanitize(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f)
			*s = '?';
}

bool text_parse_u64(const char *s, uint64_t *out)
{
	uint64_t v = 0;

	if (!*s || (s[0] == '0' && s[1]))
		return false;
	for (; *s; s++) {
		unsigned digit = (unsigned)(unsigned char)*s - '0';

		if (digit > 9 || v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

/* Leading zeros are refused, because some programs read octal numbers there. */
bool text_parse_ipv4(const char *s, uint8_t out[static 4])
{
	for (unsigned i = 0; i < 4; i++) {
		char digits[4] = "";
		size_t len = strspn(s, "0123456789");
		uint64_t value;

		if (len >= sizeof(digits) || s[len] != (i < 3 ? '.' : 0))
			return false;
		memcpy(digits, s, len);
		if (!text_parse_u64(digits, &value) || value > UINT8_MAX)
			return false;
		out[i] = (uint8_t)value;
		s += len + 1;
	}
	return true;
}

bool text_is_near(const char *a, const char *b)
{
	size_t m, n;

	while (*a && *a == *b) {
		a++;
		b++;
	}
	m = strlen(a);
	n = strlen(b);
	while (m && n && a[m - 1] == b[n - 1]) {
		m--;
		n--;
	}
	return (m <= 1 && n <= 1) || (m == 2 && n == 2 && a[0] == b[1] && a[1] == b[0]);
}

void text_unquote(char *s)
{
	size_t len = strlen(s);

	if (len < 2 || (*s != '"' && *s != '\'') || s[len - 1] != *s)
		return;
	memmove(s, s + 1, len - 2);
	s[len - 2] = 0;
}

bool text_join(char *dst, size_t size, const char *a, const char *b, const char *c)
{
	size_t la = strlen(a), lb = strlen(b), lc = strlen(c);

	if (la + lb + lc >= size) {
		if (size)
			*dst = 0;
		return false;
	}
	memcpy(dst, a, la);
	memcpy(dst + la, b, lb);
	memcpy(dst + la + lb, c, lc + 1);
	return true;
}

char *text_find(const char *text, const char *what)
{
	size_t len = strlen(what);

	for (; *text; text++)
		if (!strncmp(text, what, len))
			return (char *)(uintptr_t)text;
	return NULL;
}

/* Those that a system call of ours can give. The numbers differ between architectures. */
static const short errnos[] = {EPERM, ENOENT, EINTR, EIO, ENXIO, EBADF, EAGAIN, ENOMEM, EACCES, EFAULT,
	ENOTBLK, EBUSY, EEXIST, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY, EFBIG, ENOSPC,
	ESPIPE, EROFS, EPIPE, ENAMETOOLONG, ENOSYS, ELOOP, ENODATA, EOVERFLOW, EILSEQ, EOPNOTSUPP,
	EAFNOSUPPORT, ENOBUFS, ETIMEDOUT, EUCLEAN, EREMOTEIO, ENOMEDIUM, ENOKEY, EKEYEXPIRED, EKEYREVOKED};
static const char errno_words[] =
	"Operation not permitted\0No such file or directory\0Interrupted system call\0I/O error\0"
	"No such device or address\0Bad file descriptor\0Resource temporarily unavailable\0Out of memory\0"
	"Permission denied\0Bad address\0Block device required\0Resource busy\0File exists\0No such device\0"
	"Not a directory\0Is a directory\0Invalid argument\0Too many open files in system\0"
	"No file descriptors available\0Not a tty\0File too large\0No space left on device\0Invalid seek\0"
	"Read-only file system\0Broken pipe\0Filename too long\0"
	"Function not implemented\0Symbolic link loop\0"
	"No data available\0Value too large for data type\0Illegal byte sequence\0Not supported\0"
	"Address family not supported by protocol\0No buffer space available\0Operation timed out\0"
	"Data consistency error\0Remote I/O error\0No medium found\0Required key not available\0"
	"Key has expired\0Key has been revoked";

const char *text_errno(int os_errno)
{
	static char number[24];
	const char *words = errno_words;

	for (size_t i = 0; i < sizeof(errnos) / sizeof(*errnos); i++, words += strlen(words) + 1)
		if (errnos[i] == os_errno)
			return words;
	text_format(number, sizeof(number), "error %d", os_errno);
	return number;
}
