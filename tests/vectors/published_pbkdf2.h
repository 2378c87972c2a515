/* SPDX-License-Identifier: MIT */
/*
 * PBKDF2-HMAC. SHA-1: RFC 6070 (without its 16777216 iterations). SHA-256: RFC 7914, section 11. SHA-512: no
 * RFC has any; these are the inputs of RFC 6070 with the outputs that implementations commonly test against.
 */

#define LITERAL(s) s, sizeof(s) - 1

/* clang-format off */
static const struct pbkdf2_published {
	enum hash hash;
	const char *password;
	size_t password_bytes;
	const char *salt;
	size_t salt_bytes;
	uint32_t iterations;
	const char *key;
} published_pbkdf2[] = {
	{HASH_SHA1, LITERAL("password"), LITERAL("salt"), 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
	{HASH_SHA1, LITERAL("password"), LITERAL("salt"), 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
	{HASH_SHA1, LITERAL("password"), LITERAL("salt"), 4096, "4b007901b765489abead49d926f721d065a429c1"},
	{HASH_SHA1, LITERAL("passwordPASSWORDpassword"), LITERAL("saltSALTsaltSALTsaltSALTsaltSALTsalt"), 4096,
		"3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"},
	{HASH_SHA1, LITERAL("pass\0word"), LITERAL("sa\0lt"), 4096, "56fa6aa75548099dcc37d7f03425e0c3"},
	{HASH_SHA256, LITERAL("passwd"), LITERAL("salt"), 1,
		"55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
		"49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"},
	{HASH_SHA256, LITERAL("Password"), LITERAL("NaCl"), 80000,
		"4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
		"a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"},
	{HASH_SHA512, LITERAL("password"), LITERAL("salt"), 1,
		"867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
		"c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce"},
	{HASH_SHA512, LITERAL("password"), LITERAL("salt"), 2,
		"e1d9c16aa681708a45f5c7c4e215ceb66e011a2e9f0040713f18aefdb866d53c"
		"f76cab2868a39b9f7840edce4fef5a82be67335c77a6068e04112754f27ccf4e"},
	{HASH_SHA512, LITERAL("password"), LITERAL("salt"), 4096,
		"d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5"
		"143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5"},
};
