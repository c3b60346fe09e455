/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One guest of items made by hand, one translation with a sample. State is static: a
 * test program includes this once, with make and unmake around each test.
 */
#ifndef VS2VZ_TESTS_TRANSLATE_FIXTURE_H
#define VS2VZ_TESTS_TRANSLATE_FIXTURE_H

#include "decide_host.h"
#include "openvz/layout.h"
#include "openvz/ubc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct fixture fx;
static struct host host;
static struct guest g;
static struct ct ct;
static struct ledger ledger;
static struct conf conf;
static struct rules_input in;

static const char vswap_sample[] = "PHYSPAGES=\"0:65536\"\nSWAPPAGES=\"0:131072\"\n"
				   "DISKSPACE=\"2G:2.2G\"\nDISKINODES=\"131072:144179\"\n"
				   "CPUUNITS=\"1000\"\n";

static inline void use_sample(const char *text)
{
	conf_parse(&conf, text, strlen(text), &fx.pool);
	in.sample = &conf;
}

static inline int make(void **state)
{
	(void)state;
	fixture_make(&fx);
	host_make(&host);
	host_guest(&g, &fx.pool, "web1");
	g.hostname = "web1";
	host_address(&g, &fx.pool, "192.0.2.1", "interfaces/0");
	ct = (struct ct){ .ctid = 345 };
	ledger = (struct ledger){ 0, NULL };
	in = (struct rules_input){ .guest = &g, .host = &host };
	use_sample(sample_builtin());
	return 0;
}

static inline int unmake(void **state)
{
	(void)state;
	fixture_remove(&fx);
	return 0;
}

static inline void file(const char *path, const char *text)
{
	host_item(strncmp(path, ".defaults", 9) ? &g.items : &g.defaults, &fx.pool, path,
		  ITEM_FILE, text);
}

static inline void dir(const char *path)
{
	host_item(&g.items, &fx.pool, path, ITEM_DIR, "");
}

/* Another text for an item that is there. */
static inline void retext(const char *path, const char *text)
{
	for (size_t i = 0; i < g.items.nr; i++)
		if (strcmp(g.items.v[i].path, path) == 0) {
			g.items.v[i].text = text;
			g.items.v[i].len = strlen(text);
			return;
		}
	fail_msg("no item '%s'", path);
}

static inline void translate(void)
{
	ct.nr = 0;
	finding_cut(&fx.findings, 0);
	rules_translate(&ledger, &ct, &in, &fx.pool, &fx.findings);
}

static inline const struct fate *fate(const char *path)
{
	for (size_t i = 0; i < ledger.nr; i++)
		if (strcmp(ledger.v[i].item->path, path) == 0)
			return &ledger.v[i];
	fail_msg("no fate of '%s'", path);
	return NULL;
}

static inline void expect(const char *path, enum verdict verdict)
{
	if (fate(path)->verdict != verdict)
		fail_msg("'%s' is %s, not %s", path, verdict_word(fate(path)->verdict),
			 verdict_word(verdict));
}

/* value NULL: not set, the sample's stays. */
static inline void expect_set(const char *key, const char *value)
{
	const char *is = ct_get(&ct, key);

	if (!value && !is)
		return;
	if (!value || !is || strcmp(value, is) != 0)
		fail_msg("%s is '%s', not '%s'", key, is ? is : "(sample)", value ? value : "(sample)");
}

/* What the container has in the end, sample and settings together. */
static inline struct ubc_set result(void)
{
	struct ubc_set set;
	struct ubc value;

	ubc_read(&set, in.sample, host.vzctl_32 ? UBC_UNLIMITED_32 : UBC_UNLIMITED);
	for (enum ubc_key key = 0; key < NR_UBC; key++) {
		const char *text = ct_get(&ct, ubc_name(key));

		if (!text)
			continue;
		if (!ubc_parse(&value, key, text))
			fail_msg("%s='%s'", ubc_name(key), text);
		ubc_put(&set, key, value, "");
	}
	return set;
}

static inline void expect_consistent(void)
{
	struct ubc_set set = result();
	const char *fault = ubc_fault(&set);

	if (fault)
		fail_msg("violated: %s", fault);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

#endif
