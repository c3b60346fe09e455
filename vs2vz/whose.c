/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The places in a container's tree that vzctl writes to: a table. Knows no tree.
 *
 * Sources: vzctl: etc/dists/scripts/ (add_ip, set_hostname, set_dns, set_console,
 * set_ugid_quota, and the functions that they share), src/lib/env.c (fastboot,
 * .cpt_hardlink_dir), src/lib/dev.c (devices); seen with vzctl 4.11.1 on 042stab141.
 */
#include "whose.h"

#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "step/manifest.h"
#include "step/trace.h"

static const char *const vzctls[] = {
	".vzfifo",
	"aquota.group",
	"aquota.user",
	"dev/console",
	"dev/ptmx",
	"dev/tty",
	"dev/tty[0-9]*",
	"dev/xconsole",
	"etc/HOSTNAME",
	"etc/conf.d/hostname",
	"etc/conf.d/net",
	"etc/conf.d/net.venet0",
	"etc/event.d/console",
	"etc/event.d/tty2",
	"etc/hostname",
	"etc/hosts",
	"etc/init.d/vzquota",
	"etc/init/console.conf",
	"etc/init/tty2.conf",
	"etc/mtab",
	"etc/net/ifaces/venet0",
	"etc/net/ifaces/venet0/*",
	"etc/netctl/venet0*",
	"etc/network/interfaces",
	"etc/rc.conf",
	"etc/rc.d/init.d/vzquota",
	"etc/rc.d/rc.inet1",
	"etc/rc.d/rc.inet1.conf",
	"etc/rc.d/rc?.d/S[0-9][0-9]vzquota",
	"etc/rc?.d/S[0-9][0-9]vzquota",
	"etc/resolv.conf",
	"etc/sysconfig/network",
	"etc/sysconfig/network-scripts/ifcfg-venet0*",
	"etc/sysconfig/network-scripts/route-venet0",
	"etc/sysconfig/network/ifcfg-venet0*",
	"etc/sysconfig/network/routes",
	"etc/tmpfiles.d/device-*.conf",
	"fastboot",
	"proc",
	"run/initctl",
	TRACE_LINKS_NAME,
};
#define NR_VZCTLS (sizeof(vzctls) / sizeof(vzctls[0]))

/* Is the directory one in which a row's file lies? "." is the root. */
static bool holds(const char *dir, const char *row)
{
	const char *slash = strrchr(row, '/');
	char parent[256];

	if (!slash)
		return strcmp(dir, ".") == 0;
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - row), row);
	return fnmatch(parent, dir, FNM_PATHNAME) == 0;
}

bool whose_writes_there(const char *dir)
{
	for (size_t i = 0; i < NR_VZCTLS; i++)
		if (holds(dir, vzctls[i]))
			return true;
	return false;
}

static bool is_vzctls(const char *path)
{
	for (size_t i = 0; i < NR_VZCTLS; i++)
		if (fnmatch(vzctls[i], path, FNM_PATHNAME) == 0)
			return true;
	return false;
}

/* ".NAME.vs2vz-TOKEN..." */
static bool has_token(const char *path, const char *token)
{
	const char *name = strrchr(path, '/'), *at;

	name = name ? name + 1 : path;
	at = *name == '.' ? strstr(name, ".vs2vz-") : NULL;
	return at && strncmp(at + 7, token, strlen(token)) == 0;
}

enum whose whose_is(const char *path, const char *what, const char *token,
		    const struct touched *ours)
{
	if (has_token(path, token) || (ours && touched_explains(ours, path, what)))
		return WHOSE_OURS;
	return is_vzctls(path) ? WHOSE_VZCTL : WHOSE_CONTAINER;
}

const char *whose_word(enum whose whose)
{
	static const char *const words[] = {
		[WHOSE_CONTAINER] = "the container's", [WHOSE_VZCTL] = "vzctl's",
		[WHOSE_OURS] = "vs2vz's",
	};

	return words[whose];
}
