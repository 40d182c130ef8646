/* SPDX-License-Identifier: Apache-2.0 */
/* Beginnings of blobs must not fill the disk: the newest stay. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/size.h"
#include "rootfs/oci/pull_priv.h"

#define KEPT_FILES 64
#define KEPT_BYTES (4 * LKB_GIB)

struct part {
	char *name; /* owned */
	uint64_t size;
	int64_t changed;
};

static int newest_first(const void *a, const void *b)
{
	const struct part *pa = a, *pb = b;

	return pa->changed < pb->changed ? 1 : pa->changed > pb->changed ? -1 :
	       strcmp(pa->name, pb->name);
}

/* Whoever holds the lock writes it. */
static void remove_part(int dir_fd, const char *name)
{
	lkb_autofd fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
		unlinkat(dir_fd, name, 0);
}

static size_t list_parts(DIR *dir, struct part **ret)
{
	struct part *parts = NULL;
	size_t n = 0, cap = 0;
	struct dirent *e;
	struct stat st;

	while ((e = readdir(dir))) {
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode))
			continue;
		LKB_GROW(parts, n, cap);
		parts[n++] = (struct part){ lkb_strdup(e->d_name), (uint64_t)st.st_size,
					    st.st_mtime };
	}
	*ret = parts;
	return n;
}

void lkb_partial_sweep(const struct lkb_store *s)
{
	lkb_autofree char *path = lkb_format("%s/partial", s->dir);
	DIR *dir = opendir(path);
	struct part *parts;
	uint64_t sum = 0;
	size_t n;

	if (!dir)
		return;
	n = list_parts(dir, &parts);
	if (n)
		qsort(parts, n, sizeof(*parts), newest_first);
	for (size_t i = 0; i < n; i++) {
		sum += parts[i].size;
		if (i >= KEPT_FILES || sum > KEPT_BYTES)
			remove_part(dirfd(dir), parts[i].name);
		free(parts[i].name);
	}
	free(parts);
	closedir(dir);
}
