/* SPDX-License-Identifier: Apache-2.0 */
/* A built root, unpacked and mounted read-only as a slot is: runc must find all it mounts on. Needs
 * root, and a place where runc works at all. */
#include "test_rootfs_kit.h"

#include <sched.h>
#include <sys/mount.h>

#define FIRST "containers/onboot/000-a"
#define SECOND "containers/onboot/001-b"

static const char spec[] =
	"onboot:\n"
	"  - name: a\n"
	"    image: example/app\n"
	"    readonly: true\n"
	"    cwd: /srv/work\n"
	"    tmpfs: [/m/tmp]\n"
	"    binds: [\"/etc/hosts:/m/hosts\", \"/dev/null:/m/null\", \"/run:/run\"]\n"
	"    devices: [{path: /box, type: c, major: 1, minor: 3, mode: \"0666\"}]\n"
	"  - name: b\n"
	"    image: example/app\n"
	"    readonly: true\n"
	"    tmpfs: [/only/b]\n";

/* Copies the container's config.json into a bundle, for a root that is not at / here. */
static void make_bundle(struct lkb_tree *root, const char *dir, const char *at,
			const char *bundle)
{
	lkb_autofree char *from = lkb_format("%s/config.json", dir);
	lkb_autofree char *to = lkb_format("%s/config.json", bundle);
	lkb_autofree char *config = contents(root, from);
	lkb_autostr moved = { 0 };
	size_t before;

	/* The first is root.path; nothing else of these containers is about containers. */
	assert_non_null(strstr(config, "/containers/"));
	before = (size_t)(strstr(config, "/containers/") - config);
	lkb_str_addn(&moved, config, before);
	lkb_str_addf(&moved, "%s%s", at, config + before);
	OK(lkb_mkdir_p(bundle, err));
	OK(lkb_write_file(to, moved.s, moved.len, 0644, err));
}

/* The image's program is none that the kernel can execute: a complaint about just that means that
 * all else was set up. */
static bool sets_up(const struct kit *k, struct lkb_tree *root, const char *dir, const char *at,
		    struct lkb_error *why)
{
	lkb_autofree char *bundle = lkb_format("%s/bundle", k->tmp.path);
	lkb_autofree char *state = lkb_format("%s/state", k->tmp.path);
	lkb_autofree char *id = lkb_format("lkboard-test-%d", (int)getpid());
	const char *const run[] = { "runc", "--root", state, "run", "--bundle", bundle, id, NULL };
	const char *const gone[] = { "runc", "--root", state, "delete", "--force", id, NULL };
	struct lkb_proc p = { .argv = run };
	struct lkb_proc d = { .argv = gone };
	int r;

	make_bundle(root, dir, at, bundle);
	r = lkb_proc_run(&p, NULL, why);
	lkb_proc_run(&d, NULL, NULL);
	return r < 0 && strstr(why->message, "exec format error");
}

static int write_fd(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct lkb_outfile *f = ctx;

	return lkb_write_full(f->fd, p, n, f->path, err);
}

static void unpack(const struct kit *k, struct lkb_tree *root, const char *at)
{
	lkb_autofree char *archive = lkb_format("%s/root.tar", k->tmp.path);
	const char *const argv[] = { "tar", "-xf", archive, "-C", at, NULL };
	struct lkb_proc p = { .argv = argv };
	lkb_autooutfile f = LKB_OUTFILE_INIT;

	OK(lkb_mkdir_p(at, err));
	OK(lkb_outfile_open(archive, 0600, &f, err));
	OK(lkb_tar_write(lkb_tree_root(root), EPOCH, write_fd, &f, err));
	OK(lkb_outfile_commit(&f, err));
	OK(lkb_proc_run(&p, NULL, err));
}

static bool own_mounts(void)
{
	return geteuid() == 0 && !unshare(CLONE_NEWNS) &&
	       !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static bool mount_read_only(const char *at)
{
	return !mount(at, at, NULL, MS_BIND, NULL) &&
	       !mount(NULL, at, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL);
}

/* What runtime.json tells init to do for the second user of an image. */
static void bind_rootfs(const char *at, const char *from, const char *to)
{
	lkb_autofree char *source = lkb_format("%s/%s/rootfs", at, from);
	lkb_autofree char *target = lkb_format("%s/%s/rootfs", at, to);

	assert_int_equal(0, mount(source, target, NULL, MS_BIND, NULL));
}

static void containers_start_on_a_read_only_root(void **state)
{
	struct kit *k = *state;
	lkb_autofree char *writable = lkb_format("%s/writable", k->tmp.path);
	lkb_autofree char *at = lkb_format("%s/root", k->tmp.path);
	struct lkb_error a = { 0 }, b = { 0 };
	lkb_autorootfs r = { 0 };
	bool works, a_starts, b_starts;

	if (!own_mounts()) {
		print_message("mounting needs root\n");
		skip();
	}
	put_app(k, "example/app", NULL);
	build_ok(k, spec, &r);
	unpack(k, r.root, writable);
	unpack(k, r.root, at);
	works = sets_up(k, r.root, FIRST, writable, &a);
	assert_true(mount_read_only(at));
	bind_rootfs(at, FIRST, SECOND);
	a_starts = works && sets_up(k, r.root, FIRST, at, &a);
	b_starts = works && sets_up(k, r.root, SECOND, at, &b);
	umount2(at, MNT_DETACH);
	if (!works) {
		print_message("runc cannot run containers here: %s\n", a.message);
		skip();
	}
	if (!a_starts || !b_starts)
		fail_msg("%s", a_starts ? b.message : a.message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(containers_start_on_a_read_only_root, kit_setup,
						kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
