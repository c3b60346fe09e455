/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is already there: containers with a configuration, owners of names, and the
 * remains of a CTID that is to be used (vzctl: src/vzlist.c, src/lib/destroy.c).
 * Reads only. A file that cannot be read still takes its number.
 */
#include "openvz/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "openvz/conf.h"
#include "openvz/inside.h"

static const char *const hook_suffixes[] = {
	"mount", "postumount", "premount", "start", "stop", "umount",
};
#define NR_HOOKS (sizeof(hook_suffixes) / sizeof(*hook_suffixes))

uint32_t ctid_of_conf(const char *name)
{
	size_t len = strspn(name, "0123456789");
	char digits[12];
	uint64_t nr;

	if (len == 0 || len >= sizeof(digits) || name[0] == '0' ||
	    strcmp(name + len, ".conf") != 0)
		return 0;
	memcpy(digits, name, len);
	digits[len] = '\0';
	return parse_u64(digits, CTID_MAX, &nr) ? (uint32_t)nr : 0;
}

/* All addresses of a file: IP_ADDRESS adds up over its lines. */
static const char *all_values(const struct conf *conf, const char *key, struct pool *pool)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	for (size_t i = 0; i < conf->nr; i++) {
		if (strcmp(conf->v[i].key, key) != 0)
			continue;
		if (text.len > 0)
			buf_addch(&text, ' ');
		buf_adds(&text, conf->v[i].cut);
	}
	return pool_memdup(pool, text.data, text.len);
}

const char *layout_canonical(const struct root *root, const char *path, struct pool *pool)
{
	return vz_canonical(root, path, pool);
}

/* A path of CTID.conf; what vz.conf says for all stays where there is none, or a relative one. */
static void read_path(const char **path, const struct conf *conf, const char *key, uint32_t ctid,
		      struct pool *pool)
{
	const char *value = conf_get(conf, key);

	if (value && *value == '/' && !strstr(value, "/.."))
		*path = layout_expand(value, ctid, pool);
}

static const char *text_of(const struct conf *conf, const char *key)
{
	const char *value = conf_get(conf, key);

	return value && *value ? value : NULL;
}

static const char *kept(const char *text, struct pool *pool)
{
	return text ? pool_strdup(pool, text) : NULL;
}

/* What is asked of a container; the rest of its file goes with the scratch pool. */
static void take_known(struct known_ct *ct, const struct conf *conf, const struct root *root,
		       struct pool *pool, struct pool *scratch)
{
	ct->name = kept(conf_get(conf, "NAME"), pool);
	ct->addresses = all_values(conf, "IP_ADDRESS", pool);
	read_path(&ct->private, conf, "VE_PRIVATE", ct->ctid, scratch);
	read_path(&ct->root, conf, "VE_ROOT", ct->ctid, scratch);
	ct->private = vz_canonical(root, ct->private, pool);
	ct->root = vz_canonical(root, ct->root, pool);
	ct->device = kept(text_of(conf, "VE_DEVICE"), pool);
	ct->dump_device = kept(text_of(conf, "VE_DUMP_DEVICE"), pool);
	ct->layout = kept(text_of(conf, "VE_LAYOUT"), pool);
	ct->ostemplate = kept(text_of(conf, "OSTEMPLATE"), pool);
}

static int read_known(struct known_ct *ct, const struct host *host, const struct root *root,
		      struct pool *pool, struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct pool scratch = POOL_INIT;
	struct conf conf = { 0 };

	ct->addresses = "";
	ct->private = layout_expand(host->private_pattern, ct->ctid, pool);
	ct->root = layout_expand(host->root_pattern, ct->ctid, pool);
	if (root_read(root, ct->conf, CONF_MAX, &text, err) < 0)
		return err->code == EIO || err->code == EMFILE ? -1 : 0;
	conf_parse(&conf, text.data, text.len, &scratch);
	take_known(ct, &conf, root, pool, &scratch);
	pool_release(&scratch);
	return 0;
}

const struct known_ct *layout_container(const struct known_cts *known, uint32_t ctid)
{
	size_t low = 0, high = known->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (known->v[mid].ctid == ctid)
			return &known->v[mid];
		if (known->v[mid].ctid < ctid)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool layout_is_ploop(const struct known_ct *ct, const struct root *root)
{
	struct buf path CLEANUP_BUF = BUF_INIT;
	struct stat st;
	struct err err;

	if (ct->layout && strncmp(ct->layout, "ploop", 5) == 0)
		return true;
	buf_addf(&path, "%s/root.hdd/DiskDescriptor.xml", ct->private);
	return root_lstat(root, path.data, &st, &err) == 0;
}

static int by_ctid(const void *left, const void *right)
{
	const struct known_ct *a = left, *b = right;

	return (a->ctid > b->ctid) - (a->ctid < b->ctid);
}

int layout_known(struct known_cts *out, const struct host *host, const struct root *root,
		 struct pool *pool, struct err *err)
{
	struct names names;
	size_t cap = 0;

	*out = (struct known_cts){ 0, NULL };
	if (root_names(root, host->conf_dir, pool, &names, err) < 0)
		return err_is_absent(err) ? 0 : -1;
	for (size_t i = 0; i < names.nr; i++) {
		uint32_t ctid = ctid_of_conf(names.name[i]);
		struct known_ct *ct;

		if (!ctid)
			continue;
		ct = pool_grow(pool, &out->v, &out->nr, &cap, sizeof(*ct));
		ct->ctid = ctid;
		ct->conf = pool_printf(pool, "%s/%s", host->conf_dir, names.name[i]);
		if (read_known(ct, host, root, pool, err) < 0)
			return -1;
	}
	if (out->nr > 1)
		qsort(out->v, out->nr, sizeof(*out->v), by_ctid);
	return 0;
}

uint32_t layout_name_owner(const struct host *host, const struct root *root, const char *name)
{
	struct buf path CLEANUP_BUF = BUF_INIT, text CLEANUP_BUF = BUF_INIT;
	const char *last;
	struct err err;
	uint32_t ctid;

	if (!*name || strchr(name, '/'))
		return UINT32_MAX;
	buf_addf(&path, "%s/%s", host->names_dir, name);
	if (root_readlink(root, path.data, &text, &err) < 0)
		return err_is_absent(&err) ? 0 : UINT32_MAX;
	last = strrchr(text.data, '/');
	ctid = ctid_of_conf(last ? last + 1 : text.data);
	return ctid ? ctid : UINT32_MAX;
}

/* *out: the path (NULL: none) where something of that name exists, links not followed. */
static int look(const char **out, const struct root *root, const char *path, struct err *err)
{
	struct stat st;

	*out = NULL;
	if (!path)
		return 0;
	if (root_lstat(root, path, &st, err) == 0)
		*out = path;
	else if (!err_is_absent(err))
		return -1;
	return 0;
}

/* An empty directory in its place is what vzctl leaves and makes anew. */
static int look_root(const char **out, const struct root *root, const char *path,
		     struct pool *pool, struct err *err)
{
	const char *parent = pool_memdup(pool, path, (size_t)(strrchr(path, '/') - path));
	struct stat st, above;
	struct names names;

	if (look(out, root, path, err) < 0)
		return -1;
	if (!*out)
		return 0;
	if (root_lstat(root, path, &st, err) < 0 ||
	    root_stat(root, *parent ? parent : "/", &above, err) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode) || st.st_dev != above.st_dev)
		return 0;
	if (root_names(root, path, pool, &names, err) < 0)
		return -1;
	if (names.nr == 0)
		*out = NULL;
	return 0;
}

static int look_lock(const char **out, const struct root *root, const char *path,
		     struct err *err)
{
	int64_t pid = path ? lock_holder(root, path, err) : 0;

	*out = pid > 0 ? path : NULL;
	return pid < 0 ? -1 : 0;
}

static int look_hooks(struct remains *out, const struct root *root, const char *stem,
		      struct pool *pool, struct err *err)
{
	out->hooks = pool_array(pool, NR_HOOKS, sizeof(*out->hooks));
	for (size_t i = 0; i < NR_HOOKS; i++) {
		const char *path = pool_printf(pool, "%s.%s", stem, hook_suffixes[i]);
		const char **at = &out->hooks[out->nr_hooks];

		if (look(at, root, path, err) < 0)
			return -1;
		if (*at)
			out->nr_hooks++;
	}
	return 0;
}

const char *layout_quota_file(uint32_t ctid, struct pool *pool)
{
	return pool_printf(pool, "/var/vzquota/quota.%u", ctid);
}

bool layout_quota_is_left(const struct host *host, const char *path)
{
	for (size_t i = 0; i < host->nr_left_quota; i++)
		if (strcmp(host->left_quota[i], path) == 0)
			return true;
	return false;
}

int layout_remains(struct remains *out, const struct host *host, const struct root *root,
		   uint32_t ctid, struct pool *pool, struct err *err)
{
	const char *stem = pool_printf(pool, "%s/%u", host->conf_dir, ctid);
	const char *conf = pool_printf(pool, "%s.conf", stem);
	const char *private = layout_expand(host->private_pattern, ctid, pool);
	const char *mounted = layout_expand(host->root_pattern, ctid, pool);
	const char *quota = layout_quota_file(ctid, pool);
	const char *dump = NULL, *lock = NULL;

	if (host->dump_dir)
		dump = pool_printf(pool, "%s/Dump.%u", host->dump_dir, ctid);
	if (host->lock_dir)
		lock = pool_printf(pool, "%s/%u.lck", host->lock_dir, ctid);
	*out = (struct remains){ 0 };
	if (look(&out->conf, root, conf, err) < 0 ||
	    look(&out->private, root, private, err) < 0 ||
	    look_root(&out->root, root, mounted, pool, err) < 0 ||
	    look(&out->quota, root, quota, err) < 0 || look(&out->dump, root, dump, err) < 0 ||
	    look_lock(&out->lock, root, lock, err) < 0)
		return -1;
	return look_hooks(out, root, stem, pool, err);
}
