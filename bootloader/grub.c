/* SPDX-License-Identifier: Apache-2.0 */
#include "bootloader/grub.h"

#include <fcntl.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/size.h"

#define SECTOR     512u
#define FILE_MAX   LKB_MIB
#define CORE_MAX   ((size_t)480 * 1024) /* what fits below the BIOS' own memory */
#define KERNEL_MIN 0x264u

/* boot.img: the sector it loads, and a jump that is to be none where the disk is a hard disk, whose
 * number some BIOSes do not hand on. */
#define BOOT_SECTOR 0x5cu
#define BOOT_CHECK  0x66u
/* diskboot.img: where the rest begins; how long it is, grub-mkimage has filled in. */
#define DISKBOOT_START 0x1f4u

/* x86's command line takes 2047 bytes; GRUB puts this before ours. */
#define CMDLINE_MAX 2047u
#define BEFORE "BOOT_IMAGE=/kernel "

/* What grub-mkimage is to build in: disk, partitions, file system, and the command `linux`. */
static const char *const modules[] = {"biosdisk", "part_msdos", "fat", "linux"};
/* Files that it finds by these names: its own, and the modules with all that they need. */
static const char *const files[] = {
	"kernel.img", "diskboot.img", "lzma_decompress.img", "moddep.lst", "biosdisk.mod",
	"boot.mod", "bufio.mod", "crypto.mod", "datetime.mod", "extcmd.mod", "fat.mod",
	"fshelp.mod", "gettext.mod", "linux.mod", "mmap.mod", "net.mod", "normal.mod",
	"part_msdos.mod", "priority_queue.mod", "relocator.mod", "terminal.mod", "vbe.mod",
	"verifiers.mod", "video.mod", "video_fb.mod",
};

int lkb_grub_check_kernel(const struct lkb_data *kernel, struct lkb_error *err)
{
	uint8_t head[KERNEL_MIN];

	if (kernel->len >= sizeof(head)) {
		if (lkb_data_read(kernel, 0, head, sizeof(head), err))
			return -1;
		if (lkb_get_le16(head + 0x1fe) == 0xaa55 && !memcmp(head + 0x202, "HdrS", 4))
			return 0;
	}
	lkb_fail(err, LKB_INPUT, "the kernel is no bzImage, which is what starts from a BIOS");
	return lkb_hint(err, "kernel.binary names the file in the kernel image");
}

/* GRUB puts a backslash before each of these on its way to the kernel, whatever its own quoting. */
static int check_cmdline(const char *cmdline, struct lkb_error *err)
{
	const char *bad = strpbrk(cmdline, "\"'\\");

	if (bad) {
		lkb_fail(err, LKB_INPUT, "GRUB would put a backslash before each %c of the command "
			 "line", *bad);
		return lkb_hint(err, "leave it out, or build a format for UEFI");
	}
	if (strlen(BEFORE) + strlen(cmdline) <= CMDLINE_MAX)
		return 0;
	return lkb_fail(err, LKB_INPUT, "the command line of %zu bytes is longer than the %zu that "
			"GRUB can give to the kernel", strlen(cmdline),
			CMDLINE_MAX - strlen(BEFORE));
}

/* Each word in single quotes, in which nothing is special. */
int lkb_grub_config(const char *cmdline, struct lkb_str *ret, struct lkb_error *err)
{
	static const char space[] = " \t\r\n";
	const char *at = cmdline;

	if (check_cmdline(cmdline, err))
		return -1;
	lkb_str_add(ret, "linux /kernel");
	while (*(at += strspn(at, space))) {
		size_t n = strcspn(at, space);

		lkb_str_add(ret, " '");
		lkb_str_addn(ret, at, n);
		lkb_str_addc(ret, '\'');
		at += n;
	}
	lkb_str_add(ret, "\ninitrd /initrd.img\nboot\n");
	return 0;
}

static int read_image(struct lkb_tree *image, const char *name, char **ret, size_t *ret_n,
		      struct lkb_error *err)
{
	const struct lkb_inode *node = lkb_tree_lookup(image, name, true);

	if (!node || node->type != LKB_NODE_FILE)
		return lkb_fail(err, LKB_INPUT, "GRUB's image has no file '/%s'", name);
	if (lkb_data_read_all(&node->data, FILE_MAX, ret, ret_n, err))
		return lkb_context(err, "GRUB's '/%s'", name);
	return 0;
}

static int stage(const char *dir, const char *name, const void *p, size_t n, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/%s", dir, name);
	lkb_autofd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return lkb_fail_errno(err, "cannot create '%s'", path);
	return lkb_write_full(fd, p, n, path, err);
}

static int stage_all(struct lkb_tree *image, const char *dir, struct lkb_error *err)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(files); i++) {
		lkb_autofree char *bytes = NULL;
		size_t n;

		if (read_image(image, files[i], &bytes, &n, err) ||
		    stage(dir, files[i], bytes, n, err))
			return -1;
	}
	return 0;
}

static int run_mkimage(const char *dir, struct lkb_error *err)
{
	lkb_autofree char *config = lkb_format("%s/0000", dir), *out = lkb_format("%s/0001", dir);
	lkb_autostrv args = {0};
	struct lkb_proc p = {.package = "grub-common"};

	lkb_strv_add(&args, "grub-mkimage");
	lkb_strv_add(&args, "-Oi386-pc");
	lkb_strv_addf(&args, "-d%s", dir);
	lkb_strv_addf(&args, "-o%s", out);
	lkb_strv_addf(&args, "-c%s", config);
	/* No disk named: the one that the BIOS started from. */
	lkb_strv_add(&args, "-p(,msdos1)/");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(modules); i++)
		lkb_strv_add(&args, modules[i]);
	p.argv = (const char *const *)args.items;
	return lkb_proc_run(&p, NULL, err);
}

static int make_core(const struct lkb_grub_in *in, struct lkb_str *ret, struct lkb_error *err)
{
	lkb_autostr config = {0};
	lkb_autofree char *core = NULL, *path = NULL;
	size_t n;

	if (lkb_grub_config(in->cmdline, &config, err) || stage_all(in->image, in->dir, err) ||
	    stage(in->dir, "0000", config.s, config.len, err) || run_mkimage(in->dir, err))
		return -1;
	path = lkb_format("%s/0001", in->dir);
	if (lkb_read_file(path, CORE_MAX, &core, &n, err))
		return -1;
	if (n <= SECTOR)
		return lkb_fail(err, LKB_IO, "grub-mkimage made only %zu bytes", n);
	lkb_put_le64(core + DISKBOOT_START, in->core_sector + 1);
	lkb_str_addn(ret, core, n);
	return 0;
}

int lkb_grub_make(const struct lkb_grub_in *in, uint8_t ret_code[LKB_GRUB_CODE_SIZE],
		  struct lkb_str *ret_core, struct lkb_error *err)
{
	lkb_autofree char *boot = NULL;
	lkb_autostr core = {0};
	size_t n;

	if (read_image(in->image, "boot.img", &boot, &n, err))
		return -1;
	if (n != SECTOR || lkb_get_le16(boot + SECTOR - 2) != 0xaa55 ||
	    lkb_get_le64(boot + BOOT_SECTOR) != 1)
		return lkb_fail(err, LKB_INPUT, "GRUB's '/boot.img' is no boot sector");
	if (make_core(in, &core, err))
		return -1;
	lkb_put_le64(boot + BOOT_SECTOR, in->core_sector);
	lkb_put_le16(boot + BOOT_CHECK, 0x9090);
	memcpy(ret_code, boot, LKB_GRUB_CODE_SIZE);
	*ret_core = core;
	core = (struct lkb_str){0};
	return 0;
}
