/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads lists of flags. The tables hold the first name of a bit in the first place,
 * further names after it; a prefix such as "cap_" may stand before each, and case
 * does not matter. An unknown word makes VServer refuse the guest's start; it is kept
 * for a finding, and the other words count.
 */
#include "vserver/flags.h"

#include <string.h>
#include <strings.h>

#include "vserver/number.h"

struct name {
	const char *text;
	uint64_t bits;
};
#define BIT(n) (1ULL << (n))

static const struct name context_names[] = {
	{ "lock", BIT(0) }, { "sched", BIT(1) }, { "nproc", BIT(2) }, { "private", BIT(3) },
	{ "fakeinit", BIT(4) }, { "hideinfo", BIT(5) }, { "ulimit", BIT(6) },
	{ "namespace", BIT(7) }, { "sched_hard", BIT(8) }, { "sched_prio", BIT(9) },
	{ "sched_pause", BIT(10) }, { "virt_mem", BIT(16) }, { "virt_uptime", BIT(17) },
	{ "virt_cpu", BIT(18) }, { "virt_load", BIT(19) }, { "virt_time", BIT(20) },
	{ "hide_mount", BIT(24) }, { "hide_netif", BIT(25) }, { "hide_vinfo", BIT(26) },
	{ "state_setup", BIT(32) }, { "state_init", BIT(33) }, { "state_admin", BIT(34) },
	{ "sc_helper", BIT(36) }, { "reboot_kill", BIT(37) }, { "persistent", BIT(38) },
	{ "fork_rss", BIT(48) }, { "prolific", BIT(49) }, { "igneg_nice", BIT(52) },
	{ "igneg_ionice", BIT(53) },
	{ "info_lock", BIT(0) }, { "info_nproc", BIT(2) }, { "info_private", BIT(3) },
	{ "info_init", BIT(4) }, { "info_hideinfo", BIT(5) }, { "info_hide", BIT(5) },
	{ "info_ulimit", BIT(6) }, { "info_namespace", BIT(7) }, { "info_nspace", BIT(7) },
	{ "secure", BIT(25) }, { "default", BIT(17) | BIT(36) }, { NULL, 0 },
};

static const struct name system_names[] = {
	{ "CHOWN", BIT(0) }, { "DAC_OVERRIDE", BIT(1) }, { "DAC_READ_SEARCH", BIT(2) },
	{ "FOWNER", BIT(3) }, { "FSETID", BIT(4) }, { "KILL", BIT(5) }, { "SETGID", BIT(6) },
	{ "SETUID", BIT(7) }, { "SETPCAP", BIT(8) }, { "LINUX_IMMUTABLE", BIT(9) },
	{ "NET_BIND_SERVICE", BIT(10) }, { "NET_BROADCAST", BIT(11) }, { "NET_ADMIN", BIT(12) },
	{ "NET_RAW", BIT(13) }, { "IPC_LOCK", BIT(14) }, { "IPC_OWNER", BIT(15) },
	{ "SYS_MODULE", BIT(16) }, { "SYS_RAWIO", BIT(17) }, { "SYS_CHROOT", BIT(18) },
	{ "SYS_PTRACE", BIT(19) }, { "SYS_PACCT", BIT(20) }, { "SYS_ADMIN", BIT(21) },
	{ "SYS_BOOT", BIT(22) }, { "SYS_NICE", BIT(23) }, { "SYS_RESOURCE", BIT(24) },
	{ "SYS_TIME", BIT(25) }, { "SYS_TTY_CONFIG", BIT(26) }, { "MKNOD", BIT(27) },
	{ "LEASE", BIT(28) }, { "AUDIT_WRITE", BIT(29) }, { "AUDIT_CONTROL", BIT(30) },
	{ "SETFCAP", BIT(31) }, { "MAC_OVERRIDE", BIT(32) }, { "MAC_ADMIN", BIT(33) },
	{ NULL, 0 },
};

static const struct name capability_names[] = {
	{ "set_utsname", BIT(0) }, { "set_rlimit", BIT(1) }, { "fs_security", BIT(2) },
	{ "fs_trusted", BIT(3) }, { "tiocsti", BIT(4) }, { "raw_icmp", BIT(8) },
	{ "syslog", BIT(12) }, { "oom_adjust", BIT(13) }, { "audit_control", BIT(14) },
	{ "secure_mount", BIT(16) }, { "secure_remount", BIT(17) }, { "binary_mount", BIT(18) },
	{ "dev_mount", BIT(19) }, { "quota_ctl", BIT(20) }, { "admin_mapper", BIT(21) },
	{ "admin_cloop", BIT(22) }, { "kthread", BIT(24) }, { "namespace", BIT(25) },
	{ "utsname", BIT(0) }, { "rlimit", BIT(1) }, { "icmp", BIT(8) }, { "ping", BIT(8) },
	{ "mount", BIT(16) }, { "remount", BIT(17) }, { NULL, 0 },
};

static const struct name network_names[] = {
	{ "lock", BIT(0) }, { "private", BIT(3) }, { "single_ip", BIT(8) },
	{ "lback_remap", BIT(9) }, { "lback_allow", BIT(10) }, { "hide_netif", BIT(25) },
	{ "hide_lback", BIT(26) }, { "state_setup", BIT(32) }, { "state_admin", BIT(34) },
	{ "sc_helper", BIT(36) }, { "persistent", BIT(38) },
	{ "info_lock", BIT(0) }, { "info_private", BIT(3) }, { "remap_lback", BIT(9) },
	{ NULL, 0 },
};

static const struct name net_capability_names[] = {
	{ "tun_create", BIT(0) }, { "raw_icmp", BIT(8) }, { NULL, 0 },
};

static const struct name legacy_names[] = {
	{ "lock", BIT(0) }, { "sched", BIT(1) }, { "nproc", BIT(2) }, { "private", BIT(3) },
	{ "fakeinit", BIT(4) }, { "hideinfo", BIT(5) }, { "ulimit", BIT(6) },
	{ "namespace", BIT(7) }, { "minit", BIT(4) }, { NULL, 0 },
};

static const struct {
	const struct name *names;
	const char *prefix;
	const char *separators;
} kinds[NR_FLAG_KINDS] = {
	[FLAG_CONTEXT] = { context_names, "vxf_", "," },
	[FLAG_SYSTEM] = { system_names, "cap_", "," },
	[FLAG_CAPABILITY] = { capability_names, "vxc_", "," },
	[FLAG_NETWORK] = { network_names, "nxf_", "," },
	[FLAG_NET_CAPABILITY] = { net_capability_names, "nxc_", "," },
	[FLAG_LEGACY] = { legacy_names, NULL, " \t\n" },
	[FLAG_LEGACY_SYSTEM] = { system_names, "cap_", " \t\n" },
};

static uint64_t all_bits(const struct name *names)
{
	uint64_t all = 0;

	for (; names->text; names++)
		all |= names->bits;
	return all;
}

static bool name_bits(enum flag_kind kind, const char *word, uint64_t *bits)
{
	const char *prefix = kinds[kind].prefix;

	if (prefix && strncasecmp(word, prefix, strlen(prefix)) == 0)
		word += strlen(prefix);
	for (const struct name *n = kinds[kind].names; n->text; n++)
		if (strcasecmp(n->text, word) == 0) {
			*bits = n->bits;
			return true;
		}
	return false;
}

static bool word_bits(enum flag_kind kind, const char *word, uint64_t *bits)
{
	bool is_bit = *word == '^';
	struct number n;

	*bits = 0;
	if (strcasecmp(word, "none") == 0)
		return true;
	if (strcasecmp(word, "all") == 0 || strcasecmp(word, "any") == 0) {
		*bits = all_bits(kinds[kind].names);
		return true;
	}
	if (name_bits(kind, word, bits))
		return true;
	n = number_of(word + is_bit);
	if (!n.ok || n.negative || (is_bit && n.value > 63))
		return false;
	*bits = is_bit ? BIT(n.value) : n.value;
	return true;
}

static void add_word(struct flags *flags, enum flag_kind kind, const char *word)
{
	bool negated = false;
	const char *name = word;
	uint64_t bits;

	for (; *name == '!' || *name == '~'; name++)
		negated = !negated;
	if (!word_bits(kind, name, &bits)) {
		if (!flags->unknown)
			flags->unknown = word;
		return;
	}
	if (negated) {
		flags->set &= ~bits;
		flags->cleared |= bits;
	} else {
		flags->set |= bits;
		flags->cleared &= ~bits;
	}
}

void flags_add(struct flags *flags, enum flag_kind kind, const char *line, struct pool *pool)
{
	const char *separators = kinds[kind].separators;

	for (line += strspn(line, separators); *line; line += strspn(line, separators)) {
		size_t len = strcspn(line, separators);
		const char *word = pool_memdup(pool, line, len);

		line += len;
		add_word(flags, kind, word);
	}
}

const char *flag_name(enum flag_kind kind, unsigned bit)
{
	for (const struct name *n = kinds[kind].names; n->text; n++)
		if (n->bits == BIT(bit))
			return n->text;
	return NULL;
}
