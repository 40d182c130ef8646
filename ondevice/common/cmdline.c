/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/common/cmdline.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *end_of_word(const char *p)
{
	bool quoted = false;

	for (; *p && (quoted || !is_blank(*p)); p++)
		if (*p == '"')
			quoted = !quoted;
	return p;
}

/* Both key="a b" and "key=a b" are written. */
static char *value_of(const char *start, const char *end, bool word_is_quoted)
{
	if (start < end && *start == '"') {
		start++;
		word_is_quoted = true;
	}
	if (word_is_quoted && start < end && end[-1] == '"')
		end--;
	return lkb_strndup(start, (size_t)(end - start));
}

char *lkb_cmdline_get(const char *cmdline, const char *key)
{
	size_t key_len = strlen(key);
	const char *p = cmdline;

	for (;;) {
		const char *end;
		bool quoted;

		while (is_blank(*p))
			p++;
		if (!*p)
			return NULL;
		end = end_of_word(p);
		quoted = *p == '"';
		p += quoted;
		if ((size_t)(end - p) >= key_len && !strncmp(p, key, key_len)) {
			const char *after = p + key_len;

			if (after == end || (quoted && after + 1 == end && *after == '"'))
				return lkb_strdup("");
			if (*after == '=')
				return value_of(after + 1, end, quoted);
		}
		p = end;
	}
}
