/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the guest too new, or too old, for the kernel that its container will run on? Told
 * by names of files and by the note that every C library of GNU carries (.note.ABI-tag:
 * the oldest kernel that it starts on). The kernel is the one that runs, if it is OpenVZ's,
 * else the newest one of OpenVZ's in /boot. Reads only, a few bounded pieces.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decide/inside.h"

#define HEADERS_MAX 64
#define NOTE_MAX 4096
#define PACKAGES_MAX (32u << 20)
#define SYSTEMD_OF_3_7 220u	/* systemd: NEWS, 220 wants Linux 3.7 */
#define GLIBC_WITHOUT_VSYSCALL 14u /* glibc: NEWS, 2.14 */

struct release {
	unsigned v[3];
};

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

static uint32_t u32_at(const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* The words of the note: 0 for Linux, then the release. Little-endian, as we are. */
static bool read_notes(int fd, uint64_t offset, uint64_t size, struct release *out)
{
	_Alignas(8) unsigned char notes[NOTE_MAX];
	size_t nr = size < sizeof(notes) ? (size_t)size : sizeof(notes), at = 0;

	if (offset > INT64_MAX || pread(fd, notes, nr, (off_t)offset) != (ssize_t)nr)
		return false;
	while (at + 12 <= nr) {
		uint32_t name = u32_at(notes + at), desc = u32_at(notes + at + 4);
		size_t text = at + 12, words = text + (((size_t)name + 3) & ~(size_t)3);

		if (name > NOTE_MAX || desc > NOTE_MAX || words + desc > nr)
			return false;
		if (name == 4 && memcmp(notes + text, "GNU", 4) == 0 && desc >= 16 &&
		    u32_at(notes + at + 8) == NT_GNU_ABI_TAG && u32_at(notes + words) == 0) {
			for (int i = 0; i < 3; i++)
				out->v[i] = u32_at(notes + words + 4 * (size_t)(i + 1));
			return true;
		}
		at = words + (((size_t)desc + 3) & ~(size_t)3);
	}
	return false;
}

static bool read_headers_64(int fd, struct release *out)
{
	Elf64_Phdr ph[HEADERS_MAX];
	Elf64_Ehdr eh;

	if (pread(fd, &eh, sizeof(eh), 0) != sizeof(eh) || eh.e_phentsize != sizeof(*ph) ||
	    eh.e_phnum > HEADERS_MAX || eh.e_phoff > INT64_MAX ||
	    pread(fd, ph, eh.e_phnum * sizeof(*ph), (off_t)eh.e_phoff) !=
		    (ssize_t)(eh.e_phnum * sizeof(*ph)))
		return false;
	for (unsigned i = 0; i < eh.e_phnum; i++)
		if (ph[i].p_type == PT_NOTE && read_notes(fd, ph[i].p_offset, ph[i].p_filesz, out))
			return true;
	return false;
}

static bool read_headers_32(int fd, struct release *out)
{
	Elf32_Phdr ph[HEADERS_MAX];
	Elf32_Ehdr eh;

	if (pread(fd, &eh, sizeof(eh), 0) != sizeof(eh) || eh.e_phentsize != sizeof(*ph) ||
	    eh.e_phnum > HEADERS_MAX ||
	    pread(fd, ph, eh.e_phnum * sizeof(*ph), (off_t)eh.e_phoff) !=
		    (ssize_t)(eh.e_phnum * sizeof(*ph)))
		return false;
	for (unsigned i = 0; i < eh.e_phnum; i++)
		if (ph[i].p_type == PT_NOTE && read_notes(fd, ph[i].p_offset, ph[i].p_filesz, out))
			return true;
	return false;
}

/* The oldest kernel for a library; false: no library of GNU, or of other processors. */
static bool oldest_kernel(const struct root *tree, const char *path, struct release *out)
{
	unsigned char ident[EI_NIDENT];
	int fd CLEANUP_FD = -1;
	struct stat st;
	struct err err;

	/* The door opens directories too, and nothing but files is a library. */
	if (root_stat(tree, path, &st, &err) < 0 || !S_ISREG(st.st_mode))
		return false;
	fd = root_open(tree, path, &err);
	if (fd < 0 || pread(fd, ident, sizeof(ident), 0) != sizeof(ident) ||
	    memcmp(ident, ELFMAG, SELFMAG) != 0 || ident[EI_DATA] != ELFDATA2LSB)
		return false;
	return ident[EI_CLASS] == ELFCLASS64 ? read_headers_64(fd, out)
					     : read_headers_32(fd, out);
}

static void judge_age(struct deciding *d, const struct guest *guest, const char *path,
		      struct release oldest, const char *release)
{
	const struct release classic = { { 2, 6, 32 } };

	if (release && is_older(release_of(release), oldest))
		finding_add(d->findings, VS_LIBC_TOO_NEW, guest->name, path,
			    "it wants Linux %u.%u.%u, the kernel is %s", oldest.v[0], oldest.v[1],
			    oldest.v[2], show(release));
	else if (!release && is_older(classic, oldest))
		finding_add(d->findings, VS_GUEST_NOTE, guest->name, path,
			    "the C library wants Linux %u.%u.%u: no program runs on an OpenVZ kernel "
			    "2.6.32 (no OpenVZ kernel was found in /boot)", oldest.v[0],
			    oldest.v[1], oldest.v[2]);
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

static void judge_libc(struct deciding *d, const struct guest *guest, const struct root *tree,
		       const char *release)
{
	static const char *const places[] = {
		"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/lib/libc.so.6",
		"/lib/i386-linux-gnu/libc.so.6", "/lib/i686/libc.so.6", "/usr/lib/libc.so.6",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct release oldest = { { 0, 0, 0 } };

		if (!oldest_kernel(tree, places[i], &oldest))
			continue;
		judge_age(d, guest, places[i], oldest, release);
		judge_vsyscall(d, guest, tree, places[i]);
		return;
	}
}

void too_new_judge(struct deciding *d, const struct guest *guest)
{
	const char *release = release_for(d);
	struct root tree;
	struct err err;

	/* A tree that cannot be entered has its own finding by now. */
	if (!guest->tree || root_inside(&tree, d->root, guest->tree, &err) < 0)
		return;
	judge_systemd(d, guest, &tree, release);
	judge_libc(d, guest, &tree, release);
	root_release(&tree);
}
