/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of vz.conf and CTID.conf (vzctl: src/lib/config.c; the same file is
 * also sourced by root shells, so every value is quoted and escaped).
 */
#ifndef VS2VZ_OPENVZ_CONF_H
#define VS2VZ_OPENVZ_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/pool.h"
#include "model/ct.h"

/* One assignment as vzctl reads it: backslashes removed, quotes taken off. */
struct conf_line {
	unsigned line;		/* 1 = first */
	const char *key;
	const char *value;	/* raw: an unquoted one holds a trailing comment as well */
	const char *cut;	/* the same without that comment, as a shell reads it */
};
struct conf {
	size_t nr;
	struct conf_line *v;
};

/* Parse as vzctl does; lines that it would skip are left out. */
void conf_parse(struct conf *out, const char *text, size_t len, struct pool *pool);
/*
 * The value that counts: first wins (strings), NULL where unset. Unquoted values are
 * cut at " #".
 */
const char *conf_get(const struct conf *conf, const char *key);

/* Can the bytes stand in a value at all? No newline, CR, NUL; length below the limit. */
bool conf_value_ok(const char *value);
/* KEY="value" with \ " $ and backquote escaped, and a newline. */
void conf_render(struct buf *out, const char *key, const char *value);

/*
 * The sample's text with the container's settings: the first line in column 0 that
 * sets a key is replaced in place, further ones of that key (also indented ones) are
 * removed, missing keys are appended in order. Every other byte stays. A setting whose
 * value is NULL has its lines removed.
 */
void conf_apply(struct buf *out, const char *sample, size_t len, const struct ct *ct);

#endif
