/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/ref.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/str.h"

/* Longest path and longest tag of distribution/reference, which bounds no domain: that is DNS's
 * longest name, a colon and a port. */
enum { PATH_MAX_LEN = 255, TAG_MAX_LEN = 128, DOMAIN_MAX_LEN = 253 + 6 };

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

/* Letters of the C locale, whatever locale the program runs in. */
static bool one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool has_upper(const char *s)
{
	return strpbrk(s, UPPER) != NULL;
}

/* Length of the separator at s by `\.|_|__|-+`, 0 if there is none. */
static size_t separator(const char *s)
{
	if (s[0] == '.')
		return 1;
	if (s[0] == '_')
		return s[1] == '_' ? 2 : 1;
	return strspn(s, "-");
}

/* path-component ("/" path-component)*, a component being alphanumerics with separators between. */
static bool path_ok(const char *s)
{
	for (;;) {
		size_t n = strspn(s, LOWER DIGIT);

		if (!n)
			return false;
		s += n;
		if (!*s)
			return true;
		n = *s == '/' ? 1 : separator(s);
		if (!n)
			return false;
		s += n;
	}
}

/* Labels with dots between; a label neither starts nor ends with a dash. */
static bool host_ok(const char *s, size_t len)
{
	char before = '.';

	for (size_t i = 0; i < len; before = s[i++]) {
		if (s[i] == '.' && (before == '.' || before == '-'))
			return false;
		if (s[i] == '-' && before == '.')
			return false;
		if (!one_of(s[i], LOWER UPPER DIGIT ".-"))
			return false;
	}
	return before != '.' && before != '-';
}

static bool domain_ok(const char *s)
{
	size_t len = strcspn(s, ":");

	if (strlen(s) > DOMAIN_MAX_LEN)
		return false;
	if (s[0] == '[') {
		len = 1 + strspn(s + 1, "0123456789abcdefABCDEF:");
		if (len == 1 || s[len] != ']')
			return false;
		len++;
	} else if (!host_ok(s, len)) {
		return false;
	}
	s += len;
	if (!*s)
		return true;
	return s[0] == ':' && s[1] && !s[1 + strspn(s + 1, DIGIT)];
}

static bool tag_ok(const char *s)
{
	size_t len = strlen(s);

	return len && len <= TAG_MAX_LEN && one_of(s[0], LOWER UPPER DIGIT "_") &&
	       strspn(s, LOWER UPPER DIGIT "_.-") == len;
}

static bool is_hex(const char *s, size_t len)
{
	return strlen(s) == len && strspn(s, DIGIT "abcdef") == len;
}

static bool digest_ok(const char *s)
{
	if (lkb_starts_with(s, "sha256:"))
		return is_hex(s + 7, 64);
	return lkb_starts_with(s, "sha512:") && is_hex(s + 7, 128);
}

/* Splits "domain/path" by the rule that tells a registry from a first path component. */
static void split_domain(const char *name, struct lkb_ref *r)
{
	const char *slash = strchr(name, '/');
	lkb_autofree char *first = lkb_strndup(name, slash ? (size_t)(slash - name) : 0);
	const char *rest = slash ? slash + 1 : name;

	if (!slash || (strcmp(first, "localhost") && !strpbrk(first, ".:") && !has_upper(first))) {
		r->domain = lkb_strdup("docker.io");
		rest = name;
	} else if (!strcmp(first, "index.docker.io")) {
		r->domain = lkb_strdup("docker.io");
	} else {
		r->domain = lkb_strdup(first);
	}
	if (!strcmp(r->domain, "docker.io") && !strchr(rest, '/'))
		r->path = lkb_format("library/%s", rest);
	else
		r->path = lkb_strdup(rest);
}

/* Takes tag and digest off the end of the text. */
static void split_end(char *text, struct lkb_ref *r)
{
	char *at = strchr(text, '@');
	char *slash, *colon;

	if (at) {
		r->digest = lkb_strdup(at + 1);
		*at = '\0';
	}
	slash = strrchr(text, '/');
	colon = strrchr(slash ? slash : text, ':');
	if (colon) {
		r->tag = lkb_strdup(colon + 1);
		*colon = '\0';
	}
	if (!at && !colon)
		r->tag = lkb_strdup("latest");
}

static int check(const char *text, const struct lkb_ref *r, struct lkb_error *err)
{
	if (r->digest && !digest_ok(r->digest))
		return lkb_fail(err, LKB_INPUT, "'%s' is no image reference: '%s' is no digest "
				"(sha256: and 64 lower-case hex digits)", text, r->digest);
	if (r->tag && !tag_ok(r->tag))
		return lkb_fail(err, LKB_INPUT, "'%s' is no image reference: '%s' is no tag",
				text, r->tag);
	if (!domain_ok(r->domain))
		return lkb_fail(err, LKB_INPUT, "'%s' is no image reference: '%s' is no registry "
				"host", text, r->domain);
	if (has_upper(r->path))
		return lkb_fail(err, LKB_INPUT, "'%s' is no image reference: the repository name "
				"'%s' has upper-case letters", text, r->path);
	if (!path_ok(r->path))
		return lkb_fail(err, LKB_INPUT, "'%s' is no image reference: '%s' is no "
				"repository name", text, r->path);
	if (strlen(r->path) > PATH_MAX_LEN)
		return lkb_fail(err, LKB_INPUT, "'%s' is no image reference: its repository name "
				"is longer than %d characters", text, PATH_MAX_LEN);
	return 0;
}

int lkb_ref_parse(const char *text, struct lkb_ref *ret, struct lkb_error *err)
{
	lkb_autofree char *name = lkb_strdup(text);
	lkb_autoref r = {0};

	if (!*text)
		return lkb_fail(err, LKB_INPUT, "an image reference is empty");
	if (is_hex(text, 64))
		return lkb_fail(err, LKB_INPUT, "'%s' is no image reference: 64 hex digits alone "
				"may be mistaken for a digest", text);
	if (digest_ok(text))
		return lkb_fail(err, LKB_INPUT, "'%s' is no image reference: a digest alone does "
				"not say of which repository", text);
	split_end(name, &r);
	split_domain(name, &r);
	if (check(text, &r, err)) {
		if (strstr(text, "://"))
			lkb_hint(err, "an image reference has no scheme: write '%s'",
				 strstr(text, "://") + 3);
		return -1;
	}
	*ret = r;
	r = (struct lkb_ref){0};
	return 0;
}

void lkb_ref_clear(struct lkb_ref *r)
{
	free(r->domain);
	free(r->path);
	free(r->tag);
	free(r->digest);
	*r = (struct lkb_ref){0};
}

char *lkb_ref_text(const struct lkb_ref *r)
{
	return lkb_format("%s/%s%s%s%s%s", r->domain, r->path, r->tag ? ":" : "",
			  r->tag ? r->tag : "", r->digest ? "@" : "", r->digest ? r->digest : "");
}

bool lkb_ref_is_full(const char *text)
{
	lkb_autoref r = {0};

	return strpbrk(text, "/:@") && !lkb_ref_parse(text, &r, NULL);
}
