/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation table: every item that util-vserver reads, and what becomes of it.
 * One row per item, sorted by style and pattern, in one fragment per part of the
 * configuration; how a row is found and applied is in translate.c, the functions named
 * there are in maps*.c. Facts: util-vserver
 * doc/configuration.xml, scripts/vserver.functions; vzctl man/ctid.conf.5.
 *
 * A row with map_claimed is judged by what the set_ functions made of the item; its
 * verdict is that of the usual case. Where an item is left to the administrator, the
 * reason says what to do, and the last column is the finding that says it.
 */
#include "decide/rules.h"

#include "decide/translate.h"

#define NEW	STYLE_RECENT
#define OLD	STYLE_LEGACY
#define SAME	VERDICT_SAME
#define NEAR	VERDICT_NEAR
#define DROP	VERDICT_NOT_NEEDED
#define HAND	VERDICT_MANUAL

#define FOLDER	NULL, DROP, map_folder, "a directory", 0
#define BACKUP	NULL, DROP, NULL, "a backup, never read by VServer", 0
#define BUILD	NULL, DROP, NULL, "used only when guests are built", 0
#define HOSTS	NULL, DROP, NULL, "a matter of the VServer host, not of its guests", 0
#define HELPER	NULL, DROP, NULL, "vzctl and the OpenVZ kernel handle reboot and halt", 0
#define TOOLS	NULL, DROP, NULL, "serves the VServer tools only", 0
#define UNIFY	NULL, DROP, NULL, "the tree itself is looked at for shared files", 0
#define OWNNET	NULL, HAND, NULL, "belongs to a network of its own: see netns", 0
#define BUCKET	"CPULIMIT CPUUNITS", NEAR, map_claimed, \
	"token bucket: CPULIMIT=fill-rate*100/interval percent when hard, else CPUUNITS", \
	VS_CPU_BINDING
#define VDEV	"DEVNODES", NEAR, map_claimed, "device map: DEVNODES for nodes of the host", \
	VS_DEVICE_NEEDS
#define QUOTA	"DISKSPACE DISKINODES", SAME, map_claimed, \
	"disk limit: KiB and inodes, the soft limit without the reserved share", VS_DISK_LIMIT
#define MAC	"NETIF", HAND, map_later, \
	"needs a veth device: NETIF=\"ifname=eth0,host_ifname=vethCTID.0\" and a bridge", \
	VS_INTERFACE_EXTRA
#define CPUSET	"CPUMASK", SAME, map_claimed, "bound to processors", VS_CPU_BINDING

const struct rule rules[] = {
#include "decide/rules_defaults.inc"
#include "decide/rules_apps.inc"
#include "decide/rules_guest.inc"
#include "decide/rules_limits.inc"
#include "decide/rules_legacy.inc"
};
const size_t nr_rules = sizeof(rules) / sizeof(rules[0]);
