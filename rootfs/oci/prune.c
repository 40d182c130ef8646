/* SPDX-License-Identifier: Apache-2.0 */
/* Throwing away what nothing needs. store.h says why nobody else may have the store open. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "rootfs/oci/upkeep_priv.h"

void lkb_store_names(const char *dir, struct lkb_strv *ret)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			lkb_strv_add(ret, e->d_name);
	closedir(d);
	lkb_strv_sort(ret);
}

struct pruning {
	const struct lkb_store *s;
	const struct lkb_store_prune *how;
	struct lkb_reach reach;
};

/* Removes one file, counted, or a directory with all files in it. */
static int drop(const struct pruning *p, const char *path, struct lkb_store_freed *freed,
		struct lkb_error *err)
{
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : lkb_fail_errno(err, "cannot look at '%s'", path);
	if (S_ISDIR(st.st_mode)) {
		lkb_autostrv names = {0};

		lkb_store_names(path, &names);
		for (size_t i = 0; i < names.n; i++) {
			lkb_autofree char *child = lkb_format("%s/%s", path, names.items[i]);

			if (drop(p, child, freed, err))
				return -1;
		}
		if (!p->how->dry_run)
			rmdir(path);
		return 0;
	}
	lkb_ui_detail(p->how->ui, "%s '%s'", p->how->dry_run ? "would remove" : "removing", path);
	if (!p->how->dry_run && unlink(path) && errno != ENOENT)
		return lkb_fail_errno(err, "cannot remove '%s'", path);
	freed->files++;
	freed->bytes += (uint64_t)st.st_size;
	return 0;
}

static int prune_blobs(struct pruning *p, struct lkb_store_freed *freed, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_format("%s/blobs/sha256", p->s->dir);
	lkb_autostrv names = {0};

	lkb_store_names(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		lkb_autofree char *path = lkb_format("%s/%s", dir, names.items[i]);
		struct lkb_sha256 digest;

		/* What has no digest for a name is not ours. */
		if (lkb_sha256_parse(names.items[i], &digest) &&
		    !lkb_digest_set_has(&p->reach.blobs, &digest) && drop(p, path, freed, err))
			return -1;
	}
	return 0;
}

/* Beginnings of blobs that a pull left behind: nobody pulls now. */
static int prune_partial(struct pruning *p, struct lkb_store_freed *freed, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_format("%s/partial", p->s->dir);
	lkb_autostrv names = {0};

	lkb_store_names(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		lkb_autofree char *path = lkb_format("%s/%s", dir, names.items[i]);

		if (drop(p, path, freed, err))
			return -1;
	}
	return 0;
}

/* Of a file of derived/: is there still something that it is good for? */
static bool is_useful(const struct pruning *p, enum lkb_derived_kind kind, const char *name)
{
	lkb_autofree char *hex = lkb_format("%.*s", (int)strcspn(name, "."), name);
	lkb_autoderivedrecord record = {0};
	lkb_autofree char *path = NULL, *record_path = NULL;
	struct lkb_sha256 key;

	if (p->how->all_derived || !lkb_sha256_parse(hex, &key))
		return false;
	if (kind == LKB_DERIVED_LAYER)
		return lkb_digest_set_has(&p->reach.layers, &key);
	path = lkb_derived_path(p->s, kind, &key);
	record_path = lkb_derived_record_path(p->s, kind, &key);
	if (access(path, F_OK) || !lkb_derived_record_read(record_path, &record))
		return false;
	for (size_t i = 0; i < record.n_layers; i++)
		if (!lkb_digest_set_has(&p->reach.layers, &record.layers[i]))
			return false;
	return true;
}

static bool find_kind(const char *dir, enum lkb_derived_kind *ret)
{
	for (int kind = 0; kind < LKB_DERIVED_KINDS; kind++) {
		if (strcmp(lkb_derived_dir(kind), dir))
			continue;
		*ret = kind;
		return true;
	}
	return false;
}

static int prune_kind(const struct pruning *p, enum lkb_derived_kind kind, const char *dir,
		      struct lkb_store_freed *freed, struct lkb_error *err)
{
	lkb_autostrv names = {0};
	lkb_autostrv useless = {0};

	lkb_store_names(dir, &names);
	for (size_t i = 0; i < names.n; i++)
		if (!is_useful(p, kind, names.items[i]))
			lkb_strv_add(&useless, names.items[i]);
	for (size_t i = 0; i < useless.n; i++) {
		lkb_autofree char *path = lkb_format("%s/%s", dir, useless.items[i]);

		if (drop(p, path, freed, err))
			return -1;
	}
	return 0;
}

/* Small derived data, called by the digest of a layer or a blob alone. */
static int prune_small(const struct pruning *p, const char *dir, struct lkb_store_freed *freed,
		       struct lkb_error *err)
{
	lkb_autostrv names = {0};

	lkb_store_names(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		lkb_autofree char *path = lkb_format("%s/%s", dir, names.items[i]);
		struct lkb_sha256 key;

		if (!p->how->all_derived && lkb_sha256_parse(names.items[i], &key) &&
		    (lkb_digest_set_has(&p->reach.layers, &key) ||
		     lkb_digest_set_has(&p->reach.blobs, &key)))
			continue;
		if (drop(p, path, freed, err))
			return -1;
	}
	if (!p->how->dry_run)
		rmdir(dir); /* if nothing is left in it */
	return 0;
}

/* What other versions of lkboard derived is useless to this one. */
static int prune_derived(const struct pruning *p, struct lkb_store_freed *freed,
			 struct lkb_error *err)
{
	lkb_autofree char *top = lkb_format("%s/derived", p->s->dir);
	lkb_autostrv names = {0};

	lkb_store_names(top, &names);
	for (size_t i = 0; i < names.n; i++) {
		lkb_autofree char *dir = lkb_format("%s/%s", top, names.items[i]);
		enum lkb_derived_kind kind;

		if (find_kind(names.items[i], &kind) ? prune_kind(p, kind, dir, freed, err)
						     : prune_small(p, dir, freed, err))
			return -1;
	}
	return 0;
}

static int prune_packages(const struct pruning *p, struct lkb_store_freed *freed,
			  struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_format("%s/pkg/debs", p->s->dir);

	return p->how->packages ? drop(p, dir, freed, err) : 0;
}

/* An image that lacks a part needs nothing but the rest; what a document leads to that cannot be
 * read, nobody knows. */
static int on_fault(void *ctx, const char *name, const struct lkb_oci_desc *doc, bool is_part,
		    const struct lkb_error *why, struct lkb_error *err)
{
	if (is_part)
		return 0;
	lkb_store_fault(err, why);
	lkb_context(err, "image '%s'", name);
	if (err)
		err->hint[0] = '\0';
	return lkb_hint(err, "'lkboard cache verify --repair' removes what is damaged");
}

static int prune(struct pruning *p, struct lkb_store_pruned *ret, struct lkb_error *err)
{
	struct lkb_store_pruned freed = {0};

	p->reach.fault = on_fault;
	if (lkb_reach_all(&p->reach, err) || prune_blobs(p, &freed.blobs, err) ||
	    prune_partial(p, &freed.blobs, err) ||
	    prune_derived(p, &freed.derived, err) || prune_packages(p, &freed.packages, err))
		return -1;
	*ret = freed;
	return 0;
}

int lkb_store_prune(struct lkb_store *s, const struct lkb_store_prune *how,
		    struct lkb_store_pruned *ret, struct lkb_error *err)
{
	struct pruning p = { .s = s, .how = how, .reach.s = s };
	int r;

	if (!how->dry_run && lkb_store_alone(s, how->ui, err))
		return -1;
	r = prune(&p, ret, err);
	if (!how->dry_run)
		lkb_store_together(s);
	lkb_reach_clear(&p.reach);
	return r;
}
