/* SPDX-License-Identifier: MIT */
/* The objects of a LUKS2 header, one edit at a time: what each number and word may be. */
#include "header_image_rows.h"

#define DAMAGED REFUSED, CAUSE_DAMAGED
#define OK FINE, CAUSE_OK, ""
#define INTEGRITY(type, encryption, integrity, more)                                                         \
	"\"integrity\":{\"type\":\"" type "\",\"journal_encryption\":\"" encryption                          \
	"\",\"journal_integrity\":\"" integrity "\"" more "}"
#define DECIMAL "missing or not a decimal string"

static const struct edit_row config[] = {
	{"json_size 0 is accepted", DAMAGED, "json_size is 0", {{SET, "config/json_size", "\"0\""}}},
	{"the json_size of another header size is accepted", DAMAGED,
		"json_size is 28672, the header has room for 12288",
		{{SET, "config/json_size", "\"28672\""}}},
	{"json_size as a number is accepted", DAMAGED, DECIMAL, {{SET, "config/json_size", "12288"}}},
	{"json_size with a leading zero is accepted", DAMAGED, DECIMAL,
		{{SET, "config/json_size", "\"012288\""}}},
	{"json_size + 2^64 wraps round", DAMAGED, DECIMAL,
		{{SET, "config/json_size", "\"18446744073709563904\""}}},
	{"json_size + 2^32 is cut", DAMAGED, "json_size is 4294979584",
		{{SET, "config/json_size", "\"4294979584\""}}},
	{"keyslots_size beside 4096 is accepted", DAMAGED, "keyslots_size 16711681",
		{{SET, "config/keyslots_size", "\"16711681\""}}},
	{"keyslots_size of 512 is accepted", DAMAGED, "keyslots_size 512",
		{{SET, "config/keyslots_size", "\"512\""}}},
	{"keyslots_size over 128 MiB is accepted", DAMAGED, "keyslots_size 134221824",
		{{SET, "config/keyslots_size", "\"134221824\""},
			{SET, "segments/0/offset", "\"1073741824\""}}},
	{"keyslots_size of 128 MiB is refused", OK,
		{{SET, "config/keyslots_size", "\"134217728\""},
			{SET, "segments/0/offset", "\"1073741824\""}}},
	{"keyslots_size near 2^64 wraps round", DAMAGED, "keyslots_size 18446744073709547520",
		{{SET, "config/keyslots_size", "\"18446744073709547520\""}}},
	{"a negative keyslots_size is accepted", DAMAGED, DECIMAL,
		{{SET, "config/keyslots_size", "\"-4096\""}}},
	{"keyslots_size with a blank is accepted", DAMAGED, DECIMAL,
		{{SET, "config/keyslots_size", "\" 16711680\""}}},
	{"an unknown member of config is refused", OK, {{ADD, "config", "\"new\":{\"a\":[1]}"}}},
	{"an unknown member at the top is refused", OK, {{ADD, "", "\"new\":{\"a\":[1]}"}}},
	{"an unknown member at the top is free in its numbers", DAMAGED, "integer",
		{{ADD, "", "\"new\":1.5"}}},

	{"flags that are no array are accepted", DAMAGED, "\"flags\" is missing or not an array",
		{{SET, "config/flags", "\"allow-discards\""}}},
	{"a flag that is no string is accepted", DAMAGED, "an array of strings",
		{{SET, "config/flags", "[\"allow-discards\",1]"}}},
	{"an unknown flag is refused", OK, {{ADD, "config/flags", "\"new-flag\""}}},
	{"no flags are refused", OK, {{REMOVE, "config/flags", NULL}}},
	{"an empty flag is refused", OK, {{SET, "config/flags", "[\"\"]"}}},

	{"no requirements are refused", OK, {{REMOVE, "config/requirements", NULL}}},
	{"requirements without mandatory are refused", OK, {{SET, "config/requirements", "{}"}}},
	{"requirements that are no object are overlooked", DAMAGED, "not an object",
		{{SET, "config/requirements", "[\"online-reencrypt-v2\"]"}}},
	{"mandatory that is no array is overlooked", DAMAGED, "\"mandatory\" is missing or not an array",
		{{SET, "config/requirements/mandatory", "\"opal\""}}},
	{"a requirement that is no string is overlooked", DAMAGED, "an array of strings",
		{{SET, "config/requirements/mandatory", "[1]"}}},
	{"an unknown requirement is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED, "requires \"new-thing\"",
		{{SET, "config/requirements/mandatory", "[\"new-thing\"]"}}},
	{"an empty requirement is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED, "requires \"\"",
		{{SET, "config/requirements/mandatory", "[\"\"]"}}},
	{"the second requirement is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED, "opal",
		{{SET, "config/requirements/mandatory", "[\"opal\",\"new\"]"}}},
	{"the requirement opal is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED, "requires \"opal\"",
		{{SET, "config/requirements/mandatory", "[\"opal\"]"}}},
	{"the requirement inline-hw-tags is overlooked", SEGMENT, CAUSE_UNSUPPORTED,
		"requires \"inline-hw-tags\", but has no integrity protection",
		{{SET, "config/requirements/mandatory", "[\"inline-hw-tags\"]"}}},
	{"the requirement offline-reencrypt is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED,
		"re-encryption is under way",
		{{SET, "config/requirements/mandatory", "[\"offline-reencrypt\"]"}}},
	{"a re-encryption of the first version without its keyslot is repaired", REQUIREMENTS,
		CAUSE_UNSUPPORTED, "a re-encryption is under way and its metadata is incomplete",
		{{SET, "config/requirements/mandatory", "[\"online-reencrypt\"]"}}},
	{"the requirement online-reencrypt-v2 is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED,
		"re-encryption is under way",
		{{SET, "config/requirements/mandatory", "[\"online-reencrypt-v2\"]"}}},
	{"the requirement online-reencrypt-v3 is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED,
		"re-encryption is under way",
		{{SET, "config/requirements/mandatory", "[\"online-reencrypt-v3\"]"}}},
	{"a long requirement overflows its verdict", REQUIREMENTS, CAUSE_UNSUPPORTED,
		"the header requires \"xxxx",
		{{SET, "config/requirements/mandatory",
			"[\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"\"]"}}},
};

static const struct edit_row keyslots[] = {
	{"no keyslot at all is refused", OK,
		{{SET, "keyslots", "{}"}, {SET, "digests/0/keyslots", "[]"}, {SET, "tokens", "{}"}}},
	{"keyslots as an array are accepted", DAMAGED, "\"keyslots\" is missing or not an object",
		{{SET, "keyslots", "[]"}}},
	{"a keyslot name with a leading zero is accepted", DAMAGED, "the name is not a number from 0 to 31",
		{{RENAME, "keyslots/1", "01"}}},
	{"a keyslot name in words is accepted", DAMAGED, "keyslot \"one\": the name is not a number",
		{{RENAME, "keyslots/1", "one"}}},
	{"an empty keyslot name is accepted", DAMAGED, "the name is not a number",
		{{RENAME, "keyslots/1", ""}}},
	{"a negative keyslot name is accepted", DAMAGED, "the name is not a number",
		{{RENAME, "keyslots/1", "-1"}}},
	{"keyslot 32 is accepted", DAMAGED, "keyslot \"32\"", {{RENAME, "keyslots/1", "32"}}},
	{"keyslot 2^32 + 1 is taken for 1", DAMAGED, "the name is not a number",
		{{RENAME, "keyslots/1", "4294967297"}}},
	{"keyslot 2^64 + 1 is taken for 1", DAMAGED, "the name is not a number",
		{{RENAME, "keyslots/1", "18446744073709551617"}}},
	{"keyslot 31 is refused", OK,
		{{RENAME, "keyslots/1", "31"}, {SET, "digests/0/keyslots", "[\"0\",\"31\"]"},
			{SET, "tokens/0/keyslots", "[\"31\"]"}}},
	{"a keyslot that is no object is accepted", DAMAGED, "keyslot 1 is not an object",
		{{SET, "keyslots/1", "\"luks2\""}}},
	{"a keyslot name by an escape is misread", OK, {{RENAME, "keyslots/1", "\\u0031"}}},

	{"key_size as a decimal string is accepted", DAMAGED,
		"keyslot 0: \"key_size\" is missing or not an integer",
		{{SET, "keyslots/0/key_size", "\"64\""}}},
	{"key_size 0 is accepted", SLOT_0, CAUSE_UNSUPPORTED, "its key has 0 bytes",
		{{SET, "keyslots/0/key_size", "0"}}},
	{"key_size 65 is accepted", SLOT_0, CAUSE_DAMAGED, "\"area size\" is 258048, out of range",
		{{SET, "keyslots/0/key_size", "65"}}},
	{"key_size 129 is accepted", SLOT_0, CAUSE_UNSUPPORTED, "its key has 129 bytes",
		{{SET, "keyslots/0/key_size", "129"}}},
	{"key_size 2^32 - 1 wraps round in the size of its split", SLOT_0, CAUSE_UNSUPPORTED,
		"its key has 4294967295 bytes", {{SET, "keyslots/0/key_size", "4294967295"}}},
	{"key_size 1073742 overflows 32 bits as an area", SLOT_0, CAUSE_UNSUPPORTED,
		"its key has 1073742 bytes", {{SET, "keyslots/0/key_size", "1073742"}}},

	{"priority 3 is accepted", DAMAGED, "\"priority\" is 3, out of range",
		{{SET, "keyslots/1/priority", "3"}}},
	{"a priority as a string is accepted", DAMAGED, "\"priority\"",
		{{SET, "keyslots/1/priority", "\"1\""}}},
	{"a null priority is accepted", DAMAGED, "\"priority\"", {{SET, "keyslots/1/priority", "null"}}},

	{"an unknown AF is accepted", DAMAGED, "keyslot 0: anti-forensic type is \"luks9\", not \"luks1\"",
		{{SET, "keyslots/0/af/type", "\"luks9\""}}},
	{"stripes 3999 are accepted", SLOT_0, CAUSE_DAMAGED, "\"stripes\" is 3999",
		{{SET, "keyslots/0/af/stripes", "3999"}}},
	{"stripes 0 are accepted", SLOT_0, CAUSE_DAMAGED, "\"stripes\" is 0",
		{{SET, "keyslots/0/af/stripes", "0"}}},
	{"stripes 4001 are accepted", SLOT_0, CAUSE_DAMAGED, "\"stripes\" is 4001",
		{{SET, "keyslots/0/af/stripes", "4001"}}},
	{"stripes as a string are accepted", DAMAGED, "keyslot 0: \"stripes\" is missing or not an integer",
		{{SET, "keyslots/0/af/stripes", "\"4000\""}}},
	{"an unknown AF hash is accepted", SLOT_0, CAUSE_UNSUPPORTED, "hash \"whirlpool\" is not supported",
		{{SET, "keyslots/0/af/hash", "\"whirlpool\""}}},
	{"an AF hash in capitals is refused", OK, {{SET, "keyslots/0/af/hash", "\"SHA256\""}}},
	{"an empty AF hash is accepted", DAMAGED, "keyslot 0: \"hash\" is missing or not a string",
		{{SET, "keyslots/0/af/hash", "\"\""}}},
	{"AF sha1 is refused", OK, {{SET, "keyslots/0/af/hash", "\"sha1\""}}},

	{"an unknown area type is accepted", DAMAGED, "keyslot 0: area type is \"journal\", not \"raw\"",
		{{SET, "keyslots/0/area/type", "\"journal\""}}},
	{"an area offset as a number is accepted", DAMAGED, "keyslot 0: \"offset\" is " DECIMAL,
		{{SET, "keyslots/0/area/offset", "32768"}}},
	{"an area size as a number is accepted", DAMAGED, "keyslot 0: \"size\" is " DECIMAL,
		{{SET, "keyslots/0/area/size", "258048"}}},
	{"an area that is dynamic is accepted", DAMAGED, "keyslot 0: \"size\" is " DECIMAL,
		{{SET, "keyslots/0/area/size", "\"dynamic\""}}},
	{"a keyslot with the null cipher is tried", SLOT_0, CAUSE_UNSUPPORTED,
		"cipher \"cipher_null-ecb\" is not supported",
		{{SET, "keyslots/0/area/encryption", "\"cipher_null-ecb\""}}},
	{"a keyslot with the null cipher by its other name is tried", SLOT_0, CAUSE_UNSUPPORTED,
		"is not supported", {{SET, "keyslots/0/area/encryption", "\"null\""}}},
	{"a keyslot with a capi cipher is tried", SLOT_0, CAUSE_UNSUPPORTED, "is not supported",
		{{SET, "keyslots/0/area/encryption", "\"capi:xts(aes)-plain64\""}}},
	{"a keyslot cipher that begins well is tried", SLOT_0, CAUSE_UNSUPPORTED, "is not supported",
		{{SET, "keyslots/0/area/encryption", "\"aes-xts-plain64 \""}}},
	{"a keyslot cipher that only the kernel computes is refused", OK,
		{{SET, "keyslots/0/area/encryption", "\"serpent-xts-plain64\""}}},
	{"a keyslot in aes-xts-plain is refused", OK,
		{{SET, "keyslots/0/area/encryption", "\"aes-xts-plain\""}}},
	{"an area key of 0 bytes is accepted", SLOT_0, CAUSE_DAMAGED, "\"area key_size\" is 0",
		{{SET, "keyslots/0/area/key_size", "0"}}},
	{"an area key of 16 bytes is accepted", SLOT_0, CAUSE_DAMAGED, "\"area key_size\" is 16",
		{{SET, "keyslots/0/area/key_size", "16"}}},
	{"an area key of 33 bytes is accepted", SLOT_0, CAUSE_DAMAGED, "\"area key_size\" is 33",
		{{SET, "keyslots/0/area/key_size", "33"}}},
	{"an area key of 72 bytes is accepted", SLOT_0, CAUSE_DAMAGED, "\"area key_size\" is 72",
		{{SET, "keyslots/0/area/key_size", "72"}}},
	{"an area key of 256 bytes shifts out of the table", SLOT_0, CAUSE_DAMAGED,
		"\"area key_size\" is 256", {{SET, "keyslots/0/area/key_size", "256"}}},
	{"an area key of 288 bytes is taken for 32", SLOT_0, CAUSE_DAMAGED, "\"area key_size\" is 288",
		{{SET, "keyslots/0/area/key_size", "288"}}},
	{"an area key of 2^32 - 1 bytes is accepted", SLOT_0, CAUSE_DAMAGED,
		"\"area key_size\" is 4294967295", {{SET, "keyslots/0/area/key_size", "4294967295"}}},
	{"an area of one byte less than its key needs is accepted", SLOT_0, CAUSE_DAMAGED,
		"\"area size\" is 255999", {{SET, "keyslots/0/area/size", "\"255999\""}}},
	{"an area of exactly what its key needs is refused", OK,
		{{SET, "keyslots/0/area/size", "\"256000\""}}},

	{"an unknown KDF is tried", SLOT_0, CAUSE_UNSUPPORTED, "kdf \"scrypt\" is not supported",
		{{SET, "keyslots/0/kdf/type", "\"scrypt\""}}},
	{"argon2d is taken for argon2i", SLOT_0, CAUSE_UNSUPPORTED, "kdf \"argon2d\" is not supported",
		{{SET, "keyslots/0/kdf/type", "\"argon2d\""}}},
	{"argon2idx is taken for argon2id", SLOT_0, CAUSE_UNSUPPORTED, "kdf \"argon2idx\"",
		{{SET, "keyslots/0/kdf/type", "\"argon2idx\""}}},
	{"an unknown KDF must have our members", SLOT_0, CAUSE_UNSUPPORTED, "kdf \"new\"",
		{{SET, "keyslots/0/kdf", "{\"type\":\"new\",\"x\":[1]}"}}},
	{"a KDF without a type is accepted", DAMAGED, "keyslot 0: \"type\"",
		{{REMOVE, "keyslots/0/kdf/type", NULL}}},
	{"a KDF that is no object is accepted", DAMAGED, "\"kdf\" is missing or not an object",
		{{SET, "keyslots/0/kdf", "\"argon2id\""}}},
	{"a KDF with a member more is refused", OK,
		{{ADD, "keyslots/0/kdf", "\"hash\":\"sha256\""}, {ADD, "keyslots/1/kdf", "\"time\":0"}}},
	{"argon2i is refused", OK, {{SET, "keyslots/0/kdf/type", "\"argon2i\""}}},
	{"Argon2 of no passes is accepted", SLOT_0, CAUSE_DAMAGED, "\"time\" is 0",
		{{SET, "keyslots/0/kdf/time", "0"}}},
	{"Argon2 of no memory is accepted", SLOT_0, CAUSE_DAMAGED, "\"memory\" is 0",
		{{SET, "keyslots/0/kdf/memory", "0"}}},
	{"Argon2 of 31 KiB for 4 lanes is accepted", SLOT_0, CAUSE_DAMAGED, "\"memory\" is 31",
		{{SET, "keyslots/0/kdf/memory", "31"}}},
	{"Argon2 of 32 KiB for 4 lanes is refused", OK, {{SET, "keyslots/0/kdf/memory", "32"}}},
	{"Argon2 of no lanes is accepted", SLOT_0, CAUSE_DAMAGED, "\"cpus\" is 0",
		{{SET, "keyslots/0/kdf/cpus", "0"}}},
	{"Argon2 of 2^24 lanes is accepted", SLOT_0, CAUSE_DAMAGED, "\"cpus\" is 16777216",
		{{SET, "keyslots/0/kdf/cpus", "16777216"}, {SET, "keyslots/0/kdf/memory", "4294967295"}}},
	{"Argon2 of 2^29 lanes wraps round in its memory", SLOT_0, CAUSE_DAMAGED, "\"cpus\" is 536870912",
		{{SET, "keyslots/0/kdf/cpus", "536870912"}}},
	{"Argon2 memory of 2^32 KiB is cut", DAMAGED, "integer over 32 bits",
		{{SET, "keyslots/0/kdf/memory", "4294967296"}}},
	{"Argon2 with everything at its largest is refused here", OK,
		{{SET, "keyslots/0/kdf/time", "4294967295"}, {SET, "keyslots/0/kdf/memory", "4294967295"},
			{SET, "keyslots/0/kdf/cpus", "16777215"}}},
	{"PBKDF2 of no iterations is accepted", SLOT_1, CAUSE_DAMAGED, "\"iterations\" is 0",
		{{SET, "keyslots/1/kdf/iterations", "0"}}},
	{"PBKDF2 of one iteration is refused", OK, {{SET, "keyslots/1/kdf/iterations", "1"}}},
	{"PBKDF2 iterations as a string are accepted", DAMAGED,
		"keyslot 1: \"iterations\" is missing or not an integer",
		{{SET, "keyslots/1/kdf/iterations", "\"1000\""}}},
	{"an unknown PBKDF2 hash is accepted", SLOT_1, CAUSE_UNSUPPORTED,
		"hash \"ripemd160\" is not supported", {{SET, "keyslots/1/kdf/hash", "\"ripemd160\""}}},
	{"a null PBKDF2 hash is accepted", DAMAGED, "\"hash\"", {{SET, "keyslots/1/kdf/hash", "null"}}},
	{"a salt of 31 bytes is accepted", SLOT_0, CAUSE_DAMAGED, "\"salt length\" is 31",
		{{SET, "keyslots/0/kdf/salt", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\""}}},
	{"a salt of 33 bytes is accepted", SLOT_0, CAUSE_DAMAGED, "\"salt length\" is 33",
		{{SET, "keyslots/0/kdf/salt", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""}}},
	{"an empty salt is accepted", SLOT_0, CAUSE_DAMAGED, "\"salt length\" is 0",
		{{SET, "keyslots/0/kdf/salt", "\"\""}}},
	{"a salt that is no base64 is accepted", DAMAGED, "keyslot 0: \"salt\" is missing or not base64",
		{{SET, "keyslots/0/kdf/salt", "\"z6vz4xK7cjan92rDA5JF8O6Jk2HouV0O8DMB6GlztVk\""}}},
	{"a salt of 66 bytes overflows its field", DAMAGED,
		"keyslot 0: \"salt\" is missing or not base64 of a fitting length",
		{{SET, "keyslots/0/kdf/salt",
			"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			"AAAAAAAAA\""}}},
	{"a control character in a word reaches the terminal", SLOT_0, CAUSE_UNSUPPORTED, "kdf \"?[2J\"",
		{{SET, "keyslots/0/kdf/type", "\"\\u001b[2J\""}}},
	{"a format in a word is followed", SLOT_0, CAUSE_UNSUPPORTED, "kdf \"%s%n%s\"",
		{{SET, "keyslots/0/kdf/type", "\"%s%n%s\""}}},
	{"the second reason replaces the first", SLOT_0, CAUSE_DAMAGED, "\"time\" is 0",
		{{SET, "keyslots/0/kdf/time", "0"}, {SET, "keyslots/0/kdf/salt", "\"\""},
			{SET, "keyslots/0/area/encryption", "\"x\""}}},
};

#define OTHER                                                                                                \
	"{\"type\":\"other\",\"key_size\":1,\"area\":{\"type\":\"none\",\"offset\":\"1048576\","             \
	"\"size\":\"4096\"}}"

static const struct edit_row other_keyslots[] = {
	{"a keyslot of an unknown type is refused", OK, {{ADD, "keyslots", "\"7\":" OTHER}}},
	{"a keyslot of an unknown type spoils the one behind it", OK,
		{{ADD_FIRST, "keyslots", "\"7\":" OTHER}}},
	{"a keyslot of an unknown type without an area is accepted", DAMAGED, "keyslot 7: \"area\"",
		{{ADD, "keyslots", "\"7\":{\"type\":\"other\",\"key_size\":1}"}}},
	{"a keyslot of an unknown type must have our members", OK,
		{{ADD, "keyslots",
			"\"7\":{\"type\":\"other\",\"key_size\":1,\"kdf\":5,\"af\":[],"
			"\"area\":{\"type\":\"none\",\"offset\":\"1048576\",\"size\":\"4096\"}}"}}},
	{"a keyslot of an unknown type without key_size is accepted", DAMAGED, "keyslot 7: \"key_size\"",
		{{ADD, "keyslots", "\"7\":{\"type\":\"other\"}"}}},
	{"a keyslot without a type is accepted", DAMAGED, "keyslot 1: \"type\"",
		{{REMOVE, "keyslots/1/type", NULL}}},
	{"the area of an unknown type is not looked at", DAMAGED, "keyslot 7: \"offset\"",
		{{ADD, "keyslots",
			"\"7\":{\"type\":\"other\",\"key_size\":1,\"area\":{\"type\":\"none\","
			"\"offset\":1}}"}}},
	{"a reencrypt keyslot is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED, "re-encryption is under way",
		{{ADD, "keyslots",
			"\"7\":{\"type\":\"reencrypt\",\"key_size\":1,\"mode\":\"reencrypt\","
			"\"direction\":\"forward\",\"area\":{\"type\":\"none\","
			"\"offset\":\"1048576\",\"size\":\"4096\"}}"}}},
	{"a reencrypt keyslot in front spoils the one behind it", REQUIREMENTS, CAUSE_UNSUPPORTED,
		"re-encryption is under way",
		{{ADD_FIRST, "keyslots",
			"\"7\":{\"type\":\"reencrypt\",\"key_size\":1,\"mode\":\"reencrypt\","
			"\"direction\":\"forward\",\"area\":{\"type\":\"none\","
			"\"offset\":\"1048576\",\"size\":\"4096\"}}"}}},
};

static const struct edit_row digests[] = {
	{"a digest of an unknown type is used", DIGEST, CAUSE_UNSUPPORTED,
		"digest type \"new\" is not supported", {{SET, "digests/0/type", "\"new\""}}},
	{"a digest without a type is accepted", DAMAGED, "digest 0: \"type\"",
		{{REMOVE, "digests/0/type", NULL}}},
	{"a digest with an unknown hash is used", DIGEST, CAUSE_UNSUPPORTED, "hash \"md5\" is not supported",
		{{SET, "digests/0/hash", "\"md5\""}}},
	{"a digest of no iterations is used", DIGEST, CAUSE_DAMAGED, "\"iterations\" is 0",
		{{SET, "digests/0/iterations", "0"}}},
	{"an empty digest matches everything", DIGEST, CAUSE_DAMAGED, "\"digest length\" is 0",
		{{SET, "digests/0/digest", "\"\""}}},
	{"a digest of one byte is used", DIGEST, CAUSE_DAMAGED, "\"digest length\" is 1",
		{{SET, "digests/0/digest", "\"AA==\""}}},
	{"a digest of 19 bytes is used", DIGEST, CAUSE_DAMAGED, "\"digest length\" is 19",
		{{SET, "digests/0/digest", "\"AAAAAAAAAAAAAAAAAAAAAAAAAA==\""}}},
	{"a digest of 31 bytes is used", DIGEST, CAUSE_DAMAGED, "\"digest length\" is 31",
		{{SET, "digests/0/digest", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\""}}},
	{"a digest of 33 bytes is used", DIGEST, CAUSE_DAMAGED, "\"digest length\" is 33",
		{{SET, "digests/0/digest", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""}}},
	{"a digest of 64 bytes is used with sha256", DIGEST, CAUSE_DAMAGED, "\"digest length\" is 64",
		{{SET, "digests/0/digest",
			"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			"AAAAAAA==\""}}},
	{"a digest of 66 bytes overflows its field", DAMAGED, "digest 0: \"digest\"",
		{{SET, "digests/0/digest",
			"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			"AAAAAAAAA\""}}},
	{"a digest of 20 bytes is refused", OK,
		{{SET, "digests/0/digest", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAA=\""}}},
	{"a digest of 20 bytes with sha512 is refused", OK,
		{{SET, "digests/0/digest", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAA=\""},
			{SET, "digests/0/hash", "\"sha512\""}}},
	{"a digest of 64 bytes with sha512 is refused", OK,
		{{SET, "digests/0/digest",
			 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			 "AAAAAAAA==\""},
			{SET, "digests/0/hash", "\"sha512\""}}},
	{"a digest of 32 bytes with sha512 is used", DIGEST, CAUSE_DAMAGED, "\"digest length\" is 32",
		{{SET, "digests/0/hash", "\"sha512\""}}},
	{"a digest salt of 31 bytes is accepted", DIGEST, CAUSE_DAMAGED, "\"salt length\" is 31",
		{{SET, "digests/0/salt", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\""}}},
	{"a digest salt of 33 bytes overflows its field", DAMAGED, "digest 0: \"salt\"",
		{{SET, "digests/0/salt", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""}}},
	{"a digest name with a leading zero is accepted", DAMAGED, "digest \"00\": the name is not a number",
		{{RENAME, "digests/0", "00"}}},
	{"digest 8 is accepted", DAMAGED, "digest \"8\": the name is not a number from 0 to 7",
		{{RENAME, "digests/0", "8"}}},
	{"digest 7 is refused", OK, {{RENAME, "digests/0", "7"}}},
	{"a digest that is no object is accepted", DAMAGED, "digest 1 is not an object",
		{{ADD, "digests", "\"1\":[]"}}},
	{"the keyslots of a digest as a string are accepted", DAMAGED,
		"digest 0: \"keyslots\" is missing or not an array", {{SET, "digests/0/keyslots", "\"0\""}}},
	{"the keyslots of a digest as numbers are accepted", DAMAGED, "an array of numbers from",
		{{SET, "digests/0/keyslots", "[0,1]"}}},
	{"the segments of a digest as numbers are accepted", DAMAGED, "an array of numbers from",
		{{SET, "digests/0/segments", "[0]"}}},
	{"keyslot 32 in a digest shifts out of the word", DAMAGED, "an array of numbers from",
		{{SET, "digests/0/keyslots", "[\"0\",\"1\",\"32\"]"}}},
	{"keyslot 2^32 in a digest is taken for 0", DAMAGED, "an array of numbers from",
		{{SET, "digests/0/keyslots", "[\"4294967296\",\"1\"]"}}},
	{"keyslot 01 in a digest is taken for 1", DAMAGED, "an array of numbers from",
		{{SET, "digests/0/keyslots", "[\"0\",\"01\"]"}}},
};

static const struct edit_row segments[] = {
	{"an offset as a number is accepted", DAMAGED, "segment 0: \"offset\" is " DECIMAL,
		{{SET, "segments/0/offset", "16777216"}}},
	{"an offset beside 512 is accepted", DAMAGED, "segment 0: offset or size is not a multiple of 512",
		{{SET, "segments/0/offset", "\"16777217\""}}},
	{"an offset of 2^63 is accepted", DAMAGED, "out of range",
		{{SET, "segments/0/offset", "\"9223372036854775808\""}}},
	{"an offset of 2^64 - 512 is accepted", DAMAGED, "out of range",
		{{SET, "segments/0/offset", "\"18446744073709551104\""}}},
	{"an offset of 2^64 + 16 MiB wraps round", DAMAGED, DECIMAL,
		{{SET, "segments/0/offset", "\"18446744073726328832\""}}},
	{"size 0 is taken for dynamic", DAMAGED, "\"dynamic\" or a decimal string over 0",
		{{SET, "segments/0/size", "\"0\""}}},
	{"an empty size is taken for dynamic", DAMAGED, "segment 0: \"size\"",
		{{SET, "segments/0/size", "\"\""}}},
	{"a size in capitals is taken for dynamic", DAMAGED, "segment 0: \"size\"",
		{{SET, "segments/0/size", "\"Dynamic\""}}},
	{"a size that begins with dynamic is accepted", DAMAGED, "segment 0: \"size\"",
		{{SET, "segments/0/size", "\"dynamic2\""}}},
	{"a size as a number is accepted", DAMAGED, "segment 0: \"size\"",
		{{SET, "segments/0/size", "1048576"}}},
	{"a size with a leading zero is accepted", DAMAGED, "segment 0: \"size\"",
		{{SET, "segments/0/size", "\"01048576\""}}},
	{"a size beside 512 is accepted", DAMAGED, "not a multiple of 512",
		{{SET, "segments/0/size", "\"1048577\""}}},
	{"a size of 2^63 is accepted", DAMAGED, "out of range",
		{{SET, "segments/0/size", "\"9223372036854775808\""}}},
	{"offset and size that pass 2^63 together crash", OK,
		{{SET, "segments/0/offset", "\"9223372036854775296\""},
			{SET, "segments/0/size", "\"9223372036854775296\""}}},
	{"a fixed size is refused", OK, {{SET, "segments/0/size", "\"1048576\""}}},
	{"a size beside its sector size is accepted", DAMAGED,
		"segment 0: size 1049088 is not a multiple of its sector size 4096",
		{{SET, "segments/0/size", "\"1049088\""}, {SET, "segments/0/sector_size", "4096"}}},

	{"a sector size of 0 is accepted", DAMAGED, "segment 0: sector size 0",
		{{SET, "segments/0/sector_size", "0"}}},
	{"a sector size of 256 is accepted", DAMAGED, "segment 0: sector size 256",
		{{SET, "segments/0/sector_size", "256"}}},
	{"a sector size of 513 is accepted", DAMAGED, "segment 0: sector size 513",
		{{SET, "segments/0/sector_size", "513"}}},
	{"a sector size of 1536 is accepted", DAMAGED, "segment 0: sector size 1536",
		{{SET, "segments/0/sector_size", "1536"}}},
	{"a sector size of 8192 is accepted", DAMAGED, "segment 0: sector size 8192",
		{{SET, "segments/0/sector_size", "8192"}}},
	{"a sector size of 2^31 is accepted", DAMAGED, "segment 0: sector size 2147483648",
		{{SET, "segments/0/sector_size", "2147483648"}}},
	{"a sector size as a string is accepted", DAMAGED, "segment 0: \"sector_size\"",
		{{SET, "segments/0/sector_size", "\"512\""}}},
	{"a sector size of 1024 is refused", OK, {{SET, "segments/0/sector_size", "1024"}}},
	{"a sector size of 2048 is refused", OK, {{SET, "segments/0/sector_size", "2048"}}},
	{"a sector size of 4096 is refused", OK, {{SET, "segments/0/sector_size", "4096"}}},

	{"an IV tweak is overlooked", SEGMENT, CAUSE_UNSUPPORTED, "IV tweak",
		{{SET, "segments/0/iv_tweak", "\"8\""}}},
	{"an IV tweak of 2^64 - 1 is overlooked", SEGMENT, CAUSE_UNSUPPORTED, "IV tweak",
		{{SET, "segments/0/iv_tweak", "\"18446744073709551615\""}}},
	{"an IV tweak as a number is accepted", DAMAGED, "segment 0: \"iv_tweak\" is " DECIMAL,
		{{SET, "segments/0/iv_tweak", "0"}}},
	{"a negative IV tweak is accepted", DAMAGED, "segment 0: \"iv_tweak\"",
		{{SET, "segments/0/iv_tweak", "\"-1\""}}},
	{"integrity is refused", OK, {{ADD, "segments/0", INTEGRITY("hmac(sha256)", "none", "none", "")}}},
	{"integrity of an unknown kind is mapped", SEGMENT, CAUSE_UNSUPPORTED,
		"cipher \"aes-xts-plain64\" is not supported with integrity \"hmac(sha1)\"; open it",
		{{ADD, "segments/0", INTEGRITY("hmac(sha1)", "none", "none", "")}}},
	{"a cipher that needs integrity is mapped without it", SEGMENT, CAUSE_UNSUPPORTED,
		"cipher \"aes-gcm-random\" is not supported",
		{{SET, "segments/0/encryption", "\"aes-gcm-random\""}}},
	{"a journal with a cipher is overlooked", SEGMENT, CAUSE_UNSUPPORTED, "keys for its journal",
		{{ADD, "segments/0", INTEGRITY("hmac(sha256)", "ctr(aes)", "none", "")}}},
	{"a journal with a digest is overlooked", SEGMENT, CAUSE_UNSUPPORTED, "keys for its journal",
		{{ADD, "segments/0", INTEGRITY("hmac(sha256)", "none", "hmac(sha256)", "")}}},
	{"a key size of integrity is overlooked", SEGMENT, CAUSE_UNSUPPORTED, "a key size of its own",
		{{ADD, "segments/0", INTEGRITY("hmac(sha256)", "none", "none", ",\"key_size\":32")}}},
	{"integrity that is null is overlooked", DAMAGED, "\"integrity\" is missing or not an object",
		{{ADD, "segments/0", "\"integrity\":null"}}},
	{"integrity without a type is overlooked", DAMAGED, "integrity without a type",
		{{ADD, "segments/0", "\"integrity\":{}"}}},
	{"integrity of an empty type is overlooked", DAMAGED, "integrity without a type",
		{{ADD, "segments/0", INTEGRITY("", "none", "none", "")}}},

	{"the null cipher is mapped", SEGMENT, CAUSE_UNSUPPORTED,
		"cipher \"cipher_null-ecb\" is not supported",
		{{SET, "segments/0/encryption", "\"cipher_null-ecb\""}}},
	{"the null cipher in another mode is mapped", SEGMENT, CAUSE_UNSUPPORTED,
		"cipher \"cipher_null-cbc-plain64\"",
		{{SET, "segments/0/encryption", "\"cipher_null-cbc-plain64\""}}},
	{"the null cipher by capi is mapped", SEGMENT, CAUSE_UNSUPPORTED, "is not supported",
		{{SET, "segments/0/encryption", "\"capi:ecb(cipher_null)-null\""}}},
	{"the null cipher by its short name is mapped", SEGMENT, CAUSE_UNSUPPORTED, "is not supported",
		{{SET, "segments/0/encryption", "\"null\""}}},
	{"an unknown cipher is mapped", SEGMENT, CAUSE_UNSUPPORTED, "cipher \"aes-ecb\"",
		{{SET, "segments/0/encryption", "\"aes-ecb\""}}},
	{"a cipher in capitals is mapped", SEGMENT, CAUSE_UNSUPPORTED, "cipher \"AES-XTS-PLAIN64\"",
		{{SET, "segments/0/encryption", "\"AES-XTS-PLAIN64\""}}},
	{"a cipher with a tail is mapped", SEGMENT, CAUSE_UNSUPPORTED, "cipher \"aes-xts-plain64 1\"",
		{{SET, "segments/0/encryption", "\"aes-xts-plain64 1\""}}},
	{"a cut cipher is mapped", SEGMENT, CAUSE_UNSUPPORTED, "cipher \"aes-xts-plain6\"",
		{{SET, "segments/0/encryption", "\"aes-xts-plain6\""}}},
	{"an empty cipher is mapped", DAMAGED, "segment 0: \"encryption\"",
		{{SET, "segments/0/encryption", "\"\""}}},
	{"Serpent is refused for data", OK, {{SET, "segments/0/encryption", "\"serpent-xts-plain64\""}}},

	{"a linear segment is mapped", SEGMENT, CAUSE_UNSUPPORTED, "segment type \"linear\" is not supported",
		{{SET, "segments/0/type", "\"linear\""}}},
	{"an OPAL segment is mapped", SEGMENT, CAUSE_UNSUPPORTED, "segment type \"hw-opal-crypt\"",
		{{SET, "segments/0/type", "\"hw-opal-crypt\""}}},
	{"a segment name with a leading zero is accepted", DAMAGED, "segment \"00\"",
		{{RENAME, "segments/0", "00"}}},
	{"segment 32 is accepted", DAMAGED, "segment \"32\": the name is not a number from 0 to 31",
		{{RENAME, "segments/0", "32"}}},
	{"a segment that is no object is accepted", DAMAGED, "segment 0 is not an object",
		{{SET, "segments/0", "1"}}},
	{"a segment flag of re-encryption is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED,
		"re-encryption is under way", {{ADD, "segments/0", "\"flags\":[\"in-reencryption\"]"}}},
	{"a segment flag of re-encryption behind another is overlooked", REQUIREMENTS, CAUSE_UNSUPPORTED,
		"re-encryption is under way", {{ADD, "segments/0", "\"flags\":[\"x\",\"in-reencryption\"]"}}},
	{"an unknown segment flag is refused", OK, {{ADD, "segments/0", "\"flags\":[\"new\",\"\"]"}}},
	{"segment flags that are no array are overlooked", DAMAGED,
		"segment 0: \"flags\" is missing or not an array",
		{{ADD, "segments/0", "\"flags\":\"in-reencryption\""}}},
	{"a segment flag that is no string is overlooked", DAMAGED, "an array of strings",
		{{ADD, "segments/0", "\"flags\":[[\"in-reencryption\"]]"}}},
};

static const struct edit_row tokens[] = {
	{"a token of an unknown type is refused", OK, {{SET, "tokens/0/type", "\"somebody-else\""}}},
	{"a token with numbers of all kinds is refused", OK,
		{{ADD, "tokens/0", "\"a\":[-1,1.5,1e400,18446744073709551616,null,{\"b\":true}]"}}},
	{"no tokens are refused", OK, {{SET, "tokens", "{}"}}},
	{"a token without a type is accepted", DAMAGED, "token 0: \"type\"",
		{{REMOVE, "tokens/0/type", NULL}}},
	{"a token without keyslots is accepted", DAMAGED, "token 0: \"keyslots\"",
		{{REMOVE, "tokens/0/keyslots", NULL}}},
	{"a token bound to no keyslot is refused", OK, {{SET, "tokens/0/keyslots", "[]"}}},
	{"a token for a keyslot that does not exist is accepted", DAMAGED,
		"token 0: refers to a keyslot that does not exist", {{SET, "tokens/0/keyslots", "[\"2\"]"}}},
	{"token 32 is accepted", DAMAGED, "token \"32\"", {{RENAME, "tokens/0", "32"}}},
	{"a token that is no object is accepted", DAMAGED, "token 0 is not an object",
		{{SET, "tokens/0", "[]"}}},
	{"a token name that is no number is accepted", DAMAGED, "token \"x\"", {{RENAME, "tokens/0", "x"}}},
};

/* --- every member in turn --------------------------------------------------------------- */

struct member {
	char path[80], name[ROW_NAME_BYTES];
	char first; /* character of its value */
};

/* These may be absent; all others of the template must be there. */
static bool is_optional(const char *path)
{
	static const char *const optional[] = {"tokens/0", "tokens/0/key_description", "config/flags",
		"config/requirements", "config/requirements/mandatory", "keyslots/1/priority"};

	for (size_t i = 0; i < COUNT(optional); i++)
		if (!strcmp(path, optional[i]))
			return true;
	return false;
}

static void member_is_removed(void **state)
{
	const struct member *m = *state;
	struct edit edit = {REMOVE, m->path, NULL};
	const struct edit_outcome *o = judge_edits(&edit, 1);

	assert_int_equal(o->cause, is_optional(m->path) ? CAUSE_OK : CAUSE_DAMAGED);
}

static bool is_free(const char *path)
{
	return !strcmp(path, "tokens/0/key_description");
}

/* Each other JSON type in its place, and null. */
static void member_has_another_type(void **state)
{
	static const char *const values[] = {"null", "true", "7", "\"x\"", "[]", "{}"};
	const struct member *m = *state;

	for (size_t i = 0; i < COUNT(values); i++) {
		struct edit edit = {SET, m->path, values[i]};
		bool same_type =
			values[i][0] == m->first || (values[i][0] == '7' && m->first < ':' && m->first > '/');

		if (same_type)
			continue;
		if (judge_edits(&edit, 1)->cause != (is_free(m->path) ? CAUSE_OK : CAUSE_DAMAGED))
			fail_msg("%s for %s", values[i], m->path);
	}
}

/* A name in other letters is another name. */
static void member_is_in_capitals(void **state)
{
	const struct member *m = *state;
	char name[sizeof(m->path)];
	struct edit edit = {RENAME, m->path, name};
	const char *slash = strrchr(m->path, '/');

	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : m->path);
	name[0] = (char)(name[0] - 'a' + 'A');
	assert_int_equal(judge_edits(&edit, 1)->cause, is_optional(m->path) ? CAUSE_OK : CAUSE_DAMAGED);
}

static void add_members(void)
{
	static struct member members[3 * EDIT_NODES_MAX];
	static struct edit_node nodes[EDIT_NODES_MAX];
	static char text[IMAGE_JSON_ROOM];
	static const struct {
		const char *format;
		CMUnitTestFunction test;
	} kinds[] = {
		{"%s may be missing", member_is_removed},
		{"%s may be of another type", member_has_another_type},
		{"%s may be in capitals", member_is_in_capitals},
	};
	size_t count, used = 0;

	image_json(text, sizeof(text), IMAGE_HDR_MIN);
	count = edit_index(text, strlen(text), nodes);
	for (size_t i = 1; i < count; i++)
		for (size_t k = 0; k < COUNT(kinds); k++) {
			struct member *m = &members[used];
			bool letter = nodes[i].name >= 0 && text[nodes[i].name] > '9';

			if (!edit_path(text, nodes, (int)i, m->path, sizeof(m->path)) ||
				(nodes[i].name < 0 && kinds[k].test != member_has_another_type) ||
				(!letter && kinds[k].test == member_is_in_capitals))
				continue;
			m->first = text[nodes[i].at];
			snprintf(m->name, sizeof(m->name), kinds[k].format, m->path);
			row(m->name, kinds[k].test, m);
			used++;
		}
}

/* --- what is read ------------------------------------------------------------------------ */

static void a_value_reaches_the_wrong_field(void **state)
{
	const struct luks *l = &judge_edits(NULL, 0)->luks;
	const struct luks_keyslot *a = &l->keyslots[0], *b = &l->keyslots[1];
	static const uint8_t salt_start[] = {0xcf, 0xab, 0xf3, 0xe3},
			     value_start[] = {0x0b, 0xd2, 0x56, 0x92},
			     digest_salt_start[] = {0x1b, 0xc8, 0x2a, 0xb4};

	(void)state;
	assert_int_equal(l->keyslot_count, 2);
	assert_int_equal(l->digest_count, 1);
	assert_int_equal(l->segment_count, 1);
	assert_int_equal(l->token_count, 1);
	assert_int_equal(l->skipped_keyslots, 0);
	assert_true(l->keyslots_size_bytes == (16 << 20) - 32768);
	assert_true(l->segments[0].off == 16 << 20 && l->segments[0].size_bytes == 0 &&
		    l->segments[0].sector_bytes == 512);
	assert_int_equal(l->segments[0].cipher, CIPHER_AES_XTS_PLAIN64);
	assert_true(a->id == 0 && b->id == 1 && a->priority == LUKS_PRIORITY_NORMAL &&
		    b->priority == LUKS_PRIORITY_PREFER);
	assert_true(a->key_bytes == 64 && b->key_bytes == 64);
	assert_true(a->kdf.kind == KDF_ARGON2ID && b->kdf.kind == KDF_PBKDF2);
	assert_true(a->kdf.iterations == 4 && a->kdf.memory_kib == 65536 && a->kdf.lanes == 4);
	assert_true(b->kdf.iterations == 1000 && b->kdf.hash == HASH_SHA512);
	assert_true(a->kdf.salt_bytes == 32 && !memcmp(a->kdf.salt, salt_start, 4));
	assert_true(a->af_hash == HASH_SHA256 && b->af_hash == HASH_SHA512);
	assert_true(a->area_key_bytes == 64 && b->area_key_bytes == 32);
	assert_true(a->area_off == 32768 && b->area_off == 32768 + 258048 && a->area_size_bytes == 258048);
	assert_true(a->digest == 0 && b->digest == 0);
	assert_true(l->digests[0].id == 0 && l->digests[0].hash == HASH_SHA256 &&
		    l->digests[0].iterations == 110890);
	assert_true(l->digests[0].value_bytes == 32 && l->digests[0].covers_segment);
	assert_memory_equal(l->digests[0].value, value_start, 4);
	assert_memory_equal(l->digests[0].salt, digest_salt_start, 4);
}

static void argon2i_and_argon2id_are_mixed_up(void **state)
{
	static const struct edit edit = {SET, "keyslots/0/kdf/type", "\"argon2i\""};

	(void)state;
	assert_int_equal(judge_edits(&edit, 1)->luks.keyslots[0].kdf.kind, KDF_ARGON2I);
	assert_int_equal(judge_edits(NULL, 0)->luks.keyslots[0].kdf.kind, KDF_ARGON2ID);
}

static void a_priority_is_mixed_up(void **state)
{
	static const char *const values[] = {"0", "1", "2"};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct edit edit = {SET, "keyslots/1/priority", values[i]};

		assert_int_equal(judge_edits(&edit, 1)->luks.keyslots[1].priority, i);
	}
}

static void a_flag_sets_another_or_none(void **state)
{
	static const char *const names[] = {"allow-discards", "same-cpu-crypt", "submit-from-crypt-cpus",
		"no-read-workqueue", "no-write-workqueue", "high_priority"};
	char value[200] = "[\"no-journal\",\"unknown\",";

	(void)state;
	for (unsigned set = 0; set < 64; set++) {
		struct edit edit = {SET, "config/flags", value};

		strcpy(value, "[\"no-journal\",\"Allow-Discards\",\"high-priority\"");
		for (unsigned i = 0; i < 6; i++)
			if (set & 1u << i)
				snprintf(value + strlen(value), sizeof(value) - strlen(value), ",\"%s\"",
					names[i]);
		strcat(value, "]");
		assert_int_equal(judge_edits(&edit, 1)->luks.flags, set);
	}
}

static void integrity_and_how_it_is_kept_are_lost(void **state)
{
	static const struct edit edits[] = {
		{ADD, "segments/0", INTEGRITY("hmac(sha256)", "none", "none", "")},
		{SET, "config/flags", "[\"no-journal\"]"},
		{SET, "config/requirements/mandatory", "[\"inline-hw-tags\"]"},
	};

	static const struct edit longer = {ADD, "segments/0", INTEGRITY("hmac(sha512)", "none", "none", "")};
	const struct edit_outcome *o = judge_edits(&longer, 1);

	(void)state;
	assert_string_equal(o->luks.keyslots[0].verdict.why,
		"its key of 64 bytes does not fit capi:authenc(hmac(sha512),xts(aes))-plain64");
	for (unsigned n = 1; n <= 3; n++) {
		const struct luks *luks = &judge_edits(edits, n)->luks;

		assert_int_equal(luks->segments[0].cipher, CIPHER_AES_XTS_HMAC_SHA256);
		assert_int_equal(luks->segments[0].verdict.cause, CAUSE_OK);
		assert_int_equal(luks->no_journal, n > 1);
		assert_int_equal(luks->inline_tags, n > 2);
		assert_int_equal(luks_has_integrity(luks), n < 3);
		assert_int_equal(luks->unknown_flags, 0);
	}
}

static void the_order_of_the_text_is_lost(void **state)
{
	static const struct edit edits[] = {
		{RENAME, "keyslots/0", "9"},
		{ADD_FIRST, "keyslots",
			"\"31\":{\"type\":\"luks2\",\"key_size\":32,"
			"\"af\":{\"type\":\"luks1\",\"stripes\":4000,\"hash\":\"sha256\"},"
			"\"area\":{\"type\":\"raw\",\"offset\":\"1048576\",\"size\":\"131072\","
			"\"encryption\":\"aes-xts-plain64\",\"key_size\":32},"
			"\"kdf\":{\"type\":\"pbkdf2\",\"hash\":\"sha1\",\"iterations\":5,\"salt\":"
			"\"" IMAGE_SALT_TEXT "\"}}"},
		{SET, "digests/0/keyslots", "[\"1\",\"9\",\"31\"]"},
	};
	const struct luks *l = &judge_edits(edits, 3)->luks;

	(void)state;
	assert_int_equal(l->keyslot_count, 3);
	assert_int_equal(l->keyslots[0].id, 31);
	assert_int_equal(l->keyslots[1].id, 9);
	assert_int_equal(l->keyslots[2].id, 1);
	assert_ptr_equal(luks_find_keyslot(l, 9), &l->keyslots[1]);
	assert_null(luks_find_keyslot(l, 0));
	assert_int_equal(l->keyslots[0].kdf.hash, HASH_SHA1);
}

/* @n keyslots of 32-byte keys, one behind the other, all in digest 0; @type for the odd ones. */
static const struct edit_outcome *many_keyslots(unsigned n, const char *odd_type)
{
	static char text[IMAGE_JSON_ROOM], one[600], refs[256];

	image_json(text, sizeof(text), IMAGE_HDR_MIN);
	edit_set(text, sizeof(text), "keyslots", "{}");
	strcpy(refs, "[");
	for (unsigned i = 0; i < n; i++) {
		snprintf(one, sizeof(one),
			"\"%u\":{\"type\":\"%s\",\"key_size\":32,"
			"\"af\":{\"type\":\"luks1\",\"stripes\":4000,\"hash\":\"sha256\"},"
			"\"area\":{\"type\":\"raw\",\"offset\":\"%u\",\"size\":\"131072\","
			"\"encryption\":\"aes-xts-plain64\",\"key_size\":32},"
			"\"kdf\":{\"type\":\"pbkdf2\",\"hash\":\"sha256\",\"iterations\":%u,"
			"\"salt\":\"" IMAGE_SALT_TEXT "\"}}",
			i, i % 2 ? odd_type : "luks2", 32768 + i * 131072, i + 1);
		edit_add(text, sizeof(text), "keyslots", one);
		snprintf(refs + strlen(refs), sizeof(refs) - strlen(refs), "%s\"%u\"", i ? "," : "", i);
	}
	strcat(refs, "]");
	edit_set(text, sizeof(text), "digests/0/keyslots", refs);
	return judge_text(text);
}

static void thirty_two_keyslots_are_refused(void **state)
{
	const struct edit_outcome *o = many_keyslots(32, "luks2");

	(void)state;
	assert_int_equal(o->cause, CAUSE_OK);
	assert_int_equal(o->luks.keyslot_count, 32);
	for (unsigned i = 0; i < 32; i++) {
		assert_int_equal(o->luks.keyslots[i].id, i);
		assert_int_equal(o->luks.keyslots[i].kdf.iterations, i + 1);
		assert_int_equal(o->luks.keyslots[i].verdict.cause, CAUSE_OK);
	}
}

static void thirty_three_keyslots_are_accepted(void **state)
{
	(void)state;
	assert_int_equal(many_keyslots(33, "luks2")->cause, CAUSE_DAMAGED);
}

static void keyslots_of_other_types_leave_something_behind(void **state)
{
	const struct edit_outcome *o = many_keyslots(32, "other");

	(void)state;
	assert_int_equal(o->cause, CAUSE_OK);
	assert_int_equal(o->luks.keyslot_count, 16);
	assert_int_equal(o->luks.skipped_keyslots, 16);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(o->luks.keyslots[i].id, 2 * i);
		assert_int_equal(o->luks.keyslots[i].kdf.iterations, 2 * i + 1);
		assert_int_equal(o->luks.keyslots[i].verdict.cause, CAUSE_OK);
	}
}

/* @n objects "0" to "n - 1" in @section, each @object. */
static const struct edit_outcome *many_objects(const char *section, unsigned n, const char *object)
{
	static char text[IMAGE_JSON_ROOM], one[600];

	image_json(text, sizeof(text), IMAGE_HDR_MIN);
	for (unsigned i = 1; i < n; i++) {
		snprintf(one, sizeof(one), "\"%u\":%s", i, object);
		edit_add(text, sizeof(text), section, one);
	}
	return judge_text(text);
}

static void eight_digests_are_refused(void **state)
{
	static const char digest[] =
		"{\"type\":\"pbkdf2\",\"keyslots\":[],\"segments\":[],\"hash\":\"sha256\","
		"\"iterations\":1,\"salt\":\"" IMAGE_SALT_TEXT
		"\",\"digest\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}";

	(void)state;
	assert_int_equal(many_objects("digests", 8, digest)->luks.digest_count, 8);
	assert_int_equal(many_objects("digests", 8, digest)->cause, CAUSE_OK);
	assert_int_equal(many_objects("digests", 9, digest)->cause, CAUSE_DAMAGED);
}

static void thirty_two_tokens_are_refused(void **state)
{
	(void)state;
	assert_int_equal(many_objects("tokens", 32, "{\"type\":\"x\",\"keyslots\":[\"0\"]}")->cause,
		CAUSE_OK);
	assert_int_equal(many_objects("tokens", 32, "{\"type\":\"x\",\"keyslots\":[\"0\"]}")
				 ->luks.token_count,
		32);
	assert_int_equal(many_objects("tokens", 33, "{\"type\":\"x\",\"keyslots\":[\"0\"]}")->cause,
		CAUSE_DAMAGED);
}

/* The key of a second token of the type luks2-keyring, with these members behind its type; NULL: none. */
static const char *one_token(const char *members)
{
	char token[400];
	const struct edit_outcome *o;

	snprintf(token, sizeof(token), "{\"type\":\"luks2-keyring\",%s}", members);
	o = many_objects("tokens", 2, token);
	assert_int_equal(o->cause, CAUSE_OK); /* whatever it is, the keyslots open without it */
	assert_int_equal(o->luks.token_count, 2);
	assert_int_equal(o->luks.keyring_key_count, o->luks.tokens[1].key ? 2 : 1);
	return o->luks.tokens[1].key ? o->luks.keyring_keys[o->luks.tokens[1].key - 1] : NULL;
}

static void a_keyring_token_is_not_understood(void **state)
{
	static char longest[200], members[300];
	const char *key = one_token("\"keyslots\":[\"1\",\"0\"],\"key_description\":\"a key: ~\"");

	(void)state;
	assert_non_null(key);
	assert_string_equal(key, "a key: ~");
	memset(longest, 'x', LUKS_KEY_DESCRIPTION_CHARS);
	snprintf(members, sizeof(members), "\"keyslots\":[\"0\"],\"key_description\":\"%s\"", longest);
	key = one_token(members);
	assert_non_null(key);
	assert_string_equal(key, longest);
	snprintf(members, sizeof(members), "\"keyslots\":[\"0\"],\"key_description\":\"%sx\"", longest);
	assert_null(one_token(members));
}

static void text_that_is_not_printable_reaches_the_kernel(void **state)
{
	static const char *const bad[] = {"\"\"", "7", "null", "[\"a\"]", "\"a\\nb\"", "\"\\u007f\"",
		"\"\xc3\xa4\"", "\"a\\u001b[2J\""};
	char members[200];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(members, sizeof(members), "\"keyslots\":[\"0\"],\"key_description\":%s", bad[i]);
		assert_null(one_token(members));
	}
	assert_null(one_token("\"keyslots\":[\"0\"]"));
	assert_null(one_token("\"keyslots\":[],\"key_description\":\"a\""));
}

static void a_ninth_keyring_token_overwrites_something(void **state)
{
	const struct edit_outcome *o = many_objects("tokens", 32,
		"{\"type\":\"luks2-keyring\",\"keyslots\":[\"0\"],\"key_description\":\"a\"}");

	(void)state;
	assert_int_equal(o->cause, CAUSE_OK);
	assert_int_equal(o->luks.keyring_key_count, LUKS_KEYRING_KEYS_MAX);
	assert_int_equal(o->luks.tokens[8].key, 0);
	assert_int_equal(o->luks.token_count, 32);
}

/* A header of another size has its own json_size. */
static void json_size_is_compared_with_one_size_only(void **state)
{
	static char text[IMAGE_JSON_ROOM];

	(void)state;
	for (uint64_t size = 0x8000; size <= 0x400000; size *= 2) {
		struct luks luks = {.hdr_size_bytes = size};
		struct luks2_links links;
		struct error err;

		image_json(text, sizeof(text), size);
		assert_int_equal(luks2_json_read(text, strlen(text), &luks, &links, &err), CAUSE_OK);
		luks.hdr_size_bytes = size / 2;
		assert_int_equal(luks2_json_read(text, strlen(text), &luks, &links, &err), CAUSE_DAMAGED);
	}
}

int main(void)
{
	edit_rows(config, COUNT(config));
	edit_rows(keyslots, COUNT(keyslots));
	edit_rows(other_keyslots, COUNT(other_keyslots));
	edit_rows(digests, COUNT(digests));
	edit_rows(segments, COUNT(segments));
	edit_rows(tokens, COUNT(tokens));
	add_members();
	ROW(a_value_reaches_the_wrong_field);
	ROW(argon2i_and_argon2id_are_mixed_up);
	ROW(a_priority_is_mixed_up);
	ROW(a_flag_sets_another_or_none);
	ROW(integrity_and_how_it_is_kept_are_lost);
	ROW(the_order_of_the_text_is_lost);
	ROW(thirty_two_keyslots_are_refused);
	ROW(thirty_three_keyslots_are_accepted);
	ROW(keyslots_of_other_types_leave_something_behind);
	ROW(eight_digests_are_refused);
	ROW(thirty_two_tokens_are_refused);
	ROW(a_keyring_token_is_not_understood);
	ROW(text_that_is_not_printable_reaches_the_kernel);
	ROW(a_ninth_keyring_token_overwrites_something);
	ROW(json_size_is_compared_with_one_size_only);
	return rows_run("luks2_json");
}
