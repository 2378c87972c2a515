/* SPDX-License-Identifier: MIT */
/* pbkdf2_team - see pbkdf2_team.h. */
#include "crypto/pbkdf2_team.h"
#include "base/machine.h"
#include "crypto/team.h"

/* A thread costs less than a tenth of the fastest core's time for so many. */
enum { LEAST_ITERATIONS = 1 << 14 };

size_t pbkdf2_team_share(enum hash h, uint32_t iterations, size_t out_bytes)
{
	const size_t digest = hash_bytes(h);
	const unsigned blocks = (unsigned)((out_bytes + digest - 1) / digest),
		       processors = machine_processors();
	const unsigned each = (blocks + processors - 1) / processors;

	if (iterations < LEAST_ITERATIONS || hash_pbkdf2_time(h, each) >= hash_pbkdf2_time(h, blocks))
		return out_bytes;
	return each * digest;
}

struct job {
	const struct pbkdf2 *input;
	uint8_t *out;
	size_t out_bytes, share;
	unsigned shares;
	const struct progress *progress;
};

static void work(struct team *team, unsigned member, void *context)
{
	const struct job *j = context;
	uint32_t i;

	while (team_take(team, j->shares, &i)) {
		const size_t at = i * j->share, left = j->out_bytes - at;

		hash_pbkdf2_from(j->input, (uint32_t)(at / hash_bytes(j->input->hash)) + 1, j->out + at,
			left < j->share ? left : j->share, member ? NULL : j->progress, NULL);
	}
}

void pbkdf2_team_derive(const struct pbkdf2 *p, uint8_t *out, size_t out_bytes,
	const struct progress *progress)
{
	struct job j = {p, out, out_bytes, pbkdf2_team_share(p->hash, p->iterations, out_bytes), 1, progress};
	struct team team;

	if (j.share)
		j.shares = (unsigned)((out_bytes + j.share - 1) / j.share);
	team_run(&team, j.shares, work, &j);
}
