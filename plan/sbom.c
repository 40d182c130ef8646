/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/path.h"
#include "base/size.h"
#include "base/version.h"
#include "plan/sbom_priv.h"
#include "rootfs/oci/docs.h"

#define PIECE ((size_t)64 * 1024)
#define DOCUMENT "SPDXRef-DOCUMENT"

int lkb_sbom_flush(struct lkb_sbom *s, bool all, struct lkb_error *err)
{
	struct lkb_str *text = &s->json.text;

	if (!all && text->len < PIECE)
		return 0;
	lkb_hash_add(s->hash, text->s, text->len);
	s->bytes += text->len;
	if (lkb_write_full(s->fd, text->s, text->len, s->path, err))
		return -1;
	text->len = 0;
	return 0;
}

/* ---- which layer is whose ---- */

static int compare_layers(const void *pa, const void *pb)
{
	const struct lkb_sbom_layer *a = pa, *b = pb;
	int order = memcmp(a->layer->diff_id.b, b->layer->diff_id.b, LKB_SHA256_SIZE);

	return order ? order : a->image < b->image ? -1 : a->image > b->image;
}

static void collect_layers(struct lkb_sbom *s)
{
	const struct lkb_rootfs_images *images = &s->plan->images;
	size_t i, k, n = 0;

	for (i = 0; i < images->n; i++)
		n += images->items[i]->n_layers;
	s->layers = lkb_alloc_array(n + 1, sizeof(*s->layers));
	for (i = 0; i < images->n; i++)
		for (k = 0; k < images->items[i]->n_layers; k++)
			s->layers[s->n_layers++] =
				(struct lkb_sbom_layer){&images->items[i]->layers[k], i};
	if (n)
		qsort(s->layers, n, sizeof(*s->layers), compare_layers);
}

size_t lkb_sbom_image_number(const struct lkb_sbom *s, const char *ref)
{
	size_t i;

	for (i = 0; ref && i < s->plan->images.n; i++)
		if (!strcmp(s->plan->images.items[i]->ref, ref))
			return i;
	return s->plan->images.n;
}

const struct lkb_sbom_layer *lkb_sbom_layer_of(const struct lkb_sbom *s, const struct lkb_data *d,
					       const char *ref)
{
	const struct lkb_sha256 *diff_id = d->blob ? lkb_blob_digest(d->blob) : NULL;
	const struct lkb_sbom_layer *first = NULL;
	size_t i, image = lkb_sbom_image_number(s, ref);

	for (i = 0; diff_id && i < s->n_layers; i++) {
		if (!lkb_sha256_equal(&s->layers[i].layer->diff_id, diff_id))
			continue;
		if (s->layers[i].image == image)
			return &s->layers[i];
		if (!first)
			first = &s->layers[i];
	}
	return first;
}

/* ---- pieces ---- */

void lkb_sbom_checksum(struct lkb_sbom *s, const char *algorithm, const void *digest, size_t n)
{
	char hex[2 * LKB_SHA256_SIZE + 1];

	lkb_hex(digest, n, hex);
	lkb_jsonout_open(&s->json, NULL, '{');
	lkb_jsonout_string(&s->json, "algorithm", algorithm);
	lkb_jsonout_string(&s->json, "checksumValue", hex);
	lkb_jsonout_close(&s->json, '}');
}

void lkb_sbom_relate(struct lkb_sbom *s, const char *from, const char *type, const char *to)
{
	struct lkb_jsonout *j = &s->json;

	lkb_jsonout_open(j, NULL, '{');
	lkb_jsonout_string(j, "spdxElementId", from);
	lkb_jsonout_string(j, "relationshipType", type);
	lkb_jsonout_string(j, "relatedSpdxElement", to);
	lkb_jsonout_close(j, '}');
}

/* ---- the document ---- */

static void write_head(struct lkb_sbom *s)
{
	const struct lkb_plan *p = s->plan;
	lkb_autofree char *title = lkb_format("%s-%s", p->in->name, p->in->board->name);
	lkb_autofree char *what = lkb_format("sbom %s %lld", LKB_VERSION, (long long)p->epoch);
	struct lkb_uuid uuid = lkb_derive_uuid(&p->products[0].seed, what);
	struct lkb_jsonout *j = &s->json;
	lkb_autostr space = {0};

	lkb_str_add(&space, "https://spdx.org/spdxdocs/");
	lkb_purl_escape(title, "", &space);
	lkb_str_addf(&space, "-%s", lkb_uuid_text(&uuid).s);
	lkb_jsonout_open(j, NULL, '{');
	lkb_jsonout_string(j, "spdxVersion", "SPDX-2.3");
	lkb_jsonout_string(j, "dataLicense", "CC0-1.0");
	lkb_jsonout_string(j, "SPDXID", DOCUMENT);
	lkb_jsonout_string(j, "name", title);
	lkb_jsonout_string(j, "documentNamespace", lkb_str_get(&space));
	lkb_jsonout_open(j, "creationInfo", '{');
	lkb_jsonout_string(j, "created", lkb_oci_date_text(p->epoch).s);
	lkb_jsonout_strings(j, "creators", (const char *const[]){"Tool: lkboard-" LKB_VERSION}, 1);
	lkb_jsonout_close(j, '}');
}

/* Starts a package and says what all of ours say alike. */
static void open_package(struct lkb_sbom *s, const char *id, const char *name)
{
	const char *version = s->plan->in->spec->lkboard.version;
	struct lkb_jsonout *j = &s->json;

	lkb_jsonout_open(j, NULL, '{');
	lkb_jsonout_string(j, "SPDXID", id);
	lkb_jsonout_string(j, "name", name);
	if (version)
		lkb_jsonout_string(j, "versionInfo", version);
	lkb_jsonout_string(j, "downloadLocation", "NOASSERTION");
	lkb_jsonout_string(j, "licenseConcluded", "NOASSERTION");
	lkb_jsonout_string(j, "licenseDeclared", "NOASSERTION");
	lkb_jsonout_string(j, "copyrightText", "NOASSERTION");
}

/* The digest of a disk image is that of its map, which is no checksum of the file. */
static void write_artifact(struct lkb_sbom *s, size_t i)
{
	static const char plain[] = "sha256:";
	const struct lkb_artifact *a = &s->in->artifacts->items[i];
	const char *name = a->file;
	lkb_autofree char *id = lkb_format("SPDXRef-Artifact-%zu", i + 1);
	struct lkb_jsonout *j = &s->json;

	open_package(s, id, name);
	lkb_jsonout_string(j, "packageFileName", name);
	lkb_jsonout_bool(j, "filesAnalyzed", false);
	if (lkb_starts_with(a->digest, plain)) {
		lkb_jsonout_open(j, "checksums", '[');
		lkb_jsonout_open(j, NULL, '{');
		lkb_jsonout_string(j, "algorithm", "SHA256");
		lkb_jsonout_string(j, "checksumValue", a->digest + strlen(plain));
		lkb_jsonout_close(j, '}');
		lkb_jsonout_close(j, ']');
	} else {
		lkb_jsonout_string(j, "comment", a->digest);
	}
	lkb_jsonout_close(j, '}');
}

static void write_tree(struct lkb_sbom *s, const struct lkb_sbom_tree *t)
{
	lkb_autofree char *id = lkb_format("SPDXRef-Tree-%s", t->holding->name);
	struct lkb_jsonout *j = &s->json;

	open_package(s, id, t->holding->name);
	lkb_jsonout_bool(j, "filesAnalyzed", t->n_files > 0);
	if (t->n_files) {
		lkb_jsonout_open(j, "packageVerificationCode", '{');
		lkb_jsonout_string(j, "packageVerificationCodeValue", t->code);
		lkb_jsonout_close(j, '}');
	}
	lkb_jsonout_close(j, '}');
}

static int write_packages(struct lkb_sbom *s, struct lkb_error *err)
{
	size_t i;

	lkb_jsonout_open(&s->json, "packages", '[');
	for (i = 0; i < s->in->artifacts->n; i++)
		write_artifact(s, i);
	for (i = 0; i < s->in->n_holdings; i++)
		write_tree(s, &s->trees[i]);
	if (lkb_sbom_image_packages(s, err))
		return -1;
	lkb_jsonout_close(&s->json, ']');
	return 0;
}

/* ---- relationships ---- */

static int relate_tree(struct lkb_sbom *s, const struct lkb_sbom_tree *t, struct lkb_error *err)
{
	const struct lkb_holding *h = t->holding;
	char tree[80], other[80];
	size_t i;

	snprintf(tree, sizeof(tree), "SPDXRef-Tree-%s", h->name);
	for (i = 0; i < h->n_artifacts; i++) {
		snprintf(other, sizeof(other), "SPDXRef-Artifact-%zu", h->artifacts[i] + 1);
		lkb_sbom_relate(s, other, "CONTAINS", tree);
	}
	for (i = 0; i < s->plan->images.n; i++) {
		if (!t->from[i])
			continue;
		snprintf(other, sizeof(other), "SPDXRef-Image-%zu", i + 1);
		lkb_sbom_relate(s, tree, "GENERATED_FROM", other);
		s->images[i].used = true;
	}
	for (i = 1; i <= t->n_files; i++) {
		snprintf(other, sizeof(other), "SPDXRef-File-%s-%zu", h->name, i);
		lkb_sbom_relate(s, tree, "CONTAINS", other);
		if (lkb_sbom_flush(s, false, err))
			return -1;
	}
	return 0;
}

/* What the document is about, and which image an artifact is a file of. */
static void relate_artifact(struct lkb_sbom *s, size_t i)
{
	const struct lkb_data *data = s->in->data[i];
	const struct lkb_sbom_layer *l = data ? lkb_sbom_layer_of(s, data, NULL) : NULL;
	char id[80], image[80];

	snprintf(id, sizeof(id), "SPDXRef-Artifact-%zu", i + 1);
	lkb_sbom_relate(s, DOCUMENT, "DESCRIBES", id);
	if (!l)
		return;
	snprintf(image, sizeof(image), "SPDXRef-Image-%zu", l->image + 1);
	lkb_sbom_relate(s, id, "GENERATED_FROM", image);
	s->images[l->image].used = true;
}

/* An image none of whose files came through, or only changed ones, went into what was made. */
static void relate_rest(struct lkb_sbom *s)
{
	char id[80], image[80];
	size_t i;

	snprintf(id, sizeof(id), "SPDXRef-Artifact-%zu",
		 s->in->n_holdings ? s->in->holdings[0].artifacts[0] + 1 : 1);
	for (i = 0; i < s->plan->images.n; i++) {
		snprintf(image, sizeof(image), "SPDXRef-Image-%zu", i + 1);
		if (!s->images[i].used)
			lkb_sbom_relate(s, id, "GENERATED_FROM", image);
	}
}

static int write_relations(struct lkb_sbom *s, struct lkb_error *err)
{
	size_t i;

	lkb_jsonout_open(&s->json, "relationships", '[');
	for (i = 0; i < s->in->artifacts->n; i++)
		relate_artifact(s, i);
	for (i = 0; i < s->in->n_holdings; i++)
		if (relate_tree(s, &s->trees[i], err))
			return -1;
	relate_rest(s);
	if (lkb_sbom_image_relations(s, err))
		return -1;
	lkb_jsonout_close(&s->json, ']');
	lkb_jsonout_close(&s->json, '}');
	lkb_str_addc(&s->json.text, '\n');
	return lkb_sbom_flush(s, true, err);
}

static void clear(struct lkb_sbom *s)
{
	size_t i;

	for (i = 0; i < s->plan->images.n; i++) {
		lkb_inventory_clear(&s->images[i].inventory);
		lkb_str_clear(&s->images[i].attestations);
	}
	for (i = 0; i < s->in->n_holdings; i++)
		free(s->trees[i].from);
	free(s->images);
	free(s->trees);
	free(s->layers);
	lkb_sums_cache_free(s->sums);
	lkb_hash_free(s->hash);
	lkb_str_clear(&s->json.text);
	lkb_str_clear(&s->scratch);
	lkb_str_clear(&s->comment);
}

int lkb_sbom_write(const struct lkb_sbom_in *in, int fd, const char *path, uint64_t *ret_bytes,
		   struct lkb_sha256 *ret_digest, struct lkb_error *err)
{
	struct lkb_sbom s __attribute__((cleanup(clear))) = {
		.plan = in->plan,
		.in = in,
		.json = {.flat = 3}, /* a file, a package, a relationship is a line */
		.hash = lkb_hash_new(),
		.fd = fd,
		.path = path,
		.sums = lkb_sums_cache_new(in->plan->in->store),
		.images = lkb_alloc_array(in->plan->images.n + 1, sizeof(*s.images)),
		.trees = lkb_alloc_array(in->n_holdings + 1, sizeof(*s.trees)),
	};

	collect_layers(&s);
	write_head(&s);
	if (lkb_sbom_files(&s, err) || lkb_sbom_read_images(&s, err) || write_packages(&s, err) ||
	    write_relations(&s, err))
		return lkb_context(err, "SBOM");
	*ret_bytes = s.bytes;
	*ret_digest = lkb_hash_done(s.hash);
	return 0;
}
