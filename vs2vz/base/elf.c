/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Program headers only: a stripped file has no others. Every number of the file is checked
 * against a limit of ours before it is used.
 */
#include "base/elf.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define SEGMENTS_MAX 64
#define NOTE_MAX 4096
#define TEXT_MAX 4096
#define DYNAMIC_MAX 512
#define NEEDED_MAX 64

struct segment {
	uint32_t type;
	uint64_t offset, len, address;
};
struct headers {
	int fd;
	bool wide;		/* 64 bits */
	unsigned nr;
	struct segment v[SEGMENTS_MAX];
};

static bool read_at(int fd, void *into, size_t len, uint64_t offset)
{
	return offset <= INT32_MAX * UINT64_C(256) &&
	       pread(fd, into, len, (off_t)offset) == (ssize_t)len;
}

static bool read_64(struct headers *h)
{
	Elf64_Phdr ph[SEGMENTS_MAX];
	Elf64_Ehdr eh;

	if (!read_at(h->fd, &eh, sizeof(eh), 0) || eh.e_phentsize != sizeof(*ph) ||
	    eh.e_phnum > SEGMENTS_MAX || !read_at(h->fd, ph, eh.e_phnum * sizeof(*ph), eh.e_phoff))
		return false;
	for (; h->nr < eh.e_phnum; h->nr++)
		h->v[h->nr] = (struct segment){ ph[h->nr].p_type, ph[h->nr].p_offset,
						ph[h->nr].p_filesz, ph[h->nr].p_vaddr };
	return true;
}

static bool read_32(struct headers *h)
{
	Elf32_Phdr ph[SEGMENTS_MAX];
	Elf32_Ehdr eh;

	if (!read_at(h->fd, &eh, sizeof(eh), 0) || eh.e_phentsize != sizeof(*ph) ||
	    eh.e_phnum > SEGMENTS_MAX || !read_at(h->fd, ph, eh.e_phnum * sizeof(*ph), eh.e_phoff))
		return false;
	for (; h->nr < eh.e_phnum; h->nr++)
		h->v[h->nr] = (struct segment){ ph[h->nr].p_type, ph[h->nr].p_offset,
						ph[h->nr].p_filesz, ph[h->nr].p_vaddr };
	return true;
}

/* The text that begins there; NULL: unreadable, empty or too long. */
static const char *text_at(const struct headers *h, uint64_t offset, struct pool *pool)
{
	char text[TEXT_MAX];
	ssize_t len = offset > INT32_MAX * UINT64_C(256) ? -1 :
		      pread(h->fd, text, sizeof(text), (off_t)offset);

	if (len <= 0 || !text[0] || !memchr(text, '\0', (size_t)len))
		return NULL;
	return pool_strdup(pool, text);
}

static uint32_t u32_at(const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* The words of the note: 0 for Linux, then the release. */
static void read_notes(struct elf_file *out, const struct headers *h, const struct segment *s)
{
	unsigned char notes[NOTE_MAX];
	size_t nr = s->len < sizeof(notes) ? (size_t)s->len : sizeof(notes), at = 0;

	if (out->has_oldest || !read_at(h->fd, notes, nr, s->offset))
		return;
	while (at + 12 <= nr) {
		uint32_t name = u32_at(notes + at), desc = u32_at(notes + at + 4);
		size_t text = at + 12, words = text + (((size_t)name + 3) & ~(size_t)3);

		if (name > NOTE_MAX || desc > NOTE_MAX || words + desc > nr)
			return;
		if (name == 4 && memcmp(notes + text, "GNU", 4) == 0 && desc >= 16 &&
		    u32_at(notes + at + 8) == NT_GNU_ABI_TAG && u32_at(notes + words) == 0) {
			for (int i = 0; i < 3; i++)
				out->oldest[i] = u32_at(notes + words + 4 * (size_t)(i + 1));
			out->has_oldest = true;
			return;
		}
		at = words + (((size_t)desc + 3) & ~(size_t)3);
	}
}

/* Where in the file is this address? UINT64_MAX: nowhere. */
static uint64_t offset_of(const struct headers *h, uint64_t address)
{
	for (unsigned i = 0; i < h->nr; i++)
		if (h->v[i].type == PT_LOAD && address >= h->v[i].address &&
		    address - h->v[i].address < h->v[i].len)
			return h->v[i].offset + (address - h->v[i].address);
	return UINT64_MAX;
}

struct tags {
	unsigned nr;
	Elf64_Dyn v[DYNAMIC_MAX];
};

static bool read_tags(struct tags *out, const struct headers *h, const struct segment *s)
{
	Elf32_Dyn narrow[DYNAMIC_MAX];
	size_t size = h->wide ? sizeof(out->v[0]) : sizeof(narrow[0]);

	out->nr = s->len / size > DYNAMIC_MAX ? DYNAMIC_MAX : (unsigned)(s->len / size);
	if (!read_at(h->fd, h->wide ? (void *)out->v : (void *)narrow, out->nr * size, s->offset))
		return false;
	for (unsigned i = 0; !h->wide && i < out->nr; i++)
		out->v[i] = (Elf64_Dyn){ narrow[i].d_tag, { narrow[i].d_un.d_val } };
	for (unsigned i = 0; i < out->nr; i++)
		if (out->v[i].d_tag == DT_NULL)
			out->nr = i;
	return true;
}

static void read_dynamic(struct elf_file *out, const struct headers *h, const struct segment *s,
			 struct pool *pool)
{
	const char *rpath = NULL, *text;
	uint64_t strings = UINT64_MAX;
	struct tags tags;

	if (!read_tags(&tags, h, s))
		return;
	for (unsigned i = 0; i < tags.nr; i++)
		if (tags.v[i].d_tag == DT_STRTAB)
			strings = offset_of(h, tags.v[i].d_un.d_ptr);
	if (strings == UINT64_MAX)
		return;
	out->needed = pool_array(pool, NEEDED_MAX, sizeof(*out->needed));
	for (unsigned i = 0; i < tags.nr; i++) {
		if (tags.v[i].d_tag != DT_NEEDED && tags.v[i].d_tag != DT_RUNPATH &&
		    tags.v[i].d_tag != DT_RPATH)
			continue;
		text = tags.v[i].d_un.d_val > UINT32_MAX ? NULL :
		       text_at(h, strings + tags.v[i].d_un.d_val, pool);
		if (tags.v[i].d_tag == DT_RUNPATH)
			out->runpath = text;
		else if (tags.v[i].d_tag == DT_RPATH)
			rpath = text;
		else if (text && out->nr_needed < NEEDED_MAX)
			out->needed[out->nr_needed++] = text;
	}
	if (!out->runpath)
		out->runpath = rpath;
}

bool elf_read(struct elf_file *out, int fd, struct pool *pool)
{
	struct headers h = { .fd = fd };
	unsigned char ident[EI_NIDENT];

	*out = (struct elf_file){ 0 };
	if (!read_at(fd, ident, sizeof(ident), 0) || memcmp(ident, ELFMAG, SELFMAG) != 0 ||
	    ident[EI_DATA] != ELFDATA2LSB)
		return false;
	h.wide = ident[EI_CLASS] == ELFCLASS64;
	if (!(h.wide ? read_64(&h) : read_32(&h)))
		return false;
	for (unsigned i = 0; i < h.nr; i++) {
		if (h.v[i].type == PT_INTERP && !out->interp)
			out->interp = text_at(&h, h.v[i].offset, pool);
		else if (h.v[i].type == PT_NOTE)
			read_notes(out, &h, &h.v[i]);
		else if (h.v[i].type == PT_DYNAMIC && !out->needed)
			read_dynamic(out, &h, &h.v[i], pool);
	}
	return true;
}
