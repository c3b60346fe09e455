/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applies the table of rules.c: finds the row that claims an item, gives every item
 * of a guest, the inherited ones included, exactly one fate, and gathers what is left
 * to the administrator into one finding per group of items ("rlimits"), so that
 * twenty files of one kind are one line on the screen. Knows no item by name.
 */
#include "decide/translate.h"

#include <string.h>

#include "base/buf.h"
#include "base/shown.h"

#define LISTED_MAX 600	/* bytes of names and values in one finding */
#define VALUE_MAX  60	/* bytes of one value */

const char *verdict_word(enum verdict v)
{
	static const char *const words[] = {
		[VERDICT_SAME] = "same",
		[VERDICT_NEAR] = "near",
		[VERDICT_NOT_NEEDED] = "not-needed",
		[VERDICT_MANUAL] = "manual",
		[VERDICT_UNKNOWN] = "unknown",
	};

	return words[v];
}

/* A star ends at a slash; two stars end the pattern and take what is left. */
static bool matches(const char *pattern, const char *path)
{
	while (*pattern) {
		if (strcmp(pattern, "**") == 0)
			return *path != '\0';
		if (*pattern != '*') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		const char *tail = pattern + 1;
		for (; ; path++) {
			if (matches(tail, path))
				return true;
			if (!*path || *path == '/')
				return false;
		}
	}
	return *path == '\0';
}

/* The most exact row wins: more literal bytes before the first star, then a longer pattern. */
const struct rule *rule_find_in(const struct rule *table, size_t nr, enum guest_style style,
				const char *path)
{
	const struct rule *best = NULL;
	size_t best_literal = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct rule *rule = &table[i];
		size_t literal;

		if (rule->style != style || !matches(rule->pattern, path))
			continue;
		literal = strcspn(rule->pattern, "*");
		if (!rule->pattern[literal])
			return rule;
		if (!best || literal > best_literal || (literal == best_literal &&
		    strlen(rule->pattern) > strlen(best->pattern))) {
			best = rule;
			best_literal = literal;
		}
	}
	return best;
}

const struct rule *rule_find(enum guest_style style, const char *path)
{
	return rule_find_in(rules, nr_rules, style, path);
}

/* Lines are shown side by side: many items are lists. */
const char *item_value(const struct item *item, struct pool *pool)
{
	size_t len = item->len;
	char *text;

	while (len && item->text[len - 1] == '\n')
		len--;
	const char *dots = len > VALUE_MAX ? "..." : "";
	if (len > VALUE_MAX)
		len = VALUE_MAX;
	text = pool_memdup(pool, item->text, len);
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n')
			text[i] = ' ';
	return pool_printf(pool, "%s%s", show(text), dots);
}

/* Bytes of the path that name the group which a finding speaks of. */
static size_t group_len(const char *path)
{
	static const struct {
		const char *start;
		unsigned components;	/* 0: the whole path */
	} groups[] = {
		{ "apps/init/", 0 }, { "apps/", 2 }, { "interfaces/", 0 }, { "uts/", 0 },
		{ ".defaults/apps/", 0 }, { ".defaults/", 2 }, { "", 1 },
	};
	size_t i = 0, len = 0;

	while (strncmp(path, groups[i].start, strlen(groups[i].start)) != 0)
		i++;
	if (groups[i].components == 0)
		return strlen(path);
	for (unsigned n = groups[i].components; n; n--) {
		if (path[len] == '/')
			len++;
		len += strcspn(path + len, "/");
	}
	return len;
}

static void list_items(struct buf *out, struct fate *const *fate, size_t nr, size_t group,
		       struct pool *pool)
{
	for (size_t i = 0; i < nr; i++) {
		const struct item *item = fate[i]->item;

		if (out->len > LISTED_MAX) {
			buf_addf(out, " and %zu more", nr - i);
			return;
		}
		const char *value = item->text ? item_value(item, pool) : "";
		if (i)
			buf_adds(out, ", ");
		if (item->path[group] == '/')
			buf_addf(out, "%s%s", show(item->path + group + 1), *value ? " " : "");
		if (*value)
			buf_addf(out, "'%s'", value);
	}
}

static void list_reasons(struct buf *out, struct fate *const *fate, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		size_t j = 0;

		while (strcmp(fate[j]->reason, fate[i]->reason) != 0)
			j++;
		if (j == i)
			buf_addf(out, "%s%s", i ? "; " : out->len ? ": " : "", fate[i]->reason);
	}
}

static enum finding_id finding_of(const struct fate *fate)
{
	return fate->rule && fate->rule->id ? fate->rule->id : VS_ITEM_LATER;
}

/* Items are sorted by path, so a group is a run of neighbours. */
static void report_later(const struct translation *t)
{
	size_t nr;

	for (size_t i = 0; i < t->nr_later; i += nr) {
		const char *path = t->later[i]->item->path;
		enum finding_id id = finding_of(t->later[i]);
		size_t group = group_len(path);
		CLEANUP_BUF struct buf seen = BUF_INIT;

		for (nr = 1; i + nr < t->nr_later; nr++) {
			const char *next = t->later[i + nr]->item->path;

			if (group_len(next) != group || strncmp(next, path, group) != 0 ||
			    finding_of(t->later[i + nr]) != id)
				break;
		}
		list_items(&seen, t->later + i, nr, group, t->pool);
		list_reasons(&seen, t->later + i, nr);
		finding_add(t->findings, id, t->guest->name, pool_memdup(t->pool, path, group),
			    "%s", seen.data);
	}
}

/* What all guests inherit is named once, for the host. */
static void report_unknown(const struct translation *t, const struct item *item)
{
	bool inherited = strncmp(item->path, ".defaults/", 10) == 0;
	const char *guest = inherited ? NULL : t->guest->name;
	const char *object = item->path;

	if (inherited)
		object = shown_dup(t->pool, pool_printf(t->pool, "%s/%s", t->guest->install,
							item->path));
	for (size_t i = inherited ? finding_first(t->findings, NULL) : FINDING_NONE;
	     i != FINDING_NONE; i = finding_next(t->findings, i)) {
		const struct finding *f = &t->findings->v[i];

		if (f->kind->id == VS_ITEM_UNKNOWN && strcmp(f->object, object) == 0)
			return;
	}
	finding_add(t->findings, VS_ITEM_UNKNOWN, guest, object, "no rule claims it%s%s%s",
		    item->type == ITEM_FILE && item->len ? "; it says '" : "",
		    item->type == ITEM_FILE && item->len ? item_value(item, t->pool) : "",
		    item->type == ITEM_FILE && item->len ? "'" : "");
}

/* "PHYSPAGES=0:65536 SWAPPAGES=0:0": the parameters that an item went into. */
static const char *result_of(const struct translation *t, const char *params)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	for (const char *p = params; *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");
		const char *key = pool_memdup(t->pool, p, len), *value = param_value(t, key);

		if (value)
			buf_addf(&out, "%s%s=%s%s", out.len ? " " : "", key, value,
				 ct_get(t->ct, key) ? "" : " (sample)");
		p += len;
	}
	return out.len ? pool_memdup(t->pool, out.data, out.len) : NULL;
}

static void judge(struct translation *t, const struct item *item, struct fate *fate)
{
	const struct rule *rule = rule_find(t->guest->style, item->path);

	fate->item = item;
	fate->rule = rule;
	fate->verdict = rule ? rule->verdict : VERDICT_UNKNOWN;
	fate->reason = rule ? rule->reason : "unknown to VServer's tools and to vs2vz";
	if (rule && rule->map)
		rule->map(t, item, fate);
	if (fate->verdict == VERDICT_UNKNOWN)
		report_unknown(t, item);
	if (!fate->params && rule)
		fate->params = rule->param;
	if (fate->params && !fate->result &&
	    (fate->verdict == VERDICT_SAME || fate->verdict == VERDICT_NEAR))
		fate->result = result_of(t, fate->params);
}

static void set_all(struct translation *t)
{
	set_onboot(t->ct, t->guest, t->pool);
	set_hostname(t->ct, t->guest, t->pool, t->findings);
	set_addresses(t->ct, t->guest, t->host, t->pool, t->findings);
	set_boot(t);
	if (t->sample) {
		set_limits(t);
		set_processor(t);
		set_disk(t);
	}
	set_rights(t);
	set_devices(t);
	set_kernel(t);
}

void rules_translate(struct ledger *out, struct ct *ct, const struct rules_input *in,
		     struct pool *pool, struct findings *findings)
{
	const struct guest *guest = in->guest;
	size_t inherited = guest->style == STYLE_RECENT ? guest->defaults.nr : 0;
	size_t nr = guest->items.nr + inherited;
	struct translation t = {
		.guest = guest, .host = in->host, .root = in->root, .sample = in->sample,
		.rights = in->rights, .limits = in->limits, .bootorder = in->bootorder, .ct = ct,
		.packages = in->packages, .packages_verdict = in->packages_verdict, .pool = pool,
		.findings = findings, .later = pool_array(pool, nr + 1, sizeof(*t.later)),
	};

	set_all(&t);
	out->nr = nr;
	out->v = pool_array(pool, nr + 1, sizeof(*out->v));
	for (size_t i = 0; i < guest->items.nr; i++)
		judge(&t, &guest->items.v[i], &out->v[i]);
	for (size_t i = 0; i < inherited; i++)
		judge(&t, &guest->defaults.v[i], &out->v[guest->items.nr + i]);
	if (guest->script)
		finding_add(findings, VS_HOST_SCRIPTS, guest->name, guest->script,
			    "called on the host before and after start and stop");
	report_later(&t);
}
