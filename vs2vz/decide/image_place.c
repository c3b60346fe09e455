/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places where no image file may be; see image_place.h. The paths that are compared are
 * canonical; file system facts are those of the nearest directory that exists.
 */
#include "decide/image_place.h"

#include <string.h>

#include "base/fsinfo.h"
#include "decide/inside.h"
#include "openvz/layout.h"

/* In memory, or the kernel's own. */
static bool is_volatile(const char *type)
{
	static const char *const types[] = {
		"aufs", "autofs", "binfmt_misc", "cgroup", "cgroup2", "configfs", "debugfs", "devpts",
		"devtmpfs", "hugetlbfs", "mqueue", "overlay", "proc", "pstore", "ramfs", "rootfs",
		"securityfs", "squashfs", "sysfs", "tmpfs", "tracefs", "unionfs",
	};

	for (size_t i = 0; type && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

bool area_of_pattern(const char *path, const char *pattern)
{
	size_t len = pattern ? strcspn(pattern, "$") : 0, digits;

	if (!len || !pattern[len] || strncmp(path, pattern, len) != 0)
		return false;
	digits = strspn(path + len, "0123456789");
	return digits && (!path[len + digits] || path[len + digits] == '/');
}

struct image_place {
	const struct insulate_question *q;
	const char *at;
	struct pool *pool;
	struct findings *findings;
	bool said;		/* one reason is enough */
};

static void judge_place(struct image_place *p, const char *dir, const char *what)
{
	if (p->said || !dir || strcmp(dir, "/") == 0 || !path_at_or_in(p->at, dir))
		return;
	p->said = true;
	finding_add(p->findings, VS_IMAGE_MISPLACED, p->q->name, p->at, "'%s' is %s", show(dir), what);
}

static void judge_guests(struct image_place *p)
{
	for (size_t i = 0; p->q->all && i < p->q->all->nr; i++) {
		const struct guest *g = &p->q->all->v[i];

		if (!g->barred)
			judge_place(p, g->tree, pool_printf(p->pool, "the tree of guest '%s'",
							  show(g->name)));
	}
}

static void judge_containers(struct image_place *p)
{
	const struct host *host = p->q->host;

	for (size_t i = 0; i < p->q->known->nr; i++) {
		const struct known_ct *ct = &p->q->known->v[i];

		judge_place(p, ct->private, pool_printf(p->pool, "the private area of container %u",
						      ct->ctid));
		judge_place(p, ct->root, pool_printf(p->pool, "the root area of container %u", ct->ctid));
	}
	if (!p->said && (area_of_pattern(p->at, host->private_pattern) ||
			 area_of_pattern(p->at, host->root_pattern))) {
		p->said = true;
		finding_add(p->findings, VS_IMAGE_MISPLACED, p->q->name, p->at,
			    "it would lie in an area of containers, '%s' or '%s'",
			    show(host->private_pattern), show(host->root_pattern));
	}
}

static void judge_directories(struct image_place *p)
{
	static const char openvz[] = "a directory of OpenVZ's own";
	const struct host *host = p->q->host;

	judge_place(p, host->conf_dir, openvz);
	judge_place(p, host->names_dir, openvz);
	judge_place(p, host->lock_dir, openvz);
	judge_place(p, host->dump_dir, openvz);
	for (unsigned i = 0; i < host->nr_installs; i++)
		judge_place(p, host->installs[i], "a configuration directory of VServer");
}

int image_place_judge(const struct insulate_question *q, const char *at, bool *misplaced,
		      struct pool *pool, struct findings *findings, struct err *err)
{
	const char *there = path_existing(q->root, path_parent(at, pool), pool);
	struct image_place p = { .q = q, .at = at, .pool = pool, .findings = findings };
	struct fsinfo fs;
	struct stat st;

	judge_guests(&p);
	judge_containers(&p);
	judge_directories(&p);
	*misplaced = p.said;
	if (root_stat(q->root, there, &st, err) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return fail(err, "an image file cannot be '%s': '%s' is no directory", show(at), show(there));
	if (fsinfo_read(&fs, q->root, there, pool, err) < 0)
		return -1;
	if (is_volatile(fs.type))
		finding_add(findings, VS_IMAGE_VOLATILE, q->name, at, "'%s' is a file system of type %s",
			    show(fs.mount_point), show(fs.type));
	return 0;
}
