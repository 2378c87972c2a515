/* SPDX-License-Identifier: MIT */
/* The kernel's word of devices: whose word counts, and what it is about. */
#include "device/uevent.h"
#include "unit.h"
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 10000 };

static bool comes(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, WAIT_MS) == 1;
}

/* What /sys/.../uevent is for: the kernel says again that the device is there. */
static bool say_again(const char *path)
{
	int fd = open(path, O_WRONLY);
	bool said = fd >= 0 && write(fd, "change", 6) == 6;

	if (fd >= 0)
		close(fd);
	return said;
}

TEST(nothing_is_an_event)
{
	int fd = uevent_open();

	if (fd < 0)
		SKIP("no netlink socket here");
	(void)uevent_drain(fd);
	assert_false(uevent_drain(fd) && uevent_drain(fd) && uevent_drain(fd));
	close(fd);
}

TEST(a_block_device_is_missed)
{
	int fd = uevent_open();

	if (fd < 0 || !say_again("/sys/class/block/loop0/uevent"))
		SKIP("no netlink socket, no loop device or not root");
	assert_true(comes(fd));
	assert_true(uevent_drain(fd));
	close(fd);
}

TEST(the_word_of_another_process_counts)
{
	static const char message[] = "add@/devices/x\0ACTION=add\0SUBSYSTEM=block";
	struct sockaddr_nl to = {.nl_family = AF_NETLINK}, self = {.nl_family = AF_NETLINK};
	socklen_t len = sizeof(to);
	int fd = uevent_open(), other = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || other < 0)
		SKIP("no netlink socket here");
	assert_int_equal(bind(other, (struct sockaddr *)&self, sizeof(self)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&to, &len), 0);
	(void)uevent_drain(fd);
	if (sendto(other, message, sizeof(message), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		SKIP("not root");
	assert_true(comes(fd));
	assert_false(uevent_drain(fd));
	close(fd);
	close(other);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_an_event),
		cmocka_unit_test(a_block_device_is_missed),
		cmocka_unit_test(the_word_of_another_process_counts),
	};

	return cmocka_run_group_tests_name("uevent", tests, NULL, NULL);
}
