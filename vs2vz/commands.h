/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands: one row each in commands.c; the handlers are compositions of
 * session.h, work.h and the rooms below.
 */
#ifndef VS2VZ_COMMANDS_H
#define VS2VZ_COMMANDS_H

#include "options.h"

extern const struct command commands[];

/* Changing ones, in convert.c and back.c. */
int command_convert(struct session *s);
int command_resume(struct session *s);
int command_undo(struct session *s);
int command_commit(struct session *s);
int command_insulate(struct session *s);
int command_uninsulate(struct session *s);
int command_verify(struct session *s);
/* doctor.c */
int command_doctor(struct session *s);
/* `convert --dry-run` is this one. */
int command_plan(struct session *s);

#endif
