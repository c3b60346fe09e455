/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first superblock of ext2, ext3 and ext4 (kernel: fs/ext4/ext4.h), and UUIDs as text.
 */
#include "base/blockdev.h"

#include <endian.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

#define SUPER_AT 1024
#define SUPER_LEN 1024
#define MAGIC 0xef53
#define STATE_VALID 1
#define COMPAT_JOURNAL 0x4
#define INCOMPAT_RECOVER 0x4
#define INCOMPAT_64BIT 0x80

static uint16_t u16(const unsigned char *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return le16toh(v);
}

static uint32_t u32(const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return le32toh(v);
}

static void uuid_text(char out[VOLUME_UUID_TEXT], const unsigned char *bytes)
{
	static const char hex[] = "0123456789abcdef";
	char *at = out;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = hex[bytes[i] >> 4];
		*at++ = hex[bytes[i] & 15];
	}
	*at = '\0';
}

int ext_super_read(struct ext_super *out, int fd, struct err *err)
{
	/* Aligned and long enough for descriptors that read past the cache. */
	_Alignas(4096) unsigned char block[4096];
	const unsigned char *s = block + SUPER_AT;
	ssize_t len = pread(fd, block, sizeof(block), 0);
	uint64_t blocks;

	memset(out, 0, sizeof(*out));
	if (len < 0)
		return fail_errno(err, "cannot read the superblock");
	if (len < SUPER_AT + SUPER_LEN || u16(s + 0x38) != MAGIC)
		return 0;
	uuid_text(out->uuid, s + 0x68);
	memcpy(out->label, s + 0x78, VOLUME_LABEL - 1);
	blocks = u32(s + 0x04);
	if (u32(s + 0x60) & INCOMPAT_64BIT)
		blocks |= (uint64_t)u32(s + 0x150) << 32;
	if (u32(s + 0x18) <= 6) {
		out->bytes = blocks << (10 + u32(s + 0x18));
		out->group = (uint64_t)u32(s + 0x20) << (10 + u32(s + 0x18));
	}
	out->unclean = u32(s + 0x60) & INCOMPAT_RECOVER ||
		       (!(u32(s + 0x5c) & COMPAT_JOURNAL) && !(u16(s + 0x3a) & STATE_VALID));
	return 0;
}

/* The kernel makes a new one for each reader. */
int uuid_new(char out[VOLUME_UUID_TEXT], struct err *err)
{
	struct buf CLEANUP_BUF text = BUF_INIT;
	unsigned char bytes[16];
	struct root real;
	int rc;

	if (root_init(&real, "/", err) < 0)
		return -1;
	rc = root_read(&real, "/proc/sys/kernel/random/uuid", 64, &text, err);
	root_release(&real);
	if (rc < 0)
		return -1;
	text.data[strcspn(text.data, "\n")] = '\0';
	if (!uuid_bytes(text.data, bytes))
		return fail(err, "the kernel's new UUID '%s' is none", show(text.data));
	uuid_text(out, bytes);
	return 0;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

bool uuid_bytes(const char *text, unsigned char out[16])
{
	int i = 0;

	if (strlen(text) != VOLUME_UUID_TEXT - 1)
		return false;
	for (; *text; text++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			if (text[0] == '-')
				text++;
		if (i == 32 || digit(*text) < 0)
			return false;
		out[i / 2] = (unsigned char)(i % 2 ? out[i / 2] | digit(*text) : digit(*text) << 4);
		i++;
	}
	return i == 32;
}
