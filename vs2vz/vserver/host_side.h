/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host does for, with and around its guests, outside of their directories:
 * boot scripts and units of VServer, jobs that call its tools, network files and
 * firewalls that name the guests' addresses, mount options that only its kernel knows.
 * Facts only; what they mean is decided in decide/host_judge.c. Reads, runs nothing.
 *
 *	struct host_side side;
 *	host_side_read(&side, &guests, &root, &pool, &findings);
 *
 * Absent files are normal; one that cannot be read is a finding. Texts may hold any
 * byte but NUL. Facts: util-vserver sysv/, gentoo/, systemd/, scripts/vsysvwrapper.
 */
#ifndef VS2VZ_VSERVER_HOST_SIDE_H
#define VS2VZ_VSERVER_HOST_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "base/inroot.h"
#include "base/pool.h"
#include "model/finding.h"
#include "model/guest.h"
#include "model/host.h"

/* One link that makes the system call a script or unit of VServer. */
struct boot_link {
	const char *at;		/* canonical directory, then the link's own name */
	const char *dir;
	const char *target;
	const char *service;	/* "vservers-default", "v_sshd" */
	const char *plain;	/* the service behind a wrapper: "sshd"; NULL: no wrapper */
	bool starts;		/* not a link that only stops */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
};

/* A line of a file of the host that speaks of VServer or of a guest. */
enum host_topic {
	TOPIC_CALL,		/* word: the tool */
	TOPIC_ADDRESS,		/* the host configures an address of a guest; word: the address */
	TOPIC_FIREWALL,		/* a rule names it */
	TOPIC_NAT,		/* a rule rewrites addresses; word: "MASQUERADE" */
	TOPIC_TAG,		/* a mount option that only VServer knows; word: the option */
	NR_TOPICS,
};
struct mention {
	enum host_topic topic;
	const char *where;	/* "/etc/crontab:7" */
	const char *text;	/* the line, without blanks around */
	const char *word;
	const char *mount;	/* TOPIC_TAG: where it is mounted; NULL elsewhere */
	const struct guest *guest; /* whose address; NULL elsewhere */
};

struct host_side {
	size_t nr_links, cap_links;
	struct boot_link *link;		/* by path */
	size_t nr_stuck, cap_stuck;
	const char **stuck;		/* called at boot, but by no link */
	size_t nr_enabled, cap_enabled;
	const char **enabled;		/* services of any kind that start at boot */
	size_t nr_mentions, cap_mentions;
	struct mention *mention;
	bool cut;			/* more mentions than are kept */
};

void host_side_read(struct host_side *out, const struct guests *guests, const struct root *root,
		    struct pool *pool, struct findings *findings);
/* Does the plain service behind a wrapper start at boot by itself? */
bool host_starts(const struct host_side *side, const char *plain);
/* The option among comma-separated ones that only VServer's kernel knows; NULL: none. */
const char *host_tag_option(const char *options, struct pool *pool);
/* Does a file of the host switch routing on at boot? */
bool host_forwards(const struct root *root, struct pool *pool);
/* The tool that stands in for one of VServer's; NULL: none. */
const char *host_tool_instead(const char *word);

/* What the running kernel, or the kernels' configurations, say of tags on disk. */
struct host_tagging {
	enum tagging method;
	const char *from;	/* "/boot/config-2.6.22-vs2.2"; NULL: nothing said */
};
/* proc: a root on /proc, of a running VServer kernel or not; NULL: none. */
void host_tagging_read(struct host_tagging *out, const struct root *root, const struct root *proc,
		       struct pool *pool);
/* A context that lives now, and its guest where that can be told. */
struct live_context {
	int64_t xid;
	const struct guest *guest; /* NULL: none known */
};
struct live_contexts {
	size_t nr, cap;
	struct live_context *v;
};
void host_contexts_read(struct live_contexts *out, const struct guests *guests,
			const struct root *proc, struct pool *pool);

/* A mount in use, of /proc/self/mountinfo or /proc/mounts, with a tag option. */
struct tag_mount {
	const char *point, *source, *option;
};
struct tag_mounts {
	size_t nr, cap;
	struct tag_mount *v;
};
void host_tag_mounts_read(struct tag_mounts *out, const struct root *proc, struct pool *pool);

/* An address that an interface of the running system has. */
struct host_address {
	const char *dev, *text;
	int prefix;		/* -1: unknown */
};
struct host_route {
	const char *dev, *to, *via; /* "192.0.2.0/24", "0.0.0.0" */
};
struct host_net {
	size_t nr_addresses, cap_addresses;
	struct host_address *address;
	size_t nr_routes, cap_routes;
	struct host_route *route;
};
/* Addresses from the kernel itself where live, routes from proc. */
void host_net_read(struct host_net *out, const struct root *proc, bool live, struct pool *pool);

#endif
