/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every recipe before every sort of hostile object, in place of each path that it names
 * and in place of that path's directory. What lies outside of the tree must not come
 * into any edit, and each run must end. Conditions are met by choosing distribution and
 * init; a second run makes the edits without conditions.
 */
#include "fixups_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define SECRET "what nobody in the guest may see\n"
#define SECONDS 120

static struct fixture outer;	/* holds "outside/secret" and "tree" */
static const char *outside;	/* as the system calls it */

struct paths {
	size_t nr, cap;
	const char **v;
};

static void add_path(struct paths *out, struct pool *pool, const char *path)
{
	const char **to;

	for (size_t i = 0; i < out->nr; i++)
		if (strcmp(out->v[i], path) == 0)
			return;
	to = pool_grow(pool, &out->v, &out->nr, &out->cap, sizeof(*to));
	*to = path;
}

/* A name that a pattern matches: '*' and '?' and a bracket become "x". */
static const char *plain(struct pool *pool, const char *glob)
{
	struct buf out CLEANUP_BUF = BUF_INIT;

	for (; *glob; glob++) {
		if (*glob == '[')
			glob += strcspn(glob, "]");
		buf_addch(&out, strchr("*?]", *glob) ? 'x' : *glob);
	}
	return pool_strdup(pool, out.data);
}

static void paths_of(struct paths *out, struct pool *pool, const struct statements *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		const struct statement *s = &list->v[i];

		if (s->verb->paths && s->operand[0][0] == '/' && !strchr(s->operand[0], '{'))
			add_path(out, pool, plain(pool, s->operand[0]));
	}
}

/* A recipe that switches services names no paths: these are what it looks at. */
static void service_paths(struct paths *out, struct pool *pool, const struct statements *edits)
{
	static const char *const dirs[] = {
		"/etc/init.d/%s", "/etc/init/%s.conf", "/etc/rc2.d/S20%s", "/etc/rc.d/rc3.d/S20%s",
		"/etc/runlevels/default/%s", "/etc/systemd/system/%s.service",
	};

	for (size_t i = 0; i < edits->nr; i++) {
		const struct statement *s = &edits->v[i];

		if (strcmp(s->verb->name, "services") != 0)
			continue;
		for (size_t n = 0; n < sizeof(dirs) / sizeof(*dirs); n++)
			add_path(out, pool, pool_printf(pool, dirs[n], pool_memdup(pool, s->operand[1],
						strcspn(s->operand[1], ","))));
	}
}

static void all_paths(struct paths *out, struct pool *pool, const struct recipe *r)
{
	paths_of(out, pool, &r->needs);
	for (size_t i = 0; i < r->nr_groups; i++) {
		if (r->group[i].each)
			add_path(out, pool, plain(pool, r->group[i].each));
		for (size_t n = 0; n < r->group[i].nr_sets; n++)
			paths_of(out, pool, &r->group[i].set[n]);
		paths_of(out, pool, &r->group[i].edits);
		service_paths(out, pool, &r->group[i].edits);
	}
}

/* ---- objects, made at a path of the real system */

static int link_out(const char *at)
{
	return symlink("../../../../../../../../outside/secret", at);
}

static int link_absolute(const char *at)
{
	return symlink(outside, at);
}

static int link_up(const char *at)
{
	return symlink("../../../../..", at);
}

static int loop(const char *at)
{
	return symlink(strrchr(at, '/') + 1, at);
}

static int fifo(const char *at)
{
	return mkfifo(at, 0644);
}

static int device(const char *at)
{
	return geteuid() == 0 ? mknod(at, S_IFCHR | 0644, makedev(5, 0)) : 0;
}

static int full_directory(const char *at)
{
	char below[PATH_MAX];

	snprintf(below, sizeof(below), "%s/x", at);
	return mkdir(at, 0755) < 0 ? -1 : mkdir(below, 0755);
}

static int with_text(const char *at, const char *text, size_t len)
{
	FILE *f = fopen(at, "we");

	return !f || fwrite(text, 1, len, f) != len || fclose(f) != 0 ? -1 : 0;
}

static int huge(const char *at)
{
	return with_text(at, "#\n", 2) < 0 ? -1 : truncate(at, 8LL << 30);
}

static int latin(const char *at)
{
	return with_text(at, "#gr\xfc\xdf\n", 6);
}

static int nul(const char *at)
{
	return with_text(at, "#a\0b\n", 5);
}

static int one_long_line(const char *at)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	for (int i = 0; i < 100000; i++)
		buf_adds(&text, "#tty:");
	return with_text(at, text.data, text.len);
}

static int forbidden(const char *at)
{
	return with_text(at, "#x\n", 3) < 0 ? -1 : chmod(at, 0);
}

static const struct {
	const char *name;
	int (*make)(const char *at);
} objects[] = {
	{ "a link out of the tree", link_out }, { "a link to the host's file", link_absolute },
	{ "a link above the root", link_up }, { "a loop", loop }, { "a FIFO", fifo },
	{ "a device", device }, { "a full directory", full_directory },
	{ "a file of 8 GiB", huge }, { "a file that is not UTF-8", latin },
	{ "a file with a NUL", nul }, { "one long line", one_long_line },
	{ "a file that nobody may read", forbidden },
};

/* ---- runs */

static void tree_reset(void)
{
	nftw(fixture_path(&outer, "/tree"), fixture_remove_one, 16,
	     FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	fixture_dir(&outer, "/tree");
}

static const char *first_word(struct pool *pool, const char *list)
{
	return pool_memdup(pool, list, strcspn(list, ","));
}

/* A system that the recipe is for. */
static void suit(struct guest *g, struct pool *pool, const struct recipe *r)
{
	for (size_t i = 0; i < r->needs.nr; i++) {
		const struct statement *s = &r->needs.v[i];
		const char *from = statement_get(s, "from");

		if (s->negated)
			continue;
		if (strcmp(s->verb->name, "distro") == 0) {
			g->system.distro = first_word(pool, s->operand[0]);
			g->system.version = from ? from : "1";
		} else if (strcmp(s->verb->name, "init") == 0) {
			g->system.init = first_word(pool, s->operand[0]);
		}
	}
}

/* The same recipe, but nothing stops its edits. */
static struct recipe unconditional(struct pool *pool, const struct recipe *r)
{
	struct recipe out = *r;

	out.needs.nr = 0;
	out.group = pool_array(pool, r->nr_groups, sizeof(*out.group));
	for (size_t i = 0; i < r->nr_groups; i++) {
		out.group[i] = r->group[i];
		out.group[i].otherwise = false;
		out.group[i].nr_sets = 1;
		out.group[i].set = pool_array(pool, 1, sizeof(*out.group[i].set));
	}
	return out;
}

static void run_recipe(const struct recipe *r, const char *what, const char *path)
{
	struct pool pool = POOL_INIT;
	struct findings findings = { .pool = &pool };
	struct recipes list = { .nr = 1, .v = (struct recipe *)(uintptr_t)r };
	struct fixup_guest g = { .recipes = &list, .words = { r->name } };
	struct host host;
	struct guest guest;
	struct edits edits;
	struct root tree;
	struct err err;

	host_make(&host);
	host_guest(&guest, &pool, "web1");
	suit(&guest, &pool, r);
	g.guest = &guest;
	g.host = &host;
	if (root_inside(&tree, &outer.root, "/tree", &err) < 0)
		fail_msg("%s", err.text);
	edits_init(&edits, &tree, &pool);
	alarm(SECONDS);
	fixups_run(&edits, &g, &findings);
	alarm(0);
	for (size_t i = 0; i < edits.nr; i++) {
		const struct object *now = &edits.v[i].now;

		if (strstr(edits.v[i].path, "/../") || edits.v[i].path[0] != '/')
			fail_msg("%s: a path that is not canonical: %s", r->name, edits.v[i].path);
		if (now->thing == THING_FILE && now->text && strstr(now->text, SECRET))
			fail_msg("%s: %s at %s was read", r->name, what, path);
	}
	root_release(&tree);
	pool_release(&pool);
}

static void put_object(size_t i, const char *path)
{
	const char *full = pool_printf(&outer.pool, "/tree%s", path);
	int rc;

	fixture_parents(&outer, full);
	rc = objects[i].make(fixture_path(&outer, full));
	if (rc < 0)
		fixture_die(objects[i].name, full);
}

static const char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? NULL : pool_memdup(&outer.pool, path, (size_t)(slash - path));
}

static void try_path(const struct recipe *r, const struct recipe *bare, const char *path)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		tree_reset();
		put_object(i, path);
		run_recipe(r, objects[i].name, path);
		run_recipe(bare, objects[i].name, path);
	}
}

static void every_recipe_before_every_object(void **state)
{
	struct recipes all;

	(void)state;
	if (recipes_read(&all, NULL, &outer.pool, &outer.err) < 0)
		fail_msg("%s", outer.err.text);
	for (size_t i = 0; i < all.nr; i++) {
		struct recipe bare = unconditional(&outer.pool, &all.v[i]);
		struct paths paths = { 0 };

		all_paths(&paths, &outer.pool, &all.v[i]);
		for (size_t n = 0; n < paths.nr; n++) {
			const char *dir = directory_of(paths.v[n]);

			try_path(&all.v[i], &bare, paths.v[n]);
			if (dir)
				try_path(&all.v[i], &bare, dir);
		}
	}
}

/* The test can fail: a link that is followed out of its root shows the secret. */
static void the_secret_is_there(void **state)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	(void)state;
	tree_reset();
	put_object(0, "/etc/inittab");
	assert_int_equal(root_read(&outer.root, "/tree/etc/inittab", 100, &text, &outer.err), 0);
	assert_string_equal(text.data, SECRET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_secret_is_there),
		cmocka_unit_test(every_recipe_before_every_object),
	};
	int rc;

	fixture_make(&outer);
	fixture_file(&outer, "/outside/secret", SECRET);
	outside = pool_strdup(&outer.pool, fixture_path(&outer, "/outside/secret"));
	cmocka_set_message_output(CM_OUTPUT_TAP);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_remove(&outer);
	return rc;
}
