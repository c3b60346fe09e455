/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UTF-8 by RFC 3629. A hostile guest chooses these bytes, so anything that could
 * move a cursor or turn the direction of writing counts as not printable.
 */
#include "base/utf8.h"

#include <stdint.h>

/* Decode one character; returns its length, 0 where the bytes are not UTF-8. */
static size_t decode(const char *text, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	size_t len, i;

	if (s[0] < 0x80)
		len = 1;
	else if ((s[0] & 0xe0) == 0xc0)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if ((s[0] & 0xf8) == 0xf0)
		len = 4;
	else
		return 0;
	*code = len == 1 ? s[0] : s[0] & (0xffu >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return len;
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	       c == 0x61c || c == 0x200e || c == 0x200f ||	/* direction marks */
	       (c >= 0x2028 && c <= 0x202e) ||			/* separators, embeddings */
	       (c >= 0x2066 && c <= 0x2069) ||			/* isolates */
	       c == 0xfeff;
}

size_t utf8_printable(const char *text)
{
	uint32_t code;
	size_t len = decode(text, &code);

	return len && !is_control(code) ? len : 0;
}

bool utf8_valid(const char *text)
{
	uint32_t code;

	while (*text) {
		size_t len = decode(text, &code);

		if (!len)
			return false;
		text += len;
	}
	return true;
}
