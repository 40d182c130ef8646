/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws, gcp, qcow2-bios, qcow2-efi, vhd, dynamic-vhd, vmdk: the disk of raw-bios or raw-efi as
 * clouds and hypervisors want it.
 */
#include "base/alloc.h"
#include "image/formats/vdisk.h"
#include "plan/plan_priv.h"

static int write_vdisk(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	struct lkb_vdisk_file file;
	int fd;

	if (lkb_output_open(o, m->format->suffixes[0], &fd, err) ||
	    lkb_vdisk_write_disk(lkb_vdisk_find(m->format->vdisk), &m->disk, fd,
				 lkb_output_path(o), m->plan->in->ui, &file, err))
		return -1;
	lkb_output_done(o, file.size, "sha256", &file.digest);
	return lkb_hold_disk(m, o, err);
}

static int write_aws(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	return lkb_write_disk(m, "", ".raw", o, err);
}

#define FORMAT(name_, of_, suffix, vdisk_) \
	{ \
		.name = name_, .root_mode = "ram", .of = of_, .vdisk = vdisk_, \
		.suffixes = (const char *const[]){suffix, NULL}, .write = write_vdisk, \
		.write_what = "write the disk and put it into its container", \
		.write_cost = lkb_cost_root, \
	}

const struct lkb_format lkb_format_qcow2_bios =
	FORMAT("qcow2-bios", &lkb_format_raw_bios, ".qcow2", "qcow2");
const struct lkb_format lkb_format_qcow2_efi =
	FORMAT("qcow2-efi", &lkb_format_raw_efi, "-efi.qcow2", "qcow2");
const struct lkb_format lkb_format_vhd = FORMAT("vhd", &lkb_format_raw_bios, ".vhd", "vhd");
const struct lkb_format lkb_format_dynamic_vhd =
	FORMAT("dynamic-vhd", &lkb_format_raw_bios, ".vhd", "dynamic-vhd");
const struct lkb_format lkb_format_vmdk = FORMAT("vmdk", &lkb_format_raw_bios, ".vmdk", "vmdk");
const struct lkb_format lkb_format_gcp =
	FORMAT("gcp", &lkb_format_raw_bios, ".img.tar.gz", "gcp");

const struct lkb_format lkb_format_aws = {
	.name = "aws",
	.root_mode = "ram",
	.of = &lkb_format_raw_bios,
	.suffixes = (const char *const[]){".raw", ".map", ".bmap", NULL},
	.write = write_aws,
	.write_what = "write the disk image, its map and bmap",
	.write_cost = lkb_cost_root,
};
