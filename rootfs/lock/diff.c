/* SPDX-License-Identifier: Apache-2.0 */
/* What is different between two locks, for whoever reads a terminal or a pull request. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rootfs/lock/lock.h"

/* Enough of a digest to tell it from another. */
struct digest_text {
	char s[20];
};

static struct digest_text brief(const struct lkb_sha256 *digest)
{
	struct digest_text t;

	snprintf(t.s, sizeof(t.s), "sha256:%.12s", lkb_sha256_text(digest).s);
	return t;
}

static void add_image(char sign, const struct lkb_lock_image *im, struct lkb_str *out)
{
	lkb_str_addf(out, "%c image %s %s %s\n", sign, im->ref, lkb_platform_text(&im->platform).s,
		     brief(&im->manifest).s);
}

/* The index may change although the image does not: another platform's did. */
static void change_image(const struct lkb_lock_image *a, const struct lkb_lock_image *b,
			 struct lkb_str *out)
{
	const char *from = a->package ? a->package : "none", *to = b->package ? b->package : "none";
	lkb_autostr head = {0};

	lkb_str_addf(&head, "~ image %s %s ", a->ref, lkb_platform_text(&a->platform).s);
	if (!lkb_sha256_equal(&a->manifest, &b->manifest))
		lkb_str_addf(out, "%s%s -> %s\n", lkb_str_get(&head), brief(&a->manifest).s,
			     brief(&b->manifest).s);
	else if (a->has_index != b->has_index || !lkb_sha256_equal(&a->index, &b->index))
		lkb_str_addf(out, "%sindex %s -> %s\n", lkb_str_get(&head),
			     a->has_index ? brief(&a->index).s : "none",
			     b->has_index ? brief(&b->index).s : "none");
	else if (strcmp(from, to))
		lkb_str_addf(out, "%spackage %s -> %s\n", lkb_str_get(&head), from, to);
}

static void diff_images(const struct lkb_lock *before, const struct lkb_lock *after,
			struct lkb_str *out)
{
	size_t i = 0, k = 0;

	while (i < before->n_images || k < after->n_images) {
		const struct lkb_lock_image *a = i < before->n_images ? &before->images[i] : NULL;
		const struct lkb_lock_image *b = k < after->n_images ? &after->images[k] : NULL;
		int c = !a ? 1 : !b ? -1 : strcmp(a->ref, b->ref);

		if (!c)
			c = lkb_platform_compare(&a->platform, &b->platform);
		if (c < 0)
			add_image('-', a, out);
		else if (c > 0)
			add_image('+', b, out);
		else
			change_image(a, b, out);
		i += c <= 0;
		k += c >= 0;
	}
}

/* Each Debian package once, however many images share it. */
struct deb_list {
	const struct lkb_lock_deb **items; /* owned array */
	size_t n;
};

static void clear_list(struct deb_list *l)
{
	free(l->items);
}

static int compare(const void *a, const void *b)
{
	const struct lkb_lock_deb *x = *(const struct lkb_lock_deb *const *)a;
	const struct lkb_lock_deb *y = *(const struct lkb_lock_deb *const *)b;
	int c = strcmp(x->deb.name, y->deb.name);

	c = c ? c : strcmp(x->suite, y->suite);
	return c ? c : strcmp(x->arch, y->arch);
}

static struct deb_list list_debs(const struct lkb_lock *l)
{
	struct deb_list list = {lkb_alloc_array(l->n_debs + 1, sizeof(*list.items)), 0};
	size_t i, n = 0;

	for (i = 0; i < l->n_debs; i++)
		list.items[i] = &l->debs[i];
	qsort(list.items, l->n_debs, sizeof(*list.items), compare);
	for (i = 0; i < l->n_debs; i++)
		if (!n || compare(&list.items[n - 1], &list.items[i]))
			list.items[n++] = list.items[i];
	list.n = n;
	return list;
}

static void change_deb(const struct lkb_lock_deb *a, const struct lkb_lock_deb *b,
		       struct lkb_str *out)
{
	if (lkb_deb_equal(&a->deb, &b->deb))
		return;
	lkb_str_addf(out, "~ %s %s -> %s (%s %s)\n", a->deb.name, a->deb.version,
		     strcmp(a->deb.version, b->deb.version) ? b->deb.version
							    : "the same with other contents",
		     a->suite, a->arch);
}

static void diff_debs(const struct lkb_lock *before, const struct lkb_lock *after,
		      struct lkb_str *out)
{
	struct deb_list old __attribute__((cleanup(clear_list))) = list_debs(before);
	struct deb_list new __attribute__((cleanup(clear_list))) = list_debs(after);
	size_t i = 0, k = 0;

	while (i < old.n || k < new.n) {
		int c = i == old.n ? 1 : k == new.n ? -1 : compare(&old.items[i], &new.items[k]);
		const struct lkb_lock_deb *d = c > 0 ? new.items[k] : old.items[i];

		if (c)
			lkb_str_addf(out, "%c %s %s (%s %s)\n", c > 0 ? '+' : '-', d->deb.name,
				     d->deb.version, d->suite, d->arch);
		else
			change_deb(old.items[i], new.items[k], out);
		i += c <= 0;
		k += c >= 0;
	}
}

void lkb_lock_diff(struct lkb_lock *before, struct lkb_lock *after, struct lkb_str *out)
{
	lkb_lock_sort(before);
	lkb_lock_sort(after);
	diff_images(before, after, out);
	diff_debs(before, after, out);
}
