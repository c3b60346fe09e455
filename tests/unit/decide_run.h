/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host with guests on the disk and one call of decide() over all of them. State is
 * static: a test program includes this once, with make and unmake around each test.
 */
#ifndef VS2VZ_TESTS_DECIDE_RUN_H
#define VS2VZ_TESTS_DECIDE_RUN_H

#include "decide_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MAX 4

static struct fixture fx;
static struct host host;
static struct guest guest[MAX];
static struct guests all;
static struct choices choices;
static struct decisions out;

static const char sample[] = "# sample\nONBOOT=\"no\"\nDISKSPACE=\"1G:1.2G\"\n"
			     "DISKINODES=\"200000:220000\"\nNUMPROC=\"240:240\"\n"
			     "NUMTCPSOCK=\"360\"\nNUMOTHERSOCK=\"360\"\nNUMFILE=\"9312\"\n"
			     "VMGUARPAGES=\"33792:unlimited\"\nOOMGUARPAGES=\"26112:unlimited\"\n"
			     "PHYSPAGES=\"0:unlimited\"\nPRIVVMPAGES=\"65536:69632\"\n"
			     "SHMPAGES=\"21504\"\nLOCKEDPAGES=\"256\"\nNUMFLOCK=\"188:206\"\n"
			     "KMEMSIZE=\"14372700:14790164\"\nDCACHESIZE=\"3409920:3624960\"\n"
			     "TCPSNDBUF=\"1720320:2703360\"\nTCPRCVBUF=\"1720320:2703360\"\n"
			     "OTHERSOCKBUF=\"1126080:2097152\"\nDGRAMRCVBUF=\"262144\"\n"
			     "NUMPTY=\"16\"\nNUMSIGINFO=\"256\"\nNUMIPTENT=\"128\"\n";

static inline int make(void **state)
{
	const char *const *installs = (const char *const[]){ "/etc/vservers" };

	(void)state;
	fixture_make(&fx);
	host_make(&host);
	host.installs = pool_array(&fx.pool, 1, sizeof(*host.installs));
	host.installs[0] = installs[0];
	host.nr_installs = 1;
	memset(guest, 0, sizeof(guest));
	all = (struct guests){ .v = guest };
	choices = (struct choices){ .ctid_base = 1000, .shared = SHARED_BREAK };
	fixture_file(&fx, "/etc/vz/vz.conf", "VE_PRIVATE=/vz/private/$VEID\n");
	host.vz_conf = "/etc/vz/vz.conf";
	fixture_file(&fx, "/etc/vz/conf/ve-vps.basic.conf-sample", sample);
	return 0;
}

static inline int unmake(void **state)
{
	(void)state;
	fixture_remove(&fx);
	return 0;
}

/* A guest with configuration and tree on the disk. */
static struct guest *add(const char *name)
{
	struct guest *g = &guest[all.nr++];
	struct stat st;

	host_guest(g, &fx.pool, name);
	fixture_file(&fx, pool_printf(&fx.pool, "%s/etc/passwd", g->tree), "root\n");
	fixture_file(&fx, pool_printf(&fx.pool, "%s/uts/nodename", g->conf), "test345.my.org\n");
	fixture_link(&fx, pool_printf(&fx.pool, "/var/run/vservers/%s", name),
		     pool_printf(&fx.pool, "%s/run", g->conf));
	host_item(&g->items, &fx.pool, "run", ITEM_LINK, "/var/run/vservers/x");
	host_item(&g->items, &fx.pool, "uts", ITEM_DIR, "");
	host_item(&g->items, &fx.pool, "uts/nodename", ITEM_FILE, "test345.my.org\n");
	g->hostname = "test345.my.org";
	g->on_boot = true;
	host_address(g, &fx.pool, pool_printf(&fx.pool, "192.0.2.%zu", all.nr), "interfaces/0");
	if (stat(fixture_path(&fx, g->tree), &st) < 0)
		fixture_die("stat", g->tree);
	g->tree_dev = st.st_dev;
	g->tree_ino = st.st_ino;
	g->survey = (struct survey){ .bytes_used = 100 << 20, .inodes = 5000, .names = 5001 };
	g->surveyed = true;
	return g;
}

static inline void run_whole(void)
{
	const struct guest *selected[MAX];

	for (size_t i = 0; i < all.nr; i++)
		selected[i] = &guest[i];
	if (decide(&out, selected, all.nr, &all, &host, &fx.root, &choices, &fx.pool,
		   &fx.findings, &fx.err) < 0)
		fail_msg("%s", fx.err.text);
	assert_int_equal(out.nr, all.nr);
}

/*
 * Every plan knows what a start of its container leaves (test_decide.c: test_traces). For
 * all other tests these steps, and the time of the tree's root before them, are left out.
 */
static inline void drop_traces(struct plan *plan)
{
	size_t nr = 0;

	for (size_t i = 0; i < plan->nr_steps; i++) {
		bool times = strcmp(plan->step[i].kind->name, "times") == 0 &&
			     i + 1 < plan->nr_steps &&
			     strcmp(plan->step[i + 1].kind->name, "trace") == 0;

		if (times || strcmp(plan->step[i].kind->name, "trace") == 0)
			continue;
		plan->step[nr] = plan->step[i];
		plan->step[nr].nr = (unsigned)nr;
		nr++;
	}
	plan->nr_steps = nr;
}

static inline void run(void)
{
	run_whole();
	for (size_t i = 0; i < out.nr; i++)
		drop_traces(&out.v[i].plan);
}

/* "times write ..." of a plan. */
static inline const char *kinds_of(const struct plan *plan)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	for (size_t i = 0; i < plan->nr_steps; i++)
		buf_addf(&text, "%s%s", i ? " " : "", plan->step[i].kind->name);
	return pool_strdup(&fx.pool, text.data);
}

static inline const char *arg(const struct plan *plan, size_t step, const char *name)
{
	assert_true(step < plan->nr_steps);
	return step_get(&plan->step[step], name);
}

/* The plan survives its text form and is fresh. */
static inline void check_plan(const struct plan *plan)
{
	struct buf text CLEANUP_BUF = BUF_INIT, again CLEANUP_BUF = BUF_INIT;
	struct plan back = { 0 };
	const char *at, *stale;

	plan_print(&text, plan);
	at = text.data;
	if (plan_parse(&back, &at, &fx.pool, &fx.err) < 0)
		fail_msg("%s", fx.err.text);
	plan_print(&again, &back);
	assert_string_equal(text.data, again.data);
	assert_int_equal(plan_fresh(plan, &fx.root, &fx.pool, &stale, &fx.err), 0);
	if (stale)
		fail_msg("stale: %s", stale);
}

/* Every plain guest has these: more rights, a sample with limits, a tree of a test's user. */
static inline size_t others_than_tree_mode(void)
{
	return fx.findings.nr - fixture_found(&fx, VS_TREE_MODE) -
	       fixture_found(&fx, VS_RIGHTS_GAINED) - fixture_found(&fx, VS_SAMPLE_LIMITS);
}

#endif
