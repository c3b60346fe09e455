/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where this host keeps containers: vz.conf, or the packaged defaults (vzctl:
 * src/lib/config.c, etc/vz.conf). Reads only.
 *
 * host->knows_layout: a vzctl before 3.1 skips VE_LAYOUT as an unknown key without
 * a word, later ones want it when the private area is mounted by a hook. So it is
 * right to write it for every classic vzctl, whose version cannot be told offline;
 * OpenVZ 7 has no such key.
 */
#include "openvz/layout.h"

#include <errno.h>
#include <string.h>

#include "openvz/conf.h"
#include "openvz/inside.h"

/* vzctl expands patterns into a buffer of this size. */
#define PATTERN_MAX 500

struct reader {
	struct host *host;
	const struct root *root;
	struct pool *pool;
	struct findings *findings;
	const char *vzdir;
	struct conf conf;
};

const char *vz_canonical(const struct root *root, const char *path, struct pool *pool)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	char *head = pool_strdup(pool, path);
	struct err err;

	for (size_t len = strlen(head); len > 1 && head[len - 1] == '/'; len--)
		head[len - 1] = '\0';
	path = pool_strdup(pool, head);
	while (root_canonical(root, head, &text, &err) < 0) {
		char *slash = strrchr(head, '/');

		if (!slash || slash == head)
			return path;
		*slash = '\0';
	}
	if (strcmp(text.data, "/") == 0)
		buf_clear(&text);
	return pool_printf(pool, "%s%s", text.data,
			   strcmp(path, "/") == 0 ? "/" : path + strlen(head));
}

/* The token that vzctl replaces: the first $VEID, or if there is none the first ${VEID}. */
static const char *find_token(const char *pattern, size_t *len)
{
	const char *at = strstr(pattern, "$VEID");

	*len = strlen("$VEID");
	if (!at) {
		at = strstr(pattern, "${VEID}");
		*len = strlen("${VEID}");
	}
	return at;
}

const char *layout_expand(const char *pattern, uint32_t ctid, struct pool *pool)
{
	size_t len;
	const char *at = find_token(pattern, &len);

	if (!at)
		return pool_strdup(pool, pattern);
	return pool_printf(pool, "%.*s%u%s", (int)(at - pattern), pattern, ctid, at + len);
}

static bool has_dotdot(const char *path)
{
	for (const char *at = path; (at = strstr(at, "/..")); at++)
		if (at[3] == '/' || !at[3])
			return true;
	return false;
}

/* Why a path cannot be used, or NULL. */
static const char *path_fault(const char *path)
{
	if (path[0] != '/')
		return "is no absolute path";
	if (has_dotdot(path))
		return "contains '..'";
	if (strlen(path) > PATTERN_MAX)
		return "is too long";
	return NULL;
}

static const char *pattern_fault(const char *pattern)
{
	size_t len;
	const char *token = find_token(pattern, &len);

	if (!token)
		return "does not contain $VEID";
	if (strchr(token + len, '$') || strchr(pattern, '$') != token)
		return "contains more than one '$'";
	return path_fault(pattern);
}

static void add_odd(struct reader *r, const char *key, const char *value, const char *why)
{
	finding_add(r->findings, VS_VZ_CONF_ODD, NULL, r->host->vz_conf, "%s=\"%s\" %s", key,
		    show(value), why);
}

/* Only the directory above the component with the number can have a canonical form. */
static const char *canonical_pattern(struct reader *r, const char *pattern)
{
	size_t len = (size_t)(strchr(pattern, '$') - pattern);
	size_t end = strlen(pattern);
	const char *dir;

	while (end > 1 && pattern[end - 1] == '/')
		end--;
	while (pattern[len] != '/')
		len--;
	if (len == 0)
		return pool_memdup(r->pool, pattern, end);
	dir = vz_canonical(r->root, pool_memdup(r->pool, pattern, len), r->pool);
	return pool_printf(r->pool, "%s%.*s", strcmp(dir, "/") == 0 ? "" : dir,
			   (int)(end - len), pattern + len);
}

/* VE_ROOT or VE_PRIVATE; the default leaf where vz.conf has nothing of use. */
static const char *read_pattern(struct reader *r, const char *key, const char *leaf)
{
	const char *value = conf_get(&r->conf, key), *fault;
	const char *std = pool_printf(r->pool, "%s/%s/$VEID", r->vzdir, leaf);

	if (!r->host->vz_conf)
		return canonical_pattern(r, std);
	if (!value)
		value = "";
	fault = *value ? pattern_fault(value) : "is not set";
	if (!fault)
		return canonical_pattern(r, value);
	add_odd(r, key, value, pool_printf(r->pool, "%s; '%s' is assumed", fault, std));
	return canonical_pattern(r, std);
}

/* LOCKDIR or DUMPDIR; NULL where it is not set. */
static const char *read_dir(struct reader *r, const char *key, const char *leaf)
{
	const char *value = conf_get(&r->conf, key), *fault;

	if (!r->host->vz_conf)
		value = pool_printf(r->pool, "%s/%s", r->vzdir, leaf);
	if (!value || !*value)
		return NULL;
	fault = path_fault(value);
	if (fault) {
		add_odd(r, key, value, fault);
		return NULL;
	}
	return vz_canonical(r->root, value, r->pool);
}

static bool is_type(const struct root *root, const char *path, mode_t type)
{
	struct err err;
	struct stat st;

	return path && root_stat(root, path, &st, &err) == 0 && (st.st_mode & S_IFMT) == type;
}

/* The data directory of the packages: /vz (RPM, possibly a link) or /var/lib/vz. */
static const char *default_vzdir(const struct root *root)
{
	struct err err;
	struct stat st;

	if (root_lstat(root, "/vz", &st, &err) == 0 &&
	    (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode)))
		return "/vz";
	return is_type(root, "/var/lib/vz", S_IFDIR) ? "/var/lib/vz" : "/vz";
}

/* Read one candidate. 1: done, 0: there is none. A thing that is no file is a finding. */
static int read_vz_conf(struct reader *r, const char *path, struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;

	if (root_read(r->root, path, CONF_MAX, &text, err) < 0) {
		int code = err->code;

		if (err_is_absent(err))
			return 0;
		if (code != EINVAL && code != EISDIR && code != ELOOP && code != EFBIG)
			return -1;
		finding_add(r->findings, VS_VZ_CONF_ODD, NULL, path, "%s", err->text);
		return 0;
	}
	r->host->vz_conf = vz_canonical(r->root, path, r->pool);
	conf_parse(&r->conf, text.data, text.len, r->pool);
	return 1;
}

static int find_vz_conf(struct reader *r, struct err *err)
{
	static const char *const places[] = { "/etc/vz/vz.conf", "/etc/sysconfig/vz" };

	r->host->vz_conf = NULL;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int found = read_vz_conf(r, places[i], err);

		if (found)
			return found < 0 ? -1 : 0;
	}
	finding_add(r->findings, VS_NO_VZ_CONF, NULL, places[0],
		    "there is none; the packaged defaults below '%s' are assumed", r->vzdir);
	return 0;
}

static const char *find_conf_dir(struct reader *r)
{
	static const char *const places[] = { "/etc/vz/conf", "/etc/sysconfig/vz-scripts" };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (is_type(r->root, places[i], S_IFDIR))
			return vz_canonical(r->root, places[i], r->pool);
	return vz_canonical(r->root, places[0], r->pool);
}

/* A word that can be the middle of ve-NAME.conf-sample. */
static const char *read_config_file(struct reader *r)
{
	const char *value = conf_get(&r->conf, "CONFIGFILE");

	if (!value || !*value)
		return NULL;
	if (!strchr(value, '/'))
		return value;
	add_odd(r, "CONFIGFILE", value, "is no name of a sample");
	return NULL;
}

static void read_settings(struct reader *r)
{
	struct host *host = r->host;
	const char *ipv6 = conf_get(&r->conf, "IPV6");

	host->conf_dir = find_conf_dir(r);
	host->names_dir = vz_canonical(r->root, "/etc/vz/names", r->pool);
	host->private_pattern = read_pattern(r, "VE_PRIVATE", "private");
	host->root_pattern = read_pattern(r, "VE_ROOT", "root");
	if (strcmp(host->root_pattern, host->private_pattern) == 0) {
		const char *std = pool_printf(r->pool, "%s/root/$VEID", r->vzdir);

		add_odd(r, "VE_ROOT", host->root_pattern, "is VE_PRIVATE as well");
		host->root_pattern = canonical_pattern(r, std);
	}
	host->lock_dir = read_dir(r, "LOCKDIR", "lock");
	if (!is_type(r->root, host->lock_dir, S_IFDIR))
		host->lock_dir = NULL;
	host->dump_dir = read_dir(r, "DUMPDIR", "dump");
	host->config_file = read_config_file(r);
	/* Not set: vzctl drops IPv6 addresses. The packaged file says yes. */
	host->ipv6 = host->vz_conf ? ipv6 && strcmp(ipv6, "yes") == 0 : true;
}

/* Keys that the classic tool never had. */
static bool find_vz7_key(struct vz7_sign *out, const struct reader *r)
{
	static const char *const keys[] = { "VEFSTYPE", "VEIMAGEFORMAT" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (conf_get(&r->conf, keys[i])) {
			*out = (struct vz7_sign){ r->host->vz_conf, keys[i] };
			return true;
		}
	return false;
}

int layout_read(struct host *host, const struct root *root, const struct root *proc,
		struct pool *pool, struct findings *findings, struct err *err)
{
	struct reader r = { .host = host, .root = root, .pool = pool, .findings = findings };
	struct vz7_sign sign;

	if (kernel_read(host, proc, pool, findings, err) < 0)
		return -1;
	r.vzdir = default_vzdir(root);
	if (find_vz_conf(&r, err) < 0)
		return -1;
	read_settings(&r);
	if (!find_vz7_key(&sign, &r) && vz7_find(&sign, host, root, pool, err) < 0)
		return -1;
	host->is_vz7 = sign.object != NULL;
	host->knows_layout = !host->is_vz7;
	premount_find(&host->premount, root, pool);
	host->vzctl_32 = vzctl_is_32(root);
	if (host->is_vz7)
		finding_add(findings, VS_OPENVZ_TOO_NEW, NULL, sign.object, "%s", show(sign.seen));
	return 0;
}
