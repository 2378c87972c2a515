/* SPDX-License-Identifier: MIT */
/*
 * copy - one copy of a LUKS2 header: read, verified, and turned into the model.
 *
 * Each copy is read once into memory: what was checked is what is used.
 */
#ifndef FORMAT_COPY_H
#define FORMAT_COPY_H

#include "base/reader.h"
#include "format/luks2_binary.h"

/*
 * The order counts: of two copies, the one with the higher state tells more about the device, and from
 * COPY_DAMAGED on there is a magic.
 */
enum copy_state {
	COPY_ABSENT,     /* no magic there */
	COPY_UNREADABLE, /* the device does not give the bytes, or there is no memory for them */
	COPY_DAMAGED,    /* a magic, but a wrong field, checksum or JSON */
	COPY_SOUND,      /* the checksum is right; after copy_judge every rule is kept, too */
};

struct copy {
	uint64_t at; /* bytes from the start of the device; 0: the primary */
	enum copy_state state;
	unsigned version; /* as the first bytes say, when there is a magic */
	struct luks2_binary bin;
	const char *foreign; /* what seems to have been made over the primary, or NULL */
	bool offline;        /* no header until the re-encryption of another program has ended */
	uint8_t *data;       /* bin.hdr_size_bytes, mapped; only when the checksum is right */
	struct error why;    /* it is not sound */
};

/*
 * Judge the copy at byte @at without its JSON. A damaged one is read a second time: a bit that flipped on
 * the bus is right then, damage stays.
 */
void copy_open(const struct reader *r, uint64_t at, struct copy *c);

/* Without a primary that tells where the secondary is: the first sound copy at one of its nine places. */
void copy_find_secondary(const struct reader *r, struct copy *c);

/* The JSON of a sound copy to the model @luks; the copy is damaged when a rule is broken. */
void copy_judge(struct copy *c, struct luks *luks);

/*
 * The text of the token called @id in the JSON of a copy that copy_judge found sound, unchanged. Its
 * length; 0: there is no such token.
 */
size_t copy_token(const struct copy *c, unsigned id, const char **text);

/* Is the copy written in a way that latchkey does not know? By itself that can be damage, too. */
bool copy_is_unknown(const struct copy *c);

/* Release the mapping. */
void copy_close(struct copy *c);

#endif
