/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sample a container's configuration starts from (vzctl: etc/conf/, the
 * names before and after 3.0.24), and its text. Reads only; what is in the samples
 * does not interest here beyond what vzctl could not carry.
 */
#include "openvz/layout.h"

#include <errno.h>
#include <string.h>

#include "openvz/inside.h"

#define BUILTIN_NAME "vs2vz"
/* vzctl saves through a buffer of 16 KiB and would cut a longer line in two. */
#define LINE_MAX_BYTES 16000

/* *out: the path of a sample that is a regular file, NULL where there is none. */
static bool find_file(const char **out, const struct host *host, const struct root *root,
		     const char *name, struct pool *pool)
{
	const char *path = pool_printf(pool, "%s/ve-%s.conf-sample", host->conf_dir, name);
	struct err err;
	struct stat st;

	*out = NULL;
	if (root_stat(root, path, &st, &err) < 0 || !S_ISREG(st.st_mode))
		return false;
	*out = vz_canonical(root, path, pool);
	return true;
}

int sample_find(const char **name, const char **path, const struct host *host,
		const struct root *root, const char *wanted, struct pool *pool,
		struct err *err)
{
	const char *names[] = { "vps.basic", "basic", host->config_file };

	if (wanted) {
		*name = pool_strdup(pool, wanted);
		if (!*wanted || strchr(wanted, '/'))
			return fail(err, "'%s' is no name of a sample", show(wanted));
		if (find_file(path, host, root, wanted, pool))
			return 0;
		return fail_code(err, ENOENT, "there is no sample '%s/ve-%s.conf-sample'",
				 show(host->conf_dir), show(wanted));
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i] && find_file(path, host, root, names[i], pool)) {
			*name = names[i];
			return 0;
		}
	*name = BUILTIN_NAME;
	*path = NULL;
	return 0;
}

/* What conf_apply() carries over byte for byte must be something that vzctl can keep. */
static int check_text(const char *path, const struct buf *text, struct err *err)
{
	const char *at = text->data, *end = text->data + text->len;

	if (memchr(at, '\0', text->len))
		return fail(err, "the sample '%s' contains a NUL byte", show(path));
	for (unsigned line = 1; at < end; line++) {
		size_t len = strcspn(at, "\n");

		if (len >= LINE_MAX_BYTES)
			return fail(err, "the sample '%s' has a line of %zu bytes (line %u)",
				    show(path), len, line);
		at += len + 1;
	}
	return 0;
}

const char *sample_builtin(void)
{
	return builtin_sample;
}

int sample_read(struct buf *out, const struct root *root, const char *path, struct err *err)
{
	buf_clear(out);
	if (!path) {
		buf_adds(out, builtin_sample);
		return 0;
	}
	if (root_read(root, path, CONF_MAX, out, err) < 0)
		return -1;
	return check_text(path, out, err);
}
