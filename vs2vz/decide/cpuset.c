/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bound to processors and memory nodes. Both kernels number processors alike, so a
 * list is carried over as it is; how many the host has need not be known. Memory
 * nodes are left to the administrator: only vzctl 4.8 and later have NODEMASK.
 * Without cpuset/name VServer made no set at all.
 */
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "decide/translate.h"
#include "openvz/param.h"
#include "vserver/value.h"

static const char *const set_files[] = {
	"cpuset/cpus", "cpuset/name", "cpuset/cpu_exclusive", "cpuset/virtualized",
	"cpuset/mems", "cpuset/mem_exclusive",
};

/* How many processors the list names; ranges are ascending, see param_fault(). */
static uint64_t count_of(const char *list)
{
	uint64_t nr = 0;

	while (*list) {
		uint64_t n[2] = { 0, 0 };
		size_t at = 0;

		for (; *list && *list != ','; list++) {
			if (*list == '-')
				at = 1;
			else
				n[at] = n[at] * 10 + (uint64_t)(*list - '0');
		}
		nr += at ? n[1] - n[0] + 1 : 1;
		list += *list == ',';
	}
	return nr;
}

static void claim_list(struct translation *t, const struct item *item, const char *list,
		       const char *from)
{
	const char *fault = param_fault("CPUMASK", list);

	if (!*list) {
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL, "empty: all processors");
	} else if (fault || !isdigit((unsigned char)*list)) {
		claim_item(t, item, VERDICT_MANUAL, NULL,
			   pool_printf(t->pool, "'%s' is no list of processors", show(list)));
	} else {
		set_param(t, "CPUMASK", list, from);
		claim_item(t, item, VERDICT_SAME, "CPUMASK", "bound to the same processors");
	}
}

static bool is_on(struct translation *t, const char *path)
{
	struct value v = value_line(own_item(t, path), t->pool);

	return v.present && strcmp(v.liberal, "0") != 0 && *v.liberal;
}

static void claim_switch(struct translation *t, const char *path, const char *reason)
{
	if (is_on(t, path))
		claim_path(t, path, VERDICT_MANUAL, NULL, reason);
	else
		claim_path(t, path, VERDICT_NOT_NEEDED, NULL, "switched off");
}

static void virtualized(struct translation *t)
{
	const char *list = ct_get(t->ct, "CPUMASK");

	if (is_on(t, "cpuset/virtualized") && list &&
	    set_param(t, "CPUS", pool_printf(t->pool, "%llu", (unsigned long long)count_of(list)),
		      "cpuset/virtualized"))
		claim_path(t, "cpuset/virtualized", VERDICT_SAME, "CPUS", NULL);
	else
		claim_path(t, "cpuset/virtualized", VERDICT_NOT_NEEDED, NULL, "switched off");
}

static void claim_nodes(struct translation *t, const struct item *item)
{
	struct value v = value_line(item, t->pool);

	if (!item)
		return;
	if (!*v.liberal)
		claim_item(t, item, VERDICT_NOT_NEEDED, NULL, "empty: all memory nodes");
	else
		claim_item(t, item, VERDICT_MANUAL, NULL,
			   pool_printf(t->pool, "bound to memory nodes: vzctl set %u --nodemask %s "
				       "--save (vzctl 4.8 and later)", t->ct->ctid, show(v.liberal)));
}

static void from_folder(struct translation *t)
{
	const struct item *cpus = own_item(t, "cpuset/cpus");

	if (cpus)
		claim_list(t, cpus, value_line(cpus, t->pool).liberal, "cpuset/cpus");
	claim_path(t, "cpuset/name", VERDICT_NOT_NEEDED, NULL, "a container has a set of its own");
	claim_switch(t, "cpuset/cpu_exclusive", "processors of its own: keep the other containers "
						"away from them with their CPUMASK");
	virtualized(t);
	claim_nodes(t, own_item(t, "cpuset/mems"));
	claim_switch(t, "cpuset/mem_exclusive", "memory nodes of its own: no counterpart");
}

void set_binding(struct translation *t)
{
	const struct item *cpus = cgroup_item(t, "cpuset.cpus");

	if (own_item(t, "cpuset/name")) {
		from_folder(t);
	} else {
		for (size_t i = 0; i < sizeof(set_files) / sizeof(set_files[0]); i++)
			claim_path(t, set_files[i], VERDICT_NOT_NEEDED, NULL,
				   "without cpuset/name VServer made no set");
	}
	if (cpus)
		claim_list(t, cpus, value_line(cpus, t->pool).liberal, "cgroup/cpuset.cpus");
	claim_nodes(t, cgroup_item(t, "cpuset.mems"));
}
