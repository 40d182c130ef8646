/* SPDX-License-Identifier: Apache-2.0 */
/* in-toto statements (in-toto.io/Statement/v0.1 and v1) whose predicate is an SPDX 2 document, as
 * builders attach them to images. */
#include <string.h>

#include "base/ext/json.h"
#include "rootfs/inventory/inventory_priv.h"

static struct lkb_piece text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return (struct lkb_piece){text ? text : "", text ? strlen(text) : 0};
}

static struct lkb_piece purl_of(const json_t *package)
{
	const json_t *refs = json_object_get(package, "externalRefs"), *ref;
	size_t i;

	json_array_foreach(refs, i, ref)
		if (lkb_piece_is(text_of(ref, "referenceType"), "purl"))
			return text_of(ref, "referenceLocator");
	return (struct lkb_piece){"", 0};
}

static struct lkb_piece licence_of(const json_t *package)
{
	struct lkb_piece p = text_of(package, "licenseDeclared");

	if (lkb_piece_is(p, "NOASSERTION") || lkb_piece_is(p, "NONE"))
		p.len = 0;
	return p;
}

/* Packages of a kind that the image's own database lists are that database's. */
static bool is_listed(const struct lkb_inventory *v, struct lkb_piece purl)
{
	static const char *const prefixes[] = {
		[LKB_PACKAGE_DEB] = "pkg:deb/", [LKB_PACKAGE_APK] = "pkg:apk/",
	};
	enum lkb_package_kind kind;

	for (kind = LKB_PACKAGE_DEB; kind < LKB_PACKAGE_OTHER; kind++)
		if (purl.len > strlen(prefixes[kind]) &&
		    !memcmp(purl.s, prefixes[kind], strlen(prefixes[kind])))
			return v->n_of[kind] > 0;
	return false;
}

void lkb_inventory_attestation(const char *text, size_t len, struct lkb_inventory *v)
{
	lkb_autojson root = NULL;
	const json_t *packages, *package;
	size_t i;

	if (lkb_json_parse(text, len, "attestation", &root, NULL)) {
		v->skipped++;
		return;
	}
	packages = json_object_get(json_object_get(root, "predicate"), "packages");
	json_array_foreach(packages, i, package) {
		struct lkb_record r = {
			.kind = LKB_PACKAGE_OTHER, .name = text_of(package, "name"),
			.version = text_of(package, "versionInfo"),
			.licence = licence_of(package), .purl = purl_of(package),
		};

		/* A package that has no purl is a file or the image itself. */
		if (r.purl.len && !is_listed(v, r.purl))
			lkb_inventory_add(v, &r);
	}
}
