/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vz service, vzquota and the modules of OpenVZ's kernel. A module is there when it
 * is loaded, when /proc shows what it makes, when modules.dep or modules.builtin of the
 * kernel names it, or when the kernel's configuration says that it is built in.
 */
#include "openvz/service.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "openvz/conf.h"
#include "openvz/inside.h"

#define TEXT_MAX (16u << 20)

/* Which hosts need a module. */
enum need {
	NEED_ALWAYS,
	NEED_QUOTA,		/* vz.conf does not say DISK_QUOTA=no */
	NEED_SUSPEND,		/* vz.conf says VE_STOP_MODE=suspend */
	NEED_VETH,		/* a container has NETIF */
};

static const struct module {
	const char *name;
	const char *proc, *word; /* file of /proc that shows it, and (or NULL) a word in it */
	const char *config;	/* of the kernel, =y: built in */
	enum need need;
} modules[] = {
	{ "simfs", "/filesystems", "simfs", "CONFIG_SIM_FS", NEED_ALWAYS },
	{ "vzcpt", "/cpt", NULL, "CONFIG_VZ_CHECKPOINT", NEED_SUSPEND },
	{ "vzdev", "/devices", "vzctl", "CONFIG_VZ_DEV", NEED_ALWAYS },
	{ "vzdquota", "/vz/vzquota", NULL, "CONFIG_VZ_QUOTA", NEED_QUOTA },
	{ "vzethdev", "/vz/veth", NULL, "CONFIG_VE_ETHDEV", NEED_VETH },
	{ "vzmon", "/vz/veinfo", NULL, "CONFIG_VE_CALLS", NEED_ALWAYS },
	{ "vznetdev", "/vz/veip", NULL, "CONFIG_VE_NETDEV", NEED_ALWAYS },
	{ "vzrst", "/rst", NULL, "CONFIG_VZ_CHECKPOINT", NEED_SUSPEND },
};
#define NR_MODULES (sizeof(modules) / sizeof(modules[0]))

/* What one kernel is known to have. */
struct texts {
	struct buf dep, builtin, config;
	bool known;
};

static bool exists(const struct root *root, const char *path)
{
	struct stat st;
	struct err err;

	return root_stat(root, path, &st, &err) == 0;
}

static bool is_program(const struct root *root, const char *path)
{
	struct stat st;
	struct err err;

	return root_stat(root, path, &st, &err) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111;
}

const char *service_program(const struct root *root, const char *name, struct pool *pool)
{
	static const char *const dirs[] = {
		"/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin", "/usr/local/bin",
	};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		const char *path = pool_printf(pool, "%s/%s", dirs[i], name);

		if (is_program(root, path))
			return path;
	}
	return NULL;
}

static const char *find_script(const struct root *root)
{
	static const char *const places[] = {
		"/etc/init.d/vz", "/etc/rc.d/init.d/vz", "/etc/systemd/system/vz.service",
		"/lib/systemd/system/vz.service", "/usr/lib/systemd/system/vz.service",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (exists(root, places[i]))
			return places[i];
	return NULL;
}

/* Directories whose entries start services: pattern of directories, pattern of names. */
static const struct {
	const char *in, *dir, *name;
} starters[] = {
	{ "/etc", "rc[2345].d", "S[0-9][0-9]vz" },
	{ "/etc/rc.d", "rc[2345].d", "S[0-9][0-9]vz" },
	{ "/etc/init.d", "rc[2345].d", "S[0-9][0-9]vz" },
	{ "/etc/runlevels", "*", "vz" },
	{ "/etc/systemd/system", "*.wants", "vz.service" },
	{ "/lib/systemd/system", "*.wants", "vz.service" },
	{ "/usr/lib/systemd/system", "*.wants", "vz.service" },
};

static bool names_of(struct names *out, const struct root *root, const char *path,
		     struct pool *pool)
{
	struct err err;

	return root_names(root, path, pool, out, &err) == 0;
}

static const char *find_in(const struct root *root, const char *dir, const char *pattern,
			   struct pool *pool)
{
	struct names names;

	if (!names_of(&names, root, dir, pool))
		return NULL;
	for (size_t i = 0; i < names.nr; i++)
		if (fnmatch(pattern, names.name[i], 0) == 0)
			return pool_printf(pool, "%s/%s", dir, names.name[i]);
	return NULL;
}

static const char *find_link(const struct root *root, struct pool *pool)
{
	for (size_t i = 0; i < sizeof(starters) / sizeof(starters[0]); i++) {
		struct names names;

		if (!names_of(&names, root, starters[i].in, pool))
			continue;
		for (size_t k = 0; k < names.nr; k++) {
			const char *found;

			if (fnmatch(starters[i].dir, names.name[k], FNM_PERIOD) != 0)
				continue;
			found = find_in(root, pool_printf(pool, "%s/%s", starters[i].in,
							  names.name[k]), starters[i].name, pool);
			if (found)
				return found;
		}
	}
	return NULL;
}

static void read_conf(struct vz_service *out, const struct host *host, const struct root *root,
		      struct pool *pool)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct conf conf = { 0 };
	const char *value;
	struct err err;

	out->enabled = out->quota = true;
	if (!host->vz_conf || root_read(root, host->vz_conf, CONF_MAX, &text, &err) < 0)
		return;
	conf_parse(&conf, text.data, text.len, pool);
	value = conf_get(&conf, "VIRTUOZZO");
	out->enabled = value && strcmp(value, "yes") == 0;
	value = conf_get(&conf, "DISK_QUOTA");
	out->quota = !value || strcmp(value, "no") != 0;
	value = conf_get(&conf, "VE_STOP_MODE");
	out->suspend = value && strcmp(value, "suspend") == 0;
}

static bool has_veth(const struct root *root, const char *path, struct pool *pool)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct conf conf = { 0 };
	const char *value;
	struct err err;

	if (root_read(root, path, CONF_MAX, &text, &err) < 0 || !strstr(text.data, "NETIF"))
		return false;
	conf_parse(&conf, text.data, text.len, pool);
	value = conf_get(&conf, "NETIF");
	return value && *value;
}

static bool any_veth(const struct host *host, const struct root *root, struct pool *pool)
{
	struct names names;

	if (!host->conf_dir || !names_of(&names, root, host->conf_dir, pool))
		return false;
	for (size_t i = 0; i < names.nr; i++)
		if (ctid_of_conf(names.name[i]) &&
		    has_veth(root, pool_printf(pool, "%s/%s", host->conf_dir, names.name[i]), pool))
			return true;
	return false;
}

static bool is_needed(const struct vz_service *s, enum need need)
{
	return need == NEED_ALWAYS || (need == NEED_QUOTA && s->quota) ||
	       (need == NEED_SUSPEND && s->suspend) || (need == NEED_VETH && s->veth);
}

static bool read_text(struct buf *out, const struct root *root, const char *path)
{
	struct err err;

	buf_clear(out);
	return root_read(root, path, TEXT_MAX, out, &err) == 0;
}

/* Does the text have the word at the beginning of a line, or behind a blank? */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len)
		if ((at == text || strchr(" \t\n", at[-1])) && (!at[len] || strchr(" \t\n", at[len])))
			return true;
	return false;
}

static bool shows_itself(const struct root *proc, const struct module *m)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	if (read_text(&text, proc, "/modules") && has_word(text.data, m->name))
		return true;
	if (!m->word)
		return exists(proc, m->proc);
	return read_text(&text, proc, m->proc) && has_word(text.data, m->word);
}

/* "kernel/fs/simfs.ko: kernel/..." at the beginning of a line, or the end of one. */
static bool names_module(const struct buf *text, const char *name)
{
	char file[64];

	snprintf(file, sizeof(file), "/%s.ko", name);
	return strstr(text->data, file) != NULL;
}

static void read_kernel(struct texts *t, const struct root *root, const char *release,
			struct pool *pool)
{
	*t = (struct texts){ BUF_INIT, BUF_INIT, BUF_INIT, false };
	t->known = read_text(&t->dep, root, pool_printf(pool, "/lib/modules/%s/modules.dep", release));
	read_text(&t->builtin, root, pool_printf(pool, "/lib/modules/%s/modules.builtin", release));
	read_text(&t->config, root, pool_printf(pool, "/boot/config-%s", release));
}

static void release_kernel(struct texts *t)
{
	buf_release(&t->dep);
	buf_release(&t->builtin);
	buf_release(&t->config);
}

static bool kernel_has(const struct texts *t, const struct module *m)
{
	char line[64];

	snprintf(line, sizeof(line), "%s=y", m->config);
	return names_module(&t->dep, m->name) || names_module(&t->builtin, m->name) ||
	       has_word(t->config.data, line);
}

/* proc: NULL where only files count. */
static const char *find_missing(const struct vz_service *s, const struct texts *t,
				const struct root *proc, struct pool *pool)
{
	const char *missing = NULL;

	for (size_t i = 0; i < NR_MODULES; i++) {
		if (!is_needed(s, modules[i].need) || kernel_has(t, &modules[i]) ||
		    (proc && shows_itself(proc, &modules[i])))
			continue;
		missing = missing ? pool_printf(pool, "%s %s", missing, modules[i].name)
				  : modules[i].name;
	}
	return missing;
}

/* "2.6.32-042stab141.3", "2.6.32-5-openvz-amd64", "2.6.18-ovz028", "2.6.18-028stab..." */
static bool is_openvz_release(const char *release)
{
	static const char *const marks[] = { "stab", "openvz", "ovz" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(release, marks[i]))
			return true;
	return false;
}

static void read_kernels(struct vz_service *out, const struct root *root, struct pool *pool)
{
	struct names names;

	if (!names_of(&names, root, "/lib/modules", pool))
		return;
	for (size_t i = 0; i < names.nr; i++) {
		struct vz_kernel *k;
		struct texts t;

		read_kernel(&t, root, names.name[i], pool);
		if (is_openvz_release(names.name[i]) || names_module(&t.dep, "vzmon")) {
			k = pool_grow(pool, &out->kernel, &out->nr_kernels, &out->cap_kernels,
				      sizeof(*k));
			*k = (struct vz_kernel){
				.release = names.name[i], .known = t.known,
				.missing = t.known ? find_missing(out, &t, NULL, pool) : NULL,
			};
		}
		release_kernel(&t);
	}
}

static bool is_vzctl_device(const struct root *root)
{
	struct stat st;
	struct err err;

	return root_stat(root, "/dev/vzctl", &st, &err) == 0 && S_ISCHR(st.st_mode);
}

static void read_running(struct vz_service *out, const struct host *host,
			 const struct root *root, const struct root *proc, struct pool *pool)
{
	struct texts t;

	out->live = true;
	out->started = is_vzctl_device(root) && exists(proc, "/vz/veinfo");
	read_kernel(&t, root, host->kernel_release, pool);
	out->missing = find_missing(out, &t, proc, pool);
	if (out->missing && !t.known)
		out->missing = NULL;
	release_kernel(&t);
}

void service_read(struct vz_service *out, const struct host *host, const struct root *root,
		  const struct root *proc, struct pool *pool)
{
	*out = (struct vz_service){ 0 };
	out->script = find_script(root);
	out->link = find_link(root, pool);
	out->vzctl = service_program(root, "vzctl", pool);
	out->vzquota = service_program(root, "vzquota", pool);
	read_conf(out, host, root, pool);
	out->veth = any_veth(host, root, pool);
	read_kernels(out, root, pool);
	if (proc && host->kernel == KERNEL_OPENVZ)
		read_running(out, host, root, proc, pool);
}
