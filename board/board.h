/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOARD_BOARD_H
#define LKB_BOARD_BOARD_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/ext/schema.h"
#include "base/str.h"

/* A board profile: configs/boards/NAME.yml as a struct. lkboard-board(5) documents each key. A
 * profile that was read is complete for its family: what its boot method needs is there. */

struct lkb_board_layout {
	struct lkb_pos pos;
	struct lkb_opt_int erase_unit; /* bytes: alignment of everything; 4 MiB */
	struct lkb_opt_int boot_size, slot_size, data_size; /* bytes: defaults and minimums */
};

struct lkb_board_initrd {
	struct lkb_pos pos;
	const char *image;           /* image with /init */
	struct lkb_strlist modules;  /* loaded in the initrd, before the root can be mounted; their
				      * dependencies are found in modules.dep */
};

struct lkb_board_firmware {
	struct lkb_pos pos;
	const char *image;          /* image whose root holds the firmware files */
	struct lkb_strlist files;   /* the ones that go to the boot partition */
	const char *u_boot_image;   /* image with u-boot.bin */
	struct lkb_strlist config_txt; /* lines of config.txt */
	/* Device trees on the boot partition: the firmware's name -> path in boot/dtb */
	struct lkb_strmap device_trees;
};

/* How the board boots from the network: format "pxe". */
struct lkb_board_netboot {
	struct lkb_pos pos;
	enum lkb_tristate plain_initrd; /* the initrd is served uncompressed */
	struct lkb_strlist plans; /* a provider's names of such machines: "c3.large.arm64" */
};

/* A device that QEMU gets while it runs; all NULL = none. */
struct lkb_board_plug {
	struct lkb_pos pos;
	const char *device; /* "usb-net,netdev=net0" */
	const char *after;  /* plugged in when the console has said this */
};

/* What UEFI loads from a network: iPXE, which finds the script beside itself; all NULL = none, the
 * network card's boot ROM takes the script. */
struct lkb_board_loader {
	struct lkb_pos pos;
	const char *image; /* "localhost/ipxe:trixie" */
	const char *file;  /* in it: "ipxe-arm64.efi" */
};

/* What is other with KVM; all NULL = the board is emulated only. */
struct lkb_board_kvm {
	struct lkb_pos pos;
	const char *machine;     /* in place of qemu.machine */
	struct lkb_strlist args; /* in place of qemu.args */
};

/* UEFI firmware of the emulator, in two flash chips; all NULL = none. */
struct lkb_board_efi {
	struct lkb_pos pos;
	const char *code;    /* "/usr/share/OVMF/OVMF_CODE_4M.fd" */
	const char *vars;    /* its empty variable store, which a run gets a copy of */
	const char *package; /* Debian package of both */
};

struct lkb_board_qemu {
	struct lkb_pos pos;
	const char *program;        /* "qemu-system-aarch64" */
	const char *package;        /* Debian package of it */
	const char *machine;        /* "raspi3b" */
	const char *accel;          /* "tcg,thread=single"; NULL = QEMU's default */
	struct lkb_strlist args;    /* further arguments */
	const char *disk;           /* interface of the disk, -drive if=: "sd"; NULL = none */
	enum lkb_tristate card_power_of_two; /* the emulated card wants such a size */
	enum lkb_tristate bios;     /* what it has without other firmware boots from the disk */
	struct lkb_board_efi efi;   /* what boots from a disk with an EFI system partition */
	struct lkb_opt_int console; /* number of the serial port that is the console, from 0 */
	struct lkb_strlist net_args; /* with --net; "%HOSTFWD%" takes the port forwards */
	struct lkb_board_plug net_plug; /* with --net */
	struct lkb_strlist netboot_args; /* for a boot from the network, in place of net_args;
					  * "%BOOT%" takes what is served */
	struct lkb_board_loader netboot_loader;
	struct lkb_board_kvm kvm;
};

struct lkb_board {
	struct lkb_arena arena;
	struct lkb_pos pos;
	const char *path;         /* file it was read from */
	const char *name;         /* "rpi3": the file's name without .yml */
	const char *family;       /* "rpi-u-boot", "direct": who starts the kernel */
	const char *description;
	const char *arch;         /* OCI architecture: "arm64" */
	const char *root;         /* default root mode: "disk" or "ram" */
	struct lkb_strlist formats; /* what it can be built as; the first is the default */
	struct lkb_strlist consoles; /* "ttyS1,115200", unless the spec's cmdline names one */
	struct lkb_strlist cmdline;  /* further words: "panic=10" */
	struct lkb_strlist dtbs;     /* device trees of the kernel image's boot/dtb that the slot
				      * keeps: "broadcom/bcm2837-rpi-3-b.dtb" */
	const char *ucode;           /* file of the kernel image that goes before an initrd,
				      * unless the spec names another or none; NULL = none */
	struct lkb_opt_int memory;   /* bytes of RAM */
	struct lkb_board_layout layout;
	struct lkb_board_initrd initrd;
	struct lkb_board_firmware firmware;
	struct lkb_board_netboot netboot;
	struct lkb_board_qemu qemu;
};

/* Reads one profile. */
int lkb_board_read(const char *path, struct lkb_board **ret, struct lkb_diags *diags,
		   struct lkb_error *err);
void lkb_board_free(struct lkb_board *b);
LKB_DEFINE_AUTO(lkb_board, lkb_board_free)

/* Finds NAME in `configs_dir`/boards; an unknown name is LKB_USAGE with the list and "did you
 * mean". */
int lkb_board_find(const char *configs_dir, const char *name, struct lkb_board **ret,
		   struct lkb_diags *diags, struct lkb_error *err);
/* Names of all profiles, sorted. */
int lkb_board_names(const char *configs_dir, struct lkb_strv *ret, struct lkb_error *err);

const struct lkb_schema *lkb_board_schema(void);

/* True for a word that boot scripts and command lines take as it is: letters, digits and any of
 * ".,_=:/@%+-". */
bool lkb_board_word_ok(const char *word);

#endif
