/* SPDX-License-Identifier: MIT */
/* ip_option - ip= of the kernel command line: the kernel's admin-guide/nfs/nfsroot.rst, dracut.cmdline(7). */
#ifndef NETWORK_IP_OPTION_H
#define NETWORK_IP_OPTION_H

#include "network/dhcp.h"
#include <stdbool.h>

enum { IP_DEVICE_BYTES = 16 }; /* IFNAMSIZ */

struct ip_option {
	bool off;
	bool fixed;                   /* the address is @lease's; else it is DHCP's */
	char device[IP_DEVICE_BYTES]; /* "": any */
	struct dhcp_lease lease;
};

/*
 * The last ip= of @cmdline, which is cut into words. Without one, DHCP. Returns the value if it is not
 * understood, such as one for IPv6, else NULL. The kernel configures IPv6 by itself.
 */
const char *ip_option_read(char *cmdline, struct ip_option *out);

#endif
