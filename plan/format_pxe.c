/* SPDX-License-Identifier: Apache-2.0 */
/* pxe: a directory for a web server, from which iPXE boots: kernel, initrd, command line, script.
 * One script does for all machines of a board: they have the same consoles, or they would be two
 * boards. */
#include <string.h>

#include "base/alloc.h"
#include "base/ext/compress.h"
#include "base/size.h"
#include "bootloader/ipxe.h"
#include "plan/plan_priv.h"

#define PLAIN_MAX (8 * (uint64_t)LKB_GIB)
#define COPY_SIZE ((size_t)256 * 1024)

/* In product->boot. */
#define CMDLINE "cmdline"
#define SCRIPT "script"

static int check_url(const struct lkb_plan *p, struct lkb_error *err)
{
	return p->in->base_url ? lkb_ipxe_check_url(p->in->base_url, err) : 0;
}

static int add_text(struct lkb_product *m, const char *name, const char *text,
		    struct lkb_error *err)
{
	const struct lkb_meta meta = {.mode = 0644, .mtime = m->plan->epoch};

	return lkb_tree_add_text(m->boot, name, &meta, text, strlen(text), err);
}

static int make_script(struct lkb_product *m, struct lkb_error *err)
{
	const struct lkb_plan_in *in = m->plan->in;
	const struct lkb_pos *pos = &in->spec->kernel.pos;
	lkb_autofree char *cmdline = NULL, *script = NULL;
	struct lkb_ipxe_in ipxe = {
		.board = in->board->name, .base_url = in->base_url, .kernel = "kernel",
		.initrd = "initrd",
	};

	if (lkb_ipxe_cmdline(in->board, m->plan->rootfs.cmdline, &cmdline, err))
		return lkb_at(err, pos->file ? pos->file : "", pos->line, pos->column);
	ipxe.cmdline = cmdline;
	m->boot = lkb_tree_new();
	if (lkb_ipxe_script(&ipxe, &script, err) || add_text(m, CMDLINE, cmdline, err))
		return -1;
	return add_text(m, SCRIPT, script, err);
}

static const struct lkb_step steps[] = {
	LKB_STEPS_ROOT,
	LKB_STEP("initrd", "pack the root into an initrd", NULL, lkb_cost_root,
		 lkb_step_initrd_ram),
	LKB_STEP("kernel", "check the kernel", NULL, NULL, lkb_step_kernel_efi),
	LKB_STEP_OWN("script", "write the iPXE script", check_url, NULL, make_script),
};

static int pass(void *sink, const void *p, size_t n, struct lkb_error *err)
{
	return lkb_inflate_feed(sink, p, n, err);
}

static int feed(const struct lkb_data *d, lkb_sink_fn *sink, void *ctx, struct lkb_error *err)
{
	lkb_autofree char *buf = lkb_alloc(COPY_SIZE);

	for (uint64_t off = 0; off < d->len;) {
		size_t n = d->len - off < COPY_SIZE ? (size_t)(d->len - off) : COPY_SIZE;

		if (lkb_data_read(d, off, buf, n, err) || sink(ctx, buf, n, err))
			return -1;
		off += n;
	}
	return 0;
}

static int unpack(const struct lkb_data *d, lkb_sink_fn *sink, void *ctx, struct lkb_error *err)
{
	lkb_auto(lkb_inflate) z = NULL;
	uint8_t magic[6] = {0};

	if (lkb_data_read(d, 0, magic, d->len < sizeof(magic) ? (size_t)d->len : sizeof(magic),
			  err))
		return -1;
	if (lkb_compression_of(magic, sizeof(magic)) == LKB_PLAIN)
		return feed(d, sink, ctx, err);
	z = lkb_inflate_new(lkb_compression_of(magic, sizeof(magic)), PLAIN_MAX, sink, ctx);
	return feed(d, pass, z, err) ? -1 : lkb_inflate_end(z, err);
}

/* Archives of whole 512 bytes, one behind the other: the kernel takes them like that too. */
static int make_plain(void *ctx, lkb_sink_fn *sink, void *sink_ctx, struct lkb_error *err)
{
	const struct lkb_plan *p = ctx;

	for (size_t i = 0; i < p->n_segments; i++)
		if (unpack(&p->segments[i], sink, sink_ctx, err))
			return -1;
	return 0;
}

static int write_initrd(struct lkb_plan *p, struct lkb_output *o, struct lkb_error *err)
{
	static const char suffix[] = "-pxe/initrd";

	if (p->in->board->netboot.plain_initrd == LKB_YES)
		return lkb_output_stream(o, suffix, make_plain, p, err);
	return lkb_output_pieces(o, suffix, p->segments, p->n_segments, err);
}

static const struct lkb_data *file(const struct lkb_product *m, const char *name)
{
	return &lkb_tree_lookup(m->boot, name, true)->data;
}

static int write_files(struct lkb_product *m, struct lkb_output *o, struct lkb_error *err)
{
	if (lkb_output_data(o, "-pxe/kernel", &m->plan->kernel, err) ||
	    write_initrd(m->plan, o, err) || lkb_hold_initrd(m, o, err) ||
	    lkb_output_data(o, "-pxe/cmdline", file(m, CMDLINE), err))
		return -1;
	return lkb_output_data(o, "-pxe/%.ipxe", file(m, SCRIPT), err);
}

const struct lkb_format lkb_format_pxe = {
	.name = "pxe",
	.root_mode = "ram",
	.suffixes = (const char *const[]){"-pxe/kernel", "-pxe/initrd", "-pxe/cmdline",
					  "-pxe/%.ipxe", NULL},
	.steps = steps,
	.n_steps = LKB_ARRAY_SIZE(steps),
	.write = write_files,
	.write_what = "write the directory for a network boot",
	.write_cost = lkb_cost_root,
};
