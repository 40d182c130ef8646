/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_TESTS_IMAGE_UTIL_H
#define LKB_TESTS_IMAGE_UTIL_H

/* What the tests of image/ share: scratch files, foreign judges, random trees. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/size.h"
#include "base/str.h"
#include "image/image.h"
#include "image/writer.h"
#include "rootfs/tree/tree.h"

#define EPOCH 1700000000
#define UNUSED __attribute__((unused))

/* A call that must succeed; on failure its error is shown. */
#define MUST(call) \
	do { \
		struct lkb_error must_err = {0}, *err = &must_err; \
		if ((call) != 0) \
			fail_msg("%s: %s", #call, must_err.message); \
	} while (0)

/* Where a test program keeps its files; made and removed by the group's setup and teardown. */
static struct lkb_tmpdir scratch;

static UNUSED int scratch_make(void **state)
{
	struct lkb_error err;

	return lkb_tmpdir_make(&scratch, &err);
}

static UNUSED int scratch_remove(void **state)
{
	lkb_tmpdir_clear(&scratch);
	return 0;
}

/* A path in the scratch directory; good until the next but seven. */
static UNUSED const char *in_scratch(const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *p = paths[next++ % 8];

	snprintf(p, sizeof(paths[0]), "%s/%s", scratch.path, name);
	return p;
}

static UNUSED int new_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	return fd;
}

static UNUSED bool have(const char *program)
{
	struct lkb_error err;
	lkb_autofree char *path = NULL;

	return lkb_proc_find(program, NULL, &path, &err) == 0;
}

#define NEED(program) \
	do { \
		if (!have(program)) { \
			print_message("%s is not installed\n", program); \
			skip(); \
		} \
	} while (0)

/* Runs a judge; its output is added to *out (which may be NULL). */
static UNUSED int judge(struct lkb_str *out, const char *const *argv, struct lkb_error *err)
{
	lkb_autostr ignored = {0};
	struct lkb_proc p = {.argv = argv, .max_output = 64 << 20};

	return lkb_proc_run(&p, out ? out : &ignored, err);
}

#define JUDGE(out, ...) MUST(judge((out), (const char *const[]){__VA_ARGS__, NULL}, err))

/* The digest of a file's bytes. */
static UNUSED struct lkb_sha256 digest_of_file(const char *path)
{
	static uint8_t buf[1 << 16];
	lkb_auto(lkb_hash) h = lkb_hash_new();
	lkb_autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		lkb_hash_add(h, buf, (size_t)n);
	return lkb_hash_done(h);
}

static UNUSED void assert_same_file(const char *a, const char *b)
{
	struct lkb_sha256 x = digest_of_file(a), y = digest_of_file(b);

	assert_true(lkb_sha256_equal(&x, &y));
}

/* Copies n bytes at `off` of a file to a new file of their own; zero blocks become holes. */
static UNUSED void cut(const char *from, uint64_t off, uint64_t n, const char *to)
{
	static uint8_t buf[1 << 16], zeros[1 << 16];
	lkb_autofd in = open(from, O_RDONLY | O_CLOEXEC);
	lkb_autofd out = new_file(to);

	assert_int_equal(ftruncate(out, (off_t)n), 0);
	for (uint64_t done = 0; done < n; done += sizeof(buf)) {
		size_t piece = n - done < sizeof(buf) ? (size_t)(n - done) : sizeof(buf);

		MUST(lkb_pread_full(in, buf, piece, off + done, from, err));
		if (memcmp(buf, zeros, piece) != 0)
			MUST(lkb_pwrite_full(out, buf, piece, done, to, err));
	}
}

/* ---- chance that repeats ---- */

static UNUSED uint64_t dice_state = 1;

static UNUSED uint64_t dice(uint64_t below)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return dice_state % below;
}

/* ---- trees ---- */

static UNUSED const struct lkb_meta file_meta = {.mode = 0644, .mtime = 1600000000};
static UNUSED const struct lkb_meta dir_meta = {.mode = 0755, .mtime = 1600000000};

/* A file of n bytes that depend on `salt`. */
static UNUSED void add_bytes(struct lkb_tree *t, const char *path, size_t n, unsigned salt)
{
	uint8_t *p = lkb_alloc(n ? n : 1);
	lkb_auto(lkb_blob) blob = NULL;
	uint32_t x = salt * 2654435761u + 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = (uint8_t)(x >> 24);
	}
	blob = lkb_blob_new_take(p, n);
	MUST(lkb_tree_add_file(t, path, &file_meta,
			       &(struct lkb_data){.blob = blob, .len = n}, NULL, err));
}

/* A tree as chance has it: all kinds of nodes, owners, modes, times, attributes. */
static UNUSED struct lkb_tree *random_tree(uint64_t seed, unsigned nodes)
{
	struct lkb_tree *t = lkb_tree_new();
	char dirs[64][256] = {""}, path[300];
	size_t n_dirs = 1;

	dice_state = seed * 2654435769u + 1;
	for (unsigned i = 0; i < nodes; i++) {
		struct lkb_meta m = {.mode = (uint32_t)dice(010000), .uid = (uint32_t)dice(100000),
				     .gid = (uint32_t)dice(100000),
				     .mtime = (int64_t)dice(2000000000)};
		struct lkb_inode *inode = NULL;
		char target[320];

		snprintf(path, sizeof(path), "%s%s%u", dirs[dice(n_dirs)], dice(2) ? "n" : "Name ",
			 i);
		memset(target, 'x', sizeof(target));
		target[1 + dice(sizeof(target) - 1)] = '\0';
		switch (dice(10)) {
		case 0:
			MUST(lkb_tree_add_dir(t, path, &m, &inode, err));
			if (n_dirs < 64)
				snprintf(dirs[n_dirs++], sizeof(dirs[0]), "%.254s/", path);
			break;
		case 1:
			MUST(lkb_tree_add_symlink(t, path, &m, target, &inode, err));
			break;
		case 2:
			MUST(lkb_tree_add_special(t, path, &m, LKB_NODE_CHAR,
						  (uint32_t)dice(600), (uint32_t)dice(70000),
						  &inode, err));
			break;
		case 3:
			MUST(lkb_tree_add_special(t, path, &m, LKB_NODE_FIFO, 0, 0, &inode, err));
			break;
		case 4:
			MUST(lkb_tree_add_file(t, path, &m, &(struct lkb_data){.blob = NULL},
					       &inode, err));
			snprintf(target, sizeof(target), "%s-again", path);
			MUST(lkb_tree_add_link(t, target, path, err));
			break;
		default:
			add_bytes(t, path, (size_t)dice(dice(8) ? 5000 : 3000000), i);
			inode = lkb_tree_lookup(t, path, false);
		}
		for (uint64_t x = dice(3) ? 0 : dice(4); x > 0; x--) {
			char name[32], value[300];

			snprintf(name, sizeof(name), "user.x%llu", (unsigned long long)x);
			memset(value, (int)('a' + x), sizeof(value));
			lkb_tree_set_xattr(t, inode, name, value, (size_t)dice(sizeof(value)));
		}
	}
	return t;
}

#endif
