/* SPDX-License-Identifier: Apache-2.0 */
#include "base/size.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const char *scan(const char *text, uint64_t *ret)
{
	uint64_t v = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t d = (uint64_t)(*p - '0');

		if (v > (UINT64_MAX - d) / 10)
			return NULL;
		v = v * 10 + d;
	}
	*ret = v;
	return p == text ? NULL : p;
}

bool lkb_u64_parse(const char *text, uint64_t *ret)
{
	uint64_t v;
	const char *end = scan(text, &v);

	if (!end || *end)
		return false;
	*ret = v;
	return true;
}

bool lkb_size_parse(const char *text, uint64_t *ret)
{
	static const struct {
		const char *name;
		unsigned shift;
	} units[] = {
		{"", 0}, {"B", 0},
		{"K", 10}, {"KiB", 10}, {"M", 20}, {"MiB", 20},
		{"G", 30}, {"GiB", 30}, {"T", 40}, {"TiB", 40},
	};
	uint64_t v;
	const char *p = scan(text, &v);
	size_t i;

	if (!p)
		return false;
	if (*p == ' ' && p[1] && p[1] != ' ')
		p++;
	for (i = 0; i < LKB_ARRAY_SIZE(units); i++) {
		if (strcmp(p, units[i].name))
			continue;
		if (v > ((uint64_t)1 << 62) >> units[i].shift)
			return false;
		*ret = v << units[i].shift;
		return true;
	}
	return false;
}

struct lkb_size_text lkb_size_text(uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	struct lkb_size_text t;
	double v = (double)bytes;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(t.s, sizeof(t.s), "%u B", (unsigned)bytes);
		return t;
	}
	for (v /= 1024; v >= 1023.95 && i + 1 < LKB_ARRAY_SIZE(units); i++)
		v /= 1024;
	snprintf(t.s, sizeof(t.s), "%.1f %s", v, units[i]);
	return t;
}
