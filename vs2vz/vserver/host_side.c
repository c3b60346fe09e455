/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side as a whole, and what its readers share: texts of files, and the
 * list of lines that speak of VServer. Reads only; goes on past everything odd.
 */
#include "vserver/host_side.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vserver/host_inside.h"

void host_mention(struct host_reading *r, const struct mention *mention)
{
	struct host_side *out = r->out;

	if (out->nr_mentions >= MENTIONS_MAX) {
		out->cut = true;
		return;
	}
	*(struct mention *)pool_grow(r->pool, &out->mention, &out->nr_mentions,
				     &out->cap_mentions, sizeof(*out->mention)) = *mention;
}

bool host_text(struct buf *out, struct host_reading *r, const char *path)
{
	struct stat st;
	struct err err;

	buf_clear(out);
	if (root_stat(r->root, path, &st, &err) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (root_read(r->root, path, HOST_FILE_MAX, out, &err) == 0)
		return true;
	finding_add(r->findings, VS_HOST_FILE_UNREAD, NULL, path, "%s", err.text);
	return false;
}

static int by_path(const void *left, const void *right)
{
	const struct boot_link *a = left, *b = right;

	return strcmp(a->at, b->at);
}

void host_side_read(struct host_side *out, const struct guests *guests, const struct root *root,
		    struct pool *pool, struct findings *findings)
{
	struct host_reading r = {
		.out = out, .guests = guests, .root = root, .pool = pool, .findings = findings,
	};

	*out = (struct host_side){ 0 };
	host_boot_read(&r);
	host_lines_read(&r);
	host_fstab_read(&r);
	if (out->nr_links > 1)
		qsort(out->link, out->nr_links, sizeof(*out->link), by_path);
}

/* What one service is called on other distributions. */
static const char *const aliases[][3] = {
	{ "sshd", "ssh", "rc.sshd" },
	{ "httpd", "apache2", "apache" },
	{ "named", "bind9", "bind" },
	{ "portmap", "rpcbind", NULL },
	{ "smb", "samba", "smbd" },
};

static bool is_enabled(const struct host_side *side, const char *service)
{
	for (size_t i = 0; i < side->nr_enabled; i++)
		if (strcmp(side->enabled[i], service) == 0)
			return true;
	return false;
}

bool host_starts(const struct host_side *side, const char *plain)
{
	if (is_enabled(side, plain))
		return true;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		for (size_t k = 1; strcmp(aliases[i][0], plain) == 0 && k < 3; k++)
			if (aliases[i][k] && is_enabled(side, aliases[i][k]))
				return true;
	return false;
}
