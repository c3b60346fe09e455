/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ten thousand random guests: nothing crashes, each item has one fate, each value is
 * one that vzctl takes, the limits fit one another, and the same guest gives the same
 * container again. The seed is fixed; VS2VZ_SEED chooses another one.
 */
#include "openvz/param.h"
#include "translate_fixture.h"

#include <stdlib.h>

#include "base/buf.h"

#define GUESTS 10000
#define LIST "tests/data/vserver-items.txt"

static uint64_t seed = 20080428, began;	/* began: the seed of the guest at hand */
#define FAIL(fmt, ...) fail_msg("VS2VZ_SEED=%llu: " fmt, (unsigned long long)began, __VA_ARGS__)
static struct pool names_pool;
static const char *names[2][1000];	/* by style */
static size_t nr_names[2];

/* xorshift: the same everywhere. */
static unsigned roll(unsigned sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 11) % sides);
}

static int read_names(void **state)
{
	char line[512], style[16], path[200];
	FILE *f = fopen(LIST, "re");

	(void)state;
	if (getenv("VS2VZ_SEED"))
		seed = strtoull(getenv("VS2VZ_SEED"), NULL, 10) | 1;
	if (!f) {
		perror(LIST);
		return -1;
	}
	while (fgets(line, sizeof(line), f))
		if (line[0] != '#' && sscanf(line, "%15s %199s", style, path) == 2) {
			size_t s = strcmp(style, "legacy") == 0;

			names[s][nr_names[s]++] = pool_strdup(&names_pool, path);
		}
	return fclose(f);
}

static int release(void **state)
{
	(void)state;
	pool_release(&names_pool);
	return 0;
}

static const char *random_text(void)
{
	static const char *const texts[] = {
		"", "\n", "0\n", "1\n", "-1\n", "300\n", "8K\n", "1m\n", "512M\n", "inf\n", "10G\n", "300",
		"5 \n", "7\r\n", "0x10\n", "010\n", "18446744073709551615\n", "9223372036854775807\n",
		"2147483647\n", "99999999999999999999999999\n", "-5\n", "x\n", "# 5\n", "a\nb\nc\n",
		"1\n3\n5\n5\n5\n0\n", "0-1,3\n", "0-4095\n", "3-1\n", "yes\n", "no\n", "default\n",
		"NET_RAW,SYS_TIME\n~CHOWN\n", "all\n", "^63,!~^12\n", "sched_hard,virt_mem\n",
		"binary_mount\nquota_ctl\n", "tun_create\n", "wings\n", "/dev/net/tun\n", "/dev/sda\n",
		"/vservers\n", "c 10:200 rwm\nb 7:0 rw\nc 1:* r\n", "$(touch /tmp/x)`id`\"'\\\n",
		"\033[2J\377\xc3\n", "linux_32bit\n", "i686\n", "eth0:192.0.2.1/24\n", "192.0.2.7\n",
		"-HS -u 1000 -n 2048", "-u", "-Hvu 5 6", "lock nproc", "CAP_NET_RAW !CAP_SYS_CHROOT", "20",
	};
	static char bytes[64];
	size_t len = roll(sizeof(bytes) - 1);

	if (roll(10))
		return texts[roll(sizeof(texts) / sizeof(texts[0]))];
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(1 + roll(255));
	bytes[len] = '\0';
	return pool_strdup(&fx.pool, bytes);
}

static void random_item(size_t style)
{
	static const enum item_type types[] = { ITEM_DIR, ITEM_LINK, ITEM_OTHER };
	const char *path = names[style][roll((unsigned)nr_names[style])];
	struct items *to = strncmp(path, ".defaults", 9) ? &g.items : &g.defaults;
	const char *text = random_text();
	enum item_type type = style || roll(8) ? ITEM_FILE : types[roll(3)];
	struct item *item;

	for (size_t i = 0; i < to->nr; i++)
		if (strcmp(to->v[i].path, path) == 0)
			return;
	item = pool_grow(&fx.pool, &to->v, &to->nr, &to->cap, sizeof(*item));
	item->path = path;
	item->type = type;
	item->text = type == ITEM_DIR || type == ITEM_OTHER ? "" : text;
	item->len = strlen(item->text);
	item->cut = type == ITEM_FILE && !roll(200);
}

static void random_guest(void)
{
	static const char *const samples[] = {
		vswap_sample, "", "NUMPROC=\"5\"\n", "PHYSPAGES=\"0:5\"\n",
		"NUMPROC=\"5:4\"\nKMEMSIZE=\"1:2\"\nVMGUARPAGES=\"9:9\"\nCPUUNITS=\"x\"\n",
		"CAPABILITY=\"SYS_TIME:on\"\nFEATURES=\"nfs:on\"\nDISKSPACE=\"1\"\n",
	};
	size_t style = !roll(4), nr = 1 + roll(40), sample = roll(8);

	host_guest(&g, &fx.pool, "web1");
	g.style = style ? STYLE_LEGACY : STYLE_RECENT;
	g.hostname = roll(3) ? "web1" : random_text();
	g.on_boot = roll(2);
	g.marks = roll(2) ? "default" : NULL;
	g.surveyed = roll(2);
	g.survey.bytes_used = (uint64_t)roll(1u << 31) << roll(34);
	g.survey.inodes = roll(1u << 31);
	if (roll(4))
		host_address(&g, &fx.pool, "192.0.2.1", style ? "IPROOT" : "interfaces/0");
	for (size_t i = 0; i < nr; i++)
		random_item(style);
	if (g.items.nr)
		qsort(g.items.v, g.items.nr, sizeof(*g.items.v), host_item_order);
	if (g.defaults.nr)
		qsort(g.defaults.v, g.defaults.nr, sizeof(*g.defaults.v), host_item_order);
	in.rights = roll(2) ? RIGHTS_LEAST : RIGHTS_DEFAULT;
	in.limits = roll(2) ? LIMITS_GUEST : LIMITS_SAMPLE;
	in.bootorder = roll(3);
	host.kernel = roll(2) ? KERNEL_OPENVZ : KERNEL_OFFLINE;
	host.vswap = roll(2);
	host.vzctl_32 = !roll(4);
	use_sample(sample < sizeof(samples) / sizeof(samples[0]) ? samples[sample] : sample_builtin());
}

/* Everything that came out, as one text. */
static void print(struct buf *out)
{
	for (size_t i = 0; i < ct.nr; i++)
		conf_render(out, ct.set[i].key, ct.set[i].value);
	for (size_t i = 0; i < ledger.nr; i++)
		buf_addf(out, "%s %d %s %s\n", ledger.v[i].item->path, (int)ledger.v[i].verdict,
			 ledger.v[i].result ? ledger.v[i].result : "-", ledger.v[i].reason);
	for (size_t i = 0; i < fx.findings.nr; i++)
		buf_addf(out, "%d %s %s\n", (int)fx.findings.v[i].kind->id, fx.findings.v[i].object,
			 fx.findings.v[i].seen);
}

static void check_fates(void)
{
	assert_int_equal(ledger.nr, g.items.nr + (g.style == STYLE_RECENT ? g.defaults.nr : 0));
	for (size_t i = 0; i < ledger.nr; i++) {
		const struct fate *f = &ledger.v[i];
		const struct item *item = i < g.items.nr ? &g.items.v[i]
							 : &g.defaults.v[i - g.items.nr];

		assert_ptr_equal(f->item, item);
		assert_true(f->verdict <= VERDICT_UNKNOWN);
		if (!f->reason || !*f->reason)
			FAIL("'%s' has no reason", item->path);
		if (f->verdict == VERDICT_UNKNOWN && f->rule)
			FAIL("'%s' is unknown to '%s'", item->path, f->rule->pattern);
	}
}

static bool above_32(const char *value, enum param_form form)
{
	const char *colon = strchr(value, ':');

	if (form != FORM_UBC && form != FORM_QUOTA)
		return false;
	return strtoull(value, NULL, 10) > INT32_MAX || strstr(value, "unlimited") ||
	       (colon && strtoull(colon + 1, NULL, 10) > INT32_MAX);
}

static void check_values(void)
{
	for (size_t i = 0; i < ct.nr; i++) {
		const char *fault = param_fault(ct.set[i].key, ct.set[i].value);

		if (fault)
			FAIL("%s='%s' %s", ct.set[i].key, ct.set[i].value, fault);
		if (host.vzctl_32 && above_32(ct.set[i].value, param_find(ct.set[i].key)->form))
			FAIL("%s='%s' is too large for 32 bit", ct.set[i].key, ct.set[i].value);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ct.set[i].key, ct.set[j].key);
	}
}

/* A sample that is not consistent by itself stays as it is where no limit changes. */
static void check_limits(void)
{
	struct ubc_set set = result(), sample;

	ubc_read(&sample, in.sample, in.host->vzctl_32 ? UBC_UNLIMITED_32 : UBC_UNLIMITED);
	if (!ubc_fault(&set))
		return;
	for (enum ubc_key key = 0; key < NR_UBC; key++)
		if (ct_get(&ct, ubc_name(key)))
			FAIL("%s is set, and yet: %s", ubc_name(key), ubc_fault(&set));
	assert_non_null(ubc_fault(&sample));
}

/* Without the sample's limits nothing is tighter than with them. */
static void check_never_below(void)
{
	enum limits_from limits = in.limits;
	struct ubc_set set[2];

	for (in.limits = LIMITS_GUEST; in.limits <= LIMITS_SAMPLE; in.limits++) {
		translate();
		set[in.limits] = result();
	}
	in.limits = limits;
	for (enum ubc_key key = 0; key < NR_UBC; key++)
		if (set[LIMITS_GUEST].v[key].bar < set[LIMITS_SAMPLE].v[key].bar ||
		    set[LIMITS_GUEST].v[key].lim < set[LIMITS_SAMPLE].v[key].lim)
			FAIL("%s is below the sample's", ubc_name(key));
}

static void test_random_guests(void **state)
{
	for (size_t i = 0; i < GUESTS; i++) {
		struct buf first CLEANUP_BUF = BUF_INIT, second CLEANUP_BUF = BUF_INIT;

		began = seed;
		random_guest();
		translate();
		check_fates();
		check_values();
		check_limits();
		print(&first);
		check_never_below();
		translate();
		print(&second);
		if (strcmp(first.data, second.data) != 0)
			FAIL("two answers:\n%s\n%s", first.data, second.data);
		if (strchr(first.data, '\033'))
			FAIL("a control byte:\n%s", first.data);
		unmake(state);
		make(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_random_guests) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, read_names, release);
}
