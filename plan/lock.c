/* SPDX-License-Identifier: Apache-2.0 */
/* What a lock pins is used as it pins it; what it lacks is taken as it stands now, unless nothing
 * else is allowed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/plan_priv.h"
#include "rootfs/oci/ref.h"
#include "rootfs/pkg/pkg.h"

static int no_lock(const struct lkb_plan_in *in, struct lkb_error *err)
{
	if (in->update_lock || (!in->locked && !in->lock_named))
		return 0;
	if (in->locked)
		lkb_fail(err, LKB_INPUT, "there is no lock '%s', and --locked allows nothing that "
			 "none pins", in->lock_path);
	else
		lkb_fail(err, LKB_INPUT, "there is no lock '%s'", in->lock_path);
	return lkb_hint(err, "`lkboard build --update-lock` writes it");
}

int lkb_plan_lock_read(struct lkb_plan *p, struct lkb_error *err)
{
	const struct lkb_plan_in *in = p->in;
	lkb_autodiags diags = {0};

	if (!in->lock_path)
		return 0;
	if (access(in->lock_path, F_OK) && errno == ENOENT)
		return no_lock(in, err);
	if (lkb_lock_load(in->lock_path, &p->lock, &diags, err) ||
	    (in->update_lock && lkb_lock_load(in->lock_path, &p->next_lock, &diags, err)))
		return -1;
	p->has_lock = true;
	return 0;
}

const char *lkb_plan_lock_path(const struct lkb_plan *p)
{
	return p->has_lock && !p->in->update_lock ? p->in->lock_path : NULL;
}

/* Boards name images as they like, a lock names them in full. */
static char *in_full(const char *ref)
{
	lkb_autoref r = {0};

	return lkb_ref_parse(ref, &r, NULL) ? lkb_format("%s", ref) : lkb_ref_text(&r);
}

const struct lkb_lock_image *lkb_plan_pin(const struct lkb_plan *p, const char *ref,
					  const struct lkb_platform *platform)
{
	lkb_autofree char *full = in_full(ref);

	return lkb_plan_lock_path(p) ? lkb_lock_find(&p->lock, full, platform) : NULL;
}

bool lkb_plan_is_pinned(const struct lkb_plan *p, const struct lkb_image *image)
{
	size_t i;

	for (i = 0; lkb_plan_lock_path(p) && i < p->lock.n_images; i++)
		if (!strcmp(p->lock.images[i].ref, image->ref) &&
		    lkb_sha256_equal(&p->lock.images[i].manifest, &image->manifest))
			return true;
	return false;
}

int lkb_plan_lock_refuse(const struct lkb_plan *p, const char *ref,
			 const struct lkb_platform *platform, struct lkb_error *err)
{
	lkb_fail(err, LKB_REFUSED, "image '%s' is not pinned for %s by '%s', and --locked allows "
		 "nothing else", ref, lkb_platform_text(platform).s, p->in->lock_path);
	lkb_hint(err, "`lkboard build --update-lock` pins it");
	return 0;
}

/* The index is asked for first: it is what signatures are made for. A store that got the one image
 * alone does not have it. */
static int resolve_pinned(struct lkb_plan *p, const struct lkb_lock_image *pin,
			  struct lkb_image **ret, struct lkb_error *err)
{
	lkb_autofree char *by_index = lkb_lock_image_ref(pin, true);
	lkb_autofree char *by_manifest = lkb_lock_image_ref(pin, false);
	lkb_auto(lkb_image) image = NULL;
	struct lkb_error fault = {0};

	if (!pin->has_index)
		return lkb_store_resolve(p->in->store, by_manifest, &pin->platform, ret, err);
	if (lkb_store_resolve(p->in->store, by_index, &pin->platform, &image, &fault)) {
		if (fault.kind == LKB_INPUT)
			return lkb_store_resolve(p->in->store, by_manifest, &pin->platform, ret,
						 err);
		if (err)
			*err = fault;
		return -1;
	}
	if (lkb_sha256_equal(&image->manifest, &pin->manifest)) {
		*ret = LKB_STEAL(image);
		return 0;
	}
	lkb_fail(err, LKB_INPUT, "the index that is pinned holds sha256:%s, not the manifest that "
		 "is pinned", lkb_sha256_text(&image->manifest).s);
	lkb_hint(err, "`lkboard build --update-lock` pins it anew");
	return lkb_at(err, p->in->lock_path, pin->line, 1);
}

int lkb_plan_resolve(struct lkb_plan *p, const char *ref, const struct lkb_platform *platform,
		     struct lkb_image **ret, struct lkb_error *err)
{
	const struct lkb_lock_image *pin = lkb_plan_pin(p, ref, platform);
	lkb_auto(lkb_image) image = NULL;

	if (!pin)
		return lkb_store_resolve(p->in->store, ref, platform, ret, err);
	if (resolve_pinned(p, pin, &image, err))
		return lkb_context(err, "image '%s' as '%s' pins it", pin->ref, p->in->lock_path);
	/* It is called what the spec calls it: the result is the same with and without a lock. */
	free(image->ref);
	image->ref = lkb_format("%s", pin->ref);
	*ret = LKB_STEAL(image);
	return 0;
}

int lkb_plan_lock_compare(const struct lkb_plan *p, const struct lkb_lock_image *pin,
			  const struct lkb_sha256 *made, struct lkb_error *err)
{
	if (lkb_sha256_equal(made, &pin->manifest))
		return 0;
	lkb_fail(err, LKB_TRUST, "image '%s' comes out as sha256:%s, and '%s' pins sha256:%s",
		 pin->ref, lkb_sha256_text(made).s, p->in->lock_path,
		 lkb_sha256_text(&pin->manifest).s);
	return lkb_hint(err, "`lkboard cache import` takes the image that was pinned; "
			     "--update-lock pins the one that is made now");
}

/* What a user may not expect: the lock is older than what was given or written since. */
void lkb_plan_lock_say_other(struct lkb_plan *p, const struct lkb_image *image,
			     const struct lkb_platform *platform)
{
	lkb_auto(lkb_image) named = NULL;

	if (lkb_store_resolve(p->in->store, image->ref, platform, &named, NULL) ||
	    lkb_sha256_equal(&named->manifest, &image->manifest))
		return;
	if (lkb_image_input(named))
		lkb_ui_warning(p->in->ui, "image '%s' is used as '%s' pins it, not as '%s' has it; "
			       "--update-lock pins that", image->ref, p->in->lock_path,
			       lkb_image_input(named));
	else
		lkb_ui_detail(p->in->ui, "image '%s' is used as '%s' pins it; its name stands for "
			      "sha256:%s now", image->ref, p->in->lock_path,
			      lkb_sha256_text(&named->manifest).s);
}

void lkb_plan_lock_say_unpinned(struct lkb_plan *p)
{
	lkb_autostr list = {0};
	size_t i;

	if (!lkb_plan_lock_path(p) || !p->unpinned.n)
		return;
	for (i = 0; i < p->unpinned.n; i++)
		lkb_str_addf(&list, "%s'%s'", i ? ", " : "", p->unpinned.items[i]);
	lkb_ui_message(p->in->ui, "'%s' does not pin %s, used as the store has %s; --update-lock "
		       "pins %s", p->in->lock_path, lkb_str_get(&list),
		       p->unpinned.n == 1 ? "it" : "them", p->unpinned.n == 1 ? "it" : "them");
}

static bool named_digest(const char *ref, struct lkb_sha256 *ret)
{
	lkb_autoref r = {0};

	return !lkb_ref_parse(ref, &r, NULL) && r.digest && lkb_starts_with(r.digest, "sha256:") &&
	       lkb_sha256_parse(r.digest + strlen("sha256:"), ret);
}

void lkb_plan_lock_add(struct lkb_plan *p, const struct lkb_image *image,
		       const struct lkb_platform *platform, const char *package)
{
	struct lkb_lock_image pin = {
		.ref = image->ref, .platform = *platform, .has_index = image->has_index,
		.index = image->index, .manifest = image->manifest, .package = (char *)package,
	};
	struct lkb_sha256 digest;

	if (!p->in->update_lock)
		return;
	/* Who names an index by its digest means it, also one that a store made. */
	if (named_digest(image->ref, &digest) && !lkb_sha256_equal(&digest, &pin.manifest)) {
		pin.has_index = true;
		pin.index = digest;
	}
	lkb_lock_pin(&p->next_lock, &pin);
}

void lkb_plan_lock_diff(struct lkb_plan *p, struct lkb_str *out)
{
	if (p->in->update_lock && !p->missing.n)
		lkb_lock_diff(&p->lock, &p->next_lock, out);
}

/* Two builds for two boards may run side by side: neither may write over what the other added. */
static int check_unchanged(struct lkb_plan *p, const char *before, struct lkb_error *err)
{
	lkb_autofree char *now = NULL;
	lkb_autodiags diags = {0};
	lkb_autolock lock = {0};

	if (lkb_lock_load(p->in->lock_path, &lock, &diags, err))
		return -1;
	now = lkb_lock_text(&lock);
	if (!strcmp(before, now))
		return 0;
	lkb_fail(err, LKB_REFUSED, "'%s' was changed while this build ran, and is not written over",
		 p->in->lock_path);
	return lkb_hint(err, "the artifacts are written; run the build again for the lock");
}

int lkb_plan_lock_write(struct lkb_plan *p, struct lkb_error *err)
{
	lkb_autofree char *before = NULL, *after = NULL;

	if (!p->in->update_lock)
		return 0;
	before = lkb_lock_text(&p->lock);
	after = lkb_lock_text(&p->next_lock);
	if (p->has_lock && !strcmp(before, after))
		return 0;
	if (check_unchanged(p, before, err))
		return -1;
	return lkb_lock_save(&p->next_lock, p->in->lock_path, err);
}
