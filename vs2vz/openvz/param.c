/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of parameters. Ranges and words are those of vzctl 4.11; a key that came
 * later than 3.0.0 says so, for an older vzctl passes over a line that it does not
 * know. How a value is checked is in param_check.c.
 */
#include "openvz/param.h"

#include <string.h>

#define YES_NO	"yes no"
#define LONGEST 9223372036854775807u
#define INT_MOST 2147483647u

const struct param param_table[] = {
	{ "AVNUMPROC",	 FORM_UBC, "items", "3.0.0", 0, LONGEST, NULL },
	{ "BOOTORDER",	 FORM_NUMBER, NULL, "3.0.24", 0, INT_MOST, NULL },
	{ "CAPABILITY",	 FORM_SWITCHES, NULL, "3.0.0", 0, 0,
	  "AUDIT_WRITE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL "
	  "LEASE LINUX_IMMUTABLE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP "
	  "SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT "
	  "SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG VE_ADMIN" },
	{ "CPULIMIT",	 FORM_CPULIMIT, "percent of one processor", "3.0.0", 0, INT_MOST, NULL },
	{ "CPUMASK",	 FORM_LIST, NULL, "3.0.26", 0, 4095, "all auto" },
	{ "CPUS",	 FORM_NUMBER, "processors", "3.0.11", 1, 4096, NULL },
	{ "CPUUNITS",	 FORM_NUMBER, "shares", "3.0.0", 8, 500000, NULL },
	{ "DCACHESIZE",	 FORM_UBC, "bytes", "3.0.0", 0, LONGEST, NULL },
	{ "DESCRIPTION", FORM_TEXT, NULL, "3.0.23", 0, 0, NULL },
	{ "DEVICES",	 FORM_DEVICES, NULL, "3.0.0", 0, 0, NULL },
	{ "DEVNODES",	 FORM_DEVNODES, NULL, "3.0.0", 0, 0, NULL },
	{ "DGRAMRCVBUF", FORM_UBC, "bytes", "3.0.0", 0, LONGEST, NULL },
	{ "DISABLED",	 FORM_WORD, NULL, "3.0.0", 0, 0, YES_NO },
	{ "DISKINODES",	 FORM_QUOTA, "inodes", "3.0.0", 0, LONGEST, NULL },
	{ "DISKSPACE",	 FORM_QUOTA, "KiB", "3.0.0", 0, LONGEST, NULL },
	{ "DISK_QUOTA",	 FORM_WORD, NULL, "3.0.0", 0, 0, YES_NO },
	{ "FEATURES",	 FORM_SWITCHES, NULL, "3.0.13", 0, 0,
	  "bridge ipgre ipip nfs nfsd ppp sit sysfs" },
	{ "HOSTNAME",	 FORM_TEXT, NULL, "3.0.0", 0, 0, NULL },
	{ "IOLIMIT",	 FORM_NUMBER, "bytes a second", "4.6", 0, INT_MOST, NULL },
	{ "IOPRIO",	 FORM_NUMBER, NULL, "3.0.15", 0, 7, NULL },
	{ "IOPSLIMIT",	 FORM_NUMBER, "operations a second", "4.6", 0, INT_MOST, NULL },
	{ "IPV6",	 FORM_WORD, NULL, "3.0.13", 0, 0, YES_NO },
	{ "IP_ADDRESS",	 FORM_ADDRESSES, NULL, "3.0.0", 0, 0, NULL },
	{ "KMEMSIZE",	 FORM_UBC, "bytes", "3.0.0", 0, LONGEST, NULL },
	{ "LOCKEDPAGES", FORM_UBC, "pages", "3.0.0", 0, LONGEST, NULL },
	{ "NAME",	 FORM_TEXT, NULL, "3.0.11", 0, 0, NULL },
	{ "NAMESERVER",	 FORM_TEXT, NULL, "3.0.0", 0, 0, NULL },
	{ "NETFILTER",	 FORM_WORD, NULL, "4.7", 0, 0, "disabled stateless stateful full" },
	{ "NETIF",	 FORM_NETIF, NULL, "3.0.14", 0, 0, NULL },
	{ "NODEMASK",	 FORM_LIST, NULL, "4.8", 0, 4095, "all" },
	{ "NUMFILE",	 FORM_UBC, "items", "3.0.0", 0, LONGEST, NULL },
	{ "NUMFLOCK",	 FORM_UBC, "items", "3.0.0", 0, LONGEST, NULL },
	{ "NUMIPTENT",	 FORM_UBC, "items", "3.0.0", 0, LONGEST, NULL },
	{ "NUMOTHERSOCK", FORM_UBC, "items", "3.0.0", 0, LONGEST, NULL },
	{ "NUMPROC",	 FORM_UBC, "items", "3.0.0", 0, LONGEST, NULL },
	{ "NUMPTY",	 FORM_UBC, "items", "3.0.0", 0, LONGEST, NULL },
	{ "NUMSIGINFO",	 FORM_UBC, "items", "3.0.0", 0, LONGEST, NULL },
	{ "NUMTCPSOCK",	 FORM_UBC, "items", "3.0.0", 0, LONGEST, NULL },
	{ "ONBOOT",	 FORM_WORD, NULL, "3.0.0", 0, 0, YES_NO },
	{ "OOMGUARPAGES", FORM_UBC, "pages", "3.0.0", 0, LONGEST, NULL },
	{ "ORIGIN_SAMPLE", FORM_TEXT, NULL, "3.0.0", 0, 0, NULL },
	{ "OSTEMPLATE",	 FORM_TEXT, NULL, "3.0.0", 0, 0, NULL },
	{ "OTHERSOCKBUF", FORM_UBC, "bytes", "3.0.0", 0, LONGEST, NULL },
	{ "PHYSPAGES",	 FORM_UBC, "pages", "3.0.0", 0, LONGEST, NULL },
	{ "PRIVVMPAGES", FORM_UBC, "pages", "3.0.0", 0, LONGEST, NULL },
	{ "QUOTATIME",	 FORM_NUMBER, "seconds", "3.0.0", 0, INT_MOST, NULL },
	{ "QUOTAUGIDLIMIT", FORM_NUMBER, "users and groups", "3.0.0", 0, INT_MOST, NULL },
	{ "SEARCHDOMAIN", FORM_TEXT, NULL, "3.0.0", 0, 0, NULL },
	{ "SHMPAGES",	 FORM_UBC, "pages", "3.0.0", 0, LONGEST, NULL },
	{ "STOP_TIMEOUT", FORM_NUMBER, "seconds", "4.4", 0, INT_MOST, NULL },
	{ "SWAPPAGES",	 FORM_UBC, "pages", "3.0.24", 0, LONGEST, NULL },
	{ "TCPRCVBUF",	 FORM_UBC, "bytes", "3.0.0", 0, LONGEST, NULL },
	{ "TCPSNDBUF",	 FORM_UBC, "bytes", "3.0.0", 0, LONGEST, NULL },
	{ "VE_LAYOUT",	 FORM_WORD, NULL, "3.1", 0, 0,
	  "simfs ploop ploop:expanded ploop:plain ploop:raw" },
	{ "VE_PRIVATE",	 FORM_PATH, NULL, "3.0.0", 0, 0, NULL },
	{ "VE_ROOT",	 FORM_PATH, NULL, "3.0.0", 0, 0, NULL },
	{ "VMGUARPAGES", FORM_UBC, "pages", "3.0.0", 0, LONGEST, NULL },
};
const size_t nr_params = sizeof(param_table) / sizeof(param_table[0]);

const struct param *param_find(const char *key)
{
	for (size_t i = 0; i < nr_params; i++)
		if (strcmp(param_table[i].key, key) == 0)
			return &param_table[i];
	return NULL;
}
