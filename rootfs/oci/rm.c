/* SPDX-License-Identifier: Apache-2.0 */
/* Taking names out of index.json. What they stood for stays until it is pruned. */
#include "base/alloc.h"
#include "rootfs/oci/ref.h"
#include "rootfs/oci/upkeep_priv.h"

struct removal {
	const struct lkb_store *s;
	const struct lkb_store_rm *rm;
	struct lkb_index_edit *edit;
	struct lkb_imported_list *gone;
	struct lkb_strv digests; /* owned; HEX of what the names led to */
};

/* What an operand means: a name, or a digest, perhaps of one repository. */
struct meant {
	char *name; /* owned; canonical; NULL: any */
	char *repo; /* owned; "domain/path"; NULL: any */
	char *tag;  /* owned; of the repository; NULL: any */
	bool by_digest;
	struct lkb_sha256 digest;
};

static void clear_meant(struct meant *m)
{
	free(m->tag);
	free(m->name);
	free(m->repo);
}

static int read_operand(const char *word, struct meant *ret, struct lkb_error *err)
{
	lkb_autoref r = {0};
	bool sha256;

	if (lkb_starts_with(word, "sha256:") &&
	    lkb_oci_digest_parse(word, &sha256, &ret->digest)) {
		ret->by_digest = true;
		return 0;
	}
	if (lkb_ref_parse(word, &r, err))
		return -1;
	ret->name = lkb_ref_text(&r);
	if (!r.digest)
		return 0;
	if (!lkb_oci_digest_parse(r.digest, &sha256, &ret->digest) || !sha256)
		return lkb_fail(err, LKB_INPUT, "'%s' is no SHA-256 digest", r.digest);
	ret->by_digest = true;
	ret->repo = lkb_format("%s/%s", r.domain, r.path);
	ret->tag = r.tag ? lkb_strdup(r.tag) : NULL;
	return 0;
}

static bool in_repo(const char *name, const char *repo)
{
	lkb_autofree char *own = NULL;
	lkb_autoref r = {0};

	if (!repo || lkb_ref_parse(name, &r, NULL))
		return !repo;
	own = lkb_format("%s/%s", r.domain, r.path);
	return !strcmp(own, repo);
}

/* May the operand mean this name? What it stands for is another question. */
static bool may_mean(const struct meant *m, const char *name)
{
	lkb_autofree char *tagged = m->tag ? lkb_format("%s:%s", m->repo, m->tag) : NULL;

	if (m->name && !strcmp(name, m->name))
		return true;
	return m->by_digest && (tagged ? !strcmp(name, tagged) : in_repo(name, m->repo));
}

static void note(struct removal *q, const char *name, const struct lkb_oci_desc *d,
		 const struct lkb_layout_list *manifests, bool is_artifact)
{
	struct lkb_imported_list *l = q->gone;
	lkb_autostr text = {0};

	for (size_t i = 0; i < manifests->n; i++) {
		const struct lkb_oci_desc *m = &manifests->items[i];

		lkb_strv_add(&q->digests, lkb_sha256_text(&m->digest).s);
		lkb_str_addf(&text, "%s%s", i ? "," : "", lkb_platform_text(&m->platform).s);
	}
	if (is_artifact)
		lkb_str_add(&text, "artifact");
	lkb_strv_add(&q->digests, lkb_sha256_text(&d->digest).s);
	LKB_GROW(l->items, l->n, l->cap);
	l->items[l->n++] = (struct lkb_imported){ .ref = lkb_strdup(name), .digest = d->digest,
						  .platforms = lkb_str_take(&text) };
}

/* Splits the manifests into those that go and those that stay. An index may list platforms that
 * were not brought along: they can do neither. */
static void split(const struct removal *q, const struct meant *m, const struct lkb_oci_desc *top,
		  const struct lkb_layout_list *all, struct lkb_layout_list *go,
		  struct lkb_layout_list *stay)
{
	bool whole = !m->by_digest || lkb_sha256_equal(&m->digest, &top->digest);

	for (size_t i = 0; i < all->n; i++) {
		const struct lkb_oci_desc *d = &all->items[i];
		bool goes = whole || lkb_sha256_equal(&m->digest, &d->digest);
		struct lkb_layout_list *to;

		if (!lkb_layout_has(q->s->layout, d))
			continue;
		if (q->rm->platform)
			goes = goes && !lkb_platform_compare(q->rm->platform, &d->platform);
		to = goes ? go : stay;
		LKB_GROW(to->items, to->n, to->cap);
		to->items[to->n++] = *d;
	}
}

/* Takes a name, or some of its platforms, away: 1 = something of it was meant. */
static int remove_name(struct removal *q, const struct meant *m, const char *name,
		       const struct lkb_oci_index *index, const struct lkb_oci_desc *top,
		       struct lkb_arena *arena, struct lkb_error *err)
{
	lkb_autolayoutlist all = {0}, go = {0}, stay = {0};
	bool exact = !m->by_digest || lkb_sha256_equal(&m->digest, &top->digest);
	struct lkb_oci_desc joined;
	const char *type;

	/* A damaged image can be taken away too, as a whole. */
	if (lkb_layout_flatten(q->s->layout, top, arena, &all, NULL))
		all.n = 0;
	split(q, m, top, &all, &go, &stay);
	if (!go.n && (q->rm->platform || !exact))
		return 0;
	lkb_index_edit_remove(q->edit, index, name);
	if (stay.n && go.n) {
		if (lkb_store_put_index(q->s, stay.items, stay.n, arena, &joined, err))
			return -1;
		lkb_index_edit_add(q->edit, &joined, name);
	}
	note(q, name, go.n == 1 && stay.n ? &go.items[0] : top, &go,
	     !all.n && lkb_layout_artifact(q->s->layout, top, 1, arena, &type));
	return 1;
}

/* One name that the operand means, if any is left. The index is read anew after each change. */
static int remove_next(struct removal *q, const struct meant *m, struct lkb_strv *done,
		       struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	struct lkb_oci_index index;

	if (lkb_index_edit_read(q->edit, &arena, &index, err))
		return -1;
	for (size_t i = 0; i < index.n; i++) {
		lkb_autostrv names = {0};

		lkb_layout_names(&index.items[i], &names);
		for (size_t k = 0; k < names.n; k++) {
			const char *name = names.items[k];
			int r;

			if (lkb_strv_has(done, name) || !may_mean(m, name))
				continue;
			lkb_strv_add(done, name);
			r = remove_name(q, m, name, &index, &index.items[i], &arena, err);
			if (r)
				return r;
		}
	}
	return 0;
}

static int remove_operand(struct removal *q, const char *word, struct lkb_error *err)
{
	struct meant m __attribute__((cleanup(clear_meant))) = {0};
	size_t before = q->gone->n;
	lkb_autostrv done = {0};
	int r;

	if (read_operand(word, &m, err))
		return -1;
	do
		r = remove_next(q, &m, &done, err);
	while (r > 0);
	if (r || q->gone->n > before)
		return r;
	if (q->rm->platform && done.n)
		return lkb_fail(err, LKB_INPUT, "'%s' is not in the store for %s", word,
				lkb_platform_text(q->rm->platform).s);
	lkb_fail(err, LKB_INPUT, "'%s' is not in the store '%s'", m.name ? m.name : word,
		 q->s->dir);
	return lkb_hint(err, "'lkboard cache ls' lists what is");
}

/* True if another name of the repository leads to the digest. */
static bool is_needed(const struct removal *q, const struct lkb_oci_index *index,
		      const struct lkb_sha256 *digest, const char *repo, struct lkb_arena *arena)
{
	for (size_t i = 0; i < index->n; i++) {
		lkb_autolayoutlist list = {0};
		lkb_autostrv names = {0};
		struct lkb_sha256 about;
		bool leads = lkb_sha256_equal(&index->items[i].digest, digest);

		lkb_layout_names(&index->items[i], &names);
		if (!names.n || !in_repo(names.items[0], repo) ||
		    lkb_layout_is_companion(names.items[0], &about))
			continue;
		if (lkb_layout_flatten(q->s->layout, &index->items[i], arena, &list, NULL))
			list.n = 0;
		for (size_t k = 0; k < list.n && !leads; k++)
			leads = lkb_sha256_equal(&list.items[k].digest, digest);
		if (leads)
			return true;
	}
	return false;
}

/* The first signature of something that is gone, or NULL. */
static char *find_orphan(const struct removal *q, const struct lkb_oci_index *index,
			 struct lkb_arena *arena)
{
	for (size_t i = 0; i < index->n; i++) {
		lkb_autostrv names = {0};

		lkb_layout_names(&index->items[i], &names);
		for (size_t k = 0; k < names.n; k++) {
			struct lkb_sha256 about;
			lkb_autofree char *repo = NULL;

			if (!lkb_layout_is_companion(names.items[k], &about) ||
			    !lkb_strv_has(&q->digests, lkb_sha256_text(&about).s))
				continue;
			repo = lkb_strndup(names.items[k],
					   (size_t)(strrchr(names.items[k], ':') - names.items[k]));
			if (!is_needed(q, index, &about, repo, arena))
				return lkb_strdup(names.items[k]);
		}
	}
	return NULL;
}

static int remove_orphans(struct removal *q, struct lkb_error *err)
{
	struct lkb_store_rm all = { .platform = NULL };
	const struct lkb_store_rm *asked = q->rm;
	int r = 0;

	while (!r) {
		lkb_autoarena arena = {0};
		lkb_autofree char *name = NULL;
		struct lkb_oci_index index;

		if (lkb_index_edit_read(q->edit, &arena, &index, err))
			return -1;
		name = find_orphan(q, &index, &arena);
		if (!name)
			break;
		q->rm = &all;
		r = remove_operand(q, name, err);
		q->rm = asked;
	}
	return r;
}

int lkb_store_rm(struct lkb_store *s, const struct lkb_store_rm *rm, struct lkb_imported_list *ret,
		 struct lkb_error *err)
{
	lkb_autoindexedit edit = { .lock = -1 };
	struct lkb_imported_list gone = {0};
	struct removal q = { .s = s, .rm = rm, .edit = &edit, .gone = &gone };
	int r = lkb_index_edit_begin(s, &edit, err);

	for (size_t i = 0; !r && i < rm->n_refs; i++)
		r = remove_operand(&q, rm->refs[i], err);
	if (!r)
		r = remove_orphans(&q, err);
	if (!r)
		r = lkb_index_edit_write(s, &edit, err);
	lkb_strv_clear(&q.digests);
	if (r) {
		lkb_imported_clear(&gone);
		return -1;
	}
	*ret = gone;
	return 0;
}
