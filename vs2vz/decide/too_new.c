/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the guest too new, or too old, for the kernel that its container will run on? Told
 * by names of files, by the note that every C library of GNU carries (.note.ABI-tag: the
 * oldest kernel that it was built for) and by what its loader says. The kernel is the one
 * that runs, if it is OpenVZ's, else the newest one of OpenVZ's in /boot, as
 * /etc/vz/osrelease.conf lets it seem. Reads only, bounded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/elf.h"
#include "decide/inside.h"

#define OSRELEASE "/etc/vz/osrelease.conf"
#define OSRELEASE_MAX (64u << 10)
#define LIBC_MAX (16u << 20)
#define PACKAGES_MAX (32u << 20)
#define SYSTEMD_OF_3_7 220u	/* systemd: NEWS, 220 wants Linux 3.7 */
#define GLIBC_WITHOUT_VSYSCALL 14u /* glibc: NEWS, 2.14 */

struct release {
	unsigned v[3];
};

/* OpenVZ's of RHEL 6 and Debian 6. */
static const struct release classic = { { 2, 6, 32 } };

static struct release release_of(const char *text)
{
	struct release r = { { 0, 0, 0 } };

	for (int i = 0; i < 3 && *text >= '0' && *text <= '9'; i++) {
		char *end;

		r.v[i] = (unsigned)strtoul(text, &end, 10);
		text = *end == '.' ? end + 1 : "";
	}
	return r;
}

static bool is_older(struct release a, struct release b)
{
	for (int i = 0; i < 3; i++)
		if (a.v[i] != b.v[i])
			return a.v[i] < b.v[i];
	return false;
}

/* "2.6.32-042stab145.3", "2.6.32-5-openvz-amd64", "3.10.0-1127.8.2.vz7.151.14" */
static bool is_openvz_release(const char *release)
{
	return strstr(release, "stab") || strstr(release, "openvz") || strstr(release, ".vz");
}

/* The release that counts; NULL: unknown. */
static const char *release_for(struct deciding *d)
{
	static const char kernel[] = "vmlinuz-";
	const char *best = NULL;
	struct names names;
	struct err err;

	if (d->host->kernel == KERNEL_OPENVZ && d->host->kernel_release)
		return d->host->kernel_release;
	if (root_names(d->root, "/boot", d->pool, &names, &err) < 0)
		return NULL;
	for (size_t i = 0; i < names.nr; i++) {
		const char *release = names.name[i] + strlen(kernel);

		if (strncmp(names.name[i], kernel, strlen(kernel)) == 0 &&
		    is_openvz_release(release) &&
		    (!best || !is_older(release_of(release), release_of(best))))
			best = release;
	}
	return best;
}

/* ---- systemd */

/* The number behind a name's beginning in a directory of the tree, the largest; 0: none. */
static unsigned number_in(struct deciding *d, const struct root *tree, const char *dir,
			  const char *prefix)
{
	unsigned best = 0;
	struct names names;
	struct err err;

	if (root_names(tree, dir, d->pool, &names, &err) < 0)
		return 0;
	for (size_t i = 0; i < names.nr; i++)
		if (strncmp(names.name[i], prefix, strlen(prefix)) == 0) {
			unsigned long n = strtoul(names.name[i] + strlen(prefix), NULL, 10);

			best = n > best && n < 100000 ? (unsigned)n : best;
		}
	return best;
}

/* "Version: 215-17+deb8u7" of the entry of systemd in dpkg's list. */
static unsigned number_of_package(const struct root *tree)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	const char *entry, *end, *version;
	struct err err;

	if (root_read(tree, "/var/lib/dpkg/status", PACKAGES_MAX, &text, &err) < 0)
		return 0;
	entry = strstr(text.data, "\nPackage: systemd\n");
	end = entry ? strstr(entry + 1, "\n\n") : NULL;
	version = entry ? strstr(entry, "\nVersion: ") : NULL;
	if (!version || (end && version > end))
		return 0;
	return (unsigned)strtoul(version + strlen("\nVersion: "), NULL, 10);
}

static unsigned systemd_of(struct deciding *d, const struct root *tree, const char **from)
{
	static const struct {
		const char *dir, *prefix;
	} places[] = {
		{ "/lib/systemd", "libsystemd-shared-" },
		{ "/usr/lib/systemd", "libsystemd-shared-" },
		{ "/var/lib/pacman/local", "systemd-" },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		unsigned number = number_in(d, tree, places[i].dir, places[i].prefix);

		*from = places[i].dir;
		if (number)
			return number;
	}
	*from = "/var/lib/dpkg/status";
	return number_of_package(tree);
}

static void judge_systemd(struct deciding *d, const struct guest *guest,
			  const struct root *tree, const char *release)
{
	const struct release wanted = { { 3, 7, 0 } };
	const char *from;
	unsigned number;

	if (!guest->system.init || strcmp(guest->system.init, "systemd") != 0)
		return;
	number = systemd_of(d, tree, &from);
	if (number < SYSTEMD_OF_3_7 || (release && !is_older(release_of(release), wanted)))
		return;
	if (release)
		finding_add(d->findings, VS_SYSTEMD_TOO_NEW, guest->name, from,
			    "systemd %u wants Linux 3.7, the kernel is %s", number, show(release));
	else
		finding_add(d->findings, VS_GUEST_NOTE, guest->name, from,
			    "systemd %u wants Linux 3.7: it does not run on OpenVZ kernels "
			    "2.6.32 (no OpenVZ kernel was found in /boot)", number);
}

/* ---- the C library */

/*
 * Up to 2.35 the loader of glibc looks at the release of the kernel before anything else
 * and ends the program; since 2.36 none does (glibc: commit "Remove kernel version check",
 * May 2022). Distributions may do as they like, so it is not the version that tells but the
 * words of the loader itself.
 */
static const char last_words[] = "kernel too old";
enum looks { LOOKS, LOOKS_NOT, LOOKS_UNSEEN };

struct libc {
	const char *path;
	struct elf_file elf;
	char version[16];	/* "2.31"; "": not seen */
	enum looks looks;
	const char *loader;	/* that was read, or could not be; NULL: none is named */
};

static struct release oldest_of(const struct libc *c)
{
	return (struct release){ { c->elf.oldest[0], c->elf.oldest[1], c->elf.oldest[2] } };
}

/* "GNU C Library (Debian GLIBC 2.31-13+deb11u11) stable release version 2.31." */
static void find_version(struct libc *c, const struct buf *bytes)
{
	static const char words[] = "release version ";
	const char *at = bytes->len ? memmem(bytes->data, bytes->len, words, strlen(words)) : NULL;
	size_t left, len = 0;

	if (!at)
		return;
	at += strlen(words);
	left = bytes->len - (size_t)(at - bytes->data);
	while (len < left && len < sizeof(c->version) - 1 &&
	       ((at[len] >= '0' && at[len] <= '9') ||
		(at[len] == '.' && len + 1 < left && at[len + 1] >= '0' && at[len + 1] <= '9')))
		len++;
	memcpy(c->version, at, len);
}

static bool has_last_words(const struct buf *bytes)
{
	return bytes->len && memmem(bytes->data, bytes->len, last_words, strlen(last_words));
}

/* Read whole, and only where the answer matters. */
static void read_words(struct libc *c, const struct root *tree)
{
	struct buf CLEANUP_BUF bytes = BUF_INIT, loader = BUF_INIT;
	struct err err;

	c->looks = LOOKS_UNSEEN;
	if (root_read(tree, c->path, LIBC_MAX, &bytes, &err) == 0)
		find_version(c, &bytes);
	c->loader = c->elf.interp;
	if (has_last_words(&bytes))
		c->looks = LOOKS;
	else if (c->loader && root_read(tree, c->loader, LIBC_MAX, &loader, &err) == 0)
		c->looks = has_last_words(&loader) ? LOOKS : LOOKS_NOT;
}

/* False: no library of GNU, or of other processors. */
static bool read_libc(struct libc *c, struct deciding *d, const struct root *tree, const char *path)
{
	int fd CLEANUP_FD = -1;
	struct stat st;
	struct err err;

	*c = (struct libc){ .path = path };
	/* The door opens directories too, and nothing but files is a library. */
	if (root_stat(tree, path, &st, &err) < 0 || !S_ISREG(st.st_mode))
		return false;
	fd = root_open(tree, path, &err);
	return fd >= 0 && elf_read(&c->elf, fd, d->pool) && c->elf.has_oldest;
}

/* "glibc 2.31 was built for Linux 3.2.0" */
static const char *built_for(struct deciding *d, const struct libc *c)
{
	return pool_printf(d->pool, "%s%s was built for Linux %u.%u.%u",
			   *c->version ? "glibc " : "the C library", c->version, c->elf.oldest[0],
			   c->elf.oldest[1], c->elf.oldest[2]);
}

/* ---- /etc/vz/osrelease.conf */

struct pretended {
	unsigned line;		/* 0: none */
	const char *release;
};

/*
 * The first line whose template begins as OSTEMPLATE does, or the other way round, counts:
 * both are compared over the shorter one (vzctl: src/lib/env.c, read_osrelease_conf()).
 */
static struct pretended pretended_for(struct deciding *d, const char *ostemplate)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	struct err err;
	unsigned line = 0;

	if (!ostemplate || root_read(d->root, OSRELEASE, OSRELEASE_MAX, &text, &err) < 0)
		return (struct pretended){ 0, NULL };
	for (const char *at = text.data, *end; at && *at; at = *end ? end + 1 : end) {
		char name[128] = "", release[128] = "", words[128];
		size_t len, dist = strlen(ostemplate);

		line++;
		end = at + strcspn(at, "\n");
		len = (size_t)(end - at) < sizeof(words) - 1 ? (size_t)(end - at) : sizeof(words) - 1;
		memcpy(words, at, len);
		words[len] = '\0';
		if (*at == '#' || sscanf(words, " %127s %127s", name, release) != 2)
			continue;
		len = strlen(name) < dist ? strlen(name) : dist;
		if (strncmp(name, ostemplate, len) == 0)
			return (struct pretended){ line, pool_strdup(d->pool, release) };
	}
	return (struct pretended){ 0, NULL };
}

/* "debian-11" of "debian-11.6-x86_64": a line for all of the release. */
static const char *template_of(struct deciding *d, const char *ostemplate)
{
	size_t len = strcspn(ostemplate, "-");

	len += ostemplate[len] ? 1 + strcspn(ostemplate + len + 1, ".-") : 0;
	return pool_memdup(d->pool, ostemplate, len);
}

static void refused(struct deciding *d, const struct decision *decision, const struct libc *c,
		    const char *release)
{
	const char *guest = decision->guest->name, *ostemplate = ct_get(&decision->ct, "OSTEMPLATE");
	struct pretended line = pretended_for(d, ostemplate);
	const char *seen, *type = "";

	if (line.line && !is_older(release_of(line.release), oldest_of(c))) {
		finding_add(d->findings, VS_LIBC_PRETENDED, guest, c->path,
			    "%s; line %u of %s makes the kernel %s seem to be %s", built_for(d, c),
			    line.line, OSRELEASE, show(release), show(line.release));
		return;
	}
	seen = c->looks == LOOKS ? "its loader looks at that" :
	       pool_printf(d->pool, "whether its loader looks at that could not be seen (%s)",
			   c->loader ? show(c->loader) : "it names none");
	if (line.line)
		type = pool_printf(d->pool, "; line %u of %s says %s for its template, which is too "
				   "low", line.line, OSRELEASE, show(line.release));
	else if (ostemplate)
		type = pool_printf(d->pool, "; the line to add to %s: %s %u.%u.%u", OSRELEASE,
				   show(template_of(d, ostemplate)), c->elf.oldest[0],
				   c->elf.oldest[1], c->elf.oldest[2]);
	finding_add(d->findings, VS_LIBC_TOO_NEW, guest, c->path, "%s, the kernel is %s, and %s%s",
		    built_for(d, c), show(release), seen, type);
}

static void judge_age(struct deciding *d, const struct decision *decision, const struct root *tree,
		      struct libc *c, const char *release)
{
	const char *guest = decision->guest->name;

	if (!is_older(release ? release_of(release) : classic, oldest_of(c)))
		return;
	read_words(c, tree);
	if (!release && c->looks == LOOKS_NOT)
		finding_add(d->findings, VS_GUEST_NOTE, guest, c->path,
			    "%s; it starts on older kernels, too, and lacks there what they lack "
			    "(no OpenVZ kernel was found in /boot)", built_for(d, c));
	else if (!release)
		finding_add(d->findings, VS_GUEST_NOTE, guest, c->path,
			    "%s: no program runs on an OpenVZ kernel 2.6.32, unless %s makes it seem "
			    "newer (no OpenVZ kernel was found in /boot)", built_for(d, c), OSRELEASE);
	else if (c->looks == LOOKS_NOT)
		finding_add(d->findings, VS_LIBC_UNCHECKED, guest, c->path,
			    "%s, the kernel is %s, and its loader does not look at that",
			    built_for(d, c), show(release));
	else
		refused(d, decision, c, release);
}

/* "/lib64/libc-2.5.so" is what /lib64/libc.so.6 leads to. */
static void judge_vsyscall(struct deciding *d, const struct guest *guest,
			   const struct root *tree, const char *path)
{
	struct buf real CLEANUP_BUF = BUF_INIT;
	const char *version;
	struct err err;

	if (!d->host->is_vz7 || !guest->system.arch || strcmp(guest->system.arch, "x86_64") != 0 ||
	    root_canonical(tree, path, &real, &err) < 0)
		return;
	version = strstr(path_name(real.data), "libc-2.");
	if (version && strtoul(version + 7, NULL, 10) < GLIBC_WITHOUT_VSYSCALL)
		finding_add(d->findings, VS_VSYSCALL, guest->name, path, "it is %s", show(version));
}

static void judge_libc(struct deciding *d, const struct decision *decision,
		       const struct root *tree, const char *release)
{
	static const char *const places[] = {
		"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/lib/libc.so.6",
		"/lib/i386-linux-gnu/libc.so.6", "/lib/i686/libc.so.6", "/usr/lib/libc.so.6",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct libc c;

		if (!read_libc(&c, d, tree, places[i]))
			continue;
		judge_age(d, decision, tree, &c, release);
		judge_vsyscall(d, decision->guest, tree, places[i]);
		return;
	}
}

void too_new_judge(struct deciding *d, const struct decision *decision)
{
	const struct guest *guest = decision->guest;
	const char *release = release_for(d);
	struct root tree;
	struct err err;

	/* A tree that cannot be entered has its own finding by now. */
	if (!guest->tree || root_inside(&tree, d->root, guest->tree, &err) < 0)
		return;
	judge_systemd(d, guest, &tree, release);
	judge_libc(d, decision, &tree, release);
	root_release(&tree);
}
