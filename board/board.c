/* SPDX-License-Identifier: Apache-2.0 */
#include "board/board.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "base/size.h"
#include "board/board_priv.h"

#define PROFILE_MAX ((size_t)1 << 20)

/* What stands in a value position of a key, or of the object if the key is not there. */
static void fault(struct lkb_diags *diags, const struct lkb_pos *object, const char *key,
		  const char *hint, const char *message)
{
	struct lkb_pos pos = lkb_schema_pos(object, key);

	lkb_schema_error(diags, &pos, hint, "%s", message);
}

static bool power_of_two(int64_t v)
{
	return v > 0 && !(v & (v - 1));
}

static void check_layout(const struct lkb_board_layout *l, struct lkb_diags *diags)
{
	const struct {
		const char *key;
		const struct lkb_opt_int *size;
	} sizes[] = {
		{"boot_size", &l->boot_size},
		{"slot_size", &l->slot_size},
		{"data_size", &l->data_size},
	};
	size_t i;

	if (!l->erase_unit.set)
		return;
	if (!power_of_two(l->erase_unit.v) || l->erase_unit.v < 4096 ||
	    l->erase_unit.v > (int64_t)(4 * LKB_MIB)) {
		fault(diags, &l->pos, "erase_unit", NULL,
		      "'erase_unit' is no power of two from 4KiB to 4MiB");
		return;
	}
	for (i = 0; i < LKB_ARRAY_SIZE(sizes); i++) {
		lkb_autofree char *message = NULL;

		if (!sizes[i].size->set || (sizes[i].size->v > 0 &&
					    sizes[i].size->v % l->erase_unit.v == 0))
			continue;
		message = lkb_format("'%s' is no multiple of 'erase_unit'", sizes[i].key);
		fault(diags, &l->pos, sizes[i].key, NULL, message);
	}
}

static void check_qemu(const struct lkb_board *b, struct lkb_diags *diags)
{
	const struct lkb_strlist *net = &b->qemu.net_args;
	size_t i, forwards = 0;

	for (i = 0; i < net->n; i++)
		forwards += strstr(net->items[i], "%HOSTFWD%") != NULL;
	if (net->n && forwards != 1)
		fault(diags, &b->qemu.pos, "net_args", "put it behind the 'user' network's id",
		      "'net_args' does not have '%HOSTFWD%' in exactly one argument");
	if (b->qemu.net_plug.device && !net->n)
		fault(diags, &b->qemu.pos, "net_plug", "a network is made by 'net_args'",
		      "'net_plug' stands without 'net_args'");
	if (b->memory.set && (b->memory.v <= 0 || b->memory.v % (int64_t)LKB_MIB))
		fault(diags, &b->pos, "memory", NULL, "'memory' is no multiple of 1MiB");
}

static void check(const struct lkb_board *b, struct lkb_diags *diags)
{
	check_layout(&b->layout, diags);
	check_qemu(b, diags);
	lkb_board_check_family(b, diags);
}

int lkb_board_read(const char *path, struct lkb_board **ret, struct lkb_diags *diags,
		   struct lkb_error *err)
{
	lkb_auto(lkb_board) b = NULL;
	lkb_autofree char *text = NULL, *stem = lkb_path_stem(path);
	struct lkb_yaml_node *root;
	struct lkb_error fault_found = {0};
	size_t len;

	if (lkb_read_file(path, PROFILE_MAX, &text, &len, err))
		return lkb_context(err, "board profile");
	b = lkb_alloc(sizeof(*b));
	b->path = lkb_arena_strdup(&b->arena, path);
	b->name = lkb_arena_strdup(&b->arena, stem);
	if (!lkb_board_word_ok(b->name))
		return lkb_fail(err, LKB_INPUT, "'%s' is no name of a board", b->name);
	if (!strcmp(b->name, "efi") || !strcmp(b->name, "bios")) {
		lkb_fail(err, LKB_INPUT, "'%s' is no name of a board: NAME-%s.img is something "
			 "else", b->name, b->name);
		return lkb_hint(err, "give '%s' another name", path);
	}
	if (lkb_yaml_parse(text, len, b->path, &b->arena, &root, &fault_found)) {
		lkb_diags_add(diags, LKB_SEVERITY_ERROR, &fault_found);
		return lkb_diags_result(diags, err);
	}
	lkb_schema_read(lkb_board_schema(), root, b->path, b, &b->arena, diags);
	check(b, diags);
	lkb_diags_sort(diags);
	if (lkb_diags_result(diags, err))
		return -1;
	*ret = LKB_STEAL(b);
	return 0;
}

void lkb_board_free(struct lkb_board *b)
{
	if (!b)
		return;
	/* The arena lies in the struct, and the struct is not in the arena. */
	lkb_arena_clear(&b->arena);
	free(b);
}
