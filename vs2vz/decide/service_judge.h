/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an OpenVZ node lacks, as findings: nothing that stops a conversion, all that
 * keeps its containers from starting.
 */
#ifndef VS2VZ_DECIDE_SERVICE_JUDGE_H
#define VS2VZ_DECIDE_SERVICE_JUDGE_H

#include "model/finding.h"
#include "openvz/service.h"

/* before: the reboot is still to come, so that what is not installed is said as well. */
void service_judge(const struct vz_service *s, const struct host *host, bool before,
		   struct findings *findings);

#endif
