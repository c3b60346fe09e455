/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `check --before-reboot`: what would strand the host when the OpenVZ kernel comes up,
 * and what only the VServer kernel can tell. With --save the facts are kept in the state
 * directory (before.json, docs/schema/before-1.0.json), where every later run that
 * decides finds them.
 */
#ifndef VS2VZ_BEFORE_H
#define VS2VZ_BEFORE_H

#include "base/procs.h"
#include "session.h"
#include "vserver/host_side.h"

#define BEFORE_FILE "before.json"
#define BEFORE_FORMAT "1.0"
#define BEFORE_MAX (16u << 20)

/* One guest while it runs: what it serves, so that it can be compared as a container. */
struct picture {
	const char *guest;
	struct listeners ports;
	size_t nr_programs, cap_programs;
	struct running {
		const char *program;
		unsigned count;
	} *programs;		/* sorted by name */
	size_t nr_mounts, cap_mounts;
	struct picture_mount {
		const char *source, *point, *type;
	} *mounts;
};
struct pictures {
	size_t nr, cap;
	struct picture *v;
};

struct before {
	const char *kernel;	/* release; NULL: unknown */
	bool vserver;		/* it is a VServer kernel */
	struct host_tagging tagging;
	struct tag_mounts mounts;
	struct live_contexts contexts;
	struct host_net net;
	struct host_side side;
	struct pictures pictures;
};

int command_before(struct session *s);

/*
 * After the scan: the tagging method into s->host, last contexts into dynamic guests.
 * What was saved goes before what is still to be found in /boot. A file that cannot be
 * used is a finding.
 */
void before_apply(struct session *s);

/* The document (before_json.c, the only user of the JSON library besides the report). */
void before_json(struct buf *out, const struct before *b, const struct report *r);
/* What a later run needs of it. */
struct before_saved {
	struct host_tagging tagging;
	size_t nr_contexts, cap_contexts;
	struct {
		const char *guest;
		int64_t xid;
	} *context;
	struct pictures pictures;
};
int before_load(struct before_saved *out, const char *text, size_t len, struct pool *pool,
		struct err *err) MUST_CHECK;

/*
 * Pictures of guests (before_picture.c): of those in the list that have processes, which
 * are told apart by their root directory. A guest without processes has no picture.
 */
void pictures_read(struct pictures *out, const struct session *s);
/* Programs with their number, sorted. */
void picture_programs(struct picture *out, const struct procs *procs, struct pool *pool);
/* NULL: none was saved of that guest. */
const struct picture *before_picture(const struct before_saved *b, const char *guest);
/* Did a program of that name run in the guest when the picture was taken? b may be NULL. */
bool before_ran(const struct before_saved *b, const char *guest, const char *program);
/* "tcp 0.0.0.0:22 (sshd)", printable. */
const char *port_text(const struct listener *l, struct pool *pool);

#endif
