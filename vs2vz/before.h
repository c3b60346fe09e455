/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `check --before-reboot`: what would strand the host when the OpenVZ kernel comes up,
 * and what only the VServer kernel can tell. With --save the facts are kept in the state
 * directory (before.json, docs/schema/before-1.0.json), where every later run that
 * decides finds them.
 */
#ifndef VS2VZ_BEFORE_H
#define VS2VZ_BEFORE_H

#include "session.h"
#include "vserver/host_side.h"

#define BEFORE_FILE "before.json"
#define BEFORE_FORMAT "1.0"
#define BEFORE_MAX (16u << 20)

struct before {
	const char *kernel;	/* release; NULL: unknown */
	bool vserver;		/* it is a VServer kernel */
	struct host_tagging tagging;
	struct tag_mounts mounts;
	struct live_contexts contexts;
	struct host_net net;
	struct host_side side;
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
};
int before_load(struct before_saved *out, const char *text, size_t len, struct pool *pool,
		struct err *err) MUST_CHECK;

#endif
