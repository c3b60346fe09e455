/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which bytes may reach a terminal or a report as they are.
 */
#ifndef VS2VZ_BASE_UTF8_H
#define VS2VZ_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Length of the printable character at the start of the text: shortest-form UTF-8
 * without C0, DEL, C1, surrogates, line and paragraph separators and bidirectional
 * controls. 0: the first byte must be escaped.
 */
size_t utf8_printable(const char *text);
/* Is the whole text valid UTF-8, control characters allowed? */
bool utf8_valid(const char *text);

#endif
