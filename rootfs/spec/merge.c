/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "rootfs/spec/spec_priv.h"

/* A later file's value replaces an earlier one where it is given and not empty. */
static void take_text(const char **to, const char *from)
{
	if (from && *from)
		*to = from;
}

static void take_number(struct lkb_opt_int *to, const struct lkb_opt_int *from)
{
	if (from->set)
		*to = *from;
}

/* Both live in the arena: the second is taken as it is where there is no first. */
static void *append(struct lkb_arena *arena, const void *a, size_t n_a, void *b, size_t n_b,
		    size_t size)
{
	char *both;

	if (!n_a)
		return b;
	both = lkb_arena_array(arena, n_a + n_b, size);
	memcpy(both, a, n_a * size);
	if (n_b)
		memcpy(both + n_a * size, b, n_b * size);
	return both;
}

static void append_strings(struct lkb_arena *arena, struct lkb_strlist *to,
			   const struct lkb_strlist *from)
{
	if (!from->set)
		return;
	to->items = append(arena, to->items, to->n, from->items, from->n, sizeof(*to->items));
	to->pos = append(arena, to->pos, to->n, from->pos, from->n, sizeof(*to->pos));
	to->n += from->n;
	to->set = true;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(**(const char *const *const *)a, **(const char *const *const *)b);
}

/* A key of a later map replaces that of an earlier one. */
static void merge_map(struct lkb_arena *arena, struct lkb_strmap *to, const struct lkb_strmap *from)
{
	lkb_autofree const char ***sorted = lkb_alloc_array(to->n, sizeof(*sorted));
	struct lkb_strmap sum = { .set = true, .n = to->n };
	size_t n = to->n + from->n;

	if (!from->set)
		return;
	sum.keys = lkb_arena_array(arena, n, sizeof(*sum.keys));
	sum.values = lkb_arena_array(arena, n, sizeof(*sum.values));
	sum.pos = lkb_arena_array(arena, n, sizeof(*sum.pos));
	for (size_t i = 0; i < to->n; i++) {
		sum.keys[i] = to->keys[i];
		sum.values[i] = to->values[i];
		sum.pos[i] = to->pos[i];
		sorted[i] = &sum.keys[i];
	}
	qsort(sorted, to->n, sizeof(*sorted), by_key);
	for (size_t i = 0; i < from->n; i++) {
		const char **key = &from->keys[i];
		const char ***found = bsearch(&key, sorted, to->n, sizeof(*sorted), by_key);
		size_t at = found ? (size_t)(*found - sum.keys) : sum.n++;

		sum.keys[at] = from->keys[i];
		sum.values[at] = from->values[i];
		sum.pos[at] = from->pos[i];
	}
	*to = sum;
}

static void append_objects(struct lkb_arena *arena, struct lkb_objlist *to,
			   const struct lkb_objlist *from, size_t size)
{
	if (!from->set)
		return;
	to->items = append(arena, to->items, to->n, from->items, from->n, size);
	to->n += from->n;
	to->set = true;
}

static void merge_kernel(struct lkb_spec *spec, const struct lkb_spec_kernel *from)
{
	struct lkb_spec_kernel *to = &spec->kernel;

	if (!from->pos.file)
		return;
	to->pos = from->pos;
	take_text(&to->image, from->image);
	take_text(&to->cmdline, from->cmdline);
	take_text(&to->binary, from->binary);
	if (from->tar) /* "" says that there is none */
		to->tar = from->tar;
	if (from->ucode)
		to->ucode = from->ucode;
	if (to->cmdline && strchr(to->cmdline, '\n'))
		to->cmdline = lkb_arena_strndup(&spec->arena, to->cmdline,
						strcspn(to->cmdline, "\n"));
}

static void merge_lkboard(struct lkb_spec *spec, const struct lkb_spec_lkboard *from)
{
	struct lkb_spec_lkboard *to = &spec->lkboard;

	if (!from->pos.file)
		return;
	to->pos = from->pos;
	take_text(&to->version, from->version);
	take_text(&to->hostname, from->hostname);
	take_text(&to->root, from->root);
	take_text(&to->data, from->data);
	take_number(&to->boot_size, &from->boot_size);
	take_number(&to->slot_size, &from->slot_size);
	take_number(&to->data_size, &from->data_size);
	append_strings(&spec->arena, &to->overlays, &from->overlays);
	append_strings(&spec->arena, &to->overlay_paths, &from->overlay_paths);
	append_strings(&spec->arena, &to->config_txt, &from->config_txt);
	append_strings(&spec->arena, &to->modules, &from->modules);
	merge_map(&spec->arena, &to->restart, &from->restart);
}

static void merge_outputs(struct lkb_spec *spec, const struct lkb_objlist *outputs)
{
	const struct lkb_spec_output *items = outputs->items;
	struct lkb_strlist formats = { .set = outputs->set };

	formats.items = lkb_arena_array(&spec->arena, outputs->n, sizeof(*formats.items));
	formats.pos = lkb_arena_array(&spec->arena, outputs->n, sizeof(*formats.pos));
	for (size_t i = 0; i < outputs->n; i++) {
		if (!items[i].format)
			continue;
		formats.pos[formats.n] = lkb_schema_pos(&items[i].pos, "format");
		formats.items[formats.n++] = items[i].format;
	}
	append_strings(&spec->arena, &spec->outputs, &formats);
}

void lkb_spec_merge(struct lkb_spec *spec, const struct lkb_spec_document *doc)
{
	struct lkb_arena *arena = &spec->arena;

	merge_kernel(spec, &doc->spec.kernel);
	append_strings(arena, &spec->init, &doc->spec.init);
	append_objects(arena, &spec->onboot, &doc->spec.onboot, sizeof(struct lkb_spec_image));
	append_objects(arena, &spec->onshutdown, &doc->spec.onshutdown,
		       sizeof(struct lkb_spec_image));
	append_objects(arena, &spec->services, &doc->spec.services,
		       sizeof(struct lkb_spec_image));
	append_objects(arena, &spec->volumes, &doc->spec.volumes, sizeof(struct lkb_spec_volume));
	append_objects(arena, &spec->files, &doc->spec.files, sizeof(struct lkb_spec_file));
	merge_outputs(spec, &doc->outputs);
	merge_lkboard(spec, &doc->spec.lkboard);
}
