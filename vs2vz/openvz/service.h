/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a node of classic OpenVZ needs besides vzctl and vz.conf, so that containers come
 * up by themselves: the vz service and what starts it, vzquota, the kernel's modules.
 * Facts only, read from files and /proc; nothing is run. What they mean is decided in
 * decide/service_judge.c.
 *
 * Facts: vzctl: etc/init.d/vz*.in, etc/vz.conf, vzctl.spec; the module names are those
 * that the service loads.
 */
#ifndef VS2VZ_OPENVZ_SERVICE_H
#define VS2VZ_OPENVZ_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/inroot.h"
#include "base/pool.h"
#include "model/host.h"

/* A kernel of OpenVZ below /lib/modules. */
struct vz_kernel {
	const char *release;
	bool known;		/* it could be seen which modules it has */
	const char *missing;	/* "simfs vzdquota"; NULL: none, or unknown */
};

struct vz_service {
	const char *script;	/* "/etc/init.d/vz" or the unit; NULL: not installed */
	const char *link;	/* what starts it at boot; NULL: nothing does */
	bool enabled;		/* vz.conf: VIRTUOZZO=yes, else the script does nothing */
	bool quota;		/* vz.conf does not say DISK_QUOTA=no */
	bool suspend;		/* vz.conf says VE_STOP_MODE=suspend */
	bool veth;		/* a container has NETIF */
	const char *vzctl, *vzquota; /* the programs; NULL: not installed */
	size_t nr_kernels, cap_kernels;
	struct vz_kernel *kernel; /* in the order of their names */
	/* On a running OpenVZ kernel only. */
	bool live;
	bool started;		/* the service loaded its modules: /dev/vzctl is there */
	const char *missing;	/* modules neither loaded nor to be found; NULL: none */
};

/*
 * proc: of the running kernel, NULL for an offline host. A directory that cannot be read
 * counts as unknown, never as absent modules.
 */
void service_read(struct vz_service *out, const struct host *host, const struct root *root,
		  const struct root *proc, struct pool *pool);

/* The first place of a program below the root: in the directories of root's PATH; or NULL. */
const char *service_program(const struct root *root, const char *name, struct pool *pool);

#endif
