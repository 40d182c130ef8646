/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/platform.h"

#include <stdint.h>

#include "base/cleanup.h"
#include "base/size.h"

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

	if (len >= room || strspn(from, "abcdefghijklmnopqrstuvwxyz0123456789._-") != len)
		return false;
	memcpy(to, from, len + 1);
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

/* A variant as two numbers: "v8.2" is 8 and 2. "" is `lowest`. */
static bool version_of(const char *variant, uint64_t lowest, uint64_t *major, uint64_t *minor)
{
	char number[16];
	char *dot;

	*major = lowest;
	*minor = 0;
	if (!*variant)
		return true;
	if (variant[0] != 'v' || !copy_word(number, sizeof(number), variant + 1))
		return false;
	dot = strchr(number, '.');
	if (dot)
		*dot = '\0';
	return lkb_u64_parse(number, major) && (!dot || lkb_u64_parse(dot + 1, minor)) &&
	       *major < 100 && *minor < 100;
}

/* Each architecture's own order of variants: how far `have` is behind `want`. */
static int variants_behind(const char *arch, const struct lkb_platform *want,
			   const struct lkb_platform *have)
{
	bool arm64 = !strcmp(arch, "arm64");
	uint64_t lowest = arm64 ? 8 : 1;
	uint64_t w, wm, h, hm;

	if (!version_of(want->variant, lowest, &w, &wm) ||
	    !version_of(have->variant, lowest, &h, &hm))
		return -1;
	if (!arm64)
		return wm || hm || h > w ? -1 : (int)(w - h);
	if (w == h)
		return hm > wm ? -1 : (int)(wm - hm);
	/* Armv9.k has all that Armv8.(k+5) has. */
	if (w == 9 && h == 8)
		return hm > wm + 5 ? -1 : (int)(wm + 1 + (wm + 5 - hm));
	return -1;
}

int lkb_platform_rank(const struct lkb_platform *want, const struct lkb_platform *have)
{
	if (strcmp(want->arch, have->arch))
		return -1;
	if (!strcmp(want->variant, have->variant))
		return 0;
	if (strcmp(want->arch, "amd64") && strcmp(want->arch, "arm64") && strcmp(want->arch, "arm"))
		return -1;
	return variants_behind(want->arch, want, have);
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
