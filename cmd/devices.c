/* SPDX-License-Identifier: Apache-2.0 */
/* Cards and disks that may be written to, and why others may not. */
#include <string.h>
#include <sys/sysmacros.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/ext/json.h"
#include "base/size.h"
#include "cmd/commands.h"
#include "flash/device.h"
#include "flash/guard.h"

struct devices_options {
	bool json, all;
	const char *sysroot;
};

static const struct lkb_opt rows[] = {
	LKB_OPT(0, "all", FLAG, struct devices_options, all, NULL,
		"loop, zram, md, device mapper and network block devices too"),
	LKB_OPT(0, "json", FLAG, struct devices_options, json, NULL, "print JSON"),
	LKB_OPT(0, "sysroot", STRING, struct devices_options, sysroot, "DIR",
		"look for sys, proc and dev below DIR instead of /"),
};

/* A device, and what the guard says of it. */
struct entry {
	struct lkb_device *dev; /* borrowed */
	struct lkb_refusals refusals;
};

static bool is_plain(const struct lkb_device *dev)
{
	static const char *const others[] = {"loop", "zram", "md", "dm", "nbd"};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(others); i++)
		if (!strcmp(dev->transport, others[i]))
			return false;
	return true;
}

static json_t *parts_json(const struct lkb_device *dev)
{
	json_t *list = json_array();

	for (size_t i = 0; i < dev->n_parts; i++) {
		const struct lkb_partition *p = &dev->parts[i];

		json_array_append_new(list, json_pack(
			"{s:i, s:s?, s:I, s:I, s:s?, s:s?}", "number", (int)p->number, "path",
			p->path, "start", (json_int_t)p->start, "size", (json_int_t)p->size,
			"system", p->system, "label", p->label));
	}
	return list;
}

static json_t *uses_json(const struct lkb_device *dev)
{
	static const char *const kinds[] = {
		[LKB_USE_MOUNT] = "mount", [LKB_USE_SWAP] = "swap", [LKB_USE_HOLDER] = "holder",
		[LKB_USE_LOOP] = "loop",
	};
	json_t *list = json_array();

	for (size_t i = 0; i < dev->n_uses; i++) {
		const struct lkb_use *u = &dev->uses[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:s?}", "kind",
						      kinds[u->kind], "device", u->device, "by",
						      u->by, "what", u->what));
	}
	return list;
}

static json_t *refusals_json(const struct lkb_refusals *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?}", "code",
						      r->items[i].code, "message",
						      r->items[i].message, "hint",
						      r->items[i].hint, "flag",
						      r->items[i].flag));
	return list;
}

static json_t *strings_json(const char *const *items, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(items[i]));
	return list;
}

static json_t *entry_json(const struct entry *e)
{
	const struct lkb_device *d = e->dev;
	lkb_autofree char *number = lkb_format("%u:%u", major(d->dev), minor(d->dev));

	return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s, s:s, s:I, s:i, s:i, s:b, s:b,"
			 " s:I, s:s?, s:s?, s:s?, s:o, s:o, s:o, s:o, s:b, s:o}",
			 "name", d->name, "path", d->path, "by-id", d->by_id, "vendor", d->vendor,
			 "model", d->model, "serial", d->serial, "transport", d->transport,
			 "number", number, "size", (json_int_t)d->size, "logical-block",
			 (int)d->logical, "physical-block", (int)d->physical, "removable",
			 d->removable, "read-only", d->read_only, "diskseq",
			 (json_int_t)d->diskseq, "backing", d->backing, "system", d->system,
			 "label", d->label, "partitions", parts_json(d), "uses", uses_json(d),
			 "stands-on", strings_json(d->slaves, d->n_slaves), "runs",
			 strings_json(d->runs, d->n_runs), "offered", e->refusals.n == 0,
			 "refusals", refusals_json(&e->refusals));
}

static int print_json(const struct entry *entries, size_t n, struct lkb_error *err)
{
	lkb_autojson doc = json_object();
	lkb_autofree char *text = NULL;
	json_t *list = json_array();

	json_object_set_new(doc, "devices", list);
	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list, entry_json(&entries[i])))
			return lkb_fail(err, LKB_BUG, "cannot describe '%s'",
					entries[i].dev->path);
	text = lkb_json_text_indented(doc);
	return lkb_print(text, err);
}

/* The text form: rows of cells, the last of which may be as wide as it is. */

enum { DEVICE, SIZE, CONNECTED, MODEL, SERIAL, HOLDS, N_COLUMNS };

static void add_label(struct lkb_str *s, const char *system, const char *label)
{
	lkb_str_addf(s, "%s%s", s->len ? ", " : "", system ? system : "?");
	if (label)
		lkb_str_addf(s, " '%s'", label);
}

static void make_row(const struct lkb_device *dev, struct lkb_strv *row)
{
	lkb_autostr title = {0}, holds = {0};

	lkb_device_title(dev, &title);
	if (dev->backing)
		lkb_str_addf(&title, "%s%s", title.len ? " " : "", dev->backing);
	for (size_t i = 0; i < dev->n_parts; i++)
		add_label(&holds, dev->parts[i].system, dev->parts[i].label);
	if (!dev->n_parts && dev->system)
		add_label(&holds, dev->system, dev->label);
	lkb_strv_add(row, dev->path);
	lkb_strv_add(row, dev->size ? lkb_size_text(dev->size).s : "-");
	lkb_strv_add(row, dev->transport);
	lkb_strv_add(row, title.len ? title.s : "-");
	lkb_strv_add(row, dev->serial ? dev->serial : "-");
	lkb_strv_add(row, holds.len ? holds.s : "-");
}

static void add_row(const struct lkb_strv *row, const size_t *widths, struct lkb_str *out)
{
	for (size_t i = 0; i < row->n; i++)
		lkb_str_addf(out, "%-*s%s", i + 1 < row->n ? (int)widths[i] : 0, row->items[i],
			     i + 1 < row->n ? "  " : "\n");
}

static void add_refusals(const struct lkb_refusals *r, struct lkb_str *out)
{
	for (size_t i = 0; i < r->n; i++) {
		lkb_str_addf(out, "  %s: %s\n", r->items[i].code, r->items[i].message);
		if (*r->items[i].hint)
			lkb_str_addf(out, "    hint: %s\n", r->items[i].hint);
	}
}

static void add_table(const struct entry *entries, size_t n, const size_t *widths,
		      const struct lkb_strv *table, bool offered, struct lkb_str *out)
{
	size_t shown = 0;

	for (size_t i = 0; i < n; i++) {
		if ((entries[i].refusals.n == 0) != offered)
			continue;
		if (!shown++ && !offered)
			lkb_str_add(out, "\nnot offered:\n");
		if (shown == 1)
			add_row(&table[n], widths, out);
		add_row(&table[i], widths, out);
		add_refusals(&entries[i].refusals, out);
	}
	if (!shown && offered)
		lkb_str_add(out, "no card or disk that may be written to\n");
}

static int print_text(const struct entry *entries, size_t n, size_t left_out,
		      struct lkb_error *err)
{
	static const char *const heads[N_COLUMNS] = {"DEVICE", "SIZE",   "CONNECTED",
						     "MODEL",  "SERIAL", "HOLDS"};
	struct lkb_strv *table = lkb_alloc_array(n + 1, sizeof(*table));
	size_t widths[N_COLUMNS] = {0};
	lkb_autostr out = {0};

	for (size_t i = 0; i < n; i++)
		make_row(entries[i].dev, &table[i]);
	for (size_t i = 0; i < N_COLUMNS; i++)
		lkb_strv_add(&table[n], heads[i]);
	for (size_t i = 0; i <= n; i++)
		for (size_t k = 0; k < N_COLUMNS; k++)
			if (strlen(table[i].items[k]) > widths[k])
				widths[k] = strlen(table[i].items[k]);
	add_table(entries, n, widths, table, true, &out);
	add_table(entries, n, widths, table, false, &out);
	if (left_out)
		lkb_str_addf(&out, "\n%zu more with --all: loop, zram, md, device mapper, nbd\n",
			     left_out);
	for (size_t i = 0; i <= n; i++)
		lkb_strv_clear(&table[i]);
	free(table);
	return lkb_print(lkb_str_get(&out), err);
}

static int run_devices(struct lkb_ctx *ctx, void *options, char **operands, size_t n_operands,
		       struct lkb_error *err)
{
	const struct devices_options *o = options;
	const struct lkb_guard_request request = {0};
	lkb_auto(lkb_devices) list = NULL;
	struct entry *entries;
	size_t n = 0;
	int r;

	if (lkb_devices_list(o->sysroot, &list, err))
		return -1;
	entries = lkb_alloc_array(list->n + 1, sizeof(*entries));
	for (size_t i = 0; i < list->n; i++) {
		if (!o->all && !is_plain(list->items[i]))
			continue;
		lkb_device_look_inside(list->items[i]);
		entries[n].dev = list->items[i];
		lkb_guard(list->items[i], &request, &entries[n++].refusals);
	}
	r = o->json ? print_json(entries, n, err) : print_text(entries, n, list->n - n, err);
	for (size_t i = 0; i < n; i++)
		lkb_refusals_clear(&entries[i].refusals);
	free(entries);
	return r;
}

const struct lkb_cmd lkb_cmd_devices = {
	.name = "devices",
	.operands = "",
	.summary = "list cards and disks that may be written to, and why others may not",
	.options_size = sizeof(struct devices_options),
	.options = rows,
	.n_options = LKB_ARRAY_SIZE(rows),
	.run = run_devices,
};
