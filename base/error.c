/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void reset(struct lkb_error *err, enum lkb_error_kind kind)
{
	memset(err, 0, sizeof(*err));
	err->kind = kind;
}

int lkb_fail(struct lkb_error *err, enum lkb_error_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	reset(err, kind);
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	return -1;
}

static void hint_of_errno(struct lkb_error *err, int number)
{
	if (number == ENOSPC || number == EDQUOT)
		lkb_hint(err, "make room on that file system and run the same command again; "
			      "nothing half-written was left");
	else if (number == EFBIG)
		lkb_hint(err, "the file system or a limit (ulimit -f) allows no file this large");
	else if (number == EMFILE)
		lkb_hint(err, "raise the limit on open files: 'ulimit -n 65536'");
	else if (number == EROFS)
		lkb_hint(err, "that file system is mounted read-only");
}

int lkb_fail_errno(struct lkb_error *err, const char *fmt, ...)
{
	int number = errno;
	size_t used;
	va_list ap;

	if (!err)
		return -1;
	reset(err, LKB_IO);
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	used = strlen(err->message);
	snprintf(err->message + used, sizeof(err->message) - used, ": %s", strerror(number));
	hint_of_errno(err, number);
	return -1;
}

int lkb_context(struct lkb_error *err, const char *fmt, ...)
{
	char old[sizeof(err->message)];
	size_t used;
	va_list ap;

	if (!err)
		return -1;
	memcpy(old, err->message, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	used = strlen(err->message);
	snprintf(err->message + used, sizeof(err->message) - used, ": %s", old);
	return -1;
}

int lkb_hint(struct lkb_error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->hint[0])
		return -1;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return -1;
}

int lkb_at(struct lkb_error *err, const char *file, unsigned line, unsigned column)
{
	if (!err)
		return -1;
	snprintf(err->file, sizeof(err->file), "%s", file);
	err->line = line;
	err->column = column;
	return -1;
}

const char *lkb_error_kind_name(enum lkb_error_kind kind)
{
	switch (kind) {
	case LKB_OK:
		return "ok";
	case LKB_USAGE:
		return "usage";
	case LKB_INPUT:
		return "input";
	case LKB_IO:
		return "io";
	case LKB_NET:
		return "network";
	case LKB_TRUST:
		return "trust";
	case LKB_REFUSED:
		return "refused";
	case LKB_DIFFERS:
		return "differs";
	case LKB_DIDNT:
		return "did-not-happen";
	case LKB_MISSING:
		return "missing-program";
	case LKB_BUG:
		return "bug";
	case LKB_INTERRUPTED:
		return "interrupted";
	}
	return "bug";
}
