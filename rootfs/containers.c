/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "rootfs/rootfs_priv.h"

/* An image that containers run on, stored once, where its first user keeps it. It is hung into the
 * root only when all of its users have added their mount points. */
struct stored {
	const struct lkb_image *image; /* borrowed */
	const char *path;              /* in the arena */
	struct lkb_tree *tree;         /* owned */
};

struct work {
	struct lkb_rootfs_job *job;
	struct stored *stored; /* has room for all */
	size_t n_stored;
};

/* One container on its way into the root. */
struct entry {
	const struct lkb_spec_image *spec;
	const struct lkb_image *image;
	const char *dir; /* containers/SECTION/[NNN-]NAME */
	bool is_service;
	struct lkb_container c;
};

static int read_label(struct lkb_rootfs_job *job, const struct lkb_image *im,
		      struct lkb_spec_image *ret, struct lkb_error *err)
{
	const char *text = lkb_image_label(im, LKB_SPEC_LABEL);

	if (!text || !*text)
		return 0;
	return lkb_spec_label(text, im->ref, &job->arena, ret, err);
}

/* The image's tree as containers see it. */
static int load_image(const struct lkb_rootfs_job *job, const struct lkb_image *im,
		      struct lkb_tree **ret, struct lkb_error *err)
{
	const struct lkb_meta dir = lkb_rootfs_meta(job->env->epoch, 0755);
	lkb_auto(lkb_tree) tree = NULL;

	if (lkb_store_image_tree(job->store, im, job->ui, &tree, err) < 0)
		return -1;
	lkb_clean_image(tree);
	/* A layer that says nothing of its top directory leaves it without a time. */
	if (!lkb_tree_root(tree)->meta.mtime && lkb_tree_add_dir(tree, "", &dir, NULL, err) < 0)
		return -1;
	if (lkb_standard_entries(tree, NULL, job->env->epoch, err) < 0)
		return lkb_context(err, "image '%s'", im->ref);
	*ret = LKB_STEAL(tree);
	return 0;
}

static int store_image(struct work *w, const struct entry *e, struct stored **ret,
		       struct lkb_error *err)
{
	struct stored *s;

	for (size_t i = 0; i < w->n_stored; i++) {
		if (lkb_sha256_equal(&w->stored[i].image->manifest, &e->image->manifest)) {
			*ret = &w->stored[i];
			return 0;
		}
	}
	s = &w->stored[w->n_stored];
	if (load_image(w->job, e->image, &s->tree, err) < 0)
		return -1;
	w->n_stored++;
	s->image = e->image;
	s->path = lkb_arena_format(&w->job->arena, "%s/%s", e->dir,
				   e->c.readonly ? "rootfs" : "lower");
	*ret = s;
	return 0;
}

static int add_dir(struct lkb_rootfs_job *job, const char *dir, const char *name,
		   struct lkb_error *err)
{
	const struct lkb_meta meta = lkb_rootfs_meta(job->env->epoch, 0755);
	lkb_autofree char *path = lkb_format("%s/%s", dir, name);

	return lkb_tree_add_dir(job->root, path, &meta, NULL, err);
}

static int add_text(struct lkb_rootfs_job *job, const char *dir, const char *name,
		    const char *text, struct lkb_error *err)
{
	const struct lkb_meta meta = lkb_rootfs_meta(job->env->epoch, 0644);
	lkb_autofree char *path = lkb_format("%s/%s", dir, name);

	return lkb_tree_add_text(job->root, path, &meta, text, strlen(text), err);
}

/* The policy of a service under lkboard.restart. */
static const char *restart_of(const struct lkb_rootfs_job *job, const struct entry *e)
{
	const struct lkb_strmap *restart = &job->spec->lkboard.restart;

	for (size_t i = 0; e->is_service && i < restart->n; i++)
		if (!strcmp(restart->keys[i], e->spec->name))
			return restart->values[i];
	return NULL;
}

static int add_bundle(struct lkb_rootfs_job *job, const struct entry *e, const struct stored *s,
		      struct lkb_error *err)
{
	lkb_autofree char *root_path = lkb_format("/%s/rootfs", e->dir);
	struct lkb_runtimejson in = {
		.dir = e->dir,
		.lower = s->path,
		.image = s->tree,
		.restart = restart_of(job, e),
		.volumes = &job->spec->volumes,
	};
	lkb_autofree char *config = NULL, *runtime = NULL;

	if (lkb_runtimejson(&e->c, &in, &job->arena, &runtime, err) < 0 ||
	    lkb_container_write(&e->c, &job->ids, root_path, &config, err) < 0 ||
	    add_text(job, e->dir, "config.json", config, err) < 0 ||
	    add_text(job, e->dir, "runtime.json", runtime, err) < 0 ||
	    add_dir(job, e->dir, "rootfs", err) < 0)
		return -1;
	return e->c.readonly ? 0 : add_dir(job, e->dir, "tmp", err);
}

static int add_container(struct work *w, struct entry *e, struct lkb_error *err)
{
	struct lkb_rootfs_job *job = w->job;
	struct lkb_spec_image label = { 0 };
	struct lkb_runtime_in in = { .spec = e->spec, .label = &label, .ids = &job->ids,
				     .volumes = &job->spec->volumes };
	struct stored *s = NULL;

	if (lkb_rootfs_image(job, e->spec->image, &e->image, err) < 0 ||
	    read_label(job, e->image, &label, err) < 0)
		return -1;
	in.image = e->image;
	if (lkb_container_read(&in, &job->arena, &e->c, err) < 0 ||
	    store_image(w, e, &s, err) < 0)
		return -1;
	if (e->c.readonly && lkb_mountpoints_add(s->tree, job->root, &e->c, job->env->epoch,
						 err) < 0)
		return -1;
	return add_bundle(job, e, s, err);
}

static int add_section(struct work *w, const struct lkb_rootfs_section *section,
		       struct lkb_error *err)
{
	const struct lkb_spec_image *specs = section->images->items;

	for (size_t i = 0; i < section->images->n; i++) {
		const char *name = specs[i].name ? specs[i].name : "";
		struct entry e = { .spec = &specs[i], .is_service = !section->numbered };
		lkb_autofree char *source = NULL;

		if (!lkb_tree_name_ok(name)) {
			lkb_fail(err, LKB_INPUT, "%s[%zu]: '%s' is no name for a directory",
				 section->name, i, name);
			return lkb_at_pos(&specs[i].pos, err);
		}
		e.dir = section->numbered ?
			lkb_arena_format(&w->job->arena, "containers/%s/%03zu-%s", section->name,
					 i, name) :
			lkb_arena_format(&w->job->arena, "containers/%s/%s", section->name, name);
		source = lkb_format("%s[%zu]", section->name, i);
		lkb_tree_set_source(w->job->root, source);
		if (add_container(w, &e, err) < 0) {
			lkb_context(err, "%s '%s'", source, name);
			return err && !err->line ? lkb_at_pos(&specs[i].pos, err) : -1;
		}
	}
	return 0;
}

static int hang_images(const struct work *w, struct lkb_error *err)
{
	for (size_t i = 0; i < w->n_stored; i++) {
		const struct stored *s = &w->stored[i];

		lkb_tree_set_source(w->job->root, s->image->ref);
		if (lkb_tree_graft(w->job->root, s->path, lkb_tree_root(s->tree), err) < 0)
			return lkb_context(err, "image '%s'", s->image->ref);
	}
	return 0;
}

int lkb_rootfs_containers(struct lkb_rootfs_job *job, struct lkb_error *err)
{
	struct lkb_rootfs_section sections[LKB_ROOTFS_SECTIONS];
	struct work w = { .job = job };
	size_t total = 0;
	int r = 0;

	lkb_rootfs_sections(job->spec, sections);
	for (size_t s = 0; s < LKB_ROOTFS_SECTIONS; s++)
		total += sections[s].images->n;
	w.stored = lkb_arena_array(&job->arena, total + 1, sizeof(*w.stored));
	for (size_t s = 0; r == 0 && s < LKB_ROOTFS_SECTIONS; s++)
		r = add_section(&w, &sections[s], err);
	if (r == 0)
		r = hang_images(&w, err);
	for (size_t i = 0; i < w.n_stored; i++)
		lkb_tree_free(w.stored[i].tree);
	return r;
}
