/* SPDX-License-Identifier: MIT */
/* The names that a mapping gets in the kernel: as libdevmapper writes them, or none. */
#include "dm/map.h"
#include "rows.h"

static const struct name {
	const char *title, *name, *want; /* want NULL: refused */
} names[] = {
	{"a plain name is changed", "root", "root"},
	{"one of the plain signs is mangled", "aZ09#+-.:=@_", "aZ09#+-.:=@_"},
	{"a blank is not mangled", "we ird", "we\\x20ird"},
	{"a tab is not mangled", "a\tb", "a\\x09b"},
	{"a newline is not mangled", "a\nb", "a\\x0ab"},
	{"DEL is not mangled", "a\x7f", "a\\x7f"},
	{"a backslash is not mangled", "a\\b", "a\\x5cb"},
	{"a mangled name is not mangled again", "we\\x20ird", "we\\x5cx20ird"},
	{"UTF-8 is not mangled byte by byte", "\xc3\xa9", "\\xc3\\xa9"},
	{"0xff is not mangled", "\xff", "\\xff"},
	{"a percent sign is a format", "%s%n", "\\x25s\\x25n"},
	{"a quote is not mangled", "a\"'b", "a\\x22\\x27b"},
	{"an asterisk is not mangled", "*", "\\x2a"},
	{"a comma is not mangled", "a,b", "a\\x2cb"},
	{"a name of dots is refused", "...", "..."},
	{"a name that begins with a dot is refused", ".a", ".a"},
	{"a name that begins with control is refused", "control2", "control2"},
	{"an empty name is accepted", "", NULL},
	{"a slash is accepted", "a/b", NULL},
	{"a slash in front is accepted", "/a", NULL},
	{"a slash alone is accepted", "/", NULL},
	{"a way out of the folder is accepted", "../../etc/passwd", NULL},
	{"the folder itself is accepted", ".", NULL},
	{"the folder above is accepted", "..", NULL},
	{"device-mapper's own node is accepted", "control", NULL},
};

static void name_is_judged(void **state)
{
	const struct name *n = *state;
	char out[DM_NAME_BYTES] = "before";
	struct error err = {.text = ""};
	enum cause cause = map_name(n->name, out, &err);

	assert_int_equal(cause, n->want ? CAUSE_OK : CAUSE_USAGE);
	if (n->want)
		assert_string_equal(out, n->want);
	else
		assert_non_null(strstr(err.text, "cannot be the name of a mapping"));
}

static bool is_plain(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("#+-.:=@_", c));
}

static void some_byte_gets_through_as_it_is(void **state)
{
	char out[DM_NAME_BYTES], want[8];
	struct error err;

	(void)state;
	for (int c = 1; c < 256; c++) {
		char name[] = {'n', (char)c, 0};

		if (c == '/')
			continue;
		assert_int_equal(map_name(name, out, &err), CAUSE_OK);
		snprintf(want, sizeof(want), is_plain(c) ? "n%c" : "n\\x%02x", c);
		assert_string_equal(out, want);
	}
}

static void the_bound_on_the_length_is_off_by_one(void **state)
{
	char name[300], out[DM_NAME_BYTES];
	struct error err;

	(void)state;
	for (size_t n = 1; n < sizeof(name) - 1; n++) {
		enum cause cause;

		memset(name, 'n', n);
		name[n] = 0;
		cause = map_name(name, out, &err);
		assert_int_equal(cause, n <= 127 ? CAUSE_OK : CAUSE_USAGE);
		if (cause)
			assert_non_null(strstr(err.text, "127 bytes"));
		else
			assert_string_equal(out, name);
	}
}

/* What counts is the length that the kernel gets. */
static void a_mangled_name_is_cut(void **state)
{
	char name[64], out[DM_NAME_BYTES];
	struct error err;

	(void)state;
	for (size_t n = 1; n < sizeof(name) - 1; n++) {
		memset(name, ' ', n);
		name[n] = 0;
		assert_int_equal(map_name(name, out, &err), n <= 31 ? CAUSE_OK : CAUSE_USAGE);
		if (n <= 31)
			assert_int_equal(strlen(out), 4 * n);
	}
	/* 124 plain ones and a blank are 128; 123 are 127 */
	for (size_t plain = 123; plain <= 124; plain++) {
		char mixed[160];

		memset(mixed, 'n', plain);
		strcpy(mixed + plain, " ");
		assert_int_equal(map_name(mixed, out, &err), plain == 123 ? CAUSE_OK : CAUSE_USAGE);
	}
}

static void the_UUID_differs_from_cryptsetups(void **state)
{
	struct map_names filled;
	struct error err;

	(void)state;
	assert_int_equal(map_names_fill(&filled, "LUKS2", "6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21", "root",
				 &err),
		CAUSE_OK);
	assert_string_equal(filled.name, "root");
	assert_string_equal(filled.uuid, "CRYPT-LUKS2-6d1b3a5e0f2c4c479a537c1de0c58b21-root");
	assert_int_equal(map_names_fill(&filled, "LUKS1", "6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21", "we ird",
				 &err),
		CAUSE_OK);
	assert_string_equal(filled.uuid, "CRYPT-LUKS1-6d1b3a5e0f2c4c479a537c1de0c58b21-we\\x20ird");
	assert_int_equal(map_names_fill(&filled, "LUKS2", "6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21", "a/b",
				 &err),
		CAUSE_USAGE);
}

/* CRYPT-LUKS2-, 32 digits and a dash are 45 characters; a DM UUID has room for 128. */
static void a_UUID_is_cut(void **state)
{
	char name[128];
	struct map_names filled;
	struct error err;

	(void)state;
	for (size_t n = 1; n < sizeof(name); n++) {
		enum cause cause;

		memset(name, 'n', n);
		name[n] = 0;
		cause = map_names_fill(&filled, "LUKS2", "6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21", name, &err);
		assert_int_equal(cause, n <= 83 ? CAUSE_OK : CAUSE_USAGE);
		if (!cause)
			assert_int_equal(strlen(filled.uuid), 45 + n);
	}
}

int main(void)
{
	for (size_t i = 0; i < COUNT(names); i++)
		row(names[i].title, name_is_judged, &names[i]);
	ROW(some_byte_gets_through_as_it_is);
	ROW(the_bound_on_the_length_is_off_by_one);
	ROW(a_mangled_name_is_cut);
	ROW(the_UUID_differs_from_cryptsetups);
	ROW(a_UUID_is_cut);
	return rows_run("map_name");
}
