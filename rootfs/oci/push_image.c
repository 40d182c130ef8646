/* SPDX-License-Identifier: Apache-2.0 */
/* An image of the store, a layout or an archive, to a registry: what is referred to first. */
#include "base/alloc.h"
#include "rootfs/oci/import_priv.h"
#include "rootfs/oci/push_priv.h"

/* One name of the repository. */
struct sending {
	struct lkb_pusher *p;
	const struct lkb_layout *from;
	const struct lkb_oci_desc *top;
	const char *tag;
	struct lkb_strv *digests; /* of the documents that go out; NULL: nobody asks */
};

/* A registry may refuse an index some of whose images it never got. */
static int count_absent(const struct sending *s, const struct lkb_oci_desc *d, size_t *ret,
			struct lkb_error *err)
{
	struct lkb_oci_doc doc;

	*ret = 0;
	if (lkb_layout_doc(s->from, d, s->p->arena, &doc, err))
		return -1;
	for (size_t i = 0; doc.kind == LKB_OCI_INDEX && i < doc.index.n; i++)
		*ret += !lkb_layout_has(s->from, &doc.index.items[i]);
	return 0;
}

static int put_doc(const struct sending *s, const struct lkb_oci_desc *d, struct lkb_error *err)
{
	struct lkb_pusher *p = s->p;
	bool is_top = lkb_sha256_equal(&d->digest, &s->top->digest);
	lkb_autofree char *text = NULL;
	size_t len, absent;

	if (count_absent(s, d, &absent, err) ||
	    lkb_layout_text(s->from, d, LKB_OCI_MAX_DOC, &text, &len, err))
		return -1;
	if (s->digests)
		lkb_strv_add(s->digests, lkb_sha256_text(&d->digest).s);
	if (absent)
		lkb_ui_warning(p->ui, "%zu of the manifests that '%s' lists are not in '%s' and "
			       "are not sent", absent, d->digest_text, s->from->path);
	return lkb_registry_put_manifest(p->in->registry, &p->repo,
					 is_top ? s->tag : d->digest_text, d->media_type, text, len,
					 err);
}

static int send_blob(void *ctx, const struct lkb_oci_desc *d, const struct lkb_sha256 *diff_id,
		     struct lkb_error *err)
{
	struct sending *s = ctx;
	lkb_autofree char *called = lkb_format("%s sha256:%.12s",
					       d->kind == LKB_OCI_CONFIG ? "config" : "layer",
					       lkb_sha256_text(&d->digest).s);
	lkb_autodata data = {0};

	if (!d->verifiable)
		return lkb_fail(err, LKB_TRUST, "cannot verify '%s': SHA-256 is the only digest "
				"that is supported", d->digest_text);
	if (d->kind == LKB_OCI_INDEX || d->kind == LKB_OCI_MANIFEST)
		return put_doc(s, d, err);
	if (lkb_layout_blob(s->from, d, &data, err))
		return -1;
	return lkb_pusher_blob(s->p, called, &d->digest, &data, err);
}

/* Nothing is asked of what it is: an artifact may be anything. */
static int send_top(struct sending *s, struct lkb_error *err)
{
	struct lkb_layout_visit v = { .from = s->from, .arena = s->p->arena, .ui = s->p->ui,
				      .blob = send_blob, .ctx = s, .artifact = true };

	if (s->top->kind != LKB_OCI_INDEX && s->top->kind != LKB_OCI_MANIFEST &&
	    s->top->kind != LKB_OCI_SCHEMA1)
		return lkb_fail(err, LKB_INPUT, "'%s' is no manifest and no index: its type is "
				"'%.100s'", s->top->digest_text, s->top->media_type);
	return lkb_layout_visit(&v, s->top, err);
}

/* What an index lists, at any depth, and the layout does not have. */
struct absent {
	struct lkb_layout_walk walk;
	size_t n, n_fetchable; /* those that `cache pull` can bring along */
};

static int find_absent(const struct lkb_pusher *p, const struct lkb_layout *from,
		       const struct lkb_oci_desc *d, unsigned depth, struct absent *ret,
		       struct lkb_error *err)
{
	struct lkb_oci_doc doc;

	if (lkb_layout_walk_entry(&ret->walk, "the index", err))
		return -1;
	if (!lkb_layout_has(from, d)) {
		ret->n++;
		ret->n_fetchable += !d->not_for_us || d->attests;
		return 0;
	}
	if (d->kind != LKB_OCI_INDEX || depth >= LKB_OCI_MAX_DEPTH)
		return 0;
	if (lkb_layout_doc(from, d, p->arena, &doc, err) ||
	    lkb_layout_walk_doc(&ret->walk, "the index", d->size, err))
		return -1;
	for (size_t i = 0; i < doc.index.n; i++)
		if (find_absent(p, from, &doc.index.items[i], depth + 1, ret, err))
			return -1;
	return 0;
}

static int refuse_absent(const struct lkb_pusher *p, const struct lkb_layout *from,
			 const struct lkb_oci_desc *top, const struct absent *absent,
			 struct lkb_error *err)
{
	lkb_fail(err, LKB_REFUSED, "'%s' lists %zu manifest%s that '%s' does not have, and "
		 "registries refuse such an index", top->digest_text, absent->n,
		 absent->n == 1 ? "" : "s", from->path);
	if (p->in->kind != LKB_PUSH_STORED || absent->n_fetchable < absent->n)
		return lkb_hint(err, "--arch ARCH sends one image alone");
	return lkb_hint(err, "--arch ARCH sends one image alone; 'lkboard cache pull "
			     "--all-platforms %.200s' fetches what is missing", p->in->from);
}

/* A registry refuses an index some of whose manifests it never got. Where a single image is there,
 * as after a pull for one platform, that is what is meant. */
static int narrow_to_present(const struct lkb_pusher *p, const struct lkb_layout *from,
			     const struct lkb_oci_desc *top, struct lkb_oci_desc *ret,
			     struct lkb_error *err)
{
	const struct lkb_oci_desc *only = NULL;
	lkb_autolayoutlist list = {0};
	struct absent absent = {0};
	size_t n = 0;

	if (find_absent(p, from, top, 0, &absent, err))
		return -1;
	if (!absent.n)
		return 0;
	if (lkb_layout_flatten(from, top, p->arena, &list, err))
		return -1;
	for (size_t i = 0; i < list.n; i++) {
		if (!lkb_layout_has(from, &list.items[i]))
			continue;
		only = &list.items[i];
		n++;
	}
	if (!list.n) /* an artifact */
		return 0;
	if (n != 1)
		return refuse_absent(p, from, top, &absent, err);
	lkb_ui_warning(p->ui, "'%s' lists %zu manifest%s that '%s' does not have: its image for %s "
		       "is sent alone, as '%s'", top->digest_text, absent.n,
		       absent.n == 1 ? "" : "s", from->path,
		       lkb_platform_text(&only->platform).s, only->digest_text);
	*ret = *only;
	return 0;
}

/* The one image that is wanted, or what the name stands for. The store keeps even a single manifest
 * in an index, which nobody published. */
static int narrow(const struct lkb_pusher *p, const struct lkb_layout *from,
		  const struct lkb_oci_desc *top, struct lkb_oci_desc *ret, struct lkb_error *err)
{
	const struct lkb_platform *want = p->in->platform;
	lkb_autolayoutlist list = {0};
	const struct lkb_oci_desc *best;
	struct lkb_oci_doc doc;

	*ret = *top;
	if (!want) {
		if (top->kind != LKB_OCI_INDEX)
			return 0;
		if (lkb_layout_doc(from, top, p->arena, &doc, err))
			return -1;
		if (doc.index.n != 1 || !lkb_store_made_index(&doc.index, &top->digest))
			return narrow_to_present(p, from, top, ret, err);
		*ret = doc.index.items[0];
		return 0;
	}
	if (lkb_layout_flatten(from, top, p->arena, &list, err))
		return -1;
	best = lkb_layout_best(&list, want);
	if (!best)
		return lkb_layout_fail_platform(&list, want, err);
	*ret = *best;
	return 0;
}

static int send_image(struct sending *s, const struct lkb_oci_desc *top, struct lkb_sha256 *ret,
		      struct lkb_error *err)
{
	struct lkb_oci_desc d;

	if (narrow(s->p, s->from, top, &d, err))
		return -1;
	s->top = &d;
	s->tag = s->p->tag;
	lkb_ui_step(s->p->ui, "%s/%s:%s: sending '%s'", s->p->repo.domain, s->p->repo.path, s->tag,
		    s->p->in->from);
	if (send_top(s, err))
		return -1;
	*ret = d.digest;
	return 0;
}

/* What the store has of signatures of all that went out. */
static int send_stored_signatures(struct sending *s, const struct lkb_ref *ref,
				  struct lkb_error *err)
{
	lkb_autostrv names = {0};

	for (size_t i = 0; i < s->digests->n; i++) {
		struct lkb_sha256 digest;

		lkb_sha256_parse(s->digests->items[i], &digest);
		lkb_layout_companions(ref, &digest, &names);
	}
	s->digests = NULL;
	for (size_t i = 0; i < names.n; i++) {
		lkb_autolayoutlist tops = {0};
		lkb_autoref name = {0};

		if (lkb_ref_parse(names.items[i], &name, err) ||
		    lkb_layout_tops(s->from, &name, s->p->arena, &tops, err))
			return -1;
		if (!tops.n)
			continue;
		s->top = &tops.items[0];
		s->tag = name.tag;
		if (send_top(s, err))
			return lkb_context(err, "signature '%s'", names.items[i]);
	}
	return 0;
}

static int push_stored(struct lkb_store *s, struct lkb_pusher *p, struct lkb_sha256 *ret,
		       struct lkb_error *err)
{
	lkb_autostrv digests = {0};
	struct sending send = { .p = p, .from = s->layout, .digests = &digests };
	lkb_autolayoutlist tops = {0};
	lkb_autoref ref = {0};

	if (lkb_ref_parse(p->in->from, &ref, NULL))
		return lkb_fail(err, LKB_INPUT, "'%s' is no file, and no name of an image",
				p->in->from);
	if (lkb_layout_tops(s->layout, &ref, p->arena, &tops, err))
		return -1;
	if (!tops.n) {
		lkb_fail(err, LKB_INPUT, "'%s' is no file, and not in the store '%s'", p->in->from,
			 s->dir);
		return lkb_hint(err, "'lkboard cache ls' lists what is");
	}
	if (send_image(&send, &tops.items[0], ret, err))
		return -1;
	return p->in->signatures ? send_stored_signatures(&send, &ref, err) : 0;
}

/* Behind the image, the list has what signs it, named as it is called now. */
static int send_signatures(struct sending *s, const struct lkb_chosen_list *list,
			   struct lkb_error *err)
{
	for (size_t i = 1; i < list->n; i++) {
		s->top = &list->items[i].desc;
		s->tag = strrchr(list->items[i].ref, ':') + 1;
		if (send_top(s, err))
			return lkb_context(err, "signature '%s'", list->items[i].ref);
	}
	return 0;
}

/* Where a hint was given, it was one for who imports. */
static int hint_here(struct lkb_error *err, const char *hint)
{
	if (!err || !err->hint[0])
		return -1;
	err->hint[0] = '\0';
	return lkb_hint(err, "%s", hint);
}

static int push_layout(struct lkb_store *s, struct lkb_pusher *p, struct lkb_sha256 *ret,
		       struct lkb_error *err)
{
	const struct lkb_import in = { .path = p->in->from, .name = p->in->ref,
				       .only = &p->in->image, .n_only = p->in->image ? 1 : 0,
				       .ui = p->ui };
	lkb_auto(lkb_layout) from = NULL;
	lkb_autochosen list = {0};
	struct sending send = { .p = p };
	struct lkb_oci_index index;

	if (lkb_source_open(s, p->in->from, p->ui, &from, err))
		return hint_here(err, "--file pushes it as a file, whatever it is");
	if (lkb_layout_index(from, p->arena, &index, err))
		return -1;
	if (lkb_choose(from, &index, &in, &list, err))
		return hint_here(err, "say which: 'lkboard push FILE REF IMAGE'");
	send.from = from;
	if (send_image(&send, &list.items[0].desc, ret, err))
		return -1;
	return p->in->signatures ? send_signatures(&send, &list, err) : 0;
}

int lkb_push_image(struct lkb_store *s, struct lkb_pusher *p, struct lkb_sha256 *ret,
		   struct lkb_error *err)
{
	return p->in->kind == LKB_PUSH_STORED ? push_stored(s, p, ret, err)
					      : push_layout(s, p, ret, err);
}
