/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How VServer's kernel kept the context ("tag") of an inode in its owner. Pure
 * arithmetic (kernel patch: include/linux/vserver/tag.h):
 *
 *	UID16	owner = uid & 0xFFFF | tag << 16			group as is
 *	GID16	group = gid & 0xFFFF | tag << 16			owner as is
 *	ID24	owner = uid & 0xFFFFFF | (tag & 0xFF00) << 16
 *		group = gid & 0xFFFFFF | (tag & 0x00FF) << 24
 *
 * The others leave owner and group alone. ACL entries are never tagged.
 */
#ifndef VS2VZ_BASE_TAGS_H
#define VS2VZ_BASE_TAGS_H

#include <stdbool.h>
#include <stdint.h>

/* CONFIG_TAGGING_* */
enum tagging {
	TAGGING_UNKNOWN,
	TAGGING_NONE,
	TAGGING_UID16,
	TAGGING_GID16,
	TAGGING_ID24,
	TAGGING_INTERN,
	TAGGING_RUNTIME,
};

struct owner {
	uint32_t uid, gid;
};

/* Does the method write into owner or group? */
bool tagging_encodes(enum tagging method);
/* The tag that an owner on disk carries; 0 where the method does not encode. */
uint32_t tag_of(enum tagging method, struct owner disk);
/* The true owner. */
struct owner tag_strip(enum tagging method, struct owner disk);
/* What VServer would write; the upper bits of the true ids are lost, as they were there. */
struct owner tag_put(enum tagging method, uint32_t tag, struct owner clean);
/* "none", "uid16", "gid16", "id24", "intern", "runtime", "unknown". */
const char *tagging_word(enum tagging method);
/* And back; TAGGING_UNKNOWN where there is no such word. */
enum tagging tagging_parse(const char *word);

#endif
