/* SPDX-License-Identifier: Apache-2.0 */
/* What times and identifiers of an artifact are derived from. */
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/size.h"
#include "base/version.h"
#include "plan/plan_priv.h"

static bool lists(const struct lkb_plan *p, const char *const *refs, const struct lkb_image *im)
{
	for (; refs && *refs; refs++)
		if (lkb_plan_image(p, *refs) == im)
			return true;
	return false;
}

/* True if the format itself needs the image. One that is made alone needs what its board does. */
static bool needs(const struct lkb_plan *p, const struct lkb_format *f, const struct lkb_image *im)
{
	const char *const of_initrd[] = {p->in->board->initrd.image, NULL};

	return lists(p, lkb_format_base(f)->images, im) ||
	       (f->has_small_initrd && !f->alters_root && lists(p, of_initrd, im));
}

/* Whose image it is: of a format alone, or of the spec or board. What a format is made of is the
 * same whatever else is made in the same run. */
static bool is_only_of_formats(const struct lkb_plan *p, const struct lkb_image *im)
{
	lkb_autostrv spec = {0};
	bool named = false;
	size_t i;

	for (i = 0; i < p->n_products && !named; i++)
		named = needs(p, p->products[i].format, im);
	if (!named)
		return false;
	lkb_rootfs_refs(p->in->spec, &spec);
	for (i = 0; i < spec.n; i++)
		if (lkb_plan_image(p, spec.items[i]) == im)
			return false;
	return true;
}

void lkb_plan_decide_epoch(struct lkb_plan *p)
{
	size_t i;

	if (p->in->has_epoch) {
		p->epoch = p->in->epoch;
		return;
	}
	/* An image may say any time; the latest that all file systems can hold is used at most. */
	for (i = 0; i < p->images.n; i++)
		if (p->images.items[i]->created > p->epoch &&
		    !is_only_of_formats(p, p->images.items[i]))
			p->epoch = p->images.items[i]->created;
	if (p->epoch > UINT32_MAX)
		p->epoch = UINT32_MAX;
}

static void add_text(struct lkb_hash *h, const char *text)
{
	lkb_hash_add(h, text, strlen(text) + 1);
}

/* A file that the spec names. One that is not there adds nothing: if it is needed, reading the root
 * says so with its place in the spec. */
static int add_file(struct lkb_hash *h, const char *path, struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = NULL;
	lkb_autofree char *buf = NULL;
	uint64_t off, size;
	uint8_t bytes[8];

	if (lkb_blob_open(path, &blob, NULL))
		return 0;
	buf = lkb_alloc(LKB_MIB);
	size = lkb_blob_size(blob);
	lkb_put_le64(bytes, size);
	lkb_hash_add(h, bytes, sizeof(bytes));
	for (off = 0; off < size;) {
		size_t n = size - off < LKB_MIB ? (size_t)(size - off) : LKB_MIB;

		if (lkb_blob_read(blob, off, buf, n, err))
			return -1;
		lkb_hash_add(h, buf, n);
		off += n;
	}
	return 0;
}

static int add_named_files(const struct lkb_spec *spec, struct lkb_hash *h, struct lkb_error *err)
{
	const struct lkb_spec_file *files = spec->files.items;
	size_t i;

	for (i = 0; i < spec->lkboard.overlay_paths.n; i++)
		if (add_file(h, spec->lkboard.overlay_paths.items[i], err))
			return -1;
	for (i = 0; i < spec->files.n; i++)
		if (files[i].source_path && add_file(h, files[i].source_path, err))
			return -1;
	return 0;
}

static int decide_seed(struct lkb_product *m, struct lkb_error *err)
{
	const struct lkb_plan *p = m->plan;
	lkb_auto(lkb_hash) h = lkb_hash_new();
	lkb_autofree char *board = NULL;
	size_t i, n;

	if (lkb_read_file(p->in->board->path, LKB_MIB, &board, &n, err))
		return -1;
	lkb_hash_add(h, (uint8_t[]){LKB_FORMAT_VERSION}, 1);
	add_text(h, p->in->name);
	add_text(h, m->format->name);
	lkb_hash_add(h, board, n);
	for (i = 0; i < p->in->spec->files_read.n; i++)
		lkb_hash_add(h, p->in->spec->digests[i].b, LKB_SHA256_SIZE);
	for (i = 0; i < p->images.n; i++) {
		const struct lkb_image *im = p->images.items[i];

		if (needs(p, m->format, im) || !is_only_of_formats(p, im))
			lkb_hash_add(h, im->manifest.b, LKB_SHA256_SIZE);
	}
	if (add_named_files(p->in->spec, h, err))
		return -1;
	m->seed = lkb_hash_done(h);
	return 0;
}

int lkb_plan_decide_seeds(struct lkb_plan *p, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < p->n_products; i++)
		if (decide_seed(&p->products[i], err))
			return -1;
	return 0;
}
