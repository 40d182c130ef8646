/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/def_priv.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ext/yaml.h"
#include "base/file.h"
#include "base/path.h"
#include "rootfs/oci/ref.h"

#define MAX_DEFINITION ((size_t)1 << 20)

/* A path in the image or in a package: from the root, without a leading slash needed. */
static const char *check_path(const char *v)
{
	const char *p = v;
	size_t n;

	if (strlen(v) > 4096)
		return "is longer than 4096 bytes";
	for (; *p; p += n + (p[n] == '/')) {
		n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.')
			return "leads out of the image with '..'";
	}
	return NULL;
}

/* A name as Debian Policy 5.6.1 has it. */
static const char *check_deb_name(const char *v)
{
	if (strlen(v) < 2 || !isalnum((unsigned char)*v) ||
	    strspn(v, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != strlen(v))
		return "is no name of a Debian package";
	return NULL;
}

/* What becomes part of an apt source stays one harmless word. */
static const char *check_word(const char *v)
{
	const char *p;

	for (p = v; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.+~", *p))
			return "has a character that is not allowed";
	return *v == '-' ? "begins with '-'" : NULL;
}

/* A file of ours: one name, looked up below the directory of the architecture. */
static const char *check_file_name(const char *v)
{
	return strchr(v, '/') || *v == '.' ? "is no plain file name" : NULL;
}

static const char *check_env(const char *v)
{
	return strchr(v, '=') && *v != '=' ? NULL : "is not of the form NAME=VALUE";
}

static const char *const arch_choices[] = {"amd64", "arm64", NULL};

#define REQUIRED (LKB_KEY_REQUIRED | LKB_KEY_NONEMPTY)
#define KEY(s, f, t, ...) {.name = #f, .type = (t), .offset = offsetof(struct s, f), __VA_ARGS__}
#define SCHEMA(n, s, k, p) \
	{.name = (n), .size = sizeof(struct s), .keys = (k), .n_keys = LKB_ARRAY_SIZE(k), \
	 .pos_offset = (p)}

static const struct lkb_schema_key keep_keys[] = {
	KEY(lkb_pkg_keep, path, LKB_T_STRING, .flags = REQUIRED, .check = check_path,
	    .doc = "glob over the paths in the packages"),
	KEY(lkb_pkg_keep, to, LKB_T_STRING, .check = check_path,
	    .doc = "where it goes; a slash at the end: into that directory; default: where it was"),
	KEY(lkb_pkg_keep, package, LKB_T_STRING, .flags = LKB_KEY_NONEMPTY,
	    .doc = "only from packages whose name this glob matches"),
	KEY(lkb_pkg_keep, mode, LKB_T_MODE, .doc = "permissions; default: the package's"),
};
static const struct lkb_schema keep_schema =
	SCHEMA("keep", lkb_pkg_keep, keep_keys, offsetof(struct lkb_pkg_keep, pos));

static const struct lkb_schema_key local_keys[] = {
	KEY(lkb_pkg_local, file, LKB_T_STRING, .flags = REQUIRED, .check = check_file_name,
	    .doc = "name of a program that lkboard was built with"),
	KEY(lkb_pkg_local, to, LKB_T_STRING, .flags = REQUIRED, .check = check_path,
	    .doc = "where it goes"),
	KEY(lkb_pkg_local, mode, LKB_T_MODE, .doc = "permissions; default 0755"),
};
static const struct lkb_schema local_schema =
	SCHEMA("local", lkb_pkg_local, local_keys, offsetof(struct lkb_pkg_local, pos));

static const struct lkb_schema_key file_keys[] = {
	KEY(lkb_pkg_file, path, LKB_T_STRING, .flags = REQUIRED, .check = check_path,
	    .doc = "where it goes"),
	KEY(lkb_pkg_file, contents, LKB_T_STRING, .doc = "text of a regular file"),
	KEY(lkb_pkg_file, symlink, LKB_T_STRING, .flags = LKB_KEY_NONEMPTY,
	    .doc = "target of a symbolic link"),
	KEY(lkb_pkg_file, directory, LKB_T_BOOL, .doc = "true makes a directory"),
	KEY(lkb_pkg_file, mode, LKB_T_MODE,
	    .doc = "permissions; default 0644, for a directory 0755"),
};
static const struct lkb_schema file_schema =
	SCHEMA("file", lkb_pkg_file, file_keys, offsetof(struct lkb_pkg_file, pos));

static const struct lkb_schema_key links_keys[] = {
	KEY(lkb_pkg_links, target, LKB_T_STRING, .flags = REQUIRED,
	    .doc = "what the links point to, as it is written into them"),
	KEY(lkb_pkg_links, paths, LKB_T_STRLIST, .flags = REQUIRED, .check = check_path,
	    .doc = "the links"),
};
static const struct lkb_schema links_schema =
	SCHEMA("links", lkb_pkg_links, links_keys, offsetof(struct lkb_pkg_links, pos));

static const struct lkb_schema_key kernel_keys[] = {
	KEY(lkb_pkg_kernel, image, LKB_T_STRING, .flags = REQUIRED, .check = check_path,
	    .doc = "glob that matches the one kernel image; it becomes /kernel, gzip-compressed"),
	KEY(lkb_pkg_kernel, dtbs, LKB_T_STRLIST, .check = check_path,
	    .doc = "globs of device trees; they go to boot/dtb/ of /kernel.tar with the name of "
		   "the directory they were in"),
	KEY(lkb_pkg_kernel, modules, LKB_T_STRLIST,
	    .doc = "names or globs of modules; they and what they need go to lib/modules of "
		   "/kernel.tar; a module that is built in is fine"),
};
static const struct lkb_schema kernel_schema =
	SCHEMA("kernel", lkb_pkg_kernel, kernel_keys, offsetof(struct lkb_pkg_kernel, pos));

static const struct lkb_schema_key pkg_keys[] = {
	KEY(lkb_pkg, image, LKB_T_STRING, .flags = REQUIRED,
	    .doc = "reference under which the image is put into the store"),
	KEY(lkb_pkg, architectures, LKB_T_STRLIST, .flags = REQUIRED, .choices = arch_choices,
	    .doc = "what the image can be made for"),
	KEY(lkb_pkg, suite, LKB_T_STRING, .flags = LKB_KEY_NONEMPTY, .check = check_word,
	    .doc = "Debian suite by its code name; default bookworm"),
	KEY(lkb_pkg, components, LKB_T_STRLIST, .flags = LKB_KEY_NONEMPTY, .check = check_word,
	    .doc = "components of the suite; default main"),
	KEY(lkb_pkg, packages, LKB_T_STRLIST, .check = check_deb_name,
	    .doc = "Debian packages; apt adds what they depend on"),
	KEY(lkb_pkg, take, LKB_T_STRLIST, .flags = LKB_KEY_NONEMPTY,
	    .doc = "globs over that set: what is downloaded; default: all of it"),
	KEY(lkb_pkg, keep, LKB_T_OBJLIST, .object = &keep_schema,
	    .doc = "what of the packages goes into the image"),
	KEY(lkb_pkg, kernel, LKB_T_OBJECT, .object = &kernel_schema,
	    .doc = "makes a LinuxKit kernel image"),
	KEY(lkb_pkg, local, LKB_T_OBJLIST, .object = &local_schema,
	    .doc = "programs of lkboard's own"),
	KEY(lkb_pkg, files, LKB_T_OBJLIST, .object = &file_schema,
	    .doc = "files, directories and links written here"),
	KEY(lkb_pkg, links, LKB_T_OBJLIST, .object = &links_schema,
	    .doc = "many links to one target"),
	KEY(lkb_pkg, entrypoint, LKB_T_STRLIST, .doc = "Entrypoint of the image"),
	KEY(lkb_pkg, cmd, LKB_T_STRLIST, .doc = "Cmd of the image"),
	KEY(lkb_pkg, env, LKB_T_STRLIST, .check = check_env, .doc = "Env of the image"),
	KEY(lkb_pkg, workdir, LKB_T_STRING, .flags = LKB_KEY_NONEMPTY,
	    .doc = "WorkingDir of the image"),
	KEY(lkb_pkg, labels, LKB_T_STRMAP,
	    .doc = "Labels of the image; org.mobyproject.config is LinuxKit's"),
};
static const struct lkb_schema pkg_schema = SCHEMA("package", lkb_pkg, pkg_keys, LKB_NO_POS);

const struct lkb_schema *lkb_pkg_schema(void)
{
	return &pkg_schema;
}

static void check_files(const struct lkb_pkg *p, struct lkb_diags *diags)
{
	const struct lkb_pkg_file *f = p->files.items;
	size_t i;

	for (i = 0; i < p->files.n; i++) {
		int kinds = !!f[i].contents + !!f[i].symlink + (f[i].directory == LKB_YES);

		if (kinds != 1)
			lkb_schema_error(diags, &f[i].pos, NULL,
					 "files[%zu] needs exactly one of 'contents', 'symlink' "
					 "and 'directory: true'", i);
		else if (f[i].symlink && f[i].mode.set)
			lkb_schema_error(diags, &f[i].pos, NULL,
					 "files[%zu] is a symbolic link and has no 'mode'", i);
	}
}

/* Faults that only show when several keys are seen together. */
static void check_whole(const struct lkb_pkg *p, struct lkb_diags *diags)
{
	const struct lkb_pkg_keep *keep = p->keep.items;
	struct lkb_pos top = {.file = p->file, .line = 1, .column = 1};
	struct lkb_error why = {0};
	lkb_autoref ref = {0};

	if (p->image && *p->image && lkb_ref_parse(p->image, &ref, &why))
		lkb_schema_error(diags, &top, NULL, "image: %s", why.message);
	if (!p->packages.n && p->keep.n)
		lkb_schema_error(diags, &keep[0].pos, NULL,
				 "'keep' has nothing to keep from without 'packages'");
	if (!p->packages.n && p->kernel.pos.line)
		lkb_schema_error(diags, &p->kernel.pos, NULL, "'kernel' needs 'packages'");
	if (p->packages.n && !p->keep.n && !p->kernel.pos.line)
		lkb_schema_error(diags, &p->packages.pos[0],
				 "say with 'keep' which files go into the image",
				 "nothing of 'packages' is kept");
	check_files(p, diags);
}

int lkb_pkg_parse(const char *text, size_t len, const char *file, struct lkb_pkg **ret,
		  struct lkb_diags *diags, struct lkb_error *err)
{
	lkb_auto(lkb_pkg) p = lkb_alloc(sizeof(*p));
	lkb_autofree char *stem = lkb_path_stem(lkb_path_basename(file));
	struct lkb_yaml_node *root;
	struct lkb_error why = {0};
	size_t before = diags->n_errors;

	p->file = lkb_arena_strdup(&p->arena, file);
	if (lkb_yaml_parse(text, len, p->file, &p->arena, &root, &why)) {
		lkb_diags_add(diags, LKB_SEVERITY_ERROR, &why);
		return lkb_diags_result(diags, err);
	}
	lkb_schema_read(&pkg_schema, root, p->file, p, &p->arena, diags);
	p->name = lkb_arena_strdup(&p->arena, stem);
	p->text = lkb_arena_memdup(&p->arena, text, len);
	p->text_len = len;
	if (!p->suite)
		p->suite = "bookworm";
	check_whole(p, diags);
	if (diags->n_errors > before)
		return lkb_diags_result(diags, err);
	*ret = LKB_STEAL(p);
	return 0;
}

int lkb_pkg_read(const char *path, struct lkb_pkg **ret, struct lkb_diags *diags,
		 struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	size_t len;

	if (lkb_read_file(path, MAX_DEFINITION, &text, &len, err))
		return -1;
	return lkb_pkg_parse(text, len, path, ret, diags, err);
}

void lkb_pkg_free(struct lkb_pkg *p)
{
	struct lkb_arena arena;

	if (!p)
		return;
	arena = p->arena;
	lkb_arena_clear(&arena);
	free(p);
}

const char *lkb_pkg_name(const struct lkb_pkg *p)
{
	return p->name;
}

const char *lkb_pkg_image(const struct lkb_pkg *p)
{
	return p->image;
}

bool lkb_pkg_has_arch(const struct lkb_pkg *p, const char *arch)
{
	size_t i;

	for (i = 0; i < p->architectures.n; i++)
		if (!strcmp(p->architectures.items[i], arch))
			return true;
	return false;
}

void lkb_pkg_components(const struct lkb_pkg *p, struct lkb_strv *ret)
{
	size_t i;

	for (i = 0; i < p->components.n; i++)
		if (!lkb_strv_has(ret, p->components.items[i]))
			lkb_strv_add(ret, p->components.items[i]);
	if (!p->components.n)
		lkb_strv_add(ret, "main");
	lkb_strv_sort(ret);
}

bool lkb_pkg_takes(const struct lkb_pkg *p, const char *deb_name)
{
	size_t i;

	for (i = 0; i < p->take.n; i++)
		if (lkb_glob_match(p->take.items[i], deb_name))
			return true;
	return !p->take.n;
}
