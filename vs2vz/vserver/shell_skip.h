/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a shell command that is not understood reaches.
 */
#ifndef VS2VZ_VSERVER_SHELL_SKIP_H
#define VS2VZ_VSERVER_SHELL_SKIP_H

#include <stddef.h>

/*
 * Bytes of the command at text: to the end of its line, or of the compound command
 * (if, case, loops, braces, functions) or here-document that begins there. At least
 * one byte where there is any.
 */
size_t shell_skip(const char *text);

#endif
