/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_flatten STORE REF OUT: an image of the store for amd64 as one flattened tar. What
 * tests/bench/pull.sh measures.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "rootfs/oci/store.h"
#include "rootfs/tree/tar.h"

struct target {
	int fd;
	const char *name;
};

static int take(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	const struct target *t = ctx;

	return lkb_write_full(t->fd, p, n, t->name, err);
}

static int run(char **argv, struct lkb_error *err)
{
	static const struct lkb_platform amd64 = {.arch = "amd64"};
	lkb_autofd fd = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct target target = {fd, argv[3]};
	lkb_auto(lkb_store) store = NULL;
	lkb_auto(lkb_image) image = NULL;
	lkb_auto(lkb_tree) tree = NULL;

	if (fd < 0)
		return lkb_fail_errno(err, "cannot create '%s'", argv[3]);
	if (lkb_store_open(argv[1], &store, err) != 0 ||
	    lkb_store_resolve(store, argv[2], &amd64, &image, err) != 0 ||
	    lkb_store_image_tree(store, image, NULL, &tree, err) != 0)
		return -1;
	return lkb_tar_write(lkb_tree_root(tree), UINT32_MAX, take, &target, err);
}

int main(int argc, char **argv)
{
	struct lkb_error err = {0};

	if (argc != 4) {
		fprintf(stderr, "usage: bench_flatten STORE REF OUT\n");
		return 2;
	}
	if (run(argv, &err) != 0) {
		fprintf(stderr, "bench_flatten: %s\n", err.message);
		return 1;
	}
	return 0;
}
