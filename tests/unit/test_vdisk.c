/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/wait.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/ext/compress.h"
#include "image/formats/vdisk.h"
#include "tests/unit/image_util.h"

/* Virtual disks of made-up images: judged and read back by QEMU, 7-Zip, tar and gzip, and their bytes
 * pinned. */

#define BLOCK 4096u
#define CLUSTER (64 * LKB_KIB)

static const struct lkb_sha256 seed = {{7}};

/* ---- images ---- */

/* Where an image has data; the rest is free. */
struct shape {
	const char *name;
	uint64_t size;
	struct {
		uint64_t off, n;
	} data[6]; /* n = 0 ends it */
};

static const struct shape shapes[] = {
	{"one-block", BLOCK, {{0, BLOCK}}},
	{"nothing", 3 * LKB_MIB, {{0, 0}}},
	{"all-data", 3 * LKB_MIB, {{0, 3 * LKB_MIB}}},
	{"odd-size", 3 * CLUSTER + BLOCK, {{CLUSTER + BLOCK, BLOCK}, {3 * CLUSTER, BLOCK}}},
	/* over the ends of grain tables (32 MiB) and in the middle of units */
	{"mixed", 70 * LKB_MIB + 3 * BLOCK,
	 {{0, BLOCK}, {LKB_MIB - BLOCK, 3 * LKB_MIB}, {31 * LKB_MIB, 2 * LKB_MIB},
	  {66 * LKB_MIB + BLOCK, BLOCK}, {70 * LKB_MIB, 3 * BLOCK}}},
	/* over an L2 table (512 MiB) and 4 GiB */
	{"large", 4 * LKB_GIB + 300 * LKB_MIB,
	 {{0, LKB_MIB}, {512 * LKB_MIB - BLOCK, 2 * BLOCK}, {LKB_GIB, CLUSTER},
	  {4 * LKB_GIB - CLUSTER, 2 * CLUSTER}, {4 * LKB_GIB + 300 * LKB_MIB - BLOCK, BLOCK}}},
};

static const struct shape *shape_of(const char *name)
{
	size_t i = 0;

	while (strcmp(shapes[i].name, name))
		i++;
	return &shapes[i];
}

struct image {
	char path[512];
	int fd;
	struct lkb_map *map;
	struct lkb_vdisk_in in;
};

/* Bytes that deflate, but not to nothing; no block of them is zero. */
static void fill(uint8_t *p, size_t n, uint64_t at)
{
	uint32_t x = (uint32_t)(at / BLOCK) * 2654435761u + 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = i % 64 < 40 ? (uint8_t)(x >> 28 | 0x40) : (uint8_t)(i / 64);
	}
}

static void image_init(struct image *m, const struct shape *s)
{
	lkb_auto(lkb_writer) w = NULL;
	uint8_t b[BLOCK];

	snprintf(m->path, sizeof(m->path), "%s/%s.img", scratch.path, s->name);
	m->fd = new_file(m->path);
	MUST(lkb_writer_new(m->fd, m->path, s->size, &w, err));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(s->data); i++)
		for (uint64_t off = 0; off < s->data[i].n; off += BLOCK) {
			fill(b, BLOCK, s->data[i].off + off);
			MUST(lkb_writer_put(w, s->data[i].off + off, b, BLOCK, "x", err));
		}
	MUST(lkb_writer_finish(w, &m->map, err));
	m->in = (struct lkb_vdisk_in){.fd = m->fd, .name = m->path, .map = m->map, .seed = &seed,
				      .epoch = EPOCH};
}

static void image_clear(struct image *m)
{
	close(m->fd);
	unlink(m->path);
	lkb_map_free(m->map);
}
#define AUTO_IMAGE __attribute__((cleanup(image_clear))) struct image

/* Writes it and checks what was said about it; the path is good until the next but seven. */
static const char *convert(const char *format, const struct lkb_vdisk_in *in,
			   struct lkb_vdisk_file *ret)
{
	const char *path = in_scratch(format);
	lkb_autofd fd = new_file(path);
	struct lkb_sha256 digest;
	struct stat st;

	MUST(lkb_vdisk_write(lkb_vdisk_find(format), in, fd, path, NULL, ret, err));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, ret->size);
	if (ret->size < 256 * LKB_MIB) {
		digest = digest_of_file(path);
		assert_true(lkb_sha256_equal(&digest, &ret->digest));
	}
	return path;
}

/* ---- judges ---- */

static const char *qemu_name(const char *format)
{
	return strstr(format, "vhd") ? "vpc" : format;
}

/* It reads as the raw image and zeros behind, and as nothing else. */
static void qemu_img_agrees(const char *format, const struct image *m)
{
	struct lkb_vdisk_file file;
	const char *path = convert(format, &m->in, &file), *back = in_scratch("back.img");
	uint64_t size;
	lkb_autofree char *says = NULL;
	lkb_autostr out = {0}, info = {0};

	MUST(lkb_vdisk_size(lkb_vdisk_find(format), m->map->size, &size, err));
	says = lkb_format("\"virtual-size\": %llu,", (unsigned long long)size);
	JUDGE(&info, "qemu-img", "info", "-f", qemu_name(format), "--output=json", path);
	assert_non_null(strstr(info.s, says));
	if (!strstr(format, "vhd")) { /* there is no check for those */
		JUDGE(&out, "qemu-img", "check", "-f", qemu_name(format), path);
		assert_non_null(strstr(out.s, "No errors were found"));
	}
	JUDGE(NULL, "qemu-img", "compare", "-f", "raw", "-F", qemu_name(format), m->path, path);
	if (size == m->map->size && size < LKB_GIB) {
		JUDGE(NULL, "qemu-img", "convert", "-f", qemu_name(format), "-O", "raw", path, back);
		assert_same_file(back, m->path);
		unlink(back);
	}
	unlink(path);
}

static void qemu_img_reads_every_shape(void **state)
{
	NEED("qemu-img");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(shapes); i++) {
		AUTO_IMAGE m = {0};

		image_init(&m, &shapes[i]);
		for (size_t f = 0; lkb_vdisks[f]; f++)
			if (strcmp(lkb_vdisks[f]->name, "gcp"))
				qemu_img_agrees(lkb_vdisks[f]->name, &m);
	}
}

static void seven_zip_reads_them(void **state)
{
	static const struct {
		const char *format, *type;
	} cases[] = {
		{"qcow2", "-tqcow"}, {"vhd", "-tvhd"}, {"dynamic-vhd", "-tvhd"}, {"vmdk", "-tvmdk"},
	};
	AUTO_IMAGE m = {0};

	NEED("7zz");
	image_init(&m, shape_of("mixed"));
	/* Whole MiB for a VHD, whole grains for a VMDK: as large as the largest. */
	assert_int_equal(ftruncate(m.fd, 71 * LKB_MIB), 0);
	m.map->size = 71 * LKB_MIB;
	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_vdisk_file file;
		const char *path = convert(cases[i].format, &m.in, &file);

		JUDGE(NULL, "7zz", "t", cases[i].type, path);
		JUDGE(NULL, "sh", "-c", "7zz e -so \"$0\" \"$1\" | cmp - \"$2\"", cases[i].type, path,
		      m.path);
		unlink(path);
	}
}

static void tar_reads_an_import(void **state)
{
	AUTO_IMAGE m = {0};
	struct lkb_vdisk_file file;
	lkb_autostr list = {0};
	const char *path;

	NEED("tar");
	image_init(&m, shape_of("mixed"));
	path = convert("gcp", &m.in, &file);
	assert_int_equal(ftruncate(m.fd, LKB_GIB), 0);
	assert_true(file.size < 8 * LKB_MIB);
	JUDGE(&list, "sh", "-c", "{ tar --full-time --utc --numeric-owner -xvvOzf \"$0\" | "
				 "cmp - \"$1\"; } 2>&1", path, m.path);
	assert_string_equal(list.s,
			    "-rw-r--r-- 0/0      1073741824 2023-11-14 22:13:20 disk.raw\n");
}

/* ---- the bytes ---- */

static void the_bytes_are_pinned(void **state)
{
	static const struct {
		const char *format, *digest;
	} cases[] = {
		{"qcow2", "3a5238a86e95baec51ee3faacc2bb095f66975492ef3151485cba29ba8f85e87"},
		{"vhd", "da0852fce800344b10e895e202dc65173d589723baa966ee7e87fea9e4e6919b"},
		{"dynamic-vhd", "6427918527b1c2b756fb7e90ce95ac913c844162a137c54a6e6d5689ad7cafbd"},
		{"vmdk", "7b941b02cf9efe391818e0ee9c393e0a8f5e3453987244a039aaff39d919f626"},
		{"gcp", "864471da62907b83ed74717b5eb44c82909092225085986d68dd7e0e1d158689"},
	};
	AUTO_IMAGE m = {0};

	image_init(&m, shape_of("mixed"));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_vdisk_file file;
		bool deflates = i >= 3;

		convert(cases[i].format, &m.in, &file);
		if (!deflates || !strcmp(zlibVersion(), "1.2.13"))
			assert_string_equal(lkb_sha256_text(&file.digest).s, cases[i].digest);
	}
}

/* What a range holds that the map calls free, and how ranges are cut, does not matter. */
static void the_maps_word_counts(void **state)
{
	AUTO_IMAGE clean = {0};
	AUTO_IMAGE dirty = {0};
	struct shape s = *shape_of("odd-size");
	uint8_t junk[BLOCK];

	memset(junk, 'j', sizeof(junk));
	image_init(&clean, &s);
	s.name = "dirty";
	image_init(&dirty, &s);
	MUST(lkb_pwrite_full(dirty.fd, junk, BLOCK, CLUSTER, dirty.path, err));
	MUST(lkb_pwrite_full(dirty.fd, junk, BLOCK, 0, dirty.path, err));
	for (size_t i = 0; lkb_vdisks[i]; i++) {
		struct lkb_vdisk_file a, b;

		convert(lkb_vdisks[i]->name, &clean.in, &a);
		convert(lkb_vdisks[i]->name, &dirty.in, &b);
		assert_true(lkb_sha256_equal(&a.digest, &b.digest));
	}
}

static void seed_and_time_are_in_those_that_have_them(void **state)
{
	static const struct {
		const char *format;
		bool has_seed, has_time;
	} cases[] = {
		{"qcow2", false, false}, {"vhd", true, true}, {"dynamic-vhd", true, true},
		{"vmdk", true, false}, {"gcp", false, true},
	};
	const struct lkb_sha256 other = {{8}};
	AUTO_IMAGE m = {0};

	image_init(&m, shape_of("odd-size"));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_vdisk_in seeded = m.in, timed = m.in;
		struct lkb_vdisk_file a, b, c;

		seeded.seed = &other;
		timed.epoch++;
		convert(cases[i].format, &m.in, &a);
		convert(cases[i].format, &seeded, &b);
		convert(cases[i].format, &timed, &c);
		assert_int_equal(!lkb_sha256_equal(&a.digest, &b.digest), cases[i].has_seed);
		assert_int_equal(!lkb_sha256_equal(&a.digest, &c.digest), cases[i].has_time);
	}
}

/* The same through a pipe, which has no holes and no way back. */
static void a_pipe_gets_the_same(void **state)
{
	AUTO_IMAGE m = {0};

	image_init(&m, shape_of("mixed"));
	for (size_t i = 0; lkb_vdisks[i]; i++) {
		const struct lkb_vdisk_ops *ops = lkb_vdisks[i];
		struct lkb_vdisk_file file;
		const char *path = convert(ops->name, &m.in, &file);
		const char *piped = in_scratch("piped");
		int ends[2], status;
		pid_t pid;

		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0) {
			close(ends[0]);
			_exit(lkb_vdisk_write(ops, &m.in, ends[1], "pipe", NULL, &file, NULL) != 0);
		}
		close(ends[1]);
		{
			lkb_autofd out = new_file(piped);
			static char buf[1 << 16];
			ssize_t n;

			while ((n = read(ends[0], buf, sizeof(buf))) > 0)
				MUST(lkb_write_full(out, buf, (size_t)n, piped, err));
			close(ends[0]);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_same_file(path, piped);
	}
}

/* ---- sizes ---- */

/* An image of nothing but perhaps its last block: the map of it is enough. */
struct huge {
	struct lkb_map_range ranges[2];
	struct lkb_map map;
	struct lkb_vdisk_in in;
};

static void huge_init(struct huge *h, uint64_t size, int fd)
{
	uint64_t blocks = size / BLOCK;

	*h = (struct huge){
		.ranges = {{.class = LKB_MAP_FREE, .count = blocks - 1, .name = ""},
			   {.class = fd >= 0 ? LKB_MAP_DATA : LKB_MAP_FREE, .start = blocks - 1,
			    .count = 1, .name = ""}},
		.map = {.size = size, .n_ranges = 2},
		.in = {.fd = fd, .name = "huge.img", .seed = &seed, .epoch = EPOCH},
	};
	h->map.ranges = h->ranges;
	h->in.map = &h->map;
}

static void the_largest_are_right_at_their_end(void **state)
{
	static const struct {
		const char *format;
		uint64_t size;
	} cases[] = {
		{"qcow2", 4096 * LKB_GIB}, {"dynamic-vhd", 2040 * LKB_GIB}, {"vmdk", 2000 * LKB_GIB},
	};

	NEED("qemu-io");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		unsigned long long last = cases[i].size - BLOCK;
		lkb_autofree char *data = lkb_format("read -P 0x5a %llu %u", last, BLOCK);
		lkb_autofree char *none = lkb_format("read -P 0 %llu %u", last - BLOCK, BLOCK);
		const char *raw = in_scratch("huge.img"), *path;
		lkb_autofd fd = new_file(raw);
		struct lkb_vdisk_file file;
		lkb_autostr out = {0};
		struct huge h;
		uint8_t b[BLOCK];

		if (ftruncate(fd, (off_t)cases[i].size) < 0) {
			print_message("no file of %s here\n", lkb_size_text(cases[i].size).s);
			skip();
		}
		memset(b, 0x5a, BLOCK);
		MUST(lkb_pwrite_full(fd, b, BLOCK, last, raw, err));
		huge_init(&h, cases[i].size, fd);
		path = convert(cases[i].format, &h.in, &file);
		assert_true(file.size < 16 * LKB_MIB);
		JUDGE(&out, "qemu-io", "-r", "-f", qemu_name(cases[i].format), "-c", data, "-c", none,
		      path);
		assert_null(strstr(out.s, "failed"));
		assert_non_null(strstr(strstr(out.s, "read 4096/4096") + 1, "read 4096/4096"));
	}
}

static void too_large_is_refused(void **state)
{
	static const struct {
		const char *format, *message;
		uint64_t max;
	} cases[] = {
		{"qcow2", "'x': a disk of 2.0 PiB is too large for format 'qcow2', which ends at "
			  "2.0 PiB", 2048 * 1024 * LKB_GIB},
		{"vhd", "'x': a disk of 2.0 TiB is too large for format 'vhd', which ends at "
			"2.0 TiB", 2040 * LKB_GIB},
		{"dynamic-vhd", "'x': a disk of 2.0 TiB is too large for format 'dynamic-vhd', "
				"which ends at 2.0 TiB", 2040 * LKB_GIB},
		{"vmdk", "'x': a disk of 2.0 TiB is too large for format 'vmdk', which ends at "
			 "2.0 TiB", 2000 * LKB_GIB},
		{"gcp", "'x': a disk of 2.0 TiB is too large for format 'gcp', which ends at "
			"2.0 TiB", 2048 * LKB_GIB},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		const struct lkb_vdisk_ops *ops = lkb_vdisk_find(cases[i].format);
		struct lkb_vdisk_file file = {.size = 1};
		struct lkb_error e = {0};
		struct huge h;
		uint64_t size;

		MUST(lkb_vdisk_size(ops, cases[i].max - BLOCK, &size, err));
		assert_int_equal(size, ops->unit <= BLOCK ? cases[i].max - BLOCK : cases[i].max);
		huge_init(&h, cases[i].max + BLOCK, -1);
		assert_int_equal(lkb_vdisk_write(ops, &h.in, -1, "x", NULL, &file, &e), -1);
		assert_int_equal(e.kind, LKB_INPUT);
		assert_string_equal(e.message, cases[i].message);
		assert_string_equal(e.hint, "make its partitions smaller, or build a raw image");
		assert_int_equal(file.size, 1);
	}
	assert_null(lkb_vdisk_find("raw"));
}

/* Calculated by hand from the specification's appendix. */
static void a_vhd_has_the_geometry_of_its_size(void **state)
{
	static const struct {
		uint64_t mib;
		uint16_t cylinders;
		uint8_t heads, sectors;
	} cases[] = {
		{1, 30, 4, 17}, {64, 963, 8, 17}, {200, 825, 16, 31}, {1024, 2080, 16, 63},
		{40 * 1024, 20560, 16, 255}, {2040 * 1024, 65535, 16, 255},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_vdisk_file file;
		uint8_t b[512], chs[4];
		struct huge h;
		lkb_autofd fd = -1;
		const char *path;

		huge_init(&h, cases[i].mib * LKB_MIB, -1);
		path = convert("dynamic-vhd", &h.in, &file);
		MUST(lkb_open_read(path, &fd, NULL, err));
		MUST(lkb_pread_full(fd, b, sizeof(b), file.size - sizeof(b), path, err));
		assert_memory_equal(b, "conectix", 8);
		lkb_put_be16(chs, cases[i].cylinders);
		chs[2] = cases[i].heads;
		chs[3] = cases[i].sectors;
		assert_memory_equal(b + 56, chs, 4);
		assert_int_equal(lkb_get_be32(b + 24), EPOCH - 946684800);
	}
}

static void a_vhds_time_stays_in_its_field(void **state)
{
	static const struct {
		int64_t epoch;
		uint32_t time;
	} cases[] = {
		{0, 0}, {946684800, 0}, {946684801, 1}, {946684800LL + UINT32_MAX + 5, UINT32_MAX},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_vdisk_file file;
		uint8_t b[512];
		struct huge h;
		lkb_autofd fd = -1;
		const char *path;

		huge_init(&h, LKB_MIB, -1);
		h.in.epoch = cases[i].epoch;
		path = convert("vhd", &h.in, &file);
		assert_int_equal(file.size, LKB_MIB + 512);
		MUST(lkb_open_read(path, &fd, NULL, err));
		MUST(lkb_pread_full(fd, b, sizeof(b), LKB_MIB, path, err));
		assert_int_equal(lkb_get_be32(b + 24), cases[i].time);
	}
}

static int keep_512(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	memcpy(ctx, p, n < 512 ? n : 512);
	return lkb_fail(err, LKB_DIDNT, "enough");
}

/* Octal digits end at 8 GiB. */
static void an_imports_size_may_be_large(void **state)
{
	static const struct {
		uint64_t gib;
		uint8_t field[12];
	} cases[] = {
		{7, "70000000000"}, {8, {0x80, 0, 0, 0, 0, 0, 0, 2}}, {9, {0x80, 0, 0, 0, 0, 0, 0, 2, 0x40}},
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_error e = {0};
		struct lkb_vdisk_file file;
		uint8_t header[512] = {0};
		lkb_auto(lkb_inflate) z = lkb_inflate_new(LKB_GZIP, UINT64_MAX, keep_512, header);
		lkb_autofree char *packed = NULL;
		size_t len;
		struct huge h;

		huge_init(&h, cases[i].gib * LKB_GIB, -1);
		MUST(lkb_read_file(convert("gcp", &h.in, &file), 64 << 20, &packed, &len, err));
		assert_int_equal(lkb_inflate_feed(z, packed, len, &e), -1);
		assert_string_equal(e.message, "enough");
		assert_string_equal((char *)header, "disk.raw");
		assert_memory_equal(header + 124, cases[i].field, 12);
	}
}

static void an_image_shorter_than_its_map_is_an_error(void **state)
{
	AUTO_IMAGE m = {0};
	struct lkb_vdisk_file file = {.size = 1};

	image_init(&m, shape_of("all-data"));
	assert_int_equal(ftruncate(m.fd, LKB_MIB), 0);
	for (size_t i = 0; lkb_vdisks[i]; i++) {
		lkb_autofd fd = new_file(in_scratch("short"));
		struct lkb_error e = {0};

		assert_int_equal(lkb_vdisk_write(lkb_vdisks[i], &m.in, fd, "out", NULL, &file, &e),
				 -1);
		assert_non_null(strstr(e.message, m.path));
		assert_int_equal(file.size, 1);
	}
}

static void a_full_disk_is_an_error(void **state)
{
	AUTO_IMAGE m = {0};
	struct lkb_vdisk_file file;
	lkb_autofd fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	image_init(&m, shape_of("all-data"));
	for (size_t i = 0; lkb_vdisks[i]; i++) {
		struct lkb_error e = {0};

		assert_int_equal(lkb_vdisk_write(lkb_vdisks[i], &m.in, fd, "out", NULL, &file, &e),
				 -1);
		assert_int_equal(e.kind, LKB_IO);
		assert_non_null(strstr(e.message, "'out'"));
	}
}

/* ---- from a disk ---- */

struct card {
	struct lkb_tree *root;
	struct lkb_disk disk;
};

static void card_init(struct card *c)
{
	c->root = random_tree(11, 60);
	c->disk = (struct lkb_disk){
		.parts = {{.name = "root", .mbr_type = 0x83, .fs = LKB_FS_EXT4, .label = "root",
			   .tree = lkb_tree_root(c->root), .min_size = 70 * LKB_MIB}},
		.n_parts = 1, .align = LKB_MIB, .first = LKB_MIB, .seed = {{5}}, .epoch = EPOCH,
	};
	MUST(lkb_layout(&c->disk, err));
}

static void a_disk_becomes_a_file_and_leaves_nothing(void **state)
{
	lkb_auto(lkb_map) map = NULL;
	struct card c;

	NEED("qemu-img");
	card_init(&c);
	{
		lkb_autofd fd = new_file(in_scratch("card.img"));

		MUST(lkb_disk_write(&c.disk, fd, "card.img", NULL, &map, err));
	}
	for (size_t i = 0; lkb_vdisks[i]; i++) {
		const char *format = lkb_vdisks[i]->name, *path = in_scratch("disk");
		lkb_autofd fd = new_file(path), raw = -1;
		struct lkb_vdisk_in in = {.name = "card.img", .map = map, .seed = &c.disk.seed,
					  .epoch = EPOCH};
		struct lkb_vdisk_file file, same;

		MUST(lkb_open_read(in_scratch("card.img"), &raw, NULL, err));
		in.fd = raw;
		MUST(lkb_vdisk_write_disk(lkb_vdisks[i], &c.disk, fd, path, NULL, &file, err));
		convert(format, &in, &same);
		assert_true(lkb_sha256_equal(&file.digest, &same.digest));
		assert_int_equal(access(in_scratch(".disk.raw.lkb-tmp"), F_OK), -1);
		assert_int_equal(access(in_scratch("disk.raw"), F_OK), -1);
		if (strcmp(format, "gcp"))
			JUDGE(NULL, "qemu-img", "compare", "-f", "raw", "-F", qemu_name(format),
			      in_scratch("card.img"), in_scratch("disk"));
	}
	lkb_tree_free(c.root);
}

static void a_disk_that_fails_leaves_nothing(void **state)
{
	lkb_autofd full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	const char *path = in_scratch("disk");
	struct lkb_outfile other = LKB_OUTFILE_INIT;
	struct lkb_vdisk_file file;
	struct lkb_error e = {0};
	struct card c;

	card_init(&c);
	assert_int_equal(lkb_vdisk_write_disk(lkb_vdisk_find("vhd"), &c.disk, full, path, NULL, &file,
					      &e), -1);
	assert_int_equal(e.kind, LKB_IO);
	assert_int_equal(access(in_scratch(".disk.raw.lkb-tmp"), F_OK), -1);
	/* Another one makes the same. */
	MUST(lkb_outfile_open(in_scratch("disk.raw"), 0600, &other, err));
	assert_int_equal(lkb_vdisk_write_disk(lkb_vdisk_find("vhd"), &c.disk, full, path, NULL, &file,
					      &e), -1);
	assert_int_equal(e.kind, LKB_REFUSED);
	assert_int_equal(access(in_scratch(".disk.raw.lkb-tmp"), F_OK), 0);
	lkb_outfile_clear(&other);
	lkb_tree_free(c.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu_img_reads_every_shape),
		cmocka_unit_test(seven_zip_reads_them),
		cmocka_unit_test(tar_reads_an_import),
		cmocka_unit_test(the_bytes_are_pinned),
		cmocka_unit_test(the_maps_word_counts),
		cmocka_unit_test(seed_and_time_are_in_those_that_have_them),
		cmocka_unit_test(a_pipe_gets_the_same),
		cmocka_unit_test(the_largest_are_right_at_their_end),
		cmocka_unit_test(too_large_is_refused),
		cmocka_unit_test(a_vhd_has_the_geometry_of_its_size),
		cmocka_unit_test(a_vhds_time_stays_in_its_field),
		cmocka_unit_test(an_imports_size_may_be_large),
		cmocka_unit_test(an_image_shorter_than_its_map_is_an_error),
		cmocka_unit_test(a_full_disk_is_an_error),
		cmocka_unit_test(a_disk_becomes_a_file_and_leaves_nothing),
		cmocka_unit_test(a_disk_that_fails_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
