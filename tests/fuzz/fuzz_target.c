/* SPDX-License-Identifier: MIT */
/*
 * Names and table lines for the kernel: whatever the values are, a line has the blanks that
 * its words need and no others, and a name only the characters on the list.
 */
#include "crypto/cipher.h"
#include "dm/map.h"
#include "format/luks.h"
#include "fuzz.h"

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("#+-.:=@_", c));
}

/* Back to what was asked for: the reverse of the mangling. */
static size_t unmangle(const char *name, char *out)
{
	size_t n = 0;

	for (; *name; n++) {
		if (is_plain(*name)) {
			out[n] = *name++;
			continue;
		}
		fuzz_check(!strncmp(name, "\\x", 2) && strspn(name + 2, "0123456789abcdef") >= 2,
			"a strange character");
		out[n] = (char)strtol((char[3]){name[2], name[3], 0}, NULL, 16);
		name += 4;
	}
	out[n] = 0;
	return n;
}

static void check_name(const char *asked)
{
	static const char uuid[] = "6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21";
	char name[DM_NAME_BYTES], back[DM_NAME_BYTES];
	struct map_names names;
	struct error err = {.text = ""};
	enum cause cause = map_name(asked, name, &err);

	if (cause) {
		fuzz_check(cause == CAUSE_USAGE, "another cause than usage");
		fuzz_check_printable(err.text);
		fuzz_check(map_names_fill(&names, "LUKS2", uuid, asked, &err) == CAUSE_USAGE,
			"a refused name is filled in");
		return;
	}
	fuzz_check(*name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..") &&
			   strcmp(name, "control"),
		"a name that leaves its folder");
	unmangle(name, back);
	fuzz_check(!strcmp(back, asked), "a name that does not come back");
	if (map_names_fill(&names, "LUKS2", uuid, asked, &err))
		return;
	fuzz_check(!strcmp(names.name, name), "two names");
	fuzz_check(!strncmp(names.uuid, "CRYPT-LUKS2-6d1b3a5e0f2c4c479a537c1de0c58b21-", 45) &&
			   !strcmp(names.uuid + 45, name),
		"a UUID of something else");
}

static unsigned count(const char *s, char c)
{
	unsigned n = 0;

	for (; *s; s++)
		n += *s == c;
	return n;
}

static void check_line(const char *line, const struct table *table)
{
	const struct target *t = table->targets;
	const struct target_key *key = table->keys;
	unsigned options =
		(unsigned)__builtin_popcount(table->flags) + (t->sector_bytes != 512) + (t->tag_bytes != 0);
	size_t cipher_len = strlen(t->cipher);

	fuzz_check(count(line, ' ') == 4 + (options ? options + 1 : 0), "a wrong number of words");
	fuzz_check(!strncmp(line, t->cipher, cipher_len) && line[cipher_len] == ' ', "another cipher");
	for (const char *p = line; *p; p++)
		fuzz_check(strchr(" ,_()", *p) || is_plain(*p), "a strange character in a line");
	line += cipher_len + 1;
	if (key->description)
		fuzz_check(*line == ':' && strstr(line, key->description), "no name of the key");
	else
		fuzz_check(strspn(line, "0123456789abcdef") == 2 * (size_t)key->bytes, "no key in hex");
}

static void check_target(struct fuzz_input *in)
{
	static const uint32_t sectors[] = {512, 1024, 2048, 4096};
	char line[TARGET_LINE_BYTES], description[80];
	uint8_t key[LUKS_KEY_MAX_BYTES], flags = fuzz_byte(in), form = fuzz_byte(in);
	enum cipher cipher = (enum cipher)(fuzz_byte(in) % CIPHER_COUNT);
	struct target t = {
		.cipher = cipher_in_table(cipher),
		.tag_bytes = cipher_tag_bytes(cipher),
		.major = (unsigned)fuzz_number(in, 2),
		.minor = (unsigned)fuzz_number(in, 3),
		.off_sectors = fuzz_number(in, 8),
		.iv_sectors = fuzz_number(in, 8),
		.sector_bytes = sectors[form & 3],
	};
	struct target_key target_key = {key, 1u + fuzz_byte(in) % LUKS_KEY_MAX_BYTES, NULL};
	struct table table = {.targets = &t, .count = 1, .keys = &target_key, .flags = flags & 63};

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = fuzz_byte(in);
	snprintf(description, sizeof(description), "cryptsetup:6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21-d%u",
		form >> 5);
	if (form & 4)
		target_key.description = description;
	fuzz_check(target_format(&table, &t, line, sizeof(line)) > 0, "a line that does not fit");
	check_line(line, &table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	char asked[300];

	fuzz_text(&in, asked, sizeof(asked));
	check_name(asked);
	check_target(&in);
	return 0;
}
