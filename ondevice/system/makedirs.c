/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/makedirs.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/cleanup.h"

int lkb_make_dirs(const char *path, mode_t mode, struct lkb_error *err)
{
	lkb_autofree char *copy = lkb_strdup(path);
	struct stat st;
	char *p;

	for (p = copy + 1; *copy && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(copy, mode);
		*p = '/';
	}
	if (mkdir(copy, mode) == 0)
		return 0;
	if (errno == EEXIST && stat(copy, &st) == 0 && !S_ISDIR(st.st_mode))
		errno = ENOTDIR;
	else if (stat(copy, &st) == 0)
		return 0;
	return lkb_fail_errno(err, "cannot make the directory '%s'", path);
}
