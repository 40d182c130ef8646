/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/size.h"
#include "board/board.h"

#define REQUIRED (LKB_KEY_REQUIRED | LKB_KEY_NONEMPTY)

bool lkb_board_word_ok(const char *word)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.,_=:/@%+-";

	return *word && strspn(word, allowed) == strlen(word);
}

static const char *bad_word(const char *value)
{
	return lkb_board_word_ok(value) ? NULL
					: "has a character that is special in boot scripts";
}

/* A path inside an image or a tree: relative, without "." and ".." in it. */
static const char *bad_path(const char *value)
{
	const char *at = value;

	while (at) {
		size_t n = strcspn(at, "/");

		if (!n || (n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
			return "is no relative path without '.' and '..'";
		at = at[n] ? at + n + 1 : NULL;
	}
	return NULL;
}

static const char *bad_dtb(const char *value)
{
	size_t n = strlen(value);

	if (bad_path(value))
		return bad_path(value);
	return n > 4 && !strcmp(value + n - 4, ".dtb") ? NULL : "does not end in '.dtb'";
}

static const char *bad_file_name(const char *value)
{
	return strchr(value, '/') ? "is no plain file name" : bad_path(value);
}

static const char *const families[] = {"direct", "rpi-u-boot", NULL};
static const char *const arches[] = {"amd64", "arm64", NULL};
static const char *const roots[] = {"disk", "ram", NULL};
static const char *const formats[] = {
	"aws", "disk-efi", "docker", "dynamic-vhd", "gcp", "iso-bios", "iso-efi",
	"iso-efi-initrd", "kernel+erofs", "kernel+initrd", "kernel+iso", "kernel+squashfs",
	"oci", "pxe", "qcow2-bios", "qcow2-efi", "raw-bios", "raw-efi", "rpi3", "sd",
	"tar", "tar-kernel-initrd", "vhd", "vmdk", NULL,
};
static const char *const disks[] = {"sd", "virtio", NULL};

static const struct lkb_schema_key layout_keys[] = {
	LKB_KEY(struct lkb_board_layout, erase_unit, LKB_T_SIZE,
		"alignment of all partitions: a power of two", .flags = LKB_KEY_REQUIRED),
	LKB_KEY(struct lkb_board_layout, boot_size, LKB_T_SIZE,
		"boot partition, default and minimum", .flags = LKB_KEY_REQUIRED),
	LKB_KEY(struct lkb_board_layout, slot_size, LKB_T_SIZE,
		"each of the two slots, default and minimum", .flags = LKB_KEY_REQUIRED),
	LKB_KEY(struct lkb_board_layout, data_size, LKB_T_SIZE,
		"data partition, default and minimum", .flags = LKB_KEY_REQUIRED),
};

static const struct lkb_schema layout_schema =
	LKB_SCHEMA("layout", struct lkb_board_layout, layout_keys);

static const struct lkb_schema_key initrd_keys[] = {
	LKB_KEY(struct lkb_board_initrd, image, LKB_T_STRING, "image whose /init the initrd gets",
		.flags = REQUIRED),
	LKB_KEY(struct lkb_board_initrd, modules, LKB_T_STRLIST,
		"kernel modules the initrd loads before it mounts the root",
		.flags = LKB_KEY_NONEMPTY, .check = bad_word),
};

static const struct lkb_schema initrd_schema =
	LKB_SCHEMA("initrd", struct lkb_board_initrd, initrd_keys);

static const struct lkb_schema_key firmware_keys[] = {
	LKB_KEY(struct lkb_board_firmware, image, LKB_T_STRING,
		"image whose root holds the firmware", .flags = REQUIRED),
	LKB_KEY(struct lkb_board_firmware, files, LKB_T_STRLIST,
		"files of it that go to the boot partition", .flags = REQUIRED,
		.check = bad_file_name),
	LKB_KEY(struct lkb_board_firmware, u_boot_image, LKB_T_STRING, "image with u-boot.bin",
		.flags = REQUIRED),
	LKB_KEY(struct lkb_board_firmware, config_txt, LKB_T_STRLIST, "lines of config.txt"),
	LKB_KEY(struct lkb_board_firmware, device_trees, LKB_T_STRMAP,
		"device trees on the boot partition: name there, path in boot/dtb",
		.flags = LKB_KEY_REQUIRED, .check = bad_dtb),
};

static const struct lkb_schema firmware_schema =
	LKB_SCHEMA("firmware", struct lkb_board_firmware, firmware_keys);

static const struct lkb_schema_key netboot_keys[] = {
	LKB_KEY(struct lkb_board_netboot, plain_initrd, LKB_T_BOOL,
		"the initrd is served uncompressed"),
	LKB_KEY(struct lkb_board_netboot, plans, LKB_T_STRLIST,
		"a provider's names of such machines", .flags = LKB_KEY_NONEMPTY,
		.check = bad_word),
};

static const struct lkb_schema netboot_schema =
	LKB_SCHEMA("netboot", struct lkb_board_netboot, netboot_keys);

static const struct lkb_schema_key plug_keys[] = {
	LKB_KEY(struct lkb_board_plug, device, LKB_T_STRING, "value of -device",
		.flags = REQUIRED),
	LKB_KEY(struct lkb_board_plug, after, LKB_T_STRING,
		"text on the console after which it is plugged in", .flags = REQUIRED),
};

static const struct lkb_schema plug_schema =
	LKB_SCHEMA("net_plug", struct lkb_board_plug, plug_keys);

static const struct lkb_schema_key loader_keys[] = {
	LKB_KEY(struct lkb_board_loader, image, LKB_T_STRING, "image that holds the loader",
		.flags = REQUIRED),
	LKB_KEY(struct lkb_board_loader, file, LKB_T_STRING, "the loader in it", .flags = REQUIRED,
		.check = bad_path),
};

static const struct lkb_schema loader_schema =
	LKB_SCHEMA("netboot_loader", struct lkb_board_loader, loader_keys);

static const struct lkb_schema_key kvm_keys[] = {
	LKB_KEY(struct lkb_board_kvm, machine, LKB_T_STRING, "value of -machine",
		.flags = REQUIRED),
	LKB_KEY(struct lkb_board_kvm, args, LKB_T_STRLIST, "further arguments"),
};

static const struct lkb_schema kvm_schema = LKB_SCHEMA("kvm", struct lkb_board_kvm, kvm_keys);

static const struct lkb_schema_key efi_keys[] = {
	LKB_KEY(struct lkb_board_efi, code, LKB_T_STRING, "file with the firmware",
		.flags = REQUIRED),
	LKB_KEY(struct lkb_board_efi, vars, LKB_T_STRING, "file with its empty variable store",
		.flags = REQUIRED),
	LKB_KEY(struct lkb_board_efi, package, LKB_T_STRING, "Debian package of both",
		.flags = REQUIRED),
};

static const struct lkb_schema efi_schema = LKB_SCHEMA("efi", struct lkb_board_efi, efi_keys);

static const struct lkb_schema_key qemu_keys[] = {
	LKB_KEY(struct lkb_board_qemu, program, LKB_T_STRING, "the emulator", .flags = REQUIRED),
	LKB_KEY(struct lkb_board_qemu, package, LKB_T_STRING, "Debian package of it",
		.flags = REQUIRED),
	LKB_KEY(struct lkb_board_qemu, machine, LKB_T_STRING, "value of -machine",
		.flags = REQUIRED),
	LKB_KEY(struct lkb_board_qemu, accel, LKB_T_STRING, "value of -accel",
		.flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_board_qemu, args, LKB_T_STRLIST, "further arguments"),
	LKB_KEY(struct lkb_board_qemu, disk, LKB_T_STRING, "interface of the disk",
		.choices = disks),
	LKB_KEY(struct lkb_board_qemu, card_power_of_two, LKB_T_BOOL,
		"the emulated card's size must be a power of two"),
	LKB_KEY(struct lkb_board_qemu, console, LKB_T_INT,
		"number of the serial port that is the console, from 0", .min = 0, .max = 3),
	LKB_KEY(struct lkb_board_qemu, bios, LKB_T_BOOL,
		"without other firmware it has a BIOS, which boots from its disk"),
	LKB_KEY(struct lkb_board_qemu, efi, LKB_T_OBJECT,
		"UEFI firmware, for disks that it boots from", .object = &efi_schema),
	LKB_KEY(struct lkb_board_qemu, net_args, LKB_T_STRLIST,
		"arguments with --net; %HOSTFWD% takes the port forwards"),
	LKB_KEY(struct lkb_board_qemu, net_plug, LKB_T_OBJECT,
		"with --net: a device that is plugged in while QEMU runs",
		.object = &plug_schema),
	LKB_KEY(struct lkb_board_qemu, netboot_args, LKB_T_STRLIST,
		"arguments for a boot from the network; %BOOT% takes what is served"),
	LKB_KEY(struct lkb_board_qemu, netboot_loader, LKB_T_OBJECT,
		"what UEFI loads from a network", .object = &loader_schema),
	LKB_KEY(struct lkb_board_qemu, kvm, LKB_T_OBJECT,
		"what is other with --kvm; without it the board is emulated only",
		.object = &kvm_schema),
};

static const struct lkb_schema qemu_schema =
	LKB_SCHEMA("qemu", struct lkb_board_qemu, qemu_keys);

static const struct lkb_schema_key board_keys[] = {
	LKB_KEY(struct lkb_board, family, LKB_T_STRING, "how the board boots",
		.flags = LKB_KEY_REQUIRED, .choices = families),
	LKB_KEY(struct lkb_board, description, LKB_T_STRING, "one line for people",
		.flags = REQUIRED),
	LKB_KEY(struct lkb_board, arch, LKB_T_STRING, "architecture, by its OCI name",
		.flags = LKB_KEY_REQUIRED, .choices = arches),
	LKB_KEY(struct lkb_board, root, LKB_T_STRING, "default root mode",
		.flags = LKB_KEY_REQUIRED, .choices = roots),
	LKB_KEY(struct lkb_board, formats, LKB_T_STRLIST,
		"what the board can be built as; the first is the default", .flags = REQUIRED,
		.choices = formats),
	LKB_KEY(struct lkb_board, consoles, LKB_T_STRLIST,
		"consoles on the command line, unless the spec names one",
		.flags = LKB_KEY_NONEMPTY, .check = bad_word),
	LKB_KEY(struct lkb_board, cmdline, LKB_T_STRLIST, "further words of the command line",
		.flags = LKB_KEY_NONEMPTY, .check = bad_word),
	LKB_KEY(struct lkb_board, dtbs, LKB_T_STRLIST,
		"device trees of the kernel image that the slot keeps: paths in boot/dtb",
		.flags = LKB_KEY_NONEMPTY, .check = bad_dtb),
	LKB_KEY(struct lkb_board, ucode, LKB_T_STRING,
		"file of the kernel image with microcode, unless the spec names one",
		.flags = LKB_KEY_NONEMPTY, .check = bad_path),
	LKB_KEY(struct lkb_board, memory, LKB_T_SIZE, "RAM", .flags = LKB_KEY_REQUIRED),
	LKB_KEY(struct lkb_board, layout, LKB_T_OBJECT, "partitions of the card",
		.object = &layout_schema),
	LKB_KEY(struct lkb_board, initrd, LKB_T_OBJECT, "initrd of a root on disk",
		.object = &initrd_schema),
	LKB_KEY(struct lkb_board, firmware, LKB_T_OBJECT, "what the board's firmware reads",
		.object = &firmware_schema),
	LKB_KEY(struct lkb_board, netboot, LKB_T_OBJECT, "how it boots from the network",
		.object = &netboot_schema),
	LKB_KEY(struct lkb_board, qemu, LKB_T_OBJECT, "how QEMU emulates the board",
		.flags = LKB_KEY_REQUIRED, .object = &qemu_schema),
};

static const struct lkb_schema board_schema = LKB_SCHEMA("board", struct lkb_board, board_keys);

const struct lkb_schema *lkb_board_schema(void)
{
	return &board_schema;
}
