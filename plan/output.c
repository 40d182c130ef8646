/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "base/undo.h"
#include "plan/output_priv.h"

int lkb_output_new(const struct lkb_plan *p, const struct lkb_plan_out *how,
		   struct lkb_output **ret, struct lkb_error *err)
{
	struct lkb_output *o;

	if (lkb_mkdir_p(how->dir, err))
		return -1;
	o = lkb_alloc(sizeof(*o));
	o->plan = p;
	o->how = how;
	o->undo = -1;
	*ret = o;
	return 0;
}

void lkb_output_free(struct lkb_output *o)
{
	size_t i;

	while (o->n_copiers)
		lkb_copier_cancel(o->copiers[--o->n_copiers]);
	for (i = 0; i < o->n; i++)
		lkb_outfile_clear(&o->files[i]);
	lkb_artifacts_clear(&o->artifacts);
	for (i = 0; i < o->n_holdings; i++) {
		free(o->holdings[i].artifacts);
		free(o->holdings[i].name);
	}
	/* Empty unless all went well. */
	if (o->own_dir)
		rmdir(o->own_dir);
	lkb_undo_forget(o->undo);
	free(o->own_dir);
	free(o->files);
	free(o->data);
	free(o->copiers);
	free(o->holdings);
	free(o);
}

void lkb_output_begin(struct lkb_output *o, const struct lkb_product *m)
{
	o->product = m;
}

bool lkb_output_wants_sha256(const struct lkb_output *o)
{
	return o->how->sha256;
}

/* A file that another board's build made is not overwritten by chance. */
int lkb_output_guard(const struct lkb_output *o, const char *path, struct lkb_error *err)
{
	lkb_autofree char *ours = lkb_format("%s-%s.build.json", o->plan->in->name,
					     o->plan->in->board->name);

	return o->how->force ? 0 : lkb_made_by_guard(path, ours, err);
}

/* NAME + suffix, with the board for '@' and NAME for '%'; the caller frees it. */
static char *file_of(const struct lkb_output *o, const char *suffix)
{
	const char *name = o->plan->in->name, *board = o->plan->in->board->name;
	lkb_autostr s = {0};

	lkb_str_add(&s, name);
	for (; *suffix; suffix++) {
		if (*suffix == '@' || *suffix == '%')
			lkb_str_add(&s, *suffix == '@' ? board : name);
		else
			lkb_str_addc(&s, *suffix);
	}
	return lkb_str_take(&s);
}

char *lkb_output_path_of(const struct lkb_output *o, const char *suffix)
{
	lkb_autofree char *file = file_of(o, suffix);

	return lkb_path_join(o->how->dir, file);
}

/* The directory that a format's files have to themselves; one that is there stays. */
static int make_own_dir(struct lkb_output *o, const char *path, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_path_dirname(path);

	if (o->own_dir)
		return 0;
	if (mkdir(dir, 0777))
		return errno == EEXIST ? 0
				       : lkb_fail_errno(err, "cannot make the directory '%s'", dir);
	o->undo = lkb_undo_rmdir(dir);
	o->own_dir = LKB_STEAL(dir);
	return 0;
}

void lkb_output_add(struct lkb_output *o, const char *suffix, struct lkb_outfile file)
{
	lkb_autofree char *name = file_of(o, suffix);
	char *path = lkb_output_path_of(o, suffix);
	struct lkb_artifacts *a = &o->artifacts;

	LKB_GROW(o->files, o->n, o->cap);
	LKB_GROW(o->data, o->n, o->cap_data);
	LKB_GROW(a->items, a->n, a->cap);
	o->files[o->n] = file;
	o->data[o->n] = NULL;
	a->items[o->n] = (struct lkb_artifact){
		.path = path, .file = path + strlen(path) - strlen(name),
		.format = o->product ? o->product->format->name : NULL};
	a->n = ++o->n;
}

int lkb_output_open(struct lkb_output *o, const char *suffix, int *ret_fd, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_output_path_of(o, suffix), *name = file_of(o, suffix);
	struct lkb_outfile file = LKB_OUTFILE_INIT;

	if (strchr(name, '/') && make_own_dir(o, path, err))
		return -1;
	if (lkb_output_guard(o, path, err) || lkb_outfile_open(path, 0666, &file, err))
		return -1;
	lkb_output_add(o, suffix, file);
	*ret_fd = file.fd;
	return 0;
}

const char *lkb_output_path(const struct lkb_output *o)
{
	return o->artifacts.items[o->n - 1].path;
}

void lkb_output_done(struct lkb_output *o, uint64_t bytes, const char *scheme,
		     const struct lkb_sha256 *digest)
{
	struct lkb_artifact *a = &o->artifacts.items[o->n - 1];

	a->bytes = bytes;
	snprintf(a->digest, sizeof(a->digest), "%s:%s", scheme, lkb_sha256_text(digest).s);
}

static bool has_holding(const struct lkb_output *o, const char *name)
{
	size_t i;

	for (i = 0; i < o->n_holdings; i++)
		if (!strcmp(o->holdings[i].name, name))
			return true;
	return false;
}

static struct lkb_holding *find_holding(struct lkb_output *o, const struct lkb_inode *root)
{
	size_t i;

	for (i = 0; i < o->n_holdings; i++)
		if (o->holdings[i].root == root && !o->holdings[i].partition)
			return &o->holdings[i];
	return NULL;
}

static struct lkb_holding *add_holding(struct lkb_output *o, const char *name,
				       const struct lkb_inode *root, unsigned partition)
{
	struct lkb_holding *h;

	LKB_GROW(o->holdings, o->n_holdings, o->cap_holdings);
	h = &o->holdings[o->n_holdings];
	*h = (struct lkb_holding){
		.name = has_holding(o, name) ? lkb_format("%s-%s", o->product->format->name, name)
					     : lkb_strdup(name),
		.root = root,
		.partition = partition,
		.extents = partition ? &o->product->extents : NULL,
	};
	o->n_holdings++;
	return h;
}

void lkb_output_holds(struct lkb_output *o, const char *name, const struct lkb_inode *root,
		      unsigned partition)
{
	struct lkb_holding *h = partition ? NULL : find_holding(o, root);

	if (!h)
		h = add_holding(o, name, root, partition);
	LKB_GROW(h->artifacts, h->n_artifacts, h->cap);
	h->artifacts[h->n_artifacts++] = o->n - 1;
}

void lkb_output_whole(struct lkb_output *o, const struct lkb_sha256 *digest)
{
	struct lkb_artifact *a = &o->artifacts.items[o->n - 1];

	snprintf(a->whole, sizeof(a->whole), "sha256:%s", lkb_sha256_text(digest).s);
}

int lkb_output_text(struct lkb_output *o, const char *suffix, const void *p, size_t n,
		    struct lkb_error *err)
{
	struct lkb_sha256 digest = lkb_sha256(p, n);
	int fd;

	if (lkb_output_open(o, suffix, &fd, err) ||
	    lkb_write_full(fd, p, n, lkb_output_path(o), err))
		return -1;
	lkb_output_done(o, n, "sha256", &digest);
	return 0;
}

static int add_sbom(struct lkb_output *o, const char *suffix, struct lkb_error *err)
{
	struct lkb_artifacts described = {0};
	struct lkb_sbom_in in = {.plan = o->plan, .artifacts = &described,
				 .holdings = o->holdings, .n_holdings = o->n_holdings};
	struct lkb_sha256 digest;
	uint64_t bytes;
	int fd;

	lkb_ui_step(o->plan->in->ui, "write: list what is in it");
	if (lkb_output_open(o, suffix, &fd, err))
		return -1;
	/* All but the list itself; opening may have moved the arrays. */
	described = (struct lkb_artifacts){.items = o->artifacts.items, .n = o->n - 1};
	in.data = (const struct lkb_data *const *)o->data;
	if (lkb_sbom_write(&in, fd, lkb_output_path(o), &bytes, &digest, err))
		return -1;
	lkb_output_done(o, bytes, "sha256", &digest);
	return 0;
}

/* The list of an earlier build would be taken for this one's. */
static void remove_sbom(const struct lkb_output *o, const char *suffix)
{
	lkb_autofree char *path = lkb_output_path_of(o, suffix);

	unlink(path);
}

int lkb_output_commit(struct lkb_output *o, struct lkb_artifacts *ret, struct lkb_error *err)
{
	static const char suffix[] = "-@.build.json", sbom[] = "-@.sbom.spdx.json";
	lkb_autostr json = {0};
	size_t i;

	if (!o->how->no_sbom && add_sbom(o, sbom, err))
		return -1;
	if (lkb_build_json(o->plan, &o->artifacts, &json, err) ||
	    lkb_output_text(o, suffix, json.s, json.len, err))
		return -1;
	while (o->n_copiers)
		if (lkb_copier_end(o->copiers[--o->n_copiers], err))
			return -1;
	/* A disk that fails late is noticed before the first file has its name. */
	for (i = 0; i < o->n; i++)
		if (lkb_outfile_flush(&o->files[i], err))
			return -1;
	if (o->how->no_sbom)
		remove_sbom(o, sbom);
	for (i = 0; i < o->n; i++)
		if (lkb_outfile_commit(&o->files[i], err))
			return -1;
	*ret = o->artifacts;
	memset(&o->artifacts, 0, sizeof(o->artifacts));
	return 0;
}

void lkb_artifacts_clear(struct lkb_artifacts *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		free(a->items[i].path);
	free(a->items);
	memset(a, 0, sizeof(*a));
}
