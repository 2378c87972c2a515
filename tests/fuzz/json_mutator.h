/* SPDX-License-Identifier: MIT */
/*
 * json_mutator - changes to a JSON text that keep it JSON: types swapped, numbers at their
 * borders, members removed, doubled, renamed, moved. Random bytes alone never come behind the scanner.
 */
#ifndef TESTS_JSON_MUTATOR_H
#define TESTS_JSON_MUTATOR_H

#include "../unit/header_image_json.h"
#include "fuzz.h"

enum { MUTATOR_ROOM = 64 << 10 };

/* Numbers stand here bare; half of the time they get quotes, as 64-bit numbers have them. */
static const char *const mutator_values[] = {
	"null",
	"true",
	"false",
	"[]",
	"{}",
	"\"\"",
	"\"x\"",
	"\"dynamic\"",
	"\"0\"",
	"[\"0\"]",
	"[\"1\"]",
	"[\"31\"]",
	"[\"32\"]",
	"{\"type\":\"x\"}",
	"-1",
	"1.5",
	"1e400",
	"01",
	"\"\\u0000\"",
	"\"cipher_null-ecb\"",
	"\"aes-xts-plain64\"",
	"\"pbkdf2\"",
	"\"argon2i\"",
	"\"argon2id\"",
	"\"sha512\"",
	"\"reencrypt\"",
	"[\"in-reencryption\"]",
	"[\"backup-final\"]",
	"[\"backup-previous\"]",
	"[\"backup-moved-segment\"]",
	"[\"no-journal\"]",
	"[\"opal\"]",
	"[\"online-reencrypt\"]",
	"[\"online-reencrypt-v2\"]",
	"[\"offline-reencrypt\"]",
	"[\"online-reencrypt-v2\",\"online-reencrypt\"]",
	"[\"inline-hw-tags\"]",
	"\"datashift-journal\"",
	"\"checksum\"",
	"\"encrypt\"",
	"\"decrypt\"",
	"\"backward\"",
	"\"linear\"",
};
static const char *const mutator_numbers[] = {
	"0",
	"1",
	"2",
	"20",
	"31",
	"32",
	"33",
	"64",
	"65",
	"511",
	"512",
	"513",
	"4000",
	"4095",
	"4096",
	"4097",
	"12288",
	"16384",
	"32768",
	"290816",
	"1049088",
	"16777216",
	"134217728",
	"134217729",
	"2147483647",
	"2147483648",
	"2147483649",
	"4294967295",
	"4294967296",
	"4294967297",
	"9007199254740993",
	"9223372036854775807",
	"9223372036854775808",
	"18446744073709551104",
	"18446744073709551615",
	"18446744073709551616",
};
static const char *const mutator_names[] = {
	"0",
	"1",
	"2",
	"8",
	"31",
	"32",
	"00",
	"type",
	"Type",
	"keyslots",
	"segments",
	"digests",
	"tokens",
	"config",
	"area",
	"kdf",
	"af",
	"offset",
	"size",
	"key_size",
	"hash",
	"salt",
	"flags",
	"integrity",
	"priority",
	"requirements",
	"mandatory",
	"mode",
	"direction",
	"shift_size",
	"key_description",
	"\\u006bdf",
};

#define MUTATOR_COUNT(array) (sizeof(array) / sizeof(*(array)))

static uint32_t mutator_random;

static inline uint32_t mutator_next(uint32_t below)
{
	mutator_random = mutator_random * 1664525 + 1013904223;
	return (mutator_random >> 8) % below;
}

static inline const char *mutator_value(void)
{
	static char quoted[32];
	const char *number = mutator_numbers[mutator_next(MUTATOR_COUNT(mutator_numbers))];

	switch (mutator_next(3)) {
	case 0:
		return mutator_values[mutator_next(MUTATOR_COUNT(mutator_values))];
	case 1:
		snprintf(quoted, sizeof(quoted), "\"%s\"", number);
		return quoted;
	default:
		return number;
	}
}

/* The text of node @n, with its name if it has one. */
static inline void mutator_copy(const char *text, const struct edit_node *n, char *out, size_t room)
{
	size_t start = n->name < 0 ? n->at : (size_t)n->name - 1, len = n->at + n->len - start;

	if (len >= room)
		len = 0;
	memcpy(out, text + start, len);
	out[len] = 0;
}

/* @member into the container @n, in front. */
static inline void mutator_insert(char *text, const struct edit_node *n, const char *member)
{
	char open = text[n->at];

	if (!*member || (open != '{' && open != '[') ||
		(open == '{') != (*member == '"' && strstr(member, "\":")))
		return;
	edit_splice(text, MUTATOR_ROOM, n->at + 1, 0,
		text[n->at + 1] == '}' || text[n->at + 1] == ']' ? "" : ",");
	edit_splice(text, MUTATOR_ROOM, n->at + 1, 0, member);
}

static inline void mutator_remove(char *text, const struct edit_node *n)
{
	size_t start = n->name < 0 ? n->at : (size_t)n->name - 1, end = n->at + n->len;

	if (n->parent < 0)
		return;
	if (text[end] == ',')
		end++;
	else if (text[start - 1] == ',')
		start--;
	edit_splice(text, MUTATOR_ROOM, start, end - start, "");
}

static inline void mutator_one(char *text, const struct edit_node *nodes, size_t count)
{
	static char copy[MUTATOR_ROOM / 4];
	const struct edit_node *n = &nodes[mutator_next((uint32_t)count)];
	const struct edit_node *other = &nodes[mutator_next((uint32_t)count)];

	switch (mutator_next(6)) {
	case 0: /* another value */
		edit_splice(text, MUTATOR_ROOM, n->at, n->len, mutator_value());
		break;
	case 1:
		mutator_remove(text, n);
		break;
	case 2: /* a copy of a member or item, perhaps beside itself */
		mutator_copy(text, n, copy, sizeof(copy));
		mutator_insert(text, mutator_next(2) || n->parent < 0 ? other : &nodes[n->parent], copy);
		break;
	case 3:
		if (n->name >= 0)
			edit_splice(text, MUTATOR_ROOM, (size_t)n->name, n->name_len,
				mutator_names[mutator_next(MUTATOR_COUNT(mutator_names))]);
		break;
	case 4: /* the value of another */
		mutator_copy(text, &(struct edit_node){-1, 0, other->at, other->len, 0, 0}, copy,
			sizeof(copy));
		if (*copy)
			edit_splice(text, MUTATOR_ROOM, n->at, n->len, copy);
		break;
	default: /* the bytes of one value */
		if (n->len > 2 && n->len < 200)
			text[n->at + 1 + mutator_next((uint32_t)n->len - 2)] =
				"0129aZ\"\\{}[],:/+= "[mutator_next(19)];
		break;
	}
}

/* Change @text (NUL-terminated, MUTATOR_ROOM in all) one to four times. False when it is no JSON to begin
 * with. */
static inline bool mutator_run(char *text, unsigned seed)
{
	static struct edit_node nodes[EDIT_NODES_MAX];
	unsigned rounds;

	mutator_random = seed;
	rounds = 1 + mutator_next(4);
	for (unsigned i = 0; i < rounds; i++) {
		size_t len = strlen(text), count = edit_index(text, len, nodes);

		if (!count || len > MUTATOR_ROOM / 2)
			return i > 0;
		mutator_one(text, nodes, count);
	}
	return true;
}

#endif
