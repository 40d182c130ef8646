/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "rootfs/inventory/inventory.h"

void lkb_purl_escape(const char *text, const char *keep, struct lkb_str *ret)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.-_~";

	for (; *text; text++) {
		if (strchr(plain, *text) || strchr(keep, *text))
			lkb_str_addc(ret, *text);
		else
			lkb_str_addf(ret, "%%%02X", (unsigned char)*text);
	}
}

static void add_qualifier(const char *key, const char *value, char *separator,
			  struct lkb_str *ret)
{
	if (!*value)
		return;
	lkb_str_addf(ret, "%c%s=", *separator, key);
	lkb_purl_escape(value, "", ret);
	*separator = '&';
}

void lkb_inventory_purl(const struct lkb_inventory *v, const struct lkb_package *p,
			struct lkb_str *ret)
{
	static const struct {
		const char *type, *vendor; /* the vendor where os-release names none */
	} kinds[] = {[LKB_PACKAGE_DEB] = {"deb", "debian"}, [LKB_PACKAGE_APK] = {"apk", "alpine"}};
	lkb_autostr distro = {0};
	char separator = '?';

	if (p->kind == LKB_PACKAGE_OTHER) {
		lkb_str_add(ret, p->purl);
		return;
	}
	if (v->distro && v->release)
		lkb_str_addf(&distro, "%s-%s", v->distro, v->release);
	lkb_str_addf(ret, "pkg:%s/%s/", kinds[p->kind].type,
		     v->distro ? v->distro : kinds[p->kind].vendor);
	lkb_purl_escape(p->name, "", ret);
	lkb_str_addc(ret, '@');
	lkb_purl_escape(p->version, "", ret);
	add_qualifier("arch", p->arch, &separator, ret);
	add_qualifier("distro", lkb_str_get(&distro), &separator, ret);
	add_qualifier("upstream", p->source, &separator, ret);
}
