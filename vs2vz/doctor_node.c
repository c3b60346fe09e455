/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenVZ's tools on the host: vz.conf, samples, vzctl and what it can, the vz service,
 * vzquota, modules. By files alone; vzctl is not run, its version is what the package
 * manager knows of it.
 */
#include "doctor.h"

#include <string.h>

#include "base/shown.h"
#include "openvz/layout.h"

/* Is the host's side unreadable as a whole? */
static bool is_blind(const struct doctor *d, const char **seen)
{
	*seen = d->blind;
	return d->blind != NULL;
}

static enum doctor_answer ask_vz_conf(struct doctor *d, const char *arg, const char **seen)
{
	(void)arg;
	if (is_blind(d, seen))
		return DOCTOR_UNKNOWN;
	*seen = d->s->host.vz_conf ? shown_dup(&d->s->pool, d->s->host.vz_conf)
				   : "neither /etc/vz/vz.conf nor /etc/sysconfig/vz";
	return d->s->host.vz_conf ? DOCTOR_YES : DOCTOR_NO;
}

static enum doctor_answer ask_classic(struct doctor *d, const char *arg, const char **seen)
{
	(void)arg;
	if (is_blind(d, seen))
		return DOCTOR_UNKNOWN;
	*seen = d->s->host.is_vz7 ? "signs of OpenVZ 7 or later" : "no sign of OpenVZ 7 or later";
	return d->s->host.is_vz7 ? DOCTOR_NO : DOCTOR_YES;
}

static enum doctor_answer ask_conf_dir(struct doctor *d, const char *arg, const char **seen)
{
	(void)arg;
	if (is_blind(d, seen))
		return DOCTOR_UNKNOWN;
	return doctor_exists(d, &d->s->root, d->s->host.conf_dir, seen);
}

static enum doctor_answer ask_sample(struct doctor *d, const char *arg, const char **seen)
{
	const char *name, *path;
	struct err err;

	(void)arg;
	if (is_blind(d, seen))
		return DOCTOR_UNKNOWN;
	if (sample_find(&name, &path, &d->s->host, &d->s->root, d->s->set.sample, &d->s->pool,
			&err) < 0) {
		*seen = pool_strdup(&d->s->pool, err.text);
		return err_is_absent(&err) ? DOCTOR_NO : DOCTOR_UNKNOWN;
	}
	*seen = path ? shown_dup(&d->s->pool, path) : "there is none, the built-in one is used";
	return path ? DOCTOR_YES : DOCTOR_NO;
}

/* "/usr/sbin/vzctl, version 4.11.1" */
static enum doctor_answer program(struct doctor *d, const char *path, const char *name,
				  const char **seen)
{
	const char *version = path ? doctor_package(d, &d->s->root, name) : NULL;

	if (is_blind(d, seen))
		return DOCTOR_UNKNOWN;
	*seen = path ? pool_printf(&d->s->pool, "%s, version %s", path,
				   version ? show(version) : "unknown (no package tells it)")
		     : pool_printf(&d->s->pool, "no %s in the sbin and bin directories", name);
	return path ? DOCTOR_YES : DOCTOR_NO;
}

static enum doctor_answer ask_vzctl(struct doctor *d, const char *arg, const char **seen)
{
	return program(d, d->service.vzctl, arg, seen);
}

static enum doctor_answer ask_vzquota(struct doctor *d, const char *arg, const char **seen)
{
	return program(d, d->service.vzquota, arg, seen);
}

static enum doctor_answer ask_premount(struct doctor *d, const char *arg, const char **seen)
{
	const struct premount *p = &d->s->host.premount;

	(void)arg;
	if (is_blind(d, seen))
		return DOCTOR_UNKNOWN;
	if (p->answer == PREMOUNT_UNASKED) {
		*seen = "no vzctl is there";
		return DOCTOR_UNKNOWN;
	}
	*seen = pool_printf(&d->s->pool, "%s%s%s", p->at ? show(p->at) : "",
			    p->at && p->seen ? ": " : "", p->seen ? show(p->seen) : "");
	return p->answer == PREMOUNT_YES ? DOCTOR_YES :
	       p->answer == PREMOUNT_NO ? DOCTOR_NO : DOCTOR_UNKNOWN;
}

static enum doctor_answer ask_service(struct doctor *d, const char *arg, const char **seen)
{
	(void)arg;
	if (is_blind(d, seen))
		return DOCTOR_UNKNOWN;
	*seen = d->service.script ? d->service.script : "neither /etc/init.d/vz nor vz.service";
	return d->service.script ? DOCTOR_YES : DOCTOR_NO;
}

static enum doctor_answer ask_at_boot(struct doctor *d, const char *arg, const char **seen)
{
	(void)arg;
	if (is_blind(d, seen))
		return DOCTOR_UNKNOWN;
	if (d->service.link && !d->service.enabled)
		*seen = "VIRTUOZZO is not \"yes\" in vz.conf";
	else
		*seen = d->service.link ? shown_dup(&d->s->pool, d->service.link)
					: "no runlevel and no target starts it";
	return d->service.link && d->service.enabled ? DOCTOR_YES : DOCTOR_NO;
}

static enum doctor_answer ask_started(struct doctor *d, const char *arg, const char **seen)
{
	(void)arg;
	if (!d->service.live) {
		*seen = d->s->live ? "the running kernel is not OpenVZ's"
				   : "the host is not running";
		return DOCTOR_UNKNOWN;
	}
	*seen = d->service.started ? "/dev/vzctl and /proc/vz/veinfo"
				   : "/dev/vzctl or /proc/vz/veinfo is missing";
	return d->service.started ? DOCTOR_YES : DOCTOR_NO;
}

/* Of the running kernel, else of the kernels that are installed. */
static enum doctor_answer ask_modules(struct doctor *d, const char *arg, const char **seen)
{
	const struct vz_service *v = &d->service;
	enum doctor_answer answer = DOCTOR_UNKNOWN;

	(void)arg;
	if (v->live) {
		*seen = v->missing ? pool_printf(&d->s->pool, "missing: %s", v->missing)
				   : "loaded, built in, or there to be loaded";
		return v->missing ? DOCTOR_NO : DOCTOR_YES;
	}
	*seen = "no OpenVZ kernel below /lib/modules";
	for (size_t i = 0; i < v->nr_kernels && answer != DOCTOR_YES; i++) {
		const struct vz_kernel *k = &v->kernel[i];

		if (!k->known)
			continue;
		answer = k->missing ? DOCTOR_NO : DOCTOR_YES;
		*seen = pool_printf(&d->s->pool, k->missing ? "%s lacks %s" : "%s has all%s",
				    show(k->release), k->missing ? k->missing : "");
	}
	return answer;
}

static const struct doctor_row rows[] = {
	{ "vz.conf", ask_vz_conf, NULL, true, "convert",
	  "convert is refused (VS105)", "install vzctl; to go on with default places: --override VS105" },
	{ "classic", ask_classic, NULL, true, "convert",
	  "convert is refused (VS104)", "see `vs2vz explain VS104`" },
	{ "configuration", ask_conf_dir, NULL, false, "convert",
	  "it is made by the first conversion", "install vzctl" },
	{ "sample", ask_sample, NULL, false, "plan convert",
	  "limits come from the built-in sample: `vs2vz help ct-sample`",
	  "install a sample, or name one: --sample NAME" },
	{ "vzctl", ask_vzctl, "vzctl", false, "verify",
	  "containers cannot be started; verify --start rehearses", "install vzctl" },
	{ "vps.premount", ask_premount, NULL, false, "convert insulate",
	  "containers with file systems of their own are not mounted at a start", "vzctl 3.0.24 or later" },
	{ "vzquota", ask_vzquota, "vzquota", false, "convert undo",
	  "containers with disk limits do not start; a quota file that a container left is not\n"
	  "dropped by undo", "install vzquota, or DISK_QUOTA=no in vz.conf" },
	{ "vz-service", ask_service, NULL, false, "convert",
	  "converted containers do not start (VS146)", "install vzctl as a package" },
	{ "vz-at-boot", ask_at_boot, NULL, false, "convert",
	  "converted containers do not come up with the host (VS147)",
	  "chkconfig vz on, update-rc.d vz defaults, or systemctl enable vz" },
	{ "vz-started", ask_started, NULL, false, "verify",
	  "vzctl cannot start containers now (VS148)", "service vz start" },
	{ "modules", ask_modules, NULL, false, "convert",
	  "containers do not start, or without disk limits or network (VS150)",
	  "install the whole kernel package, then depmod -a" },
};

void doctor_node(struct doctor *d)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		doctor_ask(d, "openvz", &rows[i]);
}
