/* SPDX-License-Identifier: MIT */
/* fido2_token - see fido2_token.h. */
#include "token/fido2/fido2_token.h"
#include "format/base64.h"
#include "format/json.h"
#include <string.h>

static const char default_rp[] = "io.systemd.cryptsetup";

static enum cause read_bytes(const struct json *root, const char *name, uint8_t *out, size_t room,
	size_t *len, struct error *err)
{
	const char *text = json_string(json_member(root, name));

	if (!text)
		return error_set(err, CAUSE_DAMAGED, "token: %s is missing or no string", name);
	if (!base64_decode(text, out, room, len) || !*len)
		return error_set(err, CAUSE_DAMAGED, "token: %s is not base64 of 1 to %llu bytes", name,
			(unsigned long long)room);
	return CAUSE_OK;
}

static enum cause read_choice(const struct json *root, const char *name, enum token_choice *out,
	struct error *err)
{
	const struct json *v = json_member(root, name);
	bool yes;

	*out = TOKEN_NOT_SAID;
	if (!v)
		return CAUSE_OK;
	if (!json_bool(v, &yes))
		return error_set(err, CAUSE_DAMAGED, "token: %s is neither true nor false", name);
	*out = yes ? TOKEN_YES : TOKEN_NO;
	return CAUSE_OK;
}

static enum cause read_rp(const struct json *root, struct fido2_token *out, struct error *err)
{
	const struct json *v = json_member(root, "fido2-rp");
	const char *rp = v ? json_string(v) : default_rp;

	if (!rp || !*rp || strlen(rp) > TOKEN_RP_MAX_BYTES)
		return error_set(err, CAUSE_DAMAGED, "token: fido2-rp is not a string of 1 to %d bytes",
			TOKEN_RP_MAX_BYTES);
	memcpy(out->rp, rp, strlen(rp) + 1);
	return CAUSE_OK;
}

/* What a newer systemd adds may change what the secret is: it must not be passed over. */
static enum cause find_unknown(const struct json *root, struct error *err)
{
	static const char *const known[] = {"fido2-credential", "fido2-salt", "fido2-rp",
		"fido2-clientPin-required", "fido2-up-required", "fido2-uv-required"};

	for (const struct json *v = json_first(root); v; v = json_next(v)) {
		const char *name = json_name(v);
		size_t i = 0;

		while (i < sizeof(known) / sizeof(*known) && strcmp(known[i], name))
			i++;
		if (!strncmp(name, "fido2-", 6) && i == sizeof(known) / sizeof(*known))
			return error_set(err, CAUSE_UNSUPPORTED, "token: the member %s is not known", name);
	}
	return CAUSE_OK;
}

static enum cause read_members(const struct json *root, struct fido2_token *out, struct error *err)
{
	const char *type = json_string(json_member(root, "type"));
	size_t salt_len = 0;
	uint8_t salt[TOKEN_CREDENTIAL_MAX_BYTES]; /* a file's content, as it may be */
	enum cause cause;

	if (!type || strcmp(type, "systemd-fido2"))
		return error_set(err, CAUSE_UNSUPPORTED, "token: its type is not systemd-fido2");
	cause = read_bytes(root, "fido2-credential", out->credential, sizeof(out->credential),
		&out->credential_len, err);
	if (!cause)
		cause = read_bytes(root, "fido2-salt", salt, sizeof(salt), &salt_len, err);
	if (!cause && salt_len != TOKEN_SALT_BYTES)
		cause = error_set(err, CAUSE_UNSUPPORTED,
			"token: fido2-salt has %llu bytes, security keys take %d",
			(unsigned long long)salt_len, TOKEN_SALT_BYTES);
	if (!cause)
		memcpy(out->salt, salt, sizeof(out->salt));
	if (!cause)
		cause = read_rp(root, out, err);
	if (!cause)
		cause = read_choice(root, "fido2-clientPin-required", &out->pin, err);
	if (!cause)
		cause = read_choice(root, "fido2-up-required", &out->touch, err);
	if (!cause)
		cause = read_choice(root, "fido2-uv-required", &out->verification, err);
	return cause;
}

enum cause fido2_token_read(const char *json, size_t len, struct fido2_token *out, struct error *err)
{
	const struct json *root;
	enum cause cause = json_open(json, len, &root, err);

	if (!cause)
		cause = find_unknown(root, err);
	if (!cause)
		cause = read_members(root, out, err);
	json_close();
	return cause;
}
