/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in the way of one guest: remains of an earlier container, addresses
 * that somebody else has, a tree that another kernel would not serve as VServer did.
 * All of it in one pass; only findings come out.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "decide/image_place.h"
#include "decide/inside.h"

static int remains_of(struct deciding *d, const struct decision *decision, struct err *err)
{
	const char *guest = decision->guest->name;
	struct remains r;

	if (layout_remains(&r, d->host, d->root, decision->ct.ctid, d->pool, err) < 0)
		return -1;
	for (size_t i = 0; i < r.nr_hooks; i++)
		finding_add(d->findings, VS_STALE_HOOKS, guest, r.hooks[i], "it exists");
	if (r.dump)
		finding_add(d->findings, VS_STALE_DUMP, guest, r.dump, "it exists");
	if (r.quota && layout_quota_is_left(d->host, r.quota))
		finding_add(d->findings, VS_OWN_QUOTA, guest, r.quota,
			    "it exists since an undone conversion to container %u",
			    decision->ct.ctid);
	else if (r.quota)
		finding_add(d->findings, VS_STALE_QUOTA, guest, r.quota, "it exists");
	if (r.lock)
		finding_add(d->findings, VS_CT_LOCKED, guest, r.lock, "held by a living process");
	return 0;
}

static void count_finding(struct deciding *d, const struct guest *guest, enum finding_id id,
			  uint64_t nr, const char *what)
{
	if (nr)
		finding_add(d->findings, id, guest->name, guest->tree, "%llu %s",
			    (unsigned long long)nr, what);
}

static const char *example(const struct deciding *d, const char *what, const char *path)
{
	return path ? pool_printf(d->pool, "%s, for example '%s'", what, show(path)) : what;
}

static void tree_findings(struct deciding *d, const struct guest *guest)
{
	const struct survey *s = &guest->survey;

	count_finding(d, guest, VS_FOREIGN_MOUNT, s->foreign_dirs,
		      example(d, "directories of other file systems", s->example_foreign));
}

/* A tree in the place of another container, or around it: nothing of that moves. */
static void container_of_tree(struct deciding *d, const struct guest *guest)
{
	for (size_t i = 0; i < d->known.nr; i++) {
		const struct known_ct *ct = &d->known.v[i];
		const char *areas[] = { ct->private, ct->root };

		for (size_t k = 0; k < sizeof(areas) / sizeof(areas[0]); k++) {
			if (!areas[k] || strcmp(areas[k], "/") == 0 || (!path_at_or_in(guest->tree, areas[k]) &&
					  !path_at_or_in(areas[k], guest->tree)))
				continue;
			finding_add(d->findings, VS_TREE_IN_CONTAINER, guest->name, guest->tree,
				    "'%s' is of container %u", show(areas[k]), ct->ctid);
			return;
		}
	}
	/* "/vservers/345" of guest 345 is no area, also where the patterns say /vservers. */
	if (strcmp(path_name(guest->tree), guest->name) != 0 &&
	    (area_of_pattern(guest->tree, d->host->private_pattern) ||
	     area_of_pattern(guest->tree, d->host->root_pattern)))
		finding_add(d->findings, VS_TREE_IN_CONTAINER, guest->name, guest->tree,
			    "its place is that of a container's area");
}

/* The root directory as the container will have it. */
static void root_mode(struct deciding *d, const struct decision *decision)
{
	const struct guest *guest = decision->guest;
	const struct stat disk = { .st_uid = guest->tree_uid, .st_gid = guest->tree_gid };
	struct owner owner = marks_owner(&decision->marks, &disk);

	if ((guest->tree_mode & 07777) == 0755 && owner.uid == 0 && owner.gid == 0)
		return;
	finding_add(d->findings, VS_TREE_MODE, guest->name, guest->tree, "mode %04o, owner %u:%u",
		    (unsigned)guest->tree_mode & 07777, owner.uid, owner.gid);
}

/*
 * vzctl makes a container a 32-bit machine where the header of /sbin/init says 32 bits
 * (vzctl: src/lib/env.c, set_personality32); no other program counts.
 */
static void init_hides_word(struct deciding *d, const struct guest *guest)
{
	static const char *const narrow[] = { "i386", "ppc", "s390", "sparc" };
	const struct system *system = &guest->system;

	if (!system->arch || !system->init_arch || *system->init_arch ||
	    !system->init || strcmp(system->init, "none") == 0)
		return;
	for (size_t i = 0; i < sizeof(narrow) / sizeof(*narrow); i++)
		if (strcmp(system->arch, narrow[i]) == 0)
			finding_add(d->findings, VS_INIT_NOT_ELF, guest->name, "/sbin/init",
				    "no program with an ELF header, the guest is %s",
				    system->arch);
}

static void system_findings(struct deciding *d, const struct guest *guest)
{
	const struct system *system = &guest->system;

	if (!system->init || !*system->init || strcmp(system->init, "none") == 0)
		finding_add(d->findings, VS_NO_INIT, guest->name, guest->tree,
			    "no program at /sbin/init");
	init_hides_word(d, guest);
	if (!system->has_shell)
		finding_add(d->findings, VS_NO_SHELL, guest->name, guest->tree,
			    "neither /bin/bash nor /bin/sh");
	if (!system->has_dev_null)
		finding_add(d->findings, VS_NO_DEV_NULL, guest->name, guest->tree,
			    "no device /dev/null");
	if (!system->distro || !*system->distro)
		finding_add(d->findings, VS_DISTRO_UNKNOWN, guest->name, guest->tree,
			    "no release file that is known");
}

int conflicts_of(struct deciding *d, const struct decision *decision, struct err *err)
{
	const struct guest *guest = decision->guest;

	if (remains_of(d, decision, err) < 0)
		return -1;
	container_of_tree(d, guest);
	if (guest->surveyed)
		tree_findings(d, guest);
	root_mode(d, decision);
	system_findings(d, guest);
	return 0;
}

/* One address and who has it. */
struct claim {
	const char *text;	/* canonical */
	const struct guest *guest; /* NULL: an existing container */
	const char *item;
	uint32_t ctid;
};
struct claims {
	size_t nr, cap;
	struct claim *v;
};

static void add_claim(struct claims *claims, struct pool *pool, struct claim claim)
{
	struct claim *new = pool_grow(pool, &claims->v, &claims->nr, &claims->cap, sizeof(*new));

	*new = claim;
}

/* "192.0.2.1/24", "2001:DB8::1" -> canonical without prefix; NULL: no address. */
static const char *canonical(const char *word, size_t len, struct pool *pool)
{
	char *text = pool_memdup(pool, word, len), out[INET6_ADDRSTRLEN];
	unsigned char bytes[sizeof(struct in6_addr)];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	text[strcspn(text, "/")] = '\0';
	if (inet_pton(family, text, bytes) != 1)
		return NULL;
	return pool_strdup(pool, inet_ntop(family, bytes, out, sizeof(out)));
}

static void claim_known(struct claims *claims, const struct known_ct *ct, struct pool *pool)
{
	static const char blanks[] = " \t";
	size_t len;

	for (const char *p = ct->addresses ? ct->addresses : ""; *p; p += len) {
		p += strspn(p, blanks);
		len = strcspn(p, blanks);
		const char *text = canonical(p, len, pool);
		if (text)
			add_claim(claims, pool, (struct claim){ .text = text, .ctid = ct->ctid });
	}
}

static void claim_guest(struct claims *claims, const struct guest *guest, struct pool *pool)
{
	for (size_t i = 0; i < guest->nr_addresses; i++) {
		const struct address *a = &guest->address[i];

		add_claim(claims, pool, (struct claim){ .text = a->text, .guest = guest,
							.item = a->item });
	}
}

/* Containers first, then guests by name: the order of the findings is always the same. */
static int compare_claims(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;
	int order = strcmp(a->text, b->text);

	if (order == 0 && (!a->guest || !b->guest))
		return !a->guest && !b->guest ? (a->ctid > b->ctid) - (a->ctid < b->ctid)
					      : (a->guest != NULL) - (b->guest != NULL);
	return order ? order : strcmp(a->guest->name, b->guest->name);
}

/* Everybody who has the same address as claim i: the run [first, end). */
static void judge_run(struct deciding *d, const struct claim *run, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const struct claim *mine = &run[i];
		size_t k = 0;

		if (!mine->guest || (i && run[i - 1].guest == mine->guest))
			continue;
		if (!run[0].guest)
			finding_add(d->findings, VS_ADDRESS_IN_CT, mine->guest->name, mine->item,
				    "%s is in IP_ADDRESS of container %u", show(mine->text),
				    run[0].ctid);
		while (k < nr && (!run[k].guest || run[k].guest == mine->guest))
			k++;
		if (k < nr)
			finding_add(d->findings, VS_ADDRESS_TWICE, mine->guest->name, mine->item,
				    "%s is an address of guest '%s' as well", show(mine->text),
				    show(run[k].guest->name));
	}
}

void conflicts_addresses(struct deciding *d)
{
	struct claims claims = { 0, 0, NULL };
	size_t nr;

	for (size_t i = 0; i < d->known.nr; i++)
		claim_known(&claims, &d->known.v[i], d->pool);
	for (size_t i = 0; i < d->out->nr; i++)
		claim_guest(&claims, d->out->v[i].guest, d->pool);
	if (!claims.nr)
		return;
	qsort(claims.v, claims.nr, sizeof(*claims.v), compare_claims);
	for (size_t i = 0; i < claims.nr; i += nr) {
		for (nr = 1; i + nr < claims.nr; nr++)
			if (strcmp(claims.v[i].text, claims.v[i + nr].text) != 0)
				break;
		judge_run(d, &claims.v[i], nr);
	}
}
