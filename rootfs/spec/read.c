/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ext/hash.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "rootfs/spec/spec_priv.h"

#define READ_STEP ((size_t)64 * 1024)

static int read_stdin(char **ret, size_t *ret_len, struct lkb_error *err)
{
	lkb_autofree char *step = lkb_alloc(READ_STEP);
	lkb_autostr text = { 0 };
	size_t got;

	do {
		if (lkb_read_upto(STDIN_FILENO, step, READ_STEP, &got, "standard input", err))
			return -1;
		lkb_str_addn(&text, step, got);
		if (text.len > LKB_YAML_MAX_TEXT)
			return lkb_fail(err, LKB_INPUT, "standard input is larger than 16 MiB");
	} while (got == READ_STEP);
	*ret_len = text.len;
	*ret = lkb_str_take(&text);
	return 0;
}

static int read_path(const char *path, char **ret, size_t *ret_len, struct lkb_error *err)
{
	struct stat st;

	if (!strcmp(path, "-"))
		return read_stdin(ret, ret_len, err);
	if (lkb_starts_with(path, "http://") || lkb_starts_with(path, "https://")) {
		lkb_fail(err, LKB_INPUT, "spec '%s': reading from a URL is not supported by this "
			 "version of lkboard", path);
		return lkb_hint(err, "fetch the file first");
	}
	if (!lkb_read_file(path, LKB_YAML_MAX_TEXT, ret, ret_len, err))
		return 0;
	if (!stat(path, &st) && S_ISFIFO(st.st_mode))
		lkb_hint(err, "give '-' to read standard input");
	return -1;
}

/* What paths in one spec file are relative to. */
struct place {
	const char *dir, *home;
	bool is_file; /* else a text of a test or a fuzzer: no program is run for it */
	struct lkb_arena *arena;
};

/* What open() needs for a path of the spec. NULL if it needs a home and there is none. */
static const char *resolve(const char *path, const struct place *place)
{
	lkb_autofree char *joined = NULL;

	if (lkb_starts_with(path, "~/")) {
		if (!place->home || !*place->home)
			return NULL;
		joined = lkb_path_join(place->home, path + 2 + strspn(path + 2, "/"));
	} else if (!strcmp(place->dir, ".")) {
		return path;
	} else {
		joined = lkb_path_join(place->dir, path);
	}
	return lkb_arena_strdup(place->arena, joined);
}

/* The path, resolved; `what` names it in messages. */
static const char *resolve_at(const char *path, const struct lkb_pos *pos, const char *what,
			      const struct place *place, struct lkb_diags *diags)
{
	const char *resolved = resolve(path, place);

	if (!resolved)
		lkb_schema_error(diags, pos, "set HOME, or write the whole path",
				 "%s is '%s', which needs a home directory", what,
				 lkb_schema_shown(path).s);
	return resolved ? resolved : path;
}

static void resolve_paths(struct lkb_spec_document *doc, const struct place *place,
			  struct lkb_diags *diags)
{
	const struct lkb_strlist *overlays = &doc->spec.lkboard.overlays;
	struct lkb_strlist *paths = &doc->spec.lkboard.overlay_paths;
	struct lkb_spec_file *files = doc->spec.files.items;

	for (size_t i = 0; i < doc->spec.files.n; i++) {
		struct lkb_pos pos = lkb_schema_pos(&files[i].pos, "source");
		lkb_autofree char *what = lkb_format("'source' of files[%zu]", i);

		if (files[i].source)
			files[i].source_path = resolve_at(files[i].source, &pos, what, place,
							  diags);
	}
	*paths = *overlays;
	paths->items = lkb_arena_array(place->arena, overlays->n, sizeof(*paths->items));
	for (size_t i = 0; i < overlays->n; i++) {
		lkb_autofree char *what = lkb_format("'overlays[%zu]' of lkboard", i);

		paths->items[i] = resolve_at(overlays->items[i], &overlays->pos[i], what, place,
					     diags);
	}
}

/* "@pkg:DIRECTORY" becomes the reference of that package's image. */
static void resolve_image(const char **image, const struct lkb_pos *pos, const struct place *place,
			  struct lkb_diags *diags)
{
	struct lkb_error fault = { 0 };
	int rc = -1;

	if (!*image || !lkb_starts_with(*image, "@pkg:"))
		return;
	if (place->is_file)
		rc = lkb_spec_package(*image, place->dir, place->arena, image, &fault);
	else
		lkb_fail(&fault, LKB_INPUT, "a package is looked for beside a spec's file");
	if (rc)
		lkb_hint(&fault, "name the image itself");
	if (!rc)
		return;
	lkb_context(&fault, "image '%s'", lkb_schema_shown(*image).s);
	if (!fault.line)
		lkb_at(&fault, pos->file, pos->line, pos->column);
	lkb_diags_add(diags, LKB_SEVERITY_ERROR, &fault);
}

/* `image` of each object of a list. */
static void resolve_list(const struct lkb_objlist *list, size_t size, size_t image_offset,
			 const struct place *place, struct lkb_diags *diags)
{
	for (size_t i = 0; i < list->n; i++) {
		char *object = (char *)list->items + i * size;
		struct lkb_pos pos = lkb_schema_pos((struct lkb_pos *)object, "image");

		resolve_image((const char **)(object + image_offset), &pos, place, diags);
	}
}

static void resolve_images(struct lkb_spec *spec, const struct place *place,
			   struct lkb_diags *diags)
{
	const struct lkb_objlist *sections[] = { &spec->onboot, &spec->onshutdown,
						 &spec->services };
	struct lkb_pos kernel = lkb_schema_pos(&spec->kernel.pos, "image");

	resolve_image(&spec->kernel.image, &kernel, place, diags);
	for (size_t i = 0; i < spec->init.n; i++)
		resolve_image(&spec->init.items[i], &spec->init.pos[i], place, diags);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(sections); i++)
		resolve_list(sections[i], sizeof(struct lkb_spec_image),
			     offsetof(struct lkb_spec_image, image), place, diags);
	resolve_list(&spec->volumes, sizeof(struct lkb_spec_volume),
		     offsetof(struct lkb_spec_volume, image), place, diags);
}

/* One file's text into the spec; all faults go to diags. */
static void add_text(struct lkb_spec *spec, const char *text, size_t len, const char *path,
		     struct place place, struct lkb_diags *diags)
{
	const char *file = lkb_arena_strdup(&spec->arena, path);
	lkb_autofree char *dir = lkb_path_dirname(path);
	struct lkb_spec_document doc = { 0 };
	struct lkb_yaml_node *root = NULL;
	struct lkb_error fault = { 0 };

	place.dir = dir;
	place.arena = &spec->arena;
	spec->files_read.items[spec->files_read.n] = file;
	spec->files_read.pos[spec->files_read.n].file = file;
	spec->digests[spec->files_read.n++] = lkb_sha256(text, len);
	if (lkb_yaml_parse(text, len, file, &spec->arena, &root, &fault)) {
		lkb_diags_add(diags, LKB_SEVERITY_ERROR, &fault);
		return;
	}
	if (root->type == LKB_YAML_MAP && !root->n)
		lkb_schema_warning(diags, &(struct lkb_pos){ file, 1, 1, root }, NULL,
				   "the file is empty");
	lkb_schema_read(lkb_spec_schema(), root, file, &doc, &spec->arena, diags);
	lkb_spec_check_document(&doc, diags);
	resolve_paths(&doc, &place, diags);
	resolve_images(&doc.spec, &place, diags);
	lkb_spec_merge(spec, &doc);
}

static struct lkb_spec *new_spec(const char *first, size_t n)
{
	lkb_autofree char *stem = lkb_path_stem(strcmp(first, "-") ? first : "stdin");
	struct lkb_spec *spec = lkb_alloc(sizeof(*spec));

	spec->name = lkb_arena_strdup(&spec->arena, stem);
	spec->files_read.set = true;
	spec->files_read.items = lkb_arena_array(&spec->arena, n, sizeof(*spec->files_read.items));
	spec->files_read.pos = lkb_arena_array(&spec->arena, n, sizeof(*spec->files_read.pos));
	spec->digests = lkb_arena_array(&spec->arena, n, sizeof(*spec->digests));
	return spec;
}

static int finish(struct lkb_spec *spec, struct lkb_diags *diags, struct lkb_error *err)
{
	lkb_spec_check_merged(spec, diags);
	lkb_diags_sort(diags);
	return lkb_diags_result(diags, err);
}

static size_t count_stdin(const char *const *paths, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += !strcmp(paths[i], "-");
	return found;
}

int lkb_spec_read(const char *const *paths, size_t n, const char *home, struct lkb_spec **ret,
		  struct lkb_diags *diags, struct lkb_error *err)
{
	lkb_auto(lkb_spec) spec = NULL;

	if (!n)
		return lkb_fail(err, LKB_USAGE, "no spec is given");
	if (count_stdin(paths, n) > 1)
		return lkb_fail(err, LKB_USAGE, "standard input ('-') can be read only once");
	spec = new_spec(paths[0], n);
	for (size_t i = 0; i < n; i++) {
		lkb_autofree char *text = NULL;
		struct lkb_error fault = { 0 };
		size_t len;

		if (read_path(paths[i], &text, &len, &fault))
			lkb_diags_add(diags, LKB_SEVERITY_ERROR, &fault);
		else
			add_text(spec, text, len, paths[i],
				 (struct place){ .home = home, .is_file = true }, diags);
	}
	if (finish(spec, diags, err))
		return -1;
	*ret = LKB_STEAL(spec);
	return 0;
}

int lkb_spec_parse(const char *text, size_t len, const char *name, struct lkb_spec **ret,
		   struct lkb_diags *diags, struct lkb_error *err)
{
	lkb_auto(lkb_spec) spec = new_spec(name, 1);

	add_text(spec, text, len, name, (struct place){ 0 }, diags);
	if (finish(spec, diags, err))
		return -1;
	*ret = LKB_STEAL(spec);
	return 0;
}

void lkb_spec_free(struct lkb_spec *s)
{
	if (!s)
		return;
	lkb_arena_clear(&s->arena);
	free(s);
}
