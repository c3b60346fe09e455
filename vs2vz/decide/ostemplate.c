/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OSTEMPLATE picks vzctl's distribution scripts by its name, cut at '-' from the end
 * until a file of that name is found (vzctl: src/lib/dist.c). So the name only has to
 * start with a distribution that the installed vzctl knows; older ones know fewer.
 */
#include <string.h>

#include "decide/inside.h"

#define DISTS "/etc/vz/dists"

struct distribution {
	const char *name;	/* as in struct system */
	bool versioned;
	const char *dist[3];	/* vzctl's names, best first */
};

static const struct distribution distributions[] = {
	{ "alpine", false, { "alpine" } },
	{ "altlinux", true, { "altlinux" } },
	{ "arch", false, { "arch" } },
	{ "centos", true, { "centos", "redhat" } },
	{ "debian", true, { "debian" } },
	{ "fedora", true, { "fedora", "fedora-core", "redhat" } },
	{ "funtoo", false, { "funtoo", "gentoo" } },
	{ "gentoo", false, { "gentoo" } },
	{ "mandrake", true, { "mandrake" } },
	{ "mandriva", true, { "mandrake" } },
	{ "opensuse", true, { "opensuse", "suse" } },
	{ "owl", false, { "owl" } },
	{ "redhat", true, { "redhat" } },
	{ "rhel", true, { "rhel", "centos", "redhat" } },
	{ "scientific", true, { "scientific", "centos", "redhat" } },
	{ "slackware", true, { "slackware" } },
	{ "sles", true, { "sles", "suse" } },
	{ "suse", true, { "suse" } },
	{ "ubuntu", true, { "ubuntu", "debian" } },
};

/* A host without the directory (offline, not installed yet) is not held against it. */
static bool vzctl_knows(const struct deciding *d, const char *dist, const char *version)
{
	if (!path_exists(d->root, DISTS))
		return true;
	return path_exists(d->root, pool_printf(d->pool, DISTS "/%s.conf", dist)) ||
	       (*version && path_exists(d->root, pool_printf(d->pool, DISTS "/%s-%s.conf",
							     dist, version)));
}

/* What comes from a guest's files must be one plain word. */
static const char *plain_word(const char *word)
{
	static const char letters[] = "0123456789.abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_+";

	return word && word[strspn(word, letters)] == '\0' && strlen(word) <= 32 ? word : "";
}

static const char *arch_word(const char *arch)
{
	if (arch && strcmp(arch, "x86_64") == 0)
		return "x86_64";
	return arch && strcmp(arch, "i386") == 0 ? "x86" : plain_word(arch);
}

const char *ostemplate_of(const struct deciding *d, const struct guest *guest)
{
	const struct system *system = &guest->system;
	const char *distro = system->distro ? system->distro : "";
	const char *arch = arch_word(system->arch);

	for (size_t i = 0; i < sizeof(distributions) / sizeof(distributions[0]); i++) {
		const struct distribution *row = &distributions[i];
		const char *version = row->versioned ? plain_word(system->version) : "";

		if (strcmp(row->name, distro) != 0)
			continue;
		for (size_t k = 0; k < 3 && row->dist[k]; k++)
			if (vzctl_knows(d, row->dist[k], version))
				return pool_printf(d->pool, "%s%s%s%s%s", row->dist[k],
						   *version ? "-" : "", version,
						   *arch ? "-" : "", arch);
		finding_add(d->findings, VS_OSTEMPLATE_DEFAULT, guest->name, guest->tree,
			    "the installed vzctl has no scripts for '%s'", show(distro));
		return NULL;
	}
	finding_add(d->findings, VS_OSTEMPLATE_DEFAULT, guest->name, guest->tree,
		    *distro ? "vzctl has no scripts for '%s'" : "the distribution is unknown%s",
		    show(distro));
	return NULL;
}
