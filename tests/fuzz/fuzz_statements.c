/* SPDX-License-Identifier: MIT */
/*
 * Statements to a plan: each byte of the input is a word of the configuration's languages, and 0 begins the
 * next of the three sources: command line, crypttab, conf. So what the bytes make can be understood.
 */
#include "fuzz_plan.h"

enum { SOURCES = 3, TEXT_BYTES = 8192 };

static const char *const words[] = {
	/* between */
	" ",
	",",
	"=",
	":",
	"\n",
	"\t",
	"#",
	"\"",
	"'",
	"\\",
	";",
	"/",
	"-",
	"*",
	"none ",
	"-:",
	"\n[",
	"]\n",
	/* command line */
	" cryptdevice=",
	" cryptkey=",
	" cryptroot=",
	" cryptdm=",
	" root=",
	" rd.luks.uuid=",
	" rd.luks.name=",
	" rd.luks.key=",
	" rd.luks.options=",
	" rd.luks.data=",
	" rd.luks=",
	" rd.luks.crypttab=",
	" rd.luks.allow-discards",
	" rd.luks.timeout=",
	" rd.luks.key.tout=",
	" luks.uuid=",
	" luks.name=",
	" luks.key=",
	" luks.options=",
	" luks.data=",
	" luks=",
	" latchkey.device=",
	" latchkey.name=",
	" latchkey.key=",
	" latchkey.options=",
	" latchkey.header=",
	" cryptopts=",
	"source=",
	"target=",
	"lvm=",
	" quiet",
	" crypto=",
	" fastboot=",
	" resume=",
	" luks.crypttab=",
	" --",
	" ro",
	/* crypttab and conf: the options of config/volume_options.c */
	"read-only",
	"readonly",
	"discard",
	"allow-discards",
	"same-cpu-crypt",
	"submit-from-crypt-cpus",
	"no-read-workqueue",
	"no-write-workqueue",
	"high-priority",
	"disable-keyring",
	"verbose",
	"headless",
	"nofail",
	"noauto",
	"strict-key",
	"allow-swap",
	"no-stick",
	"try-empty-password",
	"stick=",
	"stick=any",
	"password-cache=",
	"password-echo=",
	"key-slot=",
	"timeout=",
	"key-timeout=",
	"keyfile-timeout=",
	"device-timeout=",
	"x-systemd.device-timeout=",
	"max-memory=",
	"max-time=",
	"max-lanes=",
	"header=",
	"key=",
	"fixate-volume-key=",
	"keyscript=",
	"keyfile-offset=",
	"keyfile-size=",
	"tries=",
	"after=",
	"give-up=",
	"passfifo=",
	"luks",
	"plain",
	"tcrypt",
	"swap",
	"tmp",
	"_netdev",
	"initramfs",
	"x-initrd.attach",
	"fido2-device=auto",
	"tpm2-device=auto",
	"size=",
	"cipher=",
	"hash=",
	"device=",
	"name=",
	"options=",
	"volume",
	"defaults",
	"password",
	"poweroff",
	"reboot",
	"fail",
	"ask",
	"masked",
	"yes",
	"no",
	"fat",
	/* values */
	"root",
	"home",
	"cryptroot",
	"/dev/sda2",
	"/dev/mapper/root",
	"/dev/disk/by-uuid/",
	"UUID=",
	"LABEL=",
	"PARTUUID=",
	"PARTLABEL=",
	"PARTNROFF=1",
	"ID=",
	"SERIAL=",
	"6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21",
	"luks-6d1b3a5e-0f2c-4c47-9a53-7c1de0c58b21",
	"6d1b3a5e",
	"/key",
	"/etc/keys/a.key",
	"ext4",
	"vfat",
	"rootfs",
	"0",
	"1",
	"31",
	"32",
	"512",
	"4096",
	"65536",
	"90s",
	"5min",
	"18446744073709551615",
	"99999999999999999999",
	"/usr/lib/cryptsetup/scripts/passdev",
	"/lib/cryptsetup/scripts/decrypt_keyctl",
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	"\xc3\xa4",
	"\x1b[2J",
	"a",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char texts[SOURCES][TEXT_BYTES];
	char *exact[SOURCES];
	size_t used[SOURCES] = {0};
	unsigned source = 0;

	for (size_t i = 0; i < size; i++) {
		const char *word = words[data[i] % (sizeof(words) / sizeof(*words))];
		size_t len = strlen(word);

		if (!data[i])
			source = (source + 1) % SOURCES;
		else if (used[source] + len < TEXT_BYTES) {
			memcpy(texts[source] + used[source], word, len);
			used[source] += len;
		}
	}
	for (unsigned i = 0; i < SOURCES; i++)
		exact[i] = fuzz_as_text((const uint8_t *)texts[i], used[i]);
	fuzz_plan(
		&(struct plan_sources){exact[0], exact[1], "/etc/crypttab", exact[2], "/etc/latchkey.conf"});
	for (unsigned i = 0; i < SOURCES; i++)
		free(exact[i]);
	return 0;
}
