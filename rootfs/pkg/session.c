/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/session_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "rootfs/pkg/fetch_priv.h"

#define STORE_LOCK "packages.lock"

void lkb_pkg_session_end(struct lkb_pkg_session *s)
{
	free(s->dir);
	free(s->lock_path);
	lkb_cleanup_fd(&s->guard);
	lkb_lock_clear(&s->lock);
	*s = (struct lkb_pkg_session)LKB_PKG_SESSION_INIT;
}

static int load_lock(const char *path, struct lkb_lock *ret, struct lkb_error *err)
{
	lkb_autodiags diags = {0};

	return lkb_lock_load(path, ret, &diags, err);
}

int lkb_pkg_session_begin(struct lkb_store *store, const struct lkb_pkg_env *env,
			  struct lkb_pkg_session *ret, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_path_join(lkb_store_dir(store), "pkg");
	lkb_autopkgsession s = LKB_PKG_SESSION_INIT;
	lkb_autofree char *guard = NULL;

	s.env = env;
	if (lkb_mkdir_p(dir, err))
		return -1;
	s.dir = realpath(dir, NULL);
	if (!s.dir)
		return lkb_fail_errno(err, "cannot find '%s'", dir);
	guard = lkb_path_join(s.dir, "lock");
	if (lkb_lock_file(guard, false, &s.guard, err))
		return -1;
	s.lock_path = env->lock_path ? lkb_strdup(env->lock_path)
				     : lkb_path_join(s.dir, STORE_LOCK);
	if (load_lock(s.lock_path, &s.lock, err))
		return -1;
	*ret = s;
	s = (struct lkb_pkg_session)LKB_PKG_SESSION_INIT;
	return 0;
}

int lkb_pkg_session_save(struct lkb_pkg_session *s, struct lkb_error *err)
{
	if (!s->lock_changed || (s->env->lock_path && !s->env->update_lock))
		return 0;
	return lkb_lock_save(&s->lock, s->lock_path, err);
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
static int keep_pins(const struct lkb_pkg_session *s, const struct lkb_debs *pins,
		     struct lkb_debs *debs, struct lkb_error *err)
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
			return lkb_hint(err, LKB_PKG_HINT_ANEW);
		}
		free(deb->version);
		deb->version = lkb_strdup(pin->version);
		deb->sha256 = pin->sha256;
		deb->size = pin->size;
	}
	return 0;
}

static int open_apt(const struct lkb_pkg_session *s, const struct lkb_pkg *p, struct lkb_apt *ret,
		    struct lkb_error *err)
{
	lkb_autostrv components = {0};

	lkb_pkg_components(p, &components);
	return lkb_apt_open(s->dir, s->env->arch, p->suite, &components, ret, err);
}

/* A package that apt names in its complaint is shown where the definition asks for it. */
static int at_package(const struct lkb_strlist *packages, struct lkb_error *err)
{
	size_t i;

	for (i = 0; err && i < packages->n; i++)
		if (strstr(err->message, packages->items[i]))
			return lkb_at(err, packages->pos[i].file, packages->pos[i].line,
				      packages->pos[i].column);
	return -1;
}

int lkb_pkg_session_resolve(struct lkb_pkg_session *s, const struct lkb_pkg *p,
			    struct lkb_debs *ret, struct lkb_error *err)
{
	const char *arch = s->env->arch;
	lkb_autodebs pins = {0}, all = {0}, debs = {0};
	lkb_autostrv names = {0};
	lkb_autoapt apt = {0};
	size_t i;

	if (!s->env->update_lock)
		lkb_lock_all(&s->lock, arch, p->suite, &pins);
	for (i = 0; i < p->packages.n; i++)
		lkb_strv_add(&names, p->packages.items[i]);
	if (open_apt(s, p, &apt, err) || lkb_apt_update(&apt, s->env->ui, err))
		return -1;
	if (lkb_apt_resolve(&apt, &names, &pins, &all, err))
		return at_package(&p->packages, err);
	if (take(p, &all, &debs, err) || keep_pins(s, &pins, &debs, err))
		return -1;
	lkb_lock_set(&s->lock, p->name, arch, p->suite, &debs);
	s->lock_changed = true;
	*ret = debs;
	debs = (struct lkb_debs){0};
	return 0;
}

static int refuse_unpinned(const struct lkb_pkg_session *s, bool some, struct lkb_error *err)
{
	lkb_fail(err, s->env->locked ? LKB_REFUSED : LKB_NET,
		 "the lock '%s' %s for '%s', and %s", s->lock_path,
		 some ? "does not fit it" : "does not pin it", s->env->arch,
		 s->env->locked ? "--locked allows nothing else"
				: "--offline does not allow asking a mirror");
	return lkb_hint(err, "%s writes the lock anew",
			s->env->lock_path ? "--update-lock" : "`lkboard pkg lock`");
}

/* Offline there is nothing newer. */
static bool asks_anew(const struct lkb_pkg_session *s)
{
	return s->env->update_lock && !s->env->offline;
}

/* What the second lock says of a package that the first does not pin, unless it wants another
 * version of something that the first pins. */
static int choose_spare(const struct lkb_pkg_session *s, const struct lkb_pkg *p,
			struct lkb_debs *ret, struct lkb_error *err)
{
	lkb_autofree char *own = lkb_path_join(s->dir, STORE_LOCK);
	const char *path = s->env->lock_path ? own : s->env->spare_lock_path;
	lkb_autolock spare = {0};
	lkb_autodebs pins = {0}, debs = {0};
	size_t i;

	if (!path || s->env->locked || asks_anew(s))
		return 0;
	if (load_lock(path, &spare, err))
		return -1;
	lkb_lock_all(&s->lock, s->env->arch, p->suite, &pins);
	lkb_lock_get(&spare, p->name, s->env->arch, p->suite, &debs);
	for (i = 0; i < debs.n; i++) {
		const struct lkb_deb *pin = lkb_debs_find(&pins, debs.items[i].name);

		if (pin && !lkb_deb_equal(pin, &debs.items[i]))
			return 0;
	}
	if (!pins_fit(p, &debs))
		return 0;
	lkb_ui_detail(s->env->ui, "package '%s': as '%s' pins it", p->name, path);
	*ret = debs;
	debs = (struct lkb_debs){0};
	return 0;
}

int lkb_pkg_session_choose(struct lkb_pkg_session *s, const struct lkb_pkg *p,
			   struct lkb_debs *ret, struct lkb_error *err)
{
	lkb_autodebs pinned = {0};

	if (!p->packages.n)
		return 0;
	if (!asks_anew(s))
		lkb_lock_get(&s->lock, p->name, s->env->arch, p->suite, &pinned);
	if (pinned.n && pins_fit(p, &pinned)) {
		lkb_ui_detail(s->env->ui, "package '%s': as '%s' pins it", p->name, s->lock_path);
		*ret = pinned;
		pinned = (struct lkb_debs){0};
		return 0;
	}
	if (choose_spare(s, p, ret, err))
		return -1;
	if (ret->n)
		return 0;
	if (s->env->locked || s->env->offline)
		return refuse_unpinned(s, pinned.n > 0, err);
	return lkb_pkg_session_resolve(s, p, ret, err);
}

int lkb_pkg_session_fetch(struct lkb_pkg_session *s, const struct lkb_pkg *p,
			  const struct lkb_debs *debs, struct lkb_error *err)
{
	lkb_autoapt apt = {0};
	size_t i;

	for (i = 0; i < debs->n; i++)
		if (!lkb_deb_stored(s->dir, &debs->items[i]))
			break;
	if (i == debs->n)
		return 0;
	if (s->env->offline)
		return lkb_fail(err, LKB_NET, "Debian's '%s' version '%s' is not in the store, and "
				"--offline does not allow downloading it", debs->items[i].name,
				debs->items[i].version);
	if (open_apt(s, p, &apt, err) || lkb_apt_update(&apt, s->env->ui, err))
		return -1;
	return lkb_debs_fetch(s->dir, &apt, debs, s->env->ui, err);
}
