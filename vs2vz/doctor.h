/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `vs2vz doctor`: what this kernel, these libraries and this host's OpenVZ can, and what
 * each command lacks because of it. A line is a question with its answer and the evidence
 * for it; what cannot be seen (without root, of a host that is only mounted) is unknown
 * and says why. Looks only: nothing is written, no program is run.
 *
 * Areas are files: doctor_kernel.c, doctor_node.c, doctor_system.c; each has const rows.
 */
#ifndef VS2VZ_DOCTOR_H
#define VS2VZ_DOCTOR_H

#include "openvz/service.h"
#include "session.h"

#define DOCTOR_FORMAT "1.0"

enum doctor_answer { DOCTOR_NO, DOCTOR_YES, DOCTOR_UNKNOWN };

struct doctor_line {
	const char *area, *name;
	enum doctor_answer answer;
	const char *seen;	/* the evidence; printable */
	bool needed;		/* convert is refused here where the answer is no */
	const char *commands;	/* which ones lack something: "convert undo"; "": none */
	const char *lacks;	/* what; NULL: nothing where the answer is yes */
	const char *cure;	/* NULL: there is none, or none is needed */
};

struct doctor {
	struct session *s;
	struct root real;	/* "/" of this machine: its kernel, its programs */
	const char *blind;	/* why the host could not be read; NULL: it could */
	const char *release;	/* of the running kernel */
	struct vz_service service;
	size_t nr, cap;
	struct doctor_line *line;
};

/* One question. answer() sets *seen, printable; arg is the row's own. */
struct doctor_row {
	const char *name;
	enum doctor_answer (*answer)(struct doctor *d, const char *arg, const char **seen);
	const char *arg;
	bool needed;
	const char *commands, *lacks, *cure;
};
void doctor_ask(struct doctor *d, const char *area, const struct doctor_row *row);
void doctor_add(struct doctor *d, const struct doctor_line *line);

/* Asks everything; d->s has roots, settings and report, d->real is open. */
void doctor_look(struct doctor *d);

/* The areas. */
void doctor_kernel(struct doctor *d);
void doctor_libraries(struct doctor *d);
void doctor_node(struct doctor *d);
void doctor_programs(struct doctor *d);
void doctor_places(struct doctor *d);
void doctor_limits(struct doctor *d);

/* Is something there, below a root? *seen tells why not. */
enum doctor_answer doctor_exists(const struct doctor *d, const struct root *root,
				 const char *path, const char **seen);
/* The version that the package manager, or the documentation's directory, tells; NULL. */
const char *doctor_package(const struct doctor *d, const struct root *root, const char *name);

/* Is anything that convert needs missing? */
bool doctor_is_fit(const struct doctor *d);
const char *doctor_answer_word(enum doctor_answer answer);

/* Texts (report_doctor.c) and the document docs/schema/doctor-1.0.json. */
void report_doctor(struct buf *out, const struct doctor *d, const struct text_style *style);
void report_json_doctor(struct buf *out, const struct doctor *d);
/* Version of the JSON library. */
const char *report_json_library(void);

#endif
