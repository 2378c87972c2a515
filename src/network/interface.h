/* SPDX-License-Identifier: MIT */
/* interface - a network interface and its IPv4 address, by the requests of netdevice(7). */
#ifndef NETWORK_INTERFACE_H
#define NETWORK_INTERFACE_H

#include "network/dhcp.h"
#include "network/ip_option.h"
#include <stdbool.h>

struct interface {
	char name[IP_DEVICE_BYTES];
	uint8_t mac[DHCP_MAC_BYTES];
};

/* The interface with this number, if it is an Ethernet or speaks like one (Wi-Fi). @fd: any socket. */
bool interface_get(int fd, int number, struct interface *out);

/* Is there an interface with this number? */
bool interface_exists(int fd, int number);

/* Bring it up. False: it was up before, or that failed. */
bool interface_up(int fd, const struct interface *i);
void interface_down(int fd, const struct interface *i);

/* Is it connected? */
bool interface_is_linked(int fd, const struct interface *i);

/* Has it an IPv4 address other than @address? */
bool interface_has_other(int fd, const struct interface *i, uint32_t address);

/* Give it the address of @lease and its routes. False, with errno, if that failed. */
bool interface_set(int fd, const struct interface *i, const struct dhcp_lease *lease);
void interface_clear(int fd, const struct interface *i);

/* A socket for DHCP on it, or -1. */
int interface_dhcp(const struct interface *i);
/*
 * A message to all servers there, from 0.0.0.0 (RFC 2131, 4.1). @fd: of interface_dhcp, for kernels without
 * packet(7), which take the source address from another interface that has one.
 */
void interface_broadcast(int fd, int number, const uint8_t message[static DHCP_REQUEST_BYTES]);

#endif
