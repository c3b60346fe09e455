/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strict numbers first, for VServer's tools refuse what they cannot read to the last
 * byte, and a guest with such a file was not started. Then the same text without
 * blanks and carriage returns, with any suffix and in any case: what was meant.
 */
#include "vserver/number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"
#include "vserver/value.h"

#define READ_MAX 127	/* the tools read that many bytes */

struct suffix {
	char letter;
	uint64_t factor;
};
static const struct suffix of_limits[] = {
	{ 'K', 1024 }, { 'M', 1024 * 1024 }, { 'k', 1000 }, { 'm', 1000 * 1000 }, { 0, 0 },
};
static const struct suffix of_sizes[] = {
	{ 'K', 1024 }, { 'k', 1024 }, { 'M', 1024 * 1024 }, { 'm', 1024 * 1024 },
	{ 'G', 1ULL << 30 }, { 'g', 1ULL << 30 }, { 0, 0 },
};
static const struct suffix meant_by_people[] = {
	{ 'B', 1 }, { 'b', 1 }, { 'K', 1024 }, { 'k', 1000 }, { 'M', 1024 * 1024 },
	{ 'm', 1000 * 1000 }, { 'G', 1ULL << 30 }, { 'g', 1ULL << 30 }, { 'T', 1ULL << 40 },
	{ 't', 1ULL << 40 }, { 0, 0 },
};
static const struct suffix none[] = { { 0, 0 } };

/* False: not to the end of the text. Negative numbers mean "no limit". */
static bool parse(const char *text, const struct suffix *suffix, struct number *out)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (end == text)
		return false;
	out->negative = memchr(text, '-', (size_t)(end - text)) != NULL && n != 0;
	out->value = out->negative || errno ? LIMIT_NONE_SET : n;
	if (*end) {
		while (suffix->letter && suffix->letter != *end)
			suffix++;
		if (!suffix->letter)
			return false;
		out->value = mul_u64(out->value, suffix->factor);
		end++;
	}
	return *end == '\0';
}

/* The text without blanks around it and without the carriage return. */
static const char *tidy(const char *text, struct pool *pool)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strcspn(text, "\n");
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	return pool_memdup(pool, text, len);
}

static struct number judge(const char *line, const struct suffix *suffix, bool has_inf,
			   struct pool *pool)
{
	struct number out = { .present = true };
	const char *text = tidy(line, pool);

	if (has_inf && strncmp(line, "inf", 3) == 0)
		out.value = LIMIT_NONE_SET;
	else if (!parse(line, suffix, &out)) {
		out.differs = *text ? "VServer reads no number here" : "the file is empty";
		out.meant = has_inf && (strncasecmp(text, "inf", 3) == 0 ||
					strncasecmp(text, "unlimited", 9) == 0);
		out.value = LIMIT_NONE_SET;
		if (!out.meant)
			out.meant = parse(text, meant_by_people, &out);
		return out;
	}
	out.ok = out.meant = true;
	return out;
}

/* The first line of the bytes that the tools read. */
static const char *first_line(const struct item *item, struct pool *pool)
{
	size_t len = item->len < READ_MAX ? item->len : READ_MAX;
	const char *text = pool_memdup(pool, item->text, len);

	return pool_memdup(pool, text, strcspn(text, "\n"));
}

struct number number_limit(const struct item *item, struct pool *pool)
{
	if (!item || item->type != ITEM_FILE)
		return (struct number){ 0 };
	return judge(first_line(item, pool), of_limits, true, pool);
}

struct number number_int(const struct item *item, struct pool *pool)
{
	if (!item || item->type != ITEM_FILE)
		return (struct number){ 0 };
	return judge(first_line(item, pool), none, false, pool);
}

struct number number_of(const char *text)
{
	struct number out = { .present = true };

	out.ok = out.meant = parse(text, none, &out);
	if (!out.ok)
		out.differs = *text ? "VServer reads no number here" : "the value is empty";
	return out;
}

struct number number_bytes(const struct item *item, struct pool *pool)
{
	struct value value = value_whole(item, pool);

	if (!value.present)
		return (struct number){ 0 };
	return judge(value.text, of_sizes, false, pool);
}
