/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted and what is swap: proc(5), /proc/PID/mountinfo and /proc/swaps. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/size.h"
#include "base/str.h"
#include "flash/blocks_priv.h"

#define TABLE_MAX  ((size_t)8 << 20)
#define MAX_MOUNTS 65536u
#define MAX_SWAPS  64u

/* A table of /proc, whose files have no size; LKB_IO. */
static int read_table(const char *root, const char *name, char **ret, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_below(root, name), *text = NULL;
	lkb_autofd fd = -1;
	size_t n;

	if (lkb_open_read(path, &fd, NULL, err))
		return -1;
	text = lkb_alloc(TABLE_MAX + 1);
	if (lkb_read_upto(fd, text, TABLE_MAX, &n, path, err))
		return -1;
	if (n == TABLE_MAX)
		return lkb_fail(err, LKB_IO, "'%s' is larger than %zu bytes", path, TABLE_MAX);
	*ret = LKB_STEAL(text);
	return 0;
}

/* Blanks, tabs, line ends and backslashes stand in these tables as \040 and so on. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* The words of a line, at most `most`; returns how many. The line is changed. */
static size_t split(char *line, char **words, size_t most)
{
	char *save = NULL, *word = strtok_r(line, " \t", &save);
	size_t n = 0;

	while (word && n < most) {
		words[n++] = word;
		word = strtok_r(NULL, " \t", &save);
	}
	return n;
}

static size_t node_of(const struct lkb_blocks *b, const struct lkb_mount *m)
{
	if (major(m->dev))
		return lkb_blocks_by_dev(b, m->dev);
	return lkb_starts_with(m->source, "/dev/") ? lkb_blocks_by_path(b, m->source)
						   : LKB_NO_NODE;
}

/* "26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw": any number of words before the dash. */
static bool parse_mount(struct lkb_blocks *b, char *line, struct lkb_mount *ret)
{
	char *words[64], **tail;
	size_t n = split(line, words, LKB_ARRAY_SIZE(words)), dash = 6;
	unsigned major, minor;

	while (dash < n && strcmp(words[dash], "-") != 0)
		dash++;
	if (dash + 3 > n || !lkb_u64_parse(words[0], &ret->id) ||
	    sscanf(words[2], "%u:%u", &major, &minor) != 2)
		return false;
	tail = words + dash + 1;
	unescape(words[4]);
	unescape(tail[1]);
	if (dash + 3 < n)
		unescape(tail[2]);
	ret->dev = makedev(major, minor);
	ret->point = lkb_arena_strdup(&b->arena, words[4]);
	ret->type = lkb_arena_strdup(&b->arena, tail[0]);
	ret->source = lkb_arena_strdup(&b->arena, tail[1]);
	ret->options = lkb_arena_strdup(&b->arena, dash + 3 < n ? tail[2] : "");
	ret->node = node_of(b, ret);
	return true;
}

static bool is_known(const struct lkb_blocks *b, const struct lkb_mount *m)
{
	for (size_t i = 0; i < b->n_own; i++)
		if (b->mounts[i].dev == m->dev && !strcmp(b->mounts[i].point, m->point))
			return true;
	return false;
}

static int parse_mounts(struct lkb_blocks *b, char *text, struct lkb_error *err)
{
	char *save = NULL, *line = strtok_r(text, "\n", &save);
	size_t n = 0;

	for (; line; line = strtok_r(NULL, "\n", &save)) {
		struct lkb_mount m = {0};

		n++;
		if (!parse_mount(b, line, &m))
			return lkb_fail(err, LKB_IO, "the table of mounts makes no sense in line "
						     "%zu", n);
		if (is_known(b, &m))
			continue;
		if (b->n_mounts == MAX_MOUNTS)
			return lkb_fail(err, LKB_IO, "there are more than %u mounts", MAX_MOUNTS);
		b->mounts[b->n_mounts++] = m;
	}
	return 0;
}

/* "/dev/dm-1 partition 8388604 0 -2" */
static int parse_swaps(struct lkb_blocks *b, char *text, struct lkb_error *err)
{
	char *save = NULL, *line = strtok_r(text, "\n", &save), *words[2];

	/* The first line says what the columns are. */
	while (line && (line = strtok_r(NULL, "\n", &save))) {
		struct lkb_swap *s = &b->swaps[b->n_swaps];
		const struct lkb_mount *on;

		if (split(line, words, 2) != 2)
			return lkb_fail(err, LKB_IO, "the table of swap space makes no sense in "
						     "line %zu", b->n_swaps + 2);
		if (b->n_swaps == MAX_SWAPS)
			return lkb_fail(err, LKB_IO, "there are more than %u swap spaces",
					MAX_SWAPS);
		unescape(words[0]);
		s->path = lkb_arena_strdup(&b->arena, words[0]);
		s->is_file = !strcmp(words[1], "file");
		on = s->is_file ? lkb_blocks_mount_of(b, s->path) : NULL;
		s->node = on ? on->node : s->is_file ? LKB_NO_NODE : lkb_blocks_by_path(b, s->path);
		b->n_swaps++;
	}
	return 0;
}

int lkb_blocks_mounts(struct lkb_blocks *b, struct lkb_error *err)
{
	lkb_autofree char *own = NULL, *first = NULL, *swaps = NULL;

	if (read_table(b->root, "/proc/self/mountinfo", &own, err)) {
		lkb_hint(err, "mount proc: without it nobody knows which disks are in use");
		return -1;
	}
	b->mounts = lkb_arena_array(&b->arena, MAX_MOUNTS, sizeof(*b->mounts));
	b->swaps = lkb_arena_array(&b->arena, MAX_SWAPS, sizeof(*b->swaps));
	if (parse_mounts(b, own, err))
		return -1;
	b->n_own = b->n_mounts;
	/* What the system itself has mounted, should we be in a mount namespace of our own: only
	 * root may look, and in a container there is another first process. */
	if (!read_table(b->root, "/proc/1/mountinfo", &first, NULL) && parse_mounts(b, first, err))
		return -1;
	/* A kernel without swap has no such table. */
	if (!read_table(b->root, "/proc/swaps", &swaps, NULL) && parse_swaps(b, swaps, err))
		return -1;
	return 0;
}
