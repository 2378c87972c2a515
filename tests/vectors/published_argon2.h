/* SPDX-License-Identifier: MIT */
/*
 * Argon2, version 0x13. The tags of RFC 9106 (5.2 and 5.3) use a secret and associated data, which a keyslot
 * has not; the rest is from src/test.c of phc-winner-argon2 20190702: 32 bytes, password "password", salt
 * "somesalt".
 */
#define ARGON2I_RFC9106 "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8"
#define ARGON2ID_RFC9106 "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"

static const struct argon2_published {
	enum kdf_kind kind;
	uint32_t passes, memory_kib, lanes;
	const char *key;
} published_argon2[] = {
	{KDF_ARGON2I, 2, 256, 1, "89e9029f4637b295beb027056a7336c414fadd43f6b208645281cb214a56452f"},
	{KDF_ARGON2I, 2, 256, 2, "4ff5ce2769a1d7f4c8a491df09d41a9fbe90e5eb02155a13e4c01e20cd4eab61"},
	{KDF_ARGON2ID, 2, 256, 1, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"},
	{KDF_ARGON2ID, 2, 256, 2, "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"},
	{KDF_ARGON2ID, 1, 65536, 1, "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98"},
};
