/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/json.h"
#include "rootfs/oci/docs.h"

static int parse_annotations(const struct lkb_json_at *at, struct lkb_arena *arena,
			     struct lkb_oci_desc *d, struct lkb_error *err)
{
	struct lkb_json_at notes;
	const char *ref_name, *containerd_name, *title, *signature, *type, *about;

	if (lkb_json_object(at, "annotations", LKB_JSON_OPTIONAL, &notes, err) ||
	    lkb_json_string(&notes, LKB_OCI_REF_NAME, LKB_JSON_OPTIONAL, &ref_name, err) ||
	    lkb_json_string(&notes, LKB_OCI_CONTAINERD_NAME, LKB_JSON_OPTIONAL, &containerd_name,
			    err) ||
	    lkb_json_string(&notes, LKB_OCI_TITLE, LKB_JSON_OPTIONAL, &title, err) ||
	    lkb_json_string(&notes, LKB_OCI_COSIGN_SIGNATURE, LKB_JSON_OPTIONAL, &signature,
			    err) ||
	    lkb_json_string(&notes, "vnd.docker.reference.type", LKB_JSON_OPTIONAL, &type, err) ||
	    lkb_json_string(&notes, "vnd.docker.reference.digest", LKB_JSON_OPTIONAL, &about, err))
		return -1;
	d->ref_name = ref_name ? lkb_arena_strdup(arena, ref_name) : NULL;
	d->containerd_name = containerd_name ? lkb_arena_strdup(arena, containerd_name) : NULL;
	d->title = title ? lkb_arena_strdup(arena, title) : NULL;
	d->signature = signature ? lkb_arena_strdup(arena, signature) : NULL;
	if (type)
		d->not_for_us = true;
	if (type && about && !strcmp(type, "attestation-manifest"))
		d->attests = lkb_arena_strdup(arena, about);
	return 0;
}

static bool needs_any(const struct lkb_strv *features)
{
	for (size_t i = 0; i < features->n; i++)
		if (features->items[i][0])
			return true;
	return false;
}

static int parse_platform(const struct lkb_json_at *at, struct lkb_oci_desc *d,
			  struct lkb_error *err)
{
	struct lkb_json_at p;
	const char *os, *arch, *variant;
	lkb_autostrv features = {0};

	if (lkb_json_object(at, "platform", LKB_JSON_OPTIONAL, &p, err))
		return -1;
	if (!p.value)
		return 0;
	if (lkb_json_string(&p, "os", LKB_JSON_REQUIRED, &os, err) ||
	    lkb_json_string(&p, "architecture", LKB_JSON_REQUIRED, &arch, err) ||
	    lkb_json_string(&p, "variant", LKB_JSON_OPTIONAL, &variant, err) ||
	    lkb_json_strings(&p, "os.features", LKB_OCI_MAX_WORDS, &features, NULL, err))
		return -1;
	d->has_platform = true;
	/* What an image needs of the system beyond being Linux is unknown here, so not given. */
	if (strcasecmp(os, "linux") || !strcmp(arch, "unknown") || needs_any(&features) ||
	    !lkb_platform_set(&d->platform, arch, variant))
		d->not_for_us = true;
	return 0;
}

static int parse_desc(const struct lkb_json_at *at, struct lkb_arena *arena,
		      struct lkb_oci_desc *ret, struct lkb_error *err)
{
	struct lkb_oci_desc d = {0};
	const char *media_type, *digest;

	if (lkb_json_string(at, "mediaType", LKB_JSON_REQUIRED, &media_type, err) ||
	    lkb_json_string(at, "digest", LKB_JSON_REQUIRED, &digest, err) ||
	    lkb_json_u64(at, "size", LKB_JSON_REQUIRED, LKB_OCI_MAX_BLOB, &d.size, err))
		return -1;
	if (!lkb_oci_digest_parse(digest, &d.verifiable, &d.digest))
		return lkb_json_fail(at, "digest", err, "is no digest: '%.100s'", digest);
	d.media_type = lkb_arena_strdup(arena, media_type);
	d.kind = lkb_oci_kind_of(media_type);
	d.digest_text = lkb_arena_strdup(arena, digest);
	if (parse_annotations(at, arena, &d, err) || parse_platform(at, &d, err))
		return -1;
	*ret = d;
	return 0;
}

static int parse_descs(const struct lkb_json_at *root, const char *key, size_t max_n,
		       struct lkb_arena *arena, struct lkb_oci_desc **ret, size_t *ret_n,
		       struct lkb_error *err)
{
	struct lkb_json_at array, item;
	struct lkb_oci_desc *items;

	if (lkb_json_array(root, key, LKB_JSON_OPTIONAL, max_n, &array, err))
		return -1;
	items = lkb_arena_array(arena, lkb_json_count(&array), sizeof(*items));
	for (size_t i = 0; i < lkb_json_count(&array); i++)
		if (lkb_json_item(&array, i, &item, err) ||
		    parse_desc(&item, arena, &items[i], err))
			return -1;
	*ret = items;
	*ret_n = lkb_json_count(&array);
	return 0;
}

int lkb_oci_fail_schema1(const char *name, struct lkb_error *err)
{
	lkb_fail(err, LKB_INPUT, "%s: Docker's manifest schema 1 is not supported", name);
	return lkb_hint(err, "Docker itself gave it up; push the image anew with a current "
			     "tool, or convert it with 'skopeo copy --format oci'");
}

/* What the document is: by its own word, by its descriptor's, by its shape. */
static int find_kind(const struct lkb_json_at *root, const char *said, enum lkb_oci_kind *ret,
		     const char **ret_type, struct lkb_error *err)
{
	bool has_index = lkb_json_has(root, "manifests");
	bool has_manifest = lkb_json_has(root, "config") || lkb_json_has(root, "layers");
	const char *own;
	enum lkb_oci_kind kind;

	if (lkb_json_string(root, "mediaType", LKB_JSON_OPTIONAL, &own, err))
		return -1;
	if (lkb_json_has(root, "fsLayers") || lkb_oci_kind_of(own) == LKB_OCI_SCHEMA1)
		return lkb_oci_fail_schema1(root->doc, err);
	if (has_index && has_manifest)
		return lkb_fail(err, LKB_INPUT, "%s: the document is an index and a manifest at "
				"once, which is a way to deceive (CVE-2021-41190)", root->doc);
	if (own && said && strcmp(own, said))
		return lkb_fail(err, LKB_INPUT, "%s: the document calls itself '%.100s', what "
				"refers to it says '%.100s'", root->doc, own, said);
	own = own ? own : said;
	kind = own ? lkb_oci_kind_of(own) : has_index ? LKB_OCI_INDEX : LKB_OCI_MANIFEST;
	if (kind != LKB_OCI_INDEX && kind != LKB_OCI_MANIFEST)
		return lkb_fail(err, LKB_INPUT, "%s: '%.100s' is neither an index nor an image "
				"manifest", root->doc, own);
	if (kind == LKB_OCI_INDEX ? has_manifest : has_index)
		return lkb_fail(err, LKB_INPUT, "%s: the document's contents are not those of "
				"its media type '%.100s'", root->doc, own);
	*ret = kind;
	*ret_type = own ? own : kind == LKB_OCI_INDEX ? LKB_OCI_TYPE_INDEX : LKB_OCI_TYPE_MANIFEST;
	return 0;
}

static int parse_manifest(const struct lkb_json_at *root, struct lkb_arena *arena,
			  struct lkb_oci_manifest *ret, struct lkb_error *err)
{
	struct lkb_json_at config, subject;
	const char *type;

	if (lkb_json_object(root, "config", LKB_JSON_REQUIRED, &config, err) ||
	    parse_desc(&config, arena, &ret->config, err) ||
	    parse_descs(root, "layers", LKB_OCI_MAX_LAYERS, arena, &ret->layers, &ret->n_layers,
			err) ||
	    lkb_json_string(root, "artifactType", LKB_JSON_OPTIONAL, &type, err) ||
	    lkb_json_object(root, "subject", LKB_JSON_OPTIONAL, &subject, err))
		return -1;
	ret->artifact_type = type && *type ? lkb_arena_strdup(arena, type) : NULL;
	ret->has_subject = subject.value;
	return subject.value ? parse_desc(&subject, arena, &ret->subject, err) : 0;
}

const char *lkb_oci_artifact_type(const struct lkb_oci_manifest *m)
{
	if (m->artifact_type)
		return m->artifact_type;
	if (m->config.kind != LKB_OCI_CONFIG && strcmp(m->config.media_type, LKB_OCI_TYPE_EMPTY))
		return m->config.media_type;
	if (m->n_layers && m->layers[0].kind != LKB_OCI_LAYER)
		return m->layers[0].media_type;
	return m->config.kind != LKB_OCI_CONFIG ? m->config.media_type : NULL;
}

static int parse_root(const struct lkb_json_at *root, const char *media_type,
		      struct lkb_arena *arena, struct lkb_oci_doc *ret, struct lkb_error *err)
{
	struct lkb_oci_doc doc = {0};
	const char *type = NULL;
	uint64_t version = 0;

	if (find_kind(root, media_type, &doc.kind, &type, err) ||
	    lkb_json_u64(root, "schemaVersion", LKB_JSON_REQUIRED, 99, &version, err))
		return -1;
	if (version == 1)
		return lkb_oci_fail_schema1(root->doc, err);
	if (version != 2)
		return lkb_json_fail(root, "schemaVersion", err, "is %d, not 2", (int)version);
	doc.media_type = lkb_arena_strdup(arena, type);
	if (doc.kind == LKB_OCI_INDEX ?
	    parse_descs(root, "manifests", LKB_OCI_MAX_ENTRIES, arena, &doc.index.items,
			&doc.index.n, err) :
	    parse_manifest(root, arena, &doc.manifest, err))
		return -1;
	*ret = doc;
	return 0;
}

int lkb_oci_doc_parse(const char *text, size_t len, const char *name, const char *media_type,
		      struct lkb_arena *arena, struct lkb_oci_doc *ret, struct lkb_error *err)
{
	lkb_autojson v = NULL;
	struct lkb_json_at root;

	if (lkb_json_parse(text, len, name, &v, err) || lkb_json_root(v, name, &root, err))
		return -1;
	return parse_root(&root, media_type, arena, ret, err);
}
