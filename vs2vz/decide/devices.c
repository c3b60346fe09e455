/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices. A container has the harmless nodes (null, zero, random, tty, ...) anyway.
 * DEVNODES names a node of the host, and vzctl stops the list at one that does not
 * exist; so only nodes are named that a module of the host makes, and a finding says
 * which. Rights of a device group go by number: DEVICES, whatever exists.
 */
#include <string.h>

#include "base/buf.h"
#include "decide/translate.h"
#include "openvz/param.h"
#include "vserver/value.h"

static const struct {
	const char *path;
	const char *token;	/* NULL: every container has it */
} nodes[] = {
	{ "/dev/null", NULL }, { "/dev/zero", NULL }, { "/dev/full", NULL },
	{ "/dev/random", NULL }, { "/dev/urandom", NULL }, { "/dev/tty", NULL },
	{ "/dev/ptmx", NULL }, { "/dev/console", NULL }, { "/dev/net/tun", "net/tun:rw" },
	{ "/dev/fuse", "fuse:rw" }, { "/dev/ppp", "ppp:rw" },
};
#define NR_NODES (sizeof(nodes) / sizeof(nodes[0]))

static void need_node(struct translation *t, const char *token, const char *from)
{
	add_token(t, "DEVNODES", token, from);
	finding_add(t->findings, VS_DEVICE_NEEDS, t->guest->name, from,
		    "'/dev/%.*s' must exist on the host when the container starts",
		    (int)strcspn(token, ":"), token);
}

/* ---- apps/vdevmap/X */

static void claim_map(struct translation *t, const char *folder, enum verdict verdict,
		      const char *params, const char *reason)
{
	static const char *const files[] = {
		"device", "open", "create", "remap", "target", "flags",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		claim_path(t, pool_printf(t->pool, "%s/%s", folder, files[i]), verdict, params,
			   reason);
}

static void read_map(struct translation *t, const char *folder)
{
	const struct item *device = own_item(t, pool_printf(t->pool, "%s/device", folder));
	const char *path = value_line(device, t->pool).liberal;
	size_t i = 0;

	while (i < NR_NODES && strcmp(nodes[i].path, path) != 0)
		i++;
	if (own_item(t, pool_printf(t->pool, "%s/remap", folder)) || i == NR_NODES) {
		claim_map(t, folder, VERDICT_MANUAL, NULL,
			  pool_printf(t->pool, "'%s': vzctl set %u --devices or --devnodes, where the "
				      "container still needs it", show(path), t->ct->ctid));
	} else if (!nodes[i].token) {
		claim_map(t, folder, VERDICT_NOT_NEEDED, NULL, "every container has this device");
	} else {
		need_node(t, nodes[i].token, folder);
		claim_map(t, folder, VERDICT_NEAR, "DEVNODES", NULL);
	}
}

static void read_maps(struct translation *t)
{
	static const char start[] = "apps/vdevmap/";
	const char *last = "";

	for (size_t i = 0; i < t->guest->items.nr; i++) {
		const char *path = t->guest->items.v[i].path, *folder;

		if (strncmp(path, start, strlen(start)) != 0 || !strchr(path + strlen(start), '/'))
			continue;
		folder = pool_memdup(t->pool, path, strlen(start) +
				     strcspn(path + strlen(start), "/"));
		if (strcmp(folder, last) != 0)
			read_map(t, folder);
		last = folder;
	}
}

/* ---- cgroup/devices.* */

/* What vzctl gives every container. */
static bool is_usual(const char *type, const char *numbers)
{
	static const char *const usual[] = {
		"1:3", "1:5", "1:7", "1:8", "1:9", "5:0", "5:1", "5:2", "136:*", "137:*",
	};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (strcmp(type, "c") == 0 && strcmp(usual[i], numbers) == 0)
			return true;
	return false;
}

/* "c 10:200 rwm" -> "c:10:200:rw"; NULL: no counterpart; "": nothing to do. */
static const char *device_token(struct translation *t, const char *line)
{
	char type[4] = "", rights[4] = "";
	const char *p = line + strspn(line, " \t"), *numbers;
	size_t nr = 0, len = strcspn(p, " \t");

	if (len != 1 || (*p != 'b' && *p != 'c'))
		return NULL;
	type[0] = *p;
	p += len;
	p += strspn(p, " \t");
	len = strcspn(p, " \t");
	numbers = pool_memdup(t->pool, p, len);
	for (p += len; *p; p++) {
		if ((*p == 'r' || *p == 'w') && nr < 2 && !strchr(rights, *p))
			rights[nr++] = *p;
	}
	if (is_usual(type, numbers))
		return "";
	const char *colon = strchr(numbers, ':');
	if (!colon || !nr)
		return NULL;
	const char *token = pool_printf(t->pool, "%s:%.*s:%s:%s", type, (int)(colon - numbers),
					numbers, strcmp(colon + 1, "*") ? colon + 1 : "all", rights);
	return param_fault("DEVICES", token) ? NULL : token;
}

static void read_allow(struct translation *t, const struct item *item)
{
	const char *p = item->text;
	bool lost = false, set = false;

	while (*p) {
		size_t len = strcspn(p, "\n");
		const char *line = pool_memdup(t->pool, p, len);
		const char *token = device_token(t, line);

		p += len + (p[len] == '\n');
		if (!line[strspn(line, " \t\r")])
			continue;
		lost = lost || !token;
		if (token && *token) {
			add_token(t, "DEVICES", token, "cgroup/devices.allow");
			set = true;
		}
	}
	if (lost)
		claim_item(t, item, VERDICT_MANUAL, NULL,
			   "a device right that cannot be given: see vzctl set --devices");
	else
		claim_item(t, item, set ? VERDICT_SAME : VERDICT_NOT_NEEDED,
			   set ? "DEVICES" : NULL, set ? NULL : "every container has these devices");
}

/* interfaces/X/{tun,tap}: the guest's program opened what VServer had made. */
static void read_tunnels(struct translation *t)
{
	bool told = false;

	for (size_t i = 0; i < t->guest->items.nr; i++) {
		const struct item *item = &t->guest->items.v[i];
		const char *name = strrchr(item->path, '/');

		if (strncmp(item->path, "interfaces/", 11) != 0 || item->type == ITEM_DIR ||
		    (strcmp(name, "/tun") != 0 && strcmp(name, "/tap") != 0))
			continue;
		if (!told)
			need_node(t, "net/tun:rw", item->path);
		told = true;
		claim_item(t, item, VERDICT_NEAR, "DEVNODES", NULL);
	}
}

void set_devices(struct translation *t)
{
	const struct item *allow = cgroup_item(t, "devices.allow");

	if (t->guest->style == STYLE_LEGACY)
		return;
	read_maps(t);
	read_tunnels(t);
	if (allow && allow->type == ITEM_FILE)
		read_allow(t, allow);
	claim_item(t, cgroup_item(t, "devices.deny"), VERDICT_NOT_NEEDED, NULL, NULL);
}
