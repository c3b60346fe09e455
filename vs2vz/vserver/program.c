/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For which processor a program was built: the first bytes of its ELF header.
 */
#include "vserver/guest_file.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/unseen.h"

#define HEADER_LEN 20	/* up to and with e_machine, in both classes */

static const struct machine {
	unsigned number;
	unsigned char class;	/* 0: both */
	const char *name;
} machines[] = {
	{ EM_386, 0, "i386" },
	{ EM_X86_64, ELFCLASS64, "x86_64" },
	{ EM_X86_64, ELFCLASS32, "x32" },
	{ EM_ARM, 0, "arm" },
	{ EM_AARCH64, 0, "aarch64" },
	{ EM_IA_64, 0, "ia64" },
	{ EM_PPC, 0, "ppc" },
	{ EM_PPC64, 0, "ppc64" },
	{ EM_S390, ELFCLASS32, "s390" },
	{ EM_S390, ELFCLASS64, "s390x" },
	{ EM_SPARC, 0, "sparc" },
	{ EM_SPARC32PLUS, 0, "sparc" },
	{ EM_SPARCV9, 0, "sparc64" },
	{ EM_MIPS, 0, "mips" },
	{ EM_PARISC, 0, "parisc" },
	{ 0x9026, 0, "alpha" },
};

static const char *machine_name(unsigned number, unsigned char class)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].number == number &&
		    (!machines[i].class || machines[i].class == class))
			return machines[i].name;
	return "";
}

const char *program_arch(const struct guest_tree *t, const char *path)
{
	unsigned char head[HEADER_LEN];
	struct err err;
	int fd CLEANUP_FD = -1;
	ssize_t len;
	bool big;

	if (!guest_is_program(t, path))
		return "";
	fd = root_open(t->root, path, &err);
	len = fd < 0 ? 0 : read(fd, head, sizeof(head));
	if (len < 0)
		unseen_note(t->root->path, path, errno);
	if (len != (ssize_t)sizeof(head) || memcmp(head, ELFMAG, SELFMAG) != 0)
		return "";
	big = head[EI_DATA] == ELFDATA2MSB;
	return machine_name((unsigned)head[big ? 18 : 19] << 8 | head[big ? 19 : 18],
			    head[EI_CLASS]);
}
