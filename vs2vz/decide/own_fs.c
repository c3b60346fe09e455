/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which guests get a file system of their own, and what it is (insulate.h). A device can
 * be the place of one only.
 */
#include <string.h>

#include "base/units.h"
#include "decide/inside.h"
#include "decide/packages.h"

static const struct decision *has_it_already(const struct deciding *d,
					     const struct decision *decision, const char *at)
{
	for (size_t i = 0; i < d->out->nr && &d->out->v[i] != decision; i++)
		if (d->out->v[i].insulation && strcmp(d->out->v[i].insulation->at, at) == 0)
			return &d->out->v[i];
	return NULL;
}

int own_fs_choose(struct deciding *d, struct decision *decision, struct err *err)
{
	const struct guest *guest = decision->guest;
	const char *overwrite;
	struct insulate_spec spec = insulate_wanted(d, guest, &overwrite);
	struct survey tree = guest->survey;
	const struct insulate_question q = {
		.spec = &spec, .name = guest->name, .lv_name = guest->name,
		.ctid = decision->ct.ctid, .tree = guest->surveyed ? &tree : NULL,
		.overwrite = overwrite, .host = d->host, .root = d->root, .known = &d->known,
		.all = d->all,
		.groups = &d->groups,
	};
	const struct decision *other;
	struct insulation *own;

	if (spec.where == INSULATE_NOT || !decision->ct.ctid)
		return 0;
	if (decision->packages) {
		tree.bytes_used = add_u64(tree.bytes_used, decision->packages->bytes);
		tree.bytes_whole = add_u64(tree.bytes_whole, decision->packages->bytes);
		tree.inodes = add_u64(tree.inodes, decision->packages->inodes);
	}
	own = pool_alloc(d->keep, sizeof(*own));
	if (insulate_decide(own, &q, d->keep, d->findings, err) < 0)
		return -1;
	other = has_it_already(d, decision, own->at);
	if (other)
		finding_add(d->findings, VS_DEVICE_TWICE, guest->name, own->at,
			    "guest '%s' gets it", show(other->guest->name));
	decision->insulation = own;
	return 0;
}
