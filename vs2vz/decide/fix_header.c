/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers of boot scripts: the LSB block (LSB 3.1, chapter 20.8: comment lines between two
 * marks) and chkconfig's line (chkconfig(8): "# chkconfig: LEVELS START STOP", "-": no
 * level). Text of the guest: bounded, and names are checked where they are used.
 */
#include "decide/fix_services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned levels_of(const char *text)
{
	unsigned bits = 0;

	for (; *text && *text != '\n'; text++) {
		if (*text >= '0' && *text < '0' + LEVELS)
			bits |= 1u << (*text - '0');
		else if (*text == 'S' || *text == 's' || *text == 'B')
			bits |= 1u << LEVEL_S;
	}
	return bits;
}

/* "Key: rest" behind '#' and blanks; NULL: another line. */
static const char *after_key(const char *line, size_t len, const char *key)
{
	size_t lead = 1 + strspn(line + 1, " \t"), name = strlen(key);

	if (*line != '#' || lead + name >= len || strncasecmp(line + lead, key, name) != 0 ||
	    line[lead + name] != ':')
		return NULL;
	return line + lead + name + 1;
}

static void take_lsb(struct boot_script *out, const char *line, size_t len, struct pool *pool)
{
	const struct {
		const char *key, **list;
	} lists[] = {
		{ "Provides", &out->provides }, { "Required-Start", &out->required_start },
		{ "Should-Start", &out->should_start }, { "Required-Stop", &out->required_stop },
		{ "Should-Stop", &out->should_stop }, { "X-Start-Before", &out->before },
		{ "X-Stop-After", &out->stop_after },
	};
	const char *rest;

	if ((rest = after_key(line, len, "Default-Start")))
		out->start = levels_of(pool_memdup(pool, rest, len - (size_t)(rest - line)));
	if ((rest = after_key(line, len, "Default-Stop")))
		out->stop = levels_of(pool_memdup(pool, rest, len - (size_t)(rest - line)));
	if ((rest = after_key(line, len, "X-Interactive")))
		out->interactive = strncasecmp(rest + strspn(rest, " \t"), "true", 4) == 0;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if ((rest = after_key(line, len, lists[i].key)))
			*lists[i].list = pool_memdup(pool, rest, len - (size_t)(rest - line));
}

static void take_chkconfig(struct boot_script *out, const char *line, size_t len,
			   struct pool *pool)
{
	const char *rest = after_key(line, len, "chkconfig");
	char levels[16];
	int start, stop;

	if (!rest || sscanf(pool_memdup(pool, rest, len - (size_t)(rest - line)),
			    "%15s %d %d", levels, &start, &stop) != 3 ||
	    start < 0 || start > 99 || stop < 0 || stop > 99)
		return;
	out->start_nr = start;
	out->stop_nr = stop;
	if (out->lsb && out->start)
		return;
	out->start = levels_of(levels);
	out->stop = ((1u << LEVELS) - 1) & ~out->start;
}

void boot_script_read(struct boot_script *out, const char *name, const char *text,
		      struct pool *pool)
{
	bool inside = false;
	const char *line;
	size_t len;

	*out = (struct boot_script){
		.name = name, .start_nr = -1, .stop_nr = -1, .provides = "", .required_start = "",
		.should_start = "", .required_stop = "", .should_stop = "", .before = "",
		.stop_after = "",
	};
	while (next_line(&text, &line, &len)) {
		if (strncmp(line, "### BEGIN INIT INFO", 19) == 0)
			out->lsb = inside = true;
		else if (strncmp(line, "### END INIT INFO", 17) == 0)
			inside = false;
		else if (inside)
			take_lsb(out, line, len, pool);
		else if (*line == '#')
			take_chkconfig(out, line, len, pool);
	}
}
