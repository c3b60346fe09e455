/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kernel runs, told by /proc as vzctl and its init script tell it: a container
 * has /proc/vz too, but neither /proc/bc nor the host's row (uid 0) in
 * /proc/user_beancounters. A Linux-VServer kernel shows /proc/virtual and
 * /proc/virtnet.
 *
 * /dev/vzctl is not asked for: it appears with the vz service, and a conversion
 * works without the service.
 */
#include "openvz/inside.h"

#include <string.h>

#include "base/compat.h"

#define BEANCOUNTERS_MAX (64 * 1024 * 1024)

static bool exists(const struct root *proc, const char *path)
{
	struct err err;
	struct stat st;

	return root_stat(proc, path, &st, &err) == 0;
}

/* "2.6.22.19-vs2.2.0.7", "2.6.32-5-vserver-amd64" */
static bool is_vserver_release(const char *release)
{
	const char *vs = strstr(release, "-vs");

	return vs && ((vs[3] >= '0' && vs[3] <= '9') || strncmp(vs, "-vserver", 8) == 0);
}

/* Has the table a row of uid 0: "       0: kmemsize  ..." ? */
static bool has_row_0(const char *text)
{
	while (text) {
		text += strspn(text, " \t");
		if (text[0] == '0' && text[1] == ':')
			return true;
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return false;
}

/* The host's side of /proc/vz? A table that only root may read is no answer: yes. */
static bool is_vz_host(const struct root *proc)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct err err;

	if (exists(proc, "/bc"))
		return true;
	if (root_read(proc, "/user_beancounters", BEANCOUNTERS_MAX, &text, &err) < 0)
		return !err_is_absent(&err);
	return has_row_0(text.data);
}

static enum kernel_kind kernel_kind(const struct root *proc, const char *release)
{
	if (exists(proc, "/virtual") || exists(proc, "/virtnet") || is_vserver_release(release))
		return KERNEL_VSERVER;
	if (!exists(proc, "/vz"))
		return KERNEL_OTHER;
	return is_vz_host(proc) ? KERNEL_OPENVZ : KERNEL_OPENVZ_CT;
}

static int read_release(const char **out, const struct root *proc, struct pool *pool,
			struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	if (root_read(proc, "/sys/kernel/osrelease", 4096, &text, err) < 0)
		return -1;
	*out = pool_memdup(pool, text.data, strcspn(text.data, "\n"));
	return 0;
}

int kernel_read(struct host *host, const struct root *proc, struct pool *pool,
		struct findings *findings, struct err *err)
{
	static const struct {
		enum kernel_kind kind;
		enum finding_id id;
		const char *object;
		const char *seen;
	} rows[] = {
		{ KERNEL_VSERVER, VS_VSERVER_KERNEL, "/proc/virtual",
		  "the running kernel %s is a Linux-VServer kernel" },
		{ KERNEL_OPENVZ_CT, VS_INSIDE_CONTAINER, "/proc/vz",
		  "kernel %s: /proc/vz without the host's own beancounters" },
		{ KERNEL_OTHER, VS_NO_OPENVZ_KERNEL, "/proc/vz",
		  "the running kernel %s has no /proc/vz" },
	};

	host->kernel = KERNEL_OFFLINE;
	host->kernel_release = "";
	host->vswap = false;
	host->coarse_times = !kernel_can(CAN_SET_NANOSECONDS);
	if (!proc)
		return 0;
	if (read_release(&host->kernel_release, proc, pool, err) < 0)
		return -1;
	host->kernel = kernel_kind(proc, host->kernel_release);
	host->vswap = exists(proc, "/vz/vswap");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].kind == host->kernel)
			finding_add(findings, rows[i].id, NULL, rows[i].object, rows[i].seen,
				    show(host->kernel_release));
	return 0;
}
