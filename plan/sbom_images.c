/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "plan/sbom_priv.h"
#include "rootfs/oci/ref.h"
#include "rootfs/pkg/pkg.h"

/* Raised when the same image begins to give another inventory. */
#define KIND "inventory-v2"
#define KEPT_MAX ((size_t)64 << 20)

/* From the tree of the image, which is read once more: what became of it in the root tells no more
 * what was one image. */
static int scan(struct lkb_sbom *s, const struct lkb_image *im, struct lkb_inventory *ret,
		struct lkb_error *err)
{
	struct lkb_store *store = s->plan->in->store;
	lkb_auto(lkb_tree) tree = NULL;
	lkb_autostr text = {0};

	if (lkb_store_image_tree(store, im, NULL, &tree, err) ||
	    lkb_inventory_scan(tree, ret, err))
		return -1;
	lkb_inventory_format(ret, &text);
	lkb_store_derived_write(store, KIND, &im->manifest, text.s, text.len);
	return 0;
}

static int attest(void *ctx, const struct lkb_sha256 *digest, const char *text, size_t len,
		  struct lkb_error *err)
{
	struct lkb_sbom_image *image = ctx;

	if (!text) {
		image->too_large++;
		return 0;
	}
	lkb_inventory_attestation(text, len, &image->inventory);
	lkb_str_addf(&image->attestations, "%ssha256:%s", image->attestations.len ? "," : "",
		     lkb_sha256_text(digest).s);
	return 0;
}

static int read_image(struct lkb_sbom *s, const struct lkb_image *im, struct lkb_sbom_image *image,
		      struct lkb_error *err)
{
	struct lkb_inventory *ret = &image->inventory;
	lkb_autofree char *text = NULL;
	const char *debs = lkb_pkg_debs(im);
	size_t len;

	if (!(lkb_store_derived_read(s->plan->in->store, KIND, &im->manifest, KEPT_MAX, &text,
				     &len) &&
	      lkb_inventory_parse(text, len, ret)) &&
	    scan(s, im, ret, err))
		return lkb_context(err, "image '%s'", im->ref);
	/* An image that lkboard made has no database, but a label. */
	if (debs && !ret->n_of[LKB_PACKAGE_DEB])
		lkb_inventory_debs(debs, ret);
	if (lkb_store_attestations(s->plan->in->store, im, attest, image, err))
		return -1;
	lkb_inventory_sort(ret);
	if (image->too_large)
		lkb_ui_warning(s->plan->in->ui, "image '%s': %zu of its attestations have more "
			       "than 4 MiB, and what they list is not in the SBOM", im->ref,
			       image->too_large);
	if (ret->skipped)
		lkb_ui_warning(s->plan->in->ui, "image '%s': %zu records of its package databases "
			       "name no package and are not in the SBOM", im->ref, ret->skipped);
	return 0;
}

int lkb_sbom_read_images(struct lkb_sbom *s, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < s->plan->images.n; i++)
		if (read_image(s, s->plan->images.items[i], &s->images[i], err))
			return -1;
	return 0;
}

static void add_purl(struct lkb_sbom *s, const char *purl)
{
	struct lkb_jsonout *j = &s->json;

	lkb_jsonout_open(j, "externalRefs", '[');
	lkb_jsonout_open(j, NULL, '{');
	lkb_jsonout_string(j, "referenceCategory", "PACKAGE-MANAGER");
	lkb_jsonout_string(j, "referenceType", "purl");
	lkb_jsonout_string(j, "referenceLocator", purl);
	lkb_jsonout_close(j, '}');
	lkb_jsonout_close(j, ']');
}

/* What every package has to say, of which nothing is known. */
static void add_unknown(struct lkb_sbom *s, const char *declared)
{
	struct lkb_jsonout *j = &s->json;

	lkb_jsonout_string(j, "downloadLocation", "NOASSERTION");
	lkb_jsonout_bool(j, "filesAnalyzed", false);
	lkb_jsonout_string(j, "licenseConcluded", "NOASSERTION");
	lkb_jsonout_string(j, "licenseDeclared", declared);
	lkb_jsonout_string(j, "copyrightText", "NOASSERTION");
}

/* "pkg:oci/redis@sha256%3AHEX?arch=arm64&repository_url=docker.io%2Flibrary%2Fredis&tag=7" */
static void image_purl(const struct lkb_image *im, const struct lkb_ref *ref, struct lkb_str *ret)
{
	const char *slash = strrchr(ref->path, '/');

	lkb_str_add(ret, "pkg:oci/");
	lkb_purl_escape(slash ? slash + 1 : ref->path, "", ret);
	lkb_str_addf(ret, "@sha256%%3A%s?arch=", lkb_sha256_text(&im->manifest).s);
	lkb_purl_escape(im->platform.arch, "", ret);
	lkb_str_add(ret, "&repository_url=");
	lkb_purl_escape(ref->domain, "/", ret);
	lkb_str_addc(ret, '/');
	lkb_purl_escape(ref->path, "/", ret);
	if (ref->tag) {
		lkb_str_add(ret, "&tag=");
		lkb_purl_escape(ref->tag, "", ret);
	}
}

static void image_comment(const struct lkb_image *im, const struct lkb_ref *ref,
			  struct lkb_str *ret)
{
	lkb_autofree char *manifest = lkb_format("sha256:%s", lkb_sha256_text(&im->manifest).s);
	size_t i;

	lkb_str_addf(ret, "platform=%s; manifest=%s", lkb_platform_text(&im->platform).s,
		     manifest);
	if (ref->digest && strcmp(ref->digest, manifest) != 0)
		lkb_str_addf(ret, "; index=%s", ref->digest);
	lkb_str_addf(ret, "; config=sha256:%s", lkb_sha256_text(&im->config).s);
	for (i = 0; i < im->n_layers; i++)
		lkb_str_addf(ret, "%ssha256:%s", i ? "," : "; layers=",
			     lkb_sha256_text(&im->layers[i].digest).s);
}

static int write_image(struct lkb_sbom *s, size_t number, struct lkb_error *err)
{
	const struct lkb_image *im = s->plan->images.items[number];
	lkb_autostr purl = {0}, comment = {0};
	lkb_autofree char *id = lkb_format("SPDXRef-Image-%zu", number + 1);
	lkb_autofree char *name = NULL;
	struct lkb_jsonout *j = &s->json;
	lkb_autoref ref = {0};

	if (lkb_ref_parse(im->ref, &ref, err))
		return -1;
	name = lkb_format("%s/%s", ref.domain, ref.path);
	image_purl(im, &ref, &purl);
	image_comment(im, &ref, &comment);
	if (s->images[number].attestations.len)
		lkb_str_addf(&comment, "; attestations=%s",
			     lkb_str_get(&s->images[number].attestations));
	lkb_jsonout_open(j, NULL, '{');
	lkb_jsonout_string(j, "SPDXID", id);
	lkb_jsonout_string(j, "name", name);
	lkb_jsonout_string(j, "versionInfo", ref.tag ? ref.tag : ref.digest);
	lkb_jsonout_string(j, "primaryPackagePurpose", "CONTAINER");
	add_unknown(s, "NOASSERTION");
	lkb_jsonout_open(j, "checksums", '[');
	lkb_sbom_checksum(s, "SHA256", im->manifest.b, sizeof(im->manifest.b));
	lkb_jsonout_close(j, ']');
	add_purl(s, lkb_str_get(&purl));
	lkb_jsonout_string(j, "comment", lkb_str_get(&comment));
	lkb_jsonout_close(j, '}');
	return 0;
}

static void write_package(struct lkb_sbom *s, const struct lkb_inventory *v,
			  const struct lkb_package *p, const char *id)
{
	bool declared = lkb_licence_is_spdx(p->licence);
	struct lkb_jsonout *j = &s->json;

	lkb_jsonout_open(j, NULL, '{');
	lkb_jsonout_string(j, "SPDXID", id);
	lkb_jsonout_string(j, "name", p->name);
	if (*p->version)
		lkb_jsonout_string(j, "versionInfo", p->version);
	add_unknown(s, declared ? p->licence : "NOASSERTION");
	if (*p->licence && !declared)
		lkb_jsonout_string(j, "licenseComments", p->licence);
	if (*p->source) {
		s->comment.len = 0;
		lkb_str_addf(&s->comment, "built from the source package %s", p->source);
		lkb_jsonout_string(j, "sourceInfo", lkb_str_get(&s->comment));
	}
	s->scratch.len = 0;
	lkb_inventory_purl(v, p, &s->scratch);
	add_purl(s, lkb_str_get(&s->scratch));
	lkb_jsonout_close(j, '}');
}

int lkb_sbom_image_packages(struct lkb_sbom *s, struct lkb_error *err)
{
	size_t i, k;
	char id[80];

	for (i = 0; i < s->plan->images.n; i++) {
		const struct lkb_inventory *v = &s->images[i].inventory;

		if (write_image(s, i, err))
			return -1;
		for (k = 0; k < v->n; k++) {
			snprintf(id, sizeof(id), "SPDXRef-Package-%zu-%zu", i + 1, k + 1);
			write_package(s, v, &v->items[k], id);
			if (lkb_sbom_flush(s, false, err))
				return -1;
		}
	}
	return 0;
}

int lkb_sbom_image_relations(struct lkb_sbom *s, struct lkb_error *err)
{
	size_t i, k;
	char image[80], id[80];

	for (i = 0; i < s->plan->images.n; i++) {
		snprintf(image, sizeof(image), "SPDXRef-Image-%zu", i + 1);
		for (k = 0; k < s->images[i].inventory.n; k++) {
			snprintf(id, sizeof(id), "SPDXRef-Package-%zu-%zu", i + 1, k + 1);
			lkb_sbom_relate(s, image, "CONTAINS", id);
			if (lkb_sbom_flush(s, false, err))
				return -1;
		}
	}
	return 0;
}
