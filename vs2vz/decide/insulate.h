/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file system of its own for a container: what the user asked for, what that is for
 * one container, and its place in a plan.
 *
 *	image:DIR[:SIZE]	image file DIR/CTID.img
 *	lv:VG[:SIZE]		logical volume ctCTID, or one with the guest's name, of VG;
 *				made where there is none
 *	device:/dev/sdb1	this device: for one container
 *	none			none: for one guest, where all others have one
 *
 * SIZE is 10G (K, M, G, T: powers of 1024) or 150% of the data; without it the data,
 * what the file system takes itself, 5 % for root, and 20 % to grow.
 */
#ifndef VS2VZ_DECIDE_INSULATE_H
#define VS2VZ_DECIDE_INSULATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fslimits.h"
#include "base/pool.h"
#include "base/survey.h"
#include "model/ct.h"
#include "step/plan.h"

enum insulate_where { INSULATE_NOT, INSULATE_IMAGE_DIR, INSULATE_IMAGE, INSULATE_LV,
		      INSULATE_VG, INSULATE_DEVICE };

struct insulate_spec {
	enum insulate_where where;
	const char *place;	/* directory, file, VG/NAME, VG, device */
	uint64_t bytes;		/* 0: not said */
	unsigned percent;	/* 0: not said */
};

/* SPEC of convert. */
int insulate_parse(struct insulate_spec *out, const char *text, struct pool *pool,
		   struct err *err) MUST_CHECK;
/* The values of --image FILE[:SIZE], --lv VG[/NAME][:SIZE], --device DEV. */
int insulate_parse_one(struct insulate_spec *out, enum insulate_where where, const char *text,
		       struct pool *pool, struct err *err) MUST_CHECK;

/* The file system to be, for one container. */
struct insulation {
	const char *at;		/* device, or image file */
	bool device;
	bool misplaced;		/* an image file where none may be (VS_IMAGE_MISPLACED) */
	const char *ve_device;	/* of CTID.conf */
	const char *uuid, *label, *type;
	struct fs_facts facts;	/* of what is made, for its limits */
	uint64_t bytes, inodes;
	const char *overwrite;	/* UUID that may go; NULL */
	const char *lv_vg, *lv_name; /* a logical volume to be made; NULL: at is there */
};

struct guests;
struct lvm_groups;
struct known_cts;
struct host;
struct findings;
struct root;

/* What one decision about a file system needs to know. */
struct insulate_question {
	const struct insulate_spec *spec;
	const char *name;		/* of the guest, or of the container for findings */
	const char *lv_name;		/* of a logical volume besides ctCTID; NULL */
	uint32_t ctid;
	const struct survey *tree;	/* NULL: sizes are not known */
	const char *overwrite;
	const struct host *host;
	const struct root *root;
	const struct known_cts *known;
	const struct guests *all;	/* whose trees are no places for an image; NULL: none */
	struct lvm_groups *groups;	/* one for all questions of a run */
};
/* Findings for all that speaks against it; *out is filled nevertheless. */
int insulate_decide(struct insulation *out, const struct insulate_question *q, struct pool *pool,
		    struct findings *findings, struct err *err) MUST_CHECK;

/* The parameters that make a container an insulated one. */
void insulate_describe(struct ct *ct, const struct insulation *in, struct pool *pool);

/* The tree that fills it. */
struct insulate_source {
	const char *from;	/* a directory; a device or image file where volume is given */
	const char *id;		/* identity of the tree, see base/identity.h */
	const char *volume;	/* UUID; NULL */
	const char *to;		/* the private area */
	bool has_links;		/* vzctl's directory for checkpoints is in it already */
};
/* The step that makes it; marks may be added to its arguments. */
struct step *insulate_step(struct plan *plan, const struct insulation *in,
			   const struct insulate_source *source, struct pool *pool);

#endif
