/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "plan/plan_priv.h"
#include "rootfs/oci/ref.h"
#include "rootfs/pkg/pkg.h"

static bool needs_small_initrd(const struct lkb_plan *p)
{
	size_t i;

	for (i = 0; i < p->n_products; i++)
		if (p->products[i].format->has_small_initrd)
			return true;
	return false;
}

/* References of the spec, the board and the formats, each once. */
static void collect_refs(const struct lkb_plan *p, struct lkb_strv *refs)
{
	const struct lkb_board *board = p->in->board;
	const char *of_board[] = {needs_small_initrd(p) ? board->initrd.image : NULL,
				  board->firmware.image, board->firmware.u_boot_image};
	size_t i, j;

	lkb_rootfs_refs(p->in->spec, refs);
	for (i = 0; i < LKB_ARRAY_SIZE(of_board); i++)
		if (of_board[i] && !lkb_strv_has(refs, of_board[i]))
			lkb_strv_add(refs, of_board[i]);
	for (i = 0; i < p->n_products; i++) {
		const char *const *images = lkb_format_base(p->products[i].format)->images;

		for (j = 0; images && images[j]; j++)
			if (!lkb_strv_has(refs, images[j]))
				lkb_strv_add(refs, images[j]);
	}
}

static struct lkb_platform platform_of(const struct lkb_board *board)
{
	struct lkb_platform platform = {0};

	snprintf(platform.arch, sizeof(platform.arch), "%s", board->arch);
	return platform;
}

/* A reference, what the lock says of it, and the package that makes it, if there is one. */
struct need {
	const char *ref;
	struct lkb_platform platform;
	const struct lkb_pos *pos; /* of the platform, if the spec says it; else NULL */
	const struct lkb_lock_image *pin; /* NULL = not pinned */
	struct lkb_pkg *pkg; /* owned */
	struct lkb_image *image; /* owned; in the store, as it is pinned; NULL = it is not there */
	bool remote;         /* a registry is asked for it */
};

static struct lkb_pkg_env pkg_env(struct lkb_plan *p, const struct need *need)
{
	const struct lkb_plan_in *in = p->in;

	return (struct lkb_pkg_env){
		.configs_dir = in->configs_dir,
		.local_dir = in->ondevice_dir,
		.arch = need->platform.arch,
		.lock_path = lkb_plan_lock_path(p),
		.spare_lock_path = p->has_lock ? in->lock_path : NULL,
		.locked = in->locked,
		.update_lock = in->update_lock,
		.offline = in->offline,
		.used = in->update_lock ? &p->next_lock : NULL,
		.ui = in->ui,
	};
}

static void forget_image(struct need *need)
{
	if (need->image)
		lkb_image_free(need->image);
	need->image = NULL;
}

/* What was there may be another image now. */
static int build_package(struct lkb_plan *p, struct need *need, struct lkb_error *err)
{
	struct lkb_pkg_env env = pkg_env(p, need);
	struct lkb_sha256 manifest;

	if (lkb_pkg_build(need->pkg, p->in->store, &env, &manifest, err))
		return lkb_context(err, "package '%s'", lkb_pkg_name(need->pkg));
	if (need->image && !lkb_sha256_equal(&need->image->manifest, &manifest))
		forget_image(need);
	return need->pin ? lkb_plan_lock_compare(p, need->pin, &manifest, err) : 0;
}

/* False for an image that somebody imported under a package's name, or that an archive brings: it
 * is left alone. */
static bool is_ours(const struct need *need)
{
	return !lkb_image_input(need->image) && lkb_pkg_made(need->image);
}

struct needs {
	struct need *items; /* owned */
	size_t n;
};

static void clear_needs(struct needs *needs)
{
	size_t i;

	for (i = 0; i < needs->n; i++) {
		if (needs->items[i].pkg)
			lkb_pkg_free(needs->items[i].pkg);
		forget_image(&needs->items[i]);
	}
	free(needs->items);
}

/* What came into the store may have changed more than what it came for: the index of its name. */
static void forget_if_changed(struct needs *needs)
{
	size_t i = 0;

	while (i < needs->n && needs->items[i].image && !needs->items[i].remote)
		i++;
	if (i < needs->n)
		for (i = 0; i < needs->n; i++)
			forget_image(&needs->items[i]);
}

/* A name that is nearly a package's is a slip; resolving says of others that they are missing. */
static int not_there(const struct lkb_plan *p, const struct lkb_ref *ref, struct lkb_error *err)
{
	lkb_autofree char *text = lkb_ref_text(ref), *path = NULL;
	lkb_autostrv names = {0};
	lkb_autodiags diags = {0};
	lkb_auto(lkb_pkg) pkg = NULL;
	const char *near;

	if (strcmp(ref->domain, "localhost") != 0)
		return 0;
	if (lkb_pkg_names(p->in->configs_dir, &names, err))
		return -1;
	near = lkb_did_you_mean(ref->path, (const char *const *)names.items, names.n);
	path = near ? lkb_format("%s/packages/%s.yml", p->in->configs_dir, near) : NULL;
	if (!near || lkb_pkg_read(path, &pkg, &diags, NULL))
		return 0;
	lkb_fail(err, LKB_INPUT, "image '%s' is not in the store, and no package makes it", text);
	lkb_hint(err, "did you mean '%s'?", lkb_pkg_image(pkg));
	return lkb_rootfs_ref_at(p->in->spec, text, err);
}

static int find_package(struct lkb_plan *p, struct need *need, struct lkb_error *err)
{
	lkb_autoref parsed = {0};
	lkb_autofree char *canonical = NULL;

	if (lkb_ref_parse(need->ref, &parsed, err))
		return -1;
	canonical = lkb_ref_text(&parsed);
	if (lkb_pkg_for_ref(p->in->configs_dir, canonical, &need->pkg, err))
		return -1;
	return need->image || need->pkg ? 0 : not_there(p, &parsed, err);
}

static void list_needs(const struct lkb_strv *refs, const struct lkb_platform *platform,
		       const struct lkb_rootfs_wants *wants, struct needs *needs)
{
	size_t i;

	needs->items = lkb_alloc_array(refs->n + wants->n, sizeof(*needs->items));
	for (i = 0; i < refs->n; i++)
		needs->items[needs->n++] = (struct need){
			.ref = refs->items[i], .platform = *platform};
	for (i = 0; i < wants->n; i++)
		needs->items[needs->n++] = (struct need){
			.ref = wants->items[i].ref,
			.platform = wants->items[i].platform,
			.pos = wants->items[i].pos};
}

static int at_need(const struct lkb_plan *p, const struct need *need, struct lkb_error *err)
{
	const struct lkb_pos *pos = need->pos;

	if (err && err->file[0]) /* of the lock: it is shown there */
		return -1;
	return pos ? lkb_at(err, pos->file, pos->line, pos->column)
		   : lkb_rootfs_ref_at(p->in->spec, need->ref, err);
}

static int keep_fault(const struct lkb_plan *p, const struct need *need,
		      const struct lkb_error *fault, struct lkb_error *err)
{
	if (err)
		*err = *fault;
	return at_need(p, need, err);
}

/* What nobody has and nobody makes is said first, before packages are built for minutes. */
static int find_packages(struct lkb_plan *p, struct needs *needs, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < needs->n; i++) {
		struct need *need = &needs->items[i];
		struct lkb_error fault = {0};

		need->pin = lkb_plan_pin(p, need->ref, &need->platform);
		if (!need->pin && p->in->locked)
			return lkb_plan_lock_refuse(p, need->ref, &need->platform, err) ||
			       at_need(p, need, err);
		if (!need->pin && !lkb_strv_has(&p->unpinned, need->ref))
			lkb_strv_add(&p->unpinned, need->ref);
		/* What the policy refuses is not made anew: it would be refused again. */
		if (lkb_plan_resolve(p, need->ref, &need->platform, &need->image, &fault) &&
		    fault.kind == LKB_TRUST && lkb_store_policy(p->in->store))
			return keep_fault(p, need, &fault, err);
		if (p->in->configs_dir && (!need->image || p->in->build_missing) &&
		    find_package(p, need, err))
			return -1;
		need->remote = !need->pkg &&
			       lkb_plan_is_remote(p, need->ref, &need->platform,
						  need->image != NULL);
		if (!need->image && !need->pkg && !need->remote)
			return keep_fault(p, need, &fault, err);
	}
	return 0;
}

/* Makes the image anew if that is called for. One made earlier is better than none where the
 * programs for the boards, which come with lkboard, cannot be found; but not with --locked or
 * --update-lock, which ask for certain packages. */
static int refresh(struct lkb_plan *p, struct need *need, struct lkb_error *err)
{
	if (!need->image || !lkb_pkg_has_local(need->pkg) || p->in->ondevice_dir ||
	    p->in->locked || p->in->update_lock)
		return build_package(p, need, err);
	lkb_ui_warning(p->in->ui, "the programs for the boards were not found: image '%s' is used "
		       "as it is in the store", need->ref);
	return 0;
}

/* Before packages are built for minutes. */
static int fetch_remote(struct lkb_plan *p, const struct needs *needs, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < needs->n; i++) {
		const struct need *need = &needs->items[i];

		if (need->remote && lkb_plan_fetch(p, need->ref, &need->platform, err))
			return at_need(p, need, err);
	}
	return 0;
}

/* A pinned image is not made anew where its definition has changed, which whoever changed it has to
 * know. */
static int use_pinned(struct lkb_plan *p, const struct need *need)
{
	struct lkb_pkg_env env = pkg_env(p, need);

	if (!lkb_pkg_may_give(need->pkg, &env, need->image))
		lkb_ui_warning(p->in->ui, "image '%s' is used as '%s' pins it, although package "
			       "'%s' would make another one now; --update-lock pins that",
			       need->ref, p->in->lock_path, lkb_pkg_name(need->pkg));
	return 0;
}

/* An image that a package definition makes is made where the store lacks it, and made anew where
 * its definition has changed. */
static int supply(struct lkb_plan *p, struct need *need, struct lkb_error *err)
{
	if (!need->pkg)
		return 0;
	if (need->image && need->pin)
		return use_pinned(p, need);
	if (p->in->build_missing)
		return need->image && !is_ours(need) ? 0 : refresh(p, need, err);
	if (!lkb_strv_has(&p->missing, need->ref))
		lkb_strv_add(&p->missing, need->ref);
	return 0;
}

static bool is_listed(const struct lkb_rootfs_images *images, const struct lkb_image *im)
{
	size_t i;

	for (i = 0; i < images->n; i++)
		if (!strcmp(images->items[i]->ref, im->ref) &&
		    lkb_sha256_equal(&images->items[i]->manifest, &im->manifest))
			return true;
	return false;
}

/* Adds what the needs are resolved to, each image of a name once. */
static int resolve_all(struct lkb_plan *p, struct need *needs, size_t n, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct need *need = &needs[i];
		lkb_auto(lkb_image) image = LKB_STEAL(need->image);
		bool made;

		if ((!image && lkb_plan_resolve(p, need->ref, &need->platform, &image, err)) ||
		    lkb_asks_judge(p, image, err))
			return at_need(p, need, err);
		made = need->pkg && lkb_pkg_made(image);
		lkb_plan_lock_add(p, image, &need->platform, made ? lkb_pkg_name(need->pkg) : NULL);
		if (need->pin)
			lkb_plan_lock_say_other(p, image, &need->platform);
		if (is_listed(&p->images, image))
			continue;
		lkb_ui_detail(p->in->ui, "image '%s' is sha256:%s", image->ref,
			      lkb_sha256_text(&image->manifest).s);
		p->images.items[p->images.n++] = LKB_STEAL(image);
	}
	return 0;
}

/* What a volume holds for others is not unpacked. */
static int resolve_needs(struct lkb_plan *p, struct needs *needs, size_t n_own,
			 struct lkb_error *err)
{
	struct lkb_rootfs_images own;

	forget_if_changed(needs);
	p->images.items = lkb_alloc_array(needs->n, sizeof(*p->images.items));
	if (resolve_all(p, needs->items, n_own, err))
		return -1;
	own = p->images;
	if (resolve_all(p, needs->items + n_own, needs->n - n_own, err))
		return -1;
	lkb_prefetch(p->in->store, &own, p->in->jobs, p->in->ui);
	return 0;
}

int lkb_step_images(struct lkb_plan *p, struct lkb_error *err)
{
	struct lkb_platform platform = platform_of(p->in->board);
	struct lkb_rootfs_wants wants __attribute__((cleanup(lkb_rootfs_wants_clear))) = {0};
	struct needs needs __attribute__((cleanup(clear_needs))) = {0};
	lkb_autostrv refs = {0};
	size_t i;

	collect_refs(p, &refs);
	if (lkb_rootfs_wants(p->in->spec, &wants, err) || lkb_plan_lock_read(p, err))
		return -1;
	list_needs(&refs, &platform, &wants, &needs);
	if (find_packages(p, &needs, err) || fetch_remote(p, &needs, err))
		return -1;
	for (i = 0; i < needs.n; i++)
		if (supply(p, &needs.items[i], err))
			return -1;
	if (p->missing.n)
		return 0;
	if (resolve_needs(p, &needs, refs.n, err))
		return -1;
	lkb_plan_lock_say_unpinned(p);
	lkb_plan_decide_epoch(p);
	return lkb_plan_decide_seeds(p, err);
}

const struct lkb_image *lkb_plan_image(const struct lkb_plan *p, const char *ref)
{
	lkb_autoref parsed = {0};
	lkb_autofree char *canonical = NULL;
	size_t i;

	if (!ref || lkb_ref_parse(ref, &parsed, NULL))
		return NULL;
	canonical = lkb_ref_text(&parsed);
	for (i = 0; i < p->images.n; i++)
		if (!strcmp(p->images.items[i]->ref, canonical))
			return p->images.items[i];
	return NULL;
}

int lkb_plan_image_tree(struct lkb_plan *p, const char *ref, struct lkb_tree **ret,
			struct lkb_error *err)
{
	const struct lkb_image *image = lkb_plan_image(p, ref);

	if (!image)
		return lkb_fail(err, LKB_BUG, "image '%s' was not resolved", ref ? ref : "");
	return lkb_store_image_tree(p->in->store, image, p->in->ui, ret, err);
}
