/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/release.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static char *value_of(const char *start, size_t n)
{
	while (n && strchr(" \t\r", start[n - 1]))
		n--;
	if (n >= 2 && (*start == '"' || *start == '\'') && start[n - 1] == *start) {
		start++;
		n -= 2;
	}
	return lkb_strndup(start, n);
}

char *lkb_release_get(const char *text, const char *name)
{
	size_t name_len = strlen(name);
	char *found = NULL;
	const char *p = text;

	while (*p) {
		size_t n = strcspn(p, "\n");

		if (n > name_len && !strncmp(p, name, name_len) && p[name_len] == '=') {
			free(found);
			found = value_of(p + name_len + 1, n - name_len - 1);
		}
		p += n + (p[n] == '\n');
	}
	return found;
}
