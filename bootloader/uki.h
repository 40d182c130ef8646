/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BOOTLOADER_UKI_H
#define LKB_BOOTLOADER_UKI_H

#include "base/error.h"
#include "rootfs/tree/blob.h"

/*
 * Unified kernel images: systemd's EFI stub with the kernel, its initrd and its command line as
 * further sections of the same EFI program (systemd-stub(7)). The firmware loads all of it, the
 * stub starts the kernel with it. No configuration, no other file.
 */
struct lkb_uki_in {
	const char *arch;              /* "amd64", "arm64" */
	struct lkb_data stub;          /* linuxx64.efi.stub, linuxaa64.efi.stub */
	struct lkb_data kernel;        /* lkb_uki_check_kernel() was content with it */
	const struct lkb_data *initrd; /* in pieces, one behind the other */
	size_t n_initrd;
	const char *cmdline;           /* "" = none */
	const char *osrel;             /* as in /etc/os-release */
};

/* The sections' order is that of their addresses: .osrel .cmdline .initrd .linux, each at a
 * multiple of 4 KiB behind what the stub has itself. *ret reads kernel and initrd where they are.
 * LKB_INPUT if the stub cannot be what it should be, or all together has 4 GiB or more. */
int lkb_uki_make(const struct lkb_uki_in *in, struct lkb_blob **ret, struct lkb_error *err);

/* LKB_INPUT, with a hint, for a kernel that the firmware of such a machine cannot start. */
int lkb_uki_check_kernel(const char *arch, const struct lkb_data *kernel, struct lkb_error *err);

/* Where the firmware looks for it on a disk that it knows nothing else of:
 * "EFI/BOOT/BOOTX64.EFI". */
const char *lkb_uki_path(const char *arch);

#endif
