/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of --insulate, --image, --lv and --device. Knows no host.
 */
#include "decide/insulate.h"

#include <string.h>

#include "base/units.h"

#define PERCENT_MAX 10000

static const struct {
	const char *word;
	enum insulate_where where;
} words[] = {
	{ "image:", INSULATE_IMAGE_DIR }, { "lv:", INSULATE_VG }, { "device:", INSULATE_DEVICE },
};

/* "10G", "512M", "150%". False: no size. */
static bool parse_size(const char *text, struct insulate_spec *out)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;
	char number[24];
	uint64_t n;

	if (!digits || digits >= sizeof(number))
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (!parse_u64(number, UINT64_MAX, &n) || !n)
		return false;
	if (strcmp(unit, "%") == 0) {
		out->percent = n < PERCENT_MAX ? (unsigned)n : PERCENT_MAX;
		return n >= 100;
	}
	if (!*unit || !strchr(units, *unit) || (unit[1] && strcmp(unit + 1, "iB") != 0))
		return false;
	out->bytes = n;
	for (const char *u = units; ; u++) {
		out->bytes = mul_u64(out->bytes, 1024);
		if (*u == *unit)
			break;
	}
	return out->bytes < (uint64_t)1 << 60;
}

/* Nothing that a reader would have to resolve. */
static bool is_plain_path(const char *path)
{
	if (path[0] != '/' || !path[1])
		return false;
	for (const char *at = path; (at = strstr(at, "/..")); at++)
		if (at[3] == '/' || !at[3])
			return false;
	return true;
}

static bool is_lv_word(const char *text)
{
	return *text && *text != '-' && strcmp(text, ".") != 0 && strcmp(text, "..") != 0 &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "+_.-")];
}

/* The rest after a colon that no path follows is the size. */
static int split_size(struct insulate_spec *out, struct pool *pool, struct err *err)
{
	const char *colon = strrchr(out->place, ':');

	if (out->where == INSULATE_DEVICE || !colon || strchr(colon, '/'))
		return 0;
	if (!parse_size(colon + 1, out))
		return fail(err, "'%s' is no size: 10G or 150%%, at least 100%%", show(colon + 1));
	out->place = pool_memdup(pool, out->place, (size_t)(colon - out->place));
	return 0;
}

static int check_place(const struct insulate_spec *spec, struct err *err)
{
	const char *place = spec->place, *slash = strchr(place, '/');
	char vg[256];

	switch (spec->where) {
	case INSULATE_VG:
		if (is_lv_word(place))
			return 0;
		return fail(err, "'%s' is no name of a volume group", show(place));
	case INSULATE_LV:
		if (slash && (size_t)(slash - place) < sizeof(vg)) {
			memcpy(vg, place, (size_t)(slash - place));
			vg[slash - place] = '\0';
			if (is_lv_word(vg) && is_lv_word(slash + 1))
				return 0;
		}
		return fail(err, "'%s' is no logical volume: VG or VG/NAME", show(place));
	case INSULATE_DEVICE:
		if (is_plain_path(place) && strncmp(place, "/dev/", 5) == 0 && place[5])
			return 0;
		return fail(err, "'%s' is no device below /dev", show(place));
	default:
		if (is_plain_path(place))
			return 0;
		return fail(err, "'%s' is no absolute path without '..'", show(place));
	}
}

int insulate_parse_one(struct insulate_spec *out, enum insulate_where where, const char *text,
		       struct pool *pool, struct err *err)
{
	if (where == INSULATE_LV && !strchr(text, '/'))
		where = INSULATE_VG;
	*out = (struct insulate_spec){ .where = where, .place = text };
	if (split_size(out, pool, err) < 0)
		return -1;
	return check_place(out, err);
}

int insulate_parse(struct insulate_spec *out, const char *text, struct pool *pool,
		   struct err *err)
{
	*out = (struct insulate_spec){ .where = INSULATE_NOT };
	if (strcmp(text, "none") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);

		if (strncmp(text, words[i].word, len) == 0)
			return insulate_parse_one(out, words[i].where, text + len, pool, err);
	}
	return fail(err, "'%s' is none of image:DIR[:SIZE], lv:VG[:SIZE], device:/dev/NAME, none",
		    show(text));
}
