/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a guest becomes a parameter of its container: start at boot, host name,
 * addresses. A value that the file cannot carry faithfully is left out and named in
 * a finding; nothing is invented in its place.
 */
#include "decide/translate.h"

#include <ctype.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "openvz/conf.h"

#define HOSTNAME_LONGEST 64	/* the kernel refuses more */

void set_onboot(struct ct *ct, const struct guest *guest, struct pool *pool)
{
	const char *item = guest->style == STYLE_LEGACY ? "ONBOOT" : "apps/init/mark";

	if (guest->disabled)
		ct_set(ct, pool, "ONBOOT", "no", "disabled");
	else
		ct_set(ct, pool, "ONBOOT", guest->on_boot ? "yes" : "no",
		       guest->on_boot || guest->marks ? item : "no boot mark");
}

/* NULL: good. */
static const char *hostname_fault(const char *name, bool *fatal)
{
	*fatal = true;
	if (strlen(name) > HOSTNAME_LONGEST)
		return "longer than 64 bytes";
	for (const char *p = name; *p; p++)
		if (iscntrl((unsigned char)*p))
			return "control characters in it";
	*fatal = false;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-._", *p))
			return "not a name that resolvers take";
	return name[0] == '-' || name[0] == '.' ? "not a name that resolvers take" : NULL;
}

static const char *hostname_item(const struct guest *guest)
{
	if (guest->style == STYLE_LEGACY)
		return "S_HOSTNAME";
	for (size_t i = 0; i < guest->items.nr; i++)
		if (strcmp(guest->items.v[i].path, "uts/nodename") == 0)
			return "uts/nodename";
	return "hostname";
}

void set_hostname(struct ct *ct, const struct guest *guest, struct pool *pool,
		  struct findings *findings)
{
	const char *item = hostname_item(guest), *name = guest->hostname;
	bool fatal = false;

	if (!name || !*name) {
		finding_add(findings, VS_NO_HOSTNAME, guest->name, guest->conf,
			    "the guest showed the host's name; HOSTNAME is not set");
		return;
	}
	if (!conf_value_ok(name)) {
		finding_add(findings, VS_VALUE_UNSAFE, guest->name, item,
			    "host name '%s'; HOSTNAME is not set", show(name));
		return;
	}
	const char *fault = hostname_fault(name, &fatal);
	if (fault)
		finding_add(findings, VS_HOSTNAME_ODD, guest->name, item, "'%s' is %s%s",
			    show(name), fault, fatal ? "; HOSTNAME is not set" : "");
	if (!fatal)
		ct_set(ct, pool, "HOSTNAME", name, item);
}

static bool listed_before(const struct guest *guest, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(guest->address[i].text, guest->address[nr].text) == 0)
			return true;
	return false;
}

void set_addresses(struct ct *ct, const struct guest *guest, const struct host *host,
		   struct pool *pool, struct findings *findings)
{
	CLEANUP_BUF struct buf list = BUF_INIT;

	for (size_t i = 0; i < guest->nr_addresses; i++) {
		const struct address *a = &guest->address[i];

		if (listed_before(guest, i))
			continue;
		buf_addf(&list, "%s%s", list.len ? " " : "", a->text);
		if (a->family == AF_INET6 && !host->ipv6)
			finding_add(findings, VS_IPV6_OFF, guest->name, a->item,
				    "%s, but IPV6 is off in '%s'", show(a->text),
				    host->vz_conf ? show(host->vz_conf) : "vz.conf");
	}
	if (!list.len) {
		finding_add(findings, VS_NO_ADDRESS, guest->name, guest->conf,
			    "IP_ADDRESS is not set");
		return;
	}
	if (!conf_value_ok(list.data)) {
		finding_add(findings, VS_VALUE_UNSAFE, guest->name, "IP_ADDRESS",
			    "%zu addresses are too many for one value; IP_ADDRESS is not set",
			    guest->nr_addresses);
		return;
	}
	ct_set(ct, pool, "IP_ADDRESS", list.data,
	       guest->style == STYLE_LEGACY ? "IPROOT" : "interfaces");
}
