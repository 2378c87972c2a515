/* SPDX-License-Identifier: MIT */
/*
 * A whole machine of hostile devices (fuzz_machine.h), and a question to it, the first line:
 *
 *	? QUESTION SPEC          find, open, member, walk, called, shared, loop, id, serial, event
 *	? stick SPEC TYPE PATH   read a file; also copy
 *
 * No device is opened for writing, no descriptor is left open, no journal is replayed.
 */
#include "fuzz_machine.h"
#define pread(fd, buf, len, off) machine_pread(fd, buf, len, off)
#define read(fd, buf, len) machine_read(fd, buf, len)
#define close(fd) machine_close(fd)
#define fstat(fd, st) machine_fstat(fd, st)
#define stat(path, st) machine_stat(path, st)
#define access(path, mode) machine_access(path, mode)
#define readlink(path, out, size) machine_readlink(path, out, size)
#define syscall(...) machine_syscall(__VA_ARGS__, 0UL, 0UL, 0UL, 0UL)
#define socket(family, type, protocol) machine_socket()
#define recvfrom(fd, buf, room, flags, from, len)                                                            \
	machine_receive(fd, buf, room, (struct sockaddr_nl *)(from), len)
#include "../../src/base/file.c"
#include "../../src/base/folder.c"
#include "../../src/device/blkdev.c"
#include "../../src/device/by_id.c"
#include "../../src/device/disk.c"
#include "../../src/device/find.c"
#include "../../src/device/stick.c"
#include "../../src/device/sysblock.c"
#define bind loop_bind
#include "../../src/device/loop.c"
#undef bind
#define bind(fd, addr, len) machine_bind(fd, addr)
#include "../../src/device/uevent.c"
#define plain plain_bytes
#include "../../src/device/member.c"

static bool watched;

static bool watch(dev_t device, const char *name)
{
	bool alone = name && minor(device) == machine_number("!", "watch", 1000);

	watched = name && !alone; /* what is left alone is not waited for */
	return !alone;
}

bool text_write(int fd, const void *data, size_t len)
{
	fuzz_check(fd == 1 && data && len, "nothing is copied");
	return !machine_fails("write");
}

static void check_sentence(enum cause cause, const struct error *err)
{
	fuzz_check(cause != CAUSE_BUG, "a defect of its own");
	fuzz_check(!cause || err->text[0], "a cause without a sentence");
	fuzz_check(!cause || memchr(err->text, 0, sizeof(err->text)), "a sentence without an end");
	if (cause)
		fuzz_check_printable(err->text);
}

static void ask_find(const char *spec)
{
	char path[SYSBLOCK_PATH_BYTES] = "", uuid[SUPERBLOCK_UUID_BYTES];
	struct member member;
	struct error err = {.text = ""};
	enum cause cause = find_device_or_member(spec, path, sizeof(path), &member, &err);

	check_sentence(cause, &err);
	fuzz_check(cause || *path || !*spec, "a device without a path");
	fuzz_check(cause || !member.mark.type || find_is_name(spec), "a path is a member");
	if (!cause && find_is_name(spec))
		fuzz_check(!strncmp(path, "/dev/", 5), "a name is found outside /dev");
	(void)find_uuid(spec, uuid);
	check_sentence(find_device_or_member(spec, path, sizeof(path), NULL, &err), &err);
}

static void ask_open(const char *spec, bool bind_it)
{
	struct error err = {.text = ""};
	struct blkdev dev, loop;
	struct member member;
	char text[MEMBER_TEXT_BYTES];
	enum cause cause = find_open(spec, &dev, &err);

	check_sentence(cause, &err);
	fuzz_check_printable(dev.name);
	if (cause)
		return;
	if (bind_it) {
		machine_may_write = machine_find("!", "rw");
		cause = loop_open(&dev, !machine_may_write, &loop, &err);
		check_sentence(cause, &err);
		if (!cause)
			blkdev_close(&loop);
		machine_may_write = false;
	}
	check_sentence(blkdev_check_free(&dev, &err), &err);
	(void)blkdev_is_read_only(&dev);
	if (member_read(&dev, &member)) {
		member_describe(&member, text);
		fuzz_check_printable(text);
		member_advise(&member, text);
		fuzz_check_printable(text);
	}
	blkdev_close(&dev);
}

static void ask_walk(void)
{
	struct error err = {.text = ""};
	struct find_found found;
	struct find_walk walk;
	enum cause cause = find_walk_open(&walk, &err);

	check_sentence(cause, &err);
	if (cause)
		return;
	while (find_walk_next(&walk, &found))
		fuzz_check(!strncmp(found.path, "/dev/", 5) && *found.name, "a device without a path");
	find_walk_close(&walk);
}

static void ask_shared(const char *spec)
{
	struct error err;
	struct blkdev dev;

	if (blkdev_open_path(spec, &dev, &err))
		return;
	(void)disk_is_shared(&dev, "/boot");
	blkdev_close(&dev);
}

static void ask_stick(char *words, bool copy)
{
	char *device = machine_word(&words, " "), *type = machine_word(&words, " ");
	static uint8_t buf[4096];
	struct error err = {.text = ""};
	struct stick s;
	size_t len;
	enum cause cause;

	cause = stick_open(device, *type ? type : NULL, &s, &err);
	check_sentence(cause, &err);
	if (cause)
		return;
	cause = copy ? stick_copy(&s, words, 10000, 1, &err)
	             : stick_read(&s, words, &(struct stick_part){strlen(device), 0}, buf, sizeof(buf), &len,
			       &err);
	check_sentence(cause, &err);
	stick_close(&s);
}

static void ask_events(void)
{
	int fd = uevent_open();

	if (fd < 0)
		return;
	(void)uevent_drain(fd);
	machine_close(fd);
}

static void ask_id(const char *spec)
{
	for (unsigned i = 1; i < machine_count; i++)
		if (!strcmp(machine_records[i].attribute, "size")) {
			(void)by_id_is(machine_records[i].name, spec);
			(void)by_id_has_serial(machine_records[i].name, spec, strlen(spec));
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct machine_record *r = machine_records;
	char *spec;

	machine_put((struct fuzz_input){data, size});
	if (!machine_count || strcmp(r->name, "?"))
		return 0;
	spec = machine_text + (r->value - machine_text);
	watched = false;
	blkdev_tell(machine_find("!", "watch") ? watch : NULL);
	if (!strcmp(r->attribute, "find"))
		ask_find(spec);
	else if (!strcmp(r->attribute, "open") || !strcmp(r->attribute, "loop"))
		ask_open(spec, *r->attribute == 'l');
	else if (!strcmp(r->attribute, "walk"))
		ask_walk();
	else if (!strcmp(r->attribute, "called"))
		(void)find_is_called("/dev/sda", spec);
	else if (!strcmp(r->attribute, "shared"))
		ask_shared(spec);
	else if (!strcmp(r->attribute, "stick") || !strcmp(r->attribute, "copy"))
		ask_stick(spec, *r->attribute == 'c');
	else if (!strcmp(r->attribute, "event"))
		ask_events();
	else if (!strcmp(r->attribute, "id"))
		ask_id(spec);
	fuzz_check(!watched, "a device that answered is still waited for");
	machine_check_closed();
	return 0;
}
