/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/ext/json.h"
#include "base/size.h"
#include "cmd/commands.h"
#include "cmd/flash.h"
#include "flash/compare.h"
#include "flash/settings.h"

/* So many differences are listed; the others are counted. */
#define LIST_MAX 20

struct verify_options {
	struct lkb_image_words from;
	const char *io;
	struct lkb_strv set;
	bool json;
};

#define ROW(letter, name, kind, field, arg, help)                                                  \
	LKB_OPT(letter, name, kind, struct verify_options, field, arg, help)

static const struct lkb_opt rows[] = {
	LKB_IMAGE_OPTIONS(struct verify_options),
	ROW(0, "set", LIST, set, "KEY=VALUE", "as it was given to flash"),
	ROW(0, "io", STRING, io, "KIND", "uring or threads (default: the first that works)"),
	ROW(0, "json", FLAG, json, NULL, "print JSON"),
};

/* The partition that a byte is in; NULL if none is known. */
static const struct lkb_map_partition *partition_at(const struct lkb_map *map, uint64_t off)
{
	for (size_t i = 0; map && i < map->n_partitions; i++) {
		const struct lkb_map_partition *p = &map->partitions[i];

		if (off / LKB_MAP_BLOCK >= p->start && off / LKB_MAP_BLOCK - p->start < p->count)
			return p;
	}
	return NULL;
}

static void add_text(const struct lkb_map *map, const struct lkb_bad *b, struct lkb_str *out)
{
	const struct lkb_map_partition *p = partition_at(map, b->want.off);

	lkb_str_addf(out, "bytes %" PRIu64 " to %" PRIu64, b->want.off, b->want.off + b->want.len);
	if (p)
		lkb_str_addf(out, ", partition %u", p->number);
	if (*b->want.name)
		lkb_str_addf(out, ", %s", b->want.name);
	lkb_str_add(out, b->error      ? ": cannot be read\n"
			 : b->is_blank ? ": blank\n"
				       : ": differ\n");
}

static void text(const struct lkb_map *map, const struct lkb_bad_list *bad, struct lkb_str *out)
{
	for (size_t i = 0; i < bad->n && i < LIST_MAX; i++)
		add_text(map, &bad->items[i], out);
	if (bad->n > LIST_MAX)
		lkb_str_addf(out, "and %zu more\n", bad->n - LIST_MAX);
}

static void json(const char *target, const struct lkb_map *map, const struct lkb_bad_list *bad,
		 uint64_t bytes, struct lkb_str *out)
{
	json_t *name = lkb_json_name(target);
	lkb_autojson o = json_pack("{s:o, s:b, s:I, s:I}", "target", name, "right", !bad->n,
				   "compared", (json_int_t)bytes, "wrong", (json_int_t)bad->bytes);
	lkb_autofree char *dump = NULL;
	json_t *list = json_array();

	for (size_t i = 0; i < bad->n; i++) {
		const struct lkb_bad *b = &bad->items[i];
		const struct lkb_map_partition *p = partition_at(map, b->want.off);
		json_t *item =
			json_pack("{s:I, s:I, s:o, s:s}", "offset", (json_int_t)b->want.off,
				  "length", (json_int_t)b->want.len, "name",
				  lkb_json_name(b->want.name), "why",
				  b->error	? "unreadable"
				  : b->is_blank ? "blank"
						: "different");

		if (p)
			json_object_set_new(item, "partition", json_integer(p->number));
		json_array_append_new(list, item);
	}
	json_object_set_new(o, "differences", list);
	dump = json_dumps(o, JSON_INDENT(2));
	lkb_str_addf(out, "%s\n", dump);
}

/* True if nothing differs but files that --set may change. */
static bool all_named(const struct lkb_map *map, const struct lkb_bad_list *bad)
{
	for (size_t i = 0; i < bad->n; i++) {
		const struct lkb_written *w = &bad->items[i].want;
		bool named = false;

		for (size_t k = 0; map && k < map->n_named && !named; k++)
			named = w->off >= map->named[k].off &&
				w->off + w->len <= map->named[k].off + map->named[k].len;
		if (!named)
			return false;
	}
	return true;
}

static int report(const struct verify_options *o, const struct lkb_image_source *image,
		  const char *target, const struct lkb_bad_list *bad, uint64_t bytes,
		  struct lkb_error *err)
{
	lkb_autostr out = {0};

	if (o->json)
		json(target, image->map, bad, bytes, &out);
	else if (bad->n)
		text(image->map, bad, &out);
	else
		lkb_str_addf(&out, "%s: %s compared, all right\n", target, lkb_size_text(bytes).s);
	if (lkb_print(lkb_str_get(&out), err))
		return -1;
	if (!bad->n)
		return 0;
	lkb_fail(err, LKB_DIFFERS, "'%s' does not hold '%s': %s in %zu range%s differ", target,
		 image->source.name, lkb_size_text(bad->bytes).s, bad->n,
		 bad->n == 1 ? "" : "s");
	return lkb_hint(err, all_named(image->map, bad)
				     ? "if it was written with --set, give the same --set here"
				     : "'lkboard flash' writes what differs");
}

static int run_verify(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		      struct lkb_error *err)
{
	const struct verify_options *o = options;
	struct lkb_image_source image __attribute__((cleanup(lkb_image_source_clear))) =
		LKB_IMAGE_SOURCE_INIT;
	struct lkb_bad_list bad __attribute__((cleanup(lkb_bad_list_clear))) = {0};
	lkb_autoflashsettings settings = {0};
	lkb_autosettingsedits edits = {0};
	lkb_auto(lkb_device) dev = NULL;
	struct lkb_compare c = {.io_kind = o->io, .ui = ctx->ui};
	uint64_t bytes;

	if (lkb_image_source_open(ctx, &o->from, operands[0], &image, err) ||
	    lkb_device_find(NULL, operands[1], &dev, err) ||
	    lkb_flash_settings_parse(&o->set, lkb_read_file, &settings, err) ||
	    lkb_settings_edits_make(&settings, image.own, &edits, err))
		return -1;
	c.image = (struct lkb_flash_image){
		.source = &image.source, .map = image.map, .bmap = image.bmap};
	c.dev = dev;
	c.edits = edits.edits;
	c.n_edits = edits.n;
	if (lkb_compare_run(&c, &bad, &bytes, err))
		return -1;
	return report(o, &image, operands[1], &bad, bytes, err);
}

const struct lkb_cmd lkb_cmd_verify = {
	.name = "verify",
	.operands = "IMAGE DEVICE-OR-FILE",
	.summary = "compare a card, disk or file with an image, and say what differs",
	.min_operands = 2,
	.max_operands = 2,
	.options_size = sizeof(struct verify_options),
	.options = rows,
	.n_options = LKB_ARRAY_SIZE(rows),
	.run = run_verify,
};
