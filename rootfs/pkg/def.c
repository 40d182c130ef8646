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
#include "rootfs/pkg/sources_priv.h"

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

static const struct lkb_schema_key keep_keys[] = {
	LKB_KEY(struct lkb_pkg_keep, path, LKB_T_STRING,
		"glob over the paths in the packages",
		.flags = REQUIRED, .check = check_path),
	LKB_KEY(struct lkb_pkg_keep, to, LKB_T_STRING,
		"where it goes; a slash at the end: into that directory; default: where it was",
		.check = check_path),
	LKB_KEY(struct lkb_pkg_keep, package, LKB_T_STRING,
		"only from packages whose name this glob matches",
		.flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_pkg_keep, mode, LKB_T_MODE,
		"permissions; default: the package's"),
};
static const struct lkb_schema keep_schema =
	LKB_SCHEMA("keep", struct lkb_pkg_keep, keep_keys);

static const struct lkb_schema_key concat_keys[] = {
	LKB_KEY(struct lkb_pkg_concat, path, LKB_T_STRING,
		"where the one file goes",
		.flags = REQUIRED, .check = check_path),
	LKB_KEY(struct lkb_pkg_concat, from, LKB_T_STRING,
		"glob over the paths in the packages: these files, in the order of their paths",
		.flags = REQUIRED, .check = check_path),
	LKB_KEY(struct lkb_pkg_concat, mode, LKB_T_MODE,
		"permissions; default 0644"),
};
static const struct lkb_schema concat_schema =
	LKB_SCHEMA("concat", struct lkb_pkg_concat, concat_keys);

static const struct lkb_schema_key local_keys[] = {
	LKB_KEY(struct lkb_pkg_local, file, LKB_T_STRING,
		"name of a program that lkboard was built with",
		.flags = REQUIRED, .check = check_file_name),
	LKB_KEY(struct lkb_pkg_local, to, LKB_T_STRING,
		"where it goes",
		.flags = REQUIRED, .check = check_path),
	LKB_KEY(struct lkb_pkg_local, mode, LKB_T_MODE,
		"permissions; default 0755"),
};
static const struct lkb_schema local_schema =
	LKB_SCHEMA("local", struct lkb_pkg_local, local_keys);

static const struct lkb_schema_key file_keys[] = {
	LKB_KEY(struct lkb_pkg_file, path, LKB_T_STRING,
		"where it goes",
		.flags = REQUIRED, .check = check_path),
	LKB_KEY(struct lkb_pkg_file, contents, LKB_T_STRING,
		"text of a regular file"),
	LKB_KEY(struct lkb_pkg_file, symlink, LKB_T_STRING,
		"target of a symbolic link",
		.flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_pkg_file, directory, LKB_T_BOOL,
		"true makes a directory"),
	LKB_KEY(struct lkb_pkg_file, mode, LKB_T_MODE,
		"permissions; default 0644, for a directory 0755"),
};
static const struct lkb_schema file_schema =
	LKB_SCHEMA("file", struct lkb_pkg_file, file_keys);

static const struct lkb_schema_key links_keys[] = {
	LKB_KEY(struct lkb_pkg_links, target, LKB_T_STRING,
		"what the links point to, as it is written into them",
		.flags = REQUIRED),
	LKB_KEY(struct lkb_pkg_links, paths, LKB_T_STRLIST,
		"the links",
		.flags = REQUIRED, .check = check_path),
};
static const struct lkb_schema links_schema =
	LKB_SCHEMA("links", struct lkb_pkg_links, links_keys);

static const struct lkb_schema_key ucode_keys[] = {
	LKB_KEY(struct lkb_pkg_ucode, amd, LKB_T_STRING,
		"glob over the paths in the packages: the files of AMD's",
		.flags = LKB_KEY_NONEMPTY, .check = check_path),
	LKB_KEY(struct lkb_pkg_ucode, intel, LKB_T_STRING,
		"glob over the paths in the packages: the files of Intel's",
		.flags = LKB_KEY_NONEMPTY, .check = check_path),
};
static const struct lkb_schema ucode_schema =
	LKB_SCHEMA("ucode", struct lkb_pkg_ucode, ucode_keys);

static const struct lkb_schema_key kernel_keys[] = {
	LKB_KEY(struct lkb_pkg_kernel, image, LKB_T_STRING,
		"glob that matches the one kernel image; it becomes /kernel, an arm64 Image "
		"compressed with gzip",
		.flags = REQUIRED, .check = check_path),
	LKB_KEY(struct lkb_pkg_kernel, dtbs, LKB_T_STRLIST,
		"globs of device trees; they go to boot/dtb/ of /kernel.tar with the name of "
		"the directory they were in",
		.check = check_path),
	LKB_KEY(struct lkb_pkg_kernel, modules, LKB_T_STRLIST,
		"names or globs of modules; they and what they need go to lib/modules of "
		"/kernel.tar; a module that is built in is fine"),
	LKB_KEY(struct lkb_pkg_kernel, ucode, LKB_T_OBJECT,
		"microcode of x86 processors; it becomes /ucode.cpio, which goes before an initrd",
		.object = &ucode_schema),
};
static const struct lkb_schema kernel_schema =
	LKB_SCHEMA("kernel", struct lkb_pkg_kernel, kernel_keys);

static const struct lkb_schema_key pkg_keys[] = {
	LKB_KEY(struct lkb_pkg, image, LKB_T_STRING,
		"reference under which the image is put into the store",
		.flags = REQUIRED),
	LKB_KEY(struct lkb_pkg, architectures, LKB_T_STRLIST,
		"what the image can be made for",
		.flags = REQUIRED, .choices = arch_choices),
	LKB_KEY(struct lkb_pkg, suite, LKB_T_STRING,
		"Debian suite by its code name; default bookworm",
		.flags = LKB_KEY_NONEMPTY, .check = check_word),
	LKB_KEY(struct lkb_pkg, components, LKB_T_STRLIST,
		"components of the suite; default main",
		.flags = LKB_KEY_NONEMPTY, .check = check_word),
	LKB_KEY(struct lkb_pkg, packages, LKB_T_STRLIST,
		"Debian packages; apt adds what they depend on",
		.check = check_deb_name),
	LKB_KEY(struct lkb_pkg, take, LKB_T_STRLIST,
		"globs over that set: what is downloaded; default: all of it",
		.flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_pkg, keep, LKB_T_OBJLIST,
		"what of the packages goes into the image",
		.object = &keep_schema),
	LKB_KEY(struct lkb_pkg, concat, LKB_T_OBJLIST,
		"files of the packages joined to one",
		.object = &concat_schema),
	LKB_KEY(struct lkb_pkg, kernel, LKB_T_OBJECT,
		"makes a LinuxKit kernel image",
		.object = &kernel_schema),
	LKB_KEY(struct lkb_pkg, local, LKB_T_OBJLIST,
		"programs of lkboard's own",
		.object = &local_schema),
	LKB_KEY(struct lkb_pkg, files, LKB_T_OBJLIST,
		"files, directories and links written here",
		.object = &file_schema),
	LKB_KEY(struct lkb_pkg, links, LKB_T_OBJLIST,
		"many links to one target",
		.object = &links_schema),
	LKB_KEY(struct lkb_pkg, entrypoint, LKB_T_STRLIST,
		"Entrypoint of the image"),
	LKB_KEY(struct lkb_pkg, cmd, LKB_T_STRLIST,
		"Cmd of the image"),
	LKB_KEY(struct lkb_pkg, env, LKB_T_STRLIST,
		"Env of the image",
		.check = check_env),
	LKB_KEY(struct lkb_pkg, workdir, LKB_T_STRING,
		"WorkingDir of the image",
		.flags = LKB_KEY_NONEMPTY),
	LKB_KEY(struct lkb_pkg, labels, LKB_T_STRMAP,
		"Labels of the image; org.mobyproject.config is LinuxKit's"),
};
static const struct lkb_schema pkg_schema = LKB_SCHEMA_NO_POS("package", struct lkb_pkg, pkg_keys);

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

static void check_labels(const struct lkb_pkg *p, struct lkb_diags *diags)
{
	size_t i;

	for (i = 0; i < p->labels.n; i++)
		if (lkb_starts_with(p->labels.keys[i], "org.lkboard."))
			lkb_schema_error(diags, &p->labels.pos[i], NULL,
					 "label '%s' is lkboard's own", p->labels.keys[i]);
}

/* Faults that only show when several keys are seen together. */
static void check_whole(const struct lkb_pkg *p, struct lkb_diags *diags)
{
	const struct lkb_pkg_keep *keep = p->keep.items;
	const struct lkb_pkg_concat *concat = p->concat.items;
	const struct lkb_pos *ucode = &p->kernel.ucode.pos;
	struct lkb_pos top = {.file = p->file, .line = 1, .column = 1};
	struct lkb_error why = {0};
	lkb_autoref ref = {0};

	if (p->image && *p->image && lkb_ref_parse(p->image, &ref, &why))
		lkb_schema_error(diags, &top, NULL, "image: %s", why.message);
	if (!p->packages.set && p->keep.n)
		lkb_schema_error(diags, &keep[0].pos, NULL,
				 "'keep' has nothing to keep from without 'packages'");
	if (!p->packages.set && p->concat.n)
		lkb_schema_error(diags, &concat[0].pos, NULL,
				 "'concat' has nothing to join without 'packages'");
	if (!p->packages.set && p->kernel.pos.line)
		lkb_schema_error(diags, &p->kernel.pos, NULL, "'kernel' needs 'packages'");
	if (p->packages.n && !p->keep.n && !p->concat.n && !p->kernel.pos.line)
		lkb_schema_error(diags, &p->packages.pos[0],
				 "say with 'keep' which files go into the image",
				 "nothing of 'packages' is kept");
	if (ucode->line && !lkb_schema_given(ucode, "amd") && !lkb_schema_given(ucode, "intel"))
		lkb_schema_error(diags, ucode, NULL,
				 "'ucode' names neither 'amd' nor 'intel'");
	check_files(p, diags);
	check_labels(p, diags);
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
		p->suite = LKB_DEBIAN_SUITE;
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

bool lkb_pkg_has_local(const struct lkb_pkg *p)
{
	return p->local.n > 0;
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
