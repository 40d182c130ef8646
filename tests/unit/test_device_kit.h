/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_TESTS_UNIT_TEST_DEVICE_KIT_H
#define LKB_TESTS_UNIT_TEST_DEVICE_KIT_H

/* Machines as trees of files: each line is "path=contents", "path->target" or "path/". */
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "base/size.h"
#include "flash/device.h"
#include "flash/guard.h"
#include "tests/unit/base_kit.h"

#define MACHINE(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline void plant(const char *const *lines)
{
	for (; *lines; lines++) {
		const char *link = strstr(*lines, "->"), *file = strchr(*lines, '=');
		const char *end = link && (!file || link < file) ? link : file;
		lkb_autofree char *name = end ? lkb_format("%.*s", (int)(end - *lines), *lines)
					      : lkb_format("%s", *lines);
		lkb_autofree char *path = lkb_path_join(dir.path, name);
		lkb_autofree char *up = end ? lkb_path_dirname(path) : lkb_format("%s", path);
		lkb_autofree char *text = lkb_format("%s\n", end ? end + 1 : "");

		OK(lkb_mkdir_p(up, &err));
		if (end == link && link)
			assert_int_equal(symlink(link + 2, path), 0);
		else if (end)
			make(path, text);
	}
}

/* sysfs' directory of a disk or partition. */
static inline void plant_node(const char *at, unsigned major, unsigned minor, uint64_t size,
			      unsigned number)
{
	lkb_autofree char *dev = lkb_format("sys/block/%s/dev=%u:%u", at, major, minor);
	lkb_autofree char *sectors = lkb_format("sys/block/%s/size=%llu", at,
						(unsigned long long)size / 512);
	lkb_autofree char *node = lkb_format("dev/%s=", lkb_path_basename(at));
	lkb_autofree char *part = lkb_format("sys/block/%s/partition=%u", at, number);
	lkb_autofree char *start = lkb_format("sys/block/%s/start=%u", at, 2048 * number);

	plant(MACHINE(dev, sectors, node));
	if (number)
		plant(MACHINE(part, start));
}

static inline struct lkb_device *find(const char *path)
{
	struct lkb_device *dev = NULL;

	OK(lkb_device_find(dir.path, path, &dev, &err));
	return dev;
}

static inline void same(const char *is, const char *want)
{
	if (!want)
		assert_null(is);
	else if (!is)
		fail_msg("nothing, not '%s'", want);
	else
		assert_string_equal(is, want);
}

/* The uses of a device as text: "mount /dev/sdb1 /mnt; ". */
static inline void expect_uses(const struct lkb_device *dev, const char *want)
{
	static const char *const kinds[] = {"mount", "swap", "holder", "loop"};
	lkb_autostr s = {0};

	for (size_t i = 0; i < dev->n_uses; i++)
		lkb_str_addf(&s, "%s%s %s %s%s%s", i ? "; " : "", kinds[dev->uses[i].kind],
			     dev->uses[i].device, dev->uses[i].by ? dev->uses[i].by : "-",
			     dev->uses[i].what ? " " : "",
			     dev->uses[i].what ? dev->uses[i].what : "");
	assert_string_equal(lkb_str_get(&s), want);
}

static inline void expect_runs(const struct lkb_device *dev, const char *want)
{
	lkb_autostr s = {0};

	for (size_t i = 0; i < dev->n_runs; i++)
		lkb_str_addf(&s, "%s%s", i ? " " : "", dev->runs[i]);
	assert_string_equal(lkb_str_get(&s), want);
}

static inline void expect_list(const char *want)
{
	lkb_auto(lkb_devices) list = NULL;
	lkb_autostr s = {0};

	OK(lkb_devices_list(dir.path, &list, &err));
	for (size_t i = 0; i < list->n; i++)
		lkb_str_addf(&s, "%s%s", i ? " " : "", list->items[i]->name);
	assert_string_equal(lkb_str_get(&s), want);
}

#endif
