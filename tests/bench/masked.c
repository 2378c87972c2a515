/* SPDX-License-Identifier: MIT */
/*
 * masked - latchkey on a lesser processor: masked FEATURES ARGUMENTS... is latchkey ARGUMENTS..., using none
 * of
 * the processor's features but those in the list FEATURES ("avx2,sha"; "" leaves the architecture's least).
 */
#include "../unit/features.h"
#include "latchkey.h"

int main(int argc, char **argv)
{
	if (argc < 2)
		return 1;
	core_choose(features_named(argv[1]));
	argv[1] = argv[0];
	return latchkey_main(argc - 1, argv + 1);
}
