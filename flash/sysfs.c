/* SPDX-License-Identifier: Apache-2.0 */
/* Small files below a root: sysfs and its like. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/size.h"
#include "base/str.h"
#include "base/utf8.h"
#include "flash/blocks_priv.h"

#define TEXT_MAX 65536u /* a file of sysfs is at most a page, one of udev somewhat more */

char *lkb_below(const char *root, const char *path)
{
	return lkb_format("%s%s", root, path);
}

const char *lkb_sys_text(const char *root, struct lkb_arena *a, const char *dir, const char *name)
{
	lkb_autofree char *path = lkb_format("%s%s/%s", root, dir, name);
	lkb_autofd fd = -1;
	char text[TEXT_MAX + 1];
	size_t n, from = 0;

	if (lkb_open_read(path, &fd, NULL, NULL) ||
	    lkb_read_upto(fd, text, sizeof(text), &n, path, NULL) || n > TEXT_MAX)
		return NULL;
	n = strnlen(text, n);
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	while (from < n && isspace((unsigned char)text[from]))
		from++;
	return from < n ? lkb_arena_strndup(a, text + from, n - from) : NULL;
}

uint64_t lkb_sys_u64(const char *root, const char *dir, const char *name, uint64_t otherwise)
{
	lkb_autoarena a = {0};
	const char *text = lkb_sys_text(root, &a, dir, name);
	uint64_t v;

	return text && lkb_u64_parse(text, &v) ? v : otherwise;
}

dev_t lkb_sys_dev(const char *root, const char *dir)
{
	lkb_autoarena a = {0};
	const char *text = lkb_sys_text(root, &a, dir, "dev");
	unsigned major, minor;

	return text && sscanf(text, "%u:%u", &major, &minor) == 2 ? makedev(major, minor) : 0;
}

const char *lkb_sys_value(struct lkb_arena *a, const char *text, const char *key)
{
	size_t n = strlen(key);

	while (text && *text) {
		size_t len = strcspn(text, "\n");

		if (len > n + 1 && !memcmp(text, key, n) && text[n] == '=')
			return lkb_arena_strndup(a, text + n + 1, len - n - 1);
		text += len;
		text += *text == '\n';
	}
	return NULL;
}

const char *lkb_shown(struct lkb_arena *a, const char *text)
{
	lkb_autostr s = {0};

	if (!text)
		return NULL;
	lkb_utf8_show(&s, text, strlen(text), false);
	return lkb_arena_strdup(a, lkb_str_get(&s));
}

/* SPC-4 4.3.1 and the SD specification allow no more than this in such strings; letters that are
 * written from right to left would turn the line around that they stand in. */
const char *lkb_shown_ascii(struct lkb_arena *a, const char *text)
{
	lkb_autostr s = {0};

	if (!text)
		return NULL;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		lkb_str_addf(&s, c < 0x20 || c > 0x7e ? "\\x%02x" : "%c", c);
	}
	return lkb_arena_strdup(a, lkb_str_get(&s));
}
