/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only the VServer kernel can tell, or its configuration left in /boot: the way in
 * which contexts are kept on disk, and which contexts live now. The configuration of
 * the running kernel goes first, then /proc/virtual/info (VCIKernel, bits 24 to 26),
 * then the configurations of all VServer kernels, where they agree.
 */
#include "vserver/host_side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define CONFIG_MAX (1024 * 1024)
#define INFO_MAX 4096
#define RELEASE_MAX 4096

static const struct {
	const char *config;	/* CONFIG_TAGGING_ */
	int bits;		/* of VCIKernel */
} methods[] = {
	[TAGGING_UNKNOWN] = { NULL, -1 },
	[TAGGING_NONE] = { "NONE", 0 },
	[TAGGING_UID16] = { "UID16", 1 },
	[TAGGING_GID16] = { "GID16", 2 },
	[TAGGING_ID24] = { "ID24", 3 },
	[TAGGING_INTERN] = { "INTERN", 4 },
	[TAGGING_RUNTIME] = { "RUNTIME", 5 },
};
#define NR_METHODS (sizeof(methods) / sizeof(methods[0]))

/* Whole lines only. */
static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at += len)
		if ((at == text || at[-1] == '\n') && (at[len] == '\n' || !at[len]))
			return true;
	return false;
}

static enum tagging from_config(const struct root *root, const char *path)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	char line[64];
	struct err err;

	if (root_read(root, path, CONFIG_MAX, &text, &err) < 0)
		return TAGGING_UNKNOWN;
	for (size_t i = 1; i < NR_METHODS; i++) {
		snprintf(line, sizeof(line), "CONFIG_TAGGING_%s=y", methods[i].config);
		if (has_line(text.data, line))
			return (enum tagging)i;
	}
	return TAGGING_UNKNOWN;
}

static enum tagging from_info(const struct root *proc)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	const char *at;
	struct err err;
	int bits;

	if (root_read(proc, "/virtual/info", INFO_MAX, &text, &err) < 0)
		return TAGGING_UNKNOWN;
	at = strstr(text.data, "VCIKernel:");
	if (!at)
		return TAGGING_UNKNOWN;
	bits = (int)(strtoul(at + strlen("VCIKernel:"), NULL, 16) >> 24 & 7);
	for (size_t i = 1; i < NR_METHODS; i++)
		if (methods[i].bits == bits)
			return (enum tagging)i;
	return TAGGING_UNKNOWN;
}

static const char *release_of(const struct root *proc, struct pool *pool)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct err err;

	if (root_read(proc, "/sys/kernel/osrelease", RELEASE_MAX, &text, &err) < 0)
		return NULL;
	text.data[strcspn(text.data, "\n")] = '\0';
	return *text.data && !strchr(text.data, '/') ? pool_strdup(pool, text.data) : NULL;
}

static bool take(struct host_tagging *out, enum tagging method, const char *from)
{
	if (method == TAGGING_UNKNOWN)
		return false;
	*out = (struct host_tagging){ method, from };
	return true;
}

/* All kernels that know tags say the same, or nothing is known. */
static void from_all(struct host_tagging *out, const struct root *root, struct pool *pool)
{
	struct names names;
	struct err err;

	if (root_names(root, "/boot", pool, &names, &err) < 0)
		return;
	for (size_t i = 0; i < names.nr; i++) {
		const char *path = pool_printf(pool, "/boot/%s", names.name[i]);
		enum tagging method;

		if (strncmp(names.name[i], "config-", 7) != 0)
			continue;
		method = from_config(root, path);
		if (method == TAGGING_UNKNOWN)
			continue;
		if (out->from && out->method != method) {
			*out = (struct host_tagging){ TAGGING_UNKNOWN, NULL };
			return;
		}
		take(out, method, path);
	}
}

void host_tagging_read(struct host_tagging *out, const struct root *root, const struct root *proc,
		       struct pool *pool)
{
	const char *release = proc ? release_of(proc, pool) : NULL;
	const char *config = release ? pool_printf(pool, "/boot/config-%s", release) : NULL;

	*out = (struct host_tagging){ TAGGING_UNKNOWN, NULL };
	if (config && take(out, from_config(root, config), config))
		return;
	if (proc && take(out, from_info(proc), "/proc/virtual/info"))
		return;
	from_all(out, root, pool);
}

/* Static contexts first: a run file may be older than this boot. */
static const struct guest *guest_of(const struct guests *guests, int64_t xid)
{
	for (size_t i = 0; i < guests->nr; i++)
		if (guests->v[i].xid == xid && !guests->v[i].barred)
			return &guests->v[i];
	for (size_t i = 0; i < guests->nr; i++)
		if (guests->v[i].xid < 0 && guests->v[i].last_xid == xid && !guests->v[i].barred)
			return &guests->v[i];
	return NULL;
}

void host_contexts_read(struct live_contexts *out, const struct guests *guests,
			const struct root *proc, struct pool *pool)
{
	struct names names;
	struct err err;
	uint64_t xid;

	*out = (struct live_contexts){ 0 };
	if (root_names(proc, "/virtual", pool, &names, &err) < 0)
		return;
	for (size_t i = 0; i < names.nr; i++)
		if (parse_u64(names.name[i], INT32_MAX, &xid) && xid > 1)
			*(struct live_context *)pool_grow(pool, &out->v, &out->nr, &out->cap,
							  sizeof(*out->v)) =
				(struct live_context){ (int64_t)xid, guest_of(guests, (int64_t)xid) };
}
