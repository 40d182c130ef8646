/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold on an open device, on loop devices of this machine; skipped where there are none. */
#include <linux/loop.h>
#include <sys/ioctl.h>

#include "tests/unit/test_device_kit.h"

static char loop[32]; /* our loop device; "" = none */

/* Puts the file behind a loop device; false if that is not possible here. */
static bool attach(const char *at, const char *path, unsigned flags)
{
	lkb_autofd file = open(path, O_RDWR | O_CLOEXEC), fd = open(at, O_RDWR | O_CLOEXEC);
	struct loop_config config = {.fd = (unsigned)file, .info.lo_flags = flags};

	return file >= 0 && fd >= 0 && !ioctl(fd, LOOP_CONFIGURE, &config);
}

static void detach(void)
{
	lkb_autofd fd = open(loop, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		ioctl(fd, LOOP_CLR_FD, 0);
}

static int make_loop(void **state)
{
	lkb_autofd control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	unsigned tries = 10;

	make_dir(state);
	make(in_dir("a"), "");
	make(in_dir("b"), "");
	assert_int_equal(truncate(in_dir("a"), LKB_MIB), 0);
	assert_int_equal(truncate(in_dir("b"), 2 * LKB_MIB), 0);
	/* Somebody else may take the free one first. */
	while (control >= 0 && tries--) {
		snprintf(loop, sizeof(loop), "/dev/loop%d", ioctl(control, LOOP_CTL_GET_FREE));
		if (attach(loop, in_dir("a"), 0))
			return 0;
	}
	loop[0] = '\0';
	return 0;
}

static int remove_loop(void **state)
{
	if (loop[0])
		detach();
	return remove_dir(state);
}

static void an_open_device_is_the_one_that_was_found(void **state)
{
	lkb_auto(lkb_device) dev = NULL;
	lkb_auto(lkb_device) file = NULL;
	lkb_autofd fd = -1;
	bool holds;

	if (!loop[0])
		skip();
	OK(lkb_device_find(NULL, loop, &dev, &err));
	assert_string_equal(dev->transport, "loop");
	assert_string_equal(dev->backing, in_dir("a"));
	assert_int_equal(dev->size, LKB_MIB);
	assert_int_equal(dev->n_uses, 0);
	fd = open(loop, O_RDWR | O_EXCL | O_CLOEXEC);
	assert_true(fd >= 0);
	OK(lkb_device_same(dev, fd, &err));
	OK(lkb_device_find(NULL, in_dir("a"), &file, &err));
	assert_int_equal(file->n_uses, 1);
	assert_string_equal(file->uses[0].by, loop);
	FAILS(lkb_device_same(file, fd, &err), LKB_REFUSED, "another file has its name", "");
	/* The image that would be read is the target itself, by another name. */
	OK(lkb_device_holds(file, loop, &holds, &err));
	assert_true(holds);
	OK(lkb_device_holds(dev, in_dir("a"), &holds, &err));
	assert_true(holds);
	OK(lkb_write_file(in_dir("image"), "x", 1, 0600, &err));
	OK(lkb_device_holds(dev, in_dir("image"), &holds, &err));
	assert_false(holds);
}

static void another_file_behind_it_is_another_device(void **state)
{
	lkb_auto(lkb_device) dev = NULL;
	lkb_autofd fd = -1;

	if (!loop[0])
		skip();
	OK(lkb_device_find(NULL, loop, &dev, &err));
	detach();
	assert_int_equal(truncate(in_dir("b"), LKB_MIB), 0);
	if (!attach(loop, in_dir("b"), 0))
		skip();
	fd = open(loop, O_RDWR | O_EXCL | O_CLOEXEC);
	assert_true(fd >= 0);
	FAILS(lkb_device_same(dev, fd, &err), LKB_REFUSED, dev->diskseq ? "another one was put in" : "", "");
}

static void a_read_only_loop_device_opens_and_is_told(void **state)
{
	lkb_auto(lkb_device) dev = NULL;
	lkb_autofd fd = -1;

	if (!loop[0])
		skip();
	detach();
	if (!attach(loop, in_dir("a"), LO_FLAGS_READ_ONLY))
		skip();
	OK(lkb_device_find(NULL, loop, &dev, &err));
	assert_true(dev->read_only);
	fd = open(loop, O_RDWR | O_EXCL | O_CLOEXEC);
	if (fd < 0)
		fd = open(loop, O_RDONLY | O_CLOEXEC);
	FAILS(lkb_device_same(dev, fd, &err), LKB_REFUSED, "is read-only now", "");
}

static void a_file_is_told_from_another_of_its_name(void **state)
{
	lkb_auto(lkb_device) dev = NULL;
	lkb_autofd fd = -1, other = -1;

	OK(lkb_device_find(NULL, in_dir("b"), &dev, &err));
	assert_int_equal(dev->n_uses, 0);
	fd = open(in_dir("b"), O_RDWR | O_CLOEXEC);
	OK(lkb_device_same(dev, fd, &err));
	assert_int_equal(rename(in_dir("b"), in_dir("c")), 0);
	OK(lkb_device_same(dev, fd, &err));
	make(in_dir("b"), "");
	other = open(in_dir("b"), O_RDWR | O_CLOEXEC);
	FAILS(lkb_device_same(dev, other, &err), LKB_REFUSED, "another file has its name",
	      "nothing was written");
	assert_int_equal(ftruncate(fd, 512), 0);
	FAILS(lkb_device_same(dev, fd, &err), LKB_REFUSED, "its size was 2097152 bytes, now it is 512", "");
}

#define ON_LOOP(f) cmocka_unit_test_setup_teardown(f, make_loop, remove_loop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_LOOP(an_open_device_is_the_one_that_was_found),
		ON_LOOP(another_file_behind_it_is_another_device),
		ON_LOOP(a_read_only_loop_device_opens_and_is_told),
		ON_LOOP(a_file_is_told_from_another_of_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
