/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/str.h"
#include "rootfs/rootfs_priv.h"

#define FILE_MODE 0600
#define DIR_MODE 0700

/* True for "containers/..." however it is written. */
static bool goes_below_containers(const char *path)
{
	static const char dir[] = "containers";

	while (*path == '/' || (path[0] == '.' && path[1] == '/'))
		path++;
	return !strncmp(path, dir, strlen(dir)) && path[strlen(dir)] == '/';
}

static int add_source(struct lkb_rootfs_job *job, const struct lkb_spec_file *f,
		      const struct lkb_meta *meta, struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = NULL;
	struct lkb_data data;

	if (f->optional == LKB_YES && access(f->source_path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (lkb_blob_open(f->source_path, &blob, err) < 0)
		return lkb_hint(err, "a source is a file, looked for beside the spec; one that may "
				"be missing has 'optional: true'");
	data = (struct lkb_data){ blob, 0, lkb_blob_size(blob) };
	return lkb_tree_add_file(job->root, f->path, meta, &data, NULL, err);
}

static int add_metadata(struct lkb_rootfs_job *job, const struct lkb_spec_file *f,
			const struct lkb_meta *meta, struct lkb_error *err)
{
	lkb_autostr text = { 0 };

	if (lkb_rootfs_metadata(job->spec, f->metadata, &text, err) < 0)
		return -1;
	return lkb_tree_add_text(job->root, f->path, meta, text.s, text.len, err);
}

static int add_one(struct lkb_rootfs_job *job, const struct lkb_spec_file *f,
		   struct lkb_error *err)
{
	struct lkb_meta meta = lkb_rootfs_meta(job->env->epoch, 0);

	if (!f->path || !*f->path)
		return lkb_fail(err, LKB_INPUT, "there is no path");
	if (lkb_id_read(f->uid, &job->ids, &meta.uid, err) < 0 ||
	    lkb_id_read(f->gid, &job->ids, &meta.gid, err) < 0)
		return -1;
	if (f->symlink) {
		meta.mode = 0777;
		return lkb_tree_add_symlink(job->root, f->path, &meta, f->symlink, NULL, err);
	}
	meta.mode = f->directory == LKB_YES ? DIR_MODE : FILE_MODE;
	if (f->mode.set)
		meta.mode = (uint32_t)f->mode.v;
	if (f->directory == LKB_YES)
		return lkb_tree_add_dir(job->root, f->path, &meta, NULL, err);
	if (f->contents)
		return lkb_tree_add_text(job->root, f->path, &meta, f->contents,
					 strlen(f->contents), err);
	if (f->source)
		return add_source(job, f, &meta, err);
	if (f->metadata)
		return add_metadata(job, f, &meta, err);
	return lkb_fail(err, LKB_INPUT, "there is no contents, source, symlink, metadata or "
			"directory");
}

int lkb_rootfs_files(struct lkb_rootfs_job *job, bool in_containers, struct lkb_error *err)
{
	const struct lkb_spec_file *files = job->spec->files.items;

	for (size_t i = 0; i < job->spec->files.n; i++) {
		lkb_autofree char *source = lkb_format("files[%zu]", i);
		const char *path = files[i].path ? files[i].path : "";

		if (goes_below_containers(path) != in_containers)
			continue;
		lkb_tree_set_source(job->root, source);
		if (add_one(job, &files[i], err) < 0) {
			lkb_context(err, "%s '%s'", source, path);
			return lkb_at_pos(&files[i].pos, err);
		}
	}
	return 0;
}
