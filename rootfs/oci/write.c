/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/write_priv.h"

#include "base/cleanup.h"

json_t *lkb_oci_desc_json(const struct lkb_oci_desc *d)
{
	lkb_autofree char *digest = lkb_format("sha256:%s", lkb_sha256_text(&d->digest).s);
	json_t *o = json_object();

	lkb_json_set(o, "mediaType", json_string(d->media_type));
	lkb_json_set(o, "digest", json_string(d->digest_text ? d->digest_text : digest));
	lkb_json_set(o, "size", json_integer((json_int_t)d->size));
	return o;
}

static json_t *platform_json(const struct lkb_platform *p)
{
	json_t *o = json_object();

	lkb_json_set(o, "os", json_string("linux"));
	lkb_json_set(o, "architecture", json_string(p->arch));
	if (p->variant[0])
		lkb_json_set(o, "variant", json_string(p->variant));
	return o;
}

json_t *lkb_oci_entry_json(const struct lkb_oci_desc *d, const char *name)
{
	json_t *entry = lkb_oci_desc_json(d);
	json_t *notes;

	if (d->has_platform)
		lkb_json_set(entry, "platform", platform_json(&d->platform));
	if (!name)
		return entry;
	notes = json_object();
	lkb_json_set(notes, LKB_OCI_REF_NAME, json_string(name));
	lkb_json_set(entry, "annotations", notes);
	return entry;
}

json_t *lkb_oci_export_json(const struct lkb_oci_desc *d, const char *name)
{
	json_t *entry = lkb_oci_entry_json(d, name);

	lkb_json_set(json_object_get(entry, "annotations"), LKB_OCI_CONTAINERD_NAME,
		     json_string(name));
	return entry;
}

json_t *lkb_oci_index_json(json_t *manifests)
{
	json_t *o = json_object();

	lkb_json_set(o, "schemaVersion", json_integer(2));
	lkb_json_set(o, "mediaType", json_string(LKB_OCI_TYPE_INDEX));
	lkb_json_set(o, "manifests", manifests);
	return o;
}

char *lkb_oci_manifest_text(const struct lkb_oci_desc *config, const struct lkb_oci_desc *layers,
			    size_t n)
{
	lkb_autojson doc = json_object();
	json_t *list = json_array();

	lkb_json_set(doc, "schemaVersion", json_integer(2));
	lkb_json_set(doc, "mediaType", json_string(LKB_OCI_TYPE_MANIFEST));
	lkb_json_set(doc, "config", lkb_oci_desc_json(config));
	lkb_json_set(doc, "layers", list);
	for (size_t i = 0; i < n; i++)
		lkb_json_append(list, lkb_oci_desc_json(&layers[i]));
	return lkb_json_text(doc);
}
