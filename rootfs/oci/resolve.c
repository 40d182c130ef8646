/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "rootfs/oci/ref.h"
#include "rootfs/oci/signed_priv.h"
#include "rootfs/oci/store_priv.h"

static int not_there(const struct lkb_store *s, const struct lkb_ref *ref, const char *text,
		     const struct lkb_platform *want, struct lkb_error *err)
{
	lkb_fail(err, LKB_INPUT, "image '%s' is not in the store '%s'", text, s->dir);
	if (!strcmp(ref->domain, "localhost"))
		return lkb_hint(err, "make it with 'lkboard pkg build' if configs/packages has it, "
				     "or bring it in with 'lkboard cache import'");
	return lkb_hint(err, "fetch it: 'lkboard cache pull --arch %s%s%s %.300s'", want->arch,
			want->variant[0] ? "/" : "", want->variant, text);
}

/* Compares manifest and config with each other, and the layers with what is there. */
static int load_layers(const struct lkb_layout *l, const struct lkb_oci_manifest *m,
		       const struct lkb_oci_config *c, struct lkb_image *im,
		       struct lkb_error *err)
{
	if (m->n_layers != c->n_diff_ids)
		return lkb_fail(err, LKB_INPUT, "the manifest has %zu layers, the config %zu "
				"diff_ids", m->n_layers, c->n_diff_ids);
	im->layers = lkb_alloc_array(m->n_layers + 1, sizeof(*im->layers));
	im->n_layers = m->n_layers;
	for (size_t i = 0; i < m->n_layers; i++) {
		const struct lkb_oci_desc *d = &m->layers[i];
		lkb_autodata data = {0};

		if (d->kind != LKB_OCI_LAYER)
			return lkb_fail(err, LKB_INPUT, "layer %zu has the media type '%.100s', "
					"which is no file system layer", i + 1, d->media_type);
		if (lkb_layout_blob(l, d, &data, err))
			return lkb_context(err, "layer %zu", i + 1);
		im->layers[i] = (struct lkb_image_layer){ .digest = d->digest, .size = d->size,
							  .diff_id = c->diff_ids[i] };
	}
	return 0;
}

/* Moves what the config says into the image. */
static void take_config(struct lkb_image *im, struct lkb_oci_config *c)
{
	im->created = c->created;
	im->entrypoint = c->entrypoint;
	im->cmd = c->cmd;
	im->env = c->env;
	im->has_entrypoint = c->has_entrypoint;
	im->has_cmd = c->has_cmd;
	im->label_keys = c->label_keys;
	im->label_values = c->label_values;
	im->workdir = LKB_STEAL(c->workdir);
	im->user = LKB_STEAL(c->user);
	c->entrypoint = c->cmd = c->env = c->label_keys = c->label_values = (struct lkb_strv){0};
}

static int load(const struct lkb_layout *l, const struct lkb_oci_desc *d, struct lkb_arena *arena,
		struct lkb_image *im, struct lkb_error *err)
{
	lkb_autoociconfig config = {0};
	struct lkb_oci_doc doc;

	if (lkb_layout_doc(l, d, arena, &doc, err))
		return -1;
	if (lkb_layout_config(l, &doc.manifest.config, &config, err))
		return -1;
	if (config.has_platform && strcmp(config.platform.arch, d->platform.arch))
		return lkb_fail(err, LKB_INPUT, "the index calls it an image for '%s', its config "
				"for '%s'", d->platform.arch, config.platform.arch);
	if (load_layers(l, &doc.manifest, &config, im, err))
		return -1;
	take_config(im, &config);
	im->config = doc.manifest.config.digest;
	im->config_size = doc.manifest.config.size;
	im->manifest = d->digest;
	im->platform = d->platform;
	return 0;
}

struct search {
	struct lkb_store *s;
	const struct lkb_ref *ref;
	struct lkb_platform want;
	struct lkb_error misfit; /* of the first layout that has the name for others only */
};

/* One layout on the way to one image, where signatures are wanted. */
struct judge {
	struct search *q;
	const struct lkb_layout *l;
	const struct lkb_policy_rule *rule;
	struct lkb_oci_index index;
	bool seen;               /* what is refused has a signature */
	bool left_out;           /* an image that may be for the platform, or not */
	struct lkb_error refusal; /* of what stands nearest to a signature, or of the last */
};

static bool was_checked(const struct judge *j, const struct lkb_sha256 *digest)
{
	const struct lkb_store *s = j->q->s;

	for (size_t i = 0; i < s->n_checked; i++)
		if (s->checked[i].layout == j->l && s->checked[i].rule == j->rule &&
		    lkb_sha256_equal(&s->checked[i].digest, digest))
			return true;
	return false;
}

/* True if the policy is content with the digest; else j->refusal says why not. */
static bool is_trusted(struct judge *j, const struct lkb_oci_desc *d)
{
	struct lkb_store *s = j->q->s;
	struct lkb_error fault = {0};
	struct lkb_tally t;

	if (!d->verifiable)
		return false;
	if (was_checked(j, &d->digest))
		return true;
	lkb_tally_init(&t, s->policy, j->rule, j->q->ref, &d->digest);
	lkb_signed_count(j->l, &j->index, &t);
	if (!lkb_tally_result(&t, &fault)) {
		LKB_GROW(s->checked, s->n_checked, s->cap_checked);
		s->checked[s->n_checked++] =
			(struct lkb_store_checked){ j->l, j->rule, d->digest };
		return true;
	}
	if (!j->seen || t.n_seen)
		j->refusal = fault;
	j->seen |= t.n_seen > 0;
	return false;
}

static bool may_open(void *ctx, const struct lkb_oci_desc *d)
{
	struct judge *j = ctx;
	bool trusted = is_trusted(j, d);

	j->left_out |= !trusted;
	return trusted;
}

/* Adds the images that a name stands for. A signature of an index binds all it lists; of an index
 * without one, nothing but its lists is opened. */
static int add_images(struct judge *j, const struct lkb_oci_desc *top, struct lkb_arena *arena,
		      struct lkb_layout_list *list, struct lkb_error *err)
{
	bool trusted = !j->rule || is_trusted(j, top);
	size_t before = list->n;

	list->may_open = trusted ? NULL : may_open;
	list->ctx = j;
	if (lkb_layout_flatten(j->l, top, arena, list, err))
		return -1;
	for (size_t i = before; i < list->n; i++)
		list->items[i].trusted = trusted;
	return 0;
}

/* Where the policy asks for signatures, what names the layout has. */
static int begin(struct search *q, const struct lkb_layout *l, struct lkb_arena *arena,
		 struct judge *ret, struct lkb_error *err)
{
	const struct lkb_policy *p = q->s->policy;

	*ret = (struct judge){ .q = q, .l = l };
	if (!p || !lkb_policy_wants_signatures(p, q->ref))
		return 0;
	ret->rule = lkb_policy_rule(p, q->ref);
	return lkb_layout_index(l, arena, &ret->index, err);
}

/* A document that is asked for by its digest is read to learn if it is a list. What is wrong with
 * one that the policy refuses anyway is of no matter. */
static int find_tops(struct judge *j, struct lkb_arena *arena, struct lkb_layout_list *ret,
		     struct lkb_error *err)
{
	struct lkb_oci_desc d = {0};
	struct lkb_error fault = {0};

	if (!lkb_layout_tops(j->l, j->q->ref, arena, ret, &fault))
		return 0;
	if (j->rule && j->q->ref->digest && fault.kind == LKB_INPUT &&
	    lkb_oci_digest_parse(j->q->ref->digest, &d.verifiable, &d.digest) && d.verifiable &&
	    !is_trusted(j, &d))
		return lkb_store_fault(err, &j->refusal);
	return lkb_store_fault(err, &fault);
}

/* Notes the index that led to a manifest. */
static int note_index(const struct lkb_layout *l, const struct lkb_oci_desc *top,
		      struct lkb_arena *arena, struct lkb_image *im, struct lkb_error *err)
{
	struct lkb_oci_doc doc;

	if (top->kind != LKB_OCI_INDEX)
		return 0;
	if (lkb_layout_doc(l, top, arena, &doc, err))
		return -1;
	im->has_index = !lkb_store_made_index(&doc.index, &top->digest);
	if (im->has_index)
		im->index = top->digest;
	return 0;
}

/* Looks in one layout: 1 = *im is the image, 0 = it has none that fits, -1 = failed. */
static int resolve_in(struct search *q, const struct lkb_layout *l, struct lkb_image *im,
		      struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	lkb_autolayoutlist tops = {0}, list = {0};
	lkb_autofree size_t *ends = NULL;
	const struct lkb_oci_desc *best;
	struct judge j;
	size_t i;
	const char *type;

	if (begin(q, l, &arena, &j, err) || find_tops(&j, &arena, &tops, err))
		return -1;
	ends = lkb_alloc_array(tops.n + 1, sizeof(*ends));
	for (i = 0; i < tops.n; i++) {
		if (add_images(&j, &tops.items[i], &arena, &list, err))
			return -1;
		ends[i] = list.n;
	}
	if (!tops.n)
		return 0;
	best = lkb_layout_best(&list, &q->want);
	if (best && !best->trusted && j.rule && !is_trusted(&j, best))
		return lkb_store_fault(err, &j.refusal);
	for (i = 0; best && list.items + ends[i] <= best;)
		i++;
	im->index_trusted = best && best->trusted;
	if (best)
		return load(l, best, &arena, im, err) ||
		       note_index(l, &tops.items[i], &arena, im, err) ? -1 : 1;
	if (j.left_out)
		return lkb_store_fault(err, &j.refusal);
	if (q->misfit.kind != LKB_OK)
		return 0;
	if (lkb_layout_artifact(l, tops.items, tops.n, &arena, &type))
		lkb_layout_fail_artifact(type, &q->misfit);
	else
		lkb_layout_fail_platform(&list, &q->want, &q->misfit);
	return 0;
}

static int resolve_in_inputs(struct lkb_store *s, struct search *q, struct lkb_image *im,
			     struct lkb_error *err)
{
	for (size_t i = 0; i < s->n_inputs; i++) {
		int found = resolve_in(q, s->inputs[i]->layout, im, err);

		if (found < 0)
			return lkb_context(err, "'%s'", s->inputs[i]->layout->path);
		if (!found)
			continue;
		im->input = s->inputs[i];
		return 1;
	}
	return 0;
}

/* *ret_lacks is set where fetching it may help: the store has none that fits, or not all of it. */
static int resolve(struct lkb_store *s, const struct lkb_ref *r, const char *ref,
		   const struct lkb_platform *platform, struct lkb_image *im, bool *ret_lacks,
		   struct lkb_error *err)
{
	struct search q = { .s = s, .ref = r };
	struct lkb_error fault = {0};
	lkb_autofd lock = -1;
	int found;

	if (!lkb_platform_set(&q.want, platform->arch, platform->variant))
		return lkb_fail(err, LKB_INPUT, "'%s' is no architecture", platform->arch);
	if (s->policy && lkb_policy_covers(s->policy, r, err))
		return lkb_context(err, "image '%s'", ref);
	found = resolve_in_inputs(s, &q, im, err);
	if (!found && lkb_store_lock(s, true, &lock, err))
		return -1;
	if (!found) {
		found = resolve_in(&q, s->layout, im, &fault);
		*ret_lacks = !found || (found < 0 && fault.kind == LKB_INPUT);
		if (found < 0)
			lkb_store_fault(err, &fault);
	}
	if (found > 0)
		return 0;
	if (!found && q.misfit.kind == LKB_OK)
		return not_there(s, r, ref, &q.want, err);
	if (!found)
		lkb_store_fault(err, &q.misfit);
	return lkb_context(err, "image '%s'", ref);
}

static int parse_and_resolve(struct lkb_store *s, const char *ref,
			     const struct lkb_platform *platform, struct lkb_image **ret,
			     bool *ret_lacks, struct lkb_error *err)
{
	lkb_auto(lkb_image) im = lkb_alloc(sizeof(*im));
	lkb_autoref r = {0};

	if (lkb_ref_parse(ref, &r, err))
		return -1;
	im->ref = lkb_ref_text(&r);
	if (resolve(s, &r, im->ref, platform, im, ret_lacks, err))
		return -1;
	*ret = LKB_STEAL(im);
	return 0;
}

int lkb_store_resolve(struct lkb_store *s, const char *ref, const struct lkb_platform *platform,
		      struct lkb_image **ret, struct lkb_error *err)
{
	bool lacks = false;

	return parse_and_resolve(s, ref, platform, ret, &lacks, err);
}

bool lkb_store_lacks(struct lkb_store *s, const char *ref, const struct lkb_platform *platform)
{
	lkb_auto(lkb_image) im = NULL;
	bool lacks = false;

	return parse_and_resolve(s, ref, platform, &im, &lacks, NULL) && lacks;
}

bool lkb_store_has(struct lkb_store *s, const char *ref, const struct lkb_platform *platform)
{
	lkb_auto(lkb_image) im = NULL;

	return !lkb_store_resolve(s, ref, platform, &im, NULL);
}
