/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/pkg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "rootfs/pkg/fetch_priv.h"
#include "rootfs/pkg/image_priv.h"

/* Labels that say what an image was made from. */
#define LABEL_DEFINITION "org.lkboard.package"
#define LABEL_DEBS "org.lkboard.debs"
#define LABEL_INPUTS "org.lkboard.inputs"

bool lkb_pkg_made(const struct lkb_image *im)
{
	return lkb_image_label(im, LABEL_DEFINITION) != NULL;
}

/* One run for one architecture: the store's folder for packages, locked, and the lock file. */
struct session {
	const struct lkb_pkg_env *env;
	char *dir;       /* owned; absolute: STORE/pkg */
	char *lock_path; /* owned */
	int guard;       /* flock on DIR/lock */
	struct lkb_pkg_lock lock;
	bool lock_changed;
};

static void end_session(struct session *s)
{
	free(s->dir);
	free(s->lock_path);
	lkb_cleanup_fd(&s->guard);
	lkb_pkg_lock_clear(&s->lock);
}
#define autosession __attribute__((cleanup(end_session))) struct session

static int begin_session(struct lkb_store *store, const struct lkb_pkg_env *env,
			 struct session *s, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_path_join(lkb_store_dir(store), "pkg");
	lkb_autofree char *guard = NULL;

	if (lkb_mkdir_p(dir, err))
		return -1;
	s->dir = realpath(dir, NULL);
	if (!s->dir)
		return lkb_fail_errno(err, "cannot find '%s'", dir);
	guard = lkb_path_join(s->dir, "lock");
	if (lkb_lock_file(guard, false, &s->guard, err))
		return -1;
	s->lock_path = lkb_path_join(s->dir, env->lock_path ? env->lock_path : "packages.lock");
	if (env->lock_path) {
		free(s->lock_path);
		s->lock_path = lkb_strdup(env->lock_path);
	}
	return lkb_pkg_lock_load(s->lock_path, &s->lock, err);
}

/* The lock in the store keeps itself up to date; one that the user named is only written when the
 * user says so. */
static int save_lock(struct session *s, struct lkb_error *err)
{
	if (!s->lock_changed || (s->env->lock_path && !s->env->update_lock))
		return 0;
	return lkb_pkg_lock_save(&s->lock, s->lock_path, err);
}

static int check_arch(const struct lkb_pkg *p, const char *arch, struct lkb_error *err)
{
	if (lkb_pkg_has_arch(p, arch))
		return 0;
	return lkb_fail(err, LKB_INPUT, "package '%s' is not made for '%s'", p->name, arch);
}

/* Does what the lock pins still answer the definition? */
static bool pins_fit(const struct lkb_pkg *p, const struct lkb_debs *pins)
{
	size_t i, j;

	for (i = 0; i < pins->n; i++)
		if (!lkb_pkg_takes(p, pins->items[i].name))
			return false;
	for (i = 0; i < p->take.n; i++) {
		for (j = 0; j < pins->n; j++)
			if (lkb_glob_match(p->take.items[i], pins->items[j].name))
				break;
		if (j == pins->n)
			return false;
	}
	for (i = 0; !p->take.n && i < p->packages.n; i++)
		if (!lkb_debs_find(pins, p->packages.items[i]))
			return false;
	return true;
}

/* Of what apt resolved, what the definition takes. */
static int take(const struct lkb_pkg *p, const struct lkb_debs *all, struct lkb_debs *ret,
		struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (lkb_pkg_takes(p, all->items[i].name))
			lkb_debs_add(ret, &all->items[i]);
	if (pins_fit(p, ret))
		return 0;
	for (i = 0; i < p->take.n; i++) {
		size_t j;

		for (j = 0; j < ret->n; j++)
			if (lkb_glob_match(p->take.items[i], ret->items[j].name))
				break;
		if (j < ret->n)
			continue;
		lkb_fail(err, LKB_INPUT, "take[%zu] '%s' matches none of the packages", i,
			 p->take.items[i]);
		return lkb_at(err, p->take.pos[i].file, p->take.pos[i].line,
			      p->take.pos[i].column);
	}
	return lkb_fail(err, LKB_INPUT, "apt left out a package that was asked for");
}

/* Where another image pinned a package already, all stay with that version. */
static int keep_pins(const struct session *s, const struct lkb_debs *pins, struct lkb_debs *debs,
		     struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < debs->n; i++) {
		struct lkb_deb *deb = &debs->items[i];
		const struct lkb_deb *pin = lkb_debs_find(pins, deb->name);

		if (!pin || (!strcmp(pin->version, deb->version) &&
			     lkb_sha256_equal(&pin->sha256, &deb->sha256)))
			continue;
		if (!strcmp(pin->version, deb->version))
			return lkb_fail(err, LKB_TRUST, "the mirror's '%s' version '%s' has "
					"another SHA-256 than the lock", deb->name, deb->version);
		if (!lkb_deb_stored(s->dir, pin)) {
			lkb_fail(err, LKB_NET, "the mirror has no '%s' version '%s' any more, "
				 "which the lock asks for", pin->name, pin->version);
			return lkb_hint(err, "`lkboard pkg lock` takes what the mirror has now");
		}
		free(deb->version);
		deb->version = lkb_strdup(pin->version);
		deb->sha256 = pin->sha256;
		deb->size = pin->size;
	}
	return 0;
}

static int open_apt(const struct session *s, const struct lkb_pkg *p, struct lkb_apt *ret,
		    struct lkb_error *err)
{
	lkb_autostrv components = {0};

	lkb_pkg_components(p, &components);
	return lkb_apt_open(s->dir, s->env->arch, p->suite, &components, ret, err);
}

/* Asks apt; the answer goes into the lock too. */
static int resolve(struct session *s, const struct lkb_pkg *p, struct lkb_debs *ret,
		   struct lkb_error *err)
{
	const char *arch = s->env->arch;
	lkb_autodebs pins = {0}, all = {0}, debs = {0};
	lkb_autostrv names = {0};
	lkb_autoapt apt = {0};
	size_t i;

	if (!s->env->update_lock)
		lkb_pkg_lock_all(&s->lock, arch, p->suite, &pins);
	for (i = 0; i < p->packages.n; i++)
		lkb_strv_add(&names, p->packages.items[i]);
	if (open_apt(s, p, &apt, err) || lkb_apt_update(&apt, s->env->ui, err) ||
	    lkb_apt_resolve(&apt, &names, &pins, &all, err) || take(p, &all, &debs, err) ||
	    keep_pins(s, &pins, &debs, err))
		return -1;
	lkb_pkg_lock_set(&s->lock, p->name, arch, p->suite, &debs);
	s->lock_changed = true;
	*ret = debs;
	debs = (struct lkb_debs){0};
	return 0;
}

static int refuse_unpinned(const struct session *s, const struct lkb_pkg *p, bool some,
			   struct lkb_error *err)
{
	lkb_fail(err, s->env->locked ? LKB_REFUSED : LKB_NET,
		 "the lock '%s' %s package '%s' for '%s', and %s", s->lock_path,
		 some ? "does not fit" : "does not pin", p->name, s->env->arch,
		 s->env->locked ? "--locked allows nothing else"
				: "--offline does not allow asking a mirror");
	return lkb_hint(err, "`lkboard pkg lock` writes the lock anew");
}

/* The packages in their versions: from the lock, or from apt. */
static int choose_debs(struct session *s, const struct lkb_pkg *p, struct lkb_debs *ret,
		       struct lkb_error *err)
{
	lkb_autodebs pinned = {0};

	if (!p->packages.n)
		return 0;
	if (!s->env->update_lock)
		lkb_pkg_lock_get(&s->lock, p->name, s->env->arch, p->suite, &pinned);
	if (pinned.n && pins_fit(p, &pinned)) {
		*ret = pinned;
		pinned = (struct lkb_debs){0};
		return 0;
	}
	if (s->env->locked || s->env->offline)
		return refuse_unpinned(s, p, pinned.n > 0, err);
	return resolve(s, p, ret, err);
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

static int fetch(struct session *s, const struct lkb_pkg *p, const struct lkb_debs *debs,
		 struct lkb_error *err)
{
	lkb_autoapt apt = {0};
	size_t i;

	for (i = 0; i < debs->n; i++)
		if (!lkb_deb_stored(s->dir, &debs->items[i]))
			break;
	if (i == debs->n)
		return 0;
	if (s->env->offline)
		return lkb_fail(err, LKB_NET, "package '%s' version '%s' is not in the store, and "
				"--offline does not allow downloading it", debs->items[i].name,
				debs->items[i].version);
	if (open_apt(s, p, &apt, err) || lkb_apt_update(&apt, s->env->ui, err))
		return -1;
	return lkb_debs_fetch(s->dir, &apt, debs, s->env->ui, err);
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
	autosession s = {.env = env, .guard = -1};
	lkb_autopkginputs in = {0};
	lkb_auto(lkb_tree) t = NULL;
	struct lkb_platform platform = {0};
	struct lkb_sha256_text inputs;
	struct lkb_sha256 digest;
	int64_t created = 0;

	snprintf(platform.arch, sizeof(platform.arch), "%s", env->arch);
	if (check_arch(p, env->arch, err) || begin_session(store, env, &s, err) ||
	    choose_debs(&s, p, &in.debs, err) ||
	    lkb_pkg_inputs_local(p, env->local_dir, env->arch, &in, err))
		return -1;
	digest = lkb_pkg_inputs_digest(p, env->arch, &in);
	inputs = lkb_sha256_text(&digest);
	if (find_built(store, p, &platform, inputs.s, ret))
		return save_lock(&s, err);
	if (fetch(&s, p, &in.debs, err))
		return -1;
	lkb_ui_step(env->ui, "package '%s': building '%s'", p->name, p->image);
	if (lkb_pkg_tree(p, s.dir, &in, &t, &created, err) ||
	    put(store, p, &platform, &in.debs, inputs.s, lkb_tree_root(t), created, ret, err))
		return -1;
	return save_lock(&s, err);
}

int lkb_pkg_build(const struct lkb_pkg *p, struct lkb_store *store, const struct lkb_pkg_env *env,
		  struct lkb_sha256 *ret_manifest, struct lkb_error *err)
{
	struct lkb_sha256 manifest;

	if (build(p, store, env, &manifest, err))
		return lkb_context(err, "package '%s'", p->name);
	*ret_manifest = manifest;
	return 0;
}

int lkb_pkg_lock(const struct lkb_pkg *const *pkgs, size_t n, struct lkb_store *store,
		 const struct lkb_pkg_env *env, struct lkb_error *err)
{
	struct lkb_pkg_env anew = *env;
	autosession s = {.env = &anew, .guard = -1};
	size_t i;

	anew.update_lock = true;
	if (begin_session(store, &anew, &s, err))
		return -1;
	for (i = 0; i < n; i++) {
		lkb_autodebs debs = {0};

		if (!pkgs[i]->packages.n || !lkb_pkg_has_arch(pkgs[i], env->arch))
			continue;
		lkb_ui_step(env->ui, "package '%s': resolving for '%s'", pkgs[i]->name, env->arch);
		if (resolve(&s, pkgs[i], &debs, err))
			return lkb_context(err, "package '%s'", pkgs[i]->name);
	}
	return save_lock(&s, err);
}
