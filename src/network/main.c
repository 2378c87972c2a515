/* SPDX-License-Identifier: MIT */
/*
 * network - gives the interfaces of an initramfs their IPv4 addresses while latchkey boot runs: by ip= of the
 * kernel command line, else by DHCP. docs/tokens.md.
 *
 * latchkey boot starts it when a token program asks for the network, and ends it with SIGTERM. Then it takes
 * back what it has done, because the real system configures the network in its own way. Interfaces that
 * another program has configured are left alone.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/os.h"
#include "base/relro.h"
#include "base/text.h"
#include "network/interface.h"
#include "network/ip_option.h"
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>

enum {
	PORTS_MAX = 8,
	NUMBERS_MAX = 64,
	LOOK_MS = 500,
	PAUSE_MAX_S = 16,
	LEASE_DEFAULT_S = 3600,
	CMDLINE_BYTES = 8192
};

enum state { SEARCHES, REQUESTS, HAS };

struct port {
	struct interface is;
	int number;
	int fd;       /* for DHCP; -1: none */
	bool is_ours; /* we brought it up */
	enum state state;
	unsigned tries;
	uint64_t next_ms; /* the next message to a server */
	struct dhcp_id id;
	struct dhcp_lease lease; /* that is offered, or set */
	uint32_t address;        /* that we have set; 0: none */
};

static struct {
	struct ip_option option;
	struct port ports[PORTS_MAX];
	unsigned count;
	int fd;        /* for requests of netdevice(7) */
	int kmsg;      /* the kernel's log */
	bool is_fixed; /* one has the fixed address */
	bool wrote_resolv_conf;
} network;

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

/* --- what it says ------------------------------------------------------------------------------ */

enum { ADDRESS_CHARS = 16 };

static const char *words(uint32_t address, char text[static ADDRESS_CHARS])
{
	text_format(text, ADDRESS_CHARS, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
		address >> 8 & 255, address & 255);
	return text;
}

static void say(const struct port *p, const char *how)
{
	char address[ADDRESS_CHARS], gateway[ADDRESS_CHARS];

	text_print(network.kmsg, "<6>latchkey: network: %s: %s, gateway %s, %s\n", p->is.name,
		words(p->lease.address, address),
		p->lease.gateway ? words(p->lease.gateway, gateway) : "none", how);
}

/* Name servers for token programs, unless the image has some. */
static void write_resolv_conf(const struct dhcp_lease *lease)
{
	char address[ADDRESS_CHARS];
	int fd = lease->dns[0] ? open("/etc/resolv.conf", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : -1;

	if (fd < 0)
		return;
	network.wrote_resolv_conf = true;
	for (unsigned i = 0; i < 2 && lease->dns[i]; i++)
		text_print(fd, "nameserver %s\n", words(lease->dns[i], address));
	close(fd);
}

/* --- one interface ------------------------------------------------------------------------------ */

/* Somebody else may have been quicker. */
static void set_address(struct port *p, const char *how)
{
	uint32_t now = interface_address(network.fd, &p->is);

	if (now && now != p->address)
		return;
	if (!interface_set(network.fd, &p->is, &p->lease)) {
		text_print(network.kmsg, "<4>latchkey: network: %s: %s\n", p->is.name, text_errno(errno));
		return;
	}
	p->address = p->lease.address;
	write_resolv_conf(&p->lease);
	say(p, how);
}

static void send_message(struct port *p)
{
	uint8_t message[DHCP_REQUEST_BYTES];
	unsigned pause_s = 1U << p->tries;

	/* A server that does not take its own offer is not asked for ever. */
	if (p->state == HAS || (p->state == REQUESTS && p->tries > 2)) {
		p->state = SEARCHES;
		p->tries = 0;
		pause_s = 1;
	}
	if (p->tries == 0)
		(void)getrandom(&p->id.number, sizeof(p->id.number), GRND_NONBLOCK);
	dhcp_write(message, &p->id, p->state == REQUESTS ? &p->lease : NULL);
	interface_broadcast(p->fd, message, sizeof(message));
	p->tries += pause_s < PAUSE_MAX_S;
	p->next_ms = clock_now_ms() + pause_s * 1000;
}

static void work(struct port *p)
{
	/* udev may have given it another name. */
	if (!interface_get(network.fd, p->number, &p->is) || clock_now_ms() < p->next_ms ||
		!interface_is_linked(network.fd, &p->is))
		return;
	if (p->fd >= 0) {
		send_message(p);
	} else if (!network.is_fixed) { /* the first one that is connected */
		network.is_fixed = true;
		set_address(p, "by ip=");
	}
}

static void hear(struct port *p)
{
	static uint8_t answer[DHCP_ANSWER_MAX_BYTES];
	ssize_t n = recv(p->fd, answer, sizeof(answer), 0);
	struct dhcp_lease lease;
	enum dhcp_kind kind = n < 0 ? DHCP_NONE : dhcp_read(answer, (size_t)n, &p->id, &lease);
	uint32_t lease_s;

	if (kind == DHCP_NAK && p->state == REQUESTS) {
		p->state = SEARCHES;
	} else if (kind == DHCP_OFFER && p->state == SEARCHES) {
		p->state = REQUESTS;
		p->lease = lease;
		p->tries = 1; /* the same number as before */
		p->next_ms = 0;
	} else if (kind == DHCP_ACK && p->state == REQUESTS && lease.address == p->lease.address) {
		p->lease = lease;
		set_address(p, "by DHCP");
		p->state = HAS;
		/* Half of the time is over: the same again. */
		lease_s = lease.lease_s ? lease.lease_s : LEASE_DEFAULT_S;
		p->next_ms = clock_now_ms() + (uint64_t)(lease_s > 120 ? lease_s : 120) * 500;
	}
}

/* --- all of them -------------------------------------------------------------------------------- */

static bool is_known(int number)
{
	for (unsigned i = 0; i < network.count; i++)
		if (network.ports[i].number == number)
			return true;
	return false;
}

static void look(void)
{
	for (int number = 1; number <= NUMBERS_MAX && network.count < PORTS_MAX; number++) {
		struct port *p = &network.ports[network.count];

		*p = (struct port){.number = number, .fd = -1};
		if (is_known(number) || !interface_get(network.fd, number, &p->is) ||
			interface_address(network.fd, &p->is) ||
			(*network.option.device && strcmp(p->is.name, network.option.device) != 0))
			continue;
		p->is_ours = interface_up(network.fd, &p->is);
		memcpy(p->id.mac, p->is.mac, sizeof(p->id.mac));
		if (network.option.fixed)
			p->lease = network.option.lease;
		else if ((p->fd = interface_dhcp(&p->is)) < 0)
			continue;
		network.count++;
	}
}

static void undo(void)
{
	char other[40];

	for (struct port *p = network.ports; p < network.ports + network.count; p++) {
		/* klibc's ipconfig, of another script of initramfs-tools, has configured it as well. */
		(void)interface_get(network.fd, p->number, &p->is);
		text_format(other, sizeof(other), "/run/net-%s.conf", p->is.name);
		if (!access(other, F_OK))
			continue;
		if (p->address && interface_address(network.fd, &p->is) == p->address)
			interface_clear(network.fd, &p->is);
		if (p->is_ours)
			interface_down(network.fd, &p->is);
	}
	if (network.wrote_resolv_conf)
		(void)unlink("/etc/resolv.conf");
}

static void serve(const sigset_t *unblocked)
{
	while (!ended) {
		struct pollfd p[PORTS_MAX];

		look();
		for (unsigned i = 0; i < network.count; i++) {
			work(&network.ports[i]);
			p[i] = (struct pollfd){.fd = network.ports[i].fd, .events = POLLIN};
		}
		if (ppoll(p, network.count, &(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, unblocked) <=
			0)
			continue;
		for (unsigned i = 0; i < network.count; i++)
			if (p[i].revents)
				hear(&network.ports[i]);
	}
}

/* From now on it can do nothing to a machine but to its network. */
static void give_up_rights(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	data[0].effective = data[0].permitted =
		1U << CAP_NET_ADMIN | 1U << CAP_NET_RAW | 1U << CAP_NET_BIND_SERVICE;
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)syscall(SYS_capset, &header, data);
}

int main(void)
{
	static char cmdline[CMDLINE_BYTES];
	struct sigaction end = {.sa_handler = on_signal};
	sigset_t blocked, before;
	const char *wrong;

	relro_protect();
	/* Until it waits. */
	(void)sigfillset(&blocked);
	(void)sigprocmask(SIG_BLOCK, &blocked, &before);
	(void)sigdelset(&before, SIGTERM);
	(void)sigaction(SIGTERM, &end, NULL);
	network.kmsg = os_open("/dev/kmsg", O_WRONLY);
	(void)file_read("/proc/cmdline", cmdline, sizeof(cmdline));
	wrong = ip_option_read(cmdline, &network.option);
	if (wrong)
		text_print(network.kmsg, "<4>latchkey: network: ip=%s is not understood\n", wrong);
	network.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	give_up_rights();
	if (wrong || network.option.off || network.fd < 0)
		return CAUSE_UNSUPPORTED;
	serve(&before);
	undo();
	return CAUSE_OK;
}
