/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file system of one insulated container: which device or image file, how large,
 * and what speaks against it. A device is looked at, an image file must not be there;
 * nothing is changed.
 */
#include "decide/insulate.h"

#include <string.h>

#include "base/units.h"
#include "decide/device_judge.h"
#include "decide/image_place.h"
#include "decide/insulate_lv.h"
#include "openvz/layout.h"
#include "step/image.h"
#include "step/lv.h"

#define RESERVE 5	/* percent, for root */
#define GROWTH 20	/* percent of the data, where no size was asked for */
#define MIB ((uint64_t)1 << 20)
#define INODE_RATIO 16384

/*
 * ext3 is what 2.6.18 can mount. Offline the kernel is not known, but the one that runs
 * mounts it first: one that sets no nanoseconds (2.6.22) has no ext4 (2.6.28) either.
 */
static enum image_row row_of(const struct host *host)
{
	const char *release = host->kernel_release;

	if (host->coarse_times)
		return IMAGE_EXT3;
	return host->kernel == KERNEL_OPENVZ && release && strncmp(release, "2.6.18", 6) == 0 ?
	       IMAGE_EXT3 : IMAGE_EXT4;
}

static bool exists(const struct root *root, const char *path)
{
	struct stat st;
	struct err err;

	return root_lstat(root, path, &st, &err) == 0;
}

/* The running system's, also where the host's disks are mounted elsewhere. */
static bool device_exists(const char *path)
{
	struct root real;
	struct err err;
	bool there;

	if (root_init(&real, "/", &err) < 0)
		return false;
	there = exists(&real, path);
	root_release(&real);
	return there;
}

static const char *volume_path(const struct insulate_question *q, struct pool *pool)
{
	const char *place = q->spec->place, *own;

	switch (q->spec->where) {
	case INSULATE_IMAGE_DIR:
		place = layout_canonical(q->root, place, pool);
		return pool_printf(pool, "%s/%u.img", strcmp(place, "/") == 0 ? "" : place, q->ctid);
	case INSULATE_IMAGE:
		return layout_canonical(q->root, place, pool);
	case INSULATE_LV:
		return pool_printf(pool, "/dev/%s", place);
	case INSULATE_VG:
		own = pool_printf(pool, "/dev/%s/ct%u", place, q->ctid);
		if (q->lv_name && !device_exists(own)) {
			const char *named = pool_printf(pool, "/dev/%s/%s", place, q->lv_name);

			if (device_exists(named))
				return named;
		}
		return own;
	default:
		return place;
	}
}

/* The least that will do, and what is wanted. */
struct size {
	uint64_t least, wanted;
};

static struct size size_of(const struct insulate_question *q, enum image_row row)
{
	const struct insulate_spec *spec = q->spec;
	struct size size = { 0, spec->bytes };

	if (q->tree) {
		size.least = image_bytes_needed(q->tree, row, RESERVE, 0);
		if (spec->percent)
			size.wanted = image_bytes_needed(q->tree, row, RESERVE, spec->percent - 100);
		else if (!spec->bytes)
			size.wanted = image_bytes_needed(q->tree, row, RESERVE, GROWTH);
	}
	size.wanted = (size.wanted + MIB - 1) / MIB * MIB;
	return size;
}

/* The container that has the volume already; it may be this one. */
static uint32_t user_of(const struct insulate_question *q, const char *at,
			const struct blockdev *seen)
{
	for (size_t i = 0; i < q->known->nr; i++) {
		const struct known_ct *ct = &q->known->v[i];

		if (!ct->device)
			continue;
		if (strcmp(ct->device, at) == 0)
			return ct->ctid;
		for (size_t k = 0; k < seen->nr; k++) {
			const char *uuid = seen->sig[k].uuid, *label = seen->sig[k].label;

			if ((uuid && strncmp(ct->device, "UUID=", 5) == 0 &&
			     strcmp(ct->device + 5, uuid) == 0) ||
			    (label && strncmp(ct->device, "LABEL=", 6) == 0 &&
			     strcmp(ct->device + 6, label) == 0))
				return ct->ctid;
		}
	}
	return 0;
}

/* A logical volume that is not there: it is made. */
static bool is_new_lv(const struct insulate_question *q, const struct blockdev *seen)
{
	return (q->spec->where == INSULATE_VG || q->spec->where == INSULATE_LV) &&
	       seen->is == VOLUME_ABSENT;
}

static void judge(const struct insulate_question *q, const struct insulation *in,
		  const struct blockdev *seen, const struct size *size, struct findings *findings)
{
	const struct device_wish wish = {
		.guest = q->name, .path = in->at, .device = in->device,
		.bytes = q->spec->bytes > size->least ? q->spec->bytes : size->least,
		.overwrite = q->overwrite, .user = user_of(q, in->at, seen),
	};

	device_judge(&wish, seen, findings);
	if (!in->device && size->wanted < size->least)
		finding_add(findings, VS_IMAGE_SMALL, q->name, in->at, "%s were asked for, %s are needed",
			    show_size(size->wanted), show_size(size->least));
}

static uint64_t inodes_for(const struct insulate_question *q, uint64_t bytes)
{
	uint64_t needed = q->tree ? q->tree->inodes + q->tree->inodes / 4 + 1024 : 0;

	return bytes / INODE_RATIO > needed ? bytes / INODE_RATIO : needed;
}

int insulate_decide(struct insulation *out, const struct insulate_question *q, struct pool *pool,
		    struct findings *findings, struct err *err)
{
	enum image_row row = row_of(q->host);
	struct size size = size_of(q, row);
	char uuid[VOLUME_UUID_TEXT];
	struct blockdev seen;

	*out = (struct insulation){ .at = volume_path(q, pool), .overwrite = q->overwrite };
	out->device = q->spec->where != INSULATE_IMAGE && q->spec->where != INSULATE_IMAGE_DIR;
	if (uuid_new(uuid, err) < 0 || blockdev_read(&seen, q->root, out->at, pool, err) < 0)
		return -1;
	if (!out->device && image_place_judge(q, out->at, &out->misplaced, pool, findings, err) < 0)
		return -1;
	out->bytes = out->device ? seen.bytes : size.wanted;
	if (is_new_lv(q, &seen)) {
		const struct insulate_lv_wish wish = { size.least, size.wanted,
						       user_of(q, out->at, &seen) };

		if (insulate_lv_decide(out, q, &wish, pool, findings, err) < 0)
			return -1;
	} else {
		judge(q, out, &seen, &size, findings);
	}
	out->uuid = pool_strdup(pool, uuid);
	out->label = pool_printf(pool, "ct%u", q->ctid);
	out->type = image_type(row);
	image_facts(&out->facts, row);
	if (out->bytes > IMAGE_BYTES_MOST)
		out->bytes = IMAGE_BYTES_MOST;
	out->inodes = inodes_for(q, out->bytes);
	out->ve_device = out->device ? pool_printf(pool, "UUID=%s", uuid) : out->at;
	return 0;
}

void insulate_describe(struct ct *ct, const struct insulation *in, struct pool *pool)
{
	static const char why[] = "a file system of its own";

	ct_set(ct, pool, "VE_DEVICE", in->ve_device, why);
	ct_set(ct, pool, "VE_LAYOUT", "simfs", why);
	ct_set(ct, pool, "DISK_QUOTA", "no", why);
}

static void add_lv(struct plan *plan, const struct insulation *in, struct pool *pool)
{
	struct step *s = plan_step(plan, pool, "lv");

	step_arg(s, pool, "vg", in->lv_vg);
	step_arg(s, pool, "name", in->lv_name);
	step_argf(s, pool, "bytes", "%llu", (unsigned long long)in->bytes);
	step_argf(s, pool, "tag", LV_TAG "%s", in->uuid);
}

struct step *insulate_step(struct plan *plan, const struct insulation *in,
			   const struct insulate_source *source, struct pool *pool)
{
	struct step *s;

	if (in->lv_name)
		add_lv(plan, in, pool);
	s = plan_step(plan, pool, "makefs");
	step_arg(s, pool, "at", in->at);
	step_arg(s, pool, "to", source->to);
	step_arg(s, pool, "from", source->from);
	step_arg(s, pool, "id", source->id);
	if (source->volume)
		step_arg(s, pool, "volume", source->volume);
	step_arg(s, pool, "uuid", in->uuid);
	step_arg(s, pool, "label", in->label);
	step_arg(s, pool, "type", in->type);
	step_argf(s, pool, "bytes", "%llu", (unsigned long long)in->bytes);
	step_argf(s, pool, "inodes", "%llu", (unsigned long long)in->inodes);
	step_argf(s, pool, "reserve", "%d", RESERVE);
	if (in->overwrite)
		step_arg(s, pool, "overwrite", in->overwrite);
	return s;
}
