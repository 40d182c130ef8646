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
	size_t i;

	lkb_str_add(out, "\nsteps\n");
	for (i = 0; i < p->n_todo; i++) {
		const struct lkb_step *step = p->todo[i].step;

		add_step(out, step->name, step->what, step->cost ? step->cost(p) : 0);
	}
	for (i = 0; i < p->n_products; i++) {
		const struct lkb_format *f = p->products[i].format;

		add_step(out, "write", f->write_what, f->write_cost(p));
	}
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
		lkb_str_addf(out, "  image  not in the store     %s: `lkboard build` %s\n",
			     p->missing.items[i], lkb_strv_has(&p->remote, p->missing.items[i]) ?
			     "fetches it" : "makes it from its package");
}

static void add_tree(const struct lkb_plan *p, struct lkb_str *out)
{
	uint64_t initrd = lkb_plan_initrd_size(p);
	struct lkb_tree_stats s;
	size_t i;

	if (!p->rootfs.root)
		return;
	s = lkb_tree_stats(lkb_tree_root(p->rootfs.root));
	lkb_str_addf(out, "\nroot (%s)\n  %llu files, %llu directories, %llu symbolic links, %s\n",
		     p->products[0].format->root_mode, (unsigned long long)s.files,
		     (unsigned long long)s.dirs,
		     (unsigned long long)s.symlinks, lkb_size_text(s.bytes).s);
	if (initrd)
		lkb_str_addf(out, "  initrd %s", lkb_size_text(initrd).s);
	if (p->initrd_modules.n)
		lkb_str_addf(out, ", %zu modules:", p->initrd_modules.n);
	for (i = 0; i < p->initrd_modules.n; i++) {
		lkb_autofree char *stem = lkb_path_stem(p->initrd_modules.items[i]);

		lkb_str_addf(out, " %s", stem);
	}
	if (initrd)
		lkb_str_addc(out, '\n');
}

static const char *type_of(const struct lkb_product *m, const struct lkb_part *part, char buf[8])
{
	if (m->disk.table == LKB_TABLE_GPT)
		return part->gpt_type == LKB_GPT_ESP ? "esp " : "linux";
	snprintf(buf, 8, "0x%02x", part->mbr_type);
	return buf;
}

static void add_partitions(const struct lkb_product *m, struct lkb_str *out)
{
	struct lkb_uuid guid = lkb_disk_guid(&m->disk);
	char type[8];
	size_t i;

	if (!m->disk.size)
		return;
	lkb_str_addf(out, "\n%s: %s, ", m->format->name, lkb_size_text(m->disk.size).s);
	if (m->disk.table == LKB_TABLE_GPT)
		lkb_str_addf(out, "GPT %s\n", lkb_uuid_text(&guid).s);
	else
		lkb_str_addf(out, "disk signature %08x\n", lkb_disk_signature(&m->disk));
	lkb_str_add(out, "  nr       offset         size  type  file system\n");
	for (i = 0; i < m->disk.n_raws; i++)
		lkb_str_addf(out, "   - %12llu %12zu        %s\n",
			     (unsigned long long)m->disk.raws[i].off, m->disk.raws[i].len,
			     m->disk.raws[i].name);
	for (i = 0; i < m->disk.n_parts; i++) {
		const struct lkb_part *part = &m->disk.parts[i];

		lkb_str_addf(out, "  p%zu %12llu %12llu  %s  %s", i + 1,
			     (unsigned long long)part->off, (unsigned long long)part->size,
			     type_of(m, part, type), part->name);
		if (part->fs_size)
			lkb_str_addf(out, ": %s, %s", lkb_fs_name(part->fs),
				     lkb_size_text(part->fs_size).s);
		lkb_str_addc(out, '\n');
	}
}

void lkb_plan_describe(const struct lkb_plan *p, struct lkb_str *out)
{
	size_t i;

	lkb_str_addf(out, "%s for board %s (%s, %s), format", p->in->name, p->in->board->name,
		     p->in->board->arch, p->in->board->description);
	for (i = 0; i < p->n_products; i++)
		lkb_str_addf(out, "%s %s", i ? "," : "", p->products[i].format->name);
	lkb_str_addc(out, '\n');
	add_inputs(p, out);
	add_tree(p, out);
	for (i = 0; i < p->n_products; i++)
		add_partitions(&p->products[i], out);
	add_steps(p, out);
}

static json_t *step_json(const char *name, const char *what, uint64_t bytes)
{
	return json_pack("{s:s, s:s, s:I}", "name", name, "what", what, "bytes",
			 (json_int_t)bytes);
}

static json_t *steps_json(const struct lkb_plan *p)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < p->n_todo; i++) {
		const struct lkb_step *step = p->todo[i].step;

		json_array_append_new(list, step_json(step->name, step->what,
						      step->cost ? step->cost(p) : 0));
	}
	for (i = 0; i < p->n_products; i++) {
		const struct lkb_format *f = p->products[i].format;

		json_array_append_new(list, step_json("write", f->write_what, f->write_cost(p)));
	}
	return list;
}

static json_t *formats_json(const struct lkb_plan *p)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < p->n_products; i++) {
		const struct lkb_product *m = &p->products[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:I, s:o}", "name", m->format->name, "root",
					m->format->root_mode, "size", (json_int_t)m->disk.size,
					"partitions", lkb_json_partitions(m)));
	}
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
	json_t *root = json_pack("{s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
				 "name", p->in->name, "board", p->in->board->name, "formats",
				 formats_json(p), "epoch", (json_int_t)p->epoch, "specs",
				 lkb_json_specs(p), "lock", lock_json(p), "images",
				 lkb_asks_json(p), "missing", strings_json(&p->missing), "modules",
				 strings_json(&p->initrd_modules), "steps", steps_json(p));
	char *text;

	if (!root)
		return lkb_fail(err, LKB_BUG, "the plan could not be printed");
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	lkb_str_addf(out, "%s\n", text);
	free(text);
	return 0;
}
