/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One check per form of a parameter. vzctl stops a list at its first bad token and
 * leaves a bad number out, in both cases with no more than a warning; so what is
 * written must be good to the last byte. Texts of faults go behind the value:
 * "'7' is not from 8 to 500000".
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/units.h"
#include "openvz/conf.h"
#include "openvz/param.h"

#define TOKEN_MAX 128	/* longest token of a list that is looked at */

static bool word_in(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; p && *p; p += strspn(p, " ")) {
		size_t here = strcspn(p, " ");

		if (here == len && strncmp(p, word, len) == 0)
			return true;
		p += here;
	}
	return false;
}

static const char *check_text(const struct param *param, const char *value)
{
	(void)param;
	return conf_value_ok(value) ? NULL : "has bytes or a length that no value can have";
}

static const char *check_path(const struct param *param, const char *value)
{
	return value[0] == '/' ? check_text(param, value) : "is no absolute path";
}

static const char *check_word(const struct param *param, const char *value)
{
	return *value && word_in(param->words, value) ? NULL : "is none of the words allowed";
}

static const char *check_number(const struct param *param, const char *value)
{
	uint64_t n;

	if (!parse_u64(value, param->max, &n) || n < param->min)
		return "is not within the range of numbers allowed";
	return NULL;
}

/* "A" or "A:B", A not above B. */
static const char *check_pair(const struct param *param, const char *value, bool unlimited)
{
	const char *colon = strchr(value, ':');
	size_t len = colon ? (size_t)(colon - value) : strlen(value);
	const char *parts[2] = { value, colon ? colon + 1 : value };
	uint64_t n[2];

	for (size_t i = 0; i < 2; i++) {
		char text[TOKEN_MAX];
		size_t used = i == 0 || !colon ? len : strlen(parts[1]);

		if (used >= sizeof(text))
			return "is too long for a number";
		memcpy(text, parts[i], used);
		text[used] = '\0';
		if (unlimited && strcmp(text, "unlimited") == 0)
			n[i] = param->max;
		else if (!parse_u64(text, param->max, &n[i]))
			return "is no barrier:limit";
	}
	return n[0] <= n[1] ? NULL : "has a barrier above its limit";
}

static const char *check_ubc(const struct param *param, const char *value)
{
	return check_pair(param, value, true);
}

static const char *check_quota(const struct param *param, const char *value)
{
	return check_pair(param, value, false);
}

static const char *check_cpulimit(const struct param *param, const char *value)
{
	char text[TOKEN_MAX];
	size_t len = strlen(value);
	bool percent = len && value[len - 1] == '%';
	uint64_t n;

	if (len >= sizeof(text))
		return "is too long for a number";
	memcpy(text, value, len + 1);
	if (percent)
		text[len - 1] = '\0';
	return parse_u64(text, percent ? 100 : param->max, &n) ? NULL : "is no share of processors";
}

/* "0-2,5": ascending ranges are not asked for, whole numbers are. */
static const char *check_list(const struct param *param, const char *value)
{
	uint64_t n[2];

	if (word_in(param->words, value))
		return NULL;
	do {
		for (size_t i = 0; i < 2; i++) {
			if (!isdigit((unsigned char)*value))
				return "is no list of numbers and ranges";
			for (n[i] = 0; isdigit((unsigned char)*value); value++)
				n[i] = add_u64(mul_u64(n[i], 10), (uint64_t)(*value - '0'));
			if (n[i] > param->max)
				return "has a number out of range";
			if (i == 0 && *value != '-') {
				n[1] = n[0];
				break;
			}
			value += i == 0;
		}
		if (n[0] > n[1])
			return "has a range that descends";
	} while (*value++ == ',');
	return value[-1] ? "is no list of numbers and ranges" : NULL;
}

/* The next blank separated token; false: none left. *fault where one is too long. */
static bool token_next(const char **at, char *token, const char **fault)
{
	size_t len;

	*at += strspn(*at, " \t");
	len = strcspn(*at, " \t");
	if (!len)
		return false;
	if (len >= TOKEN_MAX) {
		*fault = "has a token that is too long";
		return false;
	}
	memcpy(token, *at, len);
	token[len] = '\0';
	*at += len;
	return true;
}

static const char *each_token(const struct param *param, const char *value,
			      const char *(*check)(const struct param *, char *))
{
	const char *fault = NULL;
	char token[TOKEN_MAX];

	while (!fault && token_next(&value, token, &fault))
		fault = check(param, token);
	return fault;
}

static const char *check_switch(const struct param *param, char *token)
{
	char *colon = strchr(token, ':');

	if (!colon || (strcmp(colon, ":on") != 0 && strcmp(colon, ":off") != 0))
		return "has a token that is not NAME:on or NAME:off";
	*colon = '\0';
	return word_in(param->words, token) ? NULL : "names something that vzctl does not know";
}

static bool is_rights(const char *text)
{
	return strcmp(text, "none") == 0 || (*text && !text[strspn(text, "rwq")]);
}

/* "c:10:200:rw"; the loop driver's number is refused. */
static const char *check_device(const struct param *param, char *token)
{
	char *part[4];
	size_t nr = 0;
	uint64_t n;

	(void)param;
	for (char *p = token; p && nr < 4; nr++) {
		part[nr] = p;
		p = strchr(p, ':');
		if (p)
			*p++ = '\0';
	}
	if (nr != 4 || (strcmp(part[0], "b") != 0 && strcmp(part[0], "c") != 0) ||
	    !parse_u64(part[1], 4095, &n) || !is_rights(part[3]))
		return "is no b|c:MAJOR:MINOR:RIGHTS";
	if (part[0][0] == 'b' && n == 7)
		return "names loop devices, which vzctl refuses";
	if (strcmp(part[2], "all") != 0 && !parse_u64(part[2], 1048575, &n))
		return "is no b|c:MAJOR:MINOR:RIGHTS";
	return NULL;
}

static const char *check_node(const struct param *param, char *token)
{
	char *colon = strrchr(token, ':');

	(void)param;
	if (!colon || colon == token || token[0] == '/' || strstr(token, "..") ||
	    !is_rights(colon + 1))
		return "is no NAME:RIGHTS below /dev";
	return NULL;
}

static const char *check_address(const struct param *param, char *token)
{
	char *slash = strchr(token, '/');
	unsigned char bytes[16];
	uint64_t prefix;
	int family = strchr(token, ':') ? AF_INET6 : AF_INET;

	(void)param;
	if (slash) {
		*slash = '\0';
		if (!parse_u64(slash + 1, family == AF_INET ? 32 : 128, &prefix))
			return "has a prefix out of range";
	}
	return inet_pton(family, token, bytes) == 1 ? NULL : "has a token that is no address";
}

static const char *check_switches(const struct param *param, const char *value)
{
	return each_token(param, value, check_switch);
}

static const char *check_devices(const struct param *param, const char *value)
{
	return each_token(param, value, check_device);
}

static const char *check_nodes(const struct param *param, const char *value)
{
	return each_token(param, value, check_node);
}

static const char *check_addresses(const struct param *param, const char *value)
{
	return each_token(param, value, check_address);
}

static const char *check_netif(const struct param *param, const char *value)
{
	return strstr(value, "ifname=") ? check_text(param, value) : "names no interface";
}

const char *param_fault(const char *key, const char *value)
{
	static const char *(*const checks[])(const struct param *, const char *) = {
		[FORM_TEXT] = check_text, [FORM_PATH] = check_path, [FORM_WORD] = check_word,
		[FORM_NUMBER] = check_number, [FORM_UBC] = check_ubc, [FORM_QUOTA] = check_quota,
		[FORM_CPULIMIT] = check_cpulimit, [FORM_LIST] = check_list,
		[FORM_SWITCHES] = check_switches, [FORM_DEVICES] = check_devices,
		[FORM_DEVNODES] = check_nodes, [FORM_ADDRESSES] = check_addresses,
		[FORM_NETIF] = check_netif,
	};
	const struct param *param = param_find(key);

	if (!param)
		return "belongs to no parameter of vzctl";
	if (!conf_value_ok(value))
		return check_text(param, value);
	return checks[param->form](param, value);
}
