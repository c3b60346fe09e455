/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One row per option and the function that stores it. A store function checks the
 * value; which command may have the option is checked by the parser.
 */
#include "options_rows.h"

#include <ctype.h>
#include <string.h>

#include "base/blockdev.h"
#include "base/units.h"
#include "model/finding.h"
#include "settings.h"

#define START_TIMEOUT_MAX 86400u

#define STORE(NAME) \
	static int NAME(struct options *o, struct pool *pool, const char *value, \
			struct err *err)
#define STORE_FLAG(NAME, MEMBER, VALUE) \
	STORE(NAME) \
	{ \
		(void)pool, (void)value, (void)err; \
		o->MEMBER = VALUE; \
		return 0; \
	}
#define STORE_TEXT(NAME, MEMBER) \
	STORE(NAME) \
	{ \
		(void)pool; \
		o->MEMBER = value; \
		return *value ? 0 : fail(err, "an empty value"); \
	}

STORE_TEXT(store_root, root_path)
STORE_TEXT(store_config, config_file)
STORE_FLAG(store_json, json, true)
STORE_FLAG(store_quiet, quiet, true)
STORE_TEXT(store_log, log_file)
STORE_FLAG(store_help, help, true)
STORE_FLAG(store_version, version, true)
STORE_FLAG(store_all, all, true)
STORE_FLAG(store_yes, yes, true)
STORE_FLAG(store_dry_run, dry_run, true)
STORE_FLAG(store_diff, diff, true)
STORE_FLAG(store_detailed, detailed_exitcode, true)
STORE_TEXT(store_out, out_file)
STORE_TEXT(store_plan, plan_file)
STORE_TEXT(store_sample, sample)
STORE_FLAG(store_keep_going, keep_going, true)
STORE_FLAG(store_least, least, true)
STORE_FLAG(store_stop, keep_going, false)
STORE_FLAG(store_reboot, before_reboot, true)
STORE_FLAG(store_save, save, true)
STORE_FLAG(store_markdown, markdown, true)
STORE_FLAG(store_store, remove_store, true)
STORE_FLAG(store_start, start, true)
STORE_FLAG(store_keep_source, keep_source, true)

STORE(store_verbose)
{
	(void)pool, (void)value, (void)err;
	o->verbose++;
	return 0;
}

STORE(store_color)
{
	(void)pool;
	if (!color_parse(value, &o->color))
		return fail(err, "'%s' is none of auto, always, never", show(value));
	return 0;
}

/* "N" or "GUEST=N"; the last '=' counts, since a guest's name may have one. */
STORE(store_ctid)
{
	const char *equals = strrchr(value, '='), *number = equals ? equals + 1 : value;
	struct ctid_choice *choice;
	uint64_t ctid;

	if (!parse_u64(number, CTID_MAX, &ctid) || ctid < CTID_MIN)
		return fail(err, "'%s' is no container number from %u to %u", show(number),
			    CTID_MIN, CTID_MAX);
	if (equals == value)
		return fail(err, "no guest before '=' in '%s'", show(value));
	choice = pool_grow(pool, &o->ctids, &o->nr_ctids, &o->cap_ctids, sizeof(*choice));
	if (equals)
		choice->guest = pool_memdup(pool, value, (size_t)(equals - value));
	choice->ctid = (uint32_t)ctid;
	return 0;
}

STORE(store_method)
{
	(void)pool;
	o->has_method = true;
	if (!method_parse(value, &o->method))
		return fail(err, "'%s' is none of auto, rename, copy", show(value));
	return 0;
}

STORE(store_limits)
{
	(void)pool;
	o->has_limits = true;
	if (!limits_parse(value, &o->limits))
		return fail(err, "'%s' is none of guest, sample", show(value));
	return 0;
}

STORE(store_shared)
{
	(void)pool;
	o->has_shared = true;
	if (!shared_parse(value, &o->shared))
		return fail(err, "'%s' is none of break, keep-readonly", show(value));
	return 0;
}

static int store_volume(struct options *o, enum insulate_where where, const char *value,
			struct pool *pool, struct err *err)
{
	if (o->has_insulate)
		return fail(err, "one of --image, --lv, --device is enough");
	o->has_insulate = true;
	return insulate_parse_one(&o->insulate, where, value, pool, err);
}

STORE(store_insulate)
{
	o->has_insulate = true;
	return insulate_parse(&o->insulate, value, pool, err);
}

/* "DIR/" and "DIR/:10G" are directories: for CTID.img. */
STORE(store_image)
{
	const char *colon = strrchr(value, ':');
	const char *end = colon && !strchr(colon, '/') ? colon : value + strlen(value);
	bool dir = end > value && end[-1] == '/';

	return store_volume(o, dir ? INSULATE_IMAGE_DIR : INSULATE_IMAGE, value, pool, err);
}

/* "VG" alone: its volume ctCTID. */
STORE(store_lv)
{
	return store_volume(o, strchr(value, '/') ? INSULATE_LV : INSULATE_VG, value, pool, err);
}

STORE(store_device)
{
	return store_volume(o, INSULATE_DEVICE, value, pool, err);
}

/* Shorter ones and other letters: vfat "1A2B-3C4D", NTFS, physical volumes of LVM. */
static bool is_identifier(const char *text)
{
	return strlen(text) >= 8 && isalnum((unsigned char)*text) &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")];
}

STORE(store_overwrite)
{
	unsigned char bytes[16];
	char *word = pool_strdup(pool, value);

	if (!is_identifier(value))
		return fail(err, "'%s' is no UUID: what `blkid DEVICE` prints of what may go",
			    show(value));
	for (char *c = word; uuid_bytes(value, bytes) && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	o->overwrite = word;
	return 0;
}

STORE(store_dump_device)
{
	(void)pool;
	o->dump_device = value;
	if (strncmp(value, "/dev/", 5) != 0 && strncmp(value, "UUID=", 5) != 0 &&
	    strncmp(value, "LABEL=", 6) != 0)
		return fail(err, "'%s' is neither UUID=, LABEL= nor a device below /dev",
			    show(value));
	return 0;
}

STORE(store_fixups)
{
	const char **fixup;

	if (!fixup_words_good(value))
		return fail(err, "'%s': say all, none, NAME or -NAME", show(value));
	fixup = pool_grow(pool, &o->fixups, &o->nr_fixups, &o->cap_fixups, sizeof(*fixup));
	*fixup = value;
	return 0;
}

/* "VS309", also several with commas between. */
STORE(store_override)
{
	do {
		size_t len = strcspn(value, ",");
		const char *word = pool_memdup(pool, value, len);
		const struct finding_kind *kind = finding_by_word(word);
		unsigned *id;

		if (!kind)
			return fail(err, "there is no finding '%s'", show(word));
		if (!kind->overridable)
			return fail(err, "VS%u (%s) cannot be overridden", kind->id, kind->name);
		id = pool_grow(pool, &o->overrides, &o->nr_overrides, &o->cap_overrides,
			       sizeof(*id));
		*id = kind->id;
		value += len;
	} while (*value++);
	return 0;
}

STORE(store_jobs)
{
	uint64_t jobs;

	(void)pool;
	o->has_jobs = true;
	if (!parse_u64(value, JOBS_MAX, &jobs))
		return fail(err, "'%s' is no number from 0 to %u", show(value), JOBS_MAX);
	o->jobs = (unsigned)jobs;
	return 0;
}

STORE(store_start_timeout)
{
	uint64_t seconds;

	(void)pool;
	if (!parse_u64(value, START_TIMEOUT_MAX, &seconds) || !seconds)
		return fail(err, "'%s' is no number of seconds from 1 to %u", show(value),
			    START_TIMEOUT_MAX);
	o->start_timeout = (unsigned)seconds;
	return 0;
}

STORE(store_verify)
{
	(void)pool;
	o->has_verify = true;
	if (!verify_parse(value, &o->verify))
		return fail(err, "'%s' is none of full, quick", show(value));
	return 0;
}

static int store_changed(struct options *o, enum changed_policy policy, struct err *err)
{
	if (o->changed != CHANGED_REFUSE && o->changed != policy)
		return fail(err, "--discard-changes and --bring-back exclude each other");
	o->changed = policy;
	return 0;
}

STORE(store_discard)
{
	(void)pool, (void)value;
	return store_changed(o, CHANGED_DISCARD, err);
}

STORE(store_bring_back)
{
	(void)pool, (void)value;
	return store_changed(o, CHANGED_BRING_BACK, err);
}

STORE(store_format)
{
	static const char *const words[] = { "text", "json", "html" };

	(void)pool;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i]) == 0) {
			o->format = (enum report_format)i;
			return 0;
		}
	}
	return fail(err, "'%s' is none of text, json, html", show(value));
}

/* Global ones first; in the order of the help. */
const struct option_row option_rows[] = {
	{ "root", 0, "DIR", 0, store_root, "the host's disks are mounted below DIR" },
	{ "config", 'c', "FILE", 0, store_config, "instead of /etc/vs2vz.conf, below the root" },
	{ "json", 0, NULL, 0, store_json, "one JSON document on stdout" },
	{ "quiet", 'q', NULL, 0, store_quiet, "errors and warnings only on stderr" },
	{ "verbose", 'v', NULL, 0, store_verbose, "more on stderr, ledgers on stdout" },
	{ "color", 0, "WHEN", 0, store_color, "auto, always, never" },
	{ "log", 0, "FILE", 0, store_log, "log file of this run" },
	{ "help", 'h', NULL, 0, store_help, "help, of a command when one is given" },
	{ "version", 'V', NULL, 0, store_version, "version" },
	{ "all", 'a', NULL, TAKES_ALL, store_all, "every guest that fits" },
	{ "yes", 'y', NULL, TAKES_YES, store_yes, "answer the one question with yes" },
	{ "dry-run", 'n', NULL, TAKES_DRY_RUN, store_dry_run, "print what would be done" },
	{ "diff", 0, NULL, TAKES_DIFF, store_diff, "show every written file line by line" },
	{ "detailed-exitcode", 0, NULL, TAKES_DETAILED, store_detailed,
	  "status 5 when there is something to do" },
	{ "out", 'o', "FILE", TAKES_OUT, store_out, "save the plan" },
	{ "plan", 0, "FILE", TAKES_PLAN, store_plan, "run a saved plan, asks nothing" },
	{ "ctid", 0, "[GUEST=]N", TAKES_CHOICES, store_ctid, "number of the container" },
	{ "sample", 0, "NAME", TAKES_CHOICES, store_sample, "sample configuration" },
	{ "method", 0, "WORD", TAKES_CHOICES, store_method, "auto, rename, copy" },
	{ "least", 0, NULL, TAKES_CHOICES, store_least,
	  "switch off rights that the guest never had" },
	{ "limits", 0, "WHICH", TAKES_CHOICES, store_limits,
	  "where the guest had none: guest (none), sample" },
	{ "shared", 0, "WORD", TAKES_CHOICES, store_shared,
	  "files shared by hard links: break, keep-readonly" },
	{ "insulate", 0, "SPEC", TAKES_CHOICES, store_insulate,
	  "own file system: image:DIR, lv:VG, device:DEV" },
	{ "overwrite", 0, "UUID", TAKES_OVERWRITE, store_overwrite,
	  "what is on the device and may go" },
	{ "device", 0, "DEV", TAKES_VOLUME, store_device, "the container's device" },
	{ "lv", 0, "VG[/NAME][:SIZE]", TAKES_VOLUME, store_lv, "its logical volume, made when it is missing" },
	{ "image", 0, "FILE[:SIZE]", TAKES_VOLUME, store_image, "its image file; DIR/: DIR/CTID.img" },
	{ "dump-device", 0, "DEV", TAKES_VOLUME, store_dump_device,
	  "for checkpoints, shared with another host" },
	{ "fixups", 0, "WORD", TAKES_CHOICES, store_fixups,
	  "all, none, NAME, or -NAME to leave one out" },
	{ "override", 0, "VSnnn", TAKES_OVERRIDE, store_override,
	  "go on in spite of an inhibitor" },
	{ "jobs", 'j', "N", TAKES_JOBS, store_jobs, "workers, 0: by the disk" },
	{ "verify", 0, "WORD", TAKES_VERIFY, store_verify, "full or quick" },
	{ "keep-going", 'k', NULL, TAKES_KEEP_GOING, store_keep_going,
	  "the other guests after a failure (default)" },
	{ "stop-on-error", 0, NULL, TAKES_KEEP_GOING, store_stop,
	  "no other guest after a failure" },
	{ "discard-changes", 0, NULL, TAKES_CHANGED | TAKES_LATE, store_discard,
	  "give up what only goes with the tree that goes" },
	{ "bring-back", 0, NULL, TAKES_CHANGED, store_bring_back,
	  "take it over into the guest's tree" },
	{ "keep-source", 0, NULL, TAKES_LATE, store_keep_source,
	  "set-aside sources stay where they are" },
	{ "before-reboot", 0, NULL, TAKES_REBOOT, store_reboot,
	  "what would strand the host under the OpenVZ kernel" },
	{ "save", 0, NULL, TAKES_REBOOT, store_save,
	  "keep what only the VServer kernel can tell" },
	{ "remove-hash-store", 0, NULL, TAKES_STORE, store_store,
	  "remove hash stores that no guest needs any more" },
	{ "start", 0, NULL, TAKES_START, store_start,
	  "start it: does it come up, serve, go down?" },
	{ "start-timeout", 0, "SECONDS", TAKES_START, store_start_timeout,
	  "for coming up, 120; for going down, 60 or less" },
	{ "markdown", 0, NULL, TAKES_MARKDOWN, store_markdown, "a table for documents" },
	{ "format", 0, "WORD", TAKES_FORMAT, store_format, "text, json, html" },
	{ NULL, 0, NULL, 0, NULL, NULL },
};
