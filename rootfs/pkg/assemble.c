/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/image_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/size.h"
#include "rootfs/pkg/fetch_priv.h"
#include "rootfs/pkg/kernel_priv.h"

#define MAX_JOINED (16 * LKB_MIB)

/* What is being put together, for the functions below. */
struct assembly {
	const struct lkb_pkg *p;
	const struct lkb_deb_files *debs;
	const char *const *names;
	size_t n;
	int64_t mtime;
	struct lkb_tree *t;
};

static uint32_t mode_or(const struct lkb_opt_int *mode, uint32_t otherwise)
{
	return mode->set ? (uint32_t)mode->v : otherwise;
}

static bool from_package(const struct lkb_pkg_keep *k, const char *name)
{
	return !k->package || lkb_glob_match(k->package, name);
}

static bool keeps(const struct lkb_pkg_keep *k, const char *package, const char *path)
{
	return from_package(k, package) && lkb_deb_glob(k->path, path);
}

static int add_entry(struct assembly *a, const struct lkb_deb_files *f,
		     const struct lkb_deb_entry *e, const char *to, const struct lkb_opt_int *mode,
		     struct lkb_error *err)
{
	const struct lkb_deb_entry *first = NULL;
	struct lkb_meta meta;

	if (lkb_deb_first(f, e, &first, err))
		return -1;
	meta = first->meta;
	if (mode->set)
		meta.mode = (uint32_t)mode->v;
	switch (e->type) {
	case LKB_NODE_DIR:
		return lkb_tree_add_dir(a->t, to, &meta, NULL, err);
	case LKB_NODE_SYMLINK:
		return lkb_tree_add_symlink(a->t, to, &e->meta, e->target, NULL, err);
	default:
		return lkb_tree_add_file(a->t, to, &meta, &first->data, NULL, err);
	}
}

/* Where a kept path goes; the caller frees it. */
static char *place(const struct lkb_pkg_keep *k, const char *path)
{
	if (!k->to)
		return lkb_strdup(path);
	if (!*k->to || lkb_ends_with(k->to, "/"))
		return lkb_format("%s%s", k->to, lkb_path_basename(path));
	return lkb_strdup(k->to);
}

static int keep_one(struct assembly *a, const struct lkb_pkg_keep *k, struct lkb_error *err)
{
	bool one_place = k->to && *k->to && !lkb_ends_with(k->to, "/");
	const char *found = NULL;
	size_t i, j;

	for (i = 0; i < a->n; i++) {
		for (j = 0; j < a->debs[i].n; j++) {
			const struct lkb_deb_entry *e = &a->debs[i].items[j];
			lkb_autofree char *to = place(k, e->path);

			/* A directory that moves would come without what is in it. */
			if (!keeps(k, a->names[i], e->path) || (k->to && e->type == LKB_NODE_DIR))
				continue;
			if (found && one_place)
				return lkb_fail(err, LKB_INPUT, "'%s' matches '%s' and '%s', and "
						"'to' names one place", k->path, found, e->path);
			found = e->path;
			if (add_entry(a, &a->debs[i], e, to, &k->mode, err))
				return -1;
		}
	}
	if (!found)
		return lkb_fail(err, LKB_INPUT, "'%s' matches nothing in the packages", k->path);
	return 0;
}

static int keep_all(struct assembly *a, struct lkb_error *err)
{
	const struct lkb_pkg_keep *k = a->p->keep.items;
	size_t i;

	for (i = 0; i < a->p->keep.n; i++) {
		if (keep_one(a, &k[i], err)) {
			lkb_context(err, "keep[%zu]", i);
			return lkb_at(err, k[i].pos.file, k[i].pos.line, k[i].pos.column);
		}
	}
	return 0;
}

static int join(struct assembly *a, const struct lkb_pkg_concat *c, struct lkb_error *err)
{
	const struct lkb_meta meta = {.mode = mode_or(&c->mode, 0644), .mtime = a->mtime};
	const struct lkb_deb_joining what = {
		.debs = a->debs, .n = a->n, .glob = c->from, .max = MAX_JOINED, .lines = true,
	};
	lkb_autostr all = {0};

	if (lkb_deb_join(&what, &all, err))
		return -1;
	return lkb_tree_add_text(a->t, c->path, &meta, lkb_str_get(&all), all.len, err);
}

static int join_all(struct assembly *a, struct lkb_error *err)
{
	const struct lkb_pkg_concat *c = a->p->concat.items;
	size_t i;

	for (i = 0; i < a->p->concat.n; i++) {
		if (join(a, &c[i], err)) {
			lkb_context(err, "concat[%zu]", i);
			return lkb_at(err, c[i].pos.file, c[i].pos.line, c[i].pos.column);
		}
	}
	return 0;
}

static int add_kernel(struct assembly *a, const char *scratch, struct lkb_error *err)
{
	const struct lkb_pkg_kernel *k = &a->p->kernel;

	if (!k->image)
		return 0;
	if (lkb_kernel_build(k, a->debs, a->n, scratch, a->t, a->mtime, err)) {
		lkb_context(err, "kernel");
		return lkb_at(err, k->pos.file, k->pos.line, k->pos.column);
	}
	return 0;
}

static int add_local(struct assembly *a, const struct lkb_pkg_inputs *in, struct lkb_error *err)
{
	const struct lkb_pkg_local *l = a->p->local.items;
	size_t i;

	for (i = 0; i < a->p->local.n; i++) {
		const struct lkb_meta meta = {.mode = mode_or(&l[i].mode, 0755),
					      .mtime = a->mtime};
		const struct lkb_data data = {.blob = in->local[i].blob,
					      .len = lkb_blob_size(in->local[i].blob)};

		if (lkb_tree_add_file(a->t, l[i].to, &meta, &data, NULL, err))
			return lkb_context(err, "local[%zu]", i);
	}
	return 0;
}

static int add_file(struct assembly *a, const struct lkb_pkg_file *f, struct lkb_error *err)
{
	struct lkb_meta meta = {.mtime = a->mtime};

	if (f->symlink) {
		meta.mode = 0777;
		return lkb_tree_add_symlink(a->t, f->path, &meta, f->symlink, NULL, err);
	}
	meta.mode = mode_or(&f->mode, f->contents ? 0644 : 0755);
	if (!f->contents)
		return lkb_tree_add_dir(a->t, f->path, &meta, NULL, err);
	return lkb_tree_add_text(a->t, f->path, &meta, f->contents, strlen(f->contents), err);
}

static int add_files(struct assembly *a, struct lkb_error *err)
{
	const struct lkb_pkg_file *f = a->p->files.items;
	size_t i;

	for (i = 0; i < a->p->files.n; i++) {
		if (add_file(a, &f[i], err)) {
			lkb_context(err, "files[%zu]", i);
			return lkb_at(err, f[i].pos.file, f[i].pos.line, f[i].pos.column);
		}
	}
	return 0;
}

static int add_links(struct assembly *a, struct lkb_error *err)
{
	const struct lkb_pkg_links *l = a->p->links.items;
	const struct lkb_meta meta = {.mode = 0777, .mtime = a->mtime};
	size_t i, j;

	for (i = 0; i < a->p->links.n; i++) {
		for (j = 0; j < l[i].paths.n; j++) {
			if (lkb_tree_add_symlink(a->t, l[i].paths.items[j], &meta, l[i].target,
						 NULL, err)) {
				lkb_context(err, "links[%zu]", i);
				return lkb_at(err, l[i].pos.file, l[i].pos.line, l[i].pos.column);
			}
		}
	}
	return 0;
}

int lkb_pkg_assemble(const struct lkb_pkg *p, const struct lkb_deb_files *debs,
		     const char *const *names, size_t n, const struct lkb_pkg_inputs *in,
		     int64_t mtime, struct lkb_tree **ret, struct lkb_error *err)
{
	lkb_auto(lkb_tree) t = lkb_tree_new();
	struct assembly a = {.p = p, .debs = debs, .names = names, .n = n, .mtime = mtime, .t = t};

	lkb_tree_set_default_mtime(t, mtime);
	if (keep_all(&a, err) || join_all(&a, err) || add_kernel(&a, in->scratch, err) ||
	    add_local(&a, in, err) || add_files(&a, err) || add_links(&a, err))
		return -1;
	*ret = LKB_STEAL(t);
	return 0;
}

/* What to read of one package. */
struct wish {
	const struct lkb_pkg *p;
	const char *package;
};

static bool wanted(void *ctx, const char *path)
{
	const struct wish *w = ctx;
	const struct lkb_pkg_keep *k = w->p->keep.items;
	const struct lkb_pkg_concat *c = w->p->concat.items;
	size_t i;

	for (i = 0; i < w->p->keep.n; i++)
		if (keeps(&k[i], w->package, path))
			return true;
	for (i = 0; i < w->p->concat.n; i++)
		if (lkb_deb_glob(c[i].from, path))
			return true;
	return lkb_kernel_wants(&w->p->kernel, path);
}

static int read_deb(const struct lkb_pkg *p, const char *pkg_dir, const struct lkb_deb *deb,
		    struct lkb_deb_files *ret, struct lkb_error *err)
{
	lkb_autofree char *name = lkb_format("%s %s", deb->name, deb->version);
	struct wish w = {.p = p, .package = deb->name};
	lkb_autofd fd = -1;

	if (lkb_deb_open(pkg_dir, deb, &fd, err))
		return -1;
	return lkb_deb_read(fd, name, pkg_dir, wanted, &w, ret, err);
}

static void clear_all(struct lkb_deb_files *files, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		lkb_deb_files_clear(&files[i]);
}

int lkb_pkg_tree(const struct lkb_pkg *p, const char *pkg_dir, const struct lkb_pkg_inputs *in,
		 struct lkb_tree **ret, int64_t *ret_created, struct lkb_error *err)
{
	size_t i, n = in->debs.n;
	lkb_autofree struct lkb_deb_files *files = lkb_alloc_array(n + 1, sizeof(*files));
	lkb_autofree const char **names = lkb_alloc_array(n + 1, sizeof(*names));
	int64_t newest = 0;
	int r = 0;

	for (i = 0; !r && i < n; i++) {
		names[i] = in->debs.items[i].name;
		r = read_deb(p, pkg_dir, &in->debs.items[i], &files[i], err);
		if (files[i].newest > newest)
			newest = files[i].newest;
	}
	if (!r)
		r = lkb_pkg_assemble(p, files, names, n, in, newest, ret, err);
	if (!r)
		*ret_created = newest;
	clear_all(files, n);
	return r;
}
