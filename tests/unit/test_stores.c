/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where vhashify keeps its names: what is a hash store and what is none.
 */
#include "vserver_fixture.h"

/* Hash stores: what links lead to, once; nothing else; and no orphans. */
static void stores(void **state)
{
	(void)state;
	fx_guest("web1");
	fx_guest("web2");
	fx_dir("/vservers/.hash");
	fx_dir("/vservers/plain");
	fx_dir("/vservers/around/hash");
	fx_dir("/vservers/orphan");
	fx_dir("/vservers/.web1.vs2vz-0123456789abcdef-held");
	fx_link("/etc/vservers/.defaults/apps/vunify/hash/00", "/vservers/.hash");
	fx_link("/etc/vservers/.defaults/apps/vunify/hash/01", "../../../../../../vservers/plain");
	fx_link("/etc/vservers/.defaults/apps/vunify/hash/gone", "/mnt/.hash");
	fx_link("/etc/vservers/.defaults/apps/vunify/hash/all", "/");
	fx_link("/etc/vservers/.defaults/apps/vunify/hash/base", "/vservers");
	fx_link("/etc/vservers/.defaults/apps/vunify/hash/guest", "/vservers/web2");
	fx_link("/etc/vservers/.defaults/apps/vunify/hash/passwd", "/etc/vservers/.defaults/apps/vunify/hash/method");
	fx_file("/etc/vservers/.defaults/apps/vunify/hash/method", "sha1\n");
	fx_file("/etc/vservers/.defaults/apps/vunify/hash/blocks", "8\n");
	fx_link("/etc/vservers/web1/apps/vunify/hash/00", "/vservers/.hash");
	fx_link("/etc/vservers/web1/apps/vunify/hash/own", "/vservers/around/hash");
	fx_scan();
	assert_int_equal(fx.host.nr_stores, 3);
	assert_string_equal(fx.host.stores[0], "/vservers/.hash");
	assert_string_equal(fx.host.stores[1], "/vservers/around/hash");
	assert_string_equal(fx.host.stores[2], "/vservers/plain");
	assert_int_equal(fx_count(VS_TREE_ORPHAN, NULL), 1);
	assert_string_equal(fx_finding(VS_TREE_ORPHAN, NULL)->object, "/vservers/orphan");
}

/* No installation, no defaults, nothing readable: no store and no finding. */
static void none(void **state)
{
	(void)state;
	fx_guest("web1");
	fx_file("/etc/vservers/.defaults/apps/vunify/hash", "");
	fx_scan();
	assert_int_equal(fx.host.nr_stores, 0);
	fx_no_findings();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stores, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(none, fx_setup, fx_teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
