/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kind of system a tree holds: distribution, the init that a container would
 * start, processor, and the few things without which nothing starts. By looking
 * at names, links and release files; no program of the guest is run.
 */
#include <string.h>
#include <sys/sysmacros.h>

#include "vserver/guest_file.h"
#include "vserver/scan.h"

/* Where a container's first process is looked for, in order. */
static const char *const init_paths[] = { "sbin/init", "etc/init", "bin/init" };

/* What a link called init leads to. */
static const struct {
	const char *program;
	const char *init;
} targets[] = {
	{ "busybox", "busybox" }, { "busybox.static", "busybox" }, { "minit", "other" },
	{ "openrc-init", "openrc" }, { "runit", "other" }, { "runit-init", "other" },
	{ "s6-svscan", "other" }, { "systemd", "systemd" }, { "upstart", "upstart" },
};

static bool has_conf(const struct guest_tree *t, const char *dir)
{
	struct pool pool = POOL_INIT;
	struct names names;
	struct err err;
	bool found = false;

	if (guest_is_dir(t, dir) && root_names(t->root, dir, &pool, &names, &err) == 0)
		for (size_t i = 0; i < names.nr && !found; i++) {
			size_t len = strlen(names.name[i]);

			found = len > 5 && strcmp(names.name[i] + len - 5, ".conf") == 0;
		}
	pool_release(&pool);
	return found;
}

static bool is_openrc(const struct guest_tree *t)
{
	return guest_is_program(t, "sbin/openrc") || guest_is_dir(t, "lib/rc/bin") ||
	       guest_is_dir(t, "lib64/rc/bin") || guest_is_dir(t, "libexec/rc/bin");
}

/*
 * A program that is called init itself. Jobs of upstart alone prove nothing beside
 * an inittab: Debian's packages bring them for those who have upstart.
 */
static const char *plain_init(const struct guest_tree *t)
{
	bool inittab = guest_is_file(t, "etc/inittab");

	if (is_openrc(t))
		return "openrc";
	if (guest_is_program(t, "sbin/initctl") || (!inittab && has_conf(t, "etc/init")))
		return "upstart";
	return inittab ? "sysvinit" : "other";
}

static const char *init_kind(const struct guest_tree *t, const char *path)
{
	struct buf real CLEANUP_BUF = BUF_INIT;
	const char *kind = NULL;
	const char *last;
	struct err err;

	if (root_canonical(t->root, path, &real, &err) < 0)
		return "other";
	last = strrchr(real.data, '/');
	last = last ? last + 1 : real.data;
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++)
		if (strcmp(targets[i].program, last) == 0)
			kind = targets[i].init;
	if (!kind)
		return plain_init(t);
	return strcmp(kind, "busybox") == 0 && is_openrc(t) ? "openrc" : kind;
}

static const char *find_init(const struct guest_tree *t)
{
	for (size_t i = 0; i < sizeof(init_paths) / sizeof(*init_paths); i++)
		if (guest_is_program(t, init_paths[i]))
			return init_paths[i];
	return NULL;
}

static const char *find_arch(const struct guest_tree *t, const char *init)
{
	const char *const programs[] = { init, "bin/sh", "bin/bash", "bin/busybox" };

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		const char *arch = programs[i] ? program_arch(t, programs[i]) : "";

		if (*arch)
			return arch;
	}
	return "";
}

static bool has_dev_null(const struct guest_tree *t)
{
	struct stat st;
	struct err err;

	return root_lstat(t->root, "dev/null", &st, &err) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(1, 3);
}

int vserver_system(struct system *out, const struct root *tree, struct pool *pool,
		   struct findings *findings, const char *guest, struct err *err)
{
	struct guest_tree t = { tree, pool, findings, guest };
	const char *init;
	struct stat st;

	if (root_stat(tree, "/", &st, err) < 0)
		return -1;
	init = find_init(&t);
	distro_detect(&t, &out->distro, &out->version);
	out->init = init ? init_kind(&t, init) : "none";
	out->arch = find_arch(&t, init);
	out->init_arch = program_arch(&t, init_paths[0]);
	out->has_shell = guest_is_program(&t, "bin/bash") || guest_is_program(&t, "bin/sh");
	out->has_dev_null = has_dev_null(&t);
	return 0;
}
