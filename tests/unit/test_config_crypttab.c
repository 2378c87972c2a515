/* SPDX-License-Identifier: MIT */
/* crypttab of systemd and of Debian, to what is understood. */
#include "plan_rows.h"

#define VOLUME(line, name, device)                                                                           \
	"volume " name "\n  device " device "\n  from /etc/crypttab:" line "\n  needed yes\n"
#define NEED(line, name, device, need)                                                                       \
	"volume " name "\n  device " device "\n  from /etc/crypttab:" line "\n  needed " need "\n"
#define NOFAIL "no, nofail"
#define NOAUTO "no, noauto: not opened"
#define OTHER "no, root= names another volume and this line is not marked"
#define KEY(text) "  key " text "\n"
#define USUAL_KEY(name) KEY("/etc/cryptsetup-keys.d/" name ".key, if it is there")
#define WRONG(line, text) "wrong: /etc/crypttab:" line ": skipped: " text "\n"
#define NOTE(line, text) "note: /etc/crypttab:" line ": ignored: " text "\n"
#define PIN_ID(digit) EIGHT(EIGHT(digit))
#define EIGHT(text) text text text text text text text text
#define A(line) VOLUME(line, "a", "/dev/a") USUAL_KEY("a")

static const struct plan_row lines[] = {
	{"an empty file makes a volume", NULL, "", NULL, USUAL},
	{"comments, blank lines and their numbers are mistaken", NULL, "# x\n\n  \t\n  # y z\n a /dev/a\n",
		NULL, A("5") USUAL},
	{"a line without a newline at the end is lost", NULL, "a /dev/a", NULL, A("1") USUAL},
	{"carriage returns belong to the last field", NULL, "a /dev/a none discard\r\nb /dev/b\r\n\r\n", NULL,
		A("1") "  options discard\n" VOLUME("2", "b", "/dev/b") USUAL_KEY("b") USUAL},
	{"- and none are paths", NULL, "a /dev/a -\nb /dev/b none\n", NULL,
		A("1") VOLUME("2", "b", "/dev/b") USUAL_KEY("b") USUAL},
	{"tabs do not separate", NULL, "a\t/dev/a\t\tnone \t discard\n", NULL,
		A("1") "  options discard\n" USUAL},
	{"a line with a name only is taken", NULL, "a\nb /dev/b\n", NULL,
		VOLUME("2", "b", "/dev/b") USUAL_KEY("b") USUAL WRONG("1", "no device")},
	{"what stands behind the fourth field is not named", NULL, "a /dev/a none luks, discard\n", NULL,
		A("1") USUAL NOTE("1", "more than four fields: discard")},
	{"an octal escape stays, or becomes a control character", NULL,
		"a /dev/a\\040b /k\\011x\\054\\177\\303 discard\n", NULL,
		VOLUME("1", "a", "/dev/a b") KEY("/k\\011x,\\177\\303") "  options discard\n" USUAL},
	{"a control character reaches the terminal from a file", NULL, "a /dev/a /\033[2J\nb /dev/b\n", NULL,
		VOLUME("2", "b", "/dev/b") USUAL_KEY("b")
			USUAL WRONG("1", "control character or invalid UTF-8: a /dev/a /?[2J")},
	{"what is no octal escape is changed, or ends the text", NULL, "a /dev/\\000\\089\\777\\x\\1\\\n",
		NULL, VOLUME("1", "a", "/dev/\\000\\089\\777\\x\\1\\") USUAL_KEY("a") USUAL},
	{"devices of one kind are refused", NULL,
		"a UUID=" U1 "\nb LABEL=x\nc PARTUUID=x\nd PARTLABEL=x\ne /dev/disk/by-id/x\nf /volume.img\n",
		NULL,
		VOLUME("1", "a", "UUID=" U1) USUAL_KEY("a") VOLUME("2", "b", "LABEL=x") USUAL_KEY("b")
			VOLUME("3", "c", "PARTUUID=x") USUAL_KEY("c") VOLUME("4", "d", "PARTLABEL=x")
				USUAL_KEY("d") VOLUME("5", "e", "/dev/disk/by-id/x") USUAL_KEY("e")
					VOLUME("6", "f", "/volume.img") USUAL_KEY("f") USUAL},
	{"quotes of a tag stay", NULL, "a UUID=\"" U1 "\" none\n", NULL,
		VOLUME("1", "a", "UUID=" U1) USUAL_KEY("a") USUAL},
};

static const struct plan_row keys[] = {
	{"systemd's path:device is a path", NULL,
		"a /dev/a /k:LABEL=x\nb /dev/b /k:y:/dev/disk/by-path/pci-0:1:0\n", NULL,
		VOLUME("1", "a", "/dev/a") KEY("/k on LABEL=x") VOLUME("2", "b", "/dev/b")
			KEY("/k:y on /dev/disk/by-path/pci-0:1:0") USUAL},
	{"of a key in the bytes of a device a part is lost, or the whole without a size", NULL,
		"a /dev/a /dev/disk/by-id/usb keyfile-size=64,keyfile-offset=32\nb /dev/b UUID=a luks\n",
		NULL,
		VOLUME("1", "a", "/dev/a") KEY("/dev/disk/by-id/usb, 64 bytes from byte 32")
			VOLUME("2", "b", "/dev/b") KEY("UUID=a") USUAL},
	{"part of a key file is the whole file", NULL, "a /dev/a /k keyfile-offset=8,keyfile-size=16\n", NULL,
		VOLUME("1", "a", "/dev/a") KEY("/k, 16 bytes from byte 8") USUAL},
	{"a key that is no path is taken", NULL, "a /dev/a key.bin\n", NULL,
		VOLUME("1", "a", "/dev/a") USUAL_KEY("a")
			USUAL WRONG("1", "key is not /path, /path:device or device: key.bin")},
	{"a header that is no path is not named as one", NULL, "a /dev/a - header=h.img\n", NULL,
		USUAL WRONG("1", "header is not /path, /path:device or device: h.img")},
	{"Debian's passdev is not understood", NULL,
		"a /dev/a LABEL=K:/k keyscript=/lib/cryptsetup/scripts/passdev\nb /dev/b "
		"/dev/sdb1:sub/k:30 keyscript=passdev\n",
		NULL,
		VOLUME("1", "a", "/dev/a") KEY("/k on LABEL=K") VOLUME("2", "b", "/dev/b")
			KEY("/sub/k on /dev/sdb1") USUAL},
	{"a passdev without a device or path is taken, or takes the volume with it", NULL,
		"a /dev/a /k keyscript=passdev\nb /dev/b LABEL=K keyscript=passdev\n"
		"c /dev/c - keyscript=passdev\n",
		NULL,
		A("1") VOLUME("2", "b", "/dev/b") USUAL_KEY("b") VOLUME("3", "c", "/dev/c") USUAL_KEY("c")
			USUAL WRONG("1", "key of passdev is not device:path: /k")
				WRONG("2", "key of passdev is not device:path: LABEL=K")
					WRONG("3", "key of passdev is not device:path: -")},
	{"another key script is not named, or takes the volume with it", NULL,
		"a /dev/a none luks,keyscript=/usr/local/bin/fetch\nb /dev/b\n", NULL,
		A("1") VOLUME("2", "b", "/dev/b") USUAL_KEY("b") USUAL
		"note: /etc/crypttab:1: ignored: key script, the passphrase is used: /usr/local/bin/fetch\n"},
	{"a key script that prints a file is no key", NULL,
		"a /dev/a /k luks,keyscript=/bin/cat\nb /dev/b /l:LABEL=x keyscript=cat\n", NULL,
		VOLUME("1", "a", "/dev/a") KEY("/k") VOLUME("2", "b", "/dev/b") KEY("/l on LABEL=x") USUAL},
	{"passdev's device ends at the first colon of its name", NULL,
		"a /dev/a /dev/disk/by-path/pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0-part1:/k:10 "
		"keyscript=passdev\n",
		NULL,
		VOLUME("1", "a", "/dev/a")
			KEY("/k on /dev/disk/by-path/pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0-part1") USUAL},
	{"passdev's device ends behind a -part of the path", NULL,
		"a /dev/a /dev/disk/by-label/KEY:/keys/my-part2.key keyscript=passdev\n", NULL,
		VOLUME("1", "a", "/dev/a") KEY("/keys/my-part2.key on /dev/disk/by-label/KEY") USUAL},
	{"a UUID that is none is waited for without end", NULL,
		"a UUID=ff64c852-9a56-zyd1-9f2d-072aff6652c0\nb UUID='" U1 "'\n", NULL,
		VOLUME("2", "b", "UUID=" U1) USUAL_KEY("b")
			USUAL WRONG("1", "not a UUID: ff64c852-9a56-zyd1-9f2d-072aff6652c0")},
	{"quotes around a field belong to it", NULL, "\"a\" \"UUID=" U1 "\" \"/k\" \"discard\"\n", NULL,
		VOLUME("1", "a", "UUID=" U1) KEY("/k") "  options discard\n" USUAL},
	{"a byte order mark or CRLF belong to the text", NULL,
		"\xef\xbb\xbf"
		"a /dev/a /k discard\r\nb /dev/b\r\n",
		NULL,
		VOLUME("1", "a", "/dev/a") KEY("/k") "  options discard\n" VOLUME("2", "b", "/dev/b")
			USUAL_KEY("b") USUAL},
	{"decrypt_keyctl, which asks once for all, is refused", NULL,
		"a /dev/a shared keyscript=decrypt_keyctl\n", NULL, A("1") USUAL},
};

static const struct plan_row early[] = {
	{"lines without a mark are opened beside marked ones", "root=/dev/mapper/c",
		"a /dev/a none x-initrd.attach\nb /dev/b none plain\nc /dev/c\nd /dev/d - initramfs\ne "
		"/dev/e - luks,force\nf /dev/f\n",
		NULL,
		A("1") VOLUME("3", "c", "/dev/c") USUAL_KEY("c") VOLUME("4", "d", "/dev/d") USUAL_KEY("d")
			VOLUME("5", "e", "/dev/e") USUAL_KEY("e")
				USUAL NOTE("2", "not marked for the initramfs: b")
					NOTE("6", "not marked for the initramfs: f")},
	{"a mark in a comment or in another word counts", NULL,
		"# initramfs\na /dev/a /initramfs header=/x-initrd.attach\nb /dev/b\n", NULL,
		VOLUME("2", "a", "/dev/a") KEY("/initramfs") "  header /x-initrd.attach\n" VOLUME("3", "b",
			"/dev/b") USUAL_KEY("b") USUAL},
	{"noauto and nofail are lost", NULL, "a /dev/a none noauto\nb /dev/b none nofail\n", NULL,
		NEED("1", "a", "/dev/a", NOAUTO) USUAL_KEY("a") "  options noauto\n" NEED("2", "b", "/dev/b",
			NOFAIL) USUAL_KEY("b") "  options nofail\n" USUAL},
	{"noauto keeps a marked line closed", NULL,
		"a /dev/a none luks,noauto,initramfs\nb /dev/b none x-initrd.attach,noauto\nc /dev/c none "
		"force,noauto,nofail\n",
		NULL,
		A("1") VOLUME("2", "b", "/dev/b") USUAL_KEY("b") NEED("3", "c", "/dev/c", NOFAIL)
			USUAL_KEY("c") "  options nofail\n" USUAL},
	{"noauto and nofail hold for the root", "root=/dev/mapper/a", "a /dev/a none noauto,nofail\n", NULL,
		A("1") USUAL},
	{"nofail for all holds for the root", "root=/dev/mapper/a latchkey.nofail",
		"a /dev/a\nb /dev/b - initramfs\n", NULL,
		A("1") NEED("2", "b", "/dev/b", NOFAIL) USUAL_KEY("b") "  options nofail\n" USUAL},
	{"a whole system's lines are waited for beside the root",
		"root=/dev/mapper/a resume=/dev/mapper/s mount.usr=/dev/mapper/u",
		"h /dev/h\na /dev/a\nd /data none\ns /dev/s\nu /dev/u\n", NULL,
		NEED("1", "h", "/dev/h", OTHER) USUAL_KEY("h") VOLUME("2", "a", "/dev/a") USUAL_KEY("a")
			NEED("3", "d", "/data", OTHER) USUAL_KEY("d") VOLUME("4", "s", "/dev/s")
				USUAL_KEY("s") VOLUME("5", "u", "/dev/u") USUAL_KEY("u") USUAL},
	{"lines are not waited for where the root is none of them", "root=/dev/mapper/vg-root",
		"a /dev/a\nb /dev/b\n", NULL, A("1") VOLUME("2", "b", "/dev/b") USUAL_KEY("b") USUAL},
	{"the root by its link is not known", "root=/dev/disk/by-id/dm-name-a", "a /dev/a none noauto\n",
		NULL, A("1") USUAL},
	{"the root by its UUID's link is not known",
		"root=/dev/disk/by-id/dm-uuid-CRYPT-LUKS2-11111111222233334444555555555555-a-b",
		"a-b /dev/a none noauto\nb /dev/b\n", NULL,
		VOLUME("1", "a-b", "/dev/a") USUAL_KEY("a-b") NEED("2", "b", "/dev/b", OTHER) USUAL_KEY("b")
			USUAL},
	{"swap that resume= names by its UUID stays closed", "root=/dev/mapper/a resume=UUID=" U1,
		"a /dev/a\ns /dev/s\n", NULL, A("1") NEED("2", "s", "/dev/s", NOFAIL) USUAL_KEY("s") USUAL},
	{"swap in LVM in a volume stays closed", "root=/dev/mapper/a resume=/dev/mapper/vg-swap",
		"a /dev/a\ns /dev/s\n", NULL, A("1") NEED("2", "s", "/dev/s", NOFAIL) USUAL_KEY("s") USUAL},
	{"/usr by its label stays closed", "root=/dev/mapper/a mount.usr=LABEL=usr", "a /dev/a\ns /dev/s\n",
		NULL, A("1") NEED("2", "s", "/dev/s", NOFAIL) USUAL_KEY("s") USUAL},
	{"for swap in a partition volumes are asked for", "root=/dev/mapper/a resume=/dev/sda3",
		"a /dev/a\ns /dev/s\n", NULL, A("1") NEED("2", "s", "/dev/s", OTHER) USUAL_KEY("s") USUAL},
	{"a marked line's key is on a mapping that stays closed", NULL,
		"k /dev/k\nl /dev/l\na /dev/a /dev/mapper/k keyfile-size=64,x-initrd.attach\nk2 /dev/m\n"
		"b /dev/b - initramfs,header=/h:/dev/mapper/l\n",
		NULL,
		VOLUME("1", "k", "/dev/k") USUAL_KEY("k") VOLUME("2", "l", "/dev/l") USUAL_KEY("l")
			VOLUME("3", "a", "/dev/a") "  key /dev/mapper/k, 64 bytes from byte 0\n" VOLUME("5",
				"b", "/dev/b") USUAL_KEY("b") "  header /h on /dev/mapper/l\n" USUAL NOTE("4",
				"not marked for the initramfs: k2")},
	{"of two roots the first counts", "root=/dev/mapper/b root=/dev/mapper/a",
		"a /dev/a none noauto\nb /dev/b\n", NULL,
		A("1") NEED("2", "b", "/dev/b", OTHER) USUAL_KEY("b") USUAL},
};

static const struct plan_row chosen[] = {
	{"rd.luks.uuid does not choose the lines", "rd.luks.uuid=" U1,
		"a UUID=" U1 " /k discard\nb /dev/b none initramfs\nc UUID=" U2 "\n", NULL,
		VOLUME("1", "a", "UUID=" U1) KEY("/k") "  options discard\n" USUAL NOTE("2",
			"not named by rd.luks.*: b") NOTE("3", "not named by rd.luks.*: c")},
	{"a line by /dev/disk/by-uuid, or named luks-UUID, is not chosen",
		"rd.luks.uuid=" U1 " rd.luks.uuid=" U2,
		"a /dev/disk/by-uuid/" U1 " /k\nluks-" U2 " /dev/b /l\n", NULL,
		VOLUME("1", "a", "/dev/disk/by-uuid/" U1) KEY("/k") VOLUME("2", "luks-" U2, "/dev/b")
			KEY("/l") USUAL},
	{"dracut's beginning of a UUID does not choose", "rd.luks.uuid=luks-1111",
		"a UUID=" U1 "\nb UUID=" U2 "\n", NULL,
		VOLUME("1", "a", "UUID=" U1) USUAL_KEY("a") USUAL NOTE("2", "not named by rd.luks.*: b")},
	{"the name, options and key of the command line are weaker than crypttab's",
		"rd.luks.name=" U1 "=root rd.luks.options=" U1 "=timeout=5 rd.luks.key=" U1 "=/c:LABEL=K",
		"a UUID=" U1 " /k discard,header=/h\n", NULL,
		VOLUME("1", "root", "UUID=" U1) KEY("/c on LABEL=K") "  options timeout=5\n" USUAL},
	{"rd.luks.name takes the name from the line that root= names",
		"rd.luks.name=" U1 "=x root=/dev/mapper/a rd.luks.name=" U2 "=y",
		"a UUID=" U1 " /k\nb UUID=" U2 " /l\n", NULL,
		VOLUME("1", "a", "UUID=" U1) KEY("/k") VOLUME("2", "y", "UUID=" U2) KEY("/l") USUAL},
	{"options and keys for nobody in particular replace those of a line",
		"rd.luks.uuid=" U1 " rd.luks.options=timeout=5 rd.luks.key=/x", "a UUID=" U1 " /k discard\n",
		NULL, VOLUME("1", "a", "UUID=" U1) KEY("/k") "  options discard\n" USUAL},
	{"a key for nobody in particular does not serve a line without one",
		"rd.luks.uuid=" U1 " rd.luks.key=/x:LABEL=K", "a UUID=" U1 " none discard\n", NULL,
		VOLUME("1", "a", "UUID=" U1) KEY("/x on LABEL=K") "  options discard\n" USUAL},
	{"options for a UUID choose it", "rd.luks.options=" U1 "=timeout=5", "a UUID=" U1 "\nb /dev/b\n",
		NULL,
		VOLUME("1", "a", "UUID=" U1) USUAL_KEY("a") "  options timeout=5\n" VOLUME("2", "b", "/dev/b")
			USUAL_KEY("b") USUAL},
	{"a pin is replaced without a word, or one that is replaced by a pin is told",
		"rd.luks.options=" U1 "=discard rd.luks.options=" U2 "=fixate-volume-key=" PIN_ID("2"),
		"a UUID=" U1 " none tries=1,fixate-volume-key=" PIN_ID(
			"1") "\nb UUID=" U2 " none fixate-volume-key=" PIN_ID("1") "\n",
		NULL,
		VOLUME("1", "a", "UUID=" U1) USUAL_KEY("a") "  options discard\n" VOLUME("2", "b", "UUID=" U2)
			USUAL_KEY("b") "  options fixate-volume-key=" PIN_ID("2") "\n" USUAL WRONG("1",
				"replaced by rd.luks.options: fixate-volume-key=")},
	{"a line that the command line chooses stays noauto", "rd.luks.uuid=" U1,
		"a UUID=" U1 " none noauto\n", NULL, VOLUME("1", "a", "UUID=" U1) USUAL_KEY("a") USUAL},
	{"the weaker source is not named", "latchkey.volume=a,/dev/a,/k cryptdevice=UUID=" U1 ":x",
		"a /dev/b\nc UUID=" U1 " none discard\nd /dev/d\n", NULL,
		"volume a\n  device /dev/a\n  from kernel command line\n  needed yes\n" KEY(
			"/k") "volume x\n  device UUID=" U1
			      "\n  from kernel command line\n  needed yes\n" KEY(
				      "/crypto_keyfile.bin, if it is there") VOLUME("3", "d", "/dev/d")
				      USUAL_KEY("d") USUAL NOTE("1",
					      "name or device already used by kernel command line") NOTE("2",
					      "name or device already used by kernel command line")},
	{"the root is left out where not named by rd.luks.*", "rd.luks.uuid=" U1 " root=/dev/mapper/b",
		"a UUID=" U1 "\nb /dev/b\nc /dev/c\n", NULL,
		VOLUME("1", "a", "UUID=" U1) USUAL_KEY("a") VOLUME("2", "b", "/dev/b") USUAL_KEY("b")
			USUAL NOTE("3", "not named by rd.luks.*: c")},
	{"a line stands in the way of the volume that rd.luks.name calls as root= does",
		"rd.luks.name=" U1 "=b root=/dev/mapper/b", "b /dev/b\n", NULL,
		"volume b\n  device UUID=" U1 "\n  from kernel command line\n  needed yes\n" USUAL_KEY("b")
			USUAL NOTE("1", "not named by rd.luks.*: b")},
	{"another name for its device leaves the root out", "root=/dev/mapper/b",
		"a UUID=" U1 "\nb /dev/disk/by-uuid/" U1 "\n", NULL,
		VOLUME("2", "b", "/dev/disk/by-uuid/" U1) USUAL_KEY("b")
			USUAL NOTE("1", "the volume of root= has the same device: a")},
	{"the root has two places", "root=/dev/mapper/b", "a /dev/a\nb /dev/b\nb /dev/a\n", NULL,
		NEED("1", "a", "/dev/a", OTHER) USUAL_KEY("a") VOLUME("2", "b", "/dev/b") USUAL_KEY("b")
			USUAL NOTE("3", "name or device already used by /etc/crypttab:2")},
	{"a name that stands twice is taken twice", NULL, "a /dev/a\na /dev/b\nb /dev/a\n", NULL,
		A("1") USUAL NOTE("2", "name or device already used by /etc/crypttab:1")
			NOTE("3", "name or device already used by /etc/crypttab:1")},
};

static void a_separate_crypttab_for_the_initramfs_has_unmarked_lines(void **state)
{
	static struct plan p;
	struct plan_sources s = {.crypttab = "a /dev/a - x-initrd.attach\nb /dev/b\n",
		.crypttab_path = "/etc/crypttab.initramfs"};

	(void)state;
	plan_make(&s, &p);
	assert_int_equal(p.count, 2);
	assert_string_equal(p.volumes[1].where, "/etc/crypttab.initramfs:2");
	assert_int_equal(p.note_count, 0);
	s.cmdline = "root=/dev/mapper/a"; /* and all of them are needed */
	plan_make(&s, &p);
	assert_int_equal(p.volumes[1].need, PLAN_NEEDED);
}

int main(void)
{
	plan_rows(lines, COUNT(lines));
	plan_rows(keys, COUNT(keys));
	plan_rows(early, COUNT(early));
	plan_rows(chosen, COUNT(chosen));
	ROW(a_separate_crypttab_for_the_initramfs_has_unmarked_lines);
	return rows_run("config crypttab");
}
