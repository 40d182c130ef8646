/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>

#include "base/size.h"
#include "rootfs/spec/spec_priv.h"

/* Values under `resources` that are text. */

const char *lkb_spec_bad_access(const char *v)
{
	size_t n = strlen(v);
	bool twice = false;

	for (const char *p = v; *p; p++)
		twice = twice || strchr(p + 1, *p);
	return n && !twice && strspn(v, "rwm") == n ? NULL : "is not made of r, w and m";
}

/* Takes a number off the text. */
static bool take_number(const char **at)
{
	size_t n = strspn(*at, "0123456789");

	*at += n;
	return n && n <= 5;
}

/* Lists as in cpuset(7): numbers and ranges. */
const char *lkb_spec_bad_numbers(const char *v)
{
	static const char which[] = "is no list of numbers and ranges such as 0-2,7";

	do {
		if (!take_number(&v))
			return which;
		if (*v == '-' && (v++, !take_number(&v)))
			return which;
	} while (*v == ',' && v++);
	return *v ? which : NULL;
}

const char *lkb_spec_page_size(const char *text, struct lkb_spec_page_size *ret)
{
	static const char units[] = "KMG";
	struct lkb_spec_page_size size;
	size_t digits = strspn(text, "0123456789");
	uint64_t v;
	size_t unit = 0;

	if (digits && digits <= 10 && *text != '0' && text[digits] &&
	    strchr(units, text[digits]) && !strcmp(text + digits + 1, "B")) {
		snprintf(size.s, sizeof(size.s), "%s", text);
		*ret = size;
		return NULL;
	}
	if (!lkb_u64_parse(text, &v) || v < 1024 || (v & (v - 1)) || v >> 50)
		return "is no size of pages";
	for (v >>= 10; unit < 2 && !(v & 1023); unit++)
		v >>= 10;
	snprintf(size.s, sizeof(size.s), "%llu%cB", (unsigned long long)v, units[unit]);
	*ret = size;
	return NULL;
}

const char *lkb_spec_bad_page_size(const char *v)
{
	struct lkb_spec_page_size ignored;

	return lkb_spec_page_size(v, &ignored);
}
