/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services of a guest: boot scripts with links, jobs, units. Shared by the files that
 * carry out "services".
 */
#ifndef VS2VZ_DECIDE_FIX_SERVICES_H
#define VS2VZ_DECIDE_FIX_SERVICES_H

#include "decide/fix_inside.h"
#include "decide/fix_lines.h"

#define LEVELS 7		/* runlevels 0 to 6 */
#define LEVEL_S LEVELS		/* rcS.d, boot.d */

/* What the header of a boot script says; the lists point into the script's text. */
struct boot_script {
	const char *name;	/* what it provides first, or its file name */
	unsigned start, stop;	/* bits of levels, LEVEL_S included */
	int start_nr, stop_nr;	/* chkconfig; -1: not said */
	bool lsb;		/* it has an LSB header */
	bool interactive;
	const char *provides, *required_start, *should_start, *required_stop, *should_stop,
		   *before, *stop_after;	/* blank separated, "" where not said */
};
/* fix_header.c: pure. */
void boot_script_read(struct boot_script *out, const char *name, const char *text,
		      struct pool *pool);

/* fix_runlevels.c: scripts with links. */
bool script_has_links(struct fixing *f, const char *name);
bool script_there(struct fixing *f, const char *name);
bool script_is_on(struct fixing *f, const char *name);
int script_switch(struct fixing *f, const char *name, bool on, struct err *err) MUST_CHECK;

/* One link of one level: every other link of the name there goes. */
struct level_link {
	char letter;		/* 'S', 'K'; 0: none */
	int nr;
};
int runlevel_put(struct fixing *f, const char *name, unsigned level, struct level_link wanted,
		 struct err *err) MUST_CHECK;
/* "S20ssh" is a link of "ssh". */
bool runlevel_is_link(const char *link, const char *name);

/* fix_insserv.c: Debian's trees where dependencies give the numbers. */
bool insserv_rules(struct fixing *f);
int insserv_switch(struct fixing *f, const char *name, bool on, struct err *err) MUST_CHECK;

/* fix_jobs.c */
bool service_file(struct fixing *f, const char *path, const char **text);
bool service_there(struct fixing *f, const char *path);
const char *job_path(const struct fixing *f, const char *name);
/* By its own name or held by another. */
bool job_there(struct fixing *f, const char *name);
bool job_is_off(struct fixing *f, const char *name);
int job_off(struct fixing *f, const char *name, struct err *err) MUST_CHECK;
int job_on(struct fixing *f, const char *name, struct err *err) MUST_CHECK;
const char *unit_path(struct fixing *f, const char *name);
int unit_switch(struct fixing *f, const char *name, bool on, struct err *err) MUST_CHECK;
bool unit_is_on(struct fixing *f, const char *name);

#endif
