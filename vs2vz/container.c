/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container's tree by its configuration; see container.h. Reads only.
 */
#include "container.h"

#include <string.h>

#include "base/blockdev.h"
#include "step/mounted.h"

/* The file system's own UUID tells it from any other that may come to that path. */
static const char *ext_uuid(const struct blockdev *seen)
{
	for (size_t i = 0; i < seen->nr; i++)
		if (strncmp(seen->sig[i].type, "ext", 3) == 0 && seen->sig[i].uuid)
			return seen->sig[i].uuid;
	return NULL;
}

int container_volume(struct container_tree *out, struct session *s, const struct known_ct *ct)
{
	struct blockdev seen;

	*out = (struct container_tree){ .fd = -1, .device = -1 };
	out->volume = volume_named(ct->device, &s->pool);
	if (!out->volume)
		return fail_code(&s->err, ERR_FOREIGN, "nothing is called '%s', or several "
				 "devices are: see `blkid`", show(ct->device));
	if (!volume_is_device(out->volume))
		out->volume = layout_canonical(&s->root, out->volume, &s->pool);
	if (blockdev_read(&seen, &s->root, out->volume, &s->pool, &s->err) < 0)
		return -1;
	out->uuid = ext_uuid(&seen);
	if (!out->uuid)
		return fail_code(&s->err, ERR_FOREIGN, "'%s' %s", show(out->volume),
				 seen.is == VOLUME_ABSENT ? "is not there" :
				 "holds no file system ext2, ext3 or ext4");
	return 0;
}

static bool is_mounted(struct session *s, const char *area)
{
	size_t len = (size_t)(strrchr(area, '/') - area);
	const char *parent = len ? pool_memdup(&s->pool, area, len) : "/";
	struct stat at, above;
	struct err err;

	return root_lstat(&s->root, area, &at, &err) == 0 &&
	       root_stat(&s->root, parent, &above, &err) == 0 && at.st_dev != above.st_dev;
}

int container_open(struct container_tree *out, struct session *s, const struct known_ct *ct)
{
	*out = (struct container_tree){ .fd = -1, .device = -1 };
	if (!ct->device || is_mounted(s, ct->private)) {
		out->fd = strict_opendir(&s->root, ct->private, &s->err);
	} else if (container_volume(out, s, ct) == 0) {
		out->fd = mounted_open_device(&s->root, out->volume, out->uuid, &out->device,
					      &s->err);
	}
	return out->fd < 0 ? -1 : 0;
}

void container_close(struct container_tree *tree)
{
	close_fd(&tree->fd);
	close_fd(&tree->device);
}

int container_judge_use(struct session *s, const struct known_ct *ct, const char *name)
{
	const struct guest there = { .name = name, .tree = ct->private };
	const char *at;

	if (session_users(s) < 0)
		return -1;
	at = users_mount_at(&s->users, ct->root);
	if (!at)
		at = users_mount_at(&s->users, ct->private);
	if (at)
		finding_add(&s->findings, VS_GUEST_RUNNING, name, at,
			    "something is mounted there: vzctl stop %u", ct->ctid);
	vserver_busy(&there, &s->users, &s->findings);
	return 0;
}
