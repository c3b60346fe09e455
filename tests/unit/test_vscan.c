/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a scan finds on small VServer hosts.
 */
#include "vserver/value.h"

#include "vserver_fixture.h"

static const char *item_text(const struct items *items, const char *path)
{
	const struct item *item = items_find(items, path);

	return item ? item->text : NULL;
}

static void nothing(void **state)
{
	(void)state;
	fx_scan();
	assert_int_equal(fx.guests.nr, 0);
	assert_int_equal(fx.host.nr_installs, 0);
	assert_int_equal(fx_count(VS_NO_VSERVER, NULL), 1);
}

/* The guest of the founding document, as "vserver build -m skeleton" writes it. */
static void as_built(void **state)
{
	const struct guest *g;
	struct stat st;

	(void)state;
	fx_guest("v345");
	fx_link("/etc/vservers/v345/run", "/var/run/vservers/v345");
	fx_link("/etc/vservers/v345/cache", "/etc/vservers/.defaults/cachebase/v345");
	fx_file("/etc/vservers/v345/name", "v345\n");
	fx_file("/etc/vservers/v345/context", "49153\n");
	fx_file("/etc/vservers/v345/uts/nodename", "test345.my.org\n");
	fx_file("/etc/vservers/v345/interfaces/0/ip", "192.168.0.145\n");
	fx_file("/etc/vservers/v345/interfaces/0/dev", "eth0\n");
	fx_file("/etc/vservers/v345/interfaces/0/prefix", "24\n");
	fx_file("/etc/vservers/v345/fstab", "none /proc proc defaults 0 0\n");
	fx_dir("/etc/vservers/v345/apps/init");
	fx_file("/etc/vservers/.defaults/context.next", "49154\n");
	fx_scan();
	fx_no_findings();
	assert_int_equal(fx.host.nr_installs, 1);
	assert_string_equal(fx.host.installs[0], "/etc/vservers");
	assert_int_equal(fx.guests.nr, 1);
	g = fx_find("v345");
	assert_int_equal(g->style, STYLE_RECENT);
	assert_int_equal(g->state, GUEST_FOUND);
	assert_string_equal(g->conf, "/etc/vservers/v345");
	assert_string_equal(g->tree_link, "/etc/vservers/.defaults/vdirbase/v345");
	assert_string_equal(g->tree, "/vservers/v345");
	assert_int_equal(stat(fx_path("/vservers/v345"), &st), 0);
	assert_int_equal(g->tree_ino, st.st_ino);
	assert_int_equal(g->tree_dev, st.st_dev);
	assert_int_equal(g->tree_mode & 07777, 0755);
	assert_int_equal(g->xid, 49153);
	assert_int_equal(g->last_xid, -1);
	assert_string_equal(g->hostname, "test345.my.org");
	assert_false(g->on_boot);
	assert_null(g->marks);
	assert_int_equal(g->nr_addresses, 1);
	assert_string_equal(g->address[0].text, "192.168.0.145");
	assert_int_equal(g->address[0].prefix, 24);
	assert_string_equal(g->address[0].dev, "eth0");
	assert_string_equal(g->address[0].item, "interfaces/0");
	assert_int_equal(items_find(&g->items, "vdir")->type, ITEM_LINK);
	assert_string_equal(item_text(&g->items, "run"), "/var/run/vservers/v345");
	assert_int_equal(items_find(&g->items, "apps/init")->type, ITEM_DIR);
	assert_string_equal(item_text(&g->defaults, ".defaults/context.next"), "49154\n");
	assert_int_equal(items_find(&g->defaults, ".defaults/vdirbase")->type, ITEM_LINK);
}

static void iface(const char *dir, const char *key, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "/etc/vservers/web1/interfaces/%s%s%s", dir, *dir ? "/" : "", key);
	fx_file(path, text);
}

/* Inheritance with all its quirks; the first five as the real tool wrote them. */
static void interfaces(void **state)
{
	static const struct {
		const char *text, *dev;
		int prefix;
		bool nodev;
	} want[] = {
		{ "203.0.113.7", "eth1", 24, false },	/* inherited prefix beats the own mask */
		{ "192.0.2.21", "eth0", 24, false },
		{ "198.51.100.9", "eth0", 24, false },	/* "10" sorts before "2" */
		{ "10.1.2.3", "eth0", 32, false },
		{ "2001:db8::21", "eth0", 64, false },
		{ "192.0.2.60", NULL, 24, true },
		{ "192.0.2.61", "eth0", 24, false },	/* unterminated prefix 30: the parent's */
		{ "192.0.2.62", "eth0", 28, false },
	};
	const struct guest *g;

	(void)state;
	fx_guest("web1");
	iface("", "dev", "eth0\n");
	iface("", "prefix", "24\n");
	iface("0", "ip", "203.0.113.7\n");
	iface("0", "dev", "eth1\n");
	iface("0", "mask", "255.255.255.192\n");
	iface("1", "ip", "192.0.2.21\n");
	iface("10", "ip", "198.51.100.9");
	iface("2", "ip", "10.1.2.3\n");
	iface("2", "prefix", "32\n");
	iface("3", "ip", "2001:DB8:0::21\n");
	iface("3", "prefix", "64\n");
	iface("4", "ip", "192.0.2.60\n");
	iface("4", "nodev", "");
	iface("5", "ip", "192.0.2.61\n");
	iface("5", "prefix", "30");
	iface("6", "ip", "192.0.2.62\r\n");
	iface("6", "prefix", "28\r\n");
	iface("7", "ip", "192.0.2.63\n");
	iface("7", "disabled", "");
	iface("8", "dev", "eth0\n");
	iface("9", "ip", "192.0.2.300\n");
	iface("a", "ip", "0.0.0.0\n");
	fx_scan();
	g = fx_find("web1");
	assert_int_equal(g->nr_addresses, sizeof(want) / sizeof(*want));
	for (size_t i = 0; i < g->nr_addresses; i++) {
		assert_string_equal(g->address[i].text, want[i].text);
		assert_int_equal(g->address[i].prefix, want[i].prefix);
		assert_int_equal(g->address[i].nodev, want[i].nodev);
		assert_true(fx_same(g->address[i].dev, want[i].dev));
	}
	assert_int_equal(fx_count(VS_ADDRESS_SKIPPED, "web1"), 3);
	assert_int_equal(fx_count(VS_ADDRESS_BAD, "web1"), 1);
	assert_string_equal(fx_finding(VS_ADDRESS_BAD, "web1")->object,
			    "/etc/vservers/web1/interfaces/9/ip");
	assert_int_equal(fx_count(VS_READ_DIFFERS, "web1"), 3);
}

static void masks(void **state)
{
	static const struct {
		const char *mask;
		int prefix;
		bool bad;
	} rows[] = {
		{ "255.255.255.0\n", 24, false }, { "255.255.255.255\n", 32, false },
		{ "255.255.240.0\n", 20, false }, { "0.0.0.0\n", -1, false },
		{ "255.0.255.0\n", 8, false }, { "255.255.255.0\r\n", 24, false },
		{ "255.255.255\n", -1, true }, { "mask\n", -1, true }, { "\n", -1, false },
	};

	(void)state;
	fx_guest("web1");
	iface("0", "ip", "192.0.2.1\n");
	iface("0", "dev", "eth0\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		finding_cut(&fx.findings, 0);
		iface("0", "mask", rows[i].mask);
		fx_scan();
		assert_int_equal(fx_find("web1")->nr_addresses, 1);
		assert_int_equal(fx_find("web1")->address[0].prefix, rows[i].prefix);
		assert_int_equal(fx_count(VS_ADDRESS_BAD, "web1"), rows[i].bad);
	}
}

static void slash_in_address(void **state)
{
	const struct guest *g;

	(void)state;
	fx_guest("web1");
	iface("0", "ip", "192.0.2.22/24\n");
	iface("0", "nodev", "");
	iface("1", "ip", "192.0.2.23/25\n");
	iface("1", "prefix", "24\n");
	iface("2", "ip", "192.0.2.24/33\n");
	fx_scan();
	g = fx_find("web1");
	assert_int_equal(g->nr_addresses, 2);
	assert_int_equal(g->address[0].prefix, 24);
	assert_int_equal(g->address[1].prefix, 25);
	assert_int_equal(fx_count(VS_READ_DIFFERS, "web1"), 2);	/* two prefixes; no device */
	assert_int_equal(fx_count(VS_ADDRESS_BAD, "web1"), 1);
}

static void identity(void **state)
{
	const struct guest *g;

	(void)state;
	fx_guest("a");
	fx_file("/etc/vservers/a/name", "other\n");
	fx_file("/etc/vservers/a/hostname", "old.example.org\n");
	fx_file("/etc/vservers/a/context", "123 \n");
	fx_file("/etc/vservers/a/apps/init/mark", "default\nweb");
	fx_file("/var/run/vservers/a", "49170\n");
	fx_guest("b");
	fx_file("/etc/vservers/b/uts/nodename", "b.example.org\r\n");
	fx_file("/etc/vservers/b/context", "");
	fx_file("/etc/vservers/b/apps/init/mark", "default\r\n");
	fx_guest("c");
	fx_file("/etc/vservers/c/disabled", "");
	fx_file("/etc/vservers/c/apps/init/mark", "default\n");
	fx_scan();
	g = fx_find("a");
	assert_string_equal(g->hostname, "old.example.org");
	assert_string_equal(g->marks, "default,web");
	assert_true(g->on_boot);
	assert_int_equal(g->xid, -1);
	assert_int_equal(g->last_xid, 49170);
	assert_int_equal(fx_count(VS_CONTEXT_BAD, "a"), 1);
	assert_int_equal(fx_count(VS_READ_DIFFERS, "a"), 1);
	g = fx_find("b");
	assert_string_equal(g->hostname, "b.example.org");
	assert_null(g->marks);
	assert_false(g->on_boot);
	assert_int_equal(g->xid, -1);
	assert_int_equal(fx_count(VS_CONTEXT_BAD, "b"), 1);
	assert_int_equal(fx_count(VS_READ_DIFFERS, "b"), 2);
	g = fx_find("c");
	assert_true(g->disabled);
	assert_false(g->on_boot);
	assert_string_equal(g->marks, "default");
	assert_null(g->hostname);
	assert_int_equal(g->state, GUEST_FOUND);
	assert_int_equal(fx_count(VS_GUEST_DISABLED, "c"), 1);
}

/* Everything in CONF and in the tree base that is no plain guest. */
static void oddities(void **state)
{
	(void)state;
	fx_guest("good");
	fx_guest("good.~1190000000~");
	fx_guest("good~");
	fx_guest("old.rpmsave");
	fx_file("/etc/vservers/good.conf", "ONBOOT=yes\n");
	fx_link("/etc/vservers/dangling/vdir", "/mnt/not-mounted/dangling");
	fx_dir("/etc/vservers/empty");
	fx_dir("/etc/vservers/both");
	fx_file("/etc/vservers/both.conf", "");
	fx_dir("/vservers/both");
	fx_guest("forced");
	fx_file("/etc/vservers/forced/legacy", "");
	fx_guest("forced2");
	fx_file("/etc/vservers/forced2/legacy", "");
	fx_file("/etc/vservers/forced2.conf", "S_HOSTNAME=x\n");
	fx_file("/etc/vservers/README", "hello\n");
	fx_file("/etc/vservers/lonely.sh", "");
	fx_link("/etc/vservers/nowhere", "/gone");
	fx_fifo("/etc/vservers/pipe");
	fx_dir("/vservers/orphan");
	fx_dir("/vservers/lost+found");
	fx_dir("/vservers/.pkg");
	fx_dir("/vservers/.good.vs2vz-old");
	fx_file("/vservers/file", "");
	fx_scan();
	assert_int_equal(fx.guests.nr, 6);
	assert_int_equal(fx_find("good")->state, GUEST_FOUND);
	assert_int_equal(fx_count(VS_LEGACY_SHADOWED, "good"), 1);
	assert_int_equal(fx_find("dangling")->state, GUEST_ABSENT);
	assert_null(fx_find("dangling")->tree);
	assert_string_equal(fx_find("dangling")->tree_link, "/mnt/not-mounted/dangling");
	assert_int_equal(fx_count(VS_TREE_MISSING, "dangling"), 1);
	assert_int_equal(fx_count(VS_TREE_MISSING, "empty"), 1);
	assert_int_equal(fx_count(VS_STYLE_AMBIGUOUS, "both"), 1);
	assert_int_equal(fx_count(VS_STYLE_AMBIGUOUS, "forced"), 1);
	assert_int_equal(fx_find("forced2")->style, STYLE_LEGACY);
	assert_string_equal(fx_find("forced2")->hostname, "x");
	assert_int_equal(fx_count(VS_BACKUP_SKIPPED, NULL), 3);
	assert_int_equal(fx_count(VS_OTHER_FILE, NULL), 4);
	/* also the trees that lost their configuration to a backup's name */
	assert_int_equal(fx_count(VS_TREE_ORPHAN, NULL), 3);
}

static void aliases(void **state)
{
	(void)state;
	fx_guest("web1");
	fx_link("/etc/vservers/a-link", "web1");
	fx_link("/etc/vservers/clone/vdir", "/vservers/web1");
	fx_link("/etc/vservers/a-off/vdir", "../../../vservers/web1");
	fx_file("/etc/vservers/a-off/disabled", "");
	fx_guest("outer");
	fx_link("/etc/vservers/inner/vdir", "/vservers/outer/srv/inner");
	fx_dir("/vservers/outer/srv/inner");
	fx_guest("outer2");		/* a longer name is not below the shorter one */
	fx_link("/etc/vservers/host/vdir", "/");
	fx_scan();
	assert_int_equal(fx_count(VS_TREE_ALIAS, "a-link"), 1);
	assert_int_equal(fx_count(VS_TREE_ALIAS, "a-off"), 1);
	assert_int_equal(fx_count(VS_TREE_ALIAS, "clone"), 1);
	assert_int_equal(fx_count(VS_TREE_ALIAS, "web1"), 0);
	assert_true(fx_find("a-link")->barred && fx_find("a-off")->barred && fx_find("clone")->barred);
	assert_false(fx_find("web1")->barred);
	assert_string_equal(fx_find("a-link")->conf, "/etc/vservers/web1");
	assert_string_equal(fx_find("a-off")->tree, "/vservers/web1");
	assert_int_equal(fx_count(VS_TREE_NESTED, "outer"), 0);
	assert_int_equal(fx_count(VS_TREE_AROUND, "outer"), 1);
	assert_int_equal(fx_count(VS_TREE_NESTED, "inner"), 1);
	assert_true(fx_find("inner")->barred && !fx_find("outer")->barred);
	/* What points at "/" is no tree that others could lie in. */
	assert_int_equal(fx_count(VS_TREE_NESTED, "outer2"), 0);
	assert_int_equal(fx_count(VS_TREE_OF_HOST, "host"), 1);
	assert_true(fx_find("host")->barred);
	assert_int_equal(fx_count(VS_TREE_ORPHAN, NULL), 0);
}

/* Where the tree has nobody's name: one configuration with two names is clear, two are not. */
static void aliases_of_another_name(void **state)
{
	(void)state;
	fx_dir("/vservers/data");
	fx_link("/etc/vservers/mail/vdir", "/vservers/data");
	fx_link("/etc/vservers/post", "mail");
	fx_dir("/vservers/stuff");
	fx_link("/etc/vservers/one/vdir", "/vservers/stuff");
	fx_link("/etc/vservers/two/vdir", "/vservers/stuff");
	fx_scan();
	assert_int_equal(fx_count(VS_TREE_ALIAS, "mail"), 0);
	assert_int_equal(fx_count(VS_TREE_ALIAS, "post"), 1);
	assert_int_equal(fx_count(VS_TREE_ALIAS, "one"), 1);
	assert_int_equal(fx_count(VS_TREE_ALIAS, "two"), 1);
	assert_true(fx_find("one")->barred && fx_find("two")->barred);
	assert_int_equal(fx_count(VS_TREE_ORPHAN, NULL), 0);
}

static void parts_of_the_host(void **state)
{
	static const char *const barred[] = {
		"base", "conf", "lib", "own", "tmp", "usr", "var",
	};

	(void)state;
	fx_dir("/usr/lib/ssl");
	fx_dir("/var/lib/vservers");
	fx_dir("/tmp");
	fx_link("/etc/vservers/base/vdir", "/vservers");
	fx_link("/etc/vservers/conf/vdir", "/etc/vservers");
	fx_link("/etc/vservers/lib/vdir", "/usr/lib/ssl");
	fx_link("/etc/vservers/own/vdir", "/etc/vservers/own");
	fx_link("/etc/vservers/tmp/vdir", "/tmp");
	fx_link("/etc/vservers/usr/vdir", "/usr");
	fx_link("/etc/vservers/var/vdir", "/var/lib");
	/* Unusual, and guests all the same. */
	fx_file("/etc/vservers/inside/root/etc/passwd", "root\n");
	fx_dir("/etc/vservers/inside/root/bin");
	fx_link("/etc/vservers/inside/vdir", "/etc/vservers/inside/root");
	fx_dir("/var/lib/vservers/web");
	fx_link("/etc/vservers/web/vdir", "/var/lib/vservers/web");
	fx_dir("/home/db");
	fx_link("/etc/vservers/db/vdir", "/home/db");
	fx_guest("good");
	fx_scan();
	for (size_t i = 0; i < sizeof(barred) / sizeof(barred[0]); i++) {
		assert_int_equal(fx_count(VS_TREE_OF_HOST, barred[i]), 1);
		assert_true(fx_find(barred[i])->barred);
	}
	assert_false(fx_find("inside")->barred || fx_find("web")->barred || fx_find("db")->barred ||
		     fx_find("good")->barred);
	assert_int_equal(fx_count(VS_TREE_NESTED, "good"), 0);
}

static void nested(void **state)
{
	(void)state;
	fx_guest("a");
	fx_dir("/vservers/a/etc");
	fx_dir("/vservers/a/bin");
	fx_link("/etc/vservers/b/vdir", "/vservers/a/srv/b");
	fx_dir("/vservers/a/srv/b/etc");
	fx_dir("/vservers/a/srv/b/bin");
	fx_link("/etc/vservers/c/vdir", "/vservers/a/srv/b/srv/c");
	fx_dir("/vservers/a/srv/b/srv/c");
	/* A directory of guests, named by somebody's configuration. */
	fx_link("/etc/vservers/group/vdir", "/vservers/group");
	fx_link("/etc/vservers/d/vdir", "/vservers/group/d");
	fx_dir("/vservers/group/d/etc");
	fx_dir("/vservers/group/d/usr");
	fx_link("/etc/vservers/e/vdir", "/vservers/group/e");
	fx_dir("/vservers/group/e");
	fx_scan();
	assert_false(fx_find("a")->barred || fx_find("d")->barred || fx_find("e")->barred);
	assert_true(fx_find("b")->barred && fx_find("c")->barred && fx_find("group")->barred);
	assert_int_equal(fx_count(VS_TREE_AROUND, "a"), 1);
	assert_int_equal(fx_count(VS_TREE_AROUND, "group"), 0);
	assert_int_equal(fx_count(VS_TREE_NESTED, "a"), 1);
	assert_int_equal(fx_count(VS_TREE_NESTED, "b"), 1);
	assert_int_equal(fx_count(VS_TREE_NESTED, "c"), 1);
	assert_int_equal(fx_count(VS_TREE_NESTED, "group"), 1);
	assert_int_equal(fx_count(VS_TREE_NESTED, "d") + fx_count(VS_TREE_NESTED, "e"), 0);
}

static void marked(void **state)
{
	const struct guest *g;

	(void)state;
	fx_link("/etc/vservers/done/vdir", "/vservers/done");
	fx_file("/etc/vservers/done/vs2vz", "ctid 345\nmore\n");
	fx_file("/etc/vservers/done/uts/nodename", "done.example.org\n");
	fx_link("/etc/vservers/link", "done");
	fx_file("/etc/vservers/odd/vs2vz", "what\n");
	fx_scan();
	g = fx_find("done");
	assert_int_equal(g->state, GUEST_CONVERTED);
	assert_int_equal(g->marker_ctid, 345);
	assert_null(items_find(&g->items, "vs2vz"));
	assert_non_null(items_find(&g->items, "vdir"));
	assert_string_equal(g->hostname, "done.example.org");
	assert_int_equal(fx_count(VS_TREE_MISSING, "done"), 0);
	assert_int_equal(fx_find("link")->state, GUEST_ABSENT);
	assert_int_equal(fx_count(VS_TREE_ALIAS, "link"), 1);
	assert_int_equal(fx_find("odd")->state, GUEST_CONVERTED);
	assert_int_equal(fx_find("odd")->marker_ctid, 0);
	assert_int_equal(fx_count(VS_CONFIG_UNREADABLE, "odd"), 1);
}

static void vars(const char *lib, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/util-vserver/util-vserver-vars", lib);
	fx_file(path, text);
}

static void installs(void **state)
{
	(void)state;
	vars("/usr/lib", "# x\n__SYSCONFDIR='/etc'\n__CONFDIR=\"$__SYSCONFDIR/vservers\"\n"
			 "__PKGSTATEDIR=\"/var/run/vservers\"\n__DEFAULT_VSERVERDIR='/srv/vs'\n"
			 "__LOOP=\"$__LOOP$__LOOP\"\n");
	vars("/opt/vs/lib", "__CONFDIR='/opt/vs/etc/vservers'\n__DEFAULT_VSERVERDIR=/srv/vs\n");
	vars("/usr/local/lib", "__CONFDIR='/etc/vservers'\n");
	vars("/usr/lib64", "__CONFDIR='$HOME/vservers'\n");
	fx_dir("/srv/vs/old");
	fx_file("/etc/vservers/old.conf", "ONBOOT=yes\n");
	fx_link("/opt/vs/etc/vservers/twin/vdir", "/srv/vs/twin2");
	fx_dir("/srv/vs/twin2");
	fx_guest("twin");
	fx_link("/usr/local/etc/vservers", "/etc/vservers");
	fx_scan();
	assert_int_equal(fx.host.nr_installs, 2);
	assert_string_equal(fx.host.installs[0], "/etc/vservers");
	assert_string_equal(fx.host.installs[1], "/opt/vs/etc/vservers");
	assert_int_equal(fx_count(VS_SEVERAL_INSTALLS, NULL), 1);
	assert_int_equal(fx.guests.nr, 3);
	assert_string_equal(fx_find("old")->tree, "/srv/vs/old");
	assert_int_equal(fx_count(VS_NAME_CLASH, "twin"), 2);
	assert_string_equal(fx_find("old")->install, "/etc/vservers");
}

/* Order of items is by whole path, bytewise; types; bounds; nothing odd is opened. */
static void items(void **state)
{
	static char big[ITEM_MAX + 100];
	const struct guest *g;
	const struct item *item;

	(void)state;
	memset(big, 'x', sizeof(big));
	fx_guest("g");
	fx_file("/etc/vservers/g/scripts/pre-start.d/10-fw", "#!/bin/sh\n");
	fx_file("/etc/vservers/g/scripts/pre-start", "x\n");
	fx_fifo("/etc/vservers/g/scripts/pipe");
	fx_bytes("/etc/vservers/g/big", big, sizeof(big));
	fx_bytes("/etc/vservers/g/nul", "a\0b\n", 4);
	fx_file("/srv/common", "linked\n");
	fx_link("/etc/vservers/g/fstab", "/srv/common");
	fx_link("/etc/vservers/g/self", ".");
	fx_link("/etc/vservers/g/rlimits", "/srv/limits");
	fx_file("/srv/limits/rss", "1000\n");
	fx_link("/etc/vservers/g/apps/pkgmgmt/base", "/vservers/.pkg/g");
	fx_link("/etc/vservers/g/lost", "/gone");
	fx_scan();
	g = fx_find("g");
	for (size_t i = 1; i < g->items.nr; i++)
		assert_true(strcmp(g->items.v[i - 1].path, g->items.v[i].path) < 0);
	assert_int_equal(items_find(&g->items, "scripts/pipe")->type, ITEM_OTHER);
	item = items_find(&g->items, "big");
	assert_true(item->cut);
	assert_int_equal(item->len, ITEM_MAX);
	item = items_find(&g->items, "nul");
	assert_int_equal(item->len, 4);
	assert_false(item->cut);
	item = items_find(&g->items, "fstab");
	assert_int_equal(item->type, ITEM_FILE);
	assert_string_equal(item->text, "linked\n");
	assert_int_equal(items_find(&g->items, "rlimits")->type, ITEM_LINK);
	assert_string_equal(item_text(&g->items, "apps/pkgmgmt/base"), "/vservers/.pkg/g");
	assert_string_equal(item_text(&g->items, "lost"), "/gone");
	/* the circle was bounded, the link out of the configuration named */
	assert_true(g->items.nr <= 4096);
	assert_int_equal(fx_count(VS_CONFIG_UNREADABLE, "g") >= 2, 1);
}

static void too_many_items(void **state)
{
	char path[512];

	(void)state;
	fx_guest("g");
	for (int i = 0; i < 4200; i++) {
		snprintf(path, sizeof(path), "/etc/vservers/g/cgroup/file%d", i);
		fx_file(path, "");
	}
	fx_scan();
	assert_int_equal(fx_find("g")->items.nr, 4096);
	assert_int_equal(fx_count(VS_CONFIG_UNREADABLE, "g"), 1);
}

/* vdir may be the tree itself; it is no part of the configuration. */
static void real_vdir(void **state)
{
	const struct guest *g;

	(void)state;
	fx_file("/etc/vservers/g/vdir/etc/passwd", "root\n");
	fx_scan();
	fx_no_findings();
	g = fx_find("g");
	assert_string_equal(g->tree, "/etc/vservers/g/vdir");
	assert_string_equal(g->tree_link, "/etc/vservers/g/vdir");
	assert_int_equal(g->items.nr, 1);
	assert_string_equal(g->system.init, "");	/* not asked yet */
}

/* Links of the host's files end at the root, whatever they say. */
static void inside_root(void **state)
{
	(void)state;
	fx_link("/etc/vservers/g/vdir", "/../../../../../../../../../../vservers/g");
	fx_dir("/vservers/g");
	fx_link("/etc/vservers/h/vdir", "/proc/self/root/etc");
	fx_scan();
	assert_string_equal(fx_find("g")->tree, "/vservers/g");
	assert_int_equal(fx_find("h")->state, GUEST_ABSENT);
}

static void mode_zero_base(void **state)
{
	int mode = geteuid() == 0 ? GUEST_FOUND : GUEST_ABSENT;

	(void)state;
	fx_guest("g");
	assert_int_equal(chmod(fx_path("/vservers"), 0), 0);
	fx_scan();
	assert_int_equal(chmod(fx_path("/vservers"), 0755), 0);
	assert_int_equal(fx_find("g")->state, mode);
	assert_int_equal(fx_count(VS_TREE_MISSING, "g"), 0);
	assert_int_equal(fx_count(VS_TREE_UNREADABLE, "g"), mode == GUEST_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FX_TEST(nothing), FX_TEST(as_built), FX_TEST(interfaces), FX_TEST(masks),
		FX_TEST(slash_in_address), FX_TEST(identity), FX_TEST(oddities), FX_TEST(aliases), FX_TEST(nested), FX_TEST(aliases_of_another_name), FX_TEST(parts_of_the_host),
		FX_TEST(marked), FX_TEST(installs), FX_TEST(items), FX_TEST(too_many_items),
		FX_TEST(real_vdir), FX_TEST(inside_root), FX_TEST(mode_zero_base),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
