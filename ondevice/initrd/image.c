/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/initrd/image.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc32.h"
#include "base/file.h"
#include "ondevice/common/now.h"
#include "ondevice/common/partuuid.h"
#include "ondevice/common/say.h"

#define POLL_US 50000
#define SAY_EVERY_MS 5000
#define LEN_MAX 128

static const struct lkb_image_args types[] = {
	{ "squashfs", 0, 96, 0 },
	{ "erofs", 1024, LEN_MAX, 0 },
	{ "iso9660", 32808, 32, 0 },
};

int lkb_image_args_parse(const char *text, struct lkb_image_args *ret, struct lkb_error *err)
{
	const char *colon = strchr(text, ':');
	uint8_t crc[4];

	if (!colon || strlen(colon + 1) != 8 || !lkb_unhex(colon + 1, crc, sizeof(crc)))
		return lkb_fail(err, LKB_INPUT, "lkb.image='%s' is not TYPE:CCCCCCCC", text);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(types); i++) {
		const struct lkb_image_args *t = &types[i];

		if (strlen(t->type) != (size_t)(colon - text) ||
		    strncmp(t->type, text, (size_t)(colon - text)))
			continue;
		*ret = *t;
		ret->crc = (uint32_t)crc[0] << 24 | (uint32_t)crc[1] << 16 |
			   (uint32_t)crc[2] << 8 | crc[3];
		return 0;
	}
	return lkb_fail(err, LKB_INPUT, "lkb.image='%s' is of no type that can be a root", text);
}

static bool is_it(const char *dev, const char *name, const struct lkb_image_args *args)
{
	lkb_autofree char *path = lkb_format("%s/%s", dev, name);
	lkb_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t block[LEN_MAX];

	return fd >= 0 && !lkb_pread_full(fd, block, args->len, args->off, path, NULL) &&
	       lkb_crc32(0, block, args->len) == args->crc;
}

char *lkb_image_find(const char *sysfs, const char *dev, const struct lkb_image_args *args,
		     struct lkb_str *seen)
{
	lkb_autofree char *dir = lkb_format("%s/class/block", sysfs);
	lkb_autostrv names = {0};

	lkb_list_names(dir, &names);
	lkb_str_clear(seen);
	for (size_t i = 0; i < names.n; i++) {
		if (is_it(dev, names.items[i], args))
			return lkb_format("%s", names.items[i]);
		lkb_str_addf(seen, "%s%s", seen->len ? ", " : "", names.items[i]);
	}
	if (!seen->len)
		lkb_str_add(seen, "no disk");
	return NULL;
}

int lkb_image_wait(const struct lkb_image_args *args, unsigned seconds, char **ret_name,
		   struct lkb_error *err)
{
	int64_t begin = lkb_now_ms(), word = SAY_EVERY_MS;
	lkb_autostr seen = {0};

	for (;;) {
		int64_t waited = lkb_now_ms() - begin;

		*ret_name = lkb_image_find("/sys", "/dev", args, &seen);
		if (*ret_name)
			return 0;
		if (waited >= (int64_t)seconds * 1000)
			break;
		if (waited >= word) {
			lkb_say("waiting for the disk with %s %08x; there is %s", args->type,
				args->crc, seen.s);
			word += SAY_EVERY_MS;
		}
		usleep(POLL_US);
	}
	return lkb_fail(err, LKB_DIDNT, "no disk with %s %08x appeared within %u seconds; there is "
			"%s", args->type, args->crc, seconds, seen.s);
}
