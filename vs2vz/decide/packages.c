/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a guest's external package state is on the host. Links of the configuration
 * are followed below the host root; what they lead to must be a directory that no guest
 * can write to: a base inside a guest's tree is refused.
 */
#include "decide/packages.h"

#include <string.h>

#include "vserver/value.h"

static const struct package_piece pieces[] = {
	{ "rpmstate", { "rpm/state", "var/lib/rpm" }, "var/lib/rpm", NULL, true, true },
	{ "rpmetc", { "rpm/etc", "etc/rpm" }, "etc/rpm", NULL, false, true },
	{ "yumetc", { "yum/etc" }, "etc", "usr/bin/yum", false, false },
	{ "yumcache", { "yum/cache" }, "var/cache/yum", "usr/bin/yum", true, false },
	{ NULL, { "yum/lib" }, "var/lib/yum", "usr/bin/yum", true, false },
	{ "aptetc", { "apt/etc" }, "etc/apt", "usr/bin/apt-get", false, false },
	{ "aptstate", { "apt/state" }, "var/lib/apt", "usr/bin/apt-get", true, false },
	{ "urpmietc", { "etc/urpmi" }, "etc/urpmi", "usr/sbin/urpmi", false, false },
	{ "urpmistate", { "var/lib/urpmi" }, "var/lib/urpmi", "usr/sbin/urpmi", true, false },
};

/* The directory that a path of the host leads to; NULL: none. */
static const char *directory(const struct deciding *d, const char *path)
{
	CLEANUP_BUF struct buf canonical = BUF_INIT;
	struct stat st;
	struct err err;

	if (root_canonical(d->root, path, &canonical, &err) < 0 ||
	    root_stat(d->root, canonical.data, &st, &err) < 0 || !S_ISDIR(st.st_mode))
		return NULL;
	return pool_strdup(d->pool, canonical.data);
}

/* NULL: in no guest's tree. */
static const struct guest *owner_of(const struct deciding *d, const char *path)
{
	for (size_t i = 0; i < d->all->nr; i++) {
		const struct guest *guest = &d->all->v[i];
		size_t len = guest->tree && !guest->barred ? strlen(guest->tree) : 0;

		if (len > 1 && strncmp(path, guest->tree, len) == 0 &&
		    (path[len] == '/' || !path[len]))
			return guest;
	}
	return NULL;
}

/* apps/pkgmgmt/base; without it what `vserver build` would have taken. */
static const char *find_base(const struct deciding *d, const struct guest *guest)
{
	const char *places[] = {
		pool_printf(d->pool, "%s/apps/pkgmgmt/base", guest->conf),
		pool_printf(d->pool, "%s/.defaults/apps/pkgmgmt/base/%s", guest->install,
			    guest->name),
		pool_printf(d->pool, "/vservers/.pkg/%s", guest->name),
	};
	size_t last = items_find(&guest->items, "apps/pkgmgmt/base") ? 1 : 3;

	for (size_t i = 0; i < last; i++) {
		const char *base = directory(d, places[i]);

		if (base)
			return base;
	}
	return NULL;
}

static const char *find_source(const struct deciding *d, const struct decision *decision,
			       const struct package_piece *piece)
{
	const struct guest *guest = decision->guest;
	const char *base = decision->packages->base;
	const char *found = NULL;

	if (piece->link && items_find(&guest->items, pool_printf(d->pool, "apps/pkgmgmt/%s",
								 piece->link)))
		return directory(d, pool_printf(d->pool, "%s/apps/pkgmgmt/%s", guest->conf,
						piece->link));
	for (size_t i = 0; base && !found && i < 2 && piece->below[i]; i++)
		found = directory(d, pool_printf(d->pool, "%s/%s", base, piece->below[i]));
	return found;
}

static void lost(struct deciding *d, struct decision *decision, const char *object,
		 const char *why)
{
	decision->packages->nr_lost++;
	finding_add(d->findings, VS_PACKAGES_MISSING, decision->guest->name, object, "%s", why);
}

/* Is there anything in the tree that would miss a database? */
static bool has_rpm(const struct packages *p)
{
	return packages_exists(p, "bin/rpm") || packages_exists(p, "usr/bin/rpm") ||
	       packages_link_is_external(p);
}

static int judge_piece(struct deciding *d, struct decision *decision,
		       const struct package_piece *piece, struct err *err)
{
	struct packages *p = decision->packages;
	const char *source = find_source(d, decision, piece);
	const struct guest *owner;

	if (piece->tool && !packages_exists(p, piece->tool))
		return 0;
	if (!source && piece == &pieces[0] && has_rpm(p))
		lost(d, decision, "apps/pkgmgmt", p->base ?
		     pool_printf(d->pool, "no database below '%s'", show(p->base)) :
		     "there is no base directory");
	if (!source)
		return 0;
	owner = owner_of(d, source);
	if (!owner)
		return packages_judge(d, decision, piece, source, err);
	lost(d, decision, source, pool_printf(d->pool, "it lies in the tree of guest '%s'",
					      show(owner->name)));
	return 0;
}

static void tell(struct deciding *d, struct decision *decision)
{
	struct packages *p = decision->packages;

	if (p->nr)
		finding_add(d->findings, VS_EXTERNAL_PACKAGES, decision->guest->name,
			    "apps/pkgmgmt", "%s", p->told.data);
	p->verdict = p->nr_lost ? VERDICT_MANUAL : p->nr ? VERDICT_NEAR : VERDICT_NOT_NEEDED;
	p->reason = p->nr_lost ? "the package state cannot come into the tree" : p->nr ?
		    "the package state comes into the tree" :
		    "no package state outside the tree that the guest could miss";
}

static int judge_all(struct deciding *d, struct decision *decision, struct err *err)
{
	struct packages *p = decision->packages;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		if (pieces[i].rpm && !pieces[i].whole && !p->state_in)
			continue;	/* macros follow the database */
		if (judge_piece(d, decision, &pieces[i], err) < 0)
			return -1;
	}
	return p->state_in ? packages_clean(d, decision, err) : 0;
}

int packages_decide(struct deciding *d, struct decision *decision, struct err *err)
{
	const struct guest *guest = decision->guest;
	struct packages *p;
	int rc;

	if (guest->style != STYLE_RECENT || !guest->tree ||
	    !items_find(&guest->items, "apps/pkgmgmt") ||
	    items_find(&guest->items, "apps/pkgmgmt/internal"))
		return 0;
	p = pool_alloc(d->pool, sizeof(*p));
	p->told = (struct buf)BUF_INIT;
	decision->packages = p;
	if (root_inside(&p->tree, d->root, guest->tree, err) < 0)
		return -1;
	p->base = find_base(d, guest);
	rc = fstat(p->tree.fd, &p->tree_st) < 0 ? fail_errno(err, "cannot look at the tree")
						: judge_all(d, decision, err);
	if (rc == 0)
		tell(d, decision);
	root_release(&p->tree);
	buf_release(&p->told);
	return rc;
}
