/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show() without its limit: for what is kept (findings, reports, the log file), where
 * a text that is cut could not be found again.
 */
#ifndef VS2VZ_BASE_SHOWN_H
#define VS2VZ_BASE_SHOWN_H

#include "base/buf.h"
#include "base/pool.h"

/* Append the bytes, what is not printable as \xHH. Printable text comes out unchanged. */
void shown_add(struct buf *out, const char *bytes);
/* The same in a pool; NULL for NULL. */
char *shown_dup(struct pool *pool, const char *bytes);

#endif
