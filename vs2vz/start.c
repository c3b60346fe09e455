/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start test of one guest: the job is made from CTID.conf as it stands now, run/ has
 * it done, and what was seen is judged here, against what was saved of the running guest
 * where something was.
 */
#include "start.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/shown.h"
#include "base/stop.h"
#include "before.h"
#include "carry.h"
#include "container.h"
#include "openvz/conf.h"
#include "run/start.h"

#define CONF_MAX (1u << 20)
#define COMPLAINTS_MAX 5
#define LAST_WORDS 4

static const char *const vzctl_places[] = {
	"/usr/sbin/vzctl", "/sbin/vzctl", "/usr/local/sbin/vzctl", "/usr/bin/vzctl",
};

/* One test, from CTID.conf to the verdict. */
struct test {
	struct session *s;
	const struct record *r;
	size_t line;
	const struct known_ct *ct;
	struct container_tree tree;
	struct start_job job;
	struct root ve_root;
	struct start_seen seen;
	bool broken;
};

static void found(struct test *t, enum finding_id id, const char *object, const char *seen)
{
	finding_add(&t->s->findings, id, t->r->name, object, "%s", seen);
}

static void breaks(struct test *t, enum finding_id id, const char *object, const char *seen)
{
	found(t, id, object, seen);
	t->broken = true;
}

/* "192.0.2.1 2001:db8::1": blanks separate; what is no address is for net_make() to refuse. */
static void take_addresses(struct test *t, const char *text)
{
	struct pool *pool = &t->s->pool;
	size_t cap = 0;

	while (text && *(text += strspn(text, " \t,"))) {
		size_t len = strcspn(text, " \t,");

		*(const char **)pool_grow(pool, &t->job.address, &t->job.nr_addresses, &cap,
					  sizeof(char *)) = pool_memdup(pool, text, len);
		text += len;
	}
}

static int read_conf(struct test *t, struct err *err)
{
	struct session *s = t->s;
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct conf conf;

	if (root_read(&s->root, t->ct->conf, CONF_MAX, &text, err) < 0)
		return -1;
	conf_parse(&conf, text.data, text.len, &s->pool);
	t->job.hostname = conf_get(&conf, "HOSTNAME");
	take_addresses(t, conf_get(&conf, "IP_ADDRESS"));
	t->job.rights = start_rights(conf_get(&conf, "CAPABILITY"));
	return 0;
}

static const char *find_vzctl(const struct session *s)
{
	struct stat st;
	struct err err;

	for (size_t i = 0; i < sizeof(vzctl_places) / sizeof(vzctl_places[0]); i++)
		if (root_stat(&s->root, vzctl_places[i], &st, &err) == 0 && S_ISREG(st.st_mode) &&
		    st.st_mode & 0111)
			return vzctl_places[i];
	return NULL;
}

static int run_it(struct test *t, struct err *err)
{
	struct session *s = t->s;

	if (!t->job.vzctl)
		return start_rehearse(&t->seen, &t->job, &s->pool, err);
	if (root_inside(&t->ve_root, &s->root, t->ct->root, err) == 0)
		t->job.ve_root = &t->ve_root;
	return start_container(&t->seen, &t->job, &s->pool, err);
}

/* A link whose service is named like the program, "ssh" for "sshd" too; NULL: none. */
static const char *link_of(const struct start_seen *seen, const char *program)
{
	for (size_t i = 0; i < seen->nr_services; i++) {
		size_t len = strlen(seen->services[i]);

		if (strcmp(seen->services[i], program) == 0 ||
		    (len >= 3 && strncmp(program, seen->services[i], len) == 0) ||
		    (strlen(program) >= 3 && strstr(seen->services[i], program)))
			return seen->service_link[i];
	}
	return NULL;
}

static const char *link_words(struct test *t, const char *program)
{
	const char *link = link_of(&t->seen, program);

	if (link)
		return pool_printf(&t->s->pool, "%s is there", show(link));
	return t->seen.nr_services ? "no start link of this runlevel is named like it" :
				     "its start is not known";
}

static bool is_served(const struct start_seen *seen, const struct listener *l)
{
	for (size_t i = 0; i < seen->ports.nr; i++)
		if (seen->ports.v[i].port == l->port &&
		    strcmp(seen->ports.v[i].protocol, l->protocol) == 0)
			return true;
	return false;
}

static bool is_running(const struct start_seen *seen, const char *program)
{
	for (size_t i = 0; i < seen->procs.nr; i++)
		if (strcmp(show(seen->procs.v[i].program), program) == 0)
			return true;
	return false;
}

static void compare(struct test *t, const struct picture *p)
{
	for (size_t i = 0; i < p->ports.nr; i++)
		if (!is_served(&t->seen, &p->ports.v[i]))
			breaks(t, VS_START_PORT_MISSING, port_text(&p->ports.v[i], &t->s->pool),
			       link_words(t, p->ports.v[i].program));
	for (size_t i = 0; i < p->nr_programs; i++) {
		bool named = false;

		for (size_t k = 0; k < p->ports.nr; k++)
			named |= strcmp(p->ports.v[k].program, p->programs[i].program) == 0;
		if (!named && !is_running(&t->seen, p->programs[i].program))
			found(t, VS_START_SERVICE_MISSING, p->programs[i].program,
			      link_words(t, p->programs[i].program));
	}
}

/* Scripts that do something once, by the names that distributions give them. */
static bool is_once(const char *service)
{
	static const char *const once[] = {
		"bootlogs", "killprocs", "local", "motd", "network", "networking", "ondemand",
		"rc.local", "rmnologin", "single", "stop-bootlogd", "sudo", "urandom",
	};

	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		if (strcmp(service, once[i]) == 0)
			return true;
	return false;
}

/* Start links without a process of that name: one finding for all. */
static void list_idle(struct test *t)
{
	struct buf CLEANUP_BUF list = BUF_INIT;

	for (size_t i = 0; i < t->seen.nr_services; i++) {
		bool has = is_once(t->seen.services[i]);

		for (size_t k = 0; !has && k < t->seen.procs.nr; k++)
			has = strstr(t->seen.procs.v[k].program, t->seen.services[i]) ||
			       strncmp(t->seen.services[i], t->seen.procs.v[k].program,
				       strlen(t->seen.procs.v[k].program)) == 0;
		if (!has)
			buf_addf(&list, "%s%s", list.len ? ", " : "", show(t->seen.services[i]));
	}
	if (list.len)
		found(t, VS_START_IDLE, t->seen.level, list.data);
}

static void judge_console(struct test *t)
{
	struct pool *pool = &t->s->pool;
	struct buf boot = t->seen.console;	/* no copy: what was said while it came up */
	const char *line[COMPLAINTS_MAX], *again;
	size_t nr;

	if (t->seen.up_len && t->seen.up_len < boot.len)
		boot.len = t->seen.up_len;
	again = start_respawns(&boot, pool);
	nr = start_complaints(line, COMPLAINTS_MAX, &boot, pool);

	if (again)
		found(t, VS_START_RESPAWN, "console", again);
	for (size_t i = 0; i < nr; i++)
		found(t, VS_START_COMPLAINT, "console", line[i]);
}

/* How each end is told; the text adds why and the last words. */
static const struct {
	enum finding_id id;
	const char *word;
	bool words;
} ends[] = {
	[START_IMPOSSIBLE] = { VS_START_KERNEL, "not possible here", false },
	[START_NO_INIT] = { VS_START_NO_INIT, "no init", false },
	[START_DIED] = { VS_START_DIED, "ended", true },
	[START_UP] = { 0, "up", false },
	[START_BUSY] = { VS_START_HANG, "hangs in its scripts", true },
	[START_ALONE] = { VS_START_HANG, "init started nothing", true },
	[START_NO_LEVEL] = { VS_START_NO_LEVEL, "no runlevel", true },
};

static void judge_end(struct test *t)
{
	struct session *s = t->s;
	const char *why = t->seen.why ? show(t->seen.why) : ends[t->seen.end].word;
	const char *last = ends[t->seen.end].words ?
			   start_last_words(&t->seen.console, LAST_WORDS, &s->pool) : "";

	if (t->seen.end != START_UP)
		breaks(t, ends[t->seen.end].id, t->ct->private,
		       pool_printf(&s->pool, "%s%s%s", why, *last ? "; its last words: " : "", last));
	else if (!t->seen.stopped)
		breaks(t, VS_START_STOP_HANGS, t->ct->private, t->seen.why ? show(t->seen.why) :
		       pool_printf(&s->pool, "after %u s", t->job.stop_timeout));
}

/* Of the guest that the container was, whichever journal led here. */
static const struct picture *find_picture(const struct test *t)
{
	const struct session *s = t->s;
	const struct picture *picture = before_picture(s->saved, t->r->name);

	for (size_t i = 0; !picture && i < s->nr_records; i++)
		if (s->records[i].ctid == t->r->ctid)
			picture = before_picture(s->saved, s->records[i].name);
	return picture;
}

static void judge(struct test *t)
{
	const struct picture *picture = find_picture(t);

	judge_end(t);
	if (t->seen.end == START_IMPOSSIBLE || t->seen.end == START_NO_INIT)
		return;
	for (size_t i = 0; i < t->seen.nr_missing; i++)
		breaks(t, VS_START_ADDRESS_MISSING, show(t->seen.missing[i]), "on no interface");
	for (size_t i = 0; i < t->seen.nr_gettys; i++)
		found(t, VS_START_RESPAWN, t->seen.gettys[i], "its terminal is not there");
	judge_console(t);
	if (t->seen.end != START_UP && t->seen.end != START_BUSY)
		return;
	list_idle(t);
	if (picture)
		compare(t, picture);
	else
		found(t, VS_START_NO_PICTURE, BEFORE_FILE, "no picture of this guest");
}

/* Evidence beside the log of the run. */
static const char *keep_console(struct test *t)
{
	const struct atomic_meta meta = { .mode = 0600, .uid = getuid(), .gid = getgid(),
					  .unsynced = true, .others = true };
	struct session *s = t->s;
	const char *path = pool_printf(&s->pool, "%s/%s-%u.console", s->set.log_dir,
				       s->report.run, t->r->ctid);
	struct spot CLEANUP_SPOT spot = SPOT_INIT;
	struct err err;

	if (make_dirs(s->root.fd, s->set.log_dir, 0755, &err) == 0 &&
	    root_spot(&s->root, path, &spot, &err) == 0 &&
	    atomic_write(&spot.at, t->seen.console.data, t->seen.console.len, &meta, false,
			 &err) == 0)
		return path;
	log_say(LOG_WARNING, "the console text was not kept: %s", err.text);
	return NULL;
}

static void fill_report(struct test *t)
{
	struct pool *pool = t->s->report.pool;
	struct report_start *out = pool_alloc(pool, sizeof(*out));
	struct picture now = { 0 };

	out->way = t->seen.rehearsed ? "rehearsal" : "vzctl";
	out->result = ends[t->seen.end].word;
	out->why = shown_dup(pool, t->seen.why);
	out->level = shown_dup(pool, t->seen.level);
	out->seconds = t->seen.seconds;
	out->stopped = t->seen.stopped;
	out->stop_seconds = t->seen.stop_seconds;
	out->console = keep_console(t);
	out->ports = pool_array(pool, t->seen.ports.nr + 1, sizeof(*out->ports));
	for (size_t i = 0; i < t->seen.ports.nr; i++) {
		const struct listener *l = &t->seen.ports.v[i];

		out->ports[out->nr_ports++] = (struct report_port){
			l->protocol, l->address, l->port, shown_dup(pool, l->program) };
	}
	picture_programs(&now, &t->seen.procs, pool);
	out->programs = pool_array(pool, now.nr_programs + 1, sizeof(*out->programs));
	for (size_t i = 0; i < now.nr_programs; i++)
		out->programs[out->nr_programs++] = (struct report_program){
			now.programs[i].program, now.programs[i].count };
	t->s->report.guests[t->line].start = out;
}

/*
 * On the booted OpenVZ kernel vzctl starts it, which mounts the tree itself; everywhere else it
 * is a rehearsal above the tree, which is opened for that.
 */
static int prepare(struct test *t)
{
	struct session *s = t->s;
	struct known_cts known;

	if (layout_known(&known, &s->host, &s->root, &s->pool, &s->err) < 0)
		return -1;
	t->ct = layout_container(&known, t->r->ctid);
	if (!t->ct)
		return fail(&s->err, "'%s/%u.conf' is not there", show(s->host.conf_dir),
			    t->r->ctid);
	if (s->live && s->host.kernel == KERNEL_OPENVZ)
		t->job.vzctl = find_vzctl(s);
	if (!t->job.vzctl && container_open(&t->tree, s, t->ct) < 0)
		return -1;
	t->job.tree = t->tree.fd;
	t->job.device = t->tree.device;
	return 0;
}

/* Every object's metadata, as for verify; -1: cannot tell. */
static int fingerprint(struct test *t, struct hash128 *out)
{
	struct survey_options opt = { .threads = t->s->set.jobs };
	struct survey now;

	if (survey_tree(&now, t->job.tree, &opt, &t->s->err) < 0)
		return -1;
	*out = now.fingerprint;
	survey_release(&now);
	return 0;
}

static void run_test(struct test *t)
{
	struct report_guest *g = &t->s->report.guests[t->line];
	struct hash128 before, after;
	struct err err = { 0 };

	if (read_conf(t, &err) < 0 || (!t->job.vzctl && fingerprint(t, &before) < 0) ||
	    run_it(t, &err) < 0) {
		g->outcome = stop_wanted() ? OUTCOME_SKIPPED : OUTCOME_FAILED;
		report_error(g, &t->s->report, err.text[0] ? &err : &t->s->err);
		return;
	}
	if (t->seen.rehearsed && fingerprint(t, &after) == 0 && !hash_equal(before, after))
		breaks(t, VS_START_TREE_TOUCHED, t->ct->private, "its fingerprint is another one");
	judge(t);
	fill_report(t);
	if (t->seen.end == START_IMPOSSIBLE)
		g->outcome = OUTCOME_BLOCKED;
	else if (t->broken)
		g->outcome = OUTCOME_DIFFERS;
}

void start_test(struct session *s, const struct record *r)
{
	struct test t = { .s = s, .r = r, .line = carry_line(s, r->name),
			  .tree = { .fd = -1, .device = -1 }, .ve_root = { .fd = -1 } };
	struct report_guest *g = &s->report.guests[t.line];

	if (g->state != STATE_CONVERTED && g->state != STATE_COMMITTED)
		return;
	t.job = (struct start_job){
		.ctid = r->ctid, .proc = &s->proc,
		.timeout = s->opt.start_timeout ? s->opt.start_timeout : START_TIMEOUT,
		.stop_timeout = START_STOP_TIMEOUT,
	};
	if (t.job.stop_timeout > t.job.timeout)
		t.job.stop_timeout = t.job.timeout;
	if (stop_wanted() || prepare(&t) < 0) {
		g->outcome = stop_wanted() ? OUTCOME_SKIPPED : OUTCOME_FAILED;
		if (!stop_wanted())
			report_error(g, &s->report, &s->err);
		return;
	}
	t.seen.console = (struct buf)BUF_INIT;
	log_guest(r->name);
	log_say(LOG_NOTE, "starting CT %u to see it come up", r->ctid);
	run_test(&t);
	log_guest(NULL);
	start_release(&t.seen);
	container_close(&t.tree);
	if (t.ve_root.fd >= 0)
		root_release(&t.ve_root);
}
