/* SPDX-License-Identifier: MIT */
/* json - see json.h. The only file that sees cJSON. */
#include "format/json.h"
#include "base/text.h"
#include "format/cjson_config.h"
#include "format/json_scan.h"
#include <cJSON.h>
#include <string.h>
#include <sys/mman.h>

/*
 * What the library asks the C library for is given here: it is compiled with cjson_config.h
 * in front. So the program needs no allocator and no floating point.
 *
 * It allocates one piece a value and one a string and gives nothing back before the end:
 * so it draws from one mapping, sized by the limits of the scan, dropped whole.
 */
static struct {
	unsigned char *base;
	size_t size, used;
} pool;

enum { PIECE_ALIGN = 16 };

void *json_pool_alloc(size_t bytes)
{
	size_t want = (bytes + PIECE_ALIGN - 1) / PIECE_ALIGN * PIECE_ALIGN;
	void *p;

	if (bytes > pool.size || want > pool.size - pool.used)
		return NULL;
	p = pool.base + pool.used;
	pool.used += want;
	return p;
}

void json_pool_free(void *p)
{
	(void)p;
}

/* Only the printing half of the library grows anything, and it is not linked. */
void *json_pool_realloc(void *p, size_t bytes)
{
	(void)p, (void)bytes;
	return NULL;
}

/*
 * The text was scanned: it is a number of the grammar, and the library has copied it to where nothing
 * follows. A plain integer of 32 bits gets its value, anything else (which only tokens may hold, and no
 * reader needs) one that no accessor takes.
 */
long long json_number(const char *text, char **end)
{
	uint64_t v = 0;

	*end = (char *)(uintptr_t)(text + strlen(text));
	return text_parse_u64(text, &v) && v <= UINT32_MAX ? (long long)v : -1;
}

static enum cause pool_open(size_t text_len, struct error *err)
{
	/* A node and two rounded strings a value, and the text of all strings once. */
	pool.size = (size_t)JSON_VALUES_MAX * (sizeof(cJSON) + 3 * PIECE_ALIGN) + text_len;
	pool.used = 0;
	pool.base = mmap(NULL, pool.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pool.base == MAP_FAILED) {
		pool.base = NULL;
		return error_set(err, CAUSE_RESOURCE, "no memory for a header of %llu bytes",
			(unsigned long long)text_len);
	}
	return CAUSE_OK;
}

void json_close(void)
{
	if (pool.base)
		munmap(pool.base, pool.size);
	pool.base = NULL;
	pool.size = pool.used = 0;
}

static const cJSON *node(const struct json *v)
{
	return (const cJSON *)v;
}

static const struct json *wrap(const cJSON *c)
{
	return (const struct json *)c;
}

/* Put @name where it belongs among @n sorted ones; false when it is there already. */
static bool insert_name(const char **sorted, unsigned n, const char *name)
{
	unsigned low = 0, high = n;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		int order = strcmp(name, sorted[middle]);

		if (!order)
			return false;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	memmove(sorted + low + 1, sorted + low, (n - low) * sizeof(*sorted));
	sorted[low] = name;
	return true;
}

/*
 * The name that @object itself has twice, or NULL. Sorted, since a hostile header
 * has many long names that differ in their last byte.
 */
static const char *twice_in(const cJSON *object)
{
	const char *sorted[JSON_MEMBERS_MAX];
	unsigned n = 0;

	for (const cJSON *c = object->child; c; c = c->next)
		if (n == JSON_MEMBERS_MAX || !insert_name(sorted, n++, c->string))
			return c->string;
	return NULL;
}

/* The same, of everything below @container, too. Depth was bounded by the scan. */
static const char *find_duplicate(const cJSON *container)
{
	const char *name = cJSON_IsObject(container) ? twice_in(container) : NULL;

	for (const cJSON *c = container->child; !name && c; c = c->next)
		name = find_duplicate(c);
	return name;
}

enum cause json_open(const char *text, size_t len, const struct json **root, struct error *err)
{
	enum cause cause = json_scan(text, len, err);
	const char *twice, *end;
	cJSON *tree;

	if (!cause)
		cause = pool_open(len, err);
	if (cause)
		return cause;
	tree = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	if (!tree || !cJSON_IsObject(tree) || end != text + len)
		return error_set(err, CAUSE_DAMAGED, "JSON cannot be parsed");
	twice = find_duplicate(tree);
	if (twice)
		return error_set(err, CAUSE_DAMAGED, "JSON: the name \"%s\" occurs twice in one object",
			twice);
	*root = wrap(tree);
	return CAUSE_OK;
}

bool json_is_object(const struct json *v)
{
	return v && cJSON_IsObject(node(v));
}

bool json_is_array(const struct json *v)
{
	return v && cJSON_IsArray(node(v));
}

const struct json *json_member(const struct json *object, const char *name)
{
	/* The plain lookup of the library would also find "Type". */
	return json_is_object(object) ? wrap(cJSON_GetObjectItemCaseSensitive(node(object), name)) : NULL;
}

const struct json *json_first(const struct json *container)
{
	return json_is_object(container) || json_is_array(container) ? wrap(node(container)->child) : NULL;
}

const struct json *json_next(const struct json *v)
{
	return wrap(node(v)->next);
}

const char *json_name(const struct json *v)
{
	return node(v)->string;
}

const char *json_string(const struct json *v)
{
	return v && cJSON_IsString(node(v)) ? node(v)->valuestring : NULL;
}

bool json_u32(const struct json *v, uint32_t *out)
{
	long long number;

	if (!v || !cJSON_IsNumber(node(v)))
		return false;
	number = node(v)->valuedouble;
	if (number < 0 || number > UINT32_MAX)
		return false;
	*out = (uint32_t)number;
	return true;
}

bool json_bool(const struct json *v, bool *out)
{
	if (!v || !cJSON_IsBool(node(v)))
		return false;
	*out = cJSON_IsTrue(node(v));
	return true;
}
