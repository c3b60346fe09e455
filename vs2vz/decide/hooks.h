/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of decide/, and for the commands: the action scripts that all insulated
 * containers share.
 */
#ifndef VS2VZ_DECIDE_HOOKS_H
#define VS2VZ_DECIDE_HOOKS_H

#include "base/inroot.h"
#include "model/host.h"
#include "step/plan.h"

/* A host-wide plan with this note is that of the scripts. */
#define HOOKS_NOTE "hooks"

struct deciding;
/* The plan of the run, and whether vzctl calls the scripts at all. */
int hooks_decide(struct deciding *d, struct err *err) MUST_CHECK;

/* vps.premount (0), vps.postumount (1), NULL. */
const char *hook_path(const struct host *host, unsigned nr, struct pool *pool);
/* Is that script there, and written by this program? */
bool hook_is_ours(const struct root *root, const char *path);

#endif
