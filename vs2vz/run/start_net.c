/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network of a rehearsal: lo and a venet0 with the container's addresses, in a name
 * space of its own, with no way out and no route: what asks for the world is refused at
 * once instead of waiting. venet0 is a dummy, or one end of a veth where the kernel has
 * none; where it has neither, lo gets the addresses, which is enough for services.
 * rtnetlink(7) by hand: three kinds of messages.
 */
#include "run/start_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct message {
	struct nlmsghdr head;
	char body[512];
};

static void *tail(struct message *m)
{
	return (char *)m + NLMSG_ALIGN(m->head.nlmsg_len);
}

static void begin(struct message *m, unsigned type, unsigned flags)
{
	memset(m, 0, sizeof(*m));
	m->head.nlmsg_len = NLMSG_HDRLEN;
	m->head.nlmsg_type = (uint16_t)type;
	m->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
}

static void add_bytes(struct message *m, const void *bytes, size_t len)
{
	memcpy(tail(m), bytes, len);
	m->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(m->head.nlmsg_len) + len);
}

static struct rtattr *add_attribute(struct message *m, unsigned type, const void *bytes, size_t len)
{
	struct rtattr *a = tail(m);
	const struct rtattr head = { (uint16_t)RTA_LENGTH(len), (uint16_t)type };

	add_bytes(m, &head, sizeof(head));
	if (len)
		add_bytes(m, bytes, len);
	return a;
}

/* Everything added since belongs to the attribute. */
static void close_attribute(struct message *m, struct rtattr *a)
{
	a->rta_len = (uint16_t)((char *)tail(m) - (char *)a);
}

/* 0, or -1 with errno as the kernel answered. */
static int ask(int fd, const struct message *m)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr answer;
		char rest[1024];
	} in;

	if (send(fd, m, m->head.nlmsg_len, 0) < 0 || recv(fd, &in, sizeof(in), 0) < 0)
		return -1;
	if (in.head.nlmsg_type != NLMSG_ERROR) {
		errno = EPROTO;
		return -1;
	}
	errno = -in.answer.error;
	return in.answer.error ? -1 : 0;
}

static int link_up(int fd, unsigned index)
{
	const struct ifinfomsg info = {
		.ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP,
	};
	struct message m;

	begin(&m, RTM_NEWLINK, 0);
	add_bytes(&m, &info, sizeof(info));
	return ask(fd, &m);
}

static int link_make(int fd, const char *name, const char *kind, const char *peer)
{
	const struct ifinfomsg info = { 0 };
	struct rtattr *about, *data, *other;
	struct message m;

	begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	add_bytes(&m, &info, sizeof(info));
	add_attribute(&m, IFLA_IFNAME, name, strlen(name) + 1);
	about = add_attribute(&m, IFLA_LINKINFO, NULL, 0);
	add_attribute(&m, IFLA_INFO_KIND, kind, strlen(kind));
	if (peer) {
		data = add_attribute(&m, IFLA_INFO_DATA, NULL, 0);
		other = add_attribute(&m, VETH_INFO_PEER, &info, sizeof(info));
		add_attribute(&m, IFLA_IFNAME, peer, strlen(peer) + 1);
		close_attribute(&m, other);
		close_attribute(&m, data);
	}
	close_attribute(&m, about);
	return ask(fd, &m);
}

/* "192.0.2.1", "2001:db8::1/64"; a container's address stands alone unless told. */
static int address_add(int fd, unsigned index, const char *text)
{
	char plain[INET6_ADDRSTRLEN] = "";
	size_t len = strcspn(text, "/");
	int family = memchr(text, ':', len) ? AF_INET6 : AF_INET;
	unsigned bits = family == AF_INET6 ? 128 : 32, nodad = IFA_F_NODAD;
	struct ifaddrmsg info = { .ifa_family = (uint8_t)family, .ifa_index = index };
	unsigned char raw[16];
	struct message m;

	if (len >= sizeof(plain))
		return -1;
	memcpy(plain, text, len);
	errno = EINVAL;
	if (inet_pton(family, plain, raw) != 1)
		return -1;
	if (text[len] == '/' && strtoul(text + len + 1, NULL, 10) <= bits)
		bits = (unsigned)strtoul(text + len + 1, NULL, 10);
	info.ifa_prefixlen = (uint8_t)bits;
	info.ifa_flags = family == AF_INET6 ? (uint8_t)nodad : 0;
	begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	add_bytes(&m, &info, sizeof(info));
	add_attribute(&m, IFA_LOCAL, raw, family == AF_INET6 ? 16 : 4);
	add_attribute(&m, IFA_ADDRESS, raw, family == AF_INET6 ? 16 : 4);
	return ask(fd, &m) < 0 && errno != EEXIST ? -1 : 0;
}

/* The number of the interface that gets the addresses. */
static unsigned make_venet(int fd, unsigned lo)
{
	unsigned venet, other;

	if (link_make(fd, "venet0", "dummy", NULL) < 0 &&
	    link_make(fd, "venet0", "veth", "venet0.out") < 0)
		return lo;
	venet = if_nametoindex("venet0");
	other = if_nametoindex("venet0.out");
	if (other)
		(void)!link_up(fd, other);
	return venet && link_up(fd, venet) == 0 ? venet : lo;
}

int net_make(const struct start_job *job, struct err *err)
{
	int CLEANUP_FD fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	unsigned lo = if_nametoindex("lo"), venet;

	if (fd < 0 || !lo || link_up(fd, lo) < 0)
		return fail_errno(err, "cannot bring lo up");
	venet = make_venet(fd, lo);
	for (size_t i = 0; i < job->nr_addresses; i++)
		if (address_add(fd, venet, job->address[i]) < 0 &&
		    address_add(fd, lo, job->address[i]) < 0)
			return fail_errno(err, "cannot add the address '%s'", show(job->address[i]));
	return 0;
}
