/* SPDX-License-Identifier: Apache-2.0 */
/* A lock's text: written by lkboard, but merged by git and by hand. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/size.h"
#include "rootfs/lock/format_priv.h"
#include "rootfs/oci/ref.h"

#define MAX_LOCK ((size_t)4 << 20)
enum { MAX_WORDS = 8 };

/* Words of one line. */
struct words {
	char *at[MAX_WORDS];
	size_t n;
};

struct parsing {
	const char *file;
	struct lkb_lock lock;
	struct lkb_diags *diags;
	bool old; /* deb lines alone, without their first word */
	bool in_conflict;
	unsigned line;
	const char *start; /* of the line */
};

/* Takes the fault in *err down, at the word if there is one. Returns -1. */
static int add_fault(struct parsing *p, struct lkb_error *err, const char *word)
{
	lkb_at(err, p->file, p->line, word ? (unsigned)(word - p->start) + 1 : 1);
	lkb_diags_add(p->diags, LKB_SEVERITY_ERROR, err);
	return -1;
}

#define FAULT(p, word, ...) \
	({ \
		struct lkb_error fault_ = {0}; \
		lkb_fail(&fault_, LKB_INPUT, __VA_ARGS__); \
		add_fault(p, &fault_, word); \
	})

/* Words become file names and arguments of apt: nothing of them may look like an option. */
static int check_word(struct parsing *p, const char *word)
{
	static const char lawful[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789.+-~:_";

	if (*word == '-' || strspn(word, lawful) != strlen(word))
		return FAULT(p, word, "'%.100s' is no word of letters, digits and '.+-~:_'", word);
	return 0;
}

static int take_digest(struct parsing *p, const char *word, struct lkb_sha256 *ret)
{
	if (!lkb_starts_with(word, "sha256:") || !lkb_sha256_parse(word + 7, ret))
		return FAULT(p, word, "'%.100s' is no digest 'sha256:' and 64 hexadecimal digits",
			     word);
	return 0;
}

static int take_ref(struct parsing *p, const char *word)
{
	struct lkb_error err = {0};
	lkb_autofree char *full = NULL;
	lkb_autoref r = {0};

	if (lkb_ref_parse(word, &r, &err))
		return add_fault(p, &err, word);
	full = lkb_ref_text(&r);
	if (strcmp(full, word))
		return FAULT(p, word, "'%.200s' is not in full: that is '%.300s'", word, full);
	return 0;
}

static int take_platform(struct parsing *p, char *word, struct lkb_platform *ret)
{
	lkb_autofree char *copy = lkb_strdup(word);
	char *at = copy;
	const char *os = strsep(&at, "/"), *arch = strsep(&at, "/");

	if (strcmp(os, "linux") || !arch || !*arch || !lkb_platform_set(ret, arch, at) ||
	    strcmp(lkb_platform_text(ret).s, word))
		return FAULT(p, word, "'%.100s' is no platform such as 'linux/arm64'", word);
	return 0;
}

/* A lock says what a name stands for, and a digest stands for itself. */
static int check_digest(struct parsing *p, const char *word, const struct lkb_lock_image *im)
{
	struct lkb_sha256 digest;
	struct lkb_error err = {0};
	lkb_autoref r = {0};

	if (lkb_ref_parse(word, &r, NULL) || !r.digest)
		return 0;
	if (lkb_starts_with(r.digest, "sha256:") && lkb_sha256_parse(r.digest + 7, &digest) &&
	    ((im->has_index && lkb_sha256_equal(&digest, &im->index)) ||
	     lkb_sha256_equal(&digest, &im->manifest)))
		return 0;
	lkb_fail(&err, LKB_INPUT, "'%.300s' is pinned as something else than its own digest says",
		 word);
	lkb_hint(&err, "remove the line, then build with --update-lock");
	return add_fault(p, &err, word);
}

static int take_image(struct parsing *p, const struct words *w)
{
	struct lkb_lock *l = &p->lock;
	struct lkb_lock_image im = {.ref = w->at[1], .line = p->line};

	im.has_index = strcmp(w->at[3], "-") != 0;
	im.package = strcmp(w->at[5], "-") ? w->at[5] : NULL;
	if (take_ref(p, w->at[1]) || take_platform(p, w->at[2], &im.platform) ||
	    (im.has_index && take_digest(p, w->at[3], &im.index)) ||
	    take_digest(p, w->at[4], &im.manifest) || check_digest(p, w->at[1], &im) ||
	    (im.package && check_word(p, im.package)))
		return -1;
	im.ref = lkb_strdup(im.ref);
	im.package = im.package ? lkb_strdup(im.package) : NULL;
	LKB_GROW(l->images, l->n_images, l->cap_images);
	l->images[l->n_images++] = im;
	return 0;
}

static int take_deb(struct parsing *p, const struct words *w)
{
	char *const *word = w->at + (p->old ? 0 : 1);
	struct lkb_lock *l = &p->lock;
	struct lkb_lock_deb d = {.line = p->line, .deb.known = true};
	size_t i;

	for (i = 0; i < 5; i++)
		if (check_word(p, word[i]))
			return -1;
	if (!lkb_sha256_parse(word[5], &d.deb.sha256))
		return FAULT(p, word[5], "'%.100s' is no SHA-256", word[5]);
	if (!lkb_u64_parse(word[6], &d.deb.size))
		return FAULT(p, word[6], "'%.100s' is no size", word[6]);
	d.package = lkb_strdup(word[0]);
	d.arch = lkb_strdup(word[1]);
	d.suite = lkb_strdup(word[2]);
	d.deb.name = lkb_strdup(word[3]);
	d.deb.version = lkb_strdup(word[4]);
	LKB_GROW(l->debs, l->n_debs, l->cap_debs);
	l->debs[l->n_debs++] = d;
	return 0;
}

static const struct kind {
	const char *name, *what;
	size_t n_words;
	int (*take)(struct parsing *p, const struct words *w);
} kinds[] = {
	{"image", "a line of an 'image'", 6, take_image},
	{"deb", "a line of a 'deb'", 8, take_deb},
};
static const struct kind old_kind = {"", "a line", 7, take_deb};

static const struct kind *kind_of(const struct parsing *p, const char *word)
{
	size_t i;

	if (p->old)
		return &old_kind;
	for (i = 0; i < LKB_ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, word))
			return &kinds[i];
	return NULL;
}

/* A merge that is not finished is one fault, not one a line. */
static bool is_conflict(struct parsing *p, const char *line)
{
	struct lkb_error err = {0};
	bool begins = lkb_starts_with(line, "<<<<<<< ");

	if (!begins && !p->in_conflict)
		return false;
	p->in_conflict = !lkb_starts_with(line, ">>>>>>> ");
	if (!begins)
		return true;
	lkb_fail(&err, LKB_INPUT, "this is a merge that is not finished");
	lkb_hint(&err, "leave the lines of one side, then build with --update-lock");
	add_fault(p, &err, NULL);
	return true;
}

static void take_line(struct parsing *p, char *line)
{
	const struct kind *kind;
	struct words w = {0};
	char *word, *rest = line;

	p->start = line;
	if (!*line || *line == '#' || is_conflict(p, line))
		return;
	while ((word = strsep(&rest, " "))) {
		if (!*word || w.n == MAX_WORDS) {
			FAULT(p, word, "a line has at most %d words, parted by one blank each",
			      MAX_WORDS);
			return;
		}
		w.at[w.n++] = word;
	}
	kind = kind_of(p, w.at[0]);
	if (!kind)
		FAULT(p, line, "a line begins with 'image' or 'deb', not with '%.100s'", w.at[0]);
	else if (w.n != kind->n_words)
		FAULT(p, NULL, "%s has %zu words, this has %zu", kind->what, kind->n_words, w.n);
	else
		kind->take(p, &w);
}

bool lkb_lock_is_text(const char *text)
{
	return lkb_starts_with(text, LKB_LOCK_FIRST) || lkb_starts_with(text, LKB_LOCK_FIRST_OLD);
}

static void take_text(struct parsing *p, char *text)
{
	char *line;

	if (*text && !lkb_lock_is_text(text)) {
		p->line = 1;
		FAULT(p, NULL, "this is no lkboard lock of version 1");
		return;
	}
	p->old = lkb_starts_with(text, LKB_LOCK_FIRST_OLD);
	while ((line = strsep(&text, "\n"))) {
		p->line++;
		take_line(p, line);
	}
}

int lkb_lock_parse(const char *text, size_t len, const char *file, struct lkb_lock *ret,
		   struct lkb_diags *diags, struct lkb_error *err)
{
	lkb_autofree char *copy = lkb_strndup(text, len);
	struct parsing p = {.file = file, .diags = diags};
	const char *nul = memchr(text, '\0', len);

	if (nul) {
		lkb_fail(err, LKB_INPUT, "the file holds a NUL byte");
		return lkb_at(err, file, 0, 0);
	}
	take_text(&p, copy);
	lkb_lock_check(&p.lock, file, diags);
	lkb_diags_sort(diags);
	if (lkb_diags_result(diags, err)) {
		lkb_lock_clear(&p.lock);
		return -1;
	}
	*ret = p.lock;
	return 0;
}

int lkb_lock_load(const char *path, struct lkb_lock *ret, struct lkb_diags *diags,
		  struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	size_t len;

	if (access(path, F_OK) && errno == ENOENT) {
		*ret = (struct lkb_lock){0};
		return 0;
	}
	if (lkb_read_file(path, MAX_LOCK, &text, &len, err))
		return -1;
	return lkb_lock_parse(text, len, path, ret, diags, err);
}
