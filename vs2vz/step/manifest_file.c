/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Manifests on disk: writing, and reading one directory of them. All little endian.
 *
 *	"vs2vzmf2"
 *	block	u32 'B' (as found) or 'A' (as done), u32 bytes of the body, u64 key,
 *		u32 names, u32 0
 *		body: for each name a number for what it is, see put_entry()
 *	...
 *	seal	u32 'S', u32 bytes, u64 blocks, u32 0, u32 0
 *		body: u64 objects, the sum of the XXH3-128 of all blocks, the XXH3-128 of the
 *		seal before this hash
 *
 * A block is some names of one directory. The key tells which: a hash of its path, even;
 * 0 the root's names, 1 the root itself.
 *
 * Writing: threads make blocks on their own and hand them over; the file is only appended
 * to. Dying leaves a file that does not end in a seal: what is behind the last seal never
 * happened, and a file without any is no manifest.
 */
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/compat.h"
#include "base/inroot.h"
#include "base/pool.h"
#include "model/finding_ids.h"
#include "step/manifest_inside.h"

#define MAGIC "vs2vzmf2"
#define MAGIC_LEN 8
#define HEAD_LEN 24
#define SEAL_LEN 40
#define BODY_MOST (16u << 20)
#define FLUSH_AT (256u << 10)
#define READ_AT_ONCE (512u << 10)
#define OWNER_NEW 254
#define OWNERS_MOST 64

/* ---- numbers */

static void put_number(struct buf *b, uint64_t n)
{
	char text[10];
	size_t len = 0;

	for (; n >= 0x80; n >>= 7)
		text[len++] = (char)(n | 0x80);
	text[len++] = (char)n;
	buf_add(b, text, len);
}

static uint64_t folded(int64_t n)
{
	return (uint64_t)n << 1 ^ (n < 0 ? UINT64_MAX : 0);
}

static int64_t unfolded(uint64_t n)
{
	return (int64_t)(n >> 1 ^ (n & 1 ? UINT64_MAX : 0));
}

struct reading {
	const unsigned char *at, *end;
	bool bad;
};

static uint64_t get_number(struct reading *r)
{
	uint64_t n = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (r->at == r->end)
			break;
		n |= (uint64_t)(*r->at & 0x7f) << shift;
		if (!(*r->at++ & 0x80))
			return n;
	}
	r->bad = true;
	return 0;
}

static void put_u32(char *at, uint32_t n)
{
	n = htole32(n);
	memcpy(at, &n, sizeof(n));
}

static void put_u64(char *at, uint64_t n)
{
	n = htole64(n);
	memcpy(at, &n, sizeof(n));
}

static uint32_t get_u32(const char *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return le32toh(n);
}

static uint64_t get_u64(const char *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof(n));
	return le64toh(n);
}

/* ---- blocks */

uint64_t manifest_key(uint64_t parent, const char *name)
{
	struct {
		uint64_t parent;
		char name[256];
	} p = { .parent = parent };
	size_t len = strnlen(name, sizeof(p.name));

	memcpy(p.name, name, len);
	return hash_bytes(&p, sizeof(p.parent) + len).low << 1 | 2;
}

void manifest_block_begin(struct manifest_block *b, uint64_t key)
{
	b->body = (struct buf)BUF_INIT;
	b->key = key;
	b->nr = b->nr_owners = 0;
	b->ino = 0;
	b->mtime = b->ctime = 0;
}

/* Number of the mode and owner among those of the block; a new one is spelt out. */
static void put_owner(struct manifest_block *b, const struct stat *st)
{
	unsigned i = 0;

	while (i < b->nr_owners && (b->owner[i].mode != st->st_mode ||
				    b->owner[i].uid != st->st_uid ||
				    b->owner[i].gid != st->st_gid))
		i++;
	if (i < b->nr_owners) {
		buf_addch(&b->body, (char)i);
		return;
	}
	buf_addch(&b->body, (char)OWNER_NEW);
	put_number(&b->body, st->st_mode);
	put_number(&b->body, st->st_uid);
	put_number(&b->body, st->st_gid);
	if (i < OWNERS_MOST) {
		b->owner[i].mode = st->st_mode;
		b->owner[i].uid = st->st_uid;
		b->owner[i].gid = st->st_gid;
		b->nr_owners++;
	}
}

static bool has_size(mode_t mode)
{
	return S_ISREG(mode) || S_ISLNK(mode);
}

/*
 * Length of the name, name; mode and owner; inode number, mtime and ctime as differences
 * to the name before; size of files and links; link count of what is no directory.
 */
static void put_entry(struct manifest_block *b, const struct stat *st)
{
	put_owner(b, st);
	put_number(&b->body, folded((int64_t)(st->st_ino - b->ino)));
	if (has_size(st->st_mode))
		put_number(&b->body, (uint64_t)st->st_size);
	if (!S_ISDIR(st->st_mode))
		put_number(&b->body, (uint64_t)st->st_nlink);
	put_number(&b->body, folded((int64_t)st->st_mtim.tv_sec - b->mtime));
	put_number(&b->body, (uint64_t)st->st_mtim.tv_nsec);
	put_number(&b->body, folded((int64_t)st->st_ctim.tv_sec - b->ctime));
	put_number(&b->body, (uint64_t)st->st_ctim.tv_nsec);
	b->ino = st->st_ino;
	b->mtime = st->st_mtim.tv_sec;
	b->ctime = st->st_ctim.tv_sec;
}

uint64_t manifest_block_add(struct manifest_block *b, const char *name, const struct stat *st)
{
	static const struct stat gone;
	size_t len = strlen(name);

	put_number(&b->body, len);
	buf_add(&b->body, name, len);
	put_entry(b, st ? st : &gone);
	b->nr++;
	return st && S_ISDIR(st->st_mode) ? manifest_key(b->key, name) : 0;
}

/* ---- writing */

struct manifest_writer {
	struct place at;
	char *name;
	int fd;
	char type;			/* 'B', 'A' */
	pthread_mutex_t lock;
	struct buf waiting;
	uint64_t blocks, objects;
	struct hash128 sum;
	uint64_t end;			/* of a file that was there before: where it was sealed */
	bool failed;
	struct err err;
};

static void writer_free(struct manifest_writer *w)
{
	close_fd(&w->fd);
	close_fd(&w->at.dirfd);
	buf_release(&w->waiting);
	pthread_mutex_destroy(&w->lock);
	free(w->name);
	free(w);
}

static struct manifest_writer *writer_new(const struct place *at, char type)
{
	struct manifest_writer *w = xcalloc(1, sizeof(*w));

	pthread_mutex_init(&w->lock, NULL);
	w->waiting = (struct buf)BUF_INIT;
	w->name = xstrdup(at->name);
	w->at = (struct place){ dup_cloexec(at->dirfd, 3), w->name };
	w->fd = -1;
	w->type = type;
	return w;
}

struct manifest_writer *manifest_begin(const struct place *at, struct err *err)
{
	struct manifest_writer *w = writer_new(at, 'B');

	if (w->at.dirfd < 0)
		fail_errno(err, "cannot duplicate a descriptor");
	else if (sys_unlink(&w->at) < 0 && errno != ENOENT)
		fail_errno(err, "cannot remove the old '%s'", show(w->name));
	else if ((w->fd = sys_create(&w->at, 0600)) < 0)
		fail_errno(err, "cannot create '%s'", show(w->name));
	if (w->fd < 0) {
		writer_free(w);
		return NULL;
	}
	buf_add(&w->waiting, MAGIC, MAGIC_LEN);
	return w;
}

/* The blocks of an earlier try at the state as done: the file is cut before them. */
static void forget_done(struct manifest_file *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->nr; i++)
		if (!(f->row[i].at & 1))
			f->row[kept++] = f->row[i];
	f->nr = kept;
}

struct manifest_writer *manifest_again(const struct place *at, struct manifest_file *f,
				       struct err *err)
{
	struct manifest_writer *w = writer_new(at, 'A');

	forget_done(f);
	if (w->at.dirfd >= 0)
		w->fd = sys_open_write(&w->at);
	if (w->fd < 0 || sys_ftruncate(w->fd, (off_t)f->found_end) < 0 ||
	    lseek(w->fd, 0, SEEK_END) < 0) {
		fail_errno(err, "cannot go on with '%s'", show(at->name));
		writer_free(w);
		return NULL;
	}
	w->end = f->found_end;
	w->blocks = f->found_blocks;
	w->objects = f->found_objects;
	w->sum = f->found_sum;
	return w;
}

static void write_waiting(struct manifest_writer *w)
{
	if (!w->failed && write_all(w->fd, w->waiting.data, w->waiting.len, &w->err) < 0)
		w->failed = true;
	buf_clear(&w->waiting);
}

void manifest_block_end(struct manifest_block *b, struct manifest_writer *w)
{
	char head[HEAD_LEN] = { w->type };
	struct hash128 hash;

	if (!b->nr) {
		buf_release(&b->body);
		return;
	}
	put_u32(head + 4, (uint32_t)b->body.len);
	put_u64(head + 8, b->key);
	put_u32(head + 16, b->nr);
	hash = hash_bytes(b->body.data, b->body.len);
	hash_add(&hash, hash_bytes(head, HEAD_LEN));
	pthread_mutex_lock(&w->lock);
	buf_add(&w->waiting, head, HEAD_LEN);
	buf_add(&w->waiting, b->body.data, b->body.len);
	hash_add(&w->sum, hash);
	w->blocks++;
	w->objects += b->nr;
	if (w->waiting.len >= FLUSH_AT)
		write_waiting(w);
	pthread_mutex_unlock(&w->lock);
	buf_release(&b->body);
}

static void put_seal(struct manifest_writer *w)
{
	char seal[HEAD_LEN + SEAL_LEN] = { 'S' };
	struct hash128 own;

	put_u32(seal + 4, SEAL_LEN);
	put_u64(seal + 8, w->blocks);
	put_u64(seal + HEAD_LEN, w->objects);
	put_u64(seal + HEAD_LEN + 8, w->sum.low);
	put_u64(seal + HEAD_LEN + 16, w->sum.high);
	own = hash_bytes(seal, HEAD_LEN + 24);
	put_u64(seal + HEAD_LEN + 24, own.low);
	put_u64(seal + HEAD_LEN + 32, own.high);
	buf_add(&w->waiting, seal, sizeof(seal));
}

void manifest_drop(struct manifest_writer *w)
{
	if (w->end)
		(void)(sys_ftruncate(w->fd, (off_t)w->end) + 1);
	else
		sys_unlink(&w->at);
	writer_free(w);
}

int manifest_end(struct manifest_writer *w, const struct stat *root, bool synced, struct err *err)
{
	struct manifest_block self;

	manifest_block_begin(&self, MANIFEST_ROOT_SELF);
	manifest_block_add(&self, ".", root);
	manifest_block_end(&self, w);
	put_seal(w);
	write_waiting(w);
	if (!w->failed && synced && sys_fsync(w->fd) < 0)
		w->failed = fail_errno(&w->err, "cannot flush") < 0;
	if (w->failed) {
		*err = w->err;
		err_add(err, "'%s'", show(w->name));
		manifest_drop(w);
		return -1;
	}
	writer_free(w);
	return 0;
}

/* ---- reading */

static int damaged(const char *name, struct err *err)
{
	return fail_code(err, VS_JOURNAL_DAMAGED, "the record '%s' is damaged or cut short",
			 show(name));
}

void manifest_file_close(struct manifest_file *f)
{
	close_fd(&f->fd);
	free(f->row);
	*f = (struct manifest_file)MANIFEST_FILE_INIT;
}

/* What has been read of the file and not been used. */
struct stream {
	int fd;
	uint64_t at;		/* of data[from] in the file */
	size_t from;
	struct buf data;
};

/* len bytes, or NULL: there are no more, or they cannot be read (errno, else 0). */
static const char *next_bytes(struct stream *s, size_t len)
{
	while (s->data.len - s->from < len) {
		struct buf rest = BUF_INIT;
		size_t room = len > READ_AT_ONCE ? len : READ_AT_ONCE;
		ssize_t n;

		buf_add(&rest, s->data.data + s->from, s->data.len - s->from);
		buf_release(&s->data);
		s->data = rest;
		s->from = 0;
		n = pread(s->fd, buf_room(&s->data, room), room, (off_t)(s->at + s->data.len));
		errno = n < 0 ? errno : 0;
		if (n <= 0)
			return NULL;
		buf_used(&s->data, (size_t)n);
	}
	s->from += len;
	s->at += len;
	return s->data.data + s->from - len;
}

static void add_row(struct manifest_file *f, const char *head, uint64_t at)
{
	if (f->nr == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 64;
		f->row = xrealloc(f->row, f->cap * sizeof(*f->row));
	}
	f->row[f->nr++] = (struct manifest_row){
		get_u64(head + 8), at << 1 | (head[0] == 'A'), get_u32(head + 4), get_u32(head + 16),
	};
}

static bool seal_holds(const char *head, const char *body, const struct manifest_file *f,
		       struct hash128 sum)
{
	char whole[HEAD_LEN + 24];
	struct hash128 own;

	memcpy(whole, head, HEAD_LEN);
	memcpy(whole + HEAD_LEN, body, 24);
	own = hash_bytes(whole, sizeof(whole));
	return get_u64(head + 8) == f->blocks && get_u64(body) == f->objects &&
	       get_u64(body + 8) == sum.low && get_u64(body + 16) == sum.high &&
	       get_u64(body + 24) == own.low && get_u64(body + 32) == own.high;
}

/* One block or seal; 0: none that is whole, -1 with errno: it cannot be read. */
static int take_block(struct manifest_file *f, struct stream *s, struct hash128 *sum, size_t *kept)
{
	char head[HEAD_LEN];
	const char *bytes = next_bytes(s, HEAD_LEN);
	uint32_t len = bytes ? get_u32(bytes + 4) : 0;
	uint64_t at = s->at;

	if (!bytes || len > BODY_MOST || !strchr("BAS", bytes[0]) || !bytes[0])
		return bytes || !errno ? 0 : -1;
	memcpy(head, bytes, HEAD_LEN);
	bytes = next_bytes(s, len);
	if (!bytes)
		return errno ? -1 : 0;
	if (head[0] != 'S') {
		add_row(f, head, at);
		hash_add(sum, hash_bytes(bytes, len));
		hash_add(sum, hash_bytes(head, HEAD_LEN));
		f->blocks++;
		f->objects += get_u32(head + 16);
		return 1;
	}
	if (len != SEAL_LEN || !seal_holds(head, bytes, f, *sum))
		return 0;
	f->end = s->at;
	*kept = f->nr;
	if (!f->found_end) {
		f->found_end = f->end;
		f->found_blocks = f->blocks;
		f->found_objects = f->objects;
		f->found_sum = *sum;
	}
	return 1;
}

static int by_key(const void *left, const void *right)
{
	const struct manifest_row *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

int manifest_file_open(struct manifest_file *f, int folder, const char *name, struct err *err)
{
	struct root root = { folder, "" };
	struct stream s = { .data = BUF_INIT };
	struct hash128 sum = { 0, 0 };
	const char *bytes;
	size_t kept = 0;
	int rc = 0;

	*f = (struct manifest_file)MANIFEST_FILE_INIT;
	f->fd = strict_open(&root, name, err);
	if (f->fd < 0)
		return -1;
	s.fd = f->fd;
	bytes = next_bytes(&s, MAGIC_LEN);
	if (!bytes || memcmp(bytes, MAGIC, MAGIC_LEN) != 0)
		rc = !bytes && errno ? -1 : 0;
	else
		while ((rc = take_block(f, &s, &sum, &kept)) > 0)
			;
	if (rc < 0)
		fail_errno(err, "cannot read the record '%s'", show(name));
	else if (!f->end)
		rc = damaged(name, err);
	buf_release(&s.data);
	f->nr = kept;
	if (f->nr)
		qsort(f->row, f->nr, sizeof(*f->row), by_key);
	if (rc < 0)
		manifest_file_close(f);
	return rc;
}

/* ---- one directory */

void manifest_page_release(struct manifest_page *p)
{
	buf_release(&p->names);
	free(p->v);
	free(p->slot);
}

static size_t slot_of(const struct manifest_page *p, const char *name)
{
	size_t i = hash_bytes(name, strlen(name)).low & (p->slots - 1);

	while (p->slot[i] && strcmp(manifest_page_name(p, &p->v[p->slot[i] - 1]), name) != 0)
		i = (i + 1) & (p->slots - 1);
	return i;
}

struct manifest_entry *manifest_page_find(struct manifest_page *p, const char *name)
{
	uint32_t nr = p->slots ? p->slot[slot_of(p, name)] : 0;

	return nr ? &p->v[nr - 1] : NULL;
}

static void grow(struct manifest_page *p)
{
	p->cap = p->cap ? p->cap * 2 : 32;
	p->v = xrealloc(p->v, p->cap * sizeof(*p->v));
	free(p->slot);
	p->slots = p->cap * 2;
	p->slot = xcalloc(p->slots, sizeof(*p->slot));
	for (size_t i = 0; i < p->nr; i++)
		p->slot[slot_of(p, manifest_page_name(p, &p->v[i]))] = (uint32_t)(i + 1);
}

/* The entry of a name, a new one where there is none. */
static struct manifest_entry *entry_for(struct manifest_page *p, const char *name, size_t len)
{
	struct manifest_entry *e;
	char text[256];

	memcpy(text, name, len);
	text[len] = '\0';
	e = manifest_page_find(p, text);
	if (e)
		return e;
	if (p->nr == p->cap)
		grow(p);
	e = &p->v[p->nr++];
	*e = (struct manifest_entry){ .name = (uint32_t)p->names.len };
	buf_add(&p->names, text, len + 1);
	p->slot[slot_of(p, text)] = (uint32_t)p->nr;
	return e;
}

struct owners {
	unsigned nr;
	struct { uint32_t mode, uid, gid; } v[OWNERS_MOST];
};

static void get_owner(struct manifest_entry *e, struct owners *o, struct reading *r)
{
	unsigned nr = r->at < r->end ? *r->at++ : OWNER_NEW + 1u;

	if (nr == OWNER_NEW) {
		e->mode = (uint32_t)get_number(r);
		e->uid = (uint32_t)get_number(r);
		e->gid = (uint32_t)get_number(r);
		if (o->nr < OWNERS_MOST) {
			o->v[o->nr].mode = e->mode;
			o->v[o->nr].uid = e->uid;
			o->v[o->nr++].gid = e->gid;
		}
	} else if (nr < o->nr) {
		e->mode = o->v[nr].mode;
		e->uid = o->v[nr].uid;
		e->gid = o->v[nr].gid;
	} else {
		r->bad = true;
	}
}

/* before: what the differences are to. */
static void get_entry(struct manifest_entry *e, struct owners *o, struct manifest_entry *before,
		      struct reading *r)
{
	get_owner(e, o, r);
	e->ino = before->ino + (uint64_t)unfolded(get_number(r));
	e->size = has_size(e->mode) ? get_number(r) : 0;
	e->nlink = S_ISDIR(e->mode) ? 0 : (uint32_t)get_number(r);
	e->mtime = before->mtime + unfolded(get_number(r));
	e->mtime_ns = (uint32_t)get_number(r);
	e->ctime = before->ctime + unfolded(get_number(r));
	e->ctime_ns = (uint32_t)get_number(r);
	before->ino = e->ino;
	before->mtime = e->mtime;
	before->ctime = e->ctime;
}

/* As found, the second state only says what was changed; as done, it is what counts. */
static void take_entry(struct manifest_page *p, const struct manifest_entry *new,
		       const char *name, size_t len, bool again, enum manifest_state state)
{
	struct manifest_entry *e = entry_for(p, name, len);
	uint32_t at = e->name;
	bool first = e->mode == 0 && !e->gone;

	if (again && state == MANIFEST_FOUND) {
		e->again = true;
		e->gone |= first;
		return;
	}
	*e = *new;
	e->name = at;
	e->again = again;
	e->gone = new->mode == 0;
}

static int take_body(struct manifest_page *p, const struct manifest_row *row, const char *body,
		     enum manifest_state state)
{
	struct reading r = { (const unsigned char *)body, (const unsigned char *)body + row->len,
			     false };
	struct manifest_entry before = { .name = 0 };
	struct owners o = { .nr = 0 };

	for (uint32_t i = 0; i < row->nr && !r.bad; i++) {
		struct manifest_entry e = { .name = 0 };
		uint64_t len = get_number(&r);
		const char *name = (const char *)r.at;

		if (r.bad || len > 255 || len > (uint64_t)(r.end - r.at))
			return -1;
		r.at += len;
		get_entry(&e, &o, &before, &r);
		if (!r.bad)
			take_entry(p, &e, name, len, row->at & 1, state);
	}
	return r.bad ? -1 : 0;
}

static size_t first_row(const struct manifest_file *f, uint64_t key)
{
	size_t low = 0, high = f->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->row[mid].key < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int manifest_page_load(struct manifest_page *p, const struct manifest_file *f, uint64_t key,
		       enum manifest_state state, struct err *err)
{
	struct buf CLEANUP_BUF body = BUF_INIT;

	p->names = (struct buf)BUF_INIT;
	for (size_t i = first_row(f, key); i < f->nr && f->row[i].key == key; i++) {
		const struct manifest_row *row = &f->row[i];
		ssize_t n;

		buf_clear(&body);
		n = pread(f->fd, buf_room(&body, row->len + 1), row->len, (off_t)(row->at >> 1));
		if (n < 0)
			return fail_errno(err, "cannot read the record of the tree");
		if ((size_t)n != row->len || take_body(p, row, body.data, state) < 0)
			return damaged("manifest", err);
	}
	return 0;
}
