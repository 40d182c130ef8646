/* SPDX-License-Identifier: Apache-2.0 */
/* oci: the root and what is started as an image of one layer, in an OCI archive. */
#include <string.h>

#include "base/alloc.h"
#include "plan/plan_priv.h"
#include "rootfs/oci/export.h"
#include "rootfs/oci/ref.h"

static char *ref_of(const struct lkb_plan *p)
{
	return lkb_format("%s:latest", p->in->name);
}

/* The artifacts' name is the image's. */
static int check_name(const struct lkb_plan *p, struct lkb_error *err)
{
	lkb_autofree char *ref = ref_of(p);
	lkb_autoref parsed = {0};

	if (!lkb_ref_parse(ref, &parsed, NULL) && !parsed.digest && !strcmp(parsed.tag, "latest"))
		return 0;
	lkb_fail(err, LKB_USAGE, "'%s' cannot be the name of an image", p->in->name);
	return lkb_hint(err, "give another with --name: lower-case letters and digits, with '.', "
			     "'_' or '-' between them");
}

static const struct lkb_step steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP_OWN("boot", "put kernel and command line beside the root", check_name, NULL,
		     lkb_step_boot_files),
};

static int write_archive(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	const struct lkb_plan *p = m->plan;
	lkb_autofree char *ref = ref_of(p);
	lkb_autostrv entrypoint = {0};
	struct lkb_image_new new = {.ref = ref, .created = p->epoch, .entrypoint = &entrypoint};
	lkb_auto(lkb_tree) files = NULL;

	lkb_strv_add(&entrypoint, lkb_entrypoint(p));
	if (!lkb_platform_set(&new.platform, p->in->board->arch, NULL))
		return lkb_fail(err, LKB_BUG, "board of the architecture '%s'", p->in->board->arch);
	if (lkb_export_new(p->in->store, &new, lkb_tree_root(m->boot), &files, err) ||
	    lkb_output_tar(o, ".oci.tar", files, err))
		return -1;
	lkb_hold_boot_files(m, o);
	return 0;
}

const struct lkb_format lkb_format_oci = {
	.name = "oci",
	.root_mode = "ram",
	.suffixes = (const char *const[]){".oci.tar", NULL},
	.steps = steps,
	.n_steps = LKB_ARRAY_SIZE(steps),
	.write = write_archive,
	.write_what = "write root, kernel and command line as an OCI image",
	.write_cost = lkb_cost_root,
};
