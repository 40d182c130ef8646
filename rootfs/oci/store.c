/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/store.h"

#include <dirent.h>
#include <errno.h>
#include <sys/file.h>

#include "base/alloc.h"
#include "base/file.h"
#include "rootfs/oci/store_priv.h"

#define EMPTY_INDEX "{\"manifests\":[],\"mediaType\":\"" LKB_OCI_TYPE_INDEX \
		    "\",\"schemaVersion\":2}"

static char *path_in(const struct lkb_store *s, const char *name)
{
	return lkb_format("%s/%s", s->dir, name);
}

int lkb_store_lock(const struct lkb_store *s, bool shared, int *ret_fd, struct lkb_error *err)
{
	lkb_autofree char *path = path_in(s, "lock");

	return lkb_lock_file(path, shared, ret_fd, err);
}

static int wait_for_lock(int fd, int how)
{
	int r;

	do
		r = flock(fd, how);
	while (r && errno == EINTR);
	return r;
}

int lkb_store_alone(const struct lkb_store *s, struct lkb_ui *ui, struct lkb_error *err)
{
	if (!wait_for_lock(s->in_use, LOCK_EX | LOCK_NB))
		return 0;
	if (errno == EWOULDBLOCK) {
		lkb_ui_message(ui, "another lkboard uses the store '%s': waiting until it has "
			       "ended", s->dir);
		if (!wait_for_lock(s->in_use, LOCK_EX))
			return 0;
	}
	return lkb_fail_errno(err, "cannot lock '%s/in-use'", s->dir);
}

void lkb_store_together(const struct lkb_store *s)
{
	wait_for_lock(s->in_use, LOCK_SH);
}

static bool is_ours(const char *name)
{
	static const char *const ours[] = { ".", "..", "lock", "in-use", "tmp", "blobs", "derived",
					    "pkg", "partial", "index.json", "oci-layout",
					    "lost+found" };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(ours); i++)
		if (!strcmp(name, ours[i]))
			return true;
	return false;
}

/* A mistyped --store must not strew blobs over somebody's home directory. */
static int refuse_foreign(const struct lkb_store *s, struct lkb_error *err)
{
	DIR *dir = opendir(s->dir);
	lkb_autofree char *foreign = NULL;
	struct dirent *e;

	if (!dir)
		return lkb_fail_errno(err, "cannot read '%s'", s->dir);
	while (!foreign && (e = readdir(dir)))
		if (!is_ours(e->d_name))
			foreign = lkb_strdup(e->d_name);
	closedir(dir);
	if (!foreign)
		return 0;
	lkb_fail(err, LKB_INPUT, "'%s' is no image store: it holds '%s'", s->dir, foreign);
	return lkb_hint(err, "choose an empty or new directory");
}

static int make_dirs(const struct lkb_store *s, struct lkb_error *err)
{
	static const char *const dirs[] = { "tmp", "blobs/sha256", "derived/layer-v1",
					    "derived/segment-v1" };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(dirs); i++) {
		lkb_autofree char *path = path_in(s, dirs[i]);

		if (access(path, W_OK | X_OK) && lkb_mkdir_p(path, err))
			return -1;
	}
	return 0;
}

/* Writes a file of the layout's frame where it is missing. */
static int make_file(const struct lkb_store *s, const char *name, const char *text,
		     struct lkb_error *err)
{
	lkb_autofree char *path = path_in(s, name);
	lkb_autostoretmp tmp = LKB_STORE_TMP_INIT;

	if (!access(path, F_OK))
		return 0;
	if (lkb_store_tmp_open(s, &tmp, err) ||
	    lkb_write_full(tmp.fd, text, strlen(text), path, err))
		return -1;
	return lkb_store_tmp_commit(&tmp, path, err);
}

static int make_layout(const struct lkb_store *s, struct lkb_error *err)
{
	lkb_autofd lock = -1;

	if (refuse_foreign(s, err) || lkb_store_lock(s, false, &lock, err) || make_dirs(s, err))
		return -1;
	if (make_file(s, "index.json", EMPTY_INDEX, err))
		return -1;
	return make_file(s, "oci-layout", LKB_OCI_LAYOUT, err);
}

/* oci-layout is written last, so its presence says that the frame is complete. */
static int open_layout(const struct lkb_store *s, struct lkb_error *err)
{
	lkb_autofree char *path = path_in(s, "oci-layout");

	if (access(path, F_OK)) {
		if (errno != ENOENT)
			return lkb_fail_errno(err, "cannot look at '%s'", path);
		if (make_layout(s, err))
			return -1;
	}
	return lkb_layout_check(s->layout, err) ? -1 : make_dirs(s, err);
}

int lkb_store_open(const char *dir, struct lkb_store **ret, struct lkb_error *err)
{
	lkb_auto(lkb_store) s = lkb_alloc(sizeof(*s));
	lkb_autofree char *in_use = NULL;

	s->in_use = -1;
	s->dir = lkb_strdup(dir);
	s->scratch = lkb_format("%s/tmp", dir);
	s->layout = lkb_layout_new_dir(dir);
	s->max_layer = LKB_STORE_MAX_LAYER;
	s->max_derived = LKB_STORE_MAX_DERIVED;
	in_use = path_in(s, "in-use");
	if (lkb_mkdir_p(dir, err) || open_layout(s, err) ||
	    lkb_lock_file(in_use, true, &s->in_use, err)) {
		lkb_context(err, "store");
		return lkb_hint(err, "--store or LKBOARD_STORE name another");
	}
	lkb_store_sweep(s);
	*ret = LKB_STEAL(s);
	return 0;
}

void lkb_store_free(struct lkb_store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_inputs; i++)
		lkb_store_input_free(s->inputs[i]);
	free(s->inputs);
	lkb_layout_free(s->layout);
	free(s->checked);
	if (s->in_use >= 0)
		close(s->in_use);
	free(s->dir);
	free(s->scratch);
	free(s);
}

const char *lkb_store_dir(const struct lkb_store *s)
{
	return s->dir;
}

void lkb_store_limit_layers(struct lkb_store *s, uint64_t max_plain)
{
	s->max_layer = max_plain;
}

void lkb_store_set_policy(struct lkb_store *s, const struct lkb_policy *p)
{
	s->policy = p;
}

const struct lkb_policy *lkb_store_policy(const struct lkb_store *s)
{
	return s->policy;
}

void lkb_store_limit_derived(struct lkb_store *s, uint64_t max)
{
	s->max_derived = max;
}
