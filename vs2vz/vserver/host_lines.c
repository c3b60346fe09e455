/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the host, line by line: jobs, sudo rules and monitors that call VServer's
 * tools or name its directories; network files that configure an address of a guest;
 * firewall files that name one or rewrite addresses. Files are searched as text, with
 * comments left out; nothing is sourced and nothing is edited.
 */
#include "vserver/host_inside.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define FILES_MAX 500	/* of one directory */
#define LINE_MAX_BYTES 4096

/* pattern NULL: path is a file. */
static const struct source {
	enum host_topic topic;
	const char *path;
	const char *pattern;
} sources[] = {
	{ TOPIC_CALL, "/etc/crontab", NULL },
	{ TOPIC_CALL, "/etc/anacrontab", NULL },
	{ TOPIC_CALL, "/etc/cron.d", "*" },
	{ TOPIC_CALL, "/etc/cron.hourly", "*" },
	{ TOPIC_CALL, "/etc/cron.daily", "*" },
	{ TOPIC_CALL, "/etc/cron.weekly", "*" },
	{ TOPIC_CALL, "/etc/cron.monthly", "*" },
	{ TOPIC_CALL, "/var/spool/cron", "*" },
	{ TOPIC_CALL, "/var/spool/cron/crontabs", "*" },
	{ TOPIC_CALL, "/var/spool/cron/tabs", "*" },
	{ TOPIC_CALL, "/etc/sudoers", NULL },
	{ TOPIC_CALL, "/etc/sudoers.d", "*" },
	{ TOPIC_CALL, "/etc/rc.local", NULL },
	{ TOPIC_CALL, "/etc/rc.d/rc.local", NULL },
	{ TOPIC_CALL, "/etc/init.d/boot.local", NULL },
	{ TOPIC_CALL, "/etc/nagios/nrpe.cfg", NULL },
	{ TOPIC_CALL, "/etc/snmp/snmpd.conf", NULL },
	{ TOPIC_CALL, "/etc/munin/plugin-conf.d", "*" },
	{ TOPIC_ADDRESS, "/etc/network/interfaces", NULL },
	{ TOPIC_ADDRESS, "/etc/network/interfaces.d", "*" },
	{ TOPIC_ADDRESS, "/etc/sysconfig/network-scripts", "ifcfg-*" },
	{ TOPIC_ADDRESS, "/etc/sysconfig/network", "ifcfg-*" },
	{ TOPIC_ADDRESS, "/etc/conf.d", "net*" },
	{ TOPIC_FIREWALL, "/etc/iptables", "*" },
	{ TOPIC_FIREWALL, "/etc/iptables.rules", NULL },
	{ TOPIC_FIREWALL, "/etc/iptables.up.rules", NULL },
	{ TOPIC_FIREWALL, "/etc/network/if-pre-up.d", "*" },
	{ TOPIC_FIREWALL, "/etc/network/if-up.d", "*" },
	{ TOPIC_FIREWALL, "/etc/sysconfig/iptables", NULL },
	{ TOPIC_FIREWALL, "/etc/sysconfig/ip6tables", NULL },
	{ TOPIC_FIREWALL, "/var/lib/iptables", "*" },
	{ TOPIC_FIREWALL, "/etc/sysconfig/SuSEfirewall2", NULL },
	{ TOPIC_FIREWALL, "/etc/sysconfig/scripts", "SuSEfirewall2-custom" },
	{ TOPIC_FIREWALL, "/etc/shorewall", "*" },
	{ TOPIC_FIREWALL, "/etc/shorewall6", "*" },
	{ TOPIC_FIREWALL, "/etc/ferm.conf", NULL },
	{ TOPIC_FIREWALL, "/etc/ferm", "*" },
	{ TOPIC_FIREWALL, "/etc/ferm/ferm.d", "*" },
	{ TOPIC_FIREWALL, "/etc/ferm/conf.d", "*" },
};

#define NOTHING "has no counterpart: a container has addresses of its own"
#define INSIDE	"vzctl exec CTID COMMAND"
#define LISTS	"vzlist"

/* Tools, longest match by whole words; and directories, by their beginning. */
static const struct tool {
	const char *word;
	const char *instead;
} tools[] = {
	{ "/etc/vservers", "the containers' configuration is CTID.conf" },
	{ "/usr/local/etc/vservers", "the containers' configuration is CTID.conf" },
	{ "/var/lib/vservers", "the trees are in the private areas" },
	{ "/vservers", "the trees are in the private areas" },
	{ "chbind", NOTHING },
	{ "chcontext", INSIDE },
	{ "chxid", "files carry no context" },
	{ "lsxid", "files carry no context" },
	{ "ncontext", NOTHING },
	{ "newvserver", "vzctl create" },
	{ "reducecap", "vzctl set CTID --capability" },
	{ "vapt-get", INSIDE },
	{ "vattribute", "vzctl set CTID" },
	{ "vcontext", INSIDE },
	{ "vdlimit", "vzctl set CTID --diskspace" },
	{ "vdu", "vzquota show CTID" },
	{ "vhashify", "shared files do not exist there" },
	{ "vkill", INSIDE },
	{ "vlimit", "vzctl set CTID" },
	{ "vnamespace", INSIDE },
	{ "vpoweroff", "vzctl stop CTID" },
	{ "vps", "vzps" },
	{ "vpstree", "vzpid, vzps" },
	{ "vrpm", INSIDE },
	{ "vrsetup", "DISKSPACE needs no vroot device" },
	{ "vsched", "vzctl set CTID --cpuunits" },
	{ "vserver", "vzctl" },
	{ "vserver-copy", "vzmigrate, vzdump" },
	{ "vserver-info", LISTS },
	{ "vserver-stat", LISTS },
	{ "vsomething", "vzctl exec in a loop over `vzlist -Ho ctid`" },
	{ "vtop", "vztop" },
	{ "vunify", "shared files do not exist there" },
	{ "vyum", INSIDE },
};
#define NR_TOOLS (sizeof(tools) / sizeof(tools[0]))

const char *host_tool_instead(const char *word)
{
	for (size_t i = 0; i < NR_TOOLS; i++)
		if (strcmp(tools[i].word, word) == 0)
			return tools[i].instead;
	return NULL;
}

struct line {
	struct host_reading *r;
	const char *where;
	const char *text;
};

static void mention(const struct line *line, enum host_topic topic, const char *word,
		    const struct guest *guest)
{
	const struct mention m = {
		.topic = topic, .where = line->where, .text = line->text, .word = word,
		.guest = guest,
	};

	host_mention(line->r, &m);
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.' || c == '@';
}

/* Does the word stand at this place, whole? A directory may go on with '/' only. */
static bool stands_at(const char *text, const char *at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(at, word, len) != 0 || is_word_char(at[len]))
		return false;
	if (at > text && is_word_char(at[-1]))
		return false;
	return word[0] == '/' || at[len] != '=';
}

/* Each line is named once, for the first tool in it. */
static void look_for_calls(const struct line *line)
{
	for (const char *at = line->text; *at; at++)
		for (size_t i = 0; i < NR_TOOLS; i++)
			if (stands_at(line->text, at, tools[i].word)) {
				mention(line, TOPIC_CALL, tools[i].word, NULL);
				return;
			}
}

/* The canonical form of a text that is an address; NULL: it is none. */
static const char *canonical(const char *text, struct pool *pool)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	char out[INET6_ADDRSTRLEN];

	if (inet_pton(family, text, bytes) != 1)
		return NULL;
	return pool_strdup(pool, inet_ntop(family, bytes, out, sizeof(out)));
}

static void look_up(const struct line *line, enum host_topic topic, const char *text)
{
	const struct guests *guests = line->r->guests;
	const char *address = canonical(text, line->r->pool);

	for (size_t i = 0; address && i < guests->nr; i++) {
		const struct guest *g = &guests->v[i];

		for (size_t k = 0; !g->barred && k < g->nr_addresses; k++)
			if (strcmp(g->address[k].text, address) == 0) {
				mention(line, topic, g->address[k].text, g);
				break;
			}
	}
}

/* "192.0.2.1:80", "2001:db8::1": as a whole where it is IPv6, else its parts. */
static void look_up_run(const struct line *line, enum host_topic topic, const char *run,
			size_t len)
{
	const char *whole = pool_memdup(line->r->pool, run, len);
	size_t part;

	if (canonical(whole, line->r->pool)) {
		look_up(line, topic, whole);
		return;
	}
	for (const char *at = whole; *at; at += part + (at[part] == ':')) {
		part = strcspn(at, ":");
		if (part)
			look_up(line, topic, pool_memdup(line->r->pool, at, part));
	}
}

static void look_for_addresses(const struct line *line, enum host_topic topic)
{
	static const char of_address[] = "0123456789abcdefABCDEF:.";
	size_t len;

	for (const char *at = line->text; *at; at += len ? len : 1) {
		len = strspn(at, of_address);
		if (len > 2)
			look_up_run(line, topic, at, len);
	}
}

static void look_for_nat(const struct line *line)
{
	static const char *const words[] = { "MASQUERADE", "SNAT", "DNAT", "REDIRECT" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = strstr(line->text, words[i]);

		if (at && stands_at(line->text, at, words[i])) {
			mention(line, TOPIC_NAT, words[i], NULL);
			return;
		}
	}
}

/* Keys whose addresses the host does not take for itself: a guest may be its name server. */
static bool is_foreign_key(const char *line)
{
	static const char *const keys[] = {
		"broadcast", "dns", "gateway", "hwaddr", "nameserver", "netmask", "network",
		"pointopoint", "resolv", "route", "ntp", "nis",
	};
	static const char *const commands[] = { "up", "down", "post-up", "pre-up", "post-down", "pre-down" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strncasecmp(line, keys[i], strlen(keys[i])) == 0)
			return true;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		size_t len = strlen(commands[i]);

		if (strncmp(line, commands[i], len) == 0 && isblank((unsigned char)line[len]))
			return !strstr(line, "addr") && !strstr(line, "ifconfig");
	}
	return false;
}

static void search_line(const struct line *line, enum host_topic topic)
{
	if (topic == TOPIC_CALL) {
		look_for_calls(line);
	} else if (topic == TOPIC_FIREWALL) {
		look_for_addresses(line, topic);
		look_for_nat(line);
	} else if (!is_foreign_key(line->text)) {
		look_for_addresses(line, topic);
	}
}

static void search_file(struct host_reading *r, enum host_topic topic, const char *path)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	unsigned nr = 0;
	size_t len;

	if (!host_text(&text, r, path) || memchr(text.data, '\0', text.len))
		return;		/* a program: its words mean nothing */
	for (const char *at = text.data; *at; at += len + (at[len] == '\n')) {
		struct line line = { .r = r };
		const char *start = at;

		nr++;
		len = strcspn(at, "\n");
		start += strspn(start, " \t\r");
		if (start >= at + len || *start == '#' || *start == ';')
			continue;
		size_t rest = (size_t)(at + len - start);
		if (rest > LINE_MAX_BYTES)
			rest = LINE_MAX_BYTES;
		while (rest && isspace((unsigned char)start[rest - 1]))
			rest--;
		line.text = pool_memdup(r->pool, start, rest);
		line.where = pool_printf(r->pool, "%s:%u", path, nr);
		search_line(&line, topic);
	}
}

static bool is_copy(const char *name)
{
	static const char *const copies[] = {
		".*", "*~", "*.bak", "*.orig", "*.rpmsave", "*.rpmnew", "*.dpkg-*", "*.vs2vz-*",
	};

	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++)
		if (fnmatch(copies[i], name, 0) == 0)
			return true;
	return false;
}

static void search_dir(struct host_reading *r, const struct source *source)
{
	struct names names;
	size_t searched = 0;
	struct err err;

	if (root_names(r->root, source->path, r->pool, &names, &err) < 0) {
		if (!err_is_absent(&err))
			finding_add(r->findings, VS_HOST_FILE_UNREAD, NULL, source->path, "%s",
				    err.text);
		return;
	}
	for (size_t i = 0; i < names.nr; i++) {
		if (fnmatch(source->pattern, names.name[i], 0) != 0 || is_copy(names.name[i]))
			continue;
		if (++searched > FILES_MAX) {
			finding_add(r->findings, VS_HOST_FILE_UNREAD, NULL, source->path,
				    "more than %d files: the rest was not searched", FILES_MAX);
			return;
		}
		search_file(r, source->topic, pool_printf(r->pool, "%s/%s", source->path,
							  names.name[i]));
	}
}

void host_lines_read(struct host_reading *r)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (sources[i].pattern)
			search_dir(r, &sources[i]);
		else
			search_file(r, sources[i].topic, sources[i].path);
	}
}
