/* SPDX-License-Identifier: Apache-2.0 */
/* "@pkg:DIRECTORY": a package of LinuxKit in git, made here for each test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "rootfs/spec/spec.h"

static void put(const char *dir, const char *name, const char *text)
{
	lkb_autofree char *path = lkb_path_join(dir, name);
	lkb_autofree char *parent = lkb_path_dirname(path);

	assert_int_equal(lkb_mkdir_p(parent, NULL), 0);
	assert_int_equal(lkb_write_file(path, text, strlen(text), 0644, NULL), 0);
}

#define GIT(dir, ret, ...) \
	git(dir, ret, (const char *const[]){ "git", "-c", "user.name=t", "-c", "user.email=t@t", \
					     ##__VA_ARGS__, NULL })

static void git(const char *dir, struct lkb_str *ret, const char *const *argv)
{
	struct lkb_proc p = { .argv = argv, .cwd = dir };
	struct lkb_error err = { 0 };

	if (lkb_proc_run(&p, ret, &err))
		fail_msg("%s", err.message);
}

/* pkg/web is committed, pkg/db is not. */
static int setup(void **state)
{
	struct lkb_tmpdir *dir = calloc(1, sizeof(*dir));
	lkb_autofree char *git_path = NULL;

	if (lkb_proc_find("git", "git", &git_path, NULL))
		return -1;
	assert_int_equal(lkb_tmpdir_make(dir, NULL), 0);
	GIT(dir->path, NULL, "init", "-q");
	put(dir->path, "pkg/web/build.yml", "image: web\norg: example\n");
	put(dir->path, "pkg/kernel/build.yml", "image: kernel\n");
	put(dir->path, "pkg/odd/build.yml", "org: example\nimage: [a]\n");
	put(dir->path, "pkg/none/Dockerfile", "FROM scratch\n");
	GIT(dir->path, NULL, "add", ".");
	GIT(dir->path, NULL, "commit", "-qm", "packages");
	put(dir->path, "pkg/db/build.yml", "image: db\n");
	*state = dir;
	return 0;
}

static int teardown(void **state)
{
	lkb_tmpdir_clear(*state);
	free(*state);
	return 0;
}

/* The tag of a package. */
static void hash(const struct lkb_tmpdir *dir, const char *package, struct lkb_str *ret)
{
	lkb_autofree char *tree = lkb_format("HEAD:%s", package);

	GIT(dir->path, ret, "rev-parse", tree);
	ret->s[strcspn(ret->s, "\n")] = '\0';
}

static void its_image_is_named_after_the_directory(void **state)
{
	const struct lkb_tmpdir *dir = *state;
	lkb_autofree char *path = lkb_path_join(dir->path, "specs/a.yml");
	lkb_autostr web = { 0 }, kernel = { 0 };
	lkb_autofree char *want_web = NULL, *want_kernel = NULL;
	const struct lkb_spec_image *image;
	lkb_auto(lkb_spec) spec = NULL;
	lkb_autodiags diags = { 0 };
	struct lkb_error err = { 0 };

	put(dir->path, "specs/a.yml", "kernel: {image: \"@pkg:../pkg/kernel\"}\n"
				      "services: [{name: web, image: \"@pkg:../pkg/web\"}]\n");
	if (lkb_spec_read((const char *const *)&path, 1, NULL, &spec, &diags, &err))
		fail_msg("%s", err.message);
	hash(dir, "pkg/web", &web);
	hash(dir, "pkg/kernel", &kernel);
	want_web = lkb_format("example/web:%s", web.s);
	want_kernel = lkb_format("linuxkit/kernel:%s", kernel.s);
	image = spec->services.items;
	assert_string_equal(image->image, want_web);
	assert_string_equal(spec->kernel.image, want_kernel);
}

static void expect_fault(const struct lkb_tmpdir *dir, const char *image, const char *message,
			 const char *hint)
{
	lkb_autofree char *path = lkb_path_join(dir->path, "b.yml");
	lkb_autofree char *text = lkb_format("init: [\"%s\"]\n", image);
	struct lkb_spec *spec = NULL;
	lkb_autodiags diags = { 0 };
	struct lkb_error err = { 0 };
	const char *at;

	put(dir->path, "b.yml", text);
	assert_int_equal(lkb_spec_read((const char *const *)&path, 1, NULL, &spec, &diags, &err),
			 -1);
	assert_null(spec);
	assert_true(err.line && err.column);
	at = strstr(err.message, message);
	if (!at)
		fail_msg("expected ...%s but got %s", message, err.message);
	assert_string_equal(err.hint, hint);
}

static void what_has_no_lasting_name_is_refused(void **state)
{
	const struct lkb_tmpdir *dir = *state;

	put(dir->path, "pkg/web/Dockerfile", "FROM scratch\n");
	expect_fault(dir, "@pkg:pkg/web", "/pkg/web' has changes that are not committed",
		     "commit them, or name the image itself");
	expect_fault(dir, "@pkg:pkg/db", "git", "the directory must be committed to git: its hash "
						"there is the image's tag");
	expect_fault(dir, "@pkg:pkg/none", "cannot open",
		     "'@pkg:DIRECTORY' needs a LinuxKit package: a directory with a build.yml");
	expect_fault(dir, "@pkg:pkg/odd", "'image' is no word of an image's name: ''",
		     "a package's build.yml has at least 'image: NAME'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(its_image_is_named_after_the_directory, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_has_no_lasting_name_is_refused, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
