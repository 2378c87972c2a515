/* SPDX-License-Identifier: MIT */
/* Written by tests/vectors/generate.py; do not edit. Source: AES of OpenSSL 4.0.0, XTS of the script. */
/* clang-format off */
static const struct xts_shape generated_xts[] = {
	{32, {"d51f6badd0caa6a6df8b80ae5ecf604b", "86ced4211f14d9c7bbd2908010424305", "b19adfc2ddfee0dac864cfa20da43416", "cb8ce3d64fc1a52359815a2ac91f1cd1", "b26b325091e2bb09115f76f2d5d36c98"}, "eddb7702c193d263836b88b25aba58c53ece36ea1f0e40b57477c1500c8bf07c"},
	{48, {"d09f8c773b9cb9e14053c490de623149", "76dba7d9cabe8091b8b3b0c268dfb601", "bb25dc31815d9ded2ec863107a1c33c0", "72cd70a57df4776233d433fd660a8288", "c4a136f33847334628488803b95de294"}, "bbcc7235396d411729e70f562d05f0f21a4afc4411b603a90488532acec42911"},
	{64, {"10c5e0c60f061597e493ee53ca235f15", "a3d6718e822830b65d9ff7aa57626a1b", "7e6e87b6fb90573e0faddc9f4ff1a5c1", "73e8566f476dd7625a078a930cc683cc", "ec6429ad3095e300d4b4b8dcd2a13b72"}, "75cdbae8ba5a7810ae7c0880b2556a274d2c373fc36411b130976ba4e3d8c1fb"},
};
