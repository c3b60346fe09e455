/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vz service, vzquota and the kernel's modules. Says only what was seen: a kernel
 * whose modules cannot be listed lacks none, and of several OpenVZ kernels one that has
 * all is enough, since it is not known which one will be booted. OpenVZ 7 is another
 * system (VS104).
 */
#include "decide/service_judge.h"

static void judge_script(const struct vz_service *s, const struct host *host,
			 struct findings *findings)
{
	if (!s->script)
		finding_add(findings, VS_VZ_SERVICE_MISSING, NULL, "/etc/init.d/vz",
			    "there is neither this script nor a unit vz.service");
	else if (!s->link)
		finding_add(findings, VS_VZ_SERVICE_OFF, NULL, s->script,
			    "no runlevel and no target starts it");
	if (s->script && !s->enabled)
		finding_add(findings, VS_VZ_SERVICE_OFF, NULL, host->vz_conf,
			    "VIRTUOZZO is not \"yes\": the script starts nothing");
	if (s->live && s->script && !s->started && !s->missing)
		finding_add(findings, VS_VZ_SERVICE_DOWN, NULL, "/dev/vzctl",
			    "this device or /proc/vz/veinfo is missing");
	if (s->quota && !s->vzquota)
		finding_add(findings, VS_VZQUOTA_MISSING, NULL, "/usr/sbin/vzquota",
			    "it is not installed, and DISK_QUOTA is not \"no\" in %s",
			    show(host->vz_conf));
}

/* The kernel that lacks nothing; NULL: none is known to be whole. */
static bool any_whole(const struct vz_service *s)
{
	for (size_t i = 0; i < s->nr_kernels; i++)
		if (!s->kernel[i].known || !s->kernel[i].missing)
			return true;
	return false;
}

static void judge_kernels(const struct vz_service *s, const struct host *host, bool before,
			  struct findings *findings)
{
	if (s->live) {
		if (s->missing)
			finding_add(findings, VS_VZ_MODULES, NULL, host->kernel_release,
				    "not loaded, and not to be found: %s", s->missing);
		return;
	}
	if (!s->nr_kernels && before)
		finding_add(findings, VS_VZ_KERNEL_ABSENT, NULL, "/lib/modules",
			    "no directory there is that of an OpenVZ kernel");
	for (size_t i = 0; !any_whole(s) && i < s->nr_kernels; i++)
		finding_add(findings, VS_VZ_MODULES, NULL, s->kernel[i].release, "lacks %s",
			    s->kernel[i].missing);
}

void service_judge(const struct vz_service *s, const struct host *host, bool before,
		   struct findings *findings)
{
	if (host->is_vz7)
		return;
	if (host->vz_conf)
		judge_script(s, host, findings);
	else if (before)
		finding_add(findings, VS_VZ_NOT_INSTALLED, NULL, "/etc/vz/vz.conf",
			    "there is none%s", s->vzctl ? "" : ", and no vzctl either");
	judge_kernels(s, host, before, findings);
}
