/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and routes of the running host. Addresses come from the kernel through
 * getifaddrs(), so only where the root is the running system; routes of IPv4 from
 * /proc/net/route, a recorded one as well. Whether the host routes is read from the files
 * that its boot scripts read.
 */
#include "vserver/host_side.h"

#include <arpa/inet.h>
#include <fnmatch.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define ROUTES_MAX (4 * 1024 * 1024)
#define SYSCTL_MAX (1024 * 1024)

static int bits_of(const unsigned char *mask, size_t len)
{
	int bits = 0;

	for (size_t i = 0; i < len; i++)
		for (unsigned char byte = mask[i]; byte; byte = (unsigned char)(byte << 1))
			bits += byte >> 7;
	return bits;
}

static void add_address(struct host_net *out, const struct ifaddrs *one, struct pool *pool)
{
	int family = one->ifa_addr ? one->ifa_addr->sa_family : AF_UNSPEC;
	char text[INET6_ADDRSTRLEN];
	size_t at = family == AF_INET ? offsetof(struct sockaddr_in, sin_addr)
				      : offsetof(struct sockaddr_in6, sin6_addr);
	const unsigned char *mask = (const unsigned char *)one->ifa_netmask;

	if ((family != AF_INET && family != AF_INET6) ||
	    !inet_ntop(family, (const unsigned char *)one->ifa_addr + at, text, sizeof(text)))
		return;
	*(struct host_address *)pool_grow(pool, &out->address, &out->nr_addresses,
					  &out->cap_addresses, sizeof(*out->address)) =
		(struct host_address){
			.dev = pool_strdup(pool, one->ifa_name),
			.text = pool_strdup(pool, text),
			.prefix = mask ? bits_of(mask + at, family == AF_INET ? 4 : 16) : -1,
		};
}

static void read_addresses(struct host_net *out, struct pool *pool)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *one = all; one; one = one->ifa_next)
		add_address(out, one, pool);
	freeifaddrs(all);
}

/* Numbers are in the byte order of the machine that wrote them, as printed by %X. */
static const char *address_text(unsigned number, struct pool *pool)
{
	const struct in_addr address = { .s_addr = number };
	char text[INET_ADDRSTRLEN];

	return pool_strdup(pool, inet_ntop(AF_INET, &address, text, sizeof(text)));
}

static void add_route(struct host_net *out, const char *line, struct pool *pool)
{
	unsigned to, via, mask;
	char dev[32];

	if (sscanf(line, "%31s %8x %8x %*x %*d %*d %*d %8x", dev, &to, &via, &mask) != 4)
		return;
	*(struct host_route *)pool_grow(pool, &out->route, &out->nr_routes, &out->cap_routes,
					sizeof(*out->route)) = (struct host_route){
		.dev = pool_strdup(pool, dev),
		.to = pool_printf(pool, "%s/%d", address_text(to, pool),
				  bits_of((const unsigned char *)&mask, sizeof(mask))),
		.via = address_text(via, pool),
	};
}

void host_net_read(struct host_net *out, const struct root *proc, bool live, struct pool *pool)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct err err;

	*out = (struct host_net){ 0 };
	if (live)
		read_addresses(out, pool);
	if (!proc || root_read(proc, "/net/route", ROUTES_MAX, &text, &err) < 0)
		return;
	/* The first line is the heading. */
	for (const char *at = strchr(text.data, '\n'); at && at[1]; at = strchr(at + 1, '\n'))
		add_route(out, at + 1, pool);
}

/* "net.ipv4.ip_forward = 1", "net/ipv4/ip_forward=1", SUSE's IP_FORWARD="yes". */
static bool line_forwards(const char *line)
{
	static const char *const keys[] = {
		"net.ipv4.ip_forward", "net/ipv4/ip_forward", "net.ipv4.conf.all.forwarding",
		"IP_FORWARD",
	};

	line += strspn(line, " \t-");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t len = strlen(keys[i]);
		const char *value = line + len;

		if (strncmp(line, keys[i], len) != 0)
			continue;
		value += strspn(value, " \t");
		if (*value++ != '=')
			continue;
		value += strspn(value, " \t\"'");
		return *value == '1' || strncmp(value, "yes", 3) == 0;
	}
	return false;
}

static bool file_forwards(const struct root *root, const char *path)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct err err;

	if (root_read(root, path, SYSCTL_MAX, &text, &err) < 0)
		return false;
	for (const char *at = text.data; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (line_forwards(at))
			return true;
	}
	return false;
}

bool host_forwards(const struct root *root, struct pool *pool)
{
	struct names names;
	struct err err;

	if (file_forwards(root, "/etc/sysctl.conf") || file_forwards(root, "/etc/sysconfig/sysctl"))
		return true;
	if (root_names(root, "/etc/sysctl.d", pool, &names, &err) < 0)
		return false;
	for (size_t i = 0; i < names.nr; i++)
		if (fnmatch("*.conf", names.name[i], 0) == 0 &&
		    file_forwards(root, pool_printf(pool, "/etc/sysctl.d/%s", names.name[i])))
			return true;
	return false;
}
