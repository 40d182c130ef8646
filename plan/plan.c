/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "plan/plan_priv.h"

static bool board_makes(const struct lkb_board *board, const char *format)
{
	size_t i;

	for (i = 0; i < board->formats.n; i++)
		if (!strcmp(board->formats.items[i], format))
			return true;
	return false;
}

static int no_such_format(const struct lkb_board *board, const char *name, struct lkb_error *err)
{
	lkb_autostr list = {0};
	size_t i;

	for (i = 0; i < board->formats.n; i++)
		lkb_str_addf(&list, "%s%s", i ? ", " : "", board->formats.items[i]);
	lkb_fail(err, LKB_USAGE, "board '%s' is not built as '%s'", board->name, name);
	return lkb_hint(err, "it can be: %s", lkb_str_get(&list));
}

static int choose_format(const struct lkb_plan_in *in, const struct lkb_format **ret,
			 struct lkb_error *err)
{
	const char *name = in->format ? in->format : in->board->formats.items[0];
	size_t i;

	if (!board_makes(in->board, name))
		return no_such_format(in->board, name, err);
	for (i = 0; lkb_formats[i]; i++) {
		if (!strcmp(lkb_formats[i]->name, name)) {
			*ret = lkb_formats[i];
			return 0;
		}
	}
	return no_such_format(in->board, name, err);
}

/* lkboard.root in the spec must fit what the format makes of the root. */
static int check_root_mode(const struct lkb_plan *p, struct lkb_error *err)
{
	const struct lkb_spec_lkboard *own = &p->in->spec->lkboard;

	if (!own->root || !strcmp(own->root, p->format->root_mode))
		return 0;
	lkb_fail(err, LKB_INPUT, "lkboard.root is '%s', format '%s' has its root %s", own->root,
		 p->format->name, !strcmp(p->format->root_mode, "disk") ? "on disk" : "in RAM");
	lkb_hint(err, "choose another format with -f, or leave lkboard.root out");
	return lkb_at(err, own->pos.file ? own->pos.file : "", own->pos.line, own->pos.column);
}

int lkb_plan_make(const struct lkb_plan_in *in, struct lkb_plan **ret, struct lkb_error *err)
{
	lkb_auto(lkb_plan) p = lkb_alloc(sizeof(*p));
	size_t i;

	p->in = in;
	if (choose_format(in, &p->format, err) || check_root_mode(p, err))
		return -1;
	for (i = 0; i < p->format->n_steps; i++)
		if (p->format->steps[i].check && p->format->steps[i].check(p, err))
			return -1;
	for (i = 0; i < p->format->n_steps && !p->missing.n; i++) {
		lkb_ui_step(in->ui, "%s: %s", p->format->steps[i].name, p->format->steps[i].what);
		if (p->format->steps[i].run(p, err))
			return -1;
	}
	*ret = LKB_STEAL(p);
	return 0;
}

int lkb_plan_run(struct lkb_plan *p, const struct lkb_plan_out *out, struct lkb_artifacts *ret,
		 struct lkb_error *err)
{
	lkb_auto(lkb_output) o = NULL;
	struct lkb_artifacts made = {0};

	if (p->missing.n)
		return lkb_fail(err, LKB_INPUT, "image '%s' is not in the store",
				p->missing.items[0]);
	if (lkb_output_new(p, out, &o, err))
		return -1;
	lkb_ui_step(p->in->ui, "write: %s", p->format->write_what);
	if (p->format->write(p, o, err))
		return -1;
	if (lkb_output_commit(o, &made, err))
		return -1;
	if (lkb_plan_lock_write(p, err)) {
		lkb_artifacts_clear(&made);
		return -1;
	}
	*ret = made;
	return 0;
}

void lkb_plan_free(struct lkb_plan *p)
{
	size_t i;

	lkb_lock_clear(&p->lock);
	lkb_lock_clear(&p->next_lock);
	lkb_strv_clear(&p->unpinned);
	lkb_strv_clear(&p->missing);
	for (i = 0; i < p->images.n; i++)
		lkb_image_free(p->images.items[i]);
	free(p->images.items);
	lkb_rootfs_clear(&p->rootfs);
	free(p->overlays);
	lkb_strv_clear(&p->initrd_modules);
	if (p->initrd_tree)
		lkb_tree_free(p->initrd_tree);
	if (p->microcode)
		lkb_tree_free(p->microcode);
	lkb_extents_clear(&p->extents);
	lkb_blob_unref(p->initrd.blob);
	lkb_blob_unref(p->kernel.blob);
	if (p->dtbs)
		lkb_tree_free(p->dtbs);
	if (p->boot)
		lkb_tree_free(p->boot);
	if (p->data)
		lkb_tree_free(p->data);
	free(p);
}
