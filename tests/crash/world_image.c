/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that gets a file system of its own in an image file, on the world of world.c;
 * and one that is copied out of it again.
 */
#include "world.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE "/vz/348.img"
#define FS_UUID "6d9cdf3c-8d0b-4b56-9d1c-0f1f65e1d0a1"

static struct step *add(struct plan *p, struct pool *pool, const char *kind, const char *at)
{
	struct step *s = plan_step(p, pool, kind);

	if (at)
		step_arg(s, pool, "at", at);
	return s;
}

static struct stat look_for(const struct root *root, const char *path)
{
	struct err err;
	struct stat st;

	if (root_lstat(root, path, &st, &err) < 0)
		exit(99);
	return st;
}

static void add_times(struct plan *p, const struct root *root, struct pool *pool, const char *at)
{
	struct step *s = add(p, pool, "times", at);
	struct stat st = look_for(root, at);
	const char *names;
	struct err err;

	if (input_evidence(&names, root, INPUT_NAMES, at, pool, &err) < 0)
		exit(99);
	step_argf(s, pool, "mtime", "%lld.%09ld", (long long)st.st_mtim.tv_sec,
		  st.st_mtim.tv_nsec);
	step_arg(s, pool, "names", names);
}

static void add_source(struct step *s, struct pool *pool, const struct root *root,
		       const char *from, const char *to)
{
	step_arg(s, pool, "from", from);
	step_arg(s, pool, "to", to);
	step_argf(s, pool, "id", "-/%llu/-", (unsigned long long)look_for(root, from).st_ino);
}

static void add_makefs(struct plan *p, const struct root *root, struct pool *pool)
{
	struct step *s = add(p, pool, "makefs", IMAGE);

	add_source(s, pool, root, "/vservers/uni", "/vz/private/348");
	step_arg(s, pool, "uuid", FS_UUID);
	step_arg(s, pool, "label", "ct348");
	step_arg(s, pool, "type", "ext4");
	step_argf(s, pool, "bytes", "%u", 8u << 20);
	step_arg(s, pool, "inodes", "64");
	step_arg(s, pool, "reserve", "5");
	step_arg(s, pool, "tagging", "id24");
	step_arg(s, pool, "tags", "300");
	step_arg(s, pool, "immutable", "files");
}

void world_plan_image(struct plan *p, const struct root *root, struct pool *pool)
{
	struct stat bare = look_for(root, "/vz/bare");
	struct step *s;

	*p = (struct plan){ .scope = "guest", .guest = "web", .ctid = 348 };
	add_times(p, root, pool, "/vservers");
	add_times(p, root, pool, "/vz");
	s = add(p, pool, "mkdir", "/vz/private");
	step_arg(s, pool, "mode", "0755");
	step_argf(s, pool, "owner", "%u:%u", (unsigned)geteuid(), (unsigned)getegid());
	add_makefs(p, root, pool);
	s = add(p, pool, "retire", NULL);
	add_source(s, pool, root, "/vservers/uni", "/vservers/.uni.vs2vz-retired");
	add(p, pool, "mountpoint", "/vz/private/348");
	s = add(p, pool, "copy", NULL);
	step_arg(s, pool, "from", IMAGE);
	step_arg(s, pool, "to", "/vz/private/349");
	step_arg(s, pool, "id", "-/2/-");
	step_arg(s, pool, "volume", FS_UUID);
	s = add(p, pool, "unmountpoint", "/vz/bare");
	step_argf(s, pool, "mtime", "%lld.%09ld", (long long)bare.st_mtim.tv_sec,
		  bare.st_mtim.tv_nsec);
}
