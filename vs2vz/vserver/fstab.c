/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar of util-vserver's src/secure-mount.c: fields between blanks, no
 * escapes, and a line with too few fields ends the file. "Blank" is isspace(3),
 * so a carriage return separates too. What the options mean is in fstab_options.c;
 * what a mount becomes is not known here.
 */
#include "vserver/fstab.h"

#include <ctype.h>
#include <string.h>

#define NR_FIELDS 6
#define NR_NEEDED 4	/* of these, the first three must be followed by a blank */

static size_t to_blank(const char *at, size_t len)
{
	size_t n = 0;

	while (n < len && !isspace((unsigned char)at[n]))
		n++;
	return n;
}

static size_t over_blanks(const char *at, size_t len)
{
	size_t n = 0;

	while (n < len && isspace((unsigned char)at[n]))
		n++;
	return n;
}

/*
 * 1: a mount, 0: nothing on this line, -1: VServer gives up here. The first three
 * fields must each be followed by a blank; the options may be empty.
 */
static int parse_line(struct fstab_line *out, const char *at, size_t len, struct pool *pool)
{
	const char **field[NR_FIELDS] = {
		&out->source, &out->target, &out->type, &out->options, &out->dump, &out->pass,
	};
	size_t n = over_blanks(at, len);

	if (n == len || at[n] == '#')
		return 0;
	for (size_t i = 0; i < NR_FIELDS; i++) {
		size_t width = to_blank(at + n, len - n);

		*field[i] = pool_memdup(pool, at + n, width);
		n += width;
		if (i < NR_NEEDED - 1 && (n == len || width == 0))
			return -1;
		n += over_blanks(at + n, len - n);
	}
	return 1;
}

void fstab_parse(struct fstab *out, const struct item *item, struct pool *pool)
{
	size_t cap = 0, at = 0;
	unsigned line = 0;

	*out = (struct fstab){ .nr = 0 };
	if (!item || item->type != ITEM_FILE)
		return;
	while (at < item->len) {
		const char *start = item->text + at;
		const char *end = memchr(start, '\n', item->len - at);
		size_t len = end ? (size_t)(end - start) : item->len - at;
		struct fstab_line new = { .item = item->path, .line = ++line };
		int got = memchr(start, '\0', len) ? -1 : parse_line(&new, start, len, pool);

		at += len + 1;
		if (got < 0) {
			out->bad_line = line;
			return;
		}
		if (got > 0)
			*(struct fstab_line *)pool_grow(pool, &out->v, &out->nr, &cap,
							sizeof(*out->v)) = new;
	}
}
