/* SPDX-License-Identifier: MIT */
/* interface - see interface.h. */
#include "network/interface.h"
#include "base/bytes.h"
#include "base/os.h"
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { CLIENT_PORT = 68, SERVER_PORT = 67, ADDRESSES_MAX = 64 };

/* Numbers of the network are big-endian. */
static struct sockaddr_in at(uint32_t address, uint8_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET};

	bytes_put_be32((uint8_t *)&in.sin_addr, address);
	((uint8_t *)&in.sin_port)[1] = (uint8_t)port;
	return in;
}

static void put_address(struct sockaddr *to, uint32_t address)
{
	struct sockaddr_in in = at(address, 0);

	memcpy(to, &in, sizeof(in));
}

static struct ifreq of(const struct interface *i)
{
	struct ifreq r = {.ifr_flags = 0};

	memcpy(r.ifr_name, i->name, sizeof(i->name));
	return r;
}

bool interface_get(int fd, int number, struct interface *out)
{
	struct ifreq r = {.ifr_ifindex = number};

	if (os_ioctl(fd, SIOCGIFNAME, &r))
		return false;
	memcpy(out->name, r.ifr_name, sizeof(out->name));
	if (os_ioctl(fd, SIOCGIFHWADDR, &r) || r.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return false;
	memcpy(out->mac, r.ifr_hwaddr.sa_data, sizeof(out->mac));
	return true;
}

bool interface_exists(int fd, int number)
{
	return !os_ioctl(fd, SIOCGIFNAME, &(struct ifreq){.ifr_ifindex = number});
}

static unsigned flags_of(int fd, struct ifreq *r)
{
	return os_ioctl(fd, SIOCGIFFLAGS, r) ? 0 : (unsigned short)r->ifr_flags;
}

bool interface_up(int fd, const struct interface *i)
{
	struct ifreq r = of(i);

	if (flags_of(fd, &r) & IFF_UP)
		return false;
	r.ifr_flags |= IFF_UP;
	return !os_ioctl(fd, SIOCSIFFLAGS, &r);
}

void interface_down(int fd, const struct interface *i)
{
	struct ifreq r = of(i);

	r.ifr_flags = (short)(flags_of(fd, &r) & ~(unsigned)IFF_UP);
	(void)os_ioctl(fd, SIOCSIFFLAGS, &r);
}

bool interface_is_linked(int fd, const struct interface *i)
{
	struct ifreq r = of(i);

	return flags_of(fd, &r) & IFF_RUNNING;
}

/* Addresses with a label, such as eth0:1, are of the same interface. */
bool interface_has_other(int fd, const struct interface *i, uint32_t address)
{
	struct ifreq all[ADDRESSES_MAX];
	struct ifconf list = {.ifc_len = sizeof(all), .ifc_req = all};
	size_t len = strlen(i->name);
	struct sockaddr_in in;

	if (os_ioctl(fd, SIOCGIFCONF, &list))
		return false;
	for (unsigned n = 0; n < (unsigned)list.ifc_len / sizeof(*all); n++) {
		const char *name = all[n].ifr_name;

		memcpy(&in, &all[n].ifr_addr, sizeof(in));
		if (!strncmp(name, i->name, len) && (!name[len] || name[len] == ':') &&
			bytes_be32((const uint8_t *)&in.sin_addr) != address)
			return true;
	}
	return false;
}

static bool set(int fd, const struct interface *i, unsigned long request, uint32_t address)
{
	struct ifreq r = of(i);

	put_address(&r.ifr_addr, address);
	return !os_ioctl(fd, request, &r);
}

static void add_route(int fd, const struct interface *i, uint32_t to, uint32_t mask, uint32_t gateway)
{
	struct ifreq name = of(i);
	struct rtentry r = {.rt_flags = RTF_UP, .rt_dev = name.ifr_name};

	put_address(&r.rt_dst, to);
	put_address(&r.rt_genmask, mask);
	put_address(&r.rt_gateway, gateway);
	r.rt_flags |= gateway ? RTF_GATEWAY : RTF_HOST;
	(void)os_ioctl(fd, SIOCADDRT, &r); /* another interface may have it */
}

bool interface_set(int fd, const struct interface *i, const struct dhcp_lease *lease)
{
	uint32_t mask = lease->mask ? lease->mask : 0xffffff00;

	if (!set(fd, i, SIOCSIFADDR, lease->address) || !set(fd, i, SIOCSIFNETMASK, mask))
		return false;
	(void)set(fd, i, SIOCSIFBRDADDR, lease->address | ~mask);
	if (!lease->gateway)
		return true;
	/* Some networks of virtual machines have their gateway outside. */
	if ((lease->gateway ^ lease->address) & mask)
		add_route(fd, i, lease->gateway, UINT32_MAX, 0);
	add_route(fd, i, 0, 0, lease->gateway);
	return true;
}

void interface_clear(int fd, const struct interface *i)
{
	(void)set(fd, i, SIOCSIFADDR, 0);
}

int interface_dhcp(const struct interface *i)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
	struct sockaddr_in here = at(0, CLIENT_PORT);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes)) ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, i->name, sizeof(i->name)) ||
		bind(fd, (struct sockaddr *)&here, sizeof(here))) {
		close(fd);
		return -1;
	}
	return fd;
}

void interface_broadcast(int fd, int number, const uint8_t message[static DHCP_REQUEST_BYTES])
{
	/* IP (RFC 791) with its checksum, and UDP (RFC 768) without one. */
	enum { LEN = 20 + 8 + DHCP_REQUEST_BYTES, UDP_LEN = 8 + DHCP_REQUEST_BYTES, SUM = 0x79a6 };
	static const uint8_t head[] = {0x45, 0, LEN >> 8, LEN & 255, 0, 0, 0, 0, 64, IPPROTO_UDP, SUM >> 8,
		SUM & 255, 0, 0, 0, 0, 255, 255, 255, 255, 0, CLIENT_PORT, 0, SERVER_PORT, UDP_LEN >> 8,
		UDP_LEN & 255, 0, 0};
	struct sockaddr_ll there = {.sll_family = AF_PACKET,
		.sll_ifindex = number,
		.sll_halen = DHCP_MAC_BYTES,
		.sll_addr = {255, 255, 255, 255, 255, 255}};
	struct sockaddr_in all = at(INADDR_BROADCAST, SERVER_PORT);
	uint8_t packet[LEN];
	int raw = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(packet, head, sizeof(head));
	memcpy(packet + sizeof(head), message, DHCP_REQUEST_BYTES);
	((uint8_t *)&there.sll_protocol)[0] = ETH_P_IP >> 8;
	if (raw < 0)
		(void)sendto(fd, message, DHCP_REQUEST_BYTES, 0, (struct sockaddr *)&all, sizeof(all));
	else
		(void)sendto(raw, packet, sizeof(packet), 0, (struct sockaddr *)&there, sizeof(there));
	close(raw);
}
