/* SPDX-License-Identifier: MIT */
/* map - see map.h. */
#include "dm/map.h"
#include "base/crypt_flags.h"
#include "base/text.h"
#include "dm/node.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

/* Of the name of the mapping of integrity, below the one that has the name. */
#define INTEGRITY_SUFFIX "_dif"

static bool name_char_is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("#+-.:=@_", c));
}

enum cause map_name(const char *name, char out[static DM_NAME_BYTES], struct error *err)
{
	size_t used = 0;

	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..") ||
		!strcmp(name, "control"))
		return error_set(err, CAUSE_USAGE, "\"%s\" cannot be the name of a mapping", name);
	for (; *name; name++) {
		size_t need = name_char_is_plain(*name) ? 1 : 4;

		if (used + need >= DM_NAME_BYTES)
			return error_set(err, CAUSE_USAGE, "the name of a mapping has at most %u bytes",
				DM_NAME_BYTES - 1);
		if (need == 1)
			out[used++] = *name;
		else
			used += text_format(out + used, DM_NAME_BYTES - used, "\\x%02x",
				(unsigned char)*name);
	}
	out[used] = 0;
	return CAUSE_OK;
}

enum cause map_names_fill(struct map_names *names, const char *type, const char *uuid, const char *name,
	struct error *err)
{
	enum cause cause = map_name(name, names->name, err);
	size_t used;

	if (cause)
		return cause;
	used = text_format(names->uuid, sizeof(names->uuid), "CRYPT-%s-", type);
	for (; *uuid; uuid++)
		if (*uuid != '-' && used + 1 < sizeof(names->uuid))
			names->uuid[used++] = *uuid;
	/* A cut name would not be found again by who looks for it. */
	if (used + 1 + strlen(names->name) >= sizeof(names->uuid))
		return error_set(err, CAUSE_USAGE, "the name of this mapping is too long for its DM UUID");
	text_format(names->uuid + used, sizeof(names->uuid) - used, "-%s", names->name);
	return CAUSE_OK;
}

enum cause map_names_below(struct map_names *below, const char *uuid, const char *name, struct error *err)
{
	char longer[DM_NAME_BYTES + sizeof(INTEGRITY_SUFFIX)];

	text_format(longer, sizeof(longer), "%s" INTEGRITY_SUFFIX, name);
	return map_names_fill(below, "INTEGRITY", uuid, longer, err);
}

enum cause map_check(const struct kernel *k, enum target_type type, const struct map_names *names,
	struct error *err)
{
	struct dm_version version;
	struct dm_status st;
	bool found = false;
	enum cause cause = dm_version(k, type, &version, err);

	if (!cause)
		cause = dm_find(k, names->name, &found, &st, err);
	if (!cause && found)
		cause = error_set(err, CAUSE_EXISTS, "%s: a mapping of that name exists", names->name);
	return cause;
}

static bool at_least(const struct dm_version *v, uint32_t minor, uint32_t patch)
{
	return v->major > 1 ||
	       (v->major == 1 && (v->minor > minor || (v->minor == minor && v->patch >= patch)));
}

/* Flags only make a mapping better: those that this dm-crypt is too old for are left out. */
static void fit_flags(const struct map_request *req, const struct dm_version *v, unsigned *flags)
{
	char text[96];

	for (unsigned i = 0; i < CRYPT_FLAG_COUNT; i++) {
		if (!(*flags >> i & 1) || at_least(v, crypt_flags[i].since_minor, 0))
			continue;
		*flags &= ~(1u << i);
		text_format(text, sizeof(text),
			"this kernel's dm-crypt does not support %s; continuing without it",
			crypt_flags[i].target);
		if (req->notice)
			req->notice(text);
	}
}

/* Errors that say "not with a key from the keyring", as far as they can be told from others. */
static bool keyring_may_be_at_fault(int os_errno)
{
	switch (os_errno) {
	case EINVAL:
	case ENOKEY:
	case EKEYREVOKED:
	case EKEYEXPIRED:
	case EACCES:
	case EPERM:
	case ENOSYS:
	case EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

/* All keys of @req into the keyring; @ids of those that were added. Returns how many. */
static unsigned add_keys(const struct kernel *k, const struct map_request *req, int32_t *ids)
{
	unsigned n = 0;

	while (n < req->table.key_count &&
		!k->key_add(k->ctx, req->table.keys[n].description, req->table.keys[n].data,
			req->table.keys[n].bytes, &ids[n]))
		n++;
	return n;
}

/* The keyring first, where there is one: then the keys show in no table. Then hex. */
static enum cause load_with_keys(const struct kernel *k, const struct map_request *req,
	const struct dm_version *v, uint64_t dev, struct error *err)
{
	struct table t = req->table;
	struct target_key in_hex[TABLE_KEYS_MAX];
	int32_t ids[TABLE_KEYS_MAX];
	/* Before 1.18.1 dm-crypt's use of the keyring is flawed. */
	bool named = req->table.key_count && t.keys->description;
	unsigned added = named && at_least(v, 18, 1) ? add_keys(k, req, ids) : 0;
	enum cause cause = CAUSE_KERNEL;

	fit_flags(req, v, &t.flags);
	if (added && added == req->table.key_count)
		cause = dm_load(k, dev, &t, err);
	else
		err->os_errno = ENOKEY;
	while (added)
		k->key_drop(k->ctx, ids[--added]);
	if (!cause || !keyring_may_be_at_fault(err->os_errno))
		return cause;
	for (unsigned i = 0; i < req->table.key_count; i++)
		in_hex[i] = (struct target_key){t.keys[i].data, t.keys[i].bytes, NULL};
	t.keys = in_hex;
	cause = dm_load(k, dev, &t, err);
	if (!cause && named && req->notice)
		req->notice("the key is in the table: the kernel keyring could not be used");
	return cause;
}

static enum cause load_and_resume(const struct kernel *k, const struct map_request *req,
	const struct dm_version *v, uint64_t dev, struct error *err)
{
	bool private = req->table.targets->type == TARGET_INTEGRITY;
	enum cause cause = load_with_keys(k, req, v, dev, err);

	if (!cause)
		cause = private ? dm_resume_unannounced(k, dev, err) : dm_resume(k, dev, err);
	if (!cause)
		cause = node_make(req->names.name, dev, private, err);
	return cause;
}

static enum cause check_version(const struct table *t, const struct dm_version *v, struct error *err)
{
	for (unsigned i = 0; i < t->count; i++)
		if (t->targets[i].type == TARGET_CRYPT && t->targets[i].sector_bytes != 512 &&
			!at_least(v, 17, 0))
			return error_set(err, CAUSE_KERNEL,
				"this kernel's dm-crypt does not support sectors of %u bytes",
				t->targets[i].sector_bytes);
	return CAUSE_OK;
}

static void undo(const struct kernel *k, const struct map_request *req, const struct map_names *names)
{
	struct error ignored;

	if (dm_remove(k, names->name, &ignored) && req->notice)
		req->notice(ignored.text);
	node_remove(names->name);
}

/* One mapping, or none. @dev: its number. */
static enum cause create_or_undo(const struct kernel *k, const struct map_request *req,
	const struct dm_version *v, uint64_t *dev, struct error *err)
{
	enum cause cause = dm_create(k, req->names.name, req->names.uuid, dev, err);

	if (cause)
		return cause;
	cause = load_and_resume(k, req, v, *dev, err);
	if (cause) {
		error_prefix(err, "%s", req->names.name);
		undo(k, req, &req->names);
	}
	return cause;
}

/* Two, or none: dm-crypt on dm-integrity. */
static enum cause create_both(const struct kernel *k, const struct map_request *req,
	const struct dm_version *v, struct error *err)
{
	struct map_request upper = *req, lower = {.names = req->below, .notice = req->notice};
	struct target crypt = *req->table.targets;
	uint64_t dev;
	enum cause cause;

	lower.table =
		(struct table){.targets = req->integrity, .count = 1, .read_only = req->table.read_only};
	cause = create_or_undo(k, &lower, v, &dev, err);
	if (cause)
		return cause;
	crypt.major = dm_major(dev);
	crypt.minor = dm_minor(dev);
	crypt.off_sectors = 0;
	upper.table.targets = &crypt;
	cause = create_or_undo(k, &upper, v, &dev, err);
	if (cause)
		undo(k, req, &req->below);
	return cause;
}

static enum cause create(const struct kernel *k, const struct map_request *req, struct error *err)
{
	struct dm_version version;
	uint64_t dev;
	enum cause cause = dm_version(k, TARGET_CRYPT, &version, err);

	if (!cause)
		cause = check_version(&req->table, &version, err);
	if (cause)
		return cause;
	return req->integrity ? create_both(k, req, &version, err)
	                      : create_or_undo(k, req, &version, &dev, err);
}

enum cause map_create(const struct kernel *k, const struct map_request *req, struct error *err)
{
	sigset_t all, old;
	enum cause cause;

	/* No signal ends us between the first step and the last: half a mapping is of no use. */
	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	cause = create(k, req, err);
	/* What came meanwhile came too late: who made a mapping must not be taken for killed. */
	while (!cause && sigtimedwait(&all, NULL, &(struct timespec){0}) > 0)
		;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return cause;
}

/* What is behind the type in "CRYPT-LUKS2-UUID-NAME", from the dash on; NULL: nothing. */
static const char *behind_type(const char *uuid)
{
	uuid = strchr(uuid, '-');
	return uuid ? strchr(uuid + 1, '-') : NULL;
}

/* Is @below the UUID of the integrity below the mapping with @uuid? cryptsetup 2.8 has changed its type. */
static bool is_below(const char *below, const char *uuid)
{
	const char *tail = behind_type(below), *wanted = behind_type(uuid);
	size_t len;

	if (!tail || !wanted ||
		(strncmp(below, "CRYPT-INTEGRITY-", 16) && strncmp(below, "CRYPT-SUBDEV-", 13)))
		return false;
	len = strlen(wanted);
	return !strncmp(tail, wanted, len) && !strcmp(tail + len, INTEGRITY_SUFFIX);
}

static enum cause remove_with_node(const struct kernel *k, const char *name, struct error *err)
{
	enum cause cause = dm_remove(k, name, err);

	if (!cause)
		node_remove(name);
	return cause;
}

enum cause map_remove(const struct kernel *k, const char *name, struct error *err)
{
	char kernel_name[DM_NAME_BYTES], below_name[DM_NAME_BYTES];
	struct dm_status st, below;
	bool found = false, found_below = false;
	enum cause cause = map_name(name, kernel_name, err);

	if (!cause)
		cause = dm_find(k, kernel_name, &found, &st, err);
	if (cause)
		return cause;
	if (!found)
		return error_set(err, CAUSE_DEVICE, "%s: no such mapping", kernel_name);
	if (strncmp(st.uuid, "CRYPT-", 6))
		return error_set(err, CAUSE_USAGE, "%s: is a mapping, but not of an encrypted volume",
			kernel_name);
	cause = remove_with_node(k, kernel_name, err);
	if (!cause && text_join(below_name, sizeof(below_name), kernel_name, INTEGRITY_SUFFIX, ""))
		cause = dm_find(k, below_name, &found_below, &below, err);
	if (!cause && found_below && is_below(below.uuid, st.uuid))
		cause = remove_with_node(k, below_name, err);
	return cause;
}
