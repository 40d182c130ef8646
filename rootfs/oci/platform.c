/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/platform.h"

#include <string.h>

#include "base/cleanup.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* Names of one thing. A variant of NULL matches any, and the given one stays. */
static const struct alias {
	const char *arch, *variant;
	const char *to_arch, *to_variant;
} aliases[] = {
	{ "x86_64", NULL, "amd64", NULL },
	{ "x86-64", NULL, "amd64", NULL },
	{ "aarch64", NULL, "arm64", NULL },
	{ "armhf", NULL, "arm", "v7" },
	{ "armel", NULL, "arm", "v6" },
	/* what Linux itself calls them */
	{ "armv5tel", NULL, "arm", "v5" },
	{ "armv5tejl", NULL, "arm", "v5" },
	{ "armv6l", NULL, "arm", "v6" },
	{ "armv7l", NULL, "arm", "v7" },
	{ "armv8l", NULL, "arm", "v8" },
	{ "i386", NULL, "386", "" },
	{ "i486", NULL, "386", "" },
	{ "i586", NULL, "386", "" },
	{ "i686", NULL, "386", "" },
	{ "amd64", "v1", "amd64", "" },
	{ "arm64", "8", "arm64", "" },
	{ "arm64", "v8", "arm64", "" },
	{ "arm64", "v8.0", "arm64", "" },
	{ "arm64", "9", "arm64", "v9" },
	{ "arm64", "9.0", "arm64", "v9" },
	{ "arm64", "v9.0", "arm64", "v9" },
	{ "arm", "", "arm", "v7" },
	{ "arm", "5", "arm", "v5" },
	{ "arm", "6", "arm", "v6" },
	{ "arm", "7", "arm", "v7" },
	{ "arm", "8", "arm", "v8" },
};

static bool copy_word(char *to, size_t room, const char *from)
{
	size_t len = strlen(from);

	if (len >= room || strspn(from, LOWER UPPER DIGITS "._-") != len)
		return false;
	for (size_t i = 0; i <= len; i++)
		to[i] = from[i] >= 'A' && from[i] <= 'Z' ? from[i] - 'A' + 'a' : from[i];
	return true;
}

bool lkb_platform_set(struct lkb_platform *ret, const char *arch, const char *variant)
{
	struct lkb_platform p;

	if (!copy_word(p.arch, sizeof(p.arch), arch) ||
	    !copy_word(p.variant, sizeof(p.variant), variant ? variant : ""))
		return false;
	for (size_t i = 0; i < LKB_ARRAY_SIZE(aliases); i++) {
		const struct alias *a = &aliases[i];

		if (strcmp(p.arch, a->arch) || (a->variant && strcmp(p.variant, a->variant)))
			continue;
		copy_word(p.arch, sizeof(p.arch), a->to_arch);
		if (a->to_variant)
			copy_word(p.variant, sizeof(p.variant), a->to_variant);
	}
	*ret = p;
	return true;
}

/* A variant told apart: "v8.2" is "v", 8 and 2, "rva22u64" is "rva", 22, 0 and "u64". */
struct version {
	const char *text, *after; /* borrowed */
	size_t before;            /* how long the part before the number is */
	int major, minor;
};

enum { NUMBERS = 100, FARTHEST = NUMBERS * NUMBERS };

static bool take_number(const char **at, int *ret)
{
	size_t n = strspn(*at, DIGITS);

	if (!n || n > 2)
		return false;
	*ret = 0;
	while (n--)
		*ret = *ret * 10 + *(*at)++ - '0';
	return true;
}

static bool version_of(const char *variant, struct version *ret)
{
	struct version v = { .text = variant, .before = strcspn(variant, DIGITS) };
	const char *minor;

	v.after = variant + v.before;
	if (!take_number(&v.after, &v.major))
		return false;
	minor = v.after + 1;
	if (*v.after == '.' && take_number(&minor, &v.minor))
		v.after = minor;
	*ret = v;
	return true;
}

/* How far b is behind a on the line of variants that both are of, -1 if it is not. */
static int behind(const struct version *a, const struct version *b)
{
	int by = (a->major - b->major) * NUMBERS + a->minor - b->minor;

	if (a->before != b->before || strncmp(a->text, b->text, a->before) ||
	    strcmp(a->after, b->after))
		return -1;
	return by < 0 ? -1 : by;
}

/* The first variant of a line, which is what an image without one is made for. An architecture
 * that is not named here has no such: there, an image without a variant runs on all. */
static const struct line {
	const char *arch, *first;
} lines[] = {
	{ "amd64", "v1" },
	{ "arm", "v5" },
	{ "arm64", "v8" },
};

static const char *first_of(const char *arch)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(lines); i++)
		if (!strcmp(lines[i].arch, arch))
			return lines[i].first;
	return NULL;
}

/* Armv9.k has all that Armv8.(k+5) has; Armv8.9 is the last of Armv8. Nothing is before Armv8. */
static bool arm64_has(const struct version *want, const struct version *have)
{
	int last = want->minor < 4 ? want->minor + 5 : 9;

	return want->major == have->major ||
	       (want->major == 9 && have->minor <= last);
}

static int variants_behind(const struct lkb_platform *want, const struct lkb_platform *have)
{
	const char *first = first_of(want->arch);
	struct version lowest, w, h;

	if (!first && !have->variant[0])
		return FARTHEST;
	if (!version_of(want->variant[0] || !first ? want->variant : first, &w) ||
	    !version_of(have->variant[0] || !first ? have->variant : first, &h))
		return -1;
	if (first && version_of(first, &lowest) && behind(&h, &lowest) < 0)
		return -1;
	if (!strcmp(want->arch, "arm64") && !arm64_has(&w, &h))
		return -1;
	return behind(&w, &h);
}

int lkb_platform_rank(const struct lkb_platform *want, const struct lkb_platform *have)
{
	if (strcmp(want->arch, have->arch))
		return -1;
	return strcmp(want->variant, have->variant) ? variants_behind(want, have) : 0;
}

int lkb_platform_compare(const struct lkb_platform *a, const struct lkb_platform *b)
{
	int order = strcmp(a->arch, b->arch);

	return order ? order : strcmp(a->variant, b->variant);
}

struct lkb_platform_text lkb_platform_text(const struct lkb_platform *p)
{
	struct lkb_platform_text t;

	snprintf(t.s, sizeof(t.s), "linux/%s%s%s", p->arch, p->variant[0] ? "/" : "", p->variant);
	return t;
}
