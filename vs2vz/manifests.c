/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STATE/manifests/NAME while a guest has no journal yet: made by the survey, moved by
 * run/journal.c with the plan, flushed with the new journals. Losing one costs a walk.
 */
#include "manifests.h"

#include <sys/stat.h>

#include "base/log.h"
#include "run/journal.h"

struct manifest_writer *manifests_begin(const struct session *s, const struct guest *g)
{
	const struct root state = { s->state, "" };
	struct manifest_writer *w;
	struct err err;
	int fd;

	if (!s->changing || !s->keeps_plans)
		return NULL;
	fd = strict_opendir(&state, MANIFESTS, &err);
	w = fd < 0 ? NULL : manifest_begin(&(struct place){ fd, g->name }, &err);
	if (!w)
		log_say(LOG_DETAIL, "%s", err.text);
	close_fd(&fd);
	return w;
}

bool manifests_end(struct manifest_writer *w, int tree)
{
	struct stat root;
	struct err err;

	if (!w)
		return false;
	if (fstat(tree, &root) < 0) {
		manifest_drop(w);
		return false;
	}
	if (manifest_end(w, &root, false, &err) == 0)
		return true;
	log_say(LOG_DETAIL, "%s", err.text);
	return false;
}
