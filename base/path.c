/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

char *lkb_path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);

	if (name[0] == '/' || !n)
		return lkb_strdup(name);
	return lkb_format("%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

char *lkb_path_dirname(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return lkb_strdup(".");
	if (slash == path)
		return lkb_strdup("/");
	return lkb_strndup(path, (size_t)(slash - path));
}

const char *lkb_path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *lkb_path_stem(const char *path)
{
	const char *base = lkb_path_basename(path);
	const char *dot = strrchr(base, '.');

	return dot && dot != base ? lkb_strndup(base, (size_t)(dot - base)) : lkb_strdup(base);
}

/* Iterative, so that a hostile pattern costs at most pattern times name. */
bool lkb_glob_match(const char *pattern, const char *name)
{
	const char *star = NULL, *mark = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			mark = name;
		} else if (*pattern && (*pattern == '?' || *pattern == *name)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++mark;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool lkb_path_has_dotdot(const char *path, size_t len)
{
	const char *end = path + len;

	while (path < end) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		size_t n = (size_t)((slash ? slash : end) - path);

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += n + 1;
	}
	return false;
}
