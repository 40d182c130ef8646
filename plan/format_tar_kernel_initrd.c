/* SPDX-License-Identifier: Apache-2.0 */
/* tar-kernel-initrd: the files of kernel+initrd in one archive. */
#include <string.h>

#include "base/alloc.h"
#include "plan/plan_priv.h"

static const struct lkb_step steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP("initrd", "pack the root into an initrd", NULL, lkb_cost_root,
		 lkb_step_initrd_ram),
};

static int add_file(struct lkb_product *m, const char *name, const struct lkb_data *data,
		    struct lkb_error *err)
{
	const struct lkb_meta meta = {.mode = 0644, .mtime = m->plan->epoch};

	return lkb_tree_add_file(m->boot, name, &meta, data, NULL, err);
}

/* LinuxKit's names; microcode is a file of its own there, and before the rest of the initrd
 * here. */
static int fill(struct lkb_product *m, struct lkb_error *err)
{
	struct lkb_plan *p = m->plan;
	lkb_auto(lkb_blob) initrd = lkb_blob_new_chain(p->segments, p->n_segments);
	const struct lkb_data whole = {initrd, 0, lkb_blob_size(initrd)};
	const struct lkb_meta meta = {.mode = 0644, .mtime = p->epoch};
	const struct lkb_meta dir = {.mode = 0755, .mtime = p->epoch};

	m->boot = lkb_tree_new();
	if (lkb_tree_add_dir(m->boot, "", &dir, NULL, err) ||
	    add_file(m, "kernel", &p->rootfs.kernel, err) ||
	    add_file(m, "initrd.img", &whole, err))
		return -1;
	return lkb_tree_add_text(m->boot, "cmdline", &meta, p->rootfs.cmdline,
				 strlen(p->rootfs.cmdline), err);
}

static int write_files(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	if (fill(m, err) || lkb_output_tar(o, "-initrd.tar", m->boot, err))
		return -1;
	lkb_output_holds(o, "root", lkb_tree_root(m->plan->rootfs.root), 0);
	return 0;
}

const struct lkb_format lkb_format_tar_kernel_initrd = {
	.name = "tar-kernel-initrd",
	.root_mode = "ram",
	.suffixes = (const char *const[]){"-initrd.tar", NULL},
	.steps = steps,
	.n_steps = LKB_ARRAY_SIZE(steps),
	.write = write_files,
	.write_what = "write kernel, initrd and command line as an archive",
	.write_cost = lkb_cost_root,
};
