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
	VS_BOOT_SCRIPTS		= 124,	/* VServer's boot scripts: switched off */
	VS_BOOT_SCRIPT_STUCK	= 125,	/* called at boot, but by no link */
	VS_SSHD_WRAPPED		= 126,	/* sshd starts through v_sshd only */
	VS_SERVICE_WRAPPED	= 127,	/* another service does so */
	VS_HOST_CALLS		= 128,	/* jobs of the host call VServer's tools */
	VS_ADDRESS_ON_HOST	= 129,	/* a file of the host configures a guest's address */
	VS_ADDRESS_LIVE		= 130,	/* an interface of the host has it now */
	VS_FIREWALL_RULE	= 131,	/* a rule names a guest's address */
	VS_TAG_IN_FSTAB		= 132,	/* the file system will not be mounted */
	VS_TAG_OPTION_LEFT	= 133,	/* the same, seen while converting */
	VS_TAG_IN_USE		= 134,	/* a mount in use has the option */
	VS_TAGGING		= 135,	/* how contexts are kept on disk */
	VS_TAGGING_UNTOLD	= 136,
	VS_DYNAMIC_CONTEXT	= 137,	/* a dynamic guest runs in context N */
	VS_FORWARDING		= 138,	/* the host does not route */
	VS_NAT_RULES		= 139,	/* rules that rewrite addresses */
	VS_VSERVICES		= 140,	/* host services were bound to addresses */
	VS_STOP_MODE		= 141,	/* containers are suspended at shutdown */
	VS_PLOOP_DEFAULT	= 142,
	VS_BEFORE_UNREAD	= 143,	/* before.json is damaged or newer */
	VS_NOT_VSERVER_KERNEL	= 144,	/* --before-reboot after the reboot */
	VS_HOST_FILE_UNREAD	= 145,
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
	VS_RIGHTS_GAINED	= 320,	/* the container may do what the guest never could */
	VS_RIGHTS_LOST		= 321,	/* the guest could, the container may not */
	VS_FLAG_UNKNOWN		= 322,	/* a list of flags that VServer refused */
	VS_LIMIT_UNREADABLE	= 323,	/* a number that VServer refused */
	VS_PROCESS_LIMITS	= 324,	/* limits of each process */
	VS_LIMITS_RAISED	= 325,	/* for the sake of others */
	VS_SAMPLE_LIMITS	= 326,	/* the guest had unlimited what the sample limits */
	VS_VSWAP_KERNEL		= 327,	/* vSwap sample, kernel without */
	VS_CPU_BINDING		= 328,
	VS_DEVICE_NEEDS		= 329,
	VS_UTS_FAKE		= 330,	/* faked uname, personality */
	VS_SYSCTL		= 331,
	VS_NIS_DOMAIN		= 332,
	VS_INTERFACE_EXTRA	= 333,	/* VLAN, MAC, peer */
	VS_ADDRESS_SHARED	= 334,	/* nodev: somebody else configures it */
	VS_INIT_SETTINGS	= 335,	/* own commands, environment, runlevel */
	VS_START_ORDER		= 336,	/* a cycle, an unknown name */
	VS_DISK_LIMIT		= 337,	/* of another file system, or unusable */
	VS_NO_COUNTERPART	= 338,
	VS_SAMPLE_INCOMPLETE	= 339,	/* beancounters that a start asks for are missing */
	/* 340 to 354: mounts */
	VS_MOUNT_SOURCE_MISSING	= 340,
	VS_MOUNT_TARGET_MISSING	= 341,	/* left out, as VServer did */
	VS_MOUNT_TMP_HIDDEN	= 342,	/* files that the default /tmp hid */
	VS_MOUNT_ROOT_DEVICE	= 343,	/* the tree's own device is not mounted */
	VS_MOUNT_BY_GUEST	= 344,	/* fstab.remote: the container must mount it */
	VS_MOUNT_NFS_ON		= 345,	/* FEATURES="nfs:on" */
	VS_MOUNT_WORD		= 346,	/* an option read as another one */
	VS_MOUNT_TAGGED		= 347,	/* tagging options on a disk */
	VS_MOUNT_IN_GUEST	= 348,	/* the source is in a tree that moves */
	VS_MOUNT_UNSAFE		= 349,	/* no script can name the path */
	VS_MOUNT_CHAINED	= 350,	/* an earlier script is kept and called */
	VS_MOUNT_UNCHECKED	= 351,	/* a device that only the running host could show */
	VS_MOUNT_INSIDE		= 352,	/* only the container can mount it */
	VS_MOUNT_NETWORK	= 353,	/* server, version and locks, for information */
	VS_MOUNT_NO_FSCK	= 354,	/* VServer checked the disk at each start */
	/* 360 to 364: package state outside the tree */
	VS_PACKAGES_MISSING	= 360,	/* not where apps/pkgmgmt says */
	VS_PACKAGES_OBSTRUCTED	= 361,	/* the tree has something in the way */
	VS_PACKAGES_OWN		= 362,	/* the guest has its own, which stays */
	/* 4 file system */
	VS_IMMUTABLE_FILES	= 401,
	VS_SHARED_FILES		= 402,	/* inodes with names outside the tree */
	VS_TAGGED_OWNERS	= 403,
	VS_FOREIGN_MOUNT	= 404,
	VS_FLAGS_LOST		= 405,	/* inode flags the target cannot keep */
	VS_TREE_MODE		= 406,	/* the root directory is not 0755 root */
	VS_TREE_UNREADABLE	= 407,
	VS_HIGH_IDS		= 408,	/* large owners that match no tag */
	VS_FOREIGN_TAGS		= 409,	/* owners with the tag of somebody else */
	VS_TAGGING_AMBIGUOUS	= 410,	/* tags or not, or of which method: cannot be told */
	VS_IDS_LOST		= 411,	/* VServer cut the number of an owner */
	VS_INTERN_TAGS		= 412,	/* tags in a field of the inode that others use */
	VS_IMMUTABLE_UNKNOWN	= 413,	/* unified, or made so by an administrator? */
	VS_FLAGS_KEPT		= 414,	/* the administrator's flags, inert ones of VServer */
	/* 5 guest */
	VS_NO_INIT		= 501,
	VS_DISTRO_UNKNOWN	= 502,
	VS_NO_SHELL		= 503,
	VS_NO_DEV_NULL		= 504,
	VS_GUEST_FILE_ODD	= 505,	/* a file we read is a link out, a device, too large */
	/* 6 insulation; 601 to 611: device_judge() */
	VS_VOLUME_MISSING	= 601,
	VS_VOLUME_KIND		= 602,	/* a typing error: not below /dev, no block device */
	VS_VOLUME_MOUNTED	= 603,
	VS_VOLUME_HELD		= 604,	/* device mapper, md, swap, loop, another program */
	VS_VOLUME_PARTITIONED	= 605,
	VS_VOLUME_SMALL		= 606,
	VS_VOLUME_READ_ONLY	= 607,
	VS_VOLUME_IN_USE	= 608,	/* signatures that --overwrite does not name */
	VS_VOLUME_TAKEN		= 609,	/* VE_DEVICE of another container */
	VS_VOLUME_EXISTS	= 610,	/* the image file */
	VS_VOLUME_UNREADABLE	= 611,
	VS_IMAGE_SMALL		= 620,
	VS_DEVICE_TWICE		= 621,	/* two guests of one run */
	VS_VZCTL_OLD		= 622,	/* knows no vps.premount */
	VS_HOOK_UNUSABLE	= 623,	/* a vps.premount that cannot be kept */
	VS_HOOK_CHAINED		= 624,	/* one that is kept and called */
	VS_CT_PLOOP		= 625,	/* has a file system of its own already */
	VS_DUMP_DEVICE		= 626,	/* without a device that hosts can share */
	VS_VOLUME_LEFT		= 627,	/* the device of a container that is shared now */
	VS_VOLUME_LOST		= 628,	/* VE_DEVICE leads to nothing that can be read */
	VS_AREA_ODD		= 629,	/* a private area that no step can work on */
	/* 7 run and undo */
	VS_JOURNAL_DAMAGED	= 701,
	VS_JOURNAL_NEWER	= 702,
	VS_INTERRUPTED		= 703,
	VS_UNDO_KEPT		= 704,	/* changed since; left as it is and listed */
	VS_UNDO_CHANGED_COPY	= 705,	/* the copy changed: undo needs a decision */
	VS_VERIFY_DIFFERS	= 706,
	VS_VERIFY_CONF		= 707,
	VS_LEFTOVER		= 708,	/* remains of an earlier run */
	VS_STILL_SHARED		= 709,	/* a container's files have names in other trees */
	VS_TAGS_LEFT		= 710,	/* owners still carry a tag that was taken off */
	VS_UNIFIED_LEFT		= 711,	/* unified files are still immutable */
	VS_STORE_LEFT		= 715,	/* a hash store that nobody needs any more */
	VS_STORE_REMOVED	= 716,
	VS_STORE_IN_USE		= 717,
	VS_STORE_ODD		= 718,	/* something in it is not vhashify's */
};

#endif
