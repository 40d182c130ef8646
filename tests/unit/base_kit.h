/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_TESTS_UNIT_BASE_KIT_H
#define LKB_TESTS_UNIT_BASE_KIT_H

/* What the tests of base/, cmd/ and plan/ share: one error, a private directory for each test, and
 * files in it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

static struct lkb_error err;
static struct lkb_tmpdir dir;

/* Fails the test with the error's own words. */
#define OK(call) \
	do { \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, err.message); \
	} while (0)

/* The call fails with this kind, and its message and hint have these words. */
#define FAILS(call, want, words, hint_words) \
	do { \
		err = (struct lkb_error){0}; \
		assert_int_equal(call, -1); \
		if (err.kind != (want) || !strstr(err.message, words) || \
		    !strstr(err.hint, hint_words)) \
			fail_msg("%s: kind %d, '%s', hint '%s'", #call, (int)err.kind, \
				 err.message, err.hint); \
	} while (0)

static inline int make_dir(void **state)
{
	dir = (struct lkb_tmpdir){0};
	err = (struct lkb_error){0};
	OK(lkb_tmpdir_make(&dir, &err));
	return 0;
}

static inline int remove_dir(void **state)
{
	lkb_tmpdir_clear(&dir);
	return 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

/* A name in the test's directory; good until it is called for the eighth time after. */
static inline const char *in_dir(const char *name)
{
	static char names[8][4096];
	static unsigned next;
	char *p = names[next++ % LKB_ARRAY_SIZE(names)];

	snprintf(p, sizeof(names[0]), "%s/%s", dir.path, name);
	return p;
}

static inline void make_bytes(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

static inline void make(const char *path, const char *text)
{
	make_bytes(path, text, strlen(text));
}

static inline bool there(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/* The caller frees it. */
static inline char *slurp(const char *path)
{
	char *text = NULL;
	size_t n;

	OK(lkb_read_file(path, 64 << 20, &text, &n, &err));
	return text;
}

static inline void expect_contents(const char *path, const char *text)
{
	lkb_autofree char *is = slurp(path);

	assert_string_equal(is, text);
}

static inline void expect_words(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' is not in:\n%s", words, text);
}

/* Runs f in a child of its own; its exit code, or minus the signal that ended it. */
static inline int in_child(int (*f)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(f());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#endif
