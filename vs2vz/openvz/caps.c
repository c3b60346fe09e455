/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and defaults of capabilities in OpenVZ. A table of our own, for the numbers
 * are those that vzctl knows and not those of the machine that vs2vz runs on.
 */
#include "openvz/caps.h"

#include <stddef.h>

static const struct {
	const char *name;
	bool off;	/* unless asked for */
} caps[CAPS_NR] = {
	{ "CHOWN", false }, { "DAC_OVERRIDE", false }, { "DAC_READ_SEARCH", false },
	{ "FOWNER", false }, { "FSETID", false }, { "KILL", false }, { "SETGID", false },
	{ "SETUID", false }, { "SETPCAP", false }, { "LINUX_IMMUTABLE", false },
	{ "NET_BIND_SERVICE", false }, { "NET_BROADCAST", false }, { "NET_ADMIN", true },
	{ "NET_RAW", false }, { "IPC_LOCK", false }, { "IPC_OWNER", false },
	{ "SYS_MODULE", true }, { "SYS_RAWIO", true }, { "SYS_CHROOT", false },
	{ "SYS_PTRACE", false }, { "SYS_PACCT", true }, { "SYS_ADMIN", true },
	{ "SYS_BOOT", false }, { "SYS_NICE", false }, { "SYS_RESOURCE", false },
	{ "SYS_TIME", true }, { "SYS_TTY_CONFIG", false }, { "MKNOD", false },
	{ "LEASE", false }, { "AUDIT_WRITE", false }, { "VE_ADMIN", false },
	{ "SETFCAP", false },
};

const char *caps_name(unsigned number)
{
	return number < CAPS_NR ? caps[number].name : NULL;
}

bool caps_default(unsigned number)
{
	return number < CAPS_NR && !caps[number].off;
}
