/* SPDX-License-Identifier: Apache-2.0 */
/* What the label of each image asks for: shown by a plan, and held against the policy. */
#include "plan/json_priv.h"
#include "rootfs/oci/ref.h"
#include "rootfs/oci/trust/trust.h"

static int read_asks(const struct lkb_image *im, struct lkb_asks *ret, struct lkb_error *err)
{
	const char *text = lkb_image_label(im, LKB_SPEC_LABEL);
	struct lkb_spec_image label = {0};
	lkb_autoarena arena = {0};

	if (!text || !*text)
		return 0;
	if (lkb_spec_label(text, im->ref, &arena, &label, err))
		return -1;
	lkb_asks_read(&label, ret);
	return 0;
}

int lkb_asks_judge(const struct lkb_plan *p, const struct lkb_image *im, struct lkb_error *err)
{
	const struct lkb_policy *policy = lkb_store_policy(p->in->store);
	const struct lkb_policy_label *label;
	lkb_autoasks asks = {0};
	lkb_autoref ref = {0};

	if (!policy || lkb_ref_parse(im->ref, &ref, err))
		return policy ? -1 : 0;
	label = lkb_policy_label(policy, &ref);
	if (!label)
		return 0;
	if (read_asks(im, &asks, err))
		return -1;
	return lkb_asks_check(&asks, label, err) ? lkb_context(err, "image '%s'", im->ref) : 0;
}

/* What is wrong with a label is said when it is used. */
void lkb_asks_describe(const struct lkb_image *im, struct lkb_str *out)
{
	lkb_autoasks asks = {0};
	lkb_autostr text = {0};

	if (read_asks(im, &asks, NULL))
		return;
	lkb_asks_text(&asks, &text);
	if (text.len)
		lkb_str_addf(out, "         asks for %s\n", text.s);
}

static json_t *strings(const struct lkb_strv *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(list, json_string(v->items[i]));
	return list;
}

json_t *lkb_asks_json(const struct lkb_plan *p)
{
	json_t *images = lkb_json_images(p);

	for (size_t i = 0; i < p->images.n; i++) {
		json_t *object = json_object();
		lkb_autoasks asks = {0};

		read_asks(p->images.items[i], &asks, NULL);
		for (size_t k = 0; k < LKB_N_ASKS; k++)
			if (asks.of[k].n)
				json_object_set_new(object, lkb_ask_name((enum lkb_ask_kind)k),
						    strings(&asks.of[k]));
		json_object_set_new(json_array_get(images, i), "asks", object);
	}
	return images;
}
