/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities of a rehearsal; the only user of libcap. What a container has by vzctl's
 * tables (openvz/caps.h) less what would reach past the name spaces: OpenVZ's kernel
 * confines those by itself, this one does not. VE_ADMIN, number 30 there, is AUDIT_CONTROL
 * here and is left out; the network that it administers is NET_ADMIN's here.
 */
#include "run/start_parts.h"

#include <string.h>
#include <sys/capability.h>

#include "openvz/caps.h"

static const cap_value_t never[] = {
	CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_PACCT, CAP_SYS_ADMIN, CAP_SYS_TIME, CAP_MKNOD,
	CAP_DAC_READ_SEARCH, CAP_AUDIT_CONTROL,
};

/* "NET_ADMIN:on": the bit of a name; the first odd word ends the list, as for vzctl. */
static bool apply_word(uint64_t *rights, const char *word, size_t len)
{
	const char *colon = memchr(word, ':', len);
	size_t name = colon ? (size_t)(colon - word) : 0;
	bool on = colon && len - name == 3 && strncmp(colon, ":on", 3) == 0;

	if (!on && !(colon && len - name == 4 && strncmp(colon, ":off", 4) == 0))
		return false;
	for (unsigned n = 0; n < CAPS_NR; n++) {
		const char *known = caps_name(n);

		if (!known || strlen(known) != name || strncasecmp(known, word, name) != 0)
			continue;
		*rights = on ? *rights | 1ull << n : *rights & ~(1ull << n);
		return true;
	}
	return false;
}

uint64_t start_rights(const char *capability)
{
	uint64_t rights = 0;

	for (unsigned n = 0; n < CAPS_NR; n++)
		rights |= caps_default(n) ? 1ull << n : 0;
	for (const char *p = capability ? capability : ""; *p;) {
		size_t len = strcspn(p, " \t,");

		if (len && !apply_word(&rights, p, len))
			break;
		p += len;
		p += strspn(p, " \t,");
	}
	if (rights & 1ull << CAPS_VE_ADMIN)
		rights |= 1ull << CAP_NET_ADMIN;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		rights &= ~(1ull << never[i]);
	return rights;
}

/* Permitted and effective; inheritable stays empty, as init of a container has it. */
static int set_process(uint64_t rights)
{
	cap_t caps = cap_init();
	int done = caps ? 0 : -1;

	for (cap_value_t n = 0; done == 0 && n < 64; n++)
		if (rights >> n & 1)
			done = cap_set_flag(caps, CAP_PERMITTED, 1, &n, CAP_SET) < 0 ||
			       cap_set_flag(caps, CAP_EFFECTIVE, 1, &n, CAP_SET) < 0 ? -1 : 0;
	if (done == 0)
		done = cap_set_proc(caps);
	if (caps)
		cap_free(caps);
	return done;
}

/* The bounding set first: afterwards no program of the guest can get more back. */
int rights_drop(uint64_t rights, struct err *err)
{
	for (cap_value_t n = 0; n < 64 && cap_get_bound(n) >= 0; n++) {
		if (cap_get_bound(n) == 0)
			rights &= ~(1ull << n);
		else if (!(rights >> n & 1) && cap_drop_bound(n) < 0)
			return fail_errno(err, "cannot give up a capability");
	}
	if (set_process(rights) < 0)
		return fail_errno(err, "cannot set capabilities");
	return 0;
}

#define TEXT(n) #n
#define NUMBER(n) TEXT(n)

const char *start_rights_library(void)
{
#if defined(LIBCAP_MAJOR) && defined(LIBCAP_MINOR)
	return NUMBER(LIBCAP_MAJOR) "." NUMBER(LIBCAP_MINOR);
#else
	return "before 2.45";
#endif
}
