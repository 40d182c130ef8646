/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/inspect.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "cmd/commands.h"

struct inspect_options {
	bool json;
};

static const struct lkb_opt rows[] = {
	LKB_OPT(0, "json", FLAG, struct inspect_options, json, NULL, "print JSON"),
};

const struct lkb_inspect_kind *const lkb_inspect_kinds[] = {
	&lkb_inspect_map,    &lkb_inspect_dtb,   &lkb_inspect_script, &lkb_inspect_record,
	/* An ISO image may be a disk as well, and so may a fixed VHD. A packed kernel looks like
	 * an initrd. */
	&lkb_inspect_iso,    &lkb_inspect_vdisk, &lkb_inspect_kernel, &lkb_inspect_efi_program,
	&lkb_inspect_fat_image,
	&lkb_inspect_disk,   &lkb_inspect_card,  &lkb_inspect_initrd, &lkb_inspect_root_image,
	&lkb_inspect_archive, NULL,
};

static void add_value(struct lkb_str *out, const json_t *v)
{
	if (json_is_string(v))
		lkb_str_add(out, json_string_value(v));
	else if (json_is_integer(v))
		lkb_str_addf(out, "%lld", (long long)json_integer_value(v));
	else if (json_is_boolean(v))
		lkb_str_add(out, json_is_true(v) ? "yes" : "no");
}

static void add_row(struct lkb_str *out, const json_t *object)
{
	const char *key, *gap = "  ";
	json_t *v;

	if (!json_is_object(object)) {
		lkb_str_add(out, gap);
		add_value(out, object);
		lkb_str_addc(out, '\n');
		return;
	}
	json_object_foreach((json_t *)object, key, v) {
		lkb_str_addf(out, "%s%s=", gap, key);
		add_value(out, v);
		gap = " ";
	}
	lkb_str_addc(out, '\n');
}

json_t *lkb_inspect_string(const void *p, size_t n, bool lines)
{
	lkb_autostr s = {0};

	lkb_utf8_show(&s, p, n, lines);
	return json_string(lkb_str_get(&s));
}

void lkb_inspect_text(const json_t *what, struct lkb_str *out)
{
	const char *key;
	json_t *v, *item;
	size_t i;

	json_object_foreach((json_t *)what, key, v) {
		if (!strcmp(key, "text"))
			continue;
		lkb_str_addf(out, "%s:", key);
		if (!json_is_array(v)) {
			lkb_str_addc(out, ' ');
			add_value(out, v);
		}
		lkb_str_addc(out, '\n');
		json_array_foreach(v, i, item)
			add_row(out, item);
	}
	v = json_object_get(what, "text");
	if (v)
		lkb_str_addf(out, "\n%s", json_string_value(v));
}

static int print_what(const json_t *what, bool json, struct lkb_error *err)
{
	lkb_autostr out = {0};

	if (json) {
		lkb_autofree char *text = json_dumps(what, JSON_INDENT(2));

		lkb_str_addf(&out, "%s\n", text ? text : "{}");
	} else {
		lkb_inspect_text(what, &out);
	}
	return lkb_print(lkb_str_get(&out), err);
}

static int run_inspect(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		       struct lkb_error *err)
{
	const struct inspect_options *o = options;
	lkb_auto(lkb_blob) blob = NULL;
	json_t *what;
	size_t i;
	int r;

	if (lkb_blob_open_disk(operands[0], &blob, err))
		return -1;
	for (i = 0; lkb_inspect_kinds[i] && !lkb_inspect_kinds[i]->is(blob); i++)
		;
	if (!lkb_inspect_kinds[i]) {
		lkb_fail(err, LKB_INPUT, "'%s' is nothing that lkboard knows", operands[0]);
		return lkb_hint(err, "it reads images of cards, disks and roots, ISO images, "
				     "kernels, initrds, EFI programs, archives, maps, device "
				     "trees, boot scripts and state records");
	}
	if (lkb_inspect_kinds[i]->describe(operands[0], blob, &what, err))
		return -1;
	r = print_what(what, o->json, err);
	json_decref(what);
	return r;
}

const struct lkb_cmd lkb_cmd_inspect = {
	.name = "inspect",
	.operands = "FILE",
	.summary = "say what an image, map, device tree, kernel, initrd or boot script holds",
	.min_operands = 1,
	.max_operands = 1,
	.options_size = sizeof(struct inspect_options),
	.options = rows,
	.n_options = LKB_ARRAY_SIZE(rows),
	.run = run_inspect,
};
