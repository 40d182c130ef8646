/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "rootfs/pkg/def_priv.h"
#include "rootfs/lock/lock.h"
#include "rootfs/tree/tree.h"

/* From Debian packages to images, with real apt and no network: each case has a mirror of its own,
 * a directory with packages made here, and a system configuration that names it. */
static struct lkb_tmpdir tmp;
static unsigned n_mirrors;

struct mirror {
	char *dir;            /* owned */
	struct lkb_str index; /* Packages */
	const char *source_options;
};

static void clear_mirror(struct mirror *m)
{
	free(m->dir);
	lkb_str_clear(&m->index);
}
#define auto_mirror __attribute__((cleanup(clear_mirror))) struct mirror

static int begin(void **state)
{
	lkb_autofree char *program = NULL;

	if (lkb_tmpdir_make(&tmp, NULL))
		return -1;
	*state = lkb_proc_find("dpkg-deb", "dpkg", &program, NULL) ? NULL : &tmp;
	return 0;
}

static int end(void **state)
{
	lkb_tmpdir_clear(&tmp);
	return 0;
}

static void need_tools(void **state)
{
	lkb_autofree char *program = NULL;

	if (*state && !lkb_proc_find("apt-get", "apt", &program, NULL))
		return;
	print_message("skipped: apt-get or dpkg-deb is not installed\n");
	skip();
}

static void put_file(const char *dir, const char *name, const void *p, size_t n)
{
	lkb_autofree char *path = lkb_path_join(dir, name);
	lkb_autofree char *parent = lkb_path_dirname(path);
	struct lkb_error err;

	assert_int_equal(lkb_mkdir_p(parent, &err), 0);
	assert_int_equal(lkb_write_file(path, p, n, 0644, &err), 0);
}

static void put_text(const char *dir, const char *name, const char *text)
{
	put_file(dir, name, text, strlen(text));
}

static char *get_text(const char *dir, const char *name)
{
	lkb_autofree char *path = lkb_path_join(dir, name);
	struct lkb_error err;
	char *text = NULL;
	size_t len;

	if (lkb_read_file(path, 1 << 20, &text, &len, &err))
		fail_msg("%s", err.message);
	return text;
}

static void run(const char *const *argv)
{
	const struct lkb_proc p = {.argv = argv};
	struct lkb_error err = {0};

	if (lkb_proc_run(&p, NULL, &err))
		fail_msg("%s", err.message);
}

static void new_mirror(struct mirror *m, const char *source_options)
{
	m->dir = lkb_format("%s/mirror%u", tmp.path, n_mirrors++);
	m->source_options = source_options;
}

/* A directory for a package's files, its control file in place. */
static char *new_tree(const char *control)
{
	char *dir = lkb_path_join(tmp.path, "tree");
	struct lkb_error err;

	if (!access(dir, F_OK))
		assert_int_equal(lkb_remove_tree(dir, &err), 0);
	put_text(dir, "DEBIAN/control", control);
	return dir;
}

static char *control_of(const char *name, const char *version, const char *depends)
{
	return lkb_format("Package: %s\nVersion: %s\nArchitecture: arm64\n"
			  "Maintainer: a <a@b.c>\n%s%s%sDescription: x\n", name, version,
			  *depends ? "Depends: " : "", depends, *depends ? "\n" : "");
}

/* Packs the tree and puts it into the mirror's index. */
static void add_tree(struct mirror *m, const char *tree, const char *name, const char *version,
		     const char *control)
{
	lkb_autofree char *file = lkb_format("pool/%s_%s_arm64.deb", name, version);
	lkb_autofree char *path = lkb_path_join(m->dir, file), *bytes = NULL;
	lkb_autofree char *parent = lkb_path_dirname(path);
	const char *const argv[] = {"dpkg-deb", "--root-owner-group", "-b", tree, path, NULL};
	struct lkb_sha256 digest;
	struct lkb_error err;
	size_t n;

	assert_int_equal(lkb_mkdir_p(parent, &err), 0);
	run(argv);
	assert_int_equal(lkb_read_file(path, 1 << 20, &bytes, &n, &err), 0);
	digest = lkb_sha256(bytes, n);
	lkb_str_addf(&m->index, "%sFilename: %s\nSize: %zu\nSHA256: %s\n\n", control, file, n,
		     lkb_sha256_text(&digest).s);
}

static void add_package(struct mirror *m, const char *name, const char *version,
			const char *depends, const char *path, const char *text)
{
	lkb_autofree char *control = control_of(name, version, depends);
	lkb_autofree char *tree = new_tree(control);

	put_text(tree, path, text);
	add_tree(m, tree, name, version, control);
}

/* Writes the indexes and makes the mirror the system's. */
static void publish(struct mirror *m)
{
	struct lkb_sha256 digest = lkb_sha256(lkb_str_get(&m->index), m->index.len);
	lkb_autofree char *release = lkb_format(
		"Origin: Debian\nSuite: oldstable\nCodename: bookworm\n"
		"Date: Sat, 01 Jan 2022 00:00:00 UTC\nArchitectures: arm64\nComponents: main\n"
		"SHA256:\n %s %zu main/binary-arm64/Packages\n",
		lkb_sha256_text(&digest).s, m->index.len);
	lkb_autofree char *system = lkb_path_join(m->dir, "system");
	lkb_autofree char *source = lkb_format("deb %s file:%s bookworm main\n",
					       m->source_options, m->dir);
	lkb_autofree char *conf = lkb_format("Dir \"%s\";\nDir::Etc \"etc\";\n", system);
	lkb_autofree char *conf_path = lkb_path_join(system, "apt.conf");

	put_file(m->dir, "dists/bookworm/main/binary-arm64/Packages", lkb_str_get(&m->index),
		 m->index.len);
	put_text(m->dir, "dists/bookworm/Release", release);
	put_text(system, "etc/sources.list", source);
	put_text(system, "etc/apt.conf.d/none", "");
	put_text(system, "apt.conf", conf);
	setenv("APT_CONFIG", conf_path, 1);
}

/* libx and tool, which needs it. */
static void usual_mirror(struct mirror *m, const char *libx_version)
{
	new_mirror(m, "[trusted=yes]");
	add_package(m, "libx", libx_version, "", "usr/lib/libx.so.1", libx_version);
	add_package(m, "tool", "1.0-1", "libx, other", "usr/sbin/tool", "the tool");
	add_package(m, "other", "1:3~rc1", "", "usr/bin/other", "not wanted");
	publish(m);
}

#define TOOL \
	"image: localhost/tool:1\narchitectures: [arm64]\npackages: [tool]\n" \
	"take: [tool, libx]\nkeep:\n  - {path: usr/sbin/tool, to: bin/}\n  - path: usr/lib/*\n" \
	"files:\n  - {path: etc/tool.conf, contents: x, mode: \"0600\"}\n" \
	"links:\n  - {target: tool, paths: [bin/a, bin/b]}\nentrypoint: [/bin/tool]\n"

static struct lkb_pkg *definition(const char *text, const char *file)
{
	lkb_autodiags diags = {0};
	struct lkb_pkg *p = NULL;
	struct lkb_error err;

	if (lkb_pkg_parse(text, strlen(text), file, &p, &diags, &err))
		fail_msg("%s", err.message);
	return p;
}

struct place {
	struct lkb_store *store;
	struct lkb_pkg_env env;
	char *dir;
};

static void leave(struct place *at)
{
	if (at->store)
		lkb_store_free(at->store);
	free(at->dir);
}
#define auto_place __attribute__((cleanup(leave))) struct place

static void enter(struct place *at, const char *name)
{
	struct lkb_error err;

	at->dir = lkb_path_join(tmp.path, name);
	at->env = (struct lkb_pkg_env){.local_dir = tmp.path, .arch = "arm64"};
	if (lkb_store_open(at->dir, &at->store, &err))
		fail_msg("%s", err.message);
}

static struct lkb_sha256 build_text(struct place *at, const char *text, const char *file)
{
	lkb_auto(lkb_pkg) p = definition(text, file);
	struct lkb_sha256 manifest;
	struct lkb_error err = {0};

	if (lkb_pkg_build(p, at->store, &at->env, &manifest, &err))
		fail_msg("%s [%s]", err.message, err.hint);
	return manifest;
}

static void expect_failure(struct place *at, const char *text, enum lkb_error_kind kind,
			   const char *message, const char *hint)
{
	lkb_auto(lkb_pkg) p = definition(text, "tool.yml");
	struct lkb_error err = {0};
	struct lkb_sha256 manifest;

	assert_int_equal(lkb_pkg_build(p, at->store, &at->env, &manifest, &err), -1);
	if (!strstr(err.message, message))
		assert_string_equal(err.message, message);
	assert_string_equal(err.hint, hint);
	assert_int_equal(err.kind, kind);
}

static struct lkb_image *resolve(struct place *at, const char *ref)
{
	const struct lkb_platform platform = {.arch = "arm64"};
	struct lkb_image *im = NULL;
	struct lkb_error err;

	if (lkb_store_resolve(at->store, ref, &platform, &im, &err))
		fail_msg("%s", err.message);
	return im;
}

static void expect_file(struct lkb_tree *t, const char *path, uint32_t mode, const char *text)
{
	const struct lkb_inode *i = lkb_tree_lookup(t, path, false);
	lkb_autofree char *got = NULL;
	struct lkb_error err;
	size_t n;

	if (!i)
		fail_msg("no '%s'", path);
	assert_int_equal(i->type, LKB_NODE_FILE);
	assert_int_equal(i->meta.mode, mode);
	assert_int_equal(lkb_data_read_all(&i->data, 1 << 20, &got, &n, &err), 0);
	assert_string_equal(got, text);
}

static void an_image_holds_what_the_definition_says(void **state)
{
	auto_mirror m = {0};
	auto_place at = {0};
	lkb_auto(lkb_image) im = NULL;
	lkb_auto(lkb_tree) t = NULL;
	lkb_autofree char *lock = NULL;
	struct lkb_error err;

	need_tools(state);
	usual_mirror(&m, "1");
	enter(&at, "store1");
	build_text(&at, TOOL, "tool.yml");
	im = resolve(&at, "localhost/tool:1");
	assert_string_equal(im->entrypoint.items[0], "/bin/tool");
	assert_string_equal(lkb_image_label(im, "org.lkboard.debs"), "libx=1 tool=1.0-1");
	assert_string_equal(lkb_image_label(im, "org.lkboard.package"), "tool");
	assert_int_equal(lkb_store_image_tree(at.store, im, NULL, &t, &err), 0);
	expect_file(t, "bin/tool", 0644, "the tool");
	expect_file(t, "usr/lib/libx.so.1", 0644, "1");
	expect_file(t, "etc/tool.conf", 0600, "x");
	assert_string_equal(lkb_tree_lookup(t, "bin/b", false)->target, "tool");
	assert_null(lkb_tree_lookup(t, "usr/bin/other", false));
	/* Another suite of the same mirror, which apt's sources do not name. */
	run((const char *const[]){"sh", "-c", "cd $0/dists && cp -R bookworm trixie && "
				  "sed -i s/bookworm/trixie/ trixie/Release", m.dir, NULL});
	build_text(&at, "suite: trixie\n" TOOL, "later.yml");
	lock = get_text(at.dir, "pkg/packages.lock");
	assert_non_null(strstr(lock, "\nlater arm64 trixie libx 1 "));
	assert_non_null(strstr(lock, "\ntool arm64 bookworm libx 1 "));
	assert_non_null(strstr(lock, "\ntool arm64 bookworm tool 1.0-1 "));
	assert_null(strstr(lock, "other"));
}

static void a_second_build_needs_no_mirror_and_gives_the_same(void **state)
{
	auto_mirror m = {0};
	auto_place first = {0}, second = {0};
	struct lkb_sha256 one, again, other;
	lkb_autofree char *lock = NULL, *debs = NULL, *to = NULL;
	struct lkb_error err;

	need_tools(state);
	usual_mirror(&m, "1");
	enter(&first, "store2");
	one = build_text(&first, TOOL, "tool.yml");
	assert_int_equal(lkb_remove_tree(m.dir, &err), 0);
	first.env.offline = true;
	again = build_text(&first, TOOL, "tool.yml");
	assert_true(lkb_sha256_equal(&one, &again));
	/* Another store with the same packages and lock. */
	enter(&second, "store2b");
	second.env.offline = second.env.locked = true;
	debs = lkb_path_join(first.dir, "pkg/debs");
	to = lkb_path_join(second.dir, "pkg/debs");
	lock = get_text(first.dir, "pkg/packages.lock");
	put_text(second.dir, "pkg/packages.lock", lock);
	assert_int_equal(rename(debs, to), 0);
	other = build_text(&second, TOOL, "tool.yml");
	assert_true(lkb_sha256_equal(&one, &other));
}

static void signatures_are_checked(void **state)
{
	auto_mirror m = {0};
	auto_place at = {0};

	need_tools(state);
	new_mirror(&m, "");
	add_package(&m, "tool", "1", "", "usr/sbin/tool", "x");
	publish(&m);
	enter(&at, "store3");
	expect_failure(&at, TOOL, LKB_TRUST, "is not signed", "");
}

static void a_package_that_is_not_what_the_index_says_is_refused(void **state)
{
	auto_mirror m = {0};
	auto_place at = {0};

	need_tools(state);
	usual_mirror(&m, "1");
	put_text(m.dir, "pool/tool_1.0-1_arm64.deb", "somebody else's bytes");
	enter(&at, "store4");
	expect_failure(&at, TOOL, LKB_TRUST, "cannot download packages", "");
}

static void locked_and_offline_allow_nothing_new(void **state)
{
	auto_mirror m = {0};
	auto_place at = {0};

	need_tools(state);
	usual_mirror(&m, "1");
	enter(&at, "store5");
	at.env.lock_path = "/nowhere/x.lock";
	at.env.locked = true;
	expect_failure(&at, TOOL, LKB_REFUSED,
		       "the lock '/nowhere/x.lock' does not pin it for 'arm64', and "
		       "--locked allows nothing else", "--update-lock writes the lock anew");
	at.env.locked = false;
	at.env.offline = true;
	expect_failure(&at, TOOL, LKB_NET,
		       "the lock '/nowhere/x.lock' does not pin it for 'arm64', and "
		       "--offline does not allow asking a mirror",
		       "--update-lock writes the lock anew");
}

static void a_version_the_mirror_dropped_is_named(void **state)
{
	auto_mirror old = {0}, new = {0};
	auto_place first = {0}, at = {0};
	lkb_autofree char *lock = NULL;
	lkb_auto(lkb_pkg) p = definition(TOOL, "tool.yml");
	const struct lkb_pkg *all[] = {p};
	struct lkb_error err = {0};

	need_tools(state);
	usual_mirror(&old, "1");
	enter(&first, "store6");
	build_text(&first, TOOL, "tool.yml");
	lock = get_text(first.dir, "pkg/packages.lock");
	usual_mirror(&new, "2");
	enter(&at, "store6b");
	put_text(at.dir, "pkg/packages.lock", lock);
	expect_failure(&at, TOOL, LKB_NET,
		       "the mirror has no 'libx' version '1' any more, which the lock asks for",
		       "`lkboard pkg lock`, or --update-lock for a spec's lock, takes what the "
		       "mirror has now");
	if (lkb_pkg_lock(all, 1, at.store, &at.env, &err))
		fail_msg("%s", err.message);
	build_text(&at, TOOL, "tool.yml");
	free(lock);
	lock = get_text(at.dir, "pkg/packages.lock");
	assert_non_null(strstr(lock, "\ntool arm64 bookworm libx 2 "));
}

#define SECOND \
	"image: localhost/second:1\narchitectures: [arm64]\npackages: [libx]\n" \
	"keep: [{path: usr/lib/*}]\n"

static void images_of_one_store_share_one_version(void **state)
{
	auto_mirror old = {0}, new = {0};
	auto_place at = {0};
	lkb_auto(lkb_image) im = NULL;
	lkb_auto(lkb_image) tool = NULL;

	need_tools(state);
	usual_mirror(&old, "1");
	enter(&at, "store7");
	build_text(&at, TOOL, "tool.yml");
	usual_mirror(&new, "2");
	/* The mirror has gone on; the store still has what the lock says. */
	build_text(&at, SECOND, "second.yml");
	im = resolve(&at, "localhost/second:1");
	assert_string_equal(lkb_image_label(im, "org.lkboard.debs"), "libx=1");
	lkb_image_free(LKB_STEAL(im));
	/* Asked to, one image takes the new version, and the other with it. */
	at.env.update_lock = true;
	build_text(&at, SECOND, "second.yml");
	im = resolve(&at, "localhost/second:1");
	assert_string_equal(lkb_image_label(im, "org.lkboard.debs"), "libx=2");
	at.env.update_lock = false;
	build_text(&at, TOOL, "tool.yml");
	tool = resolve(&at, "localhost/tool:1");
	assert_string_equal(lkb_image_label(tool, "org.lkboard.debs"), "libx=2 tool=1.0-1");
}

static void a_lock_of_the_users_is_written_only_when_asked(void **state)
{
	auto_mirror m = {0};
	auto_place at = {0};
	lkb_autofree char *path = lkb_path_join(tmp.path, "my.lock"), *text = NULL;

	need_tools(state);
	usual_mirror(&m, "1");
	enter(&at, "store8");
	at.env.lock_path = path;
	build_text(&at, TOOL, "tool.yml");
	assert_int_not_equal(access(path, F_OK), 0);
	at.env.update_lock = true;
	build_text(&at, TOOL, "tool.yml");
	text = get_text(tmp.path, "my.lock");
	assert_non_null(strstr(text, "\ntool arm64 bookworm libx 1 "));
	at.env.update_lock = false;
	at.env.locked = true;
	build_text(&at, TOOL, "tool.yml");
}

static void what_a_lock_lacks_is_as_the_store_has_it(void **state)
{
	auto_mirror m = {0};
	auto_place at = {0};
	lkb_autofree char *path = lkb_path_join(tmp.path, "spec.lock"), *text = NULL;
	struct lkb_sha256 one, again;
	struct lkb_error err;

	need_tools(state);
	usual_mirror(&m, "1");
	enter(&at, "store20");
	one = build_text(&at, TOOL, "tool.yml");
	text = get_text(at.dir, "pkg/packages.lock");
	assert_int_equal(lkb_remove_tree(m.dir, &err), 0);
	/* One that pins nothing, with the store's lock behind it; and the other way round. */
	put_text(tmp.path, "spec.lock", "");
	at.env.lock_path = path;
	again = build_text(&at, TOOL, "tool.yml");
	assert_true(lkb_sha256_equal(&one, &again));
	put_text(tmp.path, "spec.lock", text);
	put_text(at.dir, "pkg/packages.lock", "");
	at.env.lock_path = NULL;
	at.env.spare_lock_path = path;
	at.env.offline = at.env.update_lock = true;
	again = build_text(&at, TOOL, "tool.yml");
	assert_true(lkb_sha256_equal(&one, &again));
	free(text);
	text = get_text(at.dir, "pkg/packages.lock");
	assert_string_equal(text, "");
	/* Two versions of one package do not go together. */
	put_text(at.dir, "pkg/packages.lock", "# lkboard package lock 1\n"
		 "other arm64 bookworm libx 2 "
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1\n");
	expect_failure(&at, TOOL, LKB_NET, "does not pin it for 'arm64', and --offline does not",
		       "`lkboard pkg lock` writes the lock anew");
}

static void what_an_image_was_made_from_is_handed_out(void **state)
{
	auto_mirror m = {0};
	auto_place at = {0};
	lkb_autofree char *path = lkb_path_join(tmp.path, "used.lock");
	lkb_auto(lkb_pkg) same = definition(TOOL, "tool.yml");
	lkb_auto(lkb_pkg) other = definition(TOOL "cmd: [x]\n", "tool.yml");
	lkb_auto(lkb_image) im = NULL;
	lkb_autodebs none = {0};
	lkb_autolock used = {0};
	struct lkb_error err;

	need_tools(state);
	usual_mirror(&m, "1");
	enter(&at, "store21");
	at.env.used = &used;
	build_text(&at, TOOL, "tool.yml");
	assert_int_equal(used.n_debs, 2);
	assert_string_equal(used.debs[0].package, "tool");
	im = resolve(&at, "localhost/tool:1");
	at.env.lock_path = path;
	assert_int_equal(lkb_lock_save(&used, path, &err), 0);
	assert_true(lkb_pkg_may_give(same, &at.env, im));
	assert_false(lkb_pkg_may_give(other, &at.env, im));
	lkb_lock_set(&used, "tool", "arm64", "bookworm", &none);
	assert_int_equal(lkb_lock_save(&used, path, &err), 0);
	assert_false(lkb_pkg_may_give(same, &at.env, im));
}

static void files_are_joined_in_the_order_of_their_paths(void **state)
{
	static const char text[] =
		"image: localhost/bundle:1\narchitectures: [arm64]\npackages: [second, first]\n"
		"concat: [{path: etc/all, from: \"usr/share/*.crt\", mode: \"0640\"}]\n";
	auto_mirror m = {0};
	auto_place at = {0};
	lkb_auto(lkb_image) im = NULL;
	lkb_auto(lkb_tree) t = NULL;
	lkb_autofree char *bytes = NULL;
	const struct lkb_inode *all;
	struct lkb_error err;
	size_t n;

	need_tools(state);
	new_mirror(&m, "[trusted=yes]");
	add_package(&m, "second", "1", "", "usr/share/b/a.crt", "B without an end");
	add_package(&m, "first", "1", "", "usr/share/a/z.crt", "A\n");
	publish(&m);
	enter(&at, "store10");
	build_text(&at, text, "bundle.yml");
	im = resolve(&at, "localhost/bundle:1");
	assert_int_equal(lkb_store_image_tree(at.store, im, NULL, &t, &err), 0);
	all = lkb_tree_lookup(t, "etc/all", false);
	assert_non_null(all);
	assert_int_equal(all->meta.mode, 0640);
	assert_int_equal(lkb_data_read_all(&all->data, 100, &bytes, &n, &err), 0);
	assert_string_equal(bytes, "A\nB without an end\n");
	assert_null(lkb_tree_lookup(t, "usr", false));
}

static void definitions_that_do_not_fit_are_explained(void **state)
{
	static const char top[] = "image: localhost/x:1\narchitectures: [arm64]\n";
	static const struct {
		const char *text, *message, *hint;
		unsigned line;
		enum lkb_error_kind kind;
	} cases[] = {
		{"packages: [nothing]\nkeep: [{path: x}]\n",
		 "apt cannot resolve the packages: 'apt-get' failed with exit code 100", "", 3,
		 LKB_INPUT},
		{"packages: [tool]\ntake: [tool, lib.]\nkeep: [{path: x}]\n",
		 "take[1] 'lib.' matches none of the packages", "", 4, LKB_INPUT},
		{"packages: [tool]\nkeep:\n  - path: usr/sbin/tol\n",
		 "keep[0]: 'usr/sbin/tol' matches nothing in the packages", "", 5, LKB_INPUT},
		{"packages: [tool]\nkeep:\n  - path: usr/*\n    to: x\n",
		 "keep[0]: 'usr/*' matches 'usr/lib/libx.so.1' and ", "", 5, LKB_INPUT},
		{"packages: [tool]\nkeep: [{path: usr/sbin/tool, package: libx}]\n",
		 "keep[0]: 'usr/sbin/tool' matches nothing in the packages", "", 4, LKB_INPUT},
		{"packages: [tool]\nconcat:\n  - {path: x, from: usr/share/*}\n",
		 "concat[0]: 'usr/share/*' matches no file in the packages", "", 5, LKB_INPUT},
		{"local:\n  - {file: gone, to: x}\n", "local file 'gone'",
		 "`make ondevice` builds the programs for the boards", 4, LKB_IO},
		{"files:\n  - {path: a, contents: x}\n  - {path: a/b, contents: y}\n",
		 "files[1]", "", 5, LKB_INPUT},
		/* The mirror of bookworm is asked. */
		{"suite: trixie\npackages: [tool]\nkeep: [{path: x}]\n",
		 "cannot fetch the package lists: ",
		 "apt's sources name no mirror of this suite; those of 'bookworm' were asked for it",
		 0, LKB_NET},
	};
	auto_mirror m = {0};
	auto_place at = {0};
	size_t i;

	need_tools(state);
	usual_mirror(&m, "1");
	enter(&at, "store9");
	for (i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		lkb_autofree char *text = lkb_format("%s%s", top, cases[i].text);
		lkb_auto(lkb_pkg) p = definition(text, "x.yml");
		struct lkb_error err = {0};
		struct lkb_sha256 manifest;

		assert_int_equal(lkb_pkg_build(p, at.store, &at.env, &manifest, &err), -1);
		if (!strstr(err.message, cases[i].message))
			assert_string_equal(err.message, cases[i].message);
		assert_string_equal(err.hint, cases[i].hint);
		assert_int_equal(err.line, cases[i].line);
		assert_int_equal(err.kind, cases[i].kind);
	}
	at.env.local_dir = NULL;
	expect_failure(&at, "image: localhost/x:1\narchitectures: [arm64]\n"
		       "local: [{file: init, to: init}]\n", LKB_MISSING,
		       "local file 'init': the programs for the boards were not found",
		       "`make` puts them beside lkboard, `make install` below PREFIX");
	at.env.arch = "amd64";
	expect_failure(&at, TOOL, LKB_INPUT, "it is not made for 'amd64'",
		       "its definition's architectures: arm64");
}

static void a_damaged_package_is_noticed_and_fetched_anew(void **state)
{
	auto_mirror m = {0};
	auto_place at = {0};
	lkb_autofree char *lock = NULL, *hex = NULL, *path = NULL, *all = NULL;
	struct lkb_error err;
	size_t n;

	need_tools(state);
	usual_mirror(&m, "1");
	enter(&at, "store10");
	build_text(&at, TOOL, "tool.yml");
	lock = get_text(at.dir, "pkg/packages.lock");
	hex = lkb_strndup(strstr(lock, " tool 1.0-1 ") + strlen(" tool 1.0-1 "), 64);
	path = lkb_format("%s/pkg/debs/sha256/%s", at.dir, hex);
	assert_int_equal(lkb_read_file(path, 1 << 20, &all, &n, &err), 0);
	all[n / 2] ^= 1;
	assert_int_equal(lkb_write_file(path, all, n, 0644, &err), 0);
	/* A changed definition needs the package again. */
	expect_failure(&at, TOOL "cmd: [x]\n", LKB_TRUST,
		       "the stored package 'tool' was damaged and is removed",
		       "run the command again to download it anew");
	build_text(&at, TOOL "cmd: [x]\n", "tool.yml");
}

static void local_files_are_part_of_an_image(void **state)
{
	static const char text[] =
		"image: localhost/l:1\narchitectures: [arm64]\nlocal: [{file: prog, to: init}]\n";
	auto_place at = {0};
	struct lkb_sha256 one, two;
	lkb_auto(lkb_image) im = NULL;
	lkb_auto(lkb_tree) t = NULL;
	struct lkb_error err;

	enter(&at, "store11");
	put_text(tmp.path, "arm64/prog", "first");
	one = build_text(&at, text, "l.yml");
	put_text(tmp.path, "arm64/prog", "second");
	two = build_text(&at, text, "l.yml");
	assert_false(lkb_sha256_equal(&one, &two));
	im = resolve(&at, "localhost/l:1");
	assert_int_equal(lkb_store_image_tree(at.store, im, NULL, &t, &err), 0);
	expect_file(t, "init", 0755, "second");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_holds_what_the_definition_says),
		cmocka_unit_test(a_second_build_needs_no_mirror_and_gives_the_same),
		cmocka_unit_test(signatures_are_checked),
		cmocka_unit_test(a_package_that_is_not_what_the_index_says_is_refused),
		cmocka_unit_test(locked_and_offline_allow_nothing_new),
		cmocka_unit_test(a_version_the_mirror_dropped_is_named),
		cmocka_unit_test(images_of_one_store_share_one_version),
		cmocka_unit_test(a_lock_of_the_users_is_written_only_when_asked),
		cmocka_unit_test(what_a_lock_lacks_is_as_the_store_has_it),
		cmocka_unit_test(what_an_image_was_made_from_is_handed_out),
		cmocka_unit_test(files_are_joined_in_the_order_of_their_paths),
		cmocka_unit_test(definitions_that_do_not_fit_are_explained),
		cmocka_unit_test(a_damaged_package_is_noticed_and_fetched_anew),
		cmocka_unit_test(local_files_are_part_of_an_image),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
