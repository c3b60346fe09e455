/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of a container that exists, wherever its CTID.conf has it now: in the private
 * area, mounted there by somebody, or in a file system of its own, which is then mounted
 * for us alone, read-only (step/mounted.h). Changes nothing.
 *
 *	if (container_open(&tree, s, ct) < 0) ...	s->err says why
 *	... tree.fd ...
 *	container_close(&tree);
 */
#ifndef VS2VZ_CONTAINER_H
#define VS2VZ_CONTAINER_H

#include "openvz/layout.h"
#include "session.h"

struct container_tree {
	int fd;			/* its root directory */
	int device;		/* of a private mount; -1: the mounts of the host have it */
	const char *volume;	/* device or image file; NULL: it shares a file system */
	const char *uuid;	/* of the file system there */
};

/* Device or image file that VE_DEVICE means, and its UUID. ERR_FOREIGN: not to be had. */
int container_volume(struct container_tree *out, struct session *s, const struct known_ct *ct)
	MUST_CHECK;
int container_open(struct container_tree *out, struct session *s, const struct known_ct *ct)
	MUST_CHECK;
void container_close(struct container_tree *tree);

/* Running, mounted, or somebody works there: findings of that name. -1: cannot tell. */
int container_judge_use(struct session *s, const struct known_ct *ct, const char *name) MUST_CHECK;


#endif
