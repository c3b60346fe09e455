/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The old world in nouns. A guest is what the scan found; nothing changes it
 * afterwards. All memory belongs to the pool of the scan; all texts that came
 * from files may hold any byte but NUL: print them with show().
 */
#ifndef VS2VZ_MODEL_GUEST_H
#define VS2VZ_MODEL_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/sharing.h"
#include "base/survey.h"

enum guest_style {
	STYLE_RECENT,		/* CONF/NAME/ */
	STYLE_LEGACY,		/* CONF/NAME.conf */
};

enum item_type { ITEM_FILE, ITEM_DIR, ITEM_LINK, ITEM_OTHER };

/* One node of a guest's configuration; for the legacy style, one variable. */
struct item {
	/* "interfaces/0/ip"; legacy: "IPROOT"; inherited: ".defaults/..." */
	const char *path;
	enum item_type type;
	const char *text;	/* file: raw bytes; link: target; legacy: value of the assignment */
	size_t len;
	bool cut;		/* larger than ITEM_MAX: text holds the beginning */
	unsigned line;		/* legacy: line of the assignment */
};

#define ITEM_MAX (64 * 1024)

struct items {
	size_t nr, cap;
	struct item *v;		/* sorted by path, bytewise */
};

struct address {
	const char *text;	/* canonical: "192.168.0.145", "2001:db8::21" */
	int family;		/* AF_INET, AF_INET6 */
	int prefix;		/* -1: none configured */
	const char *dev;	/* host device, NULL: none */
	bool nodev;		/* configured on the host by somebody else */
	const char *item;	/* "interfaces/0" or "IPROOT" */
};

/* What the guest's files say it is. "" where unknown. */
struct system {
	const char *distro;	/* "debian", "centos", "gentoo", ... */
	const char *version;	/* "5", "7.0", "4.8" */
	/* "sysvinit", "systemd", "upstart", "openrc", "busybox", "none", "other" */
	const char *init;
	const char *arch;	/* "x86_64", "i386", "" */
	const char *init_arch;	/* of /sbin/init itself, "": no program in ELF */
	bool has_shell;
	bool has_dev_null;
};

enum guest_state {
	GUEST_FOUND,		/* convertible unless findings say otherwise */
	GUEST_ABSENT,		/* configuration without tree: cannot be converted */
	GUEST_UNREAD,		/* a configuration that cannot be looked at: blocked */
	GUEST_CONVERTED,	/* carries our mark */
};

struct guest {
	const char *name;
	enum guest_style style;
	const char *install;	/* CONF: "/etc/vservers" */
	const char *conf;	/* canonical path of NAME/ or NAME.conf */
	const char *script;	/* legacy: NAME.sh, NULL: none */
	const char *tree_link;	/* what vdir says: "/etc/vservers/.defaults/vdirbase/v345" */
	const char *tree;	/* canonical path; NULL where absent */
	dev_t tree_dev;
	ino_t tree_ino;
	const char *file_system; /* of the tree: "ext4"; NULL: not asked, or not known */
	mode_t tree_mode;
	uid_t tree_uid;
	gid_t tree_gid;
	enum guest_state state;
	/*
	 * Its tree is another guest's or the host's own, as a finding says: it is never
	 * converted, has no number, and claims no address.
	 */
	bool barred;
	bool disabled;
	bool on_boot;		/* mark "default" ..., ONBOOT=yes */
	const char *marks;	/* "default,web"; NULL: none */
	int64_t xid;		/* static context; -1: dynamic */
	int64_t last_xid;	/* from a run file left behind; -1: none */
	const char *hostname;	/* raw bytes; NULL: none configured */
	struct address *address;
	size_t nr_addresses;
	struct items items;
	struct items defaults;	/* of .defaults, shared by all guests of the installation */
	struct system system;
	uint32_t marker_ctid;	/* of our mark, GUEST_CONVERTED only */
	struct survey survey;	/* valid when surveyed */
	bool recorded;		/* the survey wrote down what it saw, see manifests.h */
	bool surveyed;
	struct sharers sharers;	/* of what survey.outside_inodes counts */
	const char **ran;	/* programs that ran under VServer; NULL: not known */
	size_t nr_ran;
};

struct guests {
	size_t nr, cap;
	struct guest *v;	/* sorted by name, bytewise */
};

#endif
