/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections: override "VSnnn" { ... } for all guests or some, and guest "NAME" { ... }
 * with the answers for one guest. A section is checked when its keys are read, so that
 * a complaint names the line. The names of guests are not checked: the file is made for
 * more than one host.
 */
#include "settings_guest.h"

#include <string.h>

#include "base/blockdev.h"
#include "model/finding.h"
#include "report_parts.h"

static bool good_sample(const char *word)
{
	return *word && !strchr(word, '/');
}

static bool good_method(const char *word)
{
	enum method method;

	return method_parse(word, &method);
}

static bool good_rights(const char *word)
{
	enum rights rights;

	return rights_parse(word, &rights);
}

static bool good_limits(const char *word)
{
	enum limits_from limits;

	return limits_parse(word, &limits);
}

static bool good_uuid(const char *word)
{
	unsigned char bytes[16];

	return uuid_bytes(word, bytes);
}

static bool good_shared(const char *word)
{
	enum shared_policy shared;

	return shared_parse(word, &shared);
}

/* Of the methods that leave owners alone, "intern" settles VS415; the others are "none". */
static bool good_tagging(const char *word)
{
	enum tagging method = tagging_parse(word);

	return method == TAGGING_NONE || method == TAGGING_INTERN || tagging_encodes(method);
}

static bool good_immutable(const char *word)
{
	return strcmp(word, "keep") == 0 || strcmp(word, "clear") == 0;
}

static const struct {
	const char *key, *path;
	bool (*good)(const char *word);
	const char *expects;
	const char *help;	/* NULL: as the setting of that name */
} texts[] = {
	{ "sample", "guest|sample", good_sample, "the name of a sample, without directory",
	  "The sample configuration of this container." },
	{ "method", "guest|method", good_method, "one of \"auto\", \"rename\", \"copy\"", NULL },
	{ "rights", "guest|rights", good_rights, "one of \"default\", \"least\"", NULL },
	{ "limits", "guest|limits", good_limits, "one of \"guest\", \"sample\"", NULL },
	{ "insulate", "guest|insulate", insulate_word,
	  "\"none\", \"image:DIR[:SIZE]\", \"lv:VG[:SIZE]\" or \"device:/dev/NAME\"", NULL },
	{ "overwrite", "guest|overwrite", good_uuid, "a UUID",
	  "What is on the device of this guest and may go: the UUID that blkid prints." },
	{ "shared", "guest|shared", good_shared, "one of \"break\", \"keep-readonly\"", NULL },
	{ "tagging", "guest|tagging", good_tagging,
	  "one of \"none\", \"uid16\", \"gid16\", \"id24\", \"intern\"",
	  "How VServer's kernel kept the context of a file in its owner; none: the owners are as\n"
	  "they should be. Needed only where VS410 asks for it." },
	{ "immutable", "guest|immutable", good_immutable, "one of \"keep\", \"clear\"",
	  "Immutable files of which nothing tells who made them so (VS413). clear: unification\n"
	  "did, the flag is taken off. keep: an administrator did, it stays." },
	{ "fixups", "guest|fixups", fixup_words_good,
	  "words of \"all\", \"none\", NAME, -NAME with commas between",
	  "Recipes for this guest alone; read after the setting and before the option." },
};
#define NR_TEXTS (sizeof(texts) / sizeof(texts[0]))

/* Keys that are no text, for people: the parser has them below. */
static const struct {
	const char *key, *help;
} others[] = {
	{ "ctid = N", "The container number." },
	{ "tag = {N, ...}", "The tags, contexts as a rule, whose files are this guest's: owners that\n"
	  "carry one of them lose it. At most 16 numbers; in place of the guest's own context." },
	{ "override \"VSnnn\" { reason = \"TEXT\" }",
	  "Lets this guest pass in spite of a finding that can be overridden." },
};

void settings_guest_help(struct buf *out)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		buf_addf(out, "      %s\n", others[i].key);
		add_wrapped(out, "          ", others[i].help);
	}
	for (size_t i = 0; i < NR_TEXTS; i++) {
		buf_addf(out, "      %s = \"%s\"\n", texts[i].key,
			 strcmp(texts[i].key, "insulate") == 0 ? "SPEC" : "WORD");
		add_wrapped(out, "          ",
			    texts[i].help ? texts[i].help : "As the setting of that name.");
		add_wrapped(out, "          Value: ", texts[i].expects);
	}
}

static int check_text(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *word = cfg_opt_getnstr(opt, 0);

	for (size_t i = 0; i < NR_TEXTS; i++) {
		if (strcmp(texts[i].key, cfg_opt_name(opt)) != 0)
			continue;
		if (word && texts[i].good(word))
			return 0;
		cfg_error(cfg, "guest '%s': %s must be %s", cfg_title(cfg), texts[i].key,
			  texts[i].expects);
	}
	return -1;
}

/* Called for each value of the list. */
static int check_tag(cfg_t *cfg, cfg_opt_t *opt)
{
	unsigned nr = cfg_opt_size(opt);
	long tag = nr ? cfg_opt_getnint(opt, nr - 1) : 0;

	if (tag >= 1 && tag <= TAG_MAX && nr <= MARKS_TAGS_MAX)
		return 0;
	cfg_error(cfg, "guest '%s': tag must be a list of at most %d numbers from 1 to %d",
		  cfg_title(cfg), MARKS_TAGS_MAX, TAG_MAX);
	return -1;
}

/* Called when a section is complete: of several, the last one. */
static cfg_t *last_section(cfg_opt_t *opt)
{
	return cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
}

static int check_override(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = last_section(opt);
	const char *title = cfg_title(section), *reason = cfg_getstr(section, "reason");
	const struct finding_kind *kind = finding_by_word(title);

	if (!kind)
		cfg_error(cfg, "override '%s': there is no such finding", title);
	else if (!kind->overridable)
		cfg_error(cfg, "override '%s': this finding cannot be overridden", title);
	else if (!reason || !*reason)
		cfg_error(cfg, "override '%s': the reason is missing", title);
	else
		return 0;
	return -1;
}

static bool has_key(cfg_t *section)
{
	static const char *const keys[] = {
		"ctid", "sample", "method", "rights", "limits", "insulate", "overwrite", "shared",
		"tagging", "tag", "immutable", "fixups", "override",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (cfg_size(section, keys[i]))
			return true;
	return false;
}

static int check_guest(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = last_section(opt);
	long ctid = cfg_size(section, "ctid") ? cfg_getint(section, "ctid") : (long)CTID_MIN;

	if (!*cfg_title(section))
		cfg_error(cfg, "guest: the name is empty");
	else if (ctid < (long)CTID_MIN || ctid > (long)CTID_MAX)
		cfg_error(cfg, "guest '%s': ctid must be a number from %u to %u",
			  cfg_title(section), CTID_MIN, CTID_MAX);
	else if (!has_key(section))
		cfg_error(cfg, "guest '%s': nothing is said of it; ctid, sample, method, rights, "
			  "limits, insulate, overwrite, shared, tagging, tag, immutable, fixups and "
			  "override can be",
			  cfg_title(section));
	else
		return 0;
	return -1;
}

void settings_check_sections(cfg_t *cfg)
{
	cfg_set_validate_func(cfg, "override", check_override);
	cfg_set_validate_func(cfg, "guest", check_guest);
	cfg_set_validate_func(cfg, "guest|override", check_override);
	cfg_set_validate_func(cfg, "guest|tag", check_tag);
	for (size_t i = 0; i < NR_TEXTS; i++)
		cfg_set_validate_func(cfg, texts[i].path, check_text);
}

/* A number for the guest: a later one replaces an earlier one. */
static void collect_ctid(struct settings *out, cfg_t *section, const char *guest, struct pool *pool)
{
	struct ctid_choice *choice = NULL;

	if (!cfg_size(section, "ctid"))
		return;
	for (size_t i = 0; i < out->nr_map; i++)
		if (strcmp(out->map[i].guest, guest) == 0)
			choice = &out->map[i];
	if (!choice) {
		choice = pool_grow(pool, &out->map, &out->nr_map, &out->cap_map, sizeof(*choice));
		choice->guest = guest;
	}
	choice->ctid = (uint32_t)cfg_getint(section, "ctid");
}

static struct answer *answer_for(struct settings *out, const char *guest, struct pool *pool)
{
	struct answer *answer;

	for (size_t i = 0; i < out->nr_answers; i++)
		if (strcmp(out->answers[i].guest, guest) == 0)
			return &out->answers[i];
	answer = pool_grow(pool, &out->answers, &out->nr_answers, &out->cap_answers,
			   sizeof(*answer));
	*answer = (struct answer){ .guest = guest };
	return answer;
}

/* What is said of the marks that VServer left on inodes. */
static void collect_marks(struct answer *answer, cfg_t *section)
{
	unsigned nr = cfg_size(section, "tag");

	if (cfg_size(section, "shared"))
		answer->has_shared = shared_parse(cfg_getstr(section, "shared"), &answer->shared);
	if (cfg_size(section, "tagging")) {
		answer->tagging = tagging_parse(cfg_getstr(section, "tagging"));
		answer->has_tagging = true;
	}
	if (cfg_size(section, "immutable")) {
		answer->immutable = strcmp(cfg_getstr(section, "immutable"), "keep") == 0 ?
				    IMMUTABLE_KEEP : IMMUTABLE_FILES;
		answer->has_immutable = true;
	}
	if (!nr)
		return;
	answer->nr_tags = nr < MARKS_TAGS_MAX ? nr : MARKS_TAGS_MAX;
	for (unsigned i = 0; i < answer->nr_tags; i++)
		answer->tag[i] = (uint32_t)cfg_getnint(section, "tag", i);
}

/* A file system of its own; the words were checked before. */
static void collect_insulation(struct answer *answer, cfg_t *section, struct pool *pool)
{
	const char *spec = cfg_size(section, "insulate") ? cfg_getstr(section, "insulate") : NULL;
	struct err err;

	if (spec)
		answer->has_insulate = insulate_parse(&answer->insulate, pool_strdup(pool, spec),
						      pool, &err) == 0;
	if (cfg_size(section, "overwrite"))
		answer->overwrite = pool_strdup(pool, cfg_getstr(section, "overwrite"));
}

static void collect_answer(struct settings *out, cfg_t *section, const char *guest,
			   struct pool *pool)
{
	struct answer *answer = answer_for(out, guest, pool);

	if (cfg_size(section, "sample"))
		answer->sample = pool_strdup(pool, cfg_getstr(section, "sample"));
	if (cfg_size(section, "method"))
		answer->has_method = method_parse(cfg_getstr(section, "method"), &answer->method);
	if (cfg_size(section, "rights"))
		answer->has_rights = rights_parse(cfg_getstr(section, "rights"), &answer->rights);
	if (cfg_size(section, "limits"))
		answer->has_limits = limits_parse(cfg_getstr(section, "limits"), &answer->limits);
	collect_insulation(answer, section, pool);
	collect_marks(answer, section);
	if (cfg_size(section, "fixups"))
		answer->fixups = pool_strdup(pool, cfg_getstr(section, "fixups"));
}

static void collect_lifts(struct settings *out, cfg_t *section, const char *guest,
			  struct pool *pool)
{
	for (unsigned i = 0; i < cfg_size(section, "override"); i++) {
		cfg_t *override = cfg_getnsec(section, "override", i);
		struct lift *lift = pool_grow(pool, &out->lifts, &out->nr_lifts, &out->cap_lifts,
					      sizeof(*lift));

		lift->id = finding_by_word(cfg_title(override))->id;
		lift->reason = pool_strdup(pool, cfg_getstr(override, "reason"));
		lift->guest = guest;
	}
}

void settings_collect_guests(struct settings *out, cfg_t *cfg, struct pool *pool)
{
	for (unsigned i = 0; i < cfg_size(cfg, "guest"); i++) {
		cfg_t *section = cfg_getnsec(cfg, "guest", i);
		const char *guest = pool_strdup(pool, cfg_title(section));

		collect_ctid(out, section, guest, pool);
		collect_answer(out, section, guest, pool);
		collect_lifts(out, section, guest, pool);
	}
}
