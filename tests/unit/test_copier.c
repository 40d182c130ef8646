/* SPDX-License-Identifier: Apache-2.0 */
/* Large files that a thread writes: all bytes of every length, and its faults. */
#include "rootfs/tree/copier.h"
#include "tests/unit/base_kit.h"

#include <sys/mman.h>

#include "base/alloc.h"

#define BIG (3 * 1024 * 1024 + 4096 + 17)

/* No two blocks are alike. */
static struct lkb_blob *numbers(size_t n)
{
	uint8_t *p = lkb_alloc(n);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + i / 4096 * 13 + i / 1048576);
	return lkb_blob_new_take(p, n);
}

static int open_new(const char *name)
{
	lkb_autofree char *path = lkb_path_join(dir.path, name);

	unlink(path);
	return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static void copy_to(int fd, const struct lkb_data *d)
{
	struct lkb_copier *c;
	lkb_auto(lkb_blob) back = NULL;
	struct lkb_sha256 want, got;
	struct stat st;

	assert_true(fd >= 0);
	OK(lkb_copier_start(d, fd, "it", &c, &err));
	OK(lkb_copier_end(c, &err));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, d->len);
	OK(lkb_blob_dup_fd(fd, d->len, "it", &back, &err));
	OK(lkb_data_sha256(&(struct lkb_data){back, 0, d->len}, &got, &err));
	OK(lkb_data_sha256(d, &want, &err));
	assert_true(lkb_sha256_equal(&want, &got));
	assert_int_equal(fcntl(fd, F_GETFL) & O_DIRECT, 0);
}

static void every_length_arrives(void **state)
{
	static const size_t lengths[] = {0, 1, 4095, 4096, 4097, 1 << 20, (1 << 20) + 1, BIG};
	lkb_auto(lkb_blob) blob = numbers(BIG + 3);

	for (size_t i = 0; i < LKB_ARRAY_SIZE(lengths); i++) {
		lkb_autofd fd = open_new("it");

		copy_to(fd, &(struct lkb_data){blob, 3, lengths[i]});
	}
}

/* Memory has no way around the page cache, or has one: both are right. */
static void any_file_system_will_do(void **state)
{
	lkb_auto(lkb_blob) blob = numbers(BIG);
	lkb_autofd fd = memfd_create("it", MFD_CLOEXEC);

	copy_to(fd, &(struct lkb_data){blob, 0, BIG});
}

static void a_full_disk_is_told(void **state)
{
	lkb_auto(lkb_blob) blob = numbers(BIG);
	lkb_autofd fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	struct lkb_copier *c;

	OK(lkb_copier_start(&(struct lkb_data){blob, 0, BIG}, fd, "full", &c, &err));
	FAILS(lkb_copier_end(c, &err), LKB_IO, "cannot write 'full': No space left on device",
	      "make room");
}

/* The blob is shorter than it was. */
static void what_cannot_be_read_is_told(void **state)
{
	lkb_autofree char *path = lkb_path_join(dir.path, "from");
	lkb_auto(lkb_blob) blob = NULL;
	lkb_autofree char *bytes = lkb_alloc(BIG);
	lkb_autofd fd = open_new("it");
	struct lkb_copier *c;

	OK(lkb_write_file(path, bytes, BIG, 0600, &err));
	OK(lkb_blob_open(path, &blob, &err));
	assert_int_equal(truncate(path, 2 << 20), 0);
	OK(lkb_copier_start(&(struct lkb_data){blob, 0, BIG}, fd, "it", &c, &err));
	FAILS(lkb_copier_end(c, &err), LKB_IO, "ends early, at byte 2097152", "");
}

static void it_can_be_stopped(void **state)
{
	lkb_auto(lkb_blob) blob = numbers(BIG);
	lkb_autofd fd = open_new("it");
	struct lkb_copier *c;

	OK(lkb_copier_start(&(struct lkb_data){blob, 0, BIG}, fd, "it", &c, &err));
	lkb_copier_cancel(c);
	assert_int_equal(fcntl(fd, F_GETFL) & O_DIRECT, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_length_arrives),
		CASE(any_file_system_will_do),
		CASE(a_full_disk_is_told),
		CASE(what_cannot_be_read_is_told),
		CASE(it_can_be_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
