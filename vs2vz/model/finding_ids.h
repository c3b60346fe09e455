/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of findings: part of the contract with users, never reused. */
#ifndef VS2VZ_MODEL_FINDING_IDS_H
#define VS2VZ_MODEL_FINDING_IDS_H

enum finding_id {
	/* 1 host and discovery */
	VS_VSERVER_KERNEL	= 101,	/* the VServer kernel is still running */
	VS_NO_OPENVZ_KERNEL	= 102,	/* live host without an OpenVZ kernel */
	VS_INSIDE_CONTAINER	= 103,
	VS_OPENVZ_TOO_NEW	= 104,	/* OpenVZ 7 or later */
	VS_NO_VZ_CONF		= 105,
	VS_NO_SAMPLE		= 106,	/* our own sample is used */
	VS_VZ_CONF_ODD		= 107,	/* a value in vz.conf that cannot be used */
	VS_NO_VSERVER		= 108,	/* no installation found */
	VS_SEVERAL_INSTALLS	= 109,
	VS_BACKUP_SKIPPED	= 110,
	VS_GUEST_DISABLED	= 111,
	VS_TREE_MISSING		= 112,	/* vdir dangling or absent */
	VS_TREE_ALIAS		= 113,	/* several configurations, one tree */
	VS_TREE_NESTED		= 114,
	VS_TREE_ORPHAN		= 115,	/* a tree without configuration */
	VS_STYLE_AMBIGUOUS	= 116,
	VS_LEGACY_SHADOWED	= 117,	/* NAME.conf beside a used NAME/ */
	VS_NAME_CLASH		= 118,	/* one name in two installations */
	VS_CONFIG_UNREADABLE	= 119,
	VS_GUEST_BUSY		= 120,	/* processes in the tree */
	VS_GUEST_MOUNTS		= 121,	/* something is mounted inside the tree */
	VS_GUEST_RUNNING	= 122,	/* a running container (undo) or guest */
	VS_OTHER_FILE		= 123,	/* something in CONF that is no guest */
	/* 2 preflight */
	VS_NO_SPACE		= 201,
	VS_NO_INODES		= 202,
	VS_TARGET_READ_ONLY	= 203,
	VS_CTID_TAKEN		= 204,
	VS_CTID_DUPLICATE	= 205,
	VS_CTID_INVALID		= 206,
	VS_NAME_TAKEN		= 207,	/* names link of another container */
	VS_STALE_HOOKS		= 208,
	VS_STALE_DUMP		= 209,
	VS_STALE_QUOTA		= 210,
	VS_ADDRESS_TWICE	= 211,
	VS_ADDRESS_IN_CT	= 212,	/* an existing container has it */
	VS_NOT_ROOT		= 213,
	VS_METHOD_IMPOSSIBLE	= 214,
	VS_TREE_IS_MOUNT	= 215,	/* the tree is a file system of its own */
	VS_TARGET_FS_POOR	= 216,	/* target keeps no xattrs, owners or links */
	VS_CT_LOCKED		= 217,
	VS_INSULATE_REQUEST	= 218,	/* --insulate is not available yet */
	VS_CTID_CHANGED		= 219,	/* name or context suggested another number */
	/* 3 configuration */
	VS_ITEM_UNKNOWN		= 301,	/* no rule claims it */
	VS_READ_DIFFERS		= 302,	/* VServer would have read something else */
	VS_NO_HOSTNAME		= 303,
	VS_HOSTNAME_ODD		= 304,
	VS_ADDRESS_BAD		= 305,
	VS_ADDRESS_SKIPPED	= 306,	/* disabled, or no address in it */
	VS_NO_ADDRESS		= 307,
	VS_CONTEXT_BAD		= 308,
	VS_HOST_MOUNTS		= 309,	/* fstab names host paths, devices or NFS */
	VS_EXTERNAL_PACKAGES	= 310,
	VS_OWN_NETWORK		= 311,	/* netns, spaces/net */
	VS_LEGACY_CODE		= 312,	/* shell code that is no assignment */
	VS_IPV6_OFF		= 313,
	VS_OSTEMPLATE_DEFAULT	= 314,
	VS_NAME_UNUSABLE	= 315,	/* guest name cannot be a container NAME */
	VS_ITEM_LATER		= 316,	/* known item whose translation is not built yet */
	VS_VALUE_UNSAFE		= 317,	/* bytes that no configuration can carry */
	VS_HOST_SCRIPTS		= 318,	/* hook scripts of this guest run on the host */
	VS_CUSTOM_START		= 319,	/* cmd.start: perhaps no whole system */
	/* 4 file system */
	VS_IMMUTABLE_FILES	= 401,
	VS_SHARED_FILES		= 402,	/* inodes with names outside the tree */
	VS_TAGGED_OWNERS	= 403,
	VS_FOREIGN_MOUNT	= 404,
	VS_FLAGS_LOST		= 405,	/* inode flags the target cannot keep */
	VS_TREE_MODE		= 406,	/* the root directory is not 0755 root */
	VS_TREE_UNREADABLE	= 407,
	VS_HIGH_IDS		= 408,	/* large owners that match no tag */
	/* 5 guest */
	VS_NO_INIT		= 501,
	VS_DISTRO_UNKNOWN	= 502,
	VS_NO_SHELL		= 503,
	VS_NO_DEV_NULL		= 504,
	VS_GUEST_FILE_ODD	= 505,	/* a file we read is a link out, a device, too large */
	/* 7 run and undo */
	VS_JOURNAL_DAMAGED	= 701,
	VS_JOURNAL_NEWER	= 702,
	VS_INTERRUPTED		= 703,
	VS_UNDO_KEPT		= 704,	/* changed since; left as it is and listed */
	VS_UNDO_CHANGED_COPY	= 705,	/* the copy changed: undo needs a decision */
	VS_VERIFY_DIFFERS	= 706,
	VS_VERIFY_CONF		= 707,
	VS_LEFTOVER		= 708,	/* remains of an earlier run */
};

#endif
