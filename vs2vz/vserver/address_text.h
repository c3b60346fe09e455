/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and masks as VServer's scripts write them.
 */
#ifndef VS2VZ_VSERVER_ADDRESS_TEXT_H
#define VS2VZ_VSERVER_ADDRESS_TEXT_H

#include <netinet/in.h>
#include <stdbool.h>

struct ip {
	int family;		/* AF_INET, AF_INET6 */
	int prefix;		/* of "/N"; -1: none */
	char text[INET6_ADDRSTRLEN]; /* canonical */
	bool any;		/* 0.0.0.0, :: */
	bool loopback;
};

/* ADDRESS or ADDRESS/N, and nothing else; a colon makes it IPv6. */
bool ip_parse(struct ip *out, const char *text);
/* A prefix length of that family; false: not one. */
bool prefix_parse(int *out, const char *text, int family);
/* Dotted mask to prefix; 0.0.0.0 gives -1 (none); false: malformed. */
bool mask_parse(int *out, const char *text);

#endif
