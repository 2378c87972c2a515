/* SPDX-License-Identifier: MIT */
/* Each dialect of the kernel command line, to what is understood. */
#include "plan_rows.h"

#define VOLUME(name, device)                                                                                 \
	"volume " name "\n  device " device "\n  from kernel command line\n  needed yes\n"
#define KEY(text) "  key " text "\n"
#define USUAL_KEY(name) KEY("/etc/cryptsetup-keys.d/" name ".key, if it is there")
#define ARCH_KEY KEY("/crypto_keyfile.bin, if it is there")
#define WRONG(text) "wrong: kernel command line: skipped: " text "\n"
#define NOTE(text) "note: kernel command line: ignored: " text "\n"

static const struct plan_row own[] = {
	{"an empty line makes a volume", "", NULL, NULL, USUAL},
	{"other programs' words are complained about",
		"quiet ro root=/dev/sda1 crypt=no rd.lvm=0 cryptomgr.notests rd.auto=0 console=ttyS0", NULL,
		NULL, USUAL},
	{"words of other programs that ask for a volume are passed over in silence, or named twice",
		"rd.auto luks_root=/dev/a crypt_roots=/dev/b cryptroot0=x cryptroot0=x rd_LUKS_UUID=" U1
		" enc_root=/dev/c",
		NULL, NULL,
		USUAL WRONG("not understood: rd.auto") WRONG("not understood: luks_root")
			WRONG("not understood: crypt_roots") WRONG("not understood: cryptroot0")
				WRONG("not understood: rd_LUKS_UUID") WRONG("not understood: enc_root")},
	{"latchkey.device does not default to the name root", "latchkey.device=UUID=" U1, NULL, NULL,
		VOLUME("root", "UUID=" U1) USUAL_KEY("root") USUAL},
	{"a word of the one volume is lost, or the order of words counts",
		"latchkey.options=discard latchkey.key=/k latchkey.name=sys latchkey.tries=4 "
		"latchkey.header=/h "
		"latchkey.device=\"/dev/a b\" latchkey.options=timeout=5",
		NULL, NULL,
		VOLUME("sys", "/dev/a b") KEY("/k") "  header /h\n  options discard,timeout=5,tries=4\n"
						    "tries: 4; then: ask again; give up: never\n"},
	{"the later word does not count", "latchkey.device=/dev/a latchkey.device=/dev/b", NULL, NULL,
		VOLUME("root", "/dev/b") USUAL_KEY("root") USUAL},
	{"keys of one volume replace each other",
		"latchkey.device=/dev/a latchkey.key=/a latchkey.key=/b:LABEL=K "
		"latchkey.key=/c:/dev/disk/by-path/x:y:1 "
		"latchkey.key=/d:e latchkey.key=/f",
		NULL, NULL,
		VOLUME("root", "/dev/a") KEY("/a") KEY("/b on LABEL=K") KEY("/c on /dev/disk/by-path/x:y:1")
			KEY("/d:e") USUAL WRONG("more than 4 keys: /f")},
	{"a name without a device makes a volume in silence", "latchkey.name=x", NULL, NULL,
		USUAL WRONG("no device")},
	{"several volumes cannot be told",
		"latchkey.volume=a,/dev/a latchkey.volume=b,LABEL=b,/k:UUID=1-2,discard,read-only "
		"latchkey.volume=c,/dev/c,none,key=/1,key=/2:/dev/d",
		NULL, NULL,
		VOLUME("a", "/dev/a") USUAL_KEY("a") VOLUME("b", "LABEL=b")
			KEY("/k on UUID=1-2") "  options read-only,discard\n" VOLUME("c", "/dev/c") KEY("/1")
				KEY("/2 on /dev/d") USUAL},
	{"what lies in front of a volume is shown as its option",
		"latchkey.volume=a,/dev/a,/1,key=/2,key=/3,key=/4,keyfile-size=9,keyfile-offset=9 "
		"latchkey.volume=b,/dev/b",
		NULL, NULL,
		VOLUME("a", "/dev/a") KEY("/2, 9 bytes from byte 9") KEY("/3, 9 bytes from byte 9")
			KEY("/4, 9 bytes from byte 9") KEY("/1, 9 bytes from byte 9") VOLUME("b", "/dev/b")
				USUAL_KEY("b") USUAL},
	{"one bad volume takes the others with it",
		"latchkey.volume=a latchkey.volume=b,sda latchkey.volume=c,/dev/c,-", NULL, NULL,
		VOLUME("c", "/dev/c") USUAL_KEY("c") USUAL WRONG("no device")
			WRONG("device is not a path, UUID=, LABEL=, PARTUUID= or PARTLABEL=: sda")},
	{"an unknown word of ours is not named", "latchkey.devise=/dev/a latchkey. latchkey.noauto", NULL,
		NULL,
		USUAL WRONG("unknown word: devise") WRONG("unknown word: ") WRONG("unknown word: noauto")},
	{"what is for all volumes does not reach one that was named before it",
		"latchkey.volume=a,/dev/a,,timeout=9 latchkey.volume=b,/dev/b latchkey.timeout=5 "
		"latchkey.headless "
		"latchkey.key-timeout=1min latchkey.give-up=1h latchkey.after=reboot "
		"latchkey.passfifo=/run/fifo",
		NULL, NULL,
		VOLUME("a", "/dev/a") USUAL_KEY(
			"a") "  options headless,timeout=9,key-timeout=60\n" VOLUME("b", "/dev/b")
			USUAL_KEY("b") "  options headless,timeout=5,key-timeout=60\n"
				       "tries: no limit; then: reboot; give up: after 3600 s; headless; "
				       "passfifo: /run/fifo\n"},
	{"a value that is none is taken",
		"latchkey.tries=-1 latchkey.after=shell latchkey.give-up=soon latchkey.passfifo=", NULL, NULL,
		USUAL WRONG("invalid value: tries") WRONG("invalid value: after")
			WRONG("not a time like 90, 5min or 2h (at most 11 days): give-up")
				WRONG("invalid value: passfifo")},
	{"what is for the real init is read", "latchkey.device=/dev/a -- latchkey.device=/dev/b", NULL, NULL,
		VOLUME("root", "/dev/a") USUAL_KEY("root") USUAL},
	{"a name reaches the terminal as it is",
		"latchkey.volume=a/b,/dev/a \"latchkey.volume=a b,/dev/a\" latchkey.volume=..,/dev/a "
		"latchkey.volume=control,/dev/a latchkey.volume=\xc3\xa9,/dev/a latchkey.volume=,/dev/a",
		NULL, NULL,
		USUAL WRONG("invalid name of a mapping: a/b") WRONG("invalid name of a mapping: a b")
			WRONG("invalid name of a mapping: ..") WRONG("invalid name of a mapping: control")
				WRONG("invalid name of a mapping: ??") WRONG("invalid name of a mapping: ")},
	{"a control character reaches the terminal, or half a letter, or the word is named twice",
		"latchkey.device=/\033[2J latchkey.passfifo=/\x7f latchkey.key=/\xc2\x9b latchkey.volume=a,"
		"/\xc3 "
		"latchkey.volume=b,/\xf5\x80\x80\x80 latchkey.volume=c,/\x9b latchkey.volume=d,/\xe2\x82 "
		"latchkey.volume=e,LABEL=\xc3\x84\xe2\x82\xac\xf0\x9f\x94\x91,/a latchkey.volume=f,/\xc3\033",
		NULL, NULL,
		VOLUME("e", "LABEL=\xc3\x84\xe2\x82\xac\xf0\x9f\x94\x91") KEY("/a")
			USUAL WRONG("control character or invalid UTF-8: /?[2J")
				WRONG("control character or invalid UTF-8: /?") WRONG(
					"control character or invalid UTF-8: /??")
					WRONG("control character or invalid UTF-8: a,/?") WRONG(
						"control character or invalid UTF-8: b,/????")
						WRONG("control character or invalid UTF-8: c,/?") WRONG(
							"control character or invalid UTF-8: d,/??")
							WRONG("control character or invalid UTF-8: f,/??")},
	{"quotes around a label belong to it, or are read past the end",
		"latchkey.device=LABEL=\"my\" latchkey.volume=a,UUID=\"\" latchkey.volume=b,/dev/b=\"x", NULL,
		NULL,
		VOLUME("b", "/dev/b=\"x") USUAL_KEY("b") VOLUME("root", "LABEL=my") USUAL_KEY("root")
			USUAL WRONG("device is not a path, UUID=, LABEL=, PARTUUID= or PARTLABEL=: UUID=")},
	{"one quote is half a pair", "latchkey.device=LABEL=\"", NULL, NULL,
		VOLUME("root", "LABEL=\"") USUAL_KEY("root") USUAL},
};

static const struct plan_row luks[] = {
	{"rd.luks.uuid is not opened as luks-UUID", "rd.luks.uuid=" U1 " luks.uuid=luks-" U2, NULL, NULL,
		VOLUME("luks-" U1, "UUID=" U1) USUAL_KEY("luks-" U1) VOLUME("luks-" U2, "UUID=" U2)
			USUAL_KEY("luks-" U2) USUAL},
	{"a UUID that is named twice is opened twice",
		"rd.luks.uuid=" U2 " luks.uuid=luks-AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee", NULL, NULL,
		VOLUME("luks-" U2, "UUID=" U2) USUAL_KEY("luks-" U2) USUAL},
	{"rd.luks.name does not imply rd.luks.uuid", "rd.luks.name=" U1 "=root", NULL, NULL,
		VOLUME("root", "UUID=" U1) USUAL_KEY("root") USUAL},
	{"the words of one UUID reach another",
		"rd.luks.key=" U1 "=/a:LABEL=K rd.luks.options=" U1
		"=discard,header=/h:LABEL=K rd.luks.uuid=" U2 " rd.luks.name=" U1
		"=root rd.luks.options=read-only rd.luks.key=/b rd.luks.data=" U1 "=/dev/d",
		NULL, NULL,
		VOLUME("root", "/dev/d")
			KEY("/a on LABEL=K") "  header /h on LABEL=K\n  options discard\n" VOLUME("luks-" U2,
				"UUID=" U2) KEY("/b") "  options read-only\n" USUAL},
	{"dracut's fields of rd.luks.key are not understood",
		"rd.luks.uuid=" U1 " rd.luks.uuid=" U2 " rd.luks.key=/a:LABEL=K:UUID=" U1 " rd.luks.key=/b:/",
		NULL, NULL,
		VOLUME("luks-" U1, "UUID=" U1) KEY("/a on LABEL=K") VOLUME("luks-" U2, "UUID=" U2) KEY("/b")
			USUAL},
	{"systemd's key on a stick with a UUID is taken for dracut's last field",
		"rd.luks.uuid=" U1 " rd.luks.key=/a:UUID=1234-ABCD", NULL, NULL,
		VOLUME("luks-" U1, "UUID=" U1) KEY("/a on UUID=1234-ABCD") USUAL},
	{"rd.luks=0 does not switch off", "rd.luks=0 rd.luks.uuid=" U1, "a /dev/a\n", NULL, USUAL},
	{"luks=no behind the words does not switch off", "rd.luks.uuid=" U1 " luks=no", "a /dev/a\n", NULL,
		USUAL},
	{"rd.luks=1 switches off", "rd.luks=1 rd.luks.crypttab=yes", "a /dev/a -\n", NULL,
		"volume a\n  device /dev/a\n  from /etc/crypttab:1\n  needed yes\n" USUAL_KEY("a") USUAL},
	{"rd.luks.crypttab=no does not switch crypttab off", "rd.luks.crypttab=no rd.luks.uuid=" U1,
		"a /dev/a\n", NULL, VOLUME("luks-" U1, "UUID=" U1) USUAL_KEY("luks-" U1) USUAL},
	{"rd.luks.timeout is lost", "rd.luks.timeout=30 rd.luks.uuid=" U1, NULL, NULL,
		VOLUME("luks-" U1, "UUID=" U1) USUAL_KEY("luks-" U1) "  options timeout=30\n" USUAL},
	{"rd.luks.allow-discards is for nobody",
		"rd.luks.allow-discards=" U1 " rd.luks.uuid=" U1 " rd.luks.uuid=" U2, NULL, NULL,
		VOLUME("luks-" U1, "UUID=" U1) USUAL_KEY("luks-" U1) "  options discard\n" VOLUME("luks-" U2,
			"UUID=" U2) USUAL_KEY("luks-" U2) USUAL},
	{"rd.luks.allow-discards is for one", "rd.luks.allow-discards rd.luks.uuid=" U1, NULL, NULL,
		VOLUME("luks-" U1, "UUID=" U1) USUAL_KEY("luks-" U1) "  options discard\n" USUAL},
	{"what is wrong with rd.luks is not named",
		"rd.luks.uuid=xyz rd.luks.uuid rd.luks.name=root rd.luks.cereal=7 rd.luks.data=" U1
		" rd.luks.key=k:LABEL=x rd.luks.name==s rd.luks.name=ff64c852-9a56-zyd1-9f2d-072aff6652c0=x",
		NULL, NULL,
		USUAL WRONG("not a UUID: xyz") WRONG("not a UUID: ") WRONG("no UUID= in front of: root")
			WRONG("unknown word: luks.cereal") WRONG("no UUID= in front of: " U1)
				WRONG("key is not /path, /path:device or device: k")
					WRONG("no UUID= in front of: s")
						WRONG("not a UUID: ff64c852-9a56-zyd1-9f2d-072aff6652c0")},
	{"a word with a wrong UUID makes the lines of crypttab be ignored",
		"rd.luks.name=ff64c852-9a56-zyd1-9f2d-072aff6652c0=arch", "a /dev/a\n", NULL,
		"volume a\n  device /dev/a\n  from /etc/crypttab:1\n  needed yes\n" USUAL_KEY("a")
			USUAL WRONG("not a UUID: ff64c852-9a56-zyd1-9f2d-072aff6652c0")},
	{"dracut's ids of partitions and disks are not understood",
		"rd.luks.partuuid=3c9d04af-02 rd.luks.partuuid=luks-" U1
		" rd.luks.serial=keysource:S1 rd.luks.name=S1=root rd.luks.key.tout=9 "
		"root=/dev/mapper/root",
		NULL, NULL,
		VOLUME("luks-3c9d04af-02", "PARTUUID=3c9d04af-02") USUAL_KEY(
			"luks-3c9d04af-02") "  options key-timeout=9\n" VOLUME("luks-" U1, "PARTUUID=" U1)
			USUAL_KEY("luks-" U1) "  options key-timeout=9\n" VOLUME("root", "SERIAL=S1*")
				USUAL_KEY("root") "  options key-timeout=9\n" USUAL},
	{"rd.luks.partuuid does not choose the line of crypttab", "rd.luks.partuuid=3c9d04af-02",
		"a PARTUUID=3c9d04af-02 /k\n", NULL,
		"volume a\n  device PARTUUID=3c9d04af-02\n  from /etc/crypttab:1\n  needed yes\n" KEY("/k")
			USUAL},
	{"the beginning of a UUID is lost where dracut takes it",
		"rd.luks.key=/k:/:UUID=11111111 rd.luks.uuid=luks-" U1
		" rd.luks.uuid=22222222-2 rd.luks.key=/l:UUID=7c9d04af:UUID=2222222 "
		"rd.luks.allow-discards=2222222 rd.luks.key=/m:LABEL=x:LABEL=y rd.luks.uuid=abc",
		NULL, NULL,
		VOLUME("luks-" U1, "UUID=" U1) KEY("/k") VOLUME("luks-22222222-2", "UUID=22222222-2*")
			KEY("/l on UUID=7c9d04af*") "  options discard\n" VOLUME("luks-abc", "UUID=abc*")
				KEY("/m on LABEL=x") USUAL},
	{"a name that is given is not that of root=, though the UUID is",
		"rd.luks.name=" U1 "=swap root=/dev/mapper/luks-" U1, NULL, NULL,
		VOLUME("swap", "UUID=" U1) USUAL_KEY("swap") USUAL},
	{"root=/dev/mapper/luks-UUID has another name where only the beginning of the UUID is given",
		"rd.luks.uuid=11111111 rd.luks.uuid=luks-2222 root=/dev/mapper/luks-" U1, NULL, NULL,
		VOLUME("luks-" U1, "UUID=11111111*") USUAL_KEY("luks-" U1) VOLUME("luks-2222", "UUID=2222*")
			USUAL_KEY("luks-2222") USUAL},
	{"resume= and mount.usr= name what has another name where only the beginning of the UUID is given",
		"rd.luks.uuid=11111111 rd.luks.uuid=aaaa rd.luks.uuid=2222 root=/dev/mapper/luks-2222 "
		"resume=/dev/mapper/luks-" U1 " mount.usr=/dev/disk/by-id/dm-name-luks-" U2,
		NULL, NULL,
		VOLUME("luks-" U1, "UUID=11111111*") USUAL_KEY("luks-" U1) VOLUME("luks-" U2, "UUID=aaaa*")
			USUAL_KEY("luks-" U2) VOLUME("luks-2222", "UUID=2222*") USUAL_KEY("luks-2222") USUAL},
	{"a word for a UUID that nothing opens is not named", "rd.luks.key=" U1 "=/k rd.luks.uuid=" U2, NULL,
		NULL,
		VOLUME("luks-" U2, "UUID=" U2) USUAL_KEY("luks-" U2)
			USUAL NOTE("no rd.luks.uuid or rd.luks.name for: " U1)},
};

static const struct plan_row arch[] = {
	{"cryptdevice is not opened", "cryptdevice=UUID=" U1 ":cr", NULL, NULL,
		VOLUME("cr", "UUID=" U1) ARCH_KEY USUAL},
	{"cryptdevice without a name is lost", "cryptdevice=/dev/a", NULL, NULL,
		VOLUME("root", "/dev/a") ARCH_KEY USUAL},
	{"cryptdevice's options are lost",
		"cryptdevice=/dev/a:cr:allow-discards,no-read-workqueue,perf-no_write_workqueue", NULL, NULL,
		VOLUME("cr", "/dev/a") ARCH_KEY
		"  options discard,no-read-workqueue,no-write-workqueue\n" USUAL},
	{"a colon in the name of a device ends it",
		"cryptdevice=/dev/disk/by-path/pci-0000:00:1f.2-ata-1-part2:root "
		"cryptkey=/dev/disk/by-path/pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0-part1:ext4:/k",
		NULL, NULL,
		VOLUME("root", "/dev/disk/by-path/pci-0000:00:1f.2-ata-1-part2") KEY(
			"/k on /dev/disk/by-path/pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0-part1 type ext4")
			USUAL},
	{"a colon in an id ends it, or options belong to the name",
		"cryptdevice=/dev/disk/by-id/usb-A_B_1-0:0-part2:data:discard", NULL, NULL,
		VOLUME("data", "/dev/disk/by-id/usb-A_B_1-0:0-part2") ARCH_KEY "  options discard\n" USUAL},
	{"a word in the path of a partition ends it",
		"cryptdevice=/dev/disk/by-path/ip-10.0.0.1:3260-iscsi-iqn.2001-04.com:store-lun-1-part1:root "
		"cryptkey=/dev/disk/by-path/pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0-part1:ext4:/k-part2:b",
		NULL, NULL,
		VOLUME("root", "/dev/disk/by-path/ip-10.0.0.1:3260-iscsi-iqn.2001-04.com:store-lun-1-part1")
			KEY("/k-part2:b on /dev/disk/by-path/pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0-part1 "
			    "type ext4") USUAL},
	{"the path of a partition without a name is cut",
		"cryptdevice=/dev/disk/by-path/pci-0000:00:1f.2-ata-1-part2", NULL, NULL,
		VOLUME("root", "/dev/disk/by-path/pci-0000:00:1f.2-ata-1-part2") ARCH_KEY USUAL},
	{"a number in hexadecimal ends a path",
		"cryptdevice=/dev/disk/by-path/fc-0x5006016041e05b7a:0x0000000000000000:root", NULL, NULL,
		VOLUME("root", "/dev/disk/by-path/fc-0x5006016041e05b7a:0x0000000000000000") ARCH_KEY USUAL},
	{"a name that looks like a number is lost", "cryptdevice=/dev/disk/by-path/pci-0000:00:1f.2:0a", NULL,
		NULL, VOLUME("0a", "/dev/disk/by-path/pci-0000:00:1f.2") ARCH_KEY USUAL},
	{"the name of a mapping that has -part in it makes the colon before it one of the device's",
		"cryptdevice=/dev/disk/by-uuid/" U1 ":root-part1:discard", NULL, NULL,
		VOLUME("root-part1", "/dev/disk/by-uuid/" U1) ARCH_KEY "  options discard\n" USUAL},
	{"a name or an option with -part is taken for the number of a partition",
		"cryptdevice=/dev/disk/by-id/ata-X:root-partition:allow-discards", NULL, NULL,
		VOLUME("root-partition", "/dev/disk/by-id/ata-X") ARCH_KEY "  options discard\n" USUAL},
	{"a path with -part makes the colons before it those of the device",
		"cryptdevice=/dev/a:root cryptkey=/dev/disk/by-uuid/1234-ABCD:vfat:/keys/root-part.key", NULL,
		NULL,
		VOLUME("root", "/dev/a") KEY("/keys/root-part.key on /dev/disk/by-uuid/1234-ABCD type vfat")
			USUAL},
	{"the end of a path is taken for that of the device",
		"cryptdevice=/dev/a:root cryptkey=/dev/disk/by-id/usb-A-0:0:vfat:/keys/my-part2", NULL, NULL,
		VOLUME("root", "/dev/a") KEY("/keys/my-part2 on /dev/disk/by-id/usb-A-0:0 type vfat") USUAL},
	{"a backslash shifts the end of a partition's path",
		"cryptdevice=/dev/disk/by-path/a\\:0\\:0\\:0\\:0\\:0\\:0\\:0-part1:root", NULL, NULL,
		VOLUME("root", "/dev/disk/by-path/a:0:0:0:0:0:0:0-part1") ARCH_KEY USUAL},
	{"two numbers behind a UUID are taken for a part of it",
		"cryptdevice=/dev/a:root cryptkey=/dev/disk/by-uuid/1234-ABCD:4096:32", NULL, NULL,
		VOLUME("root", "/dev/a") KEY("/dev/disk/by-uuid/1234-ABCD, 32 bytes from byte 4096") USUAL},
	{"two numbers behind an id are taken for a part of it",
		"cryptdevice=/dev/a:root cryptkey=/dev/disk/by-id/usb-A-0:0:2048:256", NULL, NULL,
		VOLUME("root", "/dev/a") KEY("/dev/disk/by-id/usb-A-0:0, 256 bytes from byte 2048") USUAL},
	{"two numbers behind a path are taken for a part of it",
		"cryptdevice=/dev/a:root cryptkey=/dev/disk/by-path/pci-0000\\:00:1f.2-ata-1:2048:256", NULL,
		NULL,
		VOLUME("root", "/dev/a")
			KEY("/dev/disk/by-path/pci-0000:00:1f.2-ata-1, 256 bytes from byte 2048") USUAL},
	{"two numbers behind the path of a partition are not its key's",
		"cryptdevice=/dev/a:root cryptkey=/dev/disk/by-path/pci-0000:00:1f.2-ata-1-part3:2048:256",
		NULL, NULL,
		VOLUME("root", "/dev/a") KEY(
			"/dev/disk/by-path/pci-0000:00:1f.2-ata-1-part3, 256 bytes from byte 2048") USUAL},
	{"a mapping whose name is a number is part of the id",
		"cryptdevice=/dev/disk/by-id/usb-A-0:0:1 root=/dev/mapper/1", NULL, NULL,
		VOLUME("1", "/dev/disk/by-id/usb-A-0:0") ARCH_KEY USUAL},
	{"genkernel's words are not understood",
		"crypt_root=UUID=" U1
		" root_key=k root_keydev=/dev/sdb1 root_keydev_fstype=ext4 root_trim=yes "
		"crypt_swap=/dev/b swap_key=/s swap_keydev=LABEL=K",
		NULL, NULL,
		VOLUME("root", "UUID=" U1)
			KEY("/k on /dev/sdb1 type ext4") "  options discard\n" VOLUME("swap", "/dev/b")
				KEY("/s on LABEL=K") USUAL},
	{"a key of genkernel without a device is lost in silence",
		"crypt_root=/dev/a root_key=k root_trim=no", NULL, NULL,
		VOLUME("root", "/dev/a") USUAL_KEY("root") USUAL WRONG("needs its device: k")},
	{"genkernel's header or options are lost; its words without effect are complained about",
		"crypt_root=/dev/a root_header=h root_headerdev=LABEL=K root_headerdev_fstype=vfat "
		"root_trim=Yes "
		"crypt_root_options=--perf-no_read_workqueue,--tries=3 crypt_root_options=--readonly "
		"crypt_swap=/dev/b swap_header=/h swap_headerdev=/dev/c crypt_swap_options=--allow-discards "
		"swap_trim=N crypt_silent keyctl_keydesc=x keyctl_keytimeout=9 keyctl_keykeep",
		NULL, NULL,
		VOLUME("root", "/dev/a") USUAL_KEY(
			"root") "  header /h on LABEL=K\n"
				"  options read-only,discard,no-read-workqueue,tries=3\n" VOLUME("swap",
					"/dev/b")
					USUAL_KEY("swap") "  header /h on /dev/c\n  options discard\n" USUAL},
	{"a volume of genkernel is opened without its header", "crypt_root=/dev/a root_header=h", NULL, NULL,
		USUAL WRONG("needs its device: h")},
	{"what GPG encrypted is tried as a key",
		"crypt_root=/dev/a root_key=k.gpg root_keydev=/dev/b rd.luks.uuid=" U1
		" rd.luks.key=/k.gpg:UUID=1234-5678 rd.luks.key=/k.gpg.raw",
		NULL, NULL,
		VOLUME("root", "/dev/a") USUAL_KEY("root") VOLUME("luks-" U1, "UUID=" U1) KEY("/k.gpg.raw")
			USUAL WRONG("encrypted with GPG, not supported: /k.gpg:UUID=1234-5678")
				WRONG("encrypted with GPG, not supported: k.gpg")},
	{"a backslash before a colon is part of the name",
		"cryptdevice=/dev/disk/by-path/pci-0000\\:00\\:1f.2:root:discard "
		"cryptkey=LABEL=a\\:b:vfat:/k",
		NULL, NULL,
		VOLUME("root", "/dev/disk/by-path/pci-0000:00:1f.2")
			KEY("/k on LABEL=a:b type vfat") "  options discard\n" USUAL},
	{"the beginning of a UUID is not enough for a key and for options",
		"rd.luks.uuid=11111111 rd.luks.key=11111111=/k rd.luks.options=11111111-2222=discard", NULL,
		NULL,
		VOLUME("luks-11111111-2222", "UUID=11111111-2222*") KEY("/k") "  options discard\n" USUAL},
	{"dracut's prefix is taken for a part of the UUID",
		"rd.luks.uuid=" U1 " rd.luks.allow-discards=luks-" U1 " rd.luks.key=/k:LABEL=K:UUID=luks-" U1,
		NULL, NULL, VOLUME("luks-" U1, "UUID=" U1) KEY("/k on LABEL=K") "  options discard\n" USUAL},
	{"a word that asks for a volume is passed over", "rd.overlay.crypt=UUID=" U1, NULL, NULL,
		USUAL WRONG("not understood: rd.overlay.crypt")},
	{"cryptdiscards=no passes discards through",
		"cryptroot=/dev/a cryptdm=x cryptdiscards=no cryptkey=yes", NULL, NULL,
		VOLUME("x", "/dev/a") KEY("/crypto_keyfile.bin") USUAL},
	{"two cryptdevice= make two volumes", "cryptdevice=/dev/a:x cryptdevice=/dev/b:y", NULL, NULL,
		VOLUME("y", "/dev/b") ARCH_KEY USUAL},
	{"cryptkey=rootfs: is lost", "cryptdevice=/dev/a:cr cryptkey=rootfs:/k.bin", NULL, NULL,
		VOLUME("cr", "/dev/a") KEY("/k.bin") USUAL},
	{"cryptkey=device:fstype:path is lost", "cryptkey=LABEL=K:vfat:keys/k cryptdevice=/dev/a:cr", NULL,
		NULL, VOLUME("cr", "/dev/a") KEY("/keys/k on LABEL=K type vfat") USUAL},
	{"auto is taken for a filesystem", "cryptkey=/dev/sdb1:auto:/k cryptdevice=/dev/a:cr", NULL, NULL,
		VOLUME("cr", "/dev/a") KEY("/k on /dev/sdb1") USUAL},
	{"cryptkey=device:offset:size is lost", "cryptkey=/dev/sdb:1024:512 cryptdevice=/dev/a:cr", NULL,
		NULL, VOLUME("cr", "/dev/a") KEY("/dev/sdb, 512 bytes from byte 1024") USUAL},
	{"a raw key without a size is lost", "cryptkey=/dev/sdb:1024:0 cryptdevice=/dev/a:cr", NULL, NULL,
		VOLUME("cr", "/dev/a") KEY("/dev/sdb from byte 1024") USUAL},
	{"a raw key over 8 MiB is taken", "cryptkey=/dev/sdb:0:8388609 cryptdevice=/dev/a:cr", NULL, NULL,
		VOLUME("cr", "/dev/a") USUAL WRONG("key is longer than 8388608 bytes: /dev/sdb")},
	{"a raw key behind the end of all files is taken",
		"cryptkey=/dev/sdb:4611686018427387904:1 cryptdevice=/dev/a:cr", NULL, NULL,
		VOLUME("cr", "/dev/a") USUAL WRONG("key is longer than 8388608 bytes: /dev/sdb")},
	{"a raw key of 8 MiB is refused", "cryptkey=/dev/sdb:0:8388608 cryptdevice=/dev/a:cr", NULL, NULL,
		VOLUME("cr", "/dev/a") KEY("/dev/sdb, 8388608 bytes from byte 0") USUAL},
	{"a cryptkey that is none is taken", "cryptkey=sdb:vfat:/k cryptdevice=/dev/a:cr", NULL, NULL,
		VOLUME("cr", "/dev/a") USUAL_KEY("cr") USUAL WRONG(
			"cryptkey= is not device:fstype:path, device:offset:size or rootfs:path: sdb")},
	{"cryptkey with two fields is taken", "cryptkey=/dev/sdb:/k cryptdevice=/dev/a:cr", NULL, NULL,
		VOLUME("cr", "/dev/a") USUAL_KEY("cr") USUAL WRONG(
			"cryptkey= is not device:fstype:path, device:offset:size or rootfs:path: /dev/sdb")},
	{"crypto= is not refused", "cryptdevice=/dev/a:cr crypto=sha512:aes-xts-plain64:512:0:", NULL, NULL,
		VOLUME("cr", "/dev/a") ARCH_KEY USUAL WRONG("only LUKS is supported: crypto=")},
	{"cryptkey without cryptdevice makes a volume", "cryptkey=/k", NULL, NULL, USUAL},
};

static const struct plan_row others[] = {
	{"Alpine's cryptroot is lost", "cryptroot=/dev/a cryptdm=al cryptkey=/k cryptheader=/h cryptdiscards",
		NULL, NULL, VOLUME("al", "/dev/a") KEY("/k") "  header /h\n  options discard\n" USUAL},
	{"Alpine's cryptkey=yes is no key", "cryptroot=/dev/a cryptkey=yes", NULL, NULL,
		VOLUME("root", "/dev/a") KEY("/crypto_keyfile.bin") USUAL},
	{"Alpine's part of a file is lost", "cryptroot=/dev/a cryptkey=/k:64:32", NULL, NULL,
		VOLUME("root", "/dev/a") KEY("/k, 32 bytes from byte 64") USUAL},
	{"Alpine's EXEC= is taken for a path", "cryptroot=/dev/a cryptkey=EXEC=x", NULL, NULL,
		VOLUME("root", "/dev/a") USUAL_KEY("root")
			USUAL WRONG("key is not /path, /path:device or device: EXEC=x")},
	{"cryptoffset is ignored", "cryptroot=/dev/a cryptoffset=4096", NULL, NULL,
		USUAL WRONG("defined by the LUKS header: cryptoffset=")},
	{"Debian's cryptopts is lost",
		"cryptopts=target=x,source=UUID=" U1
		",key=/k,lvm=vg,discard,cipher=aes cryptopts=source=/dev/b",
		NULL, NULL,
		VOLUME("x", "UUID=" U1) KEY("/k") "  options discard\n" VOLUME("cryptroot", "/dev/b")
			USUAL_KEY("cryptroot") USUAL NOTE("no effect in an initramfs: lvm")
				NOTE("defined by the LUKS header: cipher")},
	{"the key of cryptopts is not its key script's",
		"cryptopts=source=/dev/b,key=LABEL=K:/k,keyscript=passdev", NULL, NULL,
		VOLUME("cryptroot", "/dev/b") KEY("/k on LABEL=K") USUAL},
	{"cryptopts without a source is taken", "cryptopts=target=x", NULL, NULL, USUAL WRONG("no device")},
};

int main(void)
{
	plan_rows(own, COUNT(own));
	plan_rows(luks, COUNT(luks));
	plan_rows(arch, COUNT(arch));
	plan_rows(others, COUNT(others));
	return rows_run("config cmdline");
}
