/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row per method: which bits of owner and group are VServer's, and how a tag lies in them. */
#include "base/tags.h"

#include <stddef.h>
#include <string.h>

struct method {
	const char *word;
	uint32_t uid_mask, gid_mask;	/* bits of the true ids; 0: the method does not encode */
};

static const struct method methods[] = {
	[TAGGING_UNKNOWN] = { "unknown", 0, 0 },
	[TAGGING_NONE] = { "none", 0, 0 },
	[TAGGING_UID16] = { "uid16", 0xFFFF, 0xFFFFFFFF },
	[TAGGING_GID16] = { "gid16", 0xFFFFFFFF, 0xFFFF },
	[TAGGING_ID24] = { "id24", 0xFFFFFF, 0xFFFFFF },
	[TAGGING_INTERN] = { "intern", 0, 0 },
	[TAGGING_RUNTIME] = { "runtime", 0, 0 },
};

bool tagging_encodes(enum tagging method)
{
	return methods[method].uid_mask != 0;
}

uint32_t tag_of(enum tagging method, struct owner disk)
{
	switch (method) {
	case TAGGING_UID16:
		return disk.uid >> 16;
	case TAGGING_GID16:
		return disk.gid >> 16;
	case TAGGING_ID24:
		return (disk.uid >> 16 & 0xFF00) | disk.gid >> 24;
	default:
		return 0;
	}
}

struct owner tag_strip(enum tagging method, struct owner disk)
{
	if (!tagging_encodes(method))
		return disk;
	return (struct owner){ disk.uid & methods[method].uid_mask,
			       disk.gid & methods[method].gid_mask };
}

struct owner tag_put(enum tagging method, uint32_t tag, struct owner clean)
{
	struct owner disk = tag_strip(method, clean);

	switch (method) {
	case TAGGING_UID16:
		disk.uid |= tag << 16;
		break;
	case TAGGING_GID16:
		disk.gid |= tag << 16;
		break;
	case TAGGING_ID24:
		disk.uid |= (tag & 0xFF00) << 16;
		disk.gid |= (tag & 0xFF) << 24;
		break;
	default:
		break;
	}
	return disk;
}

const char *tagging_word(enum tagging method)
{
	return methods[method].word;
}

enum tagging tagging_parse(const char *word)
{
	for (size_t i = 1; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].word, word) == 0)
			return (enum tagging)i;
	return TAGGING_UNKNOWN;
}
