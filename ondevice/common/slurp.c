/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/common/slurp.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"

int lkb_slurp(const char *path, size_t max, char **ret, struct lkb_error *err)
{
	lkb_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	lkb_autofree char *buf = NULL;
	size_t size = 0, n = 0, got;

	if (fd < 0)
		return lkb_fail_errno(err, "cannot open '%s'", path);
	do {
		size = size ? 4 * size : 4096;
		if (size > max + 1)
			size = max + 1;
		buf = lkb_realloc_array(buf, size + 1, 1);
		if (lkb_read_upto(fd, buf + n, size - n, &got, path, err))
			return -1;
		n += got;
	} while (n == size && size <= max);
	if (n > max)
		return lkb_fail(err, LKB_INPUT, "'%s' is longer than %zu bytes", path, max);
	buf[n] = '\0';
	*ret = LKB_STEAL(buf);
	return 0;
}

char *lkb_slurp_line(const char *path)
{
	char *text;

	if (lkb_slurp(path, 65536, &text, NULL))
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}
