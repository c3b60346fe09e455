/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where is util-vserver? Its own file of variables says so for each installation
 * (a package and a build from source may stand side by side); the two customary
 * configuration directories are looked at as well, because the programs may be
 * gone already. The file of variables is a shell script: it is read as text,
 * never run.
 */
#include "vserver/scanning.h"

#include <ctype.h>
#include <string.h>

#define VARS_MAX (64 * 1024)
#define VALUE_MAX 4096
#define NR_VARS_MAX 512

struct var {
	const char *name;
	const char *value;
};
struct vars {
	size_t nr, cap;
	struct var *v;
};

static const char *const lib_dirs[] = { "/usr/lib", "/usr/lib64", "/usr/local/lib" };

/* What stands in for a missing file of variables. */
static const struct fallback {
	const char *conf, *run;
} fallbacks[] = {
	{ "/etc/vservers", "/var/run/vservers" },
	{ "/usr/local/etc/vservers", "/usr/local/var/run/vservers" },
};

static const char *vars_get(const struct vars *vars, const char *name, size_t len)
{
	for (size_t i = vars->nr; i-- > 0;)
		if (strncmp(vars->v[i].name, name, len) == 0 && !vars->v[i].name[len])
			return vars->v[i].value;
	return NULL;
}

static size_t name_len(const char *at)
{
	size_t n = 0;

	if (isdigit((unsigned char)*at))
		return 0;
	while (isalnum((unsigned char)at[n]) || at[n] == '_')
		n++;
	return n;
}

/* $NAME or ${NAME} at a dollar sign: its value appended; returns the bytes used. */
static size_t expand(struct buf *out, const char *at, const struct vars *vars)
{
	size_t brace = at[1] == '{';
	size_t len = name_len(at + 1 + brace);
	const char *value = vars_get(vars, at + 1 + brace, len);

	if (!len || (brace && at[2 + len] != '}')) {
		buf_addch(out, '$');
		return 1;
	}
	buf_adds(out, value ? value : "");
	return 1 + len + 2 * brace;
}

/* The value behind NAME=, quotes taken off; variables only outside single quotes. */
static const char *var_value(const char *at, const struct vars *vars, struct pool *pool)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	char quote = 0;

	while (*at && *at != '\n' && out.len < VALUE_MAX) {
		if (!quote && (isspace((unsigned char)*at) || *at == ';'))
			break;
		if (*at == quote) {
			quote = 0;
			at++;
		} else if (!quote && (*at == '\'' || *at == '"')) {
			quote = *at++;
		} else if (*at == '$' && quote != '\'') {
			at += expand(&out, at, vars);
		} else {
			at += *at == '\\' && quote != '\'' && at[1];
			buf_addch(&out, *at++);
		}
	}
	return pool_memdup(pool, out.data, out.len);
}

static void vars_parse(struct vars *vars, const char *text, struct pool *pool)
{
	while (text && *text && vars->nr < NR_VARS_MAX) {
		size_t len = name_len(text);

		if (len && text[len] == '=') {
			struct var new = { pool_memdup(pool, text, len),
					   var_value(text + len + 1, vars, pool) };

			*(struct var *)pool_grow(pool, &vars->v, &vars->nr, &vars->cap,
						 sizeof(new)) = new;
		}
		text = strchr(text, '\n');
		text += text != NULL;
	}
}

/* A default that is a directory when looked at, else the first. */
static const char *default_base(struct scan *s)
{
	static const char *const bases[] = { "/vservers", "/var/lib/vservers" };
	struct stat st;
	struct err err;

	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++)
		if (root_stat(s->root, bases[i], &st, &err) == 0 && S_ISDIR(st.st_mode))
			return bases[i];
	return bases[0];
}

static void add_install(struct installs *out, const char *conf, const char *base,
			const char *run, struct scan *s)
{
	struct buf real CLEANUP_BUF = BUF_INIT;
	struct install *in;
	struct stat st;
	struct err err;

	if (root_canonical(s->root, conf, &real, &err) < 0 ||
	    root_stat(s->root, real.data, &st, &err) < 0 || !S_ISDIR(st.st_mode))
		return;
	for (size_t i = 0; i < out->nr; i++)
		if (strcmp(out->v[i].conf, real.data) == 0)
			return;
	in = pool_grow(s->pool, &out->v, &out->nr, &out->cap, sizeof(*in));
	in->conf = pool_strdup(s->pool, real.data);
	in->base = base ? base : default_base(s);
	in->run = run;
}

static const char *absolute(const struct vars *vars, const char *name)
{
	const char *value = vars_get(vars, name, strlen(name));

	return value && *value == '/' ? value : NULL;
}

static void from_vars(struct installs *out, const char *lib, struct scan *s)
{
	const char *path = pool_printf(s->pool, "%s/util-vserver/util-vserver-vars", lib);
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct vars vars = { .nr = 0 };
	const char *conf, *run;
	struct err err;

	if (root_read(s->root, path, VARS_MAX, &text, &err) < 0)
		return;
	vars_parse(&vars, text.data, s->pool);
	conf = absolute(&vars, "__CONFDIR");
	run = absolute(&vars, "__PKGSTATEDIR");
	if (conf)
		add_install(out, conf, absolute(&vars, "__DEFAULT_VSERVERDIR"),
			    run ? run : fallbacks[0].run, s);
}

void installs_find(struct installs *out, struct scan *s)
{
	struct names opt = { .nr = 0 };
	struct err err;

	for (size_t i = 0; i < sizeof(lib_dirs) / sizeof(*lib_dirs); i++)
		from_vars(out, lib_dirs[i], s);
	if (root_names(s->root, "/opt", s->pool, &opt, &err) == 0)
		for (size_t i = 0; i < opt.nr; i++)
			from_vars(out, pool_printf(s->pool, "/opt/%s/lib", opt.name[i]), s);
	for (size_t i = 0; i < sizeof(fallbacks) / sizeof(*fallbacks); i++)
		add_install(out, fallbacks[i].conf, NULL, fallbacks[i].run, s);
}
