/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of templates/ that become part of the program: made by the GNUmakefile.
 * A word between two '@' is a place to fill in, see template_fill().
 */
#ifndef VS2VZ_DECIDE_TEMPLATES_H
#define VS2VZ_DECIDE_TEMPLATES_H

#include "base/buf.h"

extern const char template_ct_mount[];
extern const char template_ct_umount[];
extern const char template_vps_premount[];
extern const char template_vps_postumount[];

struct template_word {
	const char *name;	/* without the '@' */
	const char *text;
};
/* words end with a NULL name; a place without a word is a bug and dies. */
void template_fill(struct buf *out, const char *template, const struct template_word *words);
/* One word of a shell, in single quotes; the text has no NUL. */
void template_quote(struct buf *out, const char *text);

#endif
