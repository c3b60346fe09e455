/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of addresses. The mask is counted octet by octet as util-vserver's
 * src/mask2prefix.c does: the ones at the left of each octet, up to the first
 * octet that is not 255.
 */
#include "vserver/address_text.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define TEXT_MAX 64

static bool parse_v4(struct ip *out, const char *text)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	out->any = a.s_addr == INADDR_ANY;
	out->loopback = ntohl(a.s_addr) >> 24 == IN_LOOPBACKNET;
	return inet_ntop(AF_INET, &a, out->text, sizeof(out->text)) != NULL;
}

static bool parse_v6(struct ip *out, const char *text)
{
	struct in6_addr a;

	if (inet_pton(AF_INET6, text, &a) != 1)
		return false;
	out->any = IN6_IS_ADDR_UNSPECIFIED(&a);
	out->loopback = IN6_IS_ADDR_LOOPBACK(&a);
	return inet_ntop(AF_INET6, &a, out->text, sizeof(out->text)) != NULL;
}

bool prefix_parse(int *out, const char *text, int family)
{
	uint64_t n;

	if (!parse_u64(text, family == AF_INET ? 32 : 128, &n))
		return false;
	*out = (int)n;
	return true;
}

bool ip_parse(struct ip *out, const char *text)
{
	char copy[TEXT_MAX];
	size_t len = strcspn(text, "/");

	*out = (struct ip){ .prefix = -1 };
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	out->family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	if (text[len] && !prefix_parse(&out->prefix, text + len + 1, out->family))
		return false;
	return out->family == AF_INET ? parse_v4(out, copy) : parse_v6(out, copy);
}

bool mask_parse(int *out, const char *text)
{
	struct in_addr a;
	uint32_t mask;
	int bits = 0;

	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	mask = ntohl(a.s_addr);
	for (int shift = 24; shift >= 0; shift -= 8) {
		unsigned octet = mask >> shift & 0xff;
		int ones = 0;

		while (ones < 8 && octet & (0x80U >> ones))
			ones++;
		bits += ones;
		if (ones < 8)
			break;
	}
	*out = bits ? bits : -1;
	return true;
}
