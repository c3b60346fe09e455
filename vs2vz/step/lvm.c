/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lvm prints is a table of our own making: --noheadings, "|" between the columns,
 * plain bytes. A line that is not in that form is refused.
 */
#include "step/lvm.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "step/tool.h"

#define TABLE "--noheadings", "--units", "b", "--nosuffix", "--separator", "|"
#define COLUMNS 3

/* RHEL 5 has it in /usr/sbin. */
static const char *program(void)
{
	static const char *const places[] = { "/sbin/lvm", "/usr/sbin/lvm" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (tool_exists(places[i]))
			return places[i];
	return NULL;
}

/* args[0] is put in here. out: stdout, may be NULL. */
static int run(const char *args[], struct buf *out, struct err *err)
{
	static const char *const skip[] = { "WARNING", "File descriptor", NULL };
	struct tool_said CLEANUP_TOOL said = TOOL_SAID_INIT;
	struct buf CLEANUP_BUF words = BUF_INIT;

	args[0] = program();
	if (!args[0])
		return fail(err, "the host has no /sbin/lvm");
	if (tool_run(&said, args, -1, err) < 0)
		return -1;
	if (said.status != 0) {
		tool_words(&words, &said.err, skip);
		return fail(err, "lvm %s (status %d): %s", args[1], said.status,
			    words.len ? show(words.data) : "it did not say why");
	}
	if (out)
		buf_add(out, said.out.data, said.out.len);
	return 0;
}

/* Cuts the next line out of *text, into columns. 1; 0 at the end; -1: another form. */
static int next_row(char **text, char *column[COLUMNS], struct err *err)
{
	char *line = *text + strspn(*text, " \t\n");

	if (!*line)
		return 0;
	*text = line + strcspn(line, "\n");
	if (**text)
		*(*text)++ = '\0';
	for (int i = 0; i < COLUMNS; i++) {
		column[i] = line;
		line += strcspn(line, "|");
		if (!*line != (i == COLUMNS - 1))
			return fail(err, "lvm printed a line that is not understood: '%s'",
				    show(column[0]));
		if (*line)
			*line++ = '\0';
	}
	column[COLUMNS - 1][strcspn(column[COLUMNS - 1], " \t")] = '\0';
	return 1;
}

static int add_groups(struct lvm_groups *out, char *text, struct pool *pool, struct err *err)
{
	char *column[COLUMNS];
	int rc;

	while ((rc = next_row(&text, column, err)) > 0) {
		struct lvm_group *g = pool_grow(pool, &out->v, &out->nr, &out->cap, sizeof(*g));

		*g = (struct lvm_group){ .name = pool_strdup(pool, column[0]) };
		if (!parse_u64(column[1], UINT64_MAX, &g->extent) || !g->extent ||
		    !parse_u64(column[2], UINT64_MAX, &g->free))
			return fail(err, "sizes of volume group '%s': '%s', '%s'", show(g->name),
				    show(column[1]), show(column[2]));
	}
	return rc;
}

int lvm_groups_read(struct lvm_groups *out, struct pool *pool, struct err *err)
{
	const char *args[] = { NULL, "vgs", TABLE, "-o", "vg_name,vg_extent_size,vg_free", NULL };
	struct buf CLEANUP_BUF text = BUF_INIT;

	if (out->read)
		return 0;
	*out = (struct lvm_groups){ .read = true };
	if (run(args, &text, err) < 0) {
		out->why = pool_strdup(pool, err->text);
		err_clear(err);
		return 0;
	}
	return add_groups(out, text.data, pool, err);
}

struct lvm_group *lvm_group_find(struct lvm_groups *groups, const char *name)
{
	for (size_t i = 0; i < groups->nr; i++)
		if (strcmp(groups->v[i].name, name) == 0)
			return &groups->v[i];
	return NULL;
}

static int list_volumes(struct buf *text, const char *vg, struct err *err)
{
	const char *args[] = { NULL, "lvs", TABLE, "-o", "lv_name,lv_size,lv_tags", vg, NULL };

	return run(args, text, err);
}

int lvm_group_has(bool *there, struct lvm_group *g, const char *name, struct pool *pool,
		  struct err *err)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	char *column[COLUMNS], *at;
	int rc = 0;

	if (!g->listed) {
		if (list_volumes(&text, g->name, err) < 0)
			return -1;
		at = text.data;
		while ((rc = next_row(&at, column, err)) > 0)
			*(const char **)pool_grow(pool, &g->lv, &g->nr, &g->cap, sizeof(*g->lv)) =
				pool_strdup(pool, column[0]);
		g->listed = rc == 0;
	}
	*there = false;
	for (size_t i = 0; i < g->nr; i++)
		*there |= strcmp(g->lv[i], name) == 0;
	return rc;
}

/* All volumes are asked for: that one is not there has no status of its own. */
int lvm_volume_read(struct lvm_volume *out, const char *vg, const char *name,
		    struct pool *pool, struct err *err)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	char *column[COLUMNS], *at;
	int rc;

	*out = (struct lvm_volume){ .there = false };
	if (list_volumes(&text, vg, err) < 0)
		return -1;
	at = text.data;
	while ((rc = next_row(&at, column, err)) > 0) {
		if (strcmp(column[0], name) != 0)
			continue;
		out->there = true;
		out->tags = pool_strdup(pool, column[2]);
		if (!parse_u64(column[1], UINT64_MAX, &out->bytes))
			return fail(err, "size of '%s/%s': '%s'", show(vg), show(name),
				    show(column[1]));
	}
	return rc;
}

bool lvm_has_tag(const struct lvm_volume *lv, const char *tag)
{
	size_t len = strlen(tag);

	for (const char *at = lv->there ? lv->tags : ""; *at; at += strspn(at, ",")) {
		if (strncmp(at, tag, len) == 0 && (!at[len] || at[len] == ','))
			return true;
		at += strcspn(at, ",");
	}
	return false;
}

int lvm_create(const struct lvm_wish *wish, struct err *err)
{
	/* Its question about old signatures has no option in old versions; a key does no harm. */
	static const char config[] = "allocation{wipe_signatures_when_zeroing_new_lvs=0}";
	char size[32];
	const char *args[] = { NULL, "lvcreate", "--config", config, "--zero", "y", "--addtag",
			       wish->tag, "--name", wish->name, "--size", size, wish->vg, NULL };

	snprintf(size, sizeof(size), "%lluk", (unsigned long long)(wish->bytes / 1024));
	return run(args, NULL, err);
}

static int run_on(const char *command, const char *how, const char *vg, const char *name,
		  struct err *err)
{
	char lv[520];
	const char *args[] = { NULL, command, how, lv, NULL };

	if ((size_t)snprintf(lv, sizeof(lv), "%s/%s", vg, name) >= sizeof(lv))
		return fail(err, "name too long: '%s'", show(name));
	return run(args, NULL, err);
}

int lvm_activate(const char *vg, const char *name, struct err *err)
{
	return run_on("lvchange", "-ay", vg, name, err);
}

int lvm_remove(const char *vg, const char *name, struct err *err)
{
	return run_on("lvremove", "-f", vg, name, err);
}
