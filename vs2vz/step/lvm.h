/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volume groups and logical volumes of the running system, by the host's own lvm. Only
 * options that lvm2 2.02.88 knows (lvm2: man/lvcreate.8.in; RHEL 5 and 6 have no
 * --wipesignatures). All sizes in bytes.
 */
#ifndef VS2VZ_STEP_LVM_H
#define VS2VZ_STEP_LVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"

struct lvm_group {
	const char *name;
	uint64_t extent, free;
	uint64_t promised;	/* of free: by the plans of this run */
	bool listed;		/* lvm_group_has() asked: its volumes */
	size_t nr, cap;
	const char **lv;
};
struct lvm_groups {
	bool read;		/* the rest is valid */
	const char *why;	/* not known: no lvm, or what it said; NULL: known */
	size_t nr, cap;
	struct lvm_group *v;
};
/* Asks once: a second call with the same list does nothing. No lvm is no error. */
int lvm_groups_read(struct lvm_groups *out, struct pool *pool, struct err *err) MUST_CHECK;
struct lvm_group *lvm_group_find(struct lvm_groups *groups, const char *name);
/* Has it a volume of this name, active or not? lvm is asked once for each group. */
int lvm_group_has(bool *there, struct lvm_group *g, const char *name, struct pool *pool,
		  struct err *err) MUST_CHECK;

struct lvm_volume {
	bool there;
	uint64_t bytes;
	const char *tags;	/* with commas between */
};
/* Absence is no error, a volume group that cannot be read is one. */
int lvm_volume_read(struct lvm_volume *out, const char *vg, const char *name,
		    struct pool *pool, struct err *err) MUST_CHECK;
bool lvm_has_tag(const struct lvm_volume *lv, const char *tag);

/* One linear volume, active, its first 4 KiB zero. bytes: a multiple of the extent size. */
struct lvm_wish {
	const char *vg, *name, *tag;
	uint64_t bytes;
};
int lvm_create(const struct lvm_wish *wish, struct err *err) MUST_CHECK;
int lvm_activate(const char *vg, const char *name, struct err *err) MUST_CHECK;
int lvm_remove(const char *vg, const char *name, struct err *err) MUST_CHECK;

#endif
