/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/size.h"
#include "plan/json_priv.h"

static void add_step(struct lkb_str *out, const char *name, const char *what, uint64_t cost)
{
	lkb_str_addf(out, "  %-14s %s", name, what);
	if (cost)
		lkb_str_addf(out, " (%s)", lkb_size_text(cost).s);
	lkb_str_addc(out, '\n');
}

static void add_steps(const struct lkb_plan *p, struct lkb_str *out)
{
	const struct lkb_format *f = p->format;
	size_t i;

	lkb_str_add(out, "\nsteps\n");
	for (i = 0; i < f->n_steps; i++)
		add_step(out, f->steps[i].name, f->steps[i].what,
			 f->steps[i].cost ? f->steps[i].cost(p) : 0);
	add_step(out, "write", f->write_what, f->write_cost(p));
}

static uint64_t stored_size(const struct lkb_image *im)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < im->n_layers; i++)
		sum += im->layers[i].size;
	return sum;
}

static void describe_image(const struct lkb_plan *p, const struct lkb_image *im,
			   struct lkb_str *out)
{
	const char *input = lkb_image_input(im);

	lkb_str_addf(out, "  image  sha256:%.12s  %s (%s, %s%s%s%s)\n",
		     lkb_sha256_text(&im->manifest).s, im->ref, im->platform.arch,
		     lkb_size_text(stored_size(im)).s, input ? ", from " : "", input ? input : "",
		     lkb_plan_is_pinned(p, im) ? ", pinned" : "");
	lkb_asks_describe(im, out);
}

static void add_inputs(const struct lkb_plan *p, struct lkb_str *out)
{
	const struct lkb_spec *spec = p->in->spec;
	size_t i;

	lkb_str_add(out, "\ninputs\n");
	for (i = 0; i < spec->files_read.n; i++)
		lkb_str_addf(out, "  spec   sha256:%.12s  %s\n",
			     lkb_sha256_text(&spec->digests[i]).s, spec->files_read.items[i]);
	if (lkb_plan_lock_path(p))
		lkb_str_addf(out, "  lock   %-19s  %s\n",
			     p->unpinned.n ? "does not pin all" : "pins all",
			     lkb_plan_lock_path(p));
	for (i = 0; i < p->images.n; i++)
		describe_image(p, p->images.items[i], out);
	for (i = 0; i < p->missing.n; i++)
		lkb_str_addf(out, "  image  not in the store     %s: `lkboard build` makes it from "
				  "its package\n", p->missing.items[i]);
}

static void add_tree(const struct lkb_plan *p, struct lkb_str *out)
{
	struct lkb_tree_stats s;
	size_t i;

	if (!p->rootfs.root)
		return;
	s = lkb_tree_stats(lkb_tree_root(p->rootfs.root));
	lkb_str_addf(out, "\nroot (%s)\n  %llu files, %llu directories, %llu symbolic links, %s\n",
		     p->format->root_mode, (unsigned long long)s.files, (unsigned long long)s.dirs,
		     (unsigned long long)s.symlinks, lkb_size_text(s.bytes).s);
	if (p->initrd.len)
		lkb_str_addf(out, "  initrd %s", lkb_size_text(p->initrd.len).s);
	if (p->initrd_modules.n)
		lkb_str_addf(out, ", %zu modules:", p->initrd_modules.n);
	for (i = 0; i < p->initrd_modules.n; i++) {
		lkb_autofree char *stem = lkb_path_stem(p->initrd_modules.items[i]);

		lkb_str_addf(out, " %s", stem);
	}
	if (p->initrd.len)
		lkb_str_addc(out, '\n');
}

static void add_partitions(const struct lkb_plan *p, struct lkb_str *out)
{
	size_t i;

	if (!p->disk.size)
		return;
	lkb_str_addf(out, "\ncard: %s, disk signature %08x\n"
			  "  nr       offset         size  type  file system\n",
		     lkb_size_text(p->disk.size).s, lkb_disk_signature(&p->disk));
	for (i = 0; i < p->disk.n_raws; i++)
		lkb_str_addf(out, "   - %12llu %12zu        %s\n",
			     (unsigned long long)p->disk.raws[i].off, p->disk.raws[i].len,
			     p->disk.raws[i].name);
	for (i = 0; i < p->disk.n_parts; i++) {
		const struct lkb_part *part = &p->disk.parts[i];

		lkb_str_addf(out, "  p%zu %12llu %12llu  0x%02x  %s", i + 1,
			     (unsigned long long)part->off, (unsigned long long)part->size,
			     part->mbr_type, part->name);
		if (part->fs_size)
			lkb_str_addf(out, ": %s, %s", lkb_fs_name(part->fs),
				     lkb_size_text(part->fs_size).s);
		lkb_str_addc(out, '\n');
	}
}

void lkb_plan_describe(const struct lkb_plan *p, struct lkb_str *out)
{
	lkb_str_addf(out, "%s for board %s (%s, %s), format %s\n", p->in->name, p->in->board->name,
		     p->in->board->arch, p->in->board->description, p->format->name);
	add_inputs(p, out);
	add_tree(p, out);
	add_partitions(p, out);
	add_steps(p, out);
}

static json_t *steps_json(const struct lkb_plan *p)
{
	const struct lkb_format *f = p->format;
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < f->n_steps; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:I}", "name", f->steps[i].name, "what",
					f->steps[i].what, "bytes",
					(json_int_t)(f->steps[i].cost ? f->steps[i].cost(p) : 0)));
	json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "name", "write", "what",
					      f->write_what, "bytes",
					      (json_int_t)f->write_cost(p)));
	return list;
}

static json_t *strings_json(const struct lkb_strv *v)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < v->n; i++)
		json_array_append_new(list, json_string(v->items[i]));
	return list;
}

static json_t *lock_json(const struct lkb_plan *p)
{
	const char *path = lkb_plan_lock_path(p);

	return path ? json_pack("{s:o, s:o}", "file", lkb_json_base_name(path), "unpinned",
				strings_json(&p->unpinned))
		    : json_null();
}

int lkb_plan_describe_json(const struct lkb_plan *p, struct lkb_str *out, struct lkb_error *err)
{
	json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, "
				 "s:o}",
				 "name", p->in->name, "board", p->in->board->name, "format",
				 p->format->name, "root", p->format->root_mode, "epoch",
				 (json_int_t)p->epoch, "size", (json_int_t)p->disk.size, "specs",
				 lkb_json_specs(p), "lock", lock_json(p), "images",
				 lkb_asks_json(p), "missing",
				 strings_json(&p->missing), "modules",
				 strings_json(&p->initrd_modules), "partitions",
				 lkb_json_partitions(p), "steps", steps_json(p));
	char *text;

	if (!root)
		return lkb_fail(err, LKB_BUG, "the plan could not be printed");
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	lkb_str_addf(out, "%s\n", text);
	free(text);
	return 0;
}
