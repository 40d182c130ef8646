/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "board/qemu.h"
#include "bootloader/cmdline.h"
#include "cmd/card.h"
#include "cmd/commands.h"
#include "cmd/netboot.h"
#include "image/gpt.h"
#include "plan/plan.h"
#include "rootfs/tree/blob.h"

#define KERNEL_SUFFIX "-kernel"
#define CMDLINE_FILE_MAX 65536

struct run_options {
	const char *path; /* the operand */
	const char *board, *hostfwd;
	struct lkb_strv until;
	unsigned timeout;
	bool net, kvm;
};

#define ROW(letter, name, kind, field, arg, help) \
	LKB_OPT(letter, name, kind, struct run_options, field, arg, help)

static const struct lkb_opt rows[] = {
	ROW(0, "until", LIST, until, "TEXT",
	    "end well when TEXT was seen on the console; repeat it for several"),
	ROW(0, "timeout", UINT, timeout, "S", "give up after S seconds (exit code 9)"),
	ROW(0, "net", FLAG, net, NULL, "a network behind the emulator's own address translation"),
	ROW(0, "hostfwd", STRING, hostfwd, "RULE",
	    "with --net: forward a port, as in tcp:127.0.0.1:8080-:80"),
	ROW(0, "kvm", FLAG, kvm, NULL, "use KVM instead of emulation"),
	ROW(0, "board", STRING, board, "NAME", "board, where the file does not say it"),
};

/* Files that QEMU wants beside the artifact, in a private directory. */
struct parts {
	struct lkb_tmpdir dir;
	char *kernel, *dtb, *initrd, *append, *disk; /* owned */
};

static void clear_parts(struct parts *p)
{
	lkb_tmpdir_clear(&p->dir);
	free(p->kernel);
	free(p->dtb);
	free(p->initrd);
	free(p->append);
	free(p->disk);
}

static int find_board(struct lkb_ctx *ctx, const char *name, struct lkb_board **ret,
		      struct lkb_error *err)
{
	lkb_autodiags diags = {0};
	int r;

	if (!ctx->configs_dir) {
		lkb_fail(err, LKB_USAGE, "the boards that come with lkboard were not found");
		return lkb_hint(err, "give --configs DIR or set LKBOARD_CONFIGS");
	}
	r = lkb_board_find(ctx->configs_dir, name, ret, &diags, err);
	lkb_report_diags(ctx, &diags);
	if (r && diags.n_errors)
		err->message[0] = '\0';
	return r;
}

/* The board's device tree as the firmware would find it: the first name on the boot partition. */
static int extract_card(const struct lkb_card *card, const char *path,
			const struct lkb_board *board, struct parts *parts, struct lkb_error *err)
{
	if (!board->firmware.device_trees.n)
		return lkb_fail(err, LKB_INPUT, "board '%s' has no device tree", board->name);
	if (lkb_tmpdir_make(&parts->dir, err))
		return -1;
	parts->kernel = lkb_path_join(parts->dir.path, "u-boot.bin");
	parts->dtb = lkb_path_join(parts->dir.path, "board.dtb");
	if (lkb_card_extract(card, path, "u-boot.bin", parts->kernel, err))
		return -1;
	return lkb_card_extract(card, path, board->firmware.device_trees.keys[0], parts->dtb, err);
}

static int boot(struct lkb_ctx *ctx, const struct run_options *o, struct lkb_qemu_run *run,
		char **extra, size_t n, struct lkb_error *err)
{
	int r;

	run->until = (const char *const *)o->until.items;
	run->n_until = o->until.n;
	run->timeout_s = o->timeout;
	run->net = o->net || o->hostfwd;
	run->hostfwd = o->hostfwd;
	run->kvm = o->kvm;
	run->extra = (const char *const *)extra;
	run->n_extra = n;
	/* A script that waits for a text keeps its standard input to itself. */
	run->console_in = o->until.n && !isatty(0) ? -1 : 0;
	run->console_out = 1;
	if (run->console_in >= 0 && isatty(run->console_in))
		lkb_ui_message(ctx->ui, "QEMU starts '%s'; Ctrl-] ends it", o->path);
	r = lkb_qemu_run(run, err);
	/* On a screen, what is said next starts a line of its own, wherever the guest stopped. */
	if (isatty(run->console_out))
		lkb_print("\n", NULL);
	return r;
}

static int run_card(struct lkb_ctx *ctx, const struct run_options *o, const char *path,
		    char **extra, size_t n, struct lkb_error *err)
{
	struct lkb_card card __attribute__((cleanup(lkb_card_clear))) = {0};
	struct parts parts __attribute__((cleanup(clear_parts))) = {0};
	lkb_auto(lkb_board) board = NULL;
	struct lkb_qemu_run run = {0};
	const char *name;

	if (lkb_card_read(path, &card, err))
		return lkb_hint(err, "'lkboard build' makes what run takes: a disk image (.img, "
				".raw, .qcow2, .vhd, .vmdk, .iso) or NAME-kernel");
	name = o->board ? o->board : lkb_card_board(&card);
	if (!name) {
		lkb_fail(err, LKB_INPUT, "'%s' has no slot that lkboard made", path);
		return lkb_hint(err, "give --board NAME to boot it all the same");
	}
	if (find_board(ctx, name, &board, err) ||
	    extract_card(&card, path, board, &parts, err))
		return -1;
	run.board = board;
	run.disk = path;
	run.kernel = parts.kernel;
	run.dtb = parts.dtb;
	return boot(ctx, o, &run, extra, n, err);
}

/* Disks in other containers than none, by what their names end in. */
static const struct container {
	const char *suffix, *format;
} containers[] = {{".qcow2", "qcow2"}, {".vhd", "vpc"}, {".vmdk", "vmdk"}};

static const char *container_of(const char *path)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(containers); i++)
		if (lkb_ends_with(path, containers[i].suffix))
			return containers[i].format;
	return NULL;
}

static bool is_iso(const char *path)
{
	return lkb_ends_with(path, ".iso");
}

/* How a machine that is no card's starts from a disk. */
enum disk_boot { BY_CARD, BY_EFI, BY_BIOS };

/* The format that a file was made as, if what stands beside it says one. The caller frees it. */
static char *format_beside(const char *path)
{
	struct lkb_made_by made __attribute__((cleanup(lkb_made_by_clear))) = {0};

	lkb_made_by_find(path, &made);
	return made.formats.n == 1 ? lkb_strdup(made.formats.items[0]) : lkb_strdup("");
}

/* Who made a container or an ISO says what starts from it; else its name does. */
static enum disk_boot boot_of_container(const char *path)
{
	static const char *const suffixes[] = {"-efi.iso", "-efi-initrd.iso", "-efi.qcow2"};
	lkb_autofree char *format = format_beside(path);

	if (*format)
		return strstr(format, "-efi") ? BY_EFI : BY_BIOS;
	for (size_t i = 0; i < LKB_ARRAY_SIZE(suffixes); i++)
		if (lkb_ends_with(path, suffixes[i]))
			return BY_EFI;
	return BY_BIOS;
}

/* By its first sector: a GPT is for UEFI, boot code before an MBR's table for a BIOS; the Pi's ROM
 * has no use for either. */
static enum disk_boot boot_of(const char *path)
{
	lkb_auto(lkb_blob) blob = NULL;
	uint8_t sector[LKB_MBR_SIZE];
	struct lkb_mbr mbr;

	if (is_iso(path) || container_of(path))
		return boot_of_container(path);
	if (lkb_blob_open_disk(path, &blob, NULL) ||
	    lkb_blob_read(blob, 0, sector, sizeof(sector), NULL) || !lkb_mbr_parse(sector, &mbr))
		return BY_CARD;
	if (lkb_gpt_is_protected(&mbr))
		return BY_EFI;
	return lkb_is_zero(sector, LKB_MBR_CODE_SIZE) ? BY_CARD : BY_BIOS;
}

/* The board of a file that does not say it itself: what the build that made it wrote beside it. */
static int board_beside(const char *path, char **ret, struct lkb_error *err)
{
	struct lkb_made_by made __attribute__((cleanup(lkb_made_by_clear))) = {0};

	lkb_made_by_find(path, &made);
	if (made.boards.n == 1 && lkb_board_word_ok(made.boards.items[0])) {
		*ret = lkb_strdup(made.boards.items[0]);
		return 0;
	}
	if (made.boards.n > 1)
		lkb_fail(err, LKB_USAGE, "'%s' and '%s' both say that they made '%s'",
			 made.records.items[0], made.records.items[1], path);
	else
		lkb_fail(err, LKB_USAGE, "no build.json beside '%s' says which board it is for",
			 path);
	return lkb_hint(err, "give --board NAME");
}

static int find_direct_board(struct lkb_ctx *ctx, const struct run_options *o, const char *path,
			     struct lkb_board **ret, struct lkb_error *err)
{
	lkb_autofree char *beside = NULL;

	if ((!o->board && board_beside(path, &beside, err)) ||
	    find_board(ctx, o->board ? o->board : beside, ret, err))
		return -1;
	if (strcmp((*ret)->family, "direct") != 0)
		return lkb_fail(err, LKB_USAGE, "board '%s' does not start a kernel directly",
				(*ret)->name);
	return 0;
}

/* The image that a command line says holds the root: NAME + what stands behind it; NULL if the root
 * is in RAM. The caller frees it. */
static char *root_image(const char *path, int stem, const char *line)
{
	static const char word[] = "lkb.image=";
	static const struct {
		const char *type, *suffix;
	} images[] = {
		{"squashfs:", "-squashfs.img"}, {"erofs:", "-erofs.img"}, {"iso9660:", ".iso"},
	};
	const char *at = line;

	while ((at = strstr(at, word)) && at != line && at[-1] != ' ')
		at++;
	for (size_t i = 0; at && i < LKB_ARRAY_SIZE(images); i++)
		if (lkb_starts_with(at + strlen(word), images[i].type))
			return lkb_format("%.*s%s", stem, path, images[i].suffix);
	return NULL;
}

static int run_kernel(struct lkb_ctx *ctx, const struct run_options *o, const char *path,
		      char **extra, size_t n, struct lkb_error *err)
{
	struct parts parts __attribute__((cleanup(clear_parts))) = {0};
	int stem = (int)(strlen(path) - strlen(KERNEL_SUFFIX));
	lkb_autofree char *line_path = lkb_format("%.*s-cmdline", stem, path);
	lkb_autofree char *line = NULL;
	lkb_auto(lkb_board) board = NULL;
	struct lkb_qemu_run run = {0};
	size_t len;

	if (find_direct_board(ctx, o, path, &board, err) ||
	    lkb_read_file(line_path, CMDLINE_FILE_MAX, &line, &len, err))
		return -1;
	parts.initrd = lkb_format("%.*s-initrd.img", stem, path);
	parts.append = lkb_board_cmdline(board, line);
	parts.disk = root_image(path, stem, line);
	run.board = board;
	run.disk = parts.disk;
	run.kernel = path;
	run.initrd = parts.initrd;
	run.append = parts.append;
	return boot(ctx, o, &run, extra, n, err);
}

static int run_disk(struct lkb_ctx *ctx, const struct run_options *o, const char *path,
		    char **extra, size_t n, struct lkb_error *err)
{
	struct lkb_qemu_run run = {.disk = path, .disk_format = container_of(path),
				   .efi = boot_of(path) == BY_EFI};
	lkb_autofree char *beside = NULL, *format = format_beside(path);
	lkb_auto(lkb_board) board = NULL;

	if (!strcmp(format, "kernel+iso")) {
		lkb_fail(err, LKB_USAGE, "'%s' is a root, and nothing starts from it", path);
		return lkb_hint(err, "its kernel stands beside it: run '%.*s" KERNEL_SUFFIX "'",
				(int)(strlen(path) - strlen(".iso")), path);
	}
	if ((!o->board && board_beside(path, &beside, err)) ||
	    find_board(ctx, o->board ? o->board : beside, &board, err))
		return -1;
	if (!run.efi && board->qemu.bios != LKB_YES)
		return lkb_fail(err, LKB_USAGE,
				"'%s' is for a BIOS, which board '%s' does not have", path,
				board->name);
	run.board = board;
	/* A PC has a drive for CDs; others have the image as a disk. */
	run.is_cd = is_iso(path) && board->qemu.bios == LKB_YES;
	return boot(ctx, o, &run, extra, n, err);
}

/* Through the network, as its machine boots it: firmware, iPXE, script. */
static int run_tree(struct lkb_ctx *ctx, const struct run_options *o, const char *path,
		    char **extra, size_t n, struct lkb_error *err)
{
	struct lkb_netboot net __attribute__((cleanup(lkb_netboot_clear))) = {0};
	lkb_autofree char *script = NULL, *beside = NULL;
	lkb_auto(lkb_board) board = NULL;
	struct lkb_qemu_run run = {0};

	if (lkb_netboot_script(path, &script, err) ||
	    (!o->board && board_beside(script, &beside, err)) ||
	    find_board(ctx, o->board ? o->board : beside, &board, err) ||
	    lkb_netboot_stage(ctx, board, script, &net, err))
		return -1;
	run.board = board;
	run.efi = board->qemu.netboot_loader.image != NULL;
	run.tftp = net.dir.path;
	run.bootfile = net.bootfile;
	return boot(ctx, o, &run, extra, n, err);
}

static int run_run(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		   struct lkb_error *err)
{
	struct run_options *o = options;
	const char *path = operands[0];
	lkb_autofd there = -1;
	struct stat st;

	o->path = path;
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return run_tree(ctx, o, path, operands + 1, n - 1, err);
	/* Before anything that stands beside it is looked for. */
	if (lkb_open_disk(path, &there, NULL, err))
		return -1;
	if (lkb_ends_with(path, ".ipxe"))
		return run_tree(ctx, o, path, operands + 1, n - 1, err);
	if (lkb_ends_with(path, KERNEL_SUFFIX))
		return run_kernel(ctx, o, path, operands + 1, n - 1, err);
	return (boot_of(path) == BY_CARD ? run_card : run_disk)(ctx, o, path, operands + 1, n - 1,
								err);
}

const struct lkb_cmd lkb_cmd_run = {
	.name = "run",
	.operands = "FILE-OR-DIR [-- QEMU-ARGS...]",
	.summary = "boot an artifact in QEMU, its serial console on the terminal; Ctrl-] ends it",
	.min_operands = 1,
	.max_operands = 1000,
	.options_size = sizeof(struct run_options),
	.options = rows,
	.n_options = LKB_ARRAY_SIZE(rows),
	.run = run_run,
};
