/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which distribution a tree holds, by its release files. A row per file; the first
 * that matches decides. Files of a family come after those of its members: Fedora,
 * Mandriva and ALT also have redhat-release, Ubuntu also has debian_version.
 *
 * Versions are digits and dots only, so nothing that a guest wrote travels further.
 */
#include "vserver/guest_file.h"

#include <ctype.h>
#include <string.h>

#define VERSION_LEN_MAX 15
#define ID_LEN_MAX 31

static const struct release {
	const char *file;
	const char *contains;	/* in its text; NULL: any */
	const char *distro;
	const char *before_version; /* text that the version follows; NULL: the first digits */
} releases[] = {
	{ "etc/alpine-release", NULL, "alpine", NULL },
	{ "etc/arch-release", NULL, "arch", NULL },
	{ "etc/gentoo-release", NULL, "gentoo", NULL },
	{ "etc/slackware-version", NULL, "slackware", NULL },
	{ "etc/altlinux-release", NULL, "altlinux", NULL },
	{ "etc/mandriva-release", NULL, "mandrake", NULL },
	{ "etc/mandrakelinux-release", NULL, "mandrake", NULL },
	{ "etc/mandrake-release", NULL, "mandrake", NULL },
	{ "etc/owl-release", NULL, "owl", NULL },
	{ "etc/fedora-release", NULL, "fedora", NULL },
	{ "etc/redhat-release", "CentOS", "centos", NULL },
	{ "etc/redhat-release", "Scientific", "scientific", NULL },
	{ "etc/redhat-release", "Fedora", "fedora", NULL },
	{ "etc/redhat-release", "Red Hat Enterprise", "rhel", NULL },
	{ "etc/redhat-release", "Red Hat", "redhat", NULL },
	{ "etc/SuSE-release", "openSUSE", "opensuse", "VERSION = " },
	{ "etc/SuSE-release", "Enterprise", "sles", "VERSION = " },
	{ "etc/SuSE-release", NULL, "suse", "VERSION = " },
	{ "etc/lsb-release", "DISTRIB_ID=Ubuntu", "ubuntu", "DISTRIB_RELEASE=" },
	{ "etc/debian_version", NULL, "debian", NULL },
};

/* os-release words that stand for another of our names; a trailing '*' is a prefix. */
static const struct alias {
	const char *id;
	const char *distro;
} aliases[] = {
	{ "archlinux", "arch" }, { "opensuse*", "opensuse" }, { "mandriva*", "mandrake" },
	{ "redhat", "rhel" }, { "rhel", "rhel" }, { "sled", "sles" },
};

/* Digits and dots, at most two numbers: "7.4" of "7.4.1708". */
static const char *version_at(const struct guest_tree *t, const char *at)
{
	size_t len = 0;
	int dots = 0;

	while (len < VERSION_LEN_MAX && (isdigit((unsigned char)at[len]) ||
	       (at[len] == '.' && isdigit((unsigned char)at[len + 1]) && !dots++)))
		len++;
	return pool_memdup(t->pool, at, len);
}

static const char *version_in(const struct guest_tree *t, const char *text, const char *before)
{
	const char *at = before ? strstr(text, before) : text;

	if (!at)
		return "";
	at += before ? strlen(before) : 0;
	return version_at(t, at + strcspn(at, before ? "0123456789\n" : "0123456789"));
}

/* KEY=value or KEY="value" at the start of a line. */
static const char *key_value(const struct guest_tree *t, const char *text, const char *key)
{
	size_t len = strlen(key);

	while (text) {
		if (strncmp(text, key, len) == 0 && text[len] == '=') {
			text += len + 1;
			text += strspn(text, "\"'");
			return pool_memdup(t->pool, text, strcspn(text, "\"'\r\n"));
		}
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return "";
}

/* An identifier that is harmless in file names; "" for anything else. */
static const char *clean_id(const char *id)
{
	size_t len = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return len && len <= ID_LEN_MAX && !id[len] && id[0] != '.' ? id : "";
}

static const char *known_id(const char *id)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++) {
		size_t len = strcspn(aliases[i].id, "*");

		if (strncmp(id, aliases[i].id, len) == 0 && (aliases[i].id[len] || !id[len]))
			return aliases[i].distro;
	}
	return id;
}

static bool from_os_release(const struct guest_tree *t, const char **distro, const char **version)
{
	const char *text = guest_text(t, "etc/os-release");

	if (!text)
		text = guest_text(t, "usr/lib/os-release");
	if (!text)
		return false;
	*distro = known_id(clean_id(key_value(t, text, "ID")));
	*version = version_in(t, key_value(t, text, "VERSION_ID"), NULL);
	/* Debian has no VERSION_ID before a release, and none after the dot. */
	if (strcmp(*distro, "debian") == 0) {
		const char *own = guest_text(t, "etc/debian_version");
		const char *longer = own && isdigit((unsigned char)*own) ? version_at(t, own) : "";

		*version = *longer ? longer : *version;
	}
	return **distro != '\0';
}

static bool from_release(const struct guest_tree *t, const struct release *row,
			 const char **distro, const char **version)
{
	const char *text = guest_text(t, row->file);

	if (!text || (row->contains && !strstr(text, row->contains)))
		return false;
	*distro = row->distro;
	*version = version_in(t, text, row->before_version);
	return true;
}

void distro_detect(const struct guest_tree *t, const char **distro, const char **version)
{
	*distro = *version = "";
	if (from_os_release(t, distro, version))
		return;
	*distro = *version = "";
	for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++)
		if (from_release(t, &releases[i], distro, version))
			return;
}
