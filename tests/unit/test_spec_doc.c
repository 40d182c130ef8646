/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "rootfs/spec/spec.h"

/* lkboard-spec(5) and the schema table name the same keys: in the page, each object is a ".Ss" with
 * its name in the title, and each key an ".It Cm" below it. */
#define PAGE "docs/man/lkboard-spec.5"
#define MAX_PAGE ((size_t)1 << 20)

struct check {
	const char *keys; /* the page from its ".Sh KEYS" on */
	size_t n, n_missing;
};

/* "kernel" of "kernel.image", "mounts" of "services[].mounts[].type", "Top level" of "init". */
static char *object_of(const char *path, const char *key)
{
	size_t len = strlen(path) - strlen(key);
	const char *start;

	if (!len)
		return lkb_format("Top level");
	len--;
	if (len > 2 && !strncmp(path + len - 2, "[]", 2))
		len -= 2;
	start = memrchr(path, '.', len);
	start = start ? start + 1 : path;
	return lkb_format("%.*s", (int)(len - (size_t)(start - path)), start);
}

/* The next section or subsection title after `at`, or the end of the text. */
static const char *next_title(const char *at)
{
	const char *ss = strstr(at, "\n.Ss "), *sh = strstr(at, "\n.Sh ");

	if (!ss || (sh && sh < ss))
		ss = sh;
	return ss ? ss : at + strlen(at);
}

/* The text below the title that names the object; NULL if there is none. */
static char *section_of(const char *keys, const char *object)
{
	for (const char *at = next_title(keys + 1); *at; at = next_title(at + 1)) {
		const char *body = at + 1 + strcspn(at + 1, "\n");
		lkb_autofree char *title = lkb_format("%.*s", (int)(body - at), at);

		if (strstr(title, object))
			return lkb_format("%.*s\n", (int)(next_title(body) - body), body);
	}
	return NULL;
}

static void check_key(void *ctx, const char *path, const struct lkb_schema_key *key)
{
	struct check *c = ctx;
	lkb_autofree char *object = object_of(path, key->name);
	lkb_autofree char *section = section_of(c->keys, object);
	lkb_autofree char *item = lkb_format("\n.It Cm %s\n", key->name);
	const char *found = section ? strstr(section, item) : NULL;

	c->n++;
	if (!key->doc || !*key->doc) {
		print_error("'%s' has no line of documentation in the table\n", path);
		c->n_missing++;
	}
	if (!found) {
		print_error("'%s' is not in " PAGE "\n", path);
		c->n_missing++;
	} else if (key->refused) {
		const char *next = strstr(found + 1, "\n.It ");
		const char *word = strstr(found, "Refused");

		if (!word || (next && word > next)) {
			print_error(PAGE " does not say that '%s' is refused\n", path);
			c->n_missing++;
		}
	}
}

/* The page from its list of keys on; *ret_page owns it. */
static const char *read_page(char **ret_page)
{
	const char *keys;
	size_t len;

	if (lkb_read_file(PAGE, MAX_PAGE, ret_page, &len, NULL))
		fail_msg("run this from the root of the source: there is no " PAGE);
	keys = strstr(*ret_page, "\n.Sh KEYS");
	assert_non_null(keys);
	return keys;
}

static void every_key_is_in_the_man_page(void **state)
{
	lkb_autofree char *page = NULL;
	struct check c = { .keys = read_page(&page) };

	lkb_schema_walk(lkb_spec_schema(), check_key, &c);
	assert_true(c.n > 100);
	assert_int_equal(c.n_missing, 0);
}

static void add_known(void *ctx, const char *path, const struct lkb_schema_key *key)
{
	lkb_strv_add(ctx, key->name);
}

static void every_key_of_the_man_page_exists(void **state)
{
	lkb_autofree char *page = NULL;
	lkb_autostrv known = { 0 };
	const char *at = read_page(&page);
	size_t n = 0, stale = 0;

	lkb_schema_walk(lkb_spec_schema(), add_known, &known);
	for (at = strstr(at, "\n.It Cm "); at; at = strstr(at + 1, "\n.It Cm ")) {
		const char *name = at + strlen("\n.It Cm ");
		lkb_autofree char *key = lkb_format("%.*s", (int)strcspn(name, "\n"), name);

		n++;
		if (!lkb_strv_has(&known, key)) {
			print_error(PAGE " has a key '%s' that does not exist\n", key);
			stale++;
		}
	}
	assert_true(n > 50);
	assert_int_equal(stale, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_in_the_man_page),
		cmocka_unit_test(every_key_of_the_man_page_exists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
