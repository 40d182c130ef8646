/* SPDX-License-Identifier: Apache-2.0 */
/* Whole specs to whole trees. LKBOARD_GOLDEN=update writes tests/golden/rootfs/ instead of
 * comparing. */
#include "test_rootfs_kit.h"

#define GOLDEN "tests/golden/rootfs/whole.txt"

/* Writes files below a directory of the test as the archive that `tar -C DIR .` makes: names begin
 * with "./", as in LinuxKit's own kernel images. */
static void put_kernel(struct kit *k, const char *ref)
{
	static const char *const files[] = {
		"boot/dtb/broadcom/bcm2837-rpi-3-b.dtb", "boot/System.map",
		"lib/modules/6.1/modules.dep", "lib/modules/6.1/kernel/ext4.ko",
	};
	lkb_autofree char *dir = lkb_format("%s/kernel", k->tmp.path);
	lkb_autofree char *archive = lkb_format("%s/kernel.tar", k->tmp.path);
	const char *const argv[] = { "tar", "--format=gnu", "--owner=0", "--group=0",
				     "--mtime=@1500000000", "--mode=u=rwX,go=rX", "--sort=name",
				     "-cf", archive, "-C", dir, ".", NULL };
	struct lkb_proc p = { .argv = argv };
	lkb_auto(lkb_tree) image = lkb_tree_new();
	lkb_auto(lkb_blob) blob = NULL;
	const struct lkb_meta m = { .mode = 0644, .mtime = IMAGE_TIME };

	for (size_t i = 0; i < LKB_ARRAY_SIZE(files); i++) {
		lkb_autofree char *path = lkb_format("%s/%s", dir, files[i]);
		lkb_autofree char *parent = lkb_strndup(path, (size_t)(strrchr(path, '/') - path));

		OK(lkb_mkdir_p(parent, err));
		OK(lkb_write_file(path, files[i], strlen(files[i]), 0644, err));
	}
	OK(lkb_proc_run(&p, NULL, err));
	OK(lkb_blob_open(archive, &blob, err));
	OK(lkb_tree_add_file(image, "kernel.tar", &m,
			     &(struct lkb_data){ blob, 0, lkb_blob_size(blob) }, NULL, err));
	OK(lkb_tree_add_text(image, "kernel", &m, "KERNEL", 6, err));
	put_tree(k, ref, image, NULL);
}

static const char whole[] =
	"kernel:\n"
	"  image: example/kernel:1\n"
	"  cmdline: quiet lkb=1\n"
	"init:\n"
	"  - example/init:1\n"
	"  - example/runc:1\n"
	"onboot:\n"
	"  - name: hello\n"
	"    image: example/app:1\n"
	"    readonly: true\n"
	"    binds: [\"/etc/motd:/etc/motd\", \"/run:/run\", \"/dev/ttyS1:/tty\"]\n"
	"  - name: hello\n"
	"    image: example/other:1\n"
	"onshutdown:\n"
	"  - name: bye\n"
	"    image: example/app:1\n"
	"    readonly: true\n"
	"    cwd: /work\n"
	"    tmpfs: [\"/scratch\"]\n"
	"services:\n"
	"  - name: web\n"
	"    image: example/app:1\n"
	"files:\n"
	"  - path: etc/motd\n"
	"    contents: hi\n"
	"    mode: \"0644\"\n"
	"  - path: etc/secret/key\n"
	"    contents: k\n"
	"    uid: web\n"
	"  - path: var/lib/box\n"
	"    directory: true\n"
	"  - path: etc/alias\n"
	"    symlink: motd\n"
	"  - path: containers/onboot/001-hello/rootfs/etc/app.conf\n"
	"    contents: conf\n"
	"lkboard:\n"
	"  data: /data\n"
	"  modules: [vfat, nls_ascii]\n";

static void put_images(struct kit *k)
{
	put_kernel(k, "example/kernel:1");
	put(k, "example/init:1", NULL,
	    "d 0755 bin\n"
	    "f 0755 bin/busybox b\n"
	    "h bin/sh bin/busybox\n"
	    "d 0755 etc\n"
	    "f 0644 etc/resolv.conf nameserver\n"
	    "f 0644 etc/hostname builder\n"
	    "f 0755 .dockerenv\n"
	    "d 1777 tmp\n"
	    "f 0644 boot/note n\n");
	put(k, "example/runc:1", NULL,
	    "f 0755 usr/bin/runc runc\n"
	    "f 0644 Dockerfile\n");
	put_app(k, "example/app:1", NULL);
	put(k, "example/other:1", "readonly: true",
	    "f 0755:1000 bin/app o\n"
	    "f 0600 dev/console\n"
	    "f 0600 dev/pts/0\n");
}

static void a_whole_spec_gives_this_tree(void **state)
{
	bool write = getenv("LKBOARD_GOLDEN") &&
		     !strcmp(getenv("LKBOARD_GOLDEN"), "update");
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };
	lkb_autostr text = { 0 };
	lkb_autofree char *golden = NULL;
	lkb_autofree char *kernel = NULL;
	size_t len;

	put_images(k);
	build_ok(k, whole, &r);
	lkb_str_add(&text, "# the root\n");
	list_tree(&text, r.root);
	lkb_str_add(&text, "# for the boot loader\n");
	list_tree(&text, r.boot);
	if (write)
		OK(lkb_write_file(GOLDEN, text.s, text.len, 0644, err));
	OK(lkb_read_file(GOLDEN, 1 << 20, &golden, &len, err));
	assert_string_equal(text.s, golden);
	OK(lkb_data_read_all(&r.kernel, 100, &kernel, &len, err));
	assert_string_equal(kernel, "KERNEL");
	assert_string_equal(r.cmdline, "quiet lkb=1");
	expect_contents(r.root, "etc/lkboard-release",
			"NAME=test\nBOARD=rpi3\nVERSION=1\nEPOCH=1700000000\nHOSTNAME=box\n"
			"DATA=/data\nMODULES=\"vfat nls_ascii\"\n");
	expect_contents(r.root, "etc/hostname", "box\n");
	expect_has(r.root, "containers/onboot/000-hello/config.json",
		   "\"path\": \"/containers/onboot/000-hello/rootfs\"");
}

static int count(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	lkb_str_addn(ctx, p, n);
	return 0;
}

static void the_same_spec_gives_the_same_bytes(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs a = { 0 }, b = { 0 };
	lkb_autostr tar_a = { 0 }, tar_b = { 0 };

	put_images(k);
	build_ok(k, whole, &a);
	build_ok(k, whole, &b);
	OK(lkb_tar_write(lkb_tree_root(a.root), EPOCH, count, &tar_a, err));
	OK(lkb_tar_write(lkb_tree_root(b.root), EPOCH, count, &tar_b, err));
	assert_int_equal(tar_a.len, tar_b.len);
	assert_memory_equal(tar_a.s, tar_b.s, tar_a.len);
}

static void generated_entries_have_the_builds_time(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };
	lkb_auto(lkb_tree_iter) it = NULL;
	struct lkb_tree_item item;

	put_images(k);
	build_ok(k, whole, &r);
	it = lkb_tree_iter_new(lkb_tree_root(r.root));
	while (lkb_tree_iter_next(it, &item))
		if (item.inode->meta.mtime != EPOCH && item.inode->meta.mtime != IMAGE_TIME)
			fail_msg("/%s has the time %lld", item.path,
				 (long long)item.inode->meta.mtime);
	assert_int_equal(node(r.root, "etc/hosts")->meta.mtime, EPOCH);
	assert_int_equal(node(r.root, "bin/busybox")->meta.mtime, IMAGE_TIME);
}

static void references_are_listed_once(void **state)
{
	lkb_auto(lkb_spec) spec =
		parse("kernel: {image: k}\ninit: [b, a]\n"
		      "services:\n"
		      "  - {name: x, image: \"a:latest\"}\n"
		      "  - {name: y, image: docker.io/library/c}\n");
	lkb_autostrv refs = { 0 };

	lkb_rootfs_refs(spec, &refs);
	assert_int_equal(refs.n, 4);
	assert_string_equal(refs.items[0], "docker.io/library/k:latest");
	assert_string_equal(refs.items[1], "docker.io/library/b:latest");
	assert_string_equal(refs.items[2], "docker.io/library/a:latest");
	assert_string_equal(refs.items[3], "docker.io/library/c:latest");
}

static void hard_links_and_capabilities_survive(void **state)
{
	static const unsigned char cap[20] = { 1, 0, 0, 2, 0, 32 };
	struct kit *k = *state;
	lkb_auto(lkb_tree) t = make_tree("f 0755 bin/ping ping\n"
					 "h bin/ping6 bin/ping\n");
	lkb_autorootfs r = { 0 };
	const struct lkb_inode *in_root, *in_container;

	lkb_tree_set_xattr(t, lkb_tree_lookup(t, "bin/ping", false), "security.capability", cap,
			   sizeof(cap));
	put_tree(k, "example/ping", t, NULL);
	build_ok(k, "init: [example/ping]\nservices: [{name: p, image: example/ping}]\n", &r);
	in_root = node(r.root, "bin/ping");
	in_container = node(r.root, "containers/services/p/lower/bin/ping");
	assert_ptr_equal(in_root, node(r.root, "bin/ping6"));
	assert_ptr_equal(in_container, node(r.root, "containers/services/p/lower/bin/ping6"));
	assert_int_equal(in_root->nlink, 2);
	assert_int_equal(in_container->nlink, 2);
	assert_string_equal(in_root->xattrs[0].name, "security.capability");
	assert_memory_equal(in_root->xattrs[0].value, cap, sizeof(cap));
	assert_memory_equal(in_container->xattrs[0].value, cap, sizeof(cap));
}

/* Debian's and newer Alpine's root has lib -> usr/lib; a kernel.tar has lib/modules. */
static void a_link_and_a_directory_become_one(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs r = { 0 };

	put_kernel(k, "example/kernel:1");
	put(k, "example/merged:1", NULL,
	    "d 0755 usr/lib\n"
	    "f 0755 usr/lib/libc.so c\n"
	    "l lib usr/lib\n");
	put(k, "example/split:1", NULL,
	    "d 0755 lib\n"
	    "f 0755 lib/ld.so ld\n"
	    "h lib/ld2.so lib/ld.so\n");
	build_ok(k, "kernel: {image: \"example/kernel:1\"}\n"
		    "init: [\"example/merged:1\", \"example/split:1\"]\n", &r);
	expect_type(r.root, "lib", LKB_NODE_SYMLINK);
	expect_type(r.root, "usr/lib/modules/6.1/modules.dep", LKB_NODE_FILE);
	expect_contents(r.root, "lib/modules/6.1/modules.dep", "lib/modules/6.1/modules.dep");
	expect_contents(r.root, "lib/libc.so", "c");
	assert_ptr_equal(node(r.root, "usr/lib/ld.so"), node(r.root, "usr/lib/ld2.so"));
	assert_string_equal(node(r.root, "usr/lib/modules/6.1/modules.dep")->source,
			    "docker.io/example/kernel:1");
	assert_string_equal(node(r.root, "usr/lib/ld.so")->source, "docker.io/example/split:1");
}

static void expect_failure(struct kit *k, const char *yaml, const char *message, const char *hint)
{
	lkb_auto(lkb_spec) spec = parse(yaml);
	struct lkb_rootfs r = { 0 };
	struct lkb_error err = { 0 };

	assert_int_equal(-1, build(k, spec, &r, &err));
	assert_string_equal(err.message, message);
	assert_string_equal(err.hint, hint);
	assert_int_equal(err.kind, LKB_INPUT);
	assert_null(r.root);
	assert_null(r.kernel.blob);
}

static void a_kernel_image_without_a_kernel_says_what_it_has(void **state)
{
	struct kit *k = *state;

	put(k, "example/kernel:2", NULL,
	    "f 0644 vmlinuz k\n"
	    "f 0644 modules.tar t\n");
	put(k, "example/empty", NULL, "");
	expect_failure(k, "kernel: {image: \"example/kernel:2\"}\n",
		       "kernel image 'docker.io/example/kernel:2' has no file 'kernel' "
		       "(kernel.binary)",
		       "the image holds 'modules.tar', 'vmlinuz'");
	expect_failure(k, "kernel: {image: \"example/kernel:2\", binary: vmlinuz}\n",
		       "kernel image 'docker.io/example/kernel:2' has no file 'kernel.tar' "
		       "(kernel.tar)",
		       "the image holds 'modules.tar', 'vmlinuz'; 'tar: none' if it has no modules");
	expect_failure(k, "kernel: {image: example/empty}\n",
		       "kernel image 'docker.io/example/empty:latest' has no file 'kernel' "
		       "(kernel.binary)",
		       "the image is empty");
}

static void a_kernel_needs_no_archive_if_the_spec_says_so(void **state)
{
	struct kit *k = *state;
	lkb_autorootfs none = { 0 }, empty = { 0 };

	put(k, "example/kernel:2", NULL, "f 0644 vmlinuz k\n");
	build_ok(k, "kernel: {image: \"example/kernel:2\", binary: vmlinuz, tar: none}\n", &none);
	build_ok(k, "kernel: {image: \"example/kernel:2\", binary: vmlinuz, tar: \"\"}\n", &empty);
	assert_int_equal(none.kernel.len, 1);
	assert_int_equal(empty.kernel.len, 1);
	assert_string_equal(none.cmdline, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
		TEST(a_whole_spec_gives_this_tree),
		TEST(the_same_spec_gives_the_same_bytes),
		TEST(generated_entries_have_the_builds_time),
		TEST(references_are_listed_once),
		TEST(hard_links_and_capabilities_survive),
		TEST(a_link_and_a_directory_become_one),
		TEST(a_kernel_image_without_a_kernel_says_what_it_has),
		TEST(a_kernel_needs_no_archive_if_the_spec_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
