/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes made printable, at any length. What is printable is decided in utf8.c.
 */
#include "base/shown.h"

#include "base/utf8.h"

void shown_add(struct buf *out, const char *bytes)
{
	while (*bytes) {
		size_t n = utf8_printable(bytes);

		if (n)
			buf_add(out, bytes, n);
		else
			buf_addf(out, "\\x%02X", (unsigned char)*bytes);
		bytes += n ? n : 1;
	}
}

char *shown_dup(struct pool *pool, const char *bytes)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	if (!bytes)
		return NULL;
	shown_add(&text, bytes);
	return pool_memdup(pool, text.data, text.len);
}
