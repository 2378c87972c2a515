/* SPDX-License-Identifier: MIT */
/*
 * network - gives the interfaces of an initramfs their IPv4 addresses while latchkey boot runs: by ip= of the
 * kernel command line, else by DHCP. docs/tokens.md.
 *
 * latchkey boot starts it when a token program asks for the network, and ends it with SIGTERM. Then it takes
 * back what it has done, because the real system configures the network in its own way. Interfaces that
 * another program configures are left alone.
 */
#include "base/clock.h"
#include "base/os.h"
#include "base/relro.h"
#include "base/text.h"
#include "network/interface.h"
#include "network/ip_option.h"
#include <errno.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum {
	PORTS_MAX = 8,
	NUMBERS_MAX = 64,
	LOOK_MS = 500,
	PAUSE_MAX_S = 16,
	LEASE_DEFAULT_S = 3600,
	LEASE_MIN_S = 10
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
	int resolver;  /* to the process that writes /etc/resolv.conf */
	bool is_fixed; /* one has the fixed address */
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

/* --- the process that keeps root's rights ------------------------------------------------------- */

enum { NAME_SERVERS = 2 };

/* Name servers for token programs, unless the image has some. Removed when the other process has ended. */
static _Noreturn void keep_resolv_conf(int from)
{
	static const char path[] = "/etc/resolv.conf";
	uint32_t dns[NAME_SERVERS];
	char address[ADDRESS_CHARS];
	bool is_ours = false;

	while (read(from, dns, sizeof(dns)) == sizeof(dns)) {
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		if (fd < 0)
			continue;
		is_ours = true;
		for (unsigned i = 0; i < NAME_SERVERS && dns[i]; i++)
			text_print(fd, "nameserver %s\n", words(dns[i], address));
		close(fd);
	}
	if (is_ours)
		(void)unlink(path);
	_exit(0);
}

static void start_resolver(void)
{
	int ends[2];

	network.resolver = -1;
	if (pipe2(ends, O_CLOEXEC))
		return;
	if (!_Fork()) {
		close(ends[1]);
		keep_resolv_conf(ends[0]);
	}
	close(ends[0]);
	network.resolver = ends[1];
}

/* --- one interface ------------------------------------------------------------------------------ */

/* Another program configures it, or will. */
static bool is_anothers(const struct interface *i)
{
	static const struct {
		const char *start,
			*end; /* of a file, with the interface's name in between; NULL: one for all */
	} signs[] = {
		{"/run/systemd/netif/state", NULL}, {"/run/NetworkManager/devices", NULL},
		{"/run/NetworkManager/initrd/neednet", NULL}, /* dracut is to start it */
		{"/run/net-", ".conf"},                       /* klibc's ipconfig, for initramfs-tools */
		{"/tmp/net.", ".did-setup"},                  /* dracut's network-legacy */
	};
	char path[48];

	for (unsigned n = 0; n < sizeof(signs) / sizeof(*signs); n++) {
		const char *end = signs[n].end;

		text_format(path, sizeof(path), "%s%s%s", signs[n].start, end ? i->name : "", end ? end : "");
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

/* Another program may have been quicker. False: it failed. */
static bool set_address(struct port *p, const char *how)
{
	if (interface_has_other(network.fd, &p->is, p->address))
		return true;
	if (!interface_set(network.fd, &p->is, &p->lease)) {
		text_print(network.kmsg, "<4>latchkey: network: %s: %s\n", p->is.name, text_errno(errno));
		return false;
	}
	p->address = p->lease.address;
	if (p->lease.dns[0])
		(void)!write(network.resolver, p->lease.dns, sizeof(p->lease.dns));
	say(p, how);
	return true;
}

static void send_message(struct port *p)
{
	uint8_t message[DHCP_REQUEST_BYTES];
	unsigned pause_s = 1U << p->tries;

	/* A server that rejects its own offer is not asked indefinitely. */
	if (p->state == HAS || (p->state == REQUESTS && p->tries > 2)) {
		p->state = SEARCHES;
		p->tries = 0;
		pause_s = 1;
	}
	if (p->tries == 0)
		(void)getrandom(&p->id.number, sizeof(p->id.number), GRND_NONBLOCK);
	dhcp_write(message, &p->id, p->state == REQUESTS ? &p->lease : NULL);
	interface_broadcast(p->fd, p->number, message);
	p->tries += pause_s < PAUSE_MAX_S;
	p->next_ms = clock_now_ms() + pause_s * 1000;
}

static void work(struct port *p)
{
	/* udev may have given it another name. */
	if (!interface_get(network.fd, p->number, &p->is) || clock_now_ms() < p->next_ms ||
		!interface_is_linked(network.fd, &p->is) || is_anothers(&p->is))
		return;
	if (p->fd >= 0) {
		send_message(p);
	} else if (!network.is_fixed) { /* the first one that is connected */
		p->next_ms = clock_now_ms() + PAUSE_MAX_S * 1000;
		network.is_fixed = set_address(p, "by ip=");
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
		(void)set_address(p, "by DHCP");
		p->state = HAS;
		/* Half of the time is over: the same again. */
		lease_s = lease.lease_s ? lease.lease_s : LEASE_DEFAULT_S;
		p->next_ms = clock_now_ms() + (uint64_t)(lease_s > LEASE_MIN_S ? lease_s : LEASE_MIN_S) * 500;
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

static void forget_gone(void)
{
	for (unsigned i = network.count; i-- > 0;) {
		struct port *p = &network.ports[i];

		if (interface_exists(network.fd, p->number))
			continue;
		if (p->fd >= 0)
			close(p->fd);
		if (p->address)
			network.is_fixed = false;
		*p = network.ports[--network.count];
	}
}

static void look(void)
{
	forget_gone();
	for (int number = 1; number <= NUMBERS_MAX && network.count < PORTS_MAX; number++) {
		struct port *p = &network.ports[network.count];

		*p = (struct port){.number = number, .fd = -1};
		if (is_known(number) || !interface_get(network.fd, number, &p->is) ||
			interface_has_other(network.fd, &p->is, 0) || is_anothers(&p->is) ||
			(*network.option.device && strcmp(p->is.name, network.option.device) != 0))
			continue;
		memcpy(p->id.mac, p->is.mac, sizeof(p->id.mac));
		if (network.option.fixed)
			p->lease = network.option.lease;
		else if ((p->fd = interface_dhcp(&p->is)) < 0)
			continue;
		p->is_ours = interface_up(network.fd, &p->is);
		network.count++;
	}
}

static void undo(void)
{
	for (struct port *p = network.ports; p < network.ports + network.count; p++) {
		(void)interface_get(network.fd, p->number, &p->is);
		if (is_anothers(&p->is) || interface_has_other(network.fd, &p->is, p->address))
			continue;
		if (p->address)
			interface_clear(network.fd, &p->is);
		if (p->is_ours)
			interface_down(network.fd, &p->is);
	}
	close(network.resolver);
	(void)wait(NULL);
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

/*
 * From now on it can configure the network and has no other rights: no files and devices of root, no keys in
 * the keyring. A change of the user takes back that it is ended when latchkey boot ends.
 */
static bool gave_up_rights(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	data[0].effective = data[0].permitted =
		1U << CAP_NET_ADMIN | 1U << CAP_NET_RAW | 1U << CAP_NET_BIND_SERVICE;
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	return !prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) && os_become_nobody() &&
	       !syscall(SYS_capset, &header, data) && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}

/* Its argument: the kernel command line. */
int main(int argc, char **argv)
{
	struct sigaction end = {.sa_handler = on_signal};
	sigset_t blocked, before;
	char none[] = "";
	const char *wrong;

	relro_protect();
	/* Until it waits. */
	(void)sigfillset(&blocked);
	(void)sigprocmask(SIG_BLOCK, &blocked, &before);
	(void)sigdelset(&before, SIGTERM);
	(void)sigaction(SIGTERM, &end, NULL);
	network.kmsg = os_open("/dev/kmsg", O_WRONLY);
	wrong = ip_option_read(argc > 1 ? argv[1] : none, &network.option);
	if (wrong)
		text_print(network.kmsg, "<4>latchkey: network: ip=%s is not supported\n", wrong);
	network.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (wrong || network.option.off || network.fd < 0)
		return CAUSE_UNSUPPORTED;
	start_resolver();
	if (!gave_up_rights())
		return CAUSE_BUG;
	serve(&before);
	undo();
	return CAUSE_OK;
}
