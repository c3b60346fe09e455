/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vzctl knows of each parameter of CTID.conf: form, unit, since when, range
 * (vzctl: src/lib/config.c and the parsers it calls, man/ctid.conf.5). Every value
 * that is written is held against its row first:
 *
 *	fault = param_fault("CPUUNITS", "7");	"is not from 8 to 500000"
 */
#ifndef VS2VZ_OPENVZ_PARAM_H
#define VS2VZ_OPENVZ_PARAM_H

#include <stddef.h>
#include <stdint.h>

enum param_form {
	FORM_TEXT,	/* any text without newline */
	FORM_PATH,	/* absolute */
	FORM_WORD,	/* one of words, exactly */
	FORM_NUMBER,	/* min..max */
	FORM_UBC,	/* BAR[:LIM], each a number or "unlimited" */
	FORM_QUOTA,	/* SOFT[:HARD], numbers only */
	FORM_CPULIMIT,	/* N, or N% up to 100 */
	FORM_LIST,	/* "0-2,5" or one of words */
	FORM_SWITCHES,	/* blank separated NAME:on|off, NAME one of words */
	FORM_DEVICES,	/* b|c:MAJOR:MINOR|all:rwq|none */
	FORM_DEVNODES,	/* NAME:rwq|none */
	FORM_ADDRESSES,	/* blank separated, IPv4 or IPv6 */
	FORM_NETIF,	/* ifname=... */
};

struct param {
	const char *key;
	enum param_form form;
	const char *unit;	/* "pages"; NULL: none */
	const char *since;	/* version of vzctl */
	uint64_t min, max;
	const char *words;	/* blank separated */
};

/* Sorted by key; NULL where vzctl has no such parameter. */
extern const struct param param_table[];
extern const size_t nr_params;
const struct param *param_find(const char *key);

/* NULL: vzctl takes the value whole. Else why not, to go behind the value. */
const char *param_fault(const char *key, const char *value);

#endif
