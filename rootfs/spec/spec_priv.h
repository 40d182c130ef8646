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

/* Appends a document to the spec by LinuxKit's rule. */
void lkb_spec_merge(struct lkb_spec *spec, const struct lkb_spec_document *doc);

/* What the table cannot say. Of one file: keys that depend on each other. Of the merged spec: names
 * used twice, names that nothing has. */
void lkb_spec_check_document(const struct lkb_spec_document *doc, struct lkb_diags *diags);
void lkb_spec_check_image(const struct lkb_spec_image *image, const char *path,
			  struct lkb_diags *diags);
void lkb_spec_check_merged(const struct lkb_spec *spec, struct lkb_diags *diags);

/* Checks of single values for the table: NULL, or what is wrong as the end of "which ...". */
const char *lkb_spec_bad_name(const char *v);
const char *lkb_spec_bad_image(const char *v);
const char *lkb_spec_bad_line(const char *v);
const char *lkb_spec_bad_cmdline(const char *v);
const char *lkb_spec_bad_absolute(const char *v);
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

/* Names for image objects that containerd takes as well. */
bool lkb_spec_is_containerd_id(const char *name);

#define LKB_SPEC_NO_VOLUMES "names a volume; volumes are not supported by this version of lkboard"

#endif
