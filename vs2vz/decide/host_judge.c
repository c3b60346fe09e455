/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns what was read of the host into findings, and into the steps that switch its
 * boot scripts off. A line of a file is one finding; the links of one script are one.
 * Nothing but links is changed: jobs, network files, firewalls and fstab are named.
 */
#include "decide/host_judge.h"

#include <string.h>

#include "base/buf.h"

#define LISTED_MAX 8

static bool is_judged(const struct judged_guests *guests, const struct guest *guest)
{
	for (size_t i = 0; i < guests->nr; i++)
		if (guests->v[i] == guest)
			return true;
	return false;
}

static bool is_first_of_service(const struct host_side *side, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(side->link[i].service, side->link[nr].service) == 0)
			return false;
	return true;
}

static void judge_service(const struct host_side *side, const char *service,
			  struct findings *findings)
{
	struct buf list CLEANUP_BUF = BUF_INIT;
	size_t nr = 0;

	for (size_t i = 0; i < side->nr_links; i++) {
		if (strcmp(side->link[i].service, service) != 0)
			continue;
		if (nr++ < LISTED_MAX)
			buf_addf(&list, "%s%s", list.len ? ", " : "", show(side->link[i].at));
	}
	if (nr > LISTED_MAX)
		buf_addf(&list, " and %zu more", nr - LISTED_MAX);
	finding_add(findings, VS_BOOT_SCRIPTS, NULL, service, "%zu link%s removed: %s", nr,
		    nr == 1 ? " is" : "s are", list.data);
}

static void judge_wrapper(const struct host_side *side, const struct boot_link *link,
			  struct findings *findings)
{
	bool ssh = link->plain && strcmp(link->plain, "sshd") == 0;

	if (!link->plain || !link->starts || host_starts(side, link->plain))
		return;
	finding_add(findings, ssh ? VS_SSHD_WRAPPED : VS_SERVICE_WRAPPED, NULL, link->at,
		    "'%s' is switched on, '%s' is not", show(link->service), show(link->plain));
}

/* A wrapper that starts in several runlevels is one finding. */
static bool starts_before(const struct host_side *side, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (side->link[i].starts &&
		    strcmp(side->link[i].service, side->link[nr].service) == 0)
			return true;
	return false;
}

static void judge_boot(const struct host_side *side, struct findings *findings)
{
	for (size_t i = 0; i < side->nr_links; i++) {
		if (is_first_of_service(side, i))
			judge_service(side, side->link[i].service, findings);
		if (!starts_before(side, i))
			judge_wrapper(side, &side->link[i], findings);
	}
	for (size_t i = 0; i < side->nr_stuck; i++)
		finding_add(findings, VS_BOOT_SCRIPT_STUCK, NULL, side->stuck[i], "no usable link");
}

static void judge_mention(const struct mention *m, const struct judged_guests *guests,
			  struct findings *findings)
{
	const char *guest = m->guest ? m->guest->name : NULL;

	if (m->guest && !is_judged(guests, m->guest))
		return;
	if (m->topic == TOPIC_CALL)
		finding_add(findings, VS_HOST_CALLS, NULL, m->where, "'%s' in '%s': %s",
			    show(m->word), show(m->text), host_tool_instead(m->word));
	else if (m->topic == TOPIC_ADDRESS)
		finding_add(findings, VS_ADDRESS_ON_HOST, guest, m->where, "%s in '%s'",
			    show(m->word), show(m->text));
	else if (m->topic == TOPIC_FIREWALL)
		finding_add(findings, VS_FIREWALL_RULE, guest, m->where, "%s in '%s'",
			    show(m->word), show(m->text));
}

void host_judge(const struct host_side *side, const struct judged_guests *guests,
		struct findings *findings)
{
	judge_boot(side, findings);
	for (size_t i = 0; i < side->nr_mentions; i++)
		judge_mention(&side->mention[i], guests, findings);
	if (side->cut)
		finding_add(findings, VS_HOST_FILE_UNREAD, NULL, "/etc",
			    "more than %zu lines speak of VServer or of guests: the rest is not named",
			    side->nr_mentions);
}

void host_judge_tags(const struct host_side *side, enum finding_id id, struct findings *findings)
{
	for (size_t i = 0; i < side->nr_mentions; i++) {
		const struct mention *m = &side->mention[i];

		if (m->topic == TOPIC_TAG)
			finding_add(findings, id, NULL, m->where, "'%s' in '%s'", show(m->word),
				    show(m->text));
	}
}

/* One finding for all: it is about the host, not about the rule. */
void host_judge_nat(const struct host_side *side, struct findings *findings)
{
	const struct mention *first = NULL;
	size_t nr = 0;

	for (size_t i = 0; i < side->nr_mentions; i++) {
		if (side->mention[i].topic != TOPIC_NAT)
			continue;
		if (!first)
			first = &side->mention[i];
		nr++;
	}
	if (first)
		finding_add(findings, VS_NAT_RULES, NULL, first->where, "%zu rule%s, the first: '%s'",
			    nr, nr == 1 ? "" : "s", show(first->text));
}

static void judge_address(const struct host_address *a, const struct guest *guest,
			  struct findings *findings)
{
	for (size_t i = 0; i < guest->nr_addresses; i++)
		if (strcmp(guest->address[i].text, a->text) == 0) {
			finding_add(findings, VS_ADDRESS_LIVE, guest->name, guest->address[i].item,
				    "%s is on %s", show(a->text), show(a->dev));
			return;
		}
}

void host_judge_live(const struct host_net *net, const struct judged_guests *guests,
		     struct findings *findings)
{
	for (size_t i = 0; i < net->nr_addresses; i++)
		for (size_t k = 0; k < guests->nr; k++)
			judge_address(&net->address[i], guests->v[k], findings);
}

void host_switch_off(struct plan *plan, const struct host_side *side, struct pool *pool)
{
	for (size_t i = 0; i < side->nr_links; i++) {
		const struct boot_link *link = &side->link[i];
		struct step *s;

		plan_input(plan, pool, INPUT_LINK, link->at, link->target);
		s = plan_step(plan, pool, "remove");
		step_arg(s, pool, "at", link->at);
		step_arg(s, pool, "target", link->target);
		step_argf(s, pool, "owner", "%u:%u", (unsigned)link->uid, (unsigned)link->gid);
		step_argf(s, pool, "mtime", "%lld.%09ld", (long long)link->mtime.tv_sec,
			  link->mtime.tv_nsec);
	}
}
