/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation table as a document: `vs2vz rules`, docs/mapping.md.
 */
#include "report_parts.h"

#include <string.h>

/* '|' and '*' would be taken for markup. */
static void add_cell(struct buf *out, const char *text)
{
	buf_adds(out, "| ");
	for (; *text; text++) {
		if (strchr("|*_<", *text))
			buf_addch(out, '\\');
		buf_addch(out, *text);
	}
	buf_addch(out, ' ');
}

/* Below the table: how near the near ones are. */
static const char formulas[] =
	"\n## Formulas\n\n"
	"Pages are 4096 bytes. `sample` is the value of the sample configuration.\n\n"
	"| VServer | OpenVZ |\n|---|---|\n"
	"| rlimits: nproc, locks, memlock, shmem | the same number; AVNUMPROC at least half of "
	"NUMPROC |\n"
	"| rlimits: nofile, openfd, nsock, dentry | at least as much, never below the sample |\n"
	"| rss, cgroup memory, vSwap sample | PHYSPAGES=0:RAM, SWAPPAGES=0:(RAM and swap - RAM) |\n"
	"| rss, cgroup memory, other samples | PRIVVMPAGES, VMGUARPAGES, OOMGUARPAGES at least as "
	"much |\n"
	"| as, anon | at least as much: PHYSPAGES with vSwap, else PRIVVMPAGES |\n"
	"| none of these, or an unlimited one | unlimited, see below; `limits = \"sample\"`: the "
	"sample's |\n"
	"| msgqueue, semary, nsems | KMEMSIZE + bytes, + 256 each, + 64 each |\n"
	"| dlimits | hard = space\\_total KiB, soft = hard - reserved percent, both at least 1.1 "
	"times the use |\n"
	"| hard token bucket | CPULIMIT = 100 x fill-rate / interval percent of the machine, "
	"rounded up |\n"
	"| soft token bucket | CPUUNITS = sample x 4 x fill-rate / interval |\n"
	"| cpu.shares | CPUUNITS = sample x shares / 1024 |\n"
	"| nice | CPUUNITS = sample x 1.25 ^ -level |\n"
	"| cfs quota | CPULIMIT = 100 x quota / period percent of one processor, rounded up |\n"
	"| ionice | IOPRIO = 7 for real time, 7 - level for best effort, 0 for idle |\n"
	"| blkio.weight | IOPRIO = weight x 7 / 1000 |\n"
	"| PRIORITY | BOOTORDER = 1000 - PRIORITY (100 where unset) |\n"
	"| depends | BOOTORDER above that of every guest that depends on this one |\n"
	"| quota\\_ctl | QUOTAUGIDLIMIT = 5000 users and groups |\n\n"
	"Where kernels with groups looked at cgroup/ only, the group's file decides and rlimits\n"
	"or the bucket is void. Whatever depends on a changed beancounter is raised:\n\n"
	"- NUMFILE >= 32 x AVNUMPROC and >= NUMTCPSOCK + NUMOTHERSOCK + NUMPTY\n"
	"- DCACHESIZE >= 384 x NUMFILE; KMEMSIZE >= 40960 x AVNUMPROC + DCACHESIZE\n"
	"- PRIVVMPAGES >= VMGUARPAGES\n"
	"- limit - barrier >= 2560 bytes a socket: TCPSNDBUF, TCPRCVBUF, OTHERSOCKBUF\n\n"
	"What the guest did not limit, the container does not (`limits = \"guest\"`, the default):\n"
	"each such beancounter of the sample is `unlimited`, except\n\n"
	"- NUMTCPSOCK, NUMOTHERSOCK: 1801439850948198, or NUMFILE where files are limited\n"
	"- TCPSNDBUF, TCPRCVBUF, OTHERSOCKBUF: 4611686018427387903:unlimited\n"
	"- NUMPTY: 255; AVNUMPROC: the sample's, or half of its NUMPROC\n"
	"- PHYSPAGES, SWAPPAGES of a vSwap sample: 0:1073741824 pages\n"
	"- VMGUARPAGES, OOMGUARPAGES: the sample's, for they promise memory and limit nothing\n\n"
	"Where the host's vzctl is a program of 32 bit (else its init or shell, as long as no vzctl\n"
	"is installed), the largest number is 2147483647: it stands for `unlimited`, and larger\n"
	"numbers of the sample become it.\n\n"
	"DISKSPACE and DISKINODES without dlimits are the sample's, and at least 1.1 times the\n"
	"use. CPUUNITS is a share and stays the sample's.\n\n"
	"No row sets NAMESERVER: the guest keeps its own etc/resolv.conf, unless the sample or\n"
	"vz.conf says otherwise.\n";

static const char *style_word(enum guest_style style)
{
	return style == STYLE_RECENT ? "directory" : "NAME.conf";
}

static void add_markdown(struct buf *out, const struct rule *rule)
{
	add_cell(out, style_word(rule->style));
	add_cell(out, rule->pattern);
	add_cell(out, rule->param ? rule->param : "");
	add_cell(out, verdict_word(rule->verdict));
	add_cell(out, rule->reason ? rule->reason : "");
	buf_adds(out, "|\n");
}

void report_rules(struct buf *out, bool markdown)
{
	static const char *const heading[] = { "STYLE", "ITEM", "PARAMETER", "FATE", "REMARK" };
	struct pool pool = POOL_INIT;
	struct table t = { .columns = sizeof(heading) / sizeof(heading[0]), .pool = &pool };

	if (markdown)
		buf_adds(out, "# What becomes of each VServer item\n\n"
			 "Made by `vs2vz rules --markdown`.\n\n"
			 "| style | item | OpenVZ parameter | fate | remark |\n"
			 "|---|---|---|---|---|\n");
	table_row(&t, heading);
	for (size_t i = 0; i < nr_rules; i++) {
		const char *cells[] = {
			style_word(rules[i].style), rules[i].pattern, rules[i].param,
			verdict_word(rules[i].verdict), rules[i].reason,
		};

		if (markdown)
			add_markdown(out, &rules[i]);
		else
			table_row(&t, cells);
	}
	if (markdown)
		buf_adds(out, formulas);
	else
		table_print(out, &t, NULL, NULL);
	pool_release(&pool);
}
