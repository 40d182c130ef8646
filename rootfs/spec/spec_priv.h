/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_SPEC_SPEC_PRIV_H
#define LKB_ROOTFS_SPEC_SPEC_PRIV_H

#include "rootfs/spec/spec.h"

/* One file as the table reads it, before it is merged into the spec. */
struct lkb_spec_document {
	struct lkb_spec spec; /* its arena is not used: everything lives in the merged spec's */
	struct lkb_objlist outputs; /* struct lkb_spec_output */
};

struct lkb_spec_output {
	struct lkb_pos pos;
	const char *format;
};

/* The table of what a label may hold: an image object without name and image. */
const struct lkb_schema *lkb_spec_label_schema(void);

/* The tables of an image object and of its `resources`. */
extern const struct lkb_schema lkb_spec_image_schema, lkb_spec_resources_schema;

/* What to write instead of a value of these kinds. */
#define LKB_SPEC_IMAGE_HINT "write it like nginx:1.27, example.org/nginx or nginx@sha256:..."
#define LKB_SPEC_LINE_HINT "write it in one line"
#define LKB_SPEC_INTERFACE_HINT "write a name of at most 15 characters, such as eth0"
#define LKB_SPEC_HOSTNAME_HINT "use letters and digits, with '.' or '-' between them, at most 64"

/* Appends a document to the spec by LinuxKit's rule. */
void lkb_spec_merge(struct lkb_spec *spec, const struct lkb_spec_document *doc);

/* What the table cannot say. Of one file: keys that depend on each other. Of the merged spec: names
 * used twice, names that nothing has. */
void lkb_spec_check_document(const struct lkb_spec_document *doc, struct lkb_diags *diags);
void lkb_spec_check_image(const struct lkb_spec_image *image, const char *path,
			  struct lkb_diags *diags);
void lkb_spec_check_merged(const struct lkb_spec *spec, struct lkb_diags *diags);

/* Names of the spec's objects, to be looked up: index.c. Born {0}. */
struct lkb_spec_named {
	const char *name;
	const struct lkb_pos *pos; /* of the object, which begins with it */
	size_t order;
};
struct lkb_spec_names {
	struct lkb_spec_named *items; /* owned */
	size_t n;
};
void lkb_spec_names_clear(struct lkb_spec_names *names);
#define lkb_spec_autonames __attribute__((cleanup(lkb_spec_names_clear))) struct lkb_spec_names
/* Adds the objects of a list, `size` bytes each, that have a name; `pos` is their first field. */
void lkb_spec_names_add(struct lkb_spec_names *names, const struct lkb_objlist *list, size_t size,
			size_t name_offset);
/* By name, equal ones in order of the spec: what find and nearest need. */
void lkb_spec_names_sort(struct lkb_spec_names *names);
const struct lkb_spec_named *lkb_spec_names_find(const struct lkb_spec_names *names,
						 const char *name);
/* "did you mean 'web'?", or `otherwise` if no name is near or there are very many. The caller frees
 * it. */
char *lkb_spec_names_hint(const struct lkb_spec_names *names, const char *word,
			  const char *otherwise);

/* volumes.c: containers that name volumes which are not there, or would write to read-only ones. */
void lkb_spec_check_volume_users(const struct lkb_spec *spec, const struct lkb_spec_names *volumes,
				 struct lkb_diags *diags);
void lkb_spec_check_volumes(const struct lkb_objlist *volumes, struct lkb_diags *diags);

/* package.c: what an image given as "@pkg:DIRECTORY" is called, in the arena; `dir` is what
 * DIRECTORY is relative to. */
int lkb_spec_package(const char *text, const char *dir, struct lkb_arena *arena, const char **ret,
		     struct lkb_error *err);

/* Checks of single values for the table: NULL, or what is wrong as the end of "which ...". */
const char *lkb_spec_bad_name(const char *v);
const char *lkb_spec_bad_image(const char *v);
const char *lkb_spec_bad_line(const char *v);
const char *lkb_spec_bad_cmdline(const char *v);
const char *lkb_spec_bad_absolute(const char *v);
const char *lkb_spec_bad_relative(const char *v);
const char *lkb_spec_bad_path_or_none(const char *v);
const char *lkb_spec_bad_kind(const char *v);
const char *lkb_spec_bad_image_path(const char *v);
const char *lkb_spec_bad_mountpoint(const char *v);
const char *lkb_spec_bad_tar(const char *v);
const char *lkb_spec_bad_bind(const char *v);
const char *lkb_spec_bad_tmpfs(const char *v);
const char *lkb_spec_bad_env(const char *v);
const char *lkb_spec_bad_net(const char *v);
const char *lkb_spec_bad_namespace(const char *v);
const char *lkb_spec_bad_hostname(const char *v);
const char *lkb_spec_bad_rlimit(const char *v);
const char *lkb_spec_bad_device(const char *v);
const char *lkb_spec_bad_octal(const char *v);
const char *lkb_spec_bad_version(const char *v);
const char *lkb_spec_bad_module(const char *v);
const char *lkb_spec_bad_volume(const char *v);
const char *lkb_spec_bad_platform(const char *v);
const char *lkb_spec_bad_interface(const char *v);
const char *lkb_spec_bad_containerd_ns(const char *v);
const char *lkb_spec_bad_access(const char *v);
const char *lkb_spec_bad_numbers(const char *v);
const char *lkb_spec_bad_page_size(const char *v);

/* Names for image objects that containerd takes as well. */
bool lkb_spec_is_containerd_id(const char *name);

#endif
