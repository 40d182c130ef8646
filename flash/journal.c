/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "base/size.h"
#include "base/str.h"

#define MAGIC "lkboard-flash 1\n"
#define TEXT_MAX 4096

void lkb_journal_clear(struct lkb_journal *j)
{
	free(j->path);
	*j = (struct lkb_journal){0};
}

struct lkb_sha256 lkb_device_identity(const struct lkb_device *dev)
{
	lkb_autostr s = {0};

	if (dev->serial)
		lkb_str_addf(&s, "serial %s %s", dev->model ? dev->model : "", dev->serial);
	else if (dev->kind == LKB_DEVICE_FILE)
		lkb_str_addf(&s, "file %ju %" PRIu64, (uintmax_t)dev->dev, dev->inode);
	else
		lkb_str_addf(&s, "at %s %s", dev->path, dev->backing ? dev->backing : "");
	lkb_str_addf(&s, " %" PRIu64, dev->size);
	return lkb_sha256(s.s, s.len);
}

/* The value of a line "KEY VALUE", cut off in place; NULL if it is not the next one. */
static char *value(char **pos, const char *key)
{
	char *line = *pos, *end = strchr(line, '\n');
	size_t n = strlen(key);

	if (!end || strncmp(line, key, n) || line[n] != ' ')
		return NULL;
	*end = '\0';
	*pos = end + 1;
	return line + n + 1;
}

static bool parse(char *text, struct lkb_sha256 *image, struct lkb_sha256 *device,
		  uint64_t *durable)
{
	char *pos = text + strlen(MAGIC), *v;

	if (strncmp(text, MAGIC, strlen(MAGIC)))
		return false;
	v = value(&pos, "image");
	if (!v || !lkb_sha256_parse(v, image))
		return false;
	v = value(&pos, "device");
	if (!v || !lkb_sha256_parse(v, device))
		return false;
	v = value(&pos, "durable");
	return v && lkb_u64_parse(v, durable) && !*pos;
}

int lkb_journal_open(const char *dir, const struct lkb_device *dev, const struct lkb_sha256 *image,
		     bool resume, struct lkb_journal *ret, struct lkb_error *err)
{
	struct lkb_sha256 device = lkb_device_identity(dev), its_image, its_device;
	lkb_autofree char *path = NULL, *text = NULL;
	uint64_t durable;
	size_t len;

	*ret = (struct lkb_journal){.image = *image, .device = device};
	if (!dir)
		return 0;
	path = lkb_format("%s/flash/%.16s", dir, lkb_sha256_text(&device).s);
	if (!lkb_read_file(path, TEXT_MAX, &text, &len, NULL) && strlen(text) == len &&
	    parse(text, &its_image, &its_device, &durable) &&
	    lkb_sha256_equal(&its_device, &device)) {
		ret->found = lkb_sha256_equal(&its_image, image);
		if (!ret->found && resume) {
			lkb_fail(err, LKB_REFUSED,
				 "the write to '%s' that was interrupted was another image's",
				 dev->path);
			return lkb_hint(err, "give that image, or leave --resume out to write this "
					     "one from its beginning");
		}
		ret->durable = ret->found ? durable : 0;
	}
	ret->path = LKB_STEAL(path);
	return 0;
}

int lkb_journal_save(const struct lkb_journal *j, struct lkb_error *err)
{
	lkb_autofree char *dir = NULL;
	lkb_autostr s = {0};

	if (!j->path)
		return 0;
	dir = lkb_path_dirname(j->path);
	lkb_str_addf(&s, MAGIC "image %s\n", lkb_sha256_text(&j->image).s);
	lkb_str_addf(&s, "device %s\n", lkb_sha256_text(&j->device).s);
	lkb_str_addf(&s, "durable %" PRIu64 "\n", j->durable);
	return lkb_mkdir_p(dir, err) || lkb_write_file(j->path, s.s, s.len, 0600, err) ? -1 : 0;
}

void lkb_journal_remove(const struct lkb_journal *j)
{
	if (j->path)
		unlink(j->path);
}
