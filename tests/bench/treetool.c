/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree engine by itself, for measurements and experiments:
 *
 *	treetool [-t THREADS] [-r] [-x] [-H] [-f FOLDER] survey DIR
 *	treetool [-t THREADS] [-r] -f FOLDER look DIR
 *	treetool [-t THREADS] [-r] [-s SUMS] copy FROM TO
 *	treetool [-t THREADS] [-r] [-s SUMS] verify FROM TO
 *	treetool [-t THREADS] diff FROM TO
 *	treetool [-t THREADS] remove DIR
 *	treetool [-t THREADS] [-3] [-s SUMS] [-i INODES] image DIR FILE
 *	treetool [-t THREADS] [-3] [-s SUMS] [-i INODES] -n BYTES image DIR FILE
 *	treetool [-t THREADS] -T TAG -f FOLDER strip DIR
 *	treetool [-t THREADS] -T TAG -f FOLDER unstrip DIR
 *
 * survey writes the manifest of the tree into FOLDER, where one is given, and tells its
 * size; look compares the tree with it. image fills FILE, a device or a file of its size;
 * with -n it makes the file as the program does. strip takes tags of ID24 away by the step
 * kind "marks" and keeps its record in the directory FOLDER (-f), unstrip takes it back.
 * -r: a rotating disk; -x: look for extended attributes, -l: for what targets limit; -H: do
 * not read hidden flags from the device, as is done on ext2, ext3 and ext4. Opens what it is told
 * to by plain paths: it is not part of the product.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fsinfo.h"
#include "base/hidden.h"
#include "base/inroot.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/survey.h"
#include "step/image.h"
#include "step/manifest.h"
#include "step/plan.h"
#include "step/step.h"
#include "step/tree.h"

struct job {
	struct tree_options opt;
	bool xattrs, limits, no_hidden, ext3;
	uint64_t new_bytes, inodes;
	const char *dir, *tag;
	int a, b, sums, folder;
};

/* As the program does it; NULL where it does not. */
static struct hidden *open_hidden(const struct job *j, const char **why)
{
	struct pool pool = POOL_INIT;
	struct hidden *h = NULL;
	struct fsinfo fs;
	struct root root;
	struct err err;

	*why = "not wanted";
	if (j->no_hidden)
		return NULL;
	if (root_init(&root, j->dir, &err) < 0 || fsinfo_read(&fs, &root, "/", &pool, &err) < 0 ||
	    hidden_open(&h, j->a, fs.type, fs.source, why, &err) < 0)
		*why = "failed";
	root_release(&root);
	pool_release(&pool);
	return h;
}

static void write_down(void *manifest, const struct walk_dir *dir, struct walk_entry *v, size_t nr)
{
	manifest_batch(manifest, dir, v, nr);
}

/* As convert does it: flushed. */
static int end_manifest(const struct job *j, struct manifest_writer *w, uint64_t names,
			struct err *err)
{
	struct stat st;

	if (fstat(j->a, &st) < 0)
		return fail_errno(err, "cannot look at the tree");
	if (manifest_end(w, &st, true, err) < 0)
		return -1;
	if (fstatat(j->folder, "manifest.0", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(err, "cannot look at the manifest");
	printf("manifest=%" PRIu64 " bytes, %.1f a name\n", (uint64_t)st.st_size,
	       (double)st.st_size / (double)names);
	return 0;
}

static int do_look(struct job *j, struct err *err)
{
	const struct manifest_options opt = {
		.state = MANIFEST_DONE, .threads = j->opt.threads, .rotational = j->opt.rotational,
	};
	struct manifest_counts counts;
	int64_t differ = manifest_compare(j->folder, "manifest.0", j->a, &opt, NULL, NULL, &counts, err);

	if (differ < 0)
		return -1;
	printf("compared=%" PRIu64 " differ=%" PRIi64 "\n", counts.compared, differ);
	return 0;
}

static int do_survey(struct job *j, struct err *err)
{
	struct survey_also also = { .entries = write_down };
	struct survey_options opt = {
		.threads = j->opt.threads, .rotational = j->opt.rotational, .xattrs = j->xattrs,
		.limits = j->limits,
	};
	struct survey s;
	int done;

	if (j->folder >= 0) {
		also.ctx = manifest_begin(&(struct place){ j->folder, "manifest.0" }, err);
		if (!also.ctx)
			return -1;
		opt.also = &also;
	}
	opt.hidden = open_hidden(j, &opt.hidden_why);
	done = survey_tree(&s, j->a, &opt, err);
	hidden_close(opt.hidden);
	if (done < 0 || (also.ctx && end_manifest(j, also.ctx, s.names, err) < 0))
		return -1;
	printf("names=%" PRIu64 " inodes=%" PRIu64 " used=%" PRIu64 " apparent=%" PRIu64
	       " linked=%" PRIu64 " outside=%" PRIu64 " locked=%" PRIu64 " xattrs=%" PRIu64
	       " print=%016" PRIx64 "%016" PRIx64 "\n",
	       s.names, s.inodes, s.bytes_used, s.bytes_apparent, s.multi_linked,
	       s.outside_inodes, s.immutable + s.append_only, s.with_xattrs, s.fingerprint.high,
	       s.fingerprint.low);
	printf("hidden=%s unified=%" PRIu64 " barrier=%" PRIu64 " intern=%" PRIu64 " halves=%u\n",
	       s.hidden_known ? "known" : s.hidden_why, s.unified, s.barrier, s.intern,
	       s.nr_halves);
	survey_release(&s);
	return 0;
}

static void print_counts(const struct tree_counts *c)
{
	printf("names=%" PRIu64 " inodes=%" PRIu64 " bytes=%" PRIu64 " shared=%" PRIu64
	       " flags_lost=%" PRIu64 "\n",
	       c->names, c->inodes, c->bytes, c->shared, c->flags_lost);
}

static int do_copy(struct job *j, struct err *err)
{
	struct tree_counts counts;

	if (tree_copy(j->a, j->b, j->sums, &j->opt, &counts, err) < 0 ||
	    tree_settle(j->b, err) < 0)
		return -1;
	print_counts(&counts);
	return 0;
}

static int do_verify(struct job *j, struct err *err)
{
	struct tree_counts counts;

	if (tree_verify(j->a, j->b, j->sums, &j->opt, &counts, err) < 0)
		return -1;
	print_counts(&counts);
	return 0;
}

static void print_difference(void *ctx, const char *path, const char *what)
{
	(void)ctx;
	printf("%s\t%s\n", what, show(path));
}

static int do_diff(struct job *j, struct err *err)
{
	return tree_diff(j->a, j->b, true, 1000, print_difference, NULL, &j->opt, err) < 0 ? -1 : 0;
}

static int do_remove(struct job *j, struct err *err)
{
	struct tree_counts counts;

	if (tree_remove(j->a, &j->opt, &counts, err) < 0)
		return -1;
	print_counts(&counts);
	return 0;
}

static void print_peak(void)
{
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used) == 0)
		printf("peak=%ld KiB\n", used.ru_maxrss);
}

/* All of its space, as the step "makefs" takes it. */
static int make_file(struct job *j, struct err *err)
{
	if (ftruncate(j->b, 0) < 0 || ftruncate(j->b, (off_t)j->new_bytes) < 0 ||
	    fallocate(j->b, 0, 0, (off_t)j->new_bytes) < 0)
		return fail_errno(err, "cannot make the file large enough");
	return 0;
}

static int do_image(struct job *j, struct err *err)
{
	const struct image_options opt = {
		.uuid = { 0x45, 1, 2, 3, 4, 5, 0x46, 7, 0x88, 9, 10, 11, 12, 13, 14, 15 },
		.label = "treetool", .reserve = 5, .inodes = j->inodes, .fresh = j->new_bytes != 0,
		.bytes = j->new_bytes ? j->new_bytes : (uint64_t)lseek(j->b, 0, SEEK_END),
		.row = j->ext3 ? IMAGE_EXT3 : IMAGE_EXT4, .sums = j->sums,
	};
	struct tree_counts counts;

	if (j->new_bytes && make_file(j, err) < 0)
		return -1;
	if (image_make(j->a, j->b, &opt, &j->opt, &counts, err) < 0)
		return -1;
	print_counts(&counts);
	print_peak();
	return 0;
}

static int do_marks(struct job *j, bool back, struct err *err)
{
	struct pool pool = POOL_INIT;
	struct plan plan = { .nr_steps = 0 };
	struct root root;
	struct work work;
	struct stat st;
	char path[4096];
	struct step *s;
	int rc = -1;

	if (!j->tag || j->folder < 0 || !realpath(j->dir, path) || fstat(j->a, &st) < 0 ||
	    root_init(&root, "/", err) < 0)
		return fail(err, "strip needs -T and -f");
	s = plan_step(&plan, &pool, "marks");
	step_arg(s, &pool, "at", path);
	step_argf(s, &pool, "id", "-/%llu/-", (unsigned long long)st.st_ino);
	step_arg(s, &pool, "tagging", "id24");
	step_arg(s, &pool, "tags", j->tag);
	work_init(&work, &root, j->folder, &pool);
	work.threads = j->opt.threads;
	work.ran = back;
	rc = back ? s->kind->undo(s, &work, err) : s->kind->apply(s, &work, err);
	work_release(&work);
	root_release(&root);
	pool_release(&pool);
	return rc;
}

static int do_strip(struct job *j, struct err *err)
{
	return do_marks(j, false, err);
}

static int do_unstrip(struct job *j, struct err *err)
{
	return do_marks(j, true, err);
}

static const struct {
	const char *name;
	int nr_dirs;
	int (*run)(struct job *j, struct err *err);
} verbs[] = {
	{ "copy", 2, do_copy },
	{ "diff", 2, do_diff },
	{ "image", 2, do_image },
	{ "look", 1, do_look },
	{ "remove", 1, do_remove },
	{ "strip", 1, do_strip },
	{ "survey", 1, do_survey },
	{ "unstrip", 1, do_unstrip },
	{ "verify", 2, do_verify },
};

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static void run(struct job *j, int nr, char **args)
{
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (nr < 1 || strcmp(args[0], verbs[i].name) != 0 || nr != 1 + verbs[i].nr_dirs)
			continue;
		j->dir = args[1];
		j->a = open_dir(args[1]);
		j->b = nr < 3 ? -1 : verbs[i].run == do_image ?
		       open(args[2], O_RDWR | O_CLOEXEC | (j->new_bytes ? O_CREAT : 0), 0600) :
		       open_dir(args[2]);
		if (verbs[i].run(j, &err) == 0)
			exit(0);
		fprintf(stderr, "treetool: %s\n", err.text);
		exit(1);
	}
	fputs("usage: treetool [-t THREADS] [-r] [-x] [-H] [-s SUMS] [-T TAG -f FOLDER] "
	      "VERB DIR [DIR]\n", stderr);
	exit(64);
}

int main(int argc, char **argv)
{
	struct job j = { .sums = -1, .folder = -1 };
	int c;

	while ((c = getopt(argc, argv, "t:rxlHs:T:f:3n:i:")) != -1) {
		switch (c) {
		case 't':
			j.opt.threads = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			j.opt.rotational = true;
			break;
		case 'H':
			j.no_hidden = true;
			break;
		case 'x':
			j.xattrs = true;
			break;
		case 'l':
			j.limits = true;
			break;
		case '3':
			j.ext3 = true;
			break;
		case 's':
			j.sums = open(optarg, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
			if (j.sums < 0) {
				perror(optarg);
				return 1;
			}
			break;
		case 'n':
			j.new_bytes = strtoull(optarg, NULL, 10);
			break;
		case 'i':
			j.inodes = strtoull(optarg, NULL, 10);
			break;
		case 'T':
			j.tag = optarg;
			break;
		case 'f':
			j.folder = open_dir(optarg);
			break;
		default:
			return 64;
		}
	}
	stop_install();
	run(&j, argc - optind, argv + optind);
	return 0;
}
