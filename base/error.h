/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_ERROR_H
#define LKB_BASE_ERROR_H

/*
 * One error pattern for the whole program.
 *
 *	int lkb_thing_do(args..., T *ret_t, struct lkb_error *err);
 *
 * returns 0 when done and -1 when failed; on failure *err says why and no out-parameter was
 * touched. The struct lives on the caller's stack and owns nothing, so there is nothing to free.
 * lkb_fail() is called where the fault is found, lkb_context() on the way up, lkb_hint() by
 * whoever knows what the user can do about it. Only cmd/ prints.
 */

/* The kinds are the exit codes of docs/man/lkboard.1; a number never changes its meaning. */
enum lkb_error_kind {
	LKB_OK = 0,
	LKB_USAGE = 2,       /* the command line is wrong */
	LKB_INPUT = 3,       /* a spec, image, archive, ... is wrong */
	LKB_IO = 4,          /* reading or writing failed */
	LKB_NET = 5,         /* the network failed */
	LKB_TRUST = 6,       /* a digest, signature or policy does not fit */
	LKB_REFUSED = 7,     /* a guard said no */
	LKB_DIFFERS = 8,     /* contents are not what they should be */
	LKB_DIDNT = 9,       /* what was waited for did not happen */
	LKB_MISSING = 10,    /* a program that is needed is not installed */
	LKB_BUG = 70,        /* a fault of lkboard itself */
	LKB_INTERRUPTED = 130
};

struct lkb_error {
	enum lkb_error_kind kind;
	char message[1024]; /* one line, no capital, no full stop, the thing quoted */
	char hint[512];     /* what to do about it, or "" */
	char file[256];     /* where in the user's input, or "" */
	unsigned line;      /* 1-based; 0 = not known */
	unsigned column;    /* 1-based; 0 = not known */
};

#define LKB_PRINTF(fmt_arg, first) __attribute__((format(printf, fmt_arg, first)))

/* Sets *err and returns -1, so that `return lkb_fail(...)` reads as what it is.
 * A NULL err is allowed everywhere: the caller does not want to know. */
int lkb_fail(struct lkb_error *err, enum lkb_error_kind kind, const char *fmt, ...)
	LKB_PRINTF(3, 4);

/* The same for a failed system call: appends ": " and the text of the current errno. ENOSPC and
 * EDQUOT add a hint of their own. Kind is LKB_IO. */
int lkb_fail_errno(struct lkb_error *err, const char *fmt, ...) LKB_PRINTF(2, 3);

/* Puts "CONTEXT: " before the message. Returns -1. */
int lkb_context(struct lkb_error *err, const char *fmt, ...) LKB_PRINTF(2, 3);

/* Sets the hint; the hint that is nearest to the fault wins: a set one stays. Returns -1. */
int lkb_hint(struct lkb_error *err, const char *fmt, ...) LKB_PRINTF(2, 3);

/* Says where in the user's input the fault is. Returns -1. */
int lkb_at(struct lkb_error *err, const char *file, unsigned line, unsigned column);

/* The stable name of a kind in JSON output: "usage", "input", "io", ... Never NULL. */
const char *lkb_error_kind_name(enum lkb_error_kind kind);

#endif
