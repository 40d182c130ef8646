/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_card ROOT.tar BOOT.tar OUT: a card as of rpi3 from two archives, with OUT.map and OUT.bmap
 * beside it. What tests/bench/card.sh measures.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "image/image.h"
#include "rootfs/tree/tar.h"

#define EPOCH 1700000000

static int load(const char *path, struct lkb_tree **ret, struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = NULL;
	lkb_auto(lkb_tree) tree = lkb_tree_new();

	if (lkb_blob_open(path, &blob, err) != 0)
		return -1;

	struct lkb_data data = {.blob = blob, .len = lkb_blob_size(blob)};

	if (lkb_tar_to_tree(&data, tree, "", err) != 0)
		return -1;
	*ret = LKB_STEAL(tree);
	return 0;
}

static int put_tail(void *ctx, const struct lkb_verity *v, uint8_t block[4096],
		    struct lkb_error *err)
{
	memcpy(block, v->root.b, sizeof(v->root.b));
	return 0;
}

static int write_text(const char *out, const char *suffix, const struct lkb_str *text,
		      struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s%s", out, suffix);

	return lkb_write_file(path, text->s, text->len, 0644, err);
}

static int write_card(struct lkb_disk *d, const char *out, struct lkb_error *err)
{
	lkb_autofd fd = open(out, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	lkb_auto(lkb_map) map = NULL;
	lkb_autostr map_text = {0}, bmap_text = {0};

	if (fd < 0)
		return lkb_fail_errno(err, "cannot create '%s'", out);
	if (lkb_layout(d, err) != 0 || lkb_disk_write(d, fd, out, NULL, &map, err) != 0)
		return -1;
	lkb_map_format(map, &map_text);
	lkb_map_format_bmap(map, &bmap_text);
	if (write_text(out, ".map", &map_text, err) != 0 ||
	    write_text(out, ".bmap", &bmap_text, err) != 0)
		return -1;
	printf("%s: %llu bytes, %zu ranges, %llu data, %llu zero and %llu free blocks\n", out,
	       (unsigned long long)map->size, map->n_ranges,
	       (unsigned long long)lkb_map_count(map, LKB_MAP_DATA),
	       (unsigned long long)lkb_map_count(map, LKB_MAP_ZERO),
	       (unsigned long long)lkb_map_count(map, LKB_MAP_FREE));
	return 0;
}

static int run(char **argv, struct lkb_error *err)
{
	lkb_auto(lkb_tree) root = NULL;
	lkb_auto(lkb_tree) boot = NULL;
	lkb_auto(lkb_tree) data = lkb_tree_new();

	if (load(argv[1], &root, err) != 0 || load(argv[2], &boot, err) != 0)
		return -1;

	struct lkb_disk d = {
		.parts = {
			{.name = "boot", .mbr_type = 0x0c, .bootable = true, .fs = LKB_FS_FAT32,
			 .tree = lkb_tree_root(boot), .label = "BOOT", .min_size = 64 * LKB_MIB},
			{.name = "slot-a", .mbr_type = 0x83, .fs = LKB_FS_EXT4,
			 .tree = lkb_tree_root(root), .label = "slot-a", .headroom_percent = 25,
			 .min_size = 192 * LKB_MIB, .read_only = true, .tail = put_tail},
			{.name = "slot-b", .mbr_type = 0x83, .same_size_as = 2, .tail = put_tail},
			{.name = "data", .mbr_type = 0x83, .fs = LKB_FS_EXT4,
			 .tree = lkb_tree_root(data), .label = "data", .min_size = 32 * LKB_MIB},
		},
		.n_parts = 4,
		.align = 4 * LKB_MIB,
		.first = 16 * LKB_MIB,
		.epoch = EPOCH,
	};

	return write_card(&d, argv[3], err);
}

int main(int argc, char **argv)
{
	struct lkb_error err = {0};

	if (argc != 4) {
		fprintf(stderr, "usage: bench_card ROOT.tar BOOT.tar OUT\n");
		return 2;
	}
	if (run(argv, &err) != 0) {
		fprintf(stderr, "bench_card: %s\n", err.message);
		return 1;
	}
	return 0;
}
