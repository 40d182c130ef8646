/* SPDX-License-Identifier: Apache-2.0 */
/* Whole writes of images to a disk that fails in every way, and the two laws: success exactly when
 * every byte that matters is right; nothing looks bootable between the first write and the end. */
#include "base/bytes.h"
#include "flash/readback.h"
#include "tests/unit/flash_kit.h"

#define DISK ((uint64_t)9 << 20)
#define IMAGE ((size_t)6 << 20)

static void write_and_judge(struct image *im, struct disk *d)
{
	struct lkb_flash_job job = {0};
	int r = flash_it(im, d, &job, NULL, false);

	if (r == 0 && !holds(d, im))
		fail_msg("success, and the disk is wrong");
	if (r && looks_bootable(d->bytes, d->wraps ? d->wraps : d->size))
		fail_msg("'%s', and the disk looks bootable", err.message);
	lkb_flash_job_clear(&job);
	if (r == 0)
		err.message[0] = '\0';
}

/* What is written is the image, whatever the disk held, with each kind of map. */
static void image_arrives(void **state)
{
	static const char *const zeros[] = {NULL, "zero", "free"};

	for (uint32_t i = 0; i < 30; i++) {
		struct image im;
		struct disk d;
		size_t size = IMAGE - chance(100) * 4096;

		image_init(&im, i % 3 ? size : size - chance(4096), i);
		if (i % 3)
			image_map(&im, zeros[i % 3]);
		disk_init(&d, DISK - chance(7) * 512, (uint8_t)chance(256));
		d.can_zero = i % 2;
		d.cut_to = i % 4 == 1 ? 4096 * (1 + chance(9)) + 100 : 0;
		d.interrupts = i % 5 == 2;
		write_and_judge(&im, &d);
		assert_string_equal(err.message, "");
		assert_true(holds(&d, &im));
		disk_clear(&d);
		image_clear(&im);
	}
}

/* Behind the image's end nothing changes but the last MiB; free ranges stay as they are. */
static void the_rest_stays(void **state)
{
	struct image im;
	struct disk d;
	size_t free_blocks = 0;

	image_init(&im, IMAGE, 7);
	image_map(&im, "free");
	disk_init(&d, DISK, 0x5a);
	write_and_judge(&im, &d);
	assert_string_equal(err.message, "");
	for (size_t at = IMAGE; at < DISK - LKB_MIB; at++)
		assert_int_equal(d.bytes[at], 0x5a);
	for (size_t at = LKB_MIB; at < IMAGE; at += 4096) {
		if (!lkb_is_zero(im.bytes + at, 4096))
			continue;
		free_blocks++;
		for (size_t i = 0; i < 4096; i++)
			assert_int_equal(d.bytes[at + i], 0x5a);
	}
	assert_true(free_blocks > 10);
	disk_clear(&d);
	image_clear(&im);
}

/* While a target waits for the source nothing is in flight: that would hold batches, and with many
 * targets all there are. */
static void nothing_is_held_while_waiting(void **state)
{
	struct lkb_flash_job job = {0};
	struct image im;
	struct disk d;

	image_init(&im, IMAGE, 12);
	memset(im.bytes + LKB_MIB, 3, IMAGE - LKB_MIB);
	disk_init(&d, DISK, 0);
	im.busy = &d.in_flight;
	OK(flash_it(&im, &d, &job, NULL, false));
	assert_true(holds(&d, &im));
	assert_false(im.was_busy);
	lkb_flash_job_clear(&job);
	disk_clear(&d);
	image_clear(&im);
}

/* Disks and images of every odd size: what is behind the image stays, outside of the last MiB. */
static void odd_sizes(void **state)
{
	static const size_t sizes[] = {512, 1024, 4096, 5120, LKB_MIB - 512, LKB_MIB, LKB_MIB + 512,
				       LKB_MIB + 4608, 2 * LKB_MIB - 512, 2 * LKB_MIB,
				       2 * LKB_MIB + 512, 3 * LKB_MIB + 1536};
	static const size_t more[] = {0, 512, 3584, 4096, 4608, LKB_MIB - 512, LKB_MIB, LKB_MIB + 512,
				      2 * LKB_MIB + 1024};

	for (uint32_t i = 0; i < LKB_ARRAY_SIZE(sizes); i++)
		for (size_t k = 0; k < LKB_ARRAY_SIZE(more); k++) {
			struct image im;
			struct disk d;

			/* Some end within a sector. */
			image_init(&im, sizes[i] - (k % 3 == 2 ? 7 : 0), i + 1);
			if (k % 2 && im.size > 512)
				memset(im.bytes + 512, 0x44, im.size - 512);
			disk_init(&d, sizes[i] + more[k], 0x5a);
			write_and_judge(&im, &d);
			if (err.message[0] || !holds(&d, &im))
				fail_msg("%zu on %zu: '%s'", im.size, (size_t)d.size, err.message);
			for (size_t at = im.size < LKB_MIB ? LKB_MIB : im.size;
			     at + LKB_MIB + 4096 < d.size; at++)
				assert_int_equal(d.bytes[at], 0x5a);
			disk_clear(&d);
			image_clear(&im);
		}
}

/* A disk that is too small is told so before or after the first write, and holds no table. */
static void too_small(void **state)
{
	for (size_t less = 1; less < 3 * LKB_MIB; less = less * 3 + 511) {
		struct image im;
		struct disk d;

		image_init(&im, 3 * LKB_MIB + 512, 3);
		disk_init(&d, lkb_align_up(im.size - less, 512) - (less < 512 ? 512 : 0), 0x5a);
		write_and_judge(&im, &d);
		if (err.kind != LKB_REFUSED || !strstr(err.message, "is too small"))
			fail_msg("%zu less: '%s'", less, err.message);
		disk_clear(&d);
		image_clear(&im);
	}
}

/* Where many small ranges cannot be read, memory does not grow with their number. */
static void unreadable_ranges(void **state)
{
	struct lkb_written_list want = {0};
	struct lkb_bad_list bad = {0};
	struct lkb_io io;
	struct disk d;

	disk_init(&d, DISK, 0);
	d.read_fails = (struct range){0, DISK};
	d.weighs = true;
	for (uint64_t off = 0; off < DISK; off += 4096) {
		LKB_GROW(want.items, want.n, want.cap);
		want.items[want.n++] = (struct lkb_written){LKB_MAP_ZERO, off, 4096, {{0}}, ""};
	}
	OK(lkb_io_open_ops(&io, &disk_ops, &d, &err));
	lkb_readback(&io, &want, NULL, &bad);
	lkb_io_close(&io);
	assert_int_equal(bad.n, DISK / 4096);
	for (size_t i = 0; i < bad.n; i++)
		assert_int_equal(bad.items[i].want.off, i * 4096);
	if (d.most_memory > DISK + 16 * LKB_MIB)
		fail_msg("%zu MiB", d.most_memory / LKB_MIB);
	lkb_bad_list_clear(&bad);
	free(want.items);
	disk_clear(&d);
}

/* A second write of nearly the same image writes nearly nothing. */
static void only_what_differs(void **state)
{
	struct lkb_flash_job job = {0};
	struct image im;
	struct disk d;

	image_init(&im, IMAGE, 11);
	disk_init(&d, DISK, 0);
	OK(flash_it(&im, &d, &job, NULL, false));
	lkb_flash_job_clear(&job);
	im.bytes[3 * LKB_MIB + 5] ^= 0xff;
	OK(flash_it(&im, &d, &job, NULL, false));
	assert_true(holds(&d, &im));
	assert_true(job.n_written <= 4096 * 2);
	lkb_flash_job_clear(&job);
	disk_clear(&d);
	image_clear(&im);
}

struct fault {
	const char *what;
	void (*set)(struct disk *d, uint64_t at);
	int kind;          /* of the error; 0 = the write succeeds all the same */
	const char *words; /* in its message */
};

static void write_error(struct disk *d, uint64_t at)
{
	d->write_fails = (struct range){at, at + 512};
}

static void passing_write_error(struct disk *d, uint64_t at)
{
	write_error(d, at);
	d->write_passes = 2;
}

static void read_error(struct disk *d, uint64_t at)
{
	d->read_fails = (struct range){at, at + 512};
}

static void dropped(struct disk *d, uint64_t at)
{
	d->drops = (struct range){at, at + 512};
}

static void flipped(struct disk *d, uint64_t at)
{
	d->flips = (struct range){at, at + 512};
}

static void no_flush(struct disk *d, uint64_t at)
{
	d->flush_fails = true;
}

static void short_of_room(struct disk *d, uint64_t at)
{
	d->wraps = 4 * LKB_MIB;
}

static void gone(struct disk *d, uint64_t at)
{
	d->gone_after = 1 + (unsigned)(at >> 16);
}

static const struct fault faults[] = {
	{"a sector that cannot be written", write_error, LKB_IO, "cannot be written at byte"},
	{"one that can at the third time", passing_write_error, 0, ""},
	{"a sector that cannot be read", read_error, -1, ""},
	{"a sector that keeps what it held", dropped, LKB_DIFFERS, "not "},
	{"a bit that is always read wrong", flipped, LKB_DIFFERS, "not "},
	{"a flush that fails", no_flush, LKB_IO, "cannot be written"},
	{"less room than it says", short_of_room, LKB_DIFFERS, "not "},
	{"a disk that goes away", gone, -1, "cannot be"},
};

/* Every fault at every kind of place. */
static void faults_are_found(void **state)
{
	static const uint64_t places[] = {0, 512, 4096, LKB_MIB - 512, LKB_MIB, 3 * LKB_MIB + 4096,
					  IMAGE - 512, DISK - LKB_MIB, DISK - 512};
	unsigned n = 0;

	for (size_t f = 0; f < LKB_ARRAY_SIZE(faults); f++)
		for (size_t p = 0; p < LKB_ARRAY_SIZE(places); p++)
			for (int map = 0; map < 3; map++, n++) {
				struct image im;
				struct disk d;

				image_init(&im, IMAGE, (uint32_t)(f * 100 + p));
				memset(im.bytes + 3 * LKB_MIB, 0x11, LKB_MIB);
				memset(im.bytes + IMAGE - 4096, 0x22, 4096);
				memset(im.bytes + LKB_MIB, 0x33, 4096);
				if (map)
					image_map(&im, map == 1 ? "zero" : "free");
				disk_init(&d, DISK, 0xa5);
				faults[f].set(&d, places[p]);
				write_and_judge(&im, &d);
				if (faults[f].kind >= 0 && (int)err.kind != faults[f].kind)
					fail_msg("%s at %llu, map %d: error %d '%s'",
						 faults[f].what, (unsigned long long)places[p],
						 map, err.kind, err.message);
				if (err.message[0] && !strstr(err.message, faults[f].words))
					fail_msg("%s: '%s'", faults[f].what, err.message);
				disk_clear(&d);
				image_clear(&im);
			}
	assert_int_equal(n, 8 * 9 * 3);
}

/* A reader that is wrong now and then: the disk is right, and the user is told. */
static void unsteady_reader(void **state)
{
	struct lkb_flash_job job = {0};
	struct image im;
	struct disk d;

	image_init(&im, IMAGE, 5);
	memset(im.bytes + 3 * LKB_MIB, 0x11, LKB_MIB);
	image_map(&im, "zero");
	disk_init(&d, DISK, 0);
	OK(flash_it(&im, &d, &job, NULL, false));
	lkb_flash_job_clear(&job);
	/* Wrong when it is compared, and when it is read back, and right at last. */
	d.flips = (struct range){3 * LKB_MIB, 3 * LKB_MIB + 512};
	d.flip_passes = 3;
	OK(flash_it(&im, &d, &job, NULL, false));
	assert_true(holds(&d, &im));
	assert_true(job.notes.n > 0);
	assert_non_null(strstr(job.notes.items[0], "not reliable"));
	lkb_flash_job_clear(&job);
	disk_clear(&d);
	image_clear(&im);
}

/* The verdict on a card that lies names what it has. */
static void counterfeit(void **state)
{
	struct lkb_flash_job job = {0};
	struct image im;
	struct disk d;

	image_init(&im, 8 * LKB_MIB, 5);
	image_map(&im, "zero");
	disk_init(&d, 16 * LKB_MIB, 0);
	d.wraps = 4 * LKB_MIB + 65536;
	assert_int_equal(flash_it(&im, &d, &job, NULL, false), -1);
	assert_int_equal(err.kind, LKB_DIFFERS);
	lkb_flash_job_clear(&job);
	disk_clear(&d);
	image_clear(&im);
}

/* A source that is cut off, or is not what its map says: no success, nothing bootable. */
static void bad_sources(void **state)
{
	for (int i = 0; i < 6; i++) {
		struct image im;
		struct disk d;

		image_init(&im, IMAGE, 77);
		if (i % 2)
			image_map(&im, "zero");
		if (i < 2)
			im.ends_after = 3 * LKB_MIB;
		else if (i == 3)
			im.size -= 8192;
		else if (i == 5)
			im.bytes[5 * LKB_MIB + 9] ^= 1;
		disk_init(&d, DISK, 0);
		write_and_judge(&im, &d);
		assert_int_equal(err.message[0] != '\0', i < 2 || i % 2);
		if (i == 5)
			assert_non_null(strstr(err.message, "are not what the map says"));
		disk_clear(&d);
		image_clear(&im);
	}
}

/* What the disk holds after each prefix of the writes, as a power cut would leave it, and with the
 * writes since the last flush lost or torn: nothing looks bootable that is not whole. */
static void every_crash_state(void **state)
{
	struct lkb_flash_job job = {0};
	size_t states = 0, whole = 0;
	struct image im;
	struct disk d;

	image_init(&im, IMAGE, 99);
	image_map(&im, "zero");
	disk_init(&d, DISK, 0);
	d.keeps_log = true;
	/* It was bootable before. */
	memcpy(d.bytes, im.bytes, 512);
	OK(flash_it(&im, &d, &job, NULL, false));
	for (size_t cut = 0; cut <= d.n_log; cut++)
		for (int lost = 0; lost < 4; lost++, states++) {
			struct disk c;
			size_t flushed = 0;
			bool started = false;

			disk_init(&c, DISK, 0);
			memcpy(c.bytes, im.bytes, 512);
			for (size_t i = 0; i < cut; i++)
				flushed = d.log[i].len ? flushed : i;
			for (size_t i = 0; i < cut; i++) {
				const struct logged *w = &d.log[i];
				bool certain = i < flushed || lost == 0;
				size_t n = certain ? w->len
						   : lost == 1 ? 0 : chance(2) ? w->len : w->len / 2;

				disk_put(&c, w->off, w->bytes, n / 512 * 512);
				started |= w->len && !w->off && n;
			}
			if (started && looks_bootable(c.bytes, c.size)) {
				if (!holds(&c, &im))
					fail_msg("cut after write %zu of %zu (%d): looks bootable",
						 cut, d.n_log, lost);
				whole++;
			}
			disk_clear(&c);
		}
	print_message("%zu crash states, %zu of them whole\n", states, whole);
	assert_true(states > 50 && whole > 0);
	lkb_flash_job_clear(&job);
	disk_clear(&d);
	image_clear(&im);
}

/* An edit is part of what is written and read back. */
static int put_name(void *ctx, uint64_t at, uint8_t *p, size_t n, struct lkb_error *e)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)((at + i) % 251);
	return 0;
}

static void edits_are_written(void **state)
{
	struct lkb_edit edits[] = {{.off = 2 * LKB_MIB + 4096, .len = 65536, .apply = put_name},
				   {.off = 8192, .len = 4096, .apply = put_name}};

	for (int map = 0; map < 2; map++) {
		struct lkb_flash_job job = {.edits = edits, .n_edits = 2};
		struct image im;
		struct disk d;

		image_init(&im, IMAGE, 3);
		memset(im.bytes + 2 * LKB_MIB, 0, 40960);
		if (map)
			image_map(&im, "zero");
		disk_init(&d, DISK, 0xee);
		OK(flash_it(&im, &d, &job, NULL, false));
		assert_false(holds(&d, &im));
		for (size_t e = 0; e < 2; e++)
			put_name(NULL, 0, im.bytes + edits[e].off, edits[e].len, NULL);
		assert_true(holds(&d, &im));
		lkb_flash_job_clear(&job);
		disk_clear(&d);
		image_clear(&im);
	}
}

/* Gone in the middle, put back, resumed. */
static void resumes(void **state)
{
	struct lkb_flash_job job = {0};
	struct image im, other;
	struct disk d;

	image_init(&im, IMAGE, 21);
	image_init(&other, IMAGE, 22);
	disk_init(&d, DISK, 0);
	d.gone_after = 9;
	assert_int_equal(flash_it(&im, &d, &job, dir.path, false), -1);
	lkb_flash_job_clear(&job);
	d.gone_after = 0;
	FAILS(flash_it(&other, &d, &job, dir.path, true), LKB_REFUSED, "was another image's",
	      "leave --resume out");
	lkb_flash_job_clear(&job);
	OK(flash_it(&im, &d, &job, dir.path, true));
	assert_true(holds(&d, &im));
	assert_int_equal(job.notes.n, 0);
	lkb_flash_job_clear(&job);
	/* It has ended well: there is nothing to go on with. */
	OK(flash_it(&im, &d, &job, dir.path, true));
	assert_non_null(strstr(job.notes.items[0], "no interrupted write"));
	lkb_flash_job_clear(&job);
	disk_clear(&d);
	image_clear(&im);
	image_clear(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_arrives),     cmocka_unit_test(the_rest_stays),
		cmocka_unit_test(only_what_differs), cmocka_unit_test(faults_are_found),
		cmocka_unit_test(unsteady_reader),   cmocka_unit_test(counterfeit),
		cmocka_unit_test(bad_sources),       cmocka_unit_test(every_crash_state),
		cmocka_unit_test(edits_are_written), cmocka_unit_test(resumes),
		cmocka_unit_test(nothing_is_held_while_waiting),
		cmocka_unit_test(odd_sizes),         cmocka_unit_test(too_small),
		cmocka_unit_test(unreadable_ranges),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
