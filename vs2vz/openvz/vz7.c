/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signs of OpenVZ 7 and later, whose private areas hold the tree in fs/ and whose
 * CTID.conf is a link into the private area (libvzctl). Read only; every sign must
 * also be found on an offline host, so the kernel is only one of them.
 */
#include "openvz/inside.h"

#include <dirent.h>
#include <string.h>

/* Directories that the packages of libvzctl bring. */
static const char *const libvzctl_dirs[] = {
	"/usr/libexec/libvzctl",
	"/usr/share/libvzctl",
};

/* "3.10.0-1160.21.1.vz7.174.13", "5.14.0-427.vz9.55.5" */
static bool is_vz7_release(const char *release)
{
	const char *vz = strstr(release, ".vz");

	return vz && (vz[3] >= '7' || (vz[3] == '1' && vz[4] >= '0')) && vz[3] <= '9';
}

static bool is_dir(const struct root *root, const char *path)
{
	struct err err;
	struct stat st;

	return root_stat(root, path, &st, &err) == 0 && S_ISDIR(st.st_mode);
}

/* Does a link's text end so? */
static bool link_ends(const struct root *root, const char *path, const char *end)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	size_t len = strlen(end);
	struct err err;

	return root_readlink(root, path, &text, &err) == 0 && text.len >= len &&
	       memcmp(text.data + text.len - len, end, len) == 0;
}

/* Names of a directory that may be absent. */
static int list(struct names *out, const struct root *root, const char *dir, struct pool *pool,
		struct err *err)
{
	*out = (struct names){ 0 };
	if (root_names(root, dir, pool, out, err) == 0)
		return 0;
	*out = (struct names){ 0 };
	return err_is_absent(err) ? 0 : -1;
}

static bool may_be(unsigned char type, unsigned char wanted)
{
	return type == wanted || type == DT_UNKNOWN;
}

/* CTID.conf that is a link to VE_PRIVATE/ve.conf. */
static int linked_conf(const char **out, const struct host *host, const struct root *root,
		       struct pool *pool, struct err *err)
{
	struct names names;

	if (list(&names, root, host->conf_dir, pool, err) < 0)
		return -1;
	for (size_t i = 0; i < names.nr && !*out; i++) {
		const char *path;

		if (!may_be(names.type[i], DT_LNK))
			continue;
		path = pool_printf(pool, "%s/%s", host->conf_dir, names.name[i]);
		if (link_ends(root, path, "/ve.conf"))
			*out = path;
	}
	return 0;
}

/* A private area with a layout mark, beside the place of ours. */
static int marked_area(const char **out, const struct host *host, const struct root *root,
		       struct pool *pool, struct err *err)
{
	const char *pattern = host->private_pattern;
	const char *end = strchr(pattern, '$');
	struct names names;
	char *dir;

	if (!end || end == pattern || end[-1] != '/')
		return 0;
	dir = pool_memdup(pool, pattern, (size_t)(end - pattern) - 1);
	if (list(&names, root, dir, pool, err) < 0)
		return -1;
	for (size_t i = 0; i < names.nr && !*out; i++) {
		const char *mark;

		if (!may_be(names.type[i], DT_DIR))
			continue;
		mark = pool_printf(pool, "%s/%s/.ve.layout", dir, names.name[i]);
		if (link_ends(root, mark, "4") || link_ends(root, mark, "5"))
			*out = mark;
	}
	return 0;
}

/* Signs that cost no listing. */
static bool cheap_sign(struct vz7_sign *out, const struct host *host, const struct root *root)
{
	if (is_vz7_release(host->kernel_release)) {
		*out = (struct vz7_sign){ "kernel", host->kernel_release };
		return true;
	}
	for (size_t i = 0; i < sizeof(libvzctl_dirs) / sizeof(*libvzctl_dirs); i++)
		if (is_dir(root, libvzctl_dirs[i])) {
			*out = (struct vz7_sign){ libvzctl_dirs[i], "libvzctl is installed" };
			return true;
		}
	return false;
}

int vz7_find(struct vz7_sign *out, const struct host *host, const struct root *root,
	     struct pool *pool, struct err *err)
{
	*out = (struct vz7_sign){ NULL, NULL };
	if (cheap_sign(out, host, root))
		return 0;
	if (linked_conf(&out->object, host, root, pool, err) < 0)
		return -1;
	if (out->object) {
		out->seen = "a link into a private area";
		return 0;
	}
	if (marked_area(&out->object, host, root, pool, err) < 0)
		return -1;
	if (out->object)
		out->seen = "a private area of layout 4 or 5";
	return 0;
}
