/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error texts, and bytes made printable. Knows nothing of what failed; prints
 * only when the program itself is at its end (die).
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

int fail(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->code = 0;
	return -1;
}

int fail_code(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->code = code;
	return -1;
}

int fail_errno(struct err *err, const char *fmt, ...)
{
	int code = errno;
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", strerror(code));
	err->code = code;
	errno = code;
	return -1;
}

void err_add(struct err *err, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	va_list ap;
	size_t len;

	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", old);
}

bool err_is_absent(const struct err *err)
{
	return err->code == ENOENT || err->code == ENOTDIR;
}

void err_clear(struct err *err)
{
	err->code = 0;
	err->text[0] = '\0';
}

void die(const char *fmt, ...)
{
	va_list ap;

	fputs("vs2vz: internal error: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nvs2vz: everything done so far is in the journal; `vs2vz status` tells how to go on\n",
	      stderr);
	_exit(3);
}

#define SHOW_BUFFERS 8
#define SHOW_SIZE 400

const char *show(const char *bytes)
{
	static __thread char ring[SHOW_BUFFERS][SHOW_SIZE];
	static __thread unsigned turn;
	char *out = ring[turn++ % SHOW_BUFFERS];
	size_t len = 0;

	if (!bytes)
		return "(none)";
	while (*bytes) {
		size_t n = utf8_printable(bytes);

		if (len + (n ? n : 4) + sizeof("...") > SHOW_SIZE) {
			memcpy(out + len, "...", 4);
			return out;
		}
		if (n) {
			memcpy(out + len, bytes, n);
			len += n;
			bytes += n;
		} else {
			len += (size_t)snprintf(out + len, 5, "\\x%02X", (unsigned char)*bytes);
			bytes++;
		}
	}
	out[len] = '\0';
	return out;
}
