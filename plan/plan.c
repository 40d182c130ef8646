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

static int find_format(const struct lkb_board *board, const char *name,
		       const struct lkb_format **ret, struct lkb_error *err)
{
	*ret = board_makes(board, name) ? lkb_format_find(name) : NULL;
	return *ret ? 0 : no_such_format(board, name, err);
}

/* Two formats of one run go together if no file is made twice and the root is the same. */
static int check_pair(const struct lkb_format *a, const struct lkb_format *b, struct lkb_error *err)
{
	size_t i, j;

	for (i = 0; a->suffixes[i]; i++)
		for (j = 0; b->suffixes[j]; j++)
			if (!strcmp(a->suffixes[i], b->suffixes[j])) {
				lkb_fail(err, LKB_USAGE, "formats '%s' and '%s' make a file of "
					 "the same name, 'NAME%s'", a->name, b->name,
					 a->suffixes[i]);
				return lkb_hint(err, "make them one after the other, with "
						     "another --name or --out");
			}
	if (!a->alters_root && !b->alters_root)
		return 0;
	lkb_fail(err, LKB_USAGE, "'%s' adds to the root, which '%s' would see",
		 a->alters_root ? a->name : b->name, a->alters_root ? b->name : a->name);
	return lkb_hint(err, "make them one after the other");
}

static int add_product(struct lkb_plan *p, const char *name, struct lkb_error *err)
{
	struct lkb_product *m = &p->products[p->n_products];
	size_t i;

	m->plan = p;
	if (find_format(p->in->board, name, &m->format, err))
		return -1;
	for (i = 0; i < p->n_products; i++) {
		if (p->products[i].format == m->format)
			return 0;
		if (check_pair(p->products[i].format, m->format, err))
			return -1;
	}
	p->n_products++;
	return 0;
}

static int choose_products(struct lkb_plan *p, struct lkb_error *err)
{
	const struct lkb_plan_in *in = p->in;
	size_t i;

	p->products = lkb_alloc_array(in->n_formats + 1, sizeof(*p->products));
	if (!in->n_formats)
		return add_product(p, in->board->formats.items[0], err);
	for (i = 0; i < in->n_formats; i++)
		if (add_product(p, in->formats[i], err))
			return -1;
	return 0;
}

/* lkboard.root in the spec must fit what the format makes of the root. */
static int check_root_mode(const struct lkb_plan *p, const struct lkb_format *f,
			   struct lkb_error *err)
{
	const struct lkb_spec_lkboard *own = &p->in->spec->lkboard;

	if (!own->root || !strcmp(own->root, f->root_mode))
		return 0;
	lkb_fail(err, LKB_INPUT, "lkboard.root is '%s', format '%s' has its root %s", own->root,
		 f->name, !strcmp(f->root_mode, "disk") ? "on disk" : "in RAM");
	lkb_hint(err, "choose another format with -f, or leave lkboard.root out");
	return lkb_at(err, own->pos.file ? own->pos.file : "", own->pos.line, own->pos.column);
}

/* An option that nothing heeds was meant for something. */
static int check_base_url(const struct lkb_plan *p, struct lkb_error *err)
{
	size_t i;

	for (i = 0; p->in->base_url && i < p->n_products; i++)
		if (p->products[i].format == &lkb_format_pxe)
			return 0;
	if (!p->in->base_url)
		return 0;
	lkb_fail(err, LKB_USAGE, "a base URL is for the format 'pxe', which is not made");
	return lkb_hint(err, "add -f pxe, or leave --base-url out");
}

static bool is_listed(const struct lkb_plan *p, const struct lkb_step *step)
{
	size_t i;

	for (i = 0; i < p->n_todo; i++)
		if (!p->todo[i].product && p->todo[i].step->run == step->run)
			return true;
	return false;
}

static void list_steps(struct lkb_plan *p)
{
	size_t i, j;

	for (i = 0; i < p->n_products; i++) {
		const struct lkb_format *f = lkb_format_base(p->products[i].format);

		for (j = 0; j < f->n_steps; j++) {
			if (f->steps[j].run && is_listed(p, &f->steps[j]))
				continue;
			LKB_GROW(p->todo, p->n_todo, p->cap_todo);
			p->todo[p->n_todo++] = (struct lkb_todo){
				&f->steps[j], f->steps[j].run ? NULL : &p->products[i]};
		}
	}
}

static int do_step(struct lkb_plan *p, const struct lkb_todo *t, struct lkb_error *err)
{
	lkb_ui_step(p->in->ui, "%s: %s", t->step->name, t->step->what);
	return t->product ? t->step->make(t->product, err) : t->step->run(p, err);
}

int lkb_plan_make(const struct lkb_plan_in *in, struct lkb_plan **ret, struct lkb_error *err)
{
	lkb_auto(lkb_plan) p = lkb_alloc(sizeof(*p));
	size_t i;

	p->in = in;
	if (choose_products(p, err) || check_base_url(p, err))
		return -1;
	for (i = 0; i < p->n_products; i++)
		if (check_root_mode(p, p->products[i].format, err))
			return -1;
	list_steps(p);
	for (i = 0; i < p->n_todo; i++)
		if (p->todo[i].step->check && p->todo[i].step->check(p, err))
			return -1;
	for (i = 0; i < p->n_todo && !p->missing.n; i++)
		if (do_step(p, &p->todo[i], err))
			return -1;
	*ret = LKB_STEAL(p);
	return 0;
}

static int write_products(struct lkb_plan *p, struct lkb_output *o, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < p->n_products; i++) {
		struct lkb_product *m = &p->products[i];

		lkb_ui_step(p->in->ui, "write: %s", m->format->write_what);
		lkb_output_begin(o, m);
		if (m->format->write(m, o, err))
			return -1;
	}
	lkb_output_begin(o, NULL);
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
	if (write_products(p, o, err))
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

static void clear_product(struct lkb_product *m)
{
	lkb_extents_clear(&m->extents);
	lkb_str_clear(&m->loader);
	if (m->boot)
		lkb_tree_free(m->boot);
	if (m->data)
		lkb_tree_free(m->data);
}

void lkb_plan_free(struct lkb_plan *p)
{
	size_t i;

	for (i = 0; i < p->n_products; i++)
		clear_product(&p->products[i]);
	free(p->products);
	free(p->todo);
	lkb_lock_clear(&p->lock);
	lkb_lock_clear(&p->next_lock);
	lkb_strv_clear(&p->unpinned);
	lkb_strv_clear(&p->missing);
	lkb_strv_clear(&p->remote);
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
	lkb_blob_unref(p->initrd.blob);
	for (i = 0; i < p->n_segments; i++)
		lkb_blob_unref(p->segments[i].blob);
	free(p->segments);
	lkb_blob_unref(p->kernel.blob);
	if (p->dtbs)
		lkb_tree_free(p->dtbs);
	free(p);
}
