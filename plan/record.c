/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/utf8.h"
#include "base/version.h"
#include "plan/json_priv.h"

/* Only base names and digests: nothing in here says where, when or by whom it was built. */

static json_t *digest_json(const struct lkb_sha256 *d)
{
	return json_sprintf("sha256:%s", lkb_sha256_text(d).s);
}

json_t *lkb_json_base_name(const char *path)
{
	const char *base = lkb_path_basename(path);
	lkb_autostr s = {0};

	lkb_utf8_show(&s, base, strlen(base), false);
	return json_string(lkb_str_get(&s));
}

json_t *lkb_json_specs(const struct lkb_plan *p)
{
	const struct lkb_spec *spec = p->in->spec;
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < spec->files_read.n; i++) {
		const char *path = spec->files_read.items[i];

		json_array_append_new(
			list, json_pack("{s:o, s:o}", "file", lkb_json_base_name(path), "digest",
					digest_json(&spec->digests[i])));
	}
	return list;
}

json_t *lkb_json_images(const struct lkb_plan *p)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < p->images.n; i++) {
		const struct lkb_image *im = p->images.items[i];

		json_array_append_new(
			list, json_pack("{s:s, s:o, s:o}", "ref", im->ref, "manifest",
					digest_json(&im->manifest), "platform",
					json_string(lkb_platform_text(&im->platform).s)));
	}
	return list;
}

json_t *lkb_json_partitions(const struct lkb_product *m)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < m->disk.n_parts; i++) {
		const struct lkb_part *part = &m->disk.parts[i];

		json_array_append_new(
			list, json_pack("{s:i, s:s, s:s, s:I, s:I, s:I}", "number", (int)i + 1,
					"name", part->name, "filesystem", lkb_fs_name(part->fs),
					"offset", (json_int_t)part->off, "size",
					(json_int_t)part->size, "filesystem-size",
					(json_int_t)part->fs_size));
	}
	return list;
}

const char *lkb_fs_name(enum lkb_fs_type fs)
{
	static const char *const names[] = {
		[LKB_FS_NONE] = "none", [LKB_FS_FAT32] = "fat32", [LKB_FS_EXT4] = "ext4",
	};

	return names[fs];
}

/* Files of the spec that were read from this machine. */
static int add_sources(const struct lkb_plan *p, json_t *list, struct lkb_error *err)
{
	const struct lkb_spec_file *files = p->in->spec->files.items;
	size_t i;

	for (i = 0; i < p->in->spec->files.n; i++) {
		const struct lkb_inode *node = lkb_tree_lookup(p->rootfs.root, files[i].path, true);
		struct lkb_sha256 digest;

		if (!files[i].source || !node || node->type != LKB_NODE_FILE)
			continue;
		if (lkb_data_sha256(&node->data, &digest, err))
			return -1;
		json_array_append_new(list, json_pack("{s:s, s:o}", "path", files[i].path, "digest",
						      digest_json(&digest)));
	}
	return 0;
}

static json_t *overlays_json(const struct lkb_plan *p)
{
	const struct lkb_strlist *overlays = &p->in->spec->lkboard.overlays;
	json_t *list = json_array();
	size_t i;

	for (i = 0; p->overlays && i < overlays->n; i++) {
		json_t *file = lkb_json_base_name(overlays->items[i]);

		json_array_append_new(list, json_pack("{s:o, s:o}", "file", file, "digest",
						      digest_json(&p->overlays[i])));
	}
	return list;
}

static json_t *outputs_json(const struct lkb_artifacts *outputs)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < outputs->n; i++) {
		const struct lkb_artifact *a = &outputs->items[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s*, s:I, s:s}", "file",
					a->file, "format", a->format, "bytes",
					(json_int_t)a->bytes, "digest", a->digest));
	}
	return list;
}

static json_t *formats_json(const struct lkb_plan *p)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < p->n_products; i++) {
		const struct lkb_product *m = &p->products[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:o, s:o}", "name", m->format->name, "root",
					m->format->root_mode, "seed", digest_json(&m->seed),
					"partitions", lkb_json_partitions(m)));
	}
	return list;
}

int lkb_build_json(const struct lkb_plan *p, const struct lkb_artifacts *outputs,
		   struct lkb_str *ret, struct lkb_error *err)
{
	json_t *sources = json_array(), *root;
	char *text;

	if (add_sources(p, sources, err)) {
		json_decref(sources);
		return -1;
	}
	root = json_pack("{s:s, s:i, s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o}",
			 "lkboard", LKB_VERSION, "format-version", LKB_FORMAT_VERSION, "name",
			 p->in->name, "board", p->in->board->name, "formats",
			 formats_json(p), "epoch", (json_int_t)p->epoch, "specs",
			 lkb_json_specs(p), "files", sources, "overlays", overlays_json(p),
			 "images", lkb_json_images(p), "outputs", outputs_json(outputs));
	if (!root)
		return lkb_fail(err, LKB_BUG, "build.json could not be made");
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	lkb_str_addf(ret, "%s\n", text);
	free(text);
	return 0;
}
