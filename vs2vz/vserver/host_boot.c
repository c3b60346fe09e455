/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host calls at boot: links in the rc directories of System V init, in the
 * "wants" directories of systemd and in the runlevels of Gentoo. VServer's own among
 * them are told by their names; a name that others use as well (rebootmgr, v_*) counts
 * only when its script speaks of VServer.
 */
#include "vserver/host_inside.h"

#include <ctype.h>
#include <dirent.h>
#include <fnmatch.h>
#include <string.h>

/* plain "": the name without "v_". */
static const struct service {
	const char *pattern;
	const char *plain;
	bool vague;		/* others may use the name */
} services[] = {
	{ "rebootmgr", NULL, true },
	{ "util-vserver", NULL, false },
	{ "util-vserver@*", NULL, false },
	{ "v_gated", "gated", false },
	{ "v_httpd", "httpd", false },
	{ "v_named", "named", false },
	{ "v_portmap", "portmap", false },
	{ "v_sendmail", "sendmail", false },
	{ "v_smb", "smb", false },
	{ "v_sshd", "sshd", false },
	{ "v_xinetd", "xinetd", false },
	{ "v_*", "", true },
	{ "vprocunhide", NULL, false },
	{ "vrootdevices", NULL, false },
	{ "vserver-mark@*", NULL, false },
	{ "vserver@*", NULL, false },
	{ "vservers", NULL, false },
	{ "vservers-default", NULL, false },
	{ "vservers-legacy", NULL, false },
	{ "vservers.*", NULL, false },
	{ "vservers@*", NULL, false },
};

/* "S98vservers-default" -> "vservers-default"; NULL: no name of System V init. */
static const char *rc_name(const char *name, struct pool *pool)
{
	(void)pool;
	if ((name[0] != 'S' && name[0] != 'K') || !isdigit((unsigned char)name[1]) ||
	    !isdigit((unsigned char)name[2]) || !name[3])
		return NULL;
	return name + 3;
}

/* "vservers@default.service" -> "vservers@default". */
static const char *unit_name(const char *name, struct pool *pool)
{
	static const char *const suffixes[] = { ".service", ".target", ".socket" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t len = strlen(name), tail = strlen(suffixes[i]);

		if (len > tail && strcmp(name + len - tail, suffixes[i]) == 0)
			return pool_memdup(pool, name, len - tail);
	}
	return NULL;
}

static const char *same_name(const char *name, struct pool *pool)
{
	(void)pool;
	return name;
}

/* Directories of links: path, pattern of the directories in it (NULL: itself). */
static const struct link_dirs {
	const char *path;
	const char *pattern;
	const char *(*service)(const char *name, struct pool *pool);
	bool may_stop;		/* K links only stop */
} link_dirs[] = {
	{ "/etc", "rc[0-6S].d", rc_name, true },
	{ "/etc/rc.d", "rc[0-6S].d", rc_name, true },
	{ "/etc/init.d", "rc[0-6S].d", rc_name, true },
	{ "/etc/init.d/boot.d", NULL, rc_name, true },
	{ "/etc/runlevels", "*", same_name, false },
	{ "/etc/systemd/system", "*.wants", unit_name, false },
	{ "/etc/systemd/system", "*.requires", unit_name, false },
};

static const struct service *service_find(const char *name)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (fnmatch(services[i].pattern, name, 0) == 0)
			return &services[i];
	return NULL;
}

/* Does the script behind the link speak of VServer? */
static bool speaks_of_vserver(struct host_reading *r, const char *path)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	return host_text(&text, r, path) &&
	       (memmem(text.data, text.len, "vserver", 7) || memmem(text.data, text.len, "chbind", 6));
}

static void add_enabled(struct host_reading *r, const char *service)
{
	*(const char **)pool_grow(r->pool, &r->out->enabled, &r->out->nr_enabled,
				  &r->out->cap_enabled, sizeof(const char *)) = service;
}

static void add_link(struct host_reading *r, const struct boot_link *link, const struct stat *st)
{
	struct buf target CLEANUP_BUF = BUF_INIT;
	struct boot_link *new;
	struct err err;

	if (!S_ISLNK(st->st_mode) || root_readlink(r->root, link->at, &target, &err) < 0 ||
	    strlen(target.data) != target.len) {
		*(const char **)pool_grow(r->pool, &r->out->stuck, &r->out->nr_stuck,
					  &r->out->cap_stuck, sizeof(const char *)) = link->at;
		return;
	}
	new = pool_grow(r->pool, &r->out->link, &r->out->nr_links, &r->out->cap_links,
			sizeof(*new));
	*new = *link;
	new->target = pool_strdup(r->pool, target.data);
	new->uid = st->st_uid;
	new->gid = st->st_gid;
	new->mtime = st->st_mtim;
}

static void read_entry(struct host_reading *r, const struct link_dirs *dirs, const char *dir,
		       const char *name)
{
	const char *service = dirs->service(name, r->pool);
	struct boot_link link = { .dir = dir, .at = pool_printf(r->pool, "%s/%s", dir, name) };
	const struct service *row;
	struct stat st;
	struct err err;

	if (!service || root_lstat(r->root, link.at, &st, &err) < 0 || S_ISDIR(st.st_mode))
		return;
	link.service = service;
	link.starts = !dirs->may_stop || name[0] == 'S';
	row = service_find(service);
	if (!row || (row->vague && !speaks_of_vserver(r, link.at))) {
		if (link.starts)
			add_enabled(r, service);
		return;
	}
	if (row->plain)
		link.plain = *row->plain ? row->plain : service + strlen("v_");
	add_link(r, &link, &st);
}

/* Directories that were read, by their canonical path: rc3.d may be a link to rc.d/rc3.d. */
struct seen {
	size_t nr, cap;
	const char **path;
};

static bool seen_before(struct seen *seen, struct pool *pool, const char *path)
{
	for (size_t i = 0; i < seen->nr; i++)
		if (strcmp(seen->path[i], path) == 0)
			return true;
	*(const char **)pool_grow(pool, &seen->path, &seen->nr, &seen->cap,
				  sizeof(const char *)) = path;
	return false;
}

static void read_dir(struct host_reading *r, const struct link_dirs *dirs, const char *path,
		     struct seen *seen)
{
	struct buf real CLEANUP_BUF = BUF_INIT;
	struct names names;
	const char *dir;
	struct stat st;
	struct err err;

	if (root_stat(r->root, path, &st, &err) < 0 || !S_ISDIR(st.st_mode) ||
	    root_canonical(r->root, path, &real, &err) < 0)
		return;
	dir = pool_strdup(r->pool, real.data);
	if (seen_before(seen, r->pool, dir))
		return;
	if (root_names(r->root, dir, r->pool, &names, &err) < 0) {
		finding_add(r->findings, VS_HOST_FILE_UNREAD, NULL, dir, "%s", err.text);
		return;
	}
	for (size_t i = 0; i < names.nr; i++)
		read_entry(r, dirs, dir, names.name[i]);
}

static void read_dirs(struct host_reading *r, const struct link_dirs *dirs, struct seen *seen)
{
	struct names names;
	struct err err;

	if (!dirs->pattern) {
		read_dir(r, dirs, dirs->path, seen);
		return;
	}
	if (root_names(r->root, dirs->path, r->pool, &names, &err) < 0)
		return;
	for (size_t i = 0; i < names.nr; i++)
		if (fnmatch(dirs->pattern, names.name[i], FNM_PERIOD) == 0)
			read_dir(r, dirs, pool_printf(r->pool, "%s/%s", dirs->path, names.name[i]),
				 seen);
}

/* Started by other means than a link: jobs of upstart, Slackware's scripts. */
static void read_others(struct host_reading *r)
{
	static const struct {
		const char *path, *service;
		bool program;
	} others[] = {
		{ "/etc/init/ssh.conf", "ssh", false },
		{ "/etc/init/sshd.conf", "sshd", false },
		{ "/etc/rc.d/rc.sshd", "rc.sshd", true },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct stat st;
		struct err err;

		if (root_stat(r->root, others[i].path, &st, &err) == 0 && S_ISREG(st.st_mode) &&
		    (!others[i].program || st.st_mode & 0111))
			add_enabled(r, others[i].service);
	}
}

void host_boot_read(struct host_reading *r)
{
	struct seen seen = { 0, 0, NULL };

	for (size_t i = 0; i < sizeof(link_dirs) / sizeof(link_dirs[0]); i++)
		read_dirs(r, &link_dirs[i], &seen);
	read_others(r);
}
