/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/pkg.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "rootfs/pkg/image_priv.h"
#include "rootfs/pkg/session_priv.h"

/* Labels that say what an image was made from. */
#define LABEL_DEFINITION "org.lkboard.package"
#define LABEL_DEBS "org.lkboard.debs"
#define LABEL_INPUTS "org.lkboard.inputs"

bool lkb_pkg_made(const struct lkb_image *im)
{
	return lkb_image_label(im, LABEL_DEFINITION) != NULL;
}

const char *lkb_pkg_debs(const struct lkb_image *im)
{
	return lkb_pkg_made(im) ? lkb_image_label(im, LABEL_DEBS) : NULL;
}

bool lkb_pkg_may_give(const struct lkb_pkg *p, const struct lkb_pkg_env *env,
		      const struct lkb_image *im)
{
	const char *label = lkb_image_label(im, LABEL_INPUTS);
	lkb_autopkginputs in = {0};
	lkb_autodiags diags = {0};
	lkb_autolock lock = {0};
	struct lkb_sha256 digest;

	if (!label || !env->lock_path || lkb_lock_load(env->lock_path, &lock, &diags, NULL) ||
	    lkb_pkg_inputs_local(p, env->local_dir, env->arch, &in, NULL))
		return true;
	lkb_lock_get(&lock, p->name, env->arch, p->suite, &in.debs);
	digest = lkb_pkg_inputs_digest(p, env->arch, &in);
	return !strcmp(label, lkb_sha256_text(&digest).s);
}

static int check_arch(const struct lkb_pkg *p, const char *arch, struct lkb_error *err)
{
	lkb_autostr list = {0};
	size_t i;

	if (lkb_pkg_has_arch(p, arch))
		return 0;
	for (i = 0; i < p->architectures.n; i++)
		lkb_str_addf(&list, "%s%s", i ? ", " : "", p->architectures.items[i]);
	lkb_fail(err, LKB_INPUT, "it is not made for '%s'", arch);
	return lkb_hint(err, "its definition's architectures: %s", lkb_str_get(&list));
}

/* Has the store this very image? Then there is nothing to do. */
static bool find_built(struct lkb_store *store, const struct lkb_pkg *p,
		       const struct lkb_platform *platform, const char *inputs,
		       struct lkb_sha256 *ret)
{
	lkb_auto(lkb_image) im = NULL;
	const char *label;

	if (lkb_store_resolve(store, p->image, platform, &im, NULL))
		return false;
	label = lkb_image_label(im, LABEL_INPUTS);
	if (!label || strcmp(label, inputs))
		return false;
	*ret = im->manifest;
	return true;
}

static void add_labels(const struct lkb_pkg *p, const struct lkb_debs *debs, const char *inputs,
		       struct lkb_strv *keys, struct lkb_strv *values)
{
	lkb_autostr list = {0};
	size_t i;

	for (i = 0; i < p->labels.n; i++) {
		lkb_strv_add(keys, p->labels.keys[i]);
		lkb_strv_add(values, p->labels.values[i]);
	}
	for (i = 0; i < debs->n; i++)
		lkb_str_addf(&list, "%s%s=%s", i ? " " : "", debs->items[i].name,
			     debs->items[i].version);
	lkb_strv_add(keys, LABEL_DEBS);
	lkb_strv_add(values, lkb_str_get(&list));
	lkb_strv_add(keys, LABEL_INPUTS);
	lkb_strv_add(values, inputs);
	lkb_strv_add(keys, LABEL_DEFINITION);
	lkb_strv_add(values, p->name);
}

static void copy_list(const struct lkb_strlist *from, struct lkb_strv *to)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		lkb_strv_add(to, from->items[i]);
}

static int put(struct lkb_store *store, const struct lkb_pkg *p,
	       const struct lkb_platform *platform, const struct lkb_debs *debs,
	       const char *inputs, const struct lkb_inode *root, int64_t created,
	       struct lkb_sha256 *ret, struct lkb_error *err)
{
	lkb_autostrv keys = {0}, values = {0}, entrypoint = {0}, cmd = {0}, env = {0};
	struct lkb_image_new im = {
		.ref = p->image, .platform = *platform, .created = created,
		.entrypoint = p->entrypoint.set ? &entrypoint : NULL,
		.cmd = p->cmd.set ? &cmd : NULL, .env = p->env.set ? &env : NULL,
		.workdir = p->workdir, .label_keys = &keys, .label_values = &values,
	};

	copy_list(&p->entrypoint, &entrypoint);
	copy_list(&p->cmd, &cmd);
	copy_list(&p->env, &env);
	add_labels(p, debs, inputs, &keys, &values);
	return lkb_store_put_tree(store, &im, root, ret, err);
}

static int build(const struct lkb_pkg *p, struct lkb_store *store, const struct lkb_pkg_env *env,
		 struct lkb_sha256 *ret, struct lkb_error *err)
{
	lkb_autopkgsession s = LKB_PKG_SESSION_INIT;
	lkb_autopkginputs in = {0};
	lkb_autotmpdir scratch = {0};
	lkb_auto(lkb_tree) t = NULL;
	struct lkb_platform platform = {0};
	struct lkb_sha256_text inputs;
	struct lkb_sha256 digest;
	int64_t created = 0;

	snprintf(platform.arch, sizeof(platform.arch), "%s", env->arch);
	if (check_arch(p, env->arch, err) ||
	    lkb_pkg_inputs_local(p, env->local_dir, env->arch, &in, err) ||
	    lkb_pkg_session_begin(store, env, &s, err) ||
	    lkb_pkg_session_choose(&s, p, &in.debs, err))
		return -1;
	if (env->used)
		lkb_lock_set(env->used, p->name, env->arch, p->suite, &in.debs);
	digest = lkb_pkg_inputs_digest(p, env->arch, &in);
	inputs = lkb_sha256_text(&digest);
	if (find_built(store, p, &platform, inputs.s, ret))
		return lkb_pkg_session_save(&s, err);
	if (lkb_pkg_session_fetch(&s, p, &in.debs, err))
		return -1;
	lkb_ui_step(env->ui, "package '%s': unpacking", p->name);
	if (lkb_store_tmpdir(store, &scratch, err))
		return -1;
	in.scratch = scratch.path;
	if (lkb_pkg_tree(p, s.dir, &in, &t, &created, err) ||
	    put(store, p, &platform, &in.debs, inputs.s, lkb_tree_root(t), created, ret, err))
		return -1;
	return lkb_pkg_session_save(&s, err);
}

int lkb_pkg_build(const struct lkb_pkg *p, struct lkb_store *store, const struct lkb_pkg_env *env,
		  struct lkb_sha256 *ret_manifest, struct lkb_error *err)
{
	struct lkb_sha256 manifest;

	if (build(p, store, env, &manifest, err))
		return -1;
	*ret_manifest = manifest;
	return 0;
}

int lkb_pkg_lock(const struct lkb_pkg *const *pkgs, size_t n, struct lkb_store *store,
		 const struct lkb_pkg_env *env, struct lkb_error *err)
{
	struct lkb_pkg_env anew = *env;
	lkb_autopkgsession s = LKB_PKG_SESSION_INIT;
	size_t i;

	anew.update_lock = true;
	if (lkb_pkg_session_begin(store, &anew, &s, err))
		return -1;
	for (i = 0; i < n; i++) {
		lkb_autodebs debs = {0};

		if (!pkgs[i]->packages.n || !lkb_pkg_has_arch(pkgs[i], env->arch))
			continue;
		lkb_ui_step(env->ui, "package '%s': resolving for '%s'", pkgs[i]->name, env->arch);
		if (lkb_pkg_session_resolve(&s, pkgs[i], &debs, err))
			return lkb_context(err, "package '%s'", pkgs[i]->name);
	}
	return lkb_pkg_session_save(&s, err);
}
