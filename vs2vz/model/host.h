/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts about the machine. Paths are canonical below the host root.
 */
#ifndef VS2VZ_MODEL_HOST_H
#define VS2VZ_MODEL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tags.h"

enum kernel_kind {
	KERNEL_OFFLINE,		/* --root DIR: the booted kernel does not matter */
	KERNEL_OPENVZ,
	KERNEL_OPENVZ_CT,	/* we run inside a container */
	KERNEL_VSERVER,
	KERNEL_OTHER,
};

/* Does vzctl call vps.premount? What cannot be seen is no "no". */
enum premount_answer { PREMOUNT_UNASKED, PREMOUNT_YES, PREMOUNT_NO, PREMOUNT_UNKNOWN };
struct premount {
	enum premount_answer answer;	/* PREMOUNT_UNASKED: no vzctl is there */
	const char *at, *seen;		/* what was looked at, what was seen of it */
};

struct host {
	enum kernel_kind kernel;
	const char *kernel_release;
	bool vswap;
	const char *state_dir;	/* where journals are made; NULL: their room is not judged */
	const char *token;	/* of the plans of a test; NULL: each gets its own */
	bool coarse_times;	/* it sets times to the microsecond only, see base/compat.h */
	/* VServer side */
	const char **installs;	/* CONF directories found */
	unsigned nr_installs;
	enum tagging tagging;
	const char *tagging_from; /* what said so; NULL: nothing did */
	const char **stores;	/* hash stores of vhashify: canonical directories that exist */
	unsigned nr_stores;
	/* OpenVZ side, see openvz/layout.h */
	const char *vz_conf;	/* "/etc/vz/vz.conf", NULL: none */
	const char *conf_dir;	/* where CTID.conf goes */
	const char *names_dir;
	const char *root_pattern;    /* "/vz/root/$VEID" */
	const char *private_pattern; /* "/vz/private/$VEID" */
	const char *lock_dir;	/* NULL: none configured or absent */
	const char *dump_dir;
	const char *config_file; /* vz.conf's CONFIGFILE; NULL */
	bool ipv6;
	bool vzctl_32;		/* its numbers end at 2147483647 */
	bool knows_layout;	/* vzctl in use understands VE_LAYOUT */
	struct premount premount;
	bool is_vz7;		/* layouts 4 and 5, UUID containers */
	/* quota files that containers of undone conversions left and undo could not drop */
	const char **left_quota;
	size_t nr_left_quota, cap_left_quota;
};

#endif
