/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a tree gets to its private area: one rename where both are on the same mount,
 * else a copy, and whether each file system has room for all copies of this run together:
 * those of trees on the target, those of shared inodes on the file system of a tree that
 * is repaired in place.
 * Reads file system facts only.
 */
#include <string.h>

#include "base/meta.h"
#include "base/units.h"
#include "decide/inside.h"
#include "decide/journal_room.h"
#include "decide/marks.h"
#include "decide/packages.h"
#include "decide/target_limits.h"

#define MARGIN (16ULL << 20)	/* metadata of a small tree */

/* Facts about the file system that a path is or would be on. */
static const struct fsinfo *fs_of(struct deciding *d, const char *path, struct err *err)
{
	const char *there = path_existing(d->root, path, d->pool);
	struct fs_answer *answer, **new;

	for (size_t i = 0; i < d->nr_fs; i++)
		if (strcmp(d->fs[i]->path, there) == 0)
			return &d->fs[i]->info;
	answer = pool_alloc(d->keep, sizeof(*answer));
	answer->path = pool_strdup(d->keep, there);
	if (fsinfo_read(&answer->info, d->root, there, d->keep, err) < 0)
		return NULL;
	new = pool_grow(d->keep, &d->fs, &d->nr_fs, &d->cap_fs, sizeof(*new));
	*new = answer;
	return &answer->info;
}

/* The same for a path on this device: any answer about it serves. */
static const struct fsinfo *fs_on(struct deciding *d, dev_t dev, const char *path, struct err *err)
{
	for (size_t i = 0; i < d->nr_fs; i++)
		if (d->fs[i]->info.dev == dev)
			return &d->fs[i]->info;
	return fs_of(d, path, err);
}

static const struct fsinfo *target_fs(struct deciding *d, const struct decision *decision,
				      struct err *err)
{
	return fs_of(d, path_parent(decision->ct.private, d->pool), err);
}

bool tree_is_mount(const struct deciding *d, const struct guest *guest)
{
	for (size_t i = 0; i < d->mounts.nr; i++)
		if (strcmp(d->mounts.v[i].point, guest->tree) == 0)
			return true;
	return false;
}

/* Two mounts of one file system do not take a rename between them. */
static bool same_mount(const struct fsinfo *a, const struct fsinfo *b)
{
	if (a->mount_id < 0 || b->mount_id < 0)	/* a kernel that has no numbers */
		return a->dev == b->dev && strcmp(a->mount_point, b->mount_point) == 0;
	return a->dev == b->dev && a->mount_id == b->mount_id;
}

/* False: it is not there, or its file system has no projects. */
static bool project_of(const struct deciding *d, const char *path, struct project *out)
{
	struct err unread;
	int CLEANUP_FD fd = root_opendir(d->root, path, &unread);

	return fd >= 0 && meta_project(fd, out);
}

/* Does this directory refuse what is of the tree's project? */
static bool refuses_project(const struct deciding *d, const char *dir, const char *tree,
			    struct project *has, struct project *hands)
{
	return project_of(d, path_existing(d->root, dir, d->pool), hands) && hands->hands_on &&
	       project_of(d, tree, has) && has->id != hands->id;
}

/* NULL: a rename is possible. */
static int why_no_rename(const char **why, struct deciding *d, const struct decision *decision,
			 struct err *err)
{
	const struct guest *guest = decision->guest;
	const struct fsinfo *from, *to;
	struct project has, hands;

	*why = NULL;
	from = fs_of(d, path_parent(guest->tree, d->pool), err);
	to = from ? target_fs(d, decision, err) : NULL;
	if (!to)
		return -1;
	if (tree_is_mount(d, guest))
		*why = "the tree is a mount point";
	else if (guest->tree_dev != from->dev && guest->tree_dev != to->dev)
		*why = "the tree is a file system of its own";
	else if (from->dev == to->dev && !same_mount(from, to))
		*why = pool_printf(d->pool, "'%s' and '%s' are two mounts of one file system",
				   from->mount_point, to->mount_point);
	else if (!same_mount(from, to))
		*why = pool_printf(d->pool, "'%s' is another file system (%s on %s)",
				   to->mount_point, to->type, to->source);
	else if (refuses_project(d, path_parent(decision->ct.private, d->pool), guest->tree,
				 &has, &hands))
		*why = pool_printf(d->pool, "'%s' hands on project %u, the tree is of project %u",
				   path_parent(decision->ct.private, d->pool), hands.id, has.id);
	return 0;
}

static bool is_within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

/* File systems without owners, links, nodes or long xattrs. */
static bool is_poor(const char *type)
{
	static const char *const poor[] = {
		"cifs", "exfat", "fuse", "fuseblk", "hfsplus", "iso9660", "msdos", "ncpfs",
		"nfs", "nfs4", "ntfs", "ntfs3", "smbfs", "vfat",
	};

	for (size_t i = 0; type && i < sizeof(poor) / sizeof(poor[0]); i++)
		if (strcmp(type, poor[i]) == 0)
			return true;
	return false;
}

int relocate_choose(struct deciding *d, struct decision *decision, struct err *err)
{
	const struct guest *guest = decision->guest;
	enum method wanted = method_wanted(d, guest);
	const char *why;

	if (own_fs_choose(d, decision, err) < 0 || why_no_rename(&why, d, decision, err) < 0)
		return -1;
	if (decision->insulation) {
		wanted = METHOD_COPY;
		why = pool_printf(d->pool, "a file system of its own: %s",
				  show(decision->insulation->at));
	}
	decision->method = why || wanted == METHOD_COPY ? METHOD_COPY : METHOD_RENAME;
	decision->method_reason = why ? why : decision->method == METHOD_COPY ? "asked for"
					    : "same file system";
	if (tree_is_mount(d, guest))
		finding_add(d->findings, VS_TREE_IS_MOUNT, guest->name, guest->tree,
			    "something is mounted on it");
	if (why && wanted == METHOD_RENAME)
		finding_add(d->findings, VS_METHOD_IMPOSSIBLE, guest->name, guest->tree,
			    "no rename: %s", show(why));
	if (is_within(decision->ct.private, guest->tree))
		finding_add(d->findings, VS_METHOD_IMPOSSIBLE, guest->name, guest->tree,
			    "the private area '%s' would lie inside the tree",
			    show(decision->ct.private));
	return 0;
}

/* What is asked of one file system. */
struct demand {
	const struct fsinfo *fs;
	uint64_t bytes, inodes;
};
struct demands {
	size_t nr;
	struct demand *v;	/* room for three of each guest, and one */
};

static struct demand *demand_of(struct demands *demands, const struct fsinfo *fs)
{
	for (size_t i = 0; i < demands->nr; i++)
		if (demands->v[i].fs->dev == fs->dev)
			return &demands->v[i];
	demands->v[demands->nr].fs = fs;
	return &demands->v[demands->nr++];
}

/* Bytes and inodes that one guest needs; at: what the finding names. */
static void judge_demand(struct deciding *d, const struct guest *guest, const char *at,
			 struct marks_room need, struct demand *demand)
{
	uint64_t sum = add_u64(demand->bytes, need.bytes);
	uint64_t inodes = add_u64(demand->inodes, need.inodes);
	bool fits = sum <= demand->fs->avail_bytes && inodes <= demand->fs->free_inodes;

	if (sum > demand->fs->avail_bytes)
		finding_add(d->findings, VS_NO_SPACE, guest->name, at,
			    "needs %s; %s of the %s available are promised to guests before it",
			    show_size(need.bytes), show_size(demand->bytes),
			    show_size(demand->fs->avail_bytes));
	if (inodes > demand->fs->free_inodes)
		finding_add(d->findings, VS_NO_INODES, guest->name, at,
			    "needs %llu inodes; %llu of the %llu free are promised to guests "
			    "before it",
			    (unsigned long long)need.inodes, (unsigned long long)demand->inodes,
			    (unsigned long long)demand->fs->free_inodes);
	/* One that does not fit is not copied: a smaller one after it may have the room. */
	if (fits) {
		demand->bytes = sum;
		demand->inodes = inodes;
	}
}

/* What is put where trees are: with room for metadata. */
static void judge_room(struct deciding *d, const struct guest *guest, const char *at,
		       struct marks_room need, struct demand *demand)
{
	need.bytes = add_u64(add_u64(need.bytes, need.bytes / 50), MARGIN);
	d->out->bytes_needed = add_u64(d->out->bytes_needed, need.bytes);
	judge_demand(d, guest, at, need, demand);
}

/* An image file is made as large as it may become; a device has its room. */
static int space_of_image(struct deciding *d, const struct decision *decision,
			  struct demands *demands, struct err *err)
{
	const struct insulation *own = decision->insulation;
	const struct fsinfo *fs;

	if (own->device || !decision->guest->surveyed)
		return 0;
	fs = fs_of(d, path_parent(own->at, d->pool), err);
	if (!fs)
		return -1;
	judge_room(d, decision->guest, own->at, (struct marks_room){ own->bytes, 1 },
		   demand_of(demands, fs));
	return 0;
}

/* A copied tree, on the target. */
static int space_of_copy(struct deciding *d, const struct decision *decision,
			 struct demands *demands, struct err *err)
{
	const struct guest *guest = decision->guest;
	const struct fsinfo *fs = target_fs(d, decision, err);

	if (!fs)
		return -1;
	if (is_poor(fs->type))
		finding_add(d->findings, VS_TARGET_FS_POOR, guest->name, decision->ct.private,
			    "'%s' is %s", show(fs->mount_point), fs->type);
	if (guest->surveyed)
		judge_room(d, guest, decision->ct.private,
			   (struct marks_room){ survey_bytes_unpacked(&guest->survey),
						guest->survey.inodes },
			   demand_of(demands, fs));
	return 0;
}

/* Copies of shared inodes, beside the tree. */
static int space_of_repair(struct deciding *d, const struct decision *decision,
			   struct demands *demands, struct err *err)
{
	const struct guest *guest = decision->guest;
	struct marks_room room = marks_room(&decision->marks, &guest->survey);
	const struct fsinfo *fs;

	if (!room.inodes)
		return 0;
	fs = fs_on(d, guest->tree_dev, guest->tree, err);
	if (!fs)
		return -1;
	judge_room(d, guest, guest->tree, room, demand_of(demands, fs));
	return 0;
}

/* Package state that comes into the tree. */
static int space_of_packages(struct deciding *d, const struct decision *decision,
			     struct demands *demands, struct err *err)
{
	const struct packages *p = decision->packages;
	const struct fsinfo *fs;

	if (!p || !p->inodes || decision->insulation)
		return 0;
	fs = target_fs(d, decision, err);
	if (!fs)
		return -1;
	judge_room(d, decision->guest, decision->ct.private,
		   (struct marks_room){ p->bytes, p->inodes }, demand_of(demands, fs));
	return 0;
}

/* Plan, log, before-images and records of objects, in the state directory. */
static int space_of_journal(struct deciding *d, const struct decision *decision,
			    struct demands *demands, struct err *err)
{
	const char *at = d->host->state_dir;
	const struct fsinfo *fs;

	if (!at || !decision->guest->surveyed)
		return 0;
	fs = fs_of(d, at, err);
	if (!fs)
		return -1;
	judge_demand(d, decision->guest, at, decision->journal, demand_of(demands, fs));
	return 0;
}

/* The journal of the steps that guests share comes first: without it there is none. */
static int space_of_host(struct deciding *d, struct demands *demands, struct err *err)
{
	const struct marks_room need = journal_room_shared();
	const struct fsinfo *fs;
	struct demand *demand;

	if (!d->host->state_dir || !d->out->nr)
		return 0;
	fs = fs_of(d, d->host->state_dir, err);
	if (!fs)
		return -1;
	demand = demand_of(demands, fs);
	demand->bytes = need.bytes < fs->avail_bytes ? need.bytes : fs->avail_bytes;
	demand->inodes = need.inodes < fs->free_inodes ? need.inodes : fs->free_inodes;
	return 0;
}

int relocate_space(struct deciding *d, struct err *err)
{
	struct demands demands = {
		.v = pool_array(d->pool, 3 * d->out->nr + 1, sizeof(*demands.v)),
	};

	if (space_of_host(d, &demands, err) < 0)
		return -1;
	for (size_t i = 0; i < d->out->nr; i++) {
		const struct decision *decision = &d->out->v[i];
		int done = decision->insulation ? space_of_image(d, decision, &demands, err) :
			   decision->method == METHOD_COPY ?
			   space_of_copy(d, decision, &demands, err) :
			   space_of_repair(d, decision, &demands, err);

		if (done < 0 || space_of_packages(d, decision, &demands, err) < 0 ||
		    space_of_journal(d, decision, &demands, err) < 0)
			return -1;
	}
	return 0;
}

/* Marked with errors: where the tree comes from, and where something is put. */
static int judge_errors(struct deciding *d, const struct decision *decision, struct err *err)
{
	const struct guest *guest = decision->guest;
	const struct insulation *own = decision->insulation;
	const struct fsinfo *from = fs_of(d, guest->tree, err), *to = from;

	if (!from)
		return -1;
	if (!own)
		to = target_fs(d, decision, err);
	else if (!own->device)
		to = fs_of(d, path_parent(own->at, d->pool), err);
	if (!to)
		return -1;
	target_errors_judge(guest->name, from, d->findings);
	if (to->dev != from->dev)
		target_errors_judge(guest->name, to, d->findings);
	return 0;
}

int relocate_limits(struct deciding *d, const struct decision *decision, struct err *err)
{
	const struct guest *guest = decision->guest;
	bool copies = decision->insulation || decision->method == METHOD_COPY;
	struct limits_question q = {
		.guest = guest->name, .tree = guest->tree, .survey = &guest->survey,
	};
	struct project has, hands;

	if (judge_errors(d, decision, err) < 0)
		return -1;
	if (!tree_is_mount(d, guest) &&
	    refuses_project(d, path_parent(guest->tree, d->pool), guest->tree, &has, &hands))
		finding_add(d->findings, VS_PROJECT_FIXED, guest->name, guest->tree,
			    "'%s' hands on project %u, the tree is of project %u",
			    show(path_parent(guest->tree, d->pool)), hands.id, has.id);
	if (!guest->surveyed)
		return 0;
	if (decision->insulation) {
		q.to = &decision->insulation->facts;
	} else if (copies) {
		const struct fsinfo *fs = target_fs(d, decision, err);

		if (!fs)
			return -1;
		q.to = &fs->facts;
	}
	if (copies)
		target_limits_judge(&q, d->pool, d->findings);
	target_subvolumes_judge(&q, copies, d->pool, d->findings);
	if (!copies && guest->survey.subvolumes && marks_any(&decision->marks))
		finding_add(d->findings, VS_METHOD_IMPOSSIBLE, guest->name, guest->tree,
			    "what VServer left on inodes is not repaired in place where there are "
			    "subvolumes: --method copy");
	return 0;
}

static int check_writable(struct deciding *d, const char *guest, const char *path,
			  struct err *err)
{
	const struct fsinfo *fs = fs_of(d, path, err);

	if (!fs)
		return -1;
	if (fs->read_only)
		finding_add(d->findings, VS_TARGET_READ_ONLY, guest, path,
			    "'%s' (%s) is mounted read-only", show(fs->mount_point),
			    show(fs->source));
	return 0;
}

/* Every place whose entries change: the shared ones for the host, the others by guest. */
int relocate_writable(struct deciding *d, struct err *err)
{
	const struct host *host = d->host;
	const char *const shared[] = {
		host->conf_dir, host->names_dir,
		host->private_pattern ? path_parent(host->private_pattern, d->pool) : NULL,
		host->root_pattern ? path_parent(host->root_pattern, d->pool) : NULL,
	};

	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (shared[i] && check_writable(d, NULL, shared[i], err) < 0)
			return -1;
	for (unsigned i = 0; i < host->nr_installs; i++)
		if (check_writable(d, NULL, host->installs[i], err) < 0)
			return -1;
	for (size_t i = 0; i < d->out->nr; i++) {
		const struct guest *guest = d->out->v[i].guest;

		const struct insulation *own = d->out->v[i].insulation;

		if (check_writable(d, guest->name, path_parent(guest->tree, d->pool), err) < 0 ||
		    (own && !own->device &&
		     check_writable(d, guest->name, path_parent(own->at, d->pool), err) < 0))
			return -1;
	}
	return 0;
}
