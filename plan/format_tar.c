/* SPDX-License-Identifier: Apache-2.0 */
/* tar, docker: the root and what is started, as an archive of files. */
#include <string.h>

#include "base/alloc.h"
#include "plan/plan_priv.h"

static void make_way(struct lkb_product *m, const char *path)
{
	if (lkb_tree_lookup(m->data, path, false))
		lkb_say_replaced(m, path);
}

static int add_file(struct lkb_product *m, const char *path, const struct lkb_data *data,
		    struct lkb_error *err)
{
	const struct lkb_meta meta = {.mode = 0644, .mtime = m->plan->epoch};

	if (!data->blob)
		return 0;
	make_way(m, path);
	return lkb_tree_add_file(m->data, path, &meta, data, NULL, err);
}

static int add_text(struct lkb_product *m, const char *path, const char *text,
		    struct lkb_error *err)
{
	const struct lkb_meta meta = {.mode = 0644, .mtime = m->plan->epoch};

	if (!*text)
		return 0;
	make_way(m, path);
	return lkb_tree_add_text(m->data, path, &meta, text, strlen(text), err);
}

/* LinuxKit's names: boot/kernel, boot/cmdline, boot/ucode.cpio; device trees as the kernel has
 * them. */
static int add_boot(struct lkb_product *m, struct lkb_error *err)
{
	struct lkb_plan *p = m->plan;
	const struct lkb_meta dir = {.mode = 0755, .mtime = p->epoch};

	m->data = lkb_tree_new();
	return lkb_tree_graft(m->data, "boot", lkb_tree_root(p->rootfs.boot), err) ||
	       lkb_tree_add_dir(m->data, "boot", &dir, NULL, err) ||
	       add_file(m, "boot/kernel", &p->rootfs.kernel, err) ||
	       add_file(m, "boot/ucode.cpio", &p->rootfs.ucode, err) ||
	       add_text(m, "boot/cmdline", p->rootfs.cmdline, err) ? -1 : 0;
}

int lkb_step_boot_files(struct lkb_product *m, struct lkb_error *err)
{
	return add_boot(m, err) || lkb_join_root(m, &m->boot, err) ? -1 : 0;
}

void lkb_hold_boot_files(const struct lkb_product *m, struct lkb_output *o)
{
	lkb_output_holds(o, "root", lkb_tree_root(m->plan->rootfs.root), 0);
	lkb_output_holds(o, "boot", lkb_tree_root(m->data), 0);
}

const char *lkb_entrypoint(const struct lkb_plan *p)
{
	return lkb_tree_lookup(p->rootfs.root, "bin/rc.init", true) ? "/bin/rc.init" : "/sbin/init";
}

static const struct lkb_step tar_steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP_OWN("boot", "put kernel and command line beside the root", NULL, NULL,
		     lkb_step_boot_files),
};

static int write_tar(struct lkb_product *m, const char *suffix, struct lkb_output *o,
		     struct lkb_error *err)
{
	if (lkb_output_tar(o, suffix, m->boot, err))
		return -1;
	lkb_hold_boot_files(m, o);
	return 0;
}

static int write_plain(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	return write_tar(m, ".tar", o, err);
}

const struct lkb_format lkb_format_tar = {
	.name = "tar",
	.root_mode = "ram",
	.suffixes = (const char *const[]){".tar", NULL},
	.steps = tar_steps,
	.n_steps = LKB_ARRAY_SIZE(tar_steps),
	.write = write_plain,
	.write_what = "write root, kernel and command line as an archive",
	.write_cost = lkb_cost_root,
};

/* What `docker build -` makes an image of. */
static int add_dockerfile(struct lkb_product *m, struct lkb_error *err)
{
	lkb_autofree char *text = lkb_format("FROM scratch\nCOPY . ./\nENTRYPOINT [\"%s\"]\n",
					     lkb_entrypoint(m->plan));

	return add_boot(m, err) || add_text(m, "Dockerfile", text, err) ||
	       lkb_join_root(m, &m->boot, err) ? -1 : 0;
}

static const struct lkb_step docker_steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP_OWN("boot", "put a Dockerfile and the kernel beside the root", NULL, NULL,
		     add_dockerfile),
};

static int write_docker(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	return write_tar(m, ".docker", o, err);
}

const struct lkb_format lkb_format_docker = {
	.name = "docker",
	.root_mode = "ram",
	.suffixes = (const char *const[]){".docker", NULL},
	.steps = docker_steps,
	.n_steps = LKB_ARRAY_SIZE(docker_steps),
	.write = write_docker,
	.write_what = "write what `docker build -` takes",
	.write_cost = lkb_cost_root,
};
