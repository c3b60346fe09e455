/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The new world: where this host keeps containers (vzctl: include/, src/lib/config.c),
 * what is already there, and the text form of CTID.conf.
 */
#ifndef VS2VZ_OPENVZ_LAYOUT_H
#define VS2VZ_OPENVZ_LAYOUT_H

#include "base/inroot.h"
#include "base/pool.h"
#include "model/ct.h"
#include "model/finding.h"
#include "model/host.h"

/*
 * Read vz.conf and look at the kernel. proc: a root on /proc of the running kernel,
 * NULL for an offline host. Without vz.conf the packaged defaults stand in, with a
 * finding.
 */
int layout_read(struct host *host, const struct root *root, const struct root *proc,
		struct pool *pool, struct findings *findings, struct err *err) MUST_CHECK;

/* "/vz/private/345": the pattern with the first $VEID or ${VEID} replaced. */
const char *layout_expand(const char *pattern, uint32_t ctid, struct pool *pool);

/* What exists of a CTID already. Paths of what was found, NULL elsewhere. */
/* vzquota's file of a container number; is it one that undone conversions left? */
const char *layout_quota_file(uint32_t ctid, struct pool *pool);
bool layout_quota_is_left(const struct host *host, const char *path);

struct remains {
	const char *conf;
	const char *private;
	const char *root;	/* VE_ROOT exists and is not an empty directory */
	const char *dump;
	const char *quota;	/* /var/vzquota/quota.CTID */
	const char *lock;	/* held by a living process */
	const char **hooks;	/* CTID.mount ... */
	size_t nr_hooks;
};
int layout_remains(struct remains *out, const struct host *host, const struct root *root,
		   uint32_t ctid, struct pool *pool, struct err *err) MUST_CHECK;

/* The canonical form of an absolute path without "..", whose last components may be absent. */
const char *layout_canonical(const struct root *root, const char *path, struct pool *pool);

/* Containers that exist already: what every CTID.conf says. */
struct known_ct {
	uint32_t ctid;
	const char *conf;
	const char *name;
	const char *addresses;	/* IP_ADDRESS as written */
	const char *private;	/* VE_PRIVATE, VE_ROOT: canonical, with the number in place */
	const char *root;
	const char *device;	/* VE_DEVICE, VE_DUMP_DEVICE; NULL: none */
	const char *dump_device;
	const char *layout;	/* VE_LAYOUT; NULL: not said */
	const char *ostemplate;
};
struct known_cts {
	size_t nr;
	struct known_ct *v;	/* sorted by CTID */
};
int layout_known(struct known_cts *out, const struct host *host, const struct root *root,
		 struct pool *pool, struct err *err) MUST_CHECK;

const struct known_ct *layout_container(const struct known_cts *known, uint32_t ctid);
/*
 * A private area that holds a ploop image (vzctl: src/lib/image.c): by VE_LAYOUT, or
 * what is there.
 */
bool layout_is_ploop(const struct known_ct *ct, const struct root *root);

/* Where names/NAME leads to: its CTID, 0: does not exist, UINT32_MAX: something else. */
uint32_t layout_name_owner(const struct host *host, const struct root *root, const char *name);

/*
 * The sample: --sample NAME, else vps.basic, basic, CONFIGFILE, else built in.
 * Sets name ("vps.basic") and path (NULL: built in). wanted: NULL or a NAME that must exist.
 */
int sample_find(const char **name, const char **path, const struct host *host,
		const struct root *root, const char *wanted, struct pool *pool,
		struct err *err) MUST_CHECK;
/* The sample's text; the built-in one for path NULL. */
int sample_read(struct buf *out, const struct root *root, const char *path,
		struct err *err) MUST_CHECK;
const char *sample_builtin(void);

/*
 * vz's own lock LOCKDIR/CTID.lck (pid by link(2), stale when the pid is gone;
 * vzctl: src/lib/lock.c). Host without lock directory: nothing to do, 0.
 */
int ct_lock(const struct host *host, const struct root *root, uint32_t ctid, struct err *err) MUST_CHECK;
void ct_unlock(const struct host *host, const struct root *root, uint32_t ctid);

#endif
