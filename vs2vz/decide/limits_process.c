/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of each process: ulimits/, the resources of rlimits/ that the kernel knows
 * per process only, and the string ULIMIT of the legacy style. vzctl sets none, so
 * each becomes a line for the guest's limits.conf; where a limit of the container
 * would bite first, that one is raised.
 *
 * Units: ours are those of setrlimit (bytes, seconds, numbers), those of limits.conf
 * KiB and minutes, those of the shell's ulimit KiB and seconds.
 */
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "decide/limits.h"
#include "vserver/flags.h"

/* by: what a number of limits.conf counts of ours; shell: what one of ulimit does. */
static const struct resource {
	const char *name;	/* in rlimits/, ulimits/ and limits.conf */
	char letter;		/* of ulimit */
	unsigned by, shell;
	bool per_process;	/* also in rlimits/: not a limit of the whole guest */
} resources[] = {
	{ "core", 'c', 1024, 1024, true },  { "cpu", 't', 60, 1, true },
	{ "data", 'd', 1024, 1024, true },  { "fsize", 'f', 1024, 1024, true },
	{ "locks", 'x', 1, 1, false },	    { "memlock", 'l', 1024, 1024, false },
	{ "nofile", 'n', 1, 1, false },	    { "nproc", 'u', 1, 1, false },
	{ "rss", 'm', 1024, 1024, false },  { "stack", 's', 1024, 1024, true },
	{ "as", 'v', 1024, 1024, false },
};
#define NR_RESOURCES (sizeof(resources) / sizeof(resources[0]))

/* "* hard nofile 2048" */
static const char *proposal(struct limits *l, const struct resource *r, const char *type,
			    uint64_t value)
{
	if (value == LIMIT_NONE_SET)
		return pool_printf(l->t->pool, "* %s %s unlimited", type, r->name);
	return pool_printf(l->t->pool, "* %s %s %llu", type, r->name,
			   (unsigned long long)(value / r->by + (value % r->by != 0)));
}

/* A container must not refuse what each of its processes may have. */
static void raise_for(struct limits *l, const struct resource *r, uint64_t value,
		      const char *why)
{
	if (value == LIMIT_NONE_SET)
		return;
	if (r->letter == 'n')
		limit_least(l, UBC_NUMFILE, value, why);
	if (r->letter == 'u' && value > l->set.v[UBC_NUMPROC].bar)
		limits_processes(l, value, why);
}

static void one_file(struct limits *l, const struct resource *r, const char *path,
		     const char *type)
{
	const struct item *item = own_item(l->t, path);
	struct number n = number_limit(item, l->t->pool);

	if (!number_usable(l->t, item, &n))
		return;
	if (strncmp(path, "ulimits/", 8) == 0)
		raise_for(l, r, n.value, "ulimits");
	claim_item(l->t, item, VERDICT_MANUAL, NULL,
		   pool_printf(l->t->pool, "into the guest's etc/security/limits.conf: '%s'",
			       proposal(l, r, type, n.value)));
}

static void from_folder(struct limits *l, const char *folder, bool all)
{
	static const struct {
		const char *suffix, *type;
	} files[] = { { "", "-" }, { ".soft", "soft" }, { ".hard", "hard" } };

	for (size_t i = 0; i < NR_RESOURCES; i++) {
		const struct resource *r = &resources[i];

		if (!all && !r->per_process)
			continue;
		for (size_t j = 0; j < 3; j++)
			one_file(l, r, pool_printf(l->t->pool, "%s/%s%s", folder, r->name,
						   files[j].suffix), files[j].type);
		claim_path(l->t, pool_printf(l->t->pool, "%s/%s.min", folder, r->name),
			   VERDICT_NOT_NEEDED, NULL, "a minimum, which VServer never enforced");
	}
}

struct ulimit {
	struct limits *l;
	struct buf lines;	/* proposals */
	const char *fault;	/* a word that cannot be read */
	bool hard, soft;
	char letter;		/* waits for its value; 0: none */
	bool carried;
};

static const struct resource *by_letter(char letter)
{
	for (size_t i = 0; i < NR_RESOURCES; i++)
		if (resources[i].letter == letter)
			return &resources[i];
	return NULL;
}

static void ulimit_value(struct ulimit *u, const char *word)
{
	const struct resource *r = by_letter(u->letter ? u->letter : 'f');
	const char *type = u->hard == u->soft ? "-" : u->hard ? "hard" : "soft";
	struct translation *t = u->l->t;
	struct number n = number_of(word);
	uint64_t value = LIMIT_NONE_SET;

	u->letter = 0;
	if (strcmp(word, "unlimited") != 0 && (!n.ok || n.negative)) {
		u->fault = word;
		return;
	}
	if (n.ok)
		value = mul_u64(n.value, r->shell);
	if (r->letter == 'u' && (guest_flags(t).set & CFLAG_NPROC) && value) {
		limits_processes(u->l, value, "ULIMIT");
		u->l->limited[UBC_NUMPROC] = value != LIMIT_NONE_SET;
		u->carried = true;
		return;
	}
	raise_for(u->l, r, value, "ULIMIT");
	buf_addf(&u->lines, "%s'%s'", u->lines.len ? ", " : "", proposal(u->l, r, type, value));
}

static void ulimit_word(struct ulimit *u, const char *word)
{
	if (word[0] != '-' || !word[1]) {
		ulimit_value(u, word);
		return;
	}
	for (word++; *word; word++) {
		u->hard = u->hard || *word == 'H';
		u->soft = u->soft || *word == 'S';
		if (*word == 'H' || *word == 'S')
			continue;
		if (!by_letter(*word))
			u->fault = "an unknown letter";
		else
			u->letter = *word;
	}
}

static void claim_ulimit(struct ulimit *u, const struct item *item)
{
	struct translation *t = u->l->t;

	if (u->fault)
		claim_item(t, item, VERDICT_MANUAL, NULL,
			   pool_printf(t->pool, "'%s' cannot be read; %s", show(u->fault),
				       u->lines.len ? u->lines.data : "set its limits by hand"));
	else if (u->lines.len)
		claim_item(t, item, VERDICT_MANUAL, NULL,
			   pool_printf(t->pool, "into the guest's etc/security/limits.conf: %s",
				       u->lines.data));
	else
		claim_item(t, item, u->carried ? VERDICT_SAME : VERDICT_NOT_NEEDED,
			   u->carried ? "NUMPROC" : NULL, u->carried ? "processes of the whole guest"
								     : "empty");
}

static void from_ulimit(struct limits *l, const struct item *item)
{
	struct ulimit u = { .l = l, .lines = BUF_INIT };
	const char *p = item->text;

	for (p += strspn(p, " \t\n"); *p && !u.fault; p += strspn(p, " \t\n")) {
		size_t len = strcspn(p, " \t\n");

		ulimit_word(&u, pool_memdup(l->t->pool, p, len));
		p += len;
	}
	claim_ulimit(&u, item);
	buf_release(&u.lines);
}

void limits_process(struct limits *l)
{
	const struct item *item = own_item(l->t, "ULIMIT");

	if (l->t->guest->style == STYLE_LEGACY) {
		if (item)
			from_ulimit(l, item);
		return;
	}
	from_folder(l, "rlimits", false);
	from_folder(l, "ulimits", true);
}
