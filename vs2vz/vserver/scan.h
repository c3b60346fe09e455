/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The old world, read only: finds every installation and every guest of a host.
 * Nothing that belongs to VServer is executed or sourced.
 *
 *	if (vserver_scan(&guests, &host, &root, &pool, &findings, err) < 0) ...
 *
 * Fills host->installs and host->stores. A guest that cannot be converted is in the list all the
 * same, with findings. An error is returned only where the host itself cannot be
 * read; one odd guest is a finding. Facts: util-vserver scripts/functions,
 * lib/getvserver*.c (see docs/sources.md).
 */
#ifndef VS2VZ_VSERVER_SCAN_H
#define VS2VZ_VSERVER_SCAN_H

#include "base/inroot.h"
#include "base/pool.h"
#include "model/finding.h"
#include "model/guest.h"
#include "model/host.h"

/* The name of our mark in CONF/NAME/, and the suffix that hides a legacy CONF/NAME.conf. */
#define VSERVER_MARK "vs2vz"
#define VSERVER_LEGACY_SUFFIX ".vs2vz"

int vserver_scan(struct guests *out, struct host *host, const struct root *root,
		 struct pool *pool, struct findings *findings, struct err *err) MUST_CHECK;

/* Distribution, init, word size of a tree, read through a root on the tree itself. */
int vserver_system(struct system *out, const struct root *tree, struct pool *pool,
		   struct findings *findings, const char *guest, struct err *err) MUST_CHECK;

#endif
