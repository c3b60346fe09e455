/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container in nouns: its paths, and its parameters in the order in which they
 * are added to a sample. Changes nothing; what cannot be set is a finding.
 */
#include <string.h>

#include "decide/inside.h"
#include "decide/mounts.h"
#include "decide/packages.h"
#include "decide/translate.h"

/* What vzctl takes for a NAME; digits alone would be taken for a CTID. */
static const char *name_fault(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789 -+_.";

	if (name[strspn(name, allowed)])
		return "characters that a container's name may not have";
	if (!name[strspn(name, "0123456789")])
		return "nothing but digits: vzctl would take it for a number";
	if (name[0] == ' ' || name[0] == '-' || name[strlen(name) - 1] == ' ')
		return "a blank or dash where vzctl would not find it";
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? "no name of a file" : NULL;
}

static void set_paths(struct deciding *d, struct ct *ct)
{
	ct->private = layout_expand(d->host->private_pattern, ct->ctid, d->pool);
	ct->root = layout_expand(d->host->root_pattern, ct->ctid, d->pool);
	ct->conf = pool_printf(d->pool, "%s/%u.conf", d->host->conf_dir, ct->ctid);
	ct->sample_name = d->sample_name;
	ct->sample_path = d->sample_path;
	ct_set(ct, d->pool, "VE_ROOT", ct->root, "vz.conf");
	ct_set(ct, d->pool, "VE_PRIVATE", ct->private, "vz.conf");
	if (d->host->knows_layout)
		ct_set(ct, d->pool, "VE_LAYOUT", "simfs", "the tree itself is the private area");
	ct_set(ct, d->pool, "ORIGIN_SAMPLE", ct->sample_name, "the sample in use");
}

/* Where another container has the name, this one goes without: see VS_NAME_TAKEN. */
static void set_name(struct deciding *d, const struct guest *guest, struct ct *ct)
{
	const char *fault = name_fault(guest->name);
	uint32_t owner;

	if (fault) {
		finding_add(d->findings, VS_NAME_UNUSABLE, guest->name, guest->conf, "%s", fault);
		return;
	}
	owner = layout_name_owner(d->host, d->root, guest->name);
	ct->name_link = pool_printf(d->pool, "%s/%s", d->host->names_dir, guest->name);
	if (owner) {
		finding_add(d->findings, VS_NAME_TAKEN, guest->name, ct->name_link,
			    owner == UINT32_MAX ? "leads to no container's configuration"
						: "leads to container %u", owner);
		ct->name_link = NULL;
		return;
	}
	ct_set(ct, d->pool, "NAME", guest->name, "the guest's name");
}

void container_describe(struct deciding *d, struct decision *decision)
{
	const struct guest *guest = decision->guest;
	struct ct *ct = &decision->ct;
	const struct rules_input in = {
		.guest = guest, .host = d->host, .sample = &d->sample_conf, .root = d->root,
		.rights = rights_wanted(d, guest), .limits = limits_wanted(d, guest),
		.bootorder = decision->bootorder,
		.packages = decision->packages ? decision->packages->reason : NULL,
		.packages_verdict = decision->packages ? decision->packages->verdict
						       : VERDICT_MANUAL,
	};
	const char *template;

	set_onboot(ct, guest, d->pool);
	set_paths(d, ct);
	rules_translate(&decision->ledger, ct, &in, d->pool, d->findings);
	template = ostemplate_of(d, guest);
	if (template)
		ct_set(ct, d->pool, "OSTEMPLATE", template, "what the guest's files say");
	set_name(d, guest, ct);
	mounts_describe(d, decision);
}
