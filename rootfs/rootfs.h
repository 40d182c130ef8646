/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_ROOTFS_H
#define LKB_ROOTFS_ROOTFS_H

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/ui.h"
#include "rootfs/oci/store.h"
#include "rootfs/spec/spec.h"
#include "rootfs/tree/tree.h"

/* LinuxKit's semantics: a spec and its resolved images become one root file system.
 *
 *	boot/ of kernel.tar                  -> `boot` (device trees); never in the root
 *	kernel binary                        -> `kernel`
 *	kernel.tar, init images, containers/{onboot,onshutdown,services}/..., files -> `root`
 */
struct lkb_rootfs {
	struct lkb_tree *root;  /* owned */
	struct lkb_tree *boot;  /* owned; what stood below boot/, without the prefix */
	struct lkb_data kernel; /* holds a reference; .blob NULL if the spec has no kernel */
	struct lkb_data ucode;  /* the same: goes before the initrd, as it is; only on amd64 */
	char *cmdline;          /* the spec's, "" if none */
};

/* Images of a spec, resolved once: what plan/ shows and pins, what rootfs/ reads. */
struct lkb_rootfs_images {
	struct lkb_image **items; /* owned; first those for the board, each reference once, in
				   * order of first use; then what volumes hold for others */
	size_t n;
};
/* The references a spec uses on the board, each once, in order of first use. */
void lkb_rootfs_refs(const struct lkb_spec *spec, struct lkb_strv *ret);

/* An image that a volume holds as an OCI layout, for a platform that it lists. */
struct lkb_rootfs_want {
	char *ref; /* owned; canonical */
	struct lkb_platform platform;
	const struct lkb_pos *pos; /* of the platform; borrowed from the spec */
};
struct lkb_rootfs_wants {
	struct lkb_rootfs_want *items; /* owned */
	size_t n, cap;
};
/* All of them, in order of the spec. */
int lkb_rootfs_wants(const struct lkb_spec *spec, struct lkb_rootfs_wants *ret,
		     struct lkb_error *err);
void lkb_rootfs_wants_clear(struct lkb_rootfs_wants *wants);
/* Adds a fault for each that is no reference; -1 if the list then has an error, with the first. */
int lkb_rootfs_check_refs(const struct lkb_spec *spec, struct lkb_diags *diags,
			  struct lkb_error *err);
/* Says where the spec first names the image of that canonical reference, if it does. Returns -1. */
int lkb_rootfs_ref_at(const struct lkb_spec *spec, const char *ref, struct lkb_error *err);

struct lkb_rootfs_env {
	const char *name, *board, *version, *hostname; /* for etc/lkboard-release */
	const char *arch; /* "arm64" */
	const char *ucode; /* stands for kernel.ucode where the spec has none and the kernel image
			    * has such a file; may be NULL */
	int64_t epoch;                                  /* mtime of everything generated */
	bool settings; /* the board's cards have a settings.env: there are files to mount over */
};

int lkb_rootfs_build(const struct lkb_spec *spec, struct lkb_store *store,
		     const struct lkb_rootfs_images *images, const struct lkb_rootfs_env *env,
		     struct lkb_ui *ui, struct lkb_rootfs *ret, struct lkb_error *err);
void lkb_rootfs_clear(struct lkb_rootfs *r);

/* The OCI runtime config.json of one container (runtime-spec config.md), as LinuxKit generates it,
 * from spec, label and image config. `readonly` decides the layout too. The caller frees *ret. */
struct lkb_runtime_in {
	const struct lkb_spec_image *spec;
	const struct lkb_spec_image *label; /* all zero if the image has none */
	const struct lkb_image *image;
	/* names of all image objects with their numbers (100, 101, ...), for uid and gid by name */
	const struct lkb_strmap *ids;
	const struct lkb_objlist *volumes; /* of the spec: struct lkb_spec_volume */
	const char *root_path; /* absolute path of the rootfs on the booted system */
};
int lkb_runtime_config(const struct lkb_runtime_in *in, char **ret, struct lkb_error *err);

#endif
