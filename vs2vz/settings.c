/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads vs2vz.conf and its fragments with libconfuse. The schema comes from the table
 * of keys (settings_rows.c); every value is checked while its line is being parsed,
 * since the library forgets lines afterwards. Files are read through the root, so a
 * link in /etc cannot lead out of --root.
 */
#include "settings.h"

#include "settings_guest.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "model/finding.h"

#define FILE_MAX (1024 * 1024)
#define KEYS_MAX 32

/* libconfuse hands nothing of ours to its callbacks: the file being read. */
static __thread struct reading {
	const char *file;
	struct err *err;
	bool failed;
} *reading;

/* The first complaint counts; later ones follow from it. */
static void complain(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	char *raw = NULL;

	if (reading->failed)
		return;
	reading->failed = true;
	if (vasprintf(&raw, fmt, ap) < 0)
		die("out of memory");
	shown_add(&text, raw);
	free(raw);
	fail(reading->err, "%s:%d: %s", reading->file, cfg->line, text.data);
}

static const struct setting_row *row_find(const char *key)
{
	for (const struct setting_row *row = setting_rows; row->key; row++)
		if (strcmp(row->key, key) == 0)
			return row;
	return NULL;
}

static bool row_store(struct settings *s, const struct setting_row *row, cfg_opt_t *opt)
{
	if (row->number) {
		long number = cfg_opt_getnint(opt, 0);

		return number >= 0 && row->store(s, NULL, (uint64_t)number);
	}
	return cfg_opt_getnstr(opt, 0) && row->store(s, cfg_opt_getnstr(opt, 0), 0);
}

static int check_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct setting_row *row = row_find(cfg_opt_name(opt));
	struct settings scratch = { 0 };

	if (row_store(&scratch, row, opt))
		return 0;
	cfg_error(cfg, "%s must be %s", row->key, row->expects);
	return -1;
}

static void collect_lifts(struct settings *out, cfg_t *cfg, struct pool *pool)
{
	for (unsigned i = 0; i < cfg_size(cfg, "override"); i++) {
		cfg_t *section = cfg_getnsec(cfg, "override", i);
		unsigned nr = cfg_size(section, "guests");

		for (unsigned n = 0; n < (nr ? nr : 1); n++) {
			struct lift *lift = pool_grow(pool, &out->lifts, &out->nr_lifts,
						      &out->cap_lifts, sizeof(*lift));

			lift->id = finding_by_word(cfg_title(section))->id;
			lift->reason = pool_strdup(pool, cfg_getstr(section, "reason"));
			if (nr)
				lift->guest = pool_strdup(pool, cfg_getnstr(section, "guests", n));
		}
	}
}

static void collect(struct settings *out, cfg_t *cfg, struct pool *pool)
{
	for (const struct setting_row *row = setting_rows; row->key; row++) {
		cfg_opt_t *opt = cfg_getopt(cfg, row->key);

		if (!cfg_opt_size(opt))
			continue;
		if (row->number)
			row->store(out, NULL, (uint64_t)cfg_opt_getnint(opt, 0));
		else
			row->store(out, pool_strdup(pool, cfg_opt_getnstr(opt, 0)), 0);
	}
	collect_lifts(out, cfg, pool);
	settings_collect_guests(out, cfg, pool);
}

static cfg_t *schema_new(void)
{
	cfg_opt_t override[] = {
		CFG_STR_LIST("guests", NULL, CFGF_NONE),
		CFG_STR("reason", NULL, CFGF_NODEFAULT),
		CFG_END()
	};
	cfg_opt_t lift[] = { CFG_STR("reason", NULL, CFGF_NODEFAULT), CFG_END() };
	cfg_opt_t guest[] = {
		CFG_INT("ctid", 0, CFGF_NODEFAULT),
		CFG_STR("sample", NULL, CFGF_NODEFAULT),
		CFG_STR("method", NULL, CFGF_NODEFAULT),
		CFG_STR("rights", NULL, CFGF_NODEFAULT),
		CFG_STR("limits", NULL, CFGF_NODEFAULT),
		CFG_STR("insulate", NULL, CFGF_NODEFAULT),
		CFG_STR("overwrite", NULL, CFGF_NODEFAULT),
		CFG_STR("shared", NULL, CFGF_NODEFAULT),
		CFG_STR("tagging", NULL, CFGF_NODEFAULT),
		CFG_INT_LIST("tag", NULL, CFGF_NODEFAULT),
		CFG_STR("immutable", NULL, CFGF_NODEFAULT),
		CFG_STR("fixups", NULL, CFGF_NODEFAULT),
		CFG_SEC("override", lift, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_END()
	};
	cfg_opt_t opts[KEYS_MAX];
	const int section = CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES;
	size_t nr = 0;
	cfg_t *cfg;

	for (const struct setting_row *row = setting_rows; row->key; row++) {
		cfg_opt_t text = CFG_STR(row->key, NULL, CFGF_NODEFAULT);
		cfg_opt_t number = CFG_INT(row->key, 0, CFGF_NODEFAULT);

		opts[nr++] = row->number ? number : text;
	}
	opts[nr++] = (cfg_opt_t)CFG_SEC("override", override, section);
	opts[nr++] = (cfg_opt_t)CFG_SEC("guest", guest, section);
	opts[nr] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(opts, CFGF_NONE);
	if (!cfg)
		die("out of memory");
	cfg_set_error_function(cfg, complain);
	for (const struct setting_row *row = setting_rows; row->key; row++)
		cfg_set_validate_func(cfg, row->key, check_value);
	settings_check_sections(cfg);
	return cfg;
}

/* The library reads a string: a NUL would end the file unseen. */
static int check_bytes(const char *file, const struct buf *text, struct err *err)
{
	const char *nul = memchr(text->data, '\0', text->len);
	unsigned line = 1;

	if (!nul)
		return 0;
	for (const char *p = text->data; p < nul; p++)
		line += *p == '\n';
	return fail(err, "%s:%u: a NUL byte", file, line);
}

/* Length of a comment or a quoted string at the start of the text; 0: neither. */
static size_t token_length(const char *text, bool *is_comment)
{
	const char *end;
	size_t len = 1;

	*is_comment = true;
	if (text[0] == '#' || (text[0] == '/' && text[1] == '/'))
		return strcspn(text, "\n");
	if (text[0] == '/' && text[1] == '*') {
		end = strstr(text + 2, "*/");
		return end ? (size_t)(end - text) + 2 : 0;
	}
	*is_comment = false;
	if (text[0] != '"' && text[0] != '\'')
		return 0;
	while (text[len] && text[len] != text[0])
		len += text[len] == '\\' && text[len + 1] ? 2 : 1;
	return len + (text[len] != '\0');
}

/* libconfuse 3 counts lines with comments twice: take the comments out, keep the lines. */
static void blank_comments(struct buf *text)
{
	bool is_comment;
	size_t len;

	for (char *at = text->data; *at; at += len ? len : 1) {
		len = token_length(at, &is_comment);
		for (size_t i = 0; is_comment && i < len; i++)
			if (at[i] != '\n')
				at[i] = ' ';
	}
}

/*
 * libconfuse takes the end of the file for the end of every section that is open. Comments
 * are blanks by now.
 */
static int check_braces(const char *file, const char *text, struct err *err)
{
	unsigned line = 1, depth = 0, opened = 0;
	bool is_comment;

	while (*text) {
		size_t len = token_length(text, &is_comment);

		if (*text == '{' && depth++ == 0)
			opened = line;
		if (*text == '}' && depth)
			depth--;
		for (len = len ? len : 1; len && *text; len--)
			line += *text++ == '\n';
	}
	return depth ? fail(err, "%s:%u: the section or list that begins here is not closed: a '}' is "
			    "missing", file, opened) : 0;
}

static int parse_text(struct settings *out, const char *file, struct buf *text,
		      struct pool *pool, struct err *err)
{
	struct reading here = { .file = file, .err = err };
	cfg_t *cfg;
	int ret;

	if (check_bytes(file, text, err) < 0)
		return -1;
	if (!text->len)
		return 0;
	blank_comments(text);
	cfg = schema_new();
	reading = &here;
	ret = cfg_parse_buf(cfg, text->data);
	reading = NULL;
	if (ret == CFG_SUCCESS && !here.failed && check_braces(file, text->data, err) < 0)
		here.failed = true;
	if (ret == CFG_SUCCESS && !here.failed)
		collect(out, cfg, pool);
	else if (!here.failed)
		fail(err, "%s: cannot be parsed", file);
	cfg_free(cfg);
	return ret == CFG_SUCCESS && !here.failed ? 0 : -1;
}

static int read_file(struct settings *out, const struct root *root, const char *file,
		     struct pool *pool, struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	if (root_read(root, file, FILE_MAX, &text, err) < 0)
		return -1;
	return parse_text(out, show(file), &text, pool, err);
}

static int read_fragments(struct settings *out, const struct root *root, struct pool *pool,
			  struct err *err)
{
	struct names names;

	if (root_names(root, SETTINGS_DIR, pool, &names, err) < 0) {
		if (!err_is_absent(err))
			return -1;
		err_clear(err);
		return 0;
	}
	for (size_t i = 0; i < names.nr; i++) {
		size_t len = strlen(names.name[i]);

		if (names.name[i][0] == '.' || len < 6 ||
		    strcmp(names.name[i] + len - 5, ".conf") != 0)
			continue;
		if (read_file(out, root, pool_printf(pool, "%s/%s", SETTINGS_DIR, names.name[i]),
			      pool, err) < 0)
			return -1;
	}
	return 0;
}

int settings_read(struct settings *out, const struct root *root, const char *file,
		  struct pool *pool, struct err *err)
{
	settings_defaults(out);
	if (read_file(out, root, file ? file : SETTINGS_FILE, pool, err) < 0) {
		if (file || !err_is_absent(err))
			return -1;
		err_clear(err);
	}
	return read_fragments(out, root, pool, err);
}

const char *settings_library(void)
{
	return confuse_version;
}
