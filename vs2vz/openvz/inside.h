/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this room share; nobody else includes it.
 */
#ifndef VS2VZ_OPENVZ_INSIDE_H
#define VS2VZ_OPENVZ_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inroot.h"
#include "base/pool.h"
#include "model/finding.h"
#include "model/host.h"

/* The largest number that vzctl takes, and the largest file that we read. */
#define CTID_MAX 2147483644u
#define CONF_MAX (1024 * 1024)

/* "345.conf" -> 345; 0: not the configuration of a container. No leading zeros. */
uint32_t ctid_of_conf(const char *name);

/*
 * The canonical form of an absolute path without "..", of which any number of
 * last components may be absent.
 */
const char *vz_canonical(const struct root *root, const char *path, struct pool *pool);

/* Facts about the running kernel (proc: NULL for an offline host), with findings. */
int kernel_read(struct host *host, const struct root *proc, struct pool *pool,
		struct findings *findings, struct err *err) MUST_CHECK;

/*
 * What tells, besides vz.conf, that this is OpenVZ 7 or later: object and remark, or
 * NULL. Wants host->conf_dir, private_pattern and kernel_release.
 */
struct vz7_sign {
	const char *object;
	const char *seen;
};
int vz7_find(struct vz7_sign *out, const struct host *host, const struct root *root,
	     struct pool *pool, struct err *err) MUST_CHECK;

/* Does the vzctl that is installed call vps.premount? By its bytes and its library's. */
void premount_find(struct premount *out, const struct root *root, struct pool *pool);

/* Do the numbers of the vzctl that is or will be installed end at 2147483647? */
bool vzctl_is_32(const struct root *root);

/* The built-in sample: the bytes of conf-samples/ve-vs2vz.conf-sample. */
extern const char builtin_sample[];

/*
 * The living process, other than this one, that holds a lock file; 0 where there is
 * none. -1: cannot be read.
 */
int64_t lock_holder(const struct root *root, const char *path, struct err *err) MUST_CHECK;

#endif
