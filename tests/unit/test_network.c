/* SPDX-License-Identifier: MIT */
/* ip= of the kernel command line, and the messages of DHCP. */
#include "base/bytes.h"
#include "network/dhcp.h"
#include "network/ip_option.h"
#include "unit.h"

static struct ip_option option;

static const char *read_option(const char *text)
{
	static char cmdline[256];

	(void)snprintf(cmdline, sizeof(cmdline), "%s", text);
	return ip_option_read(cmdline, &option);
}

TEST(without_ip_there_is_no_dhcp)
{
	assert_null(read_option("root=/dev/vda quiet"));
	assert_false(option.off || option.fixed || *option.device);
	assert_null(read_option("ip=dhcp"));
	assert_false(option.off || option.fixed || *option.device);
	assert_null(read_option("ip=:::::eth1:dhcp"));
	assert_false(option.off || option.fixed);
	assert_string_equal(option.device, "eth1");
	assert_null(read_option("ip=enp3s0:dhcp"));
	assert_string_equal(option.device, "enp3s0");
}

TEST(off_is_not_off)
{
	assert_null(read_option("ip=off"));
	assert_true(option.off);
	assert_null(read_option("ip=dhcp ip=none"));
	assert_true(option.off);
	assert_null(read_option("ip=:::::eth0:off"));
	assert_true(option.off);
}

TEST(a_fixed_address_is_not_read)
{
	assert_null(read_option("x ip=10.0.2.77::10.0.2.2:255.255.255.0:host:eth0:none:10.0.2.3:8.8.4.4 y"));
	assert_true(option.fixed);
	assert_int_equal(option.lease.address, 0x0a00024d);
	assert_int_equal(option.lease.gateway, 0x0a000202);
	assert_int_equal(option.lease.mask, 0xffffff00);
	assert_int_equal(option.lease.dns[0], 0x0a000203);
	assert_int_equal(option.lease.dns[1], 0x08080404);
	assert_string_equal(option.device, "eth0");
	assert_null(read_option("ip=192.168.1.255:::20"));
	assert_true(option.fixed && !option.lease.gateway);
	assert_int_equal(option.lease.mask, 0xfffff000);
}

TEST(a_field_that_is_not_used_makes_it_wrong)
{
	static const char *const fixed[] = {"ip=10.0.2.77::::h:eth0:none:10.0.2.3:10.0.2.4:10.0.2.5",
		"ip=10.0.2.77::::a-name-of-a-host-that-is-quite-long.example.org:eth0:none:10.0.2.3",
		"ip=10.0.2.77::::h:eth0:none:1500", "ip=10.0.2.77::::h:eth0:none:1500:52:54:00:12:34:56",
		"ip=10.0.2.77::::h:eth0:none::52:54:00:12:34:56"};
	static const char *const dhcp[] = {"ip=0.0.0.0::::nas:eth0:dhcp", "ip=eth0:dhcp:1500",
		"ip=eth0:dhcp:1500:52:54:00:12:34:56", "ip=eth0:dhcp::52:54:00:12:34:56"};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		assert_null(read_option(fixed[i]));
		assert_true(option.fixed);
		assert_int_equal(option.lease.address, 0x0a00024d);
		assert_int_equal(option.lease.dns[0], i < 2 ? 0x0a000203 : 0);
		assert_int_equal(option.lease.dns[1], i == 0 ? 0x0a000204 : 0);
		assert_string_equal(option.device, "eth0");
	}
	for (size_t i = 0; i < sizeof(dhcp) / sizeof(*dhcp); i++) {
		assert_null(read_option(dhcp[i]));
		assert_false(option.fixed || option.off);
		assert_string_equal(option.device, "eth0");
	}
	assert_null(read_option("ip=single-dhcp"));
	assert_false(option.fixed || option.off);
	assert_null(read_option("ip=0.0.0.0::::nas:eth0:off"));
	assert_true(option.off);
}

TEST(what_is_not_understood_is_taken_for_something)
{
	static const char *const wrong[] = {"ip=[2001:db8::1]::[2001:db8::2]:64::eth0:none", "ip=10.0.2",
		"ip=10.0.2.256", "ip=10.0.2.1.1", "ip=10.0.2.15::x:24", "ip=10.0.2.15:::33", "ip=auto6",
		"ip=eth0:auto6", "ip=:::::a-name-of-16-byt:dhcp", "ip=10.0.2.", "ip=0.0.0.0:::::eth0:dhcp6",
		"ip=10.0.2.15.and.more.than.32.characters", "ip=10..0.2", "ip=0000.0.0.1"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (!read_option(wrong[i]))
			fail_msg("%s", wrong[i]);
}

/* --- DHCP ----------------------------------------------------------------------------------------- */

static const struct dhcp_id id = {0x01020304, {2, 0, 0, 0, 0, 9}};
static uint8_t message[DHCP_ANSWER_MAX_BYTES];
static struct dhcp_lease lease;

/* An answer with these options (@len bytes). Returns its length. */
static size_t answer(const char *options, size_t len)
{
	memset(message, 0, sizeof(message));
	message[0] = 2;
	message[1] = 1;
	message[2] = 6;
	bytes_put_be32(message + 4, id.number);
	bytes_put_be32(message + 16, 0x0a00020f);
	memcpy(message + 28, id.mac, sizeof(id.mac));
	memcpy(message + 236, "\x63\x82\x53\x63", 4);
	memcpy(message + 240, options, len);
	return 240 + len;
}

#define ANSWER(options) answer(options, sizeof(options) - 1)
#define MASK "\x01\x04\xff\xff\xff\x00"
#define ROUTERS "\x03\x08\x0a\x00\x02\x02\x0a\x00\x02\x63"
#define NAME_SERVERS "\x06\x08\x0a\x00\x02\x03\x08\x08\x04\x04"
#define ALL MASK ROUTERS NAME_SERVERS "\x33\x04\x00\x00\x0e\x10\x36\x04\x0a\x00\x02\x02"

TEST(an_answer_is_not_read)
{
	size_t len = ANSWER("\x35\x01\x02" ALL "\xff");

	assert_int_equal(dhcp_read(message, len, &id, &lease), DHCP_OFFER);
	assert_int_equal(lease.address, 0x0a00020f);
	assert_int_equal(lease.mask, 0xffffff00);
	assert_int_equal(lease.gateway, 0x0a000202);
	assert_int_equal(lease.dns[0], 0x0a000203);
	assert_int_equal(lease.dns[1], 0x08080404);
	assert_int_equal(lease.lease_s, 3600);
	assert_int_equal(lease.server, 0x0a000202);
	len = ANSWER("\0\0\x35\x01\x05");
	assert_int_equal(dhcp_read(message, len, &id, &lease), DHCP_ACK);
	assert_true(!lease.mask && !lease.gateway && !lease.dns[0] && !lease.lease_s);
	len = ANSWER("\x35\x01\x06\xff");
	assert_int_equal(dhcp_read(message, len, &id, &lease), DHCP_NAK);
}

TEST(another_machines_answer_is_taken)
{
	static const size_t changed[] = {0, 4, 7, 28, 33, 236, 239};

	for (size_t i = 0; i < sizeof(changed) / sizeof(*changed); i++) {
		size_t len = ANSWER("\x35\x01\x02\xff");

		message[changed[i]] ^= 1;
		assert_int_equal(dhcp_read(message, len, &id, &lease), DHCP_NONE);
	}
}

TEST(an_address_for_no_machine_or_a_mask_with_holes_is_taken)
{
	static const uint32_t wrong[] = {0, 0x7f000001, 0xe0000001, 0xffffffff, 0x00000001};
	size_t len;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		len = ANSWER("\x35\x01\x02\xff");
		bytes_put_be32(message + 16, wrong[i]);
		assert_int_equal(dhcp_read(message, len, &id, &lease), DHCP_NONE);
	}
	len = ANSWER("\x35\x01\x02\x01\x04\xff\x00\xff\x00\xff");
	assert_int_equal(dhcp_read(message, len, &id, &lease), DHCP_NONE);
}

TEST(an_option_that_is_cut_is_read)
{
	size_t len = ANSWER("\x35\x01\x02" ALL);

	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut + 1); /* so that a sanitizer sees what is read behind it */
		enum dhcp_kind kind;

		memcpy(copy, message, cut);
		kind = dhcp_read(copy, cut, &id, &lease);
		assert_true(kind == DHCP_NONE || kind == DHCP_OFFER);
		free(copy);
	}
	len = ANSWER("\x35\x01\x02\x03\xff\x0a");
	assert_int_equal(dhcp_read(message, len, &id, &lease), DHCP_NONE);
}

TEST(a_request_does_not_name_its_offer)
{
	uint8_t out[DHCP_REQUEST_BYTES];

	dhcp_write(out, &id, NULL);
	assert_memory_equal(out + 240, "\x35\x01\x01\x37", 4);
	lease = (struct dhcp_lease){.address = 0x0a00020f, .server = 0x0a000202};
	dhcp_write(out, &id, &lease);
	assert_memory_equal(out + 240, "\x35\x01\x03\x32\x04\x0a\x00\x02\x0f\x36\x04\x0a\x00\x02\x02\x37",
		16);
	assert_memory_equal(out, "\x01\x01\x06\x00\x01\x02\x03\x04\x00\x00\x80", 11);
	assert_memory_equal(out + 28, id.mac, sizeof(id.mac));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_ip_there_is_no_dhcp),
		cmocka_unit_test(off_is_not_off),
		cmocka_unit_test(a_fixed_address_is_not_read),
		cmocka_unit_test(a_field_that_is_not_used_makes_it_wrong),
		cmocka_unit_test(what_is_not_understood_is_taken_for_something),
		cmocka_unit_test(an_answer_is_not_read),
		cmocka_unit_test(another_machines_answer_is_taken),
		cmocka_unit_test(an_address_for_no_machine_or_a_mask_with_holes_is_taken),
		cmocka_unit_test(an_option_that_is_cut_is_read),
		cmocka_unit_test(a_request_does_not_name_its_offer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
