/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_ROOTFS_PRIV_H
#define LKB_ROOTFS_ROOTFS_PRIV_H

#include "base/arena.h"
#include "rootfs/container_priv.h"
#include "rootfs/rootfs.h"

/* What the steps of one build share; all borrowed but the arena. */
struct lkb_rootfs_job {
	const struct lkb_spec *spec;
	struct lkb_store *store;
	const struct lkb_rootfs_images *images;
	const struct lkb_rootfs_env *env;
	struct lkb_ui *ui;
	struct lkb_tree *root;
	struct lkb_strmap ids; /* names of image objects -> "100", "101", ... */
	struct lkb_arena arena;
};

/* Attributes of what lkboard makes itself. */
static inline struct lkb_meta lkb_rootfs_meta(int64_t epoch, uint32_t mode)
{
	return (struct lkb_meta){ .mode = mode, .mtime = epoch };
}

/* ids.c: the sections with image objects, in LinuxKit's order. */
struct lkb_rootfs_section {
	const char *name;
	const struct lkb_objlist *images; /* struct lkb_spec_image */
	bool numbered;                    /* directories are NNN-NAME: order and repeats matter */
};
#define LKB_ROOTFS_SECTIONS 3
void lkb_rootfs_sections(const struct lkb_spec *spec,
			 struct lkb_rootfs_section ret[LKB_ROOTFS_SECTIONS]);

/* images.c: the resolved image behind a reference of the spec; borrowed. */
int lkb_rootfs_image(const struct lkb_rootfs_job *job, const char *ref,
		     const struct lkb_image **ret, struct lkb_error *err);
/* The one that was resolved for a platform which a volume lists. */
int lkb_rootfs_image_for(const struct lkb_rootfs_job *job, const char *ref,
			 const struct lkb_platform *platform, const struct lkb_image **ret,
			 struct lkb_error *err);
/* The name an image has in the store; a reference that is none stays as it is, so that whoever
 * looks for it says what is wrong with it. The caller frees the result. */
char *lkb_rootfs_canonical(const char *ref);
/* The image as a tree; the caller frees it. */
int lkb_rootfs_image_tree(const struct lkb_rootfs_job *job, const char *ref,
			  const struct lkb_image **ret_image, struct lkb_tree **ret,
			  struct lkb_error *err);

/* kernel.c: kernel.tar goes to the root; what is for the boot loader is in *ret. Born {0}. */
struct lkb_rootfs_kernel {
	struct lkb_data kernel, ucode; /* hold references */
};
int lkb_rootfs_kernel(struct lkb_rootfs_job *job, struct lkb_rootfs_kernel *ret,
		      struct lkb_error *err);
/* init.c */
int lkb_rootfs_init(struct lkb_rootfs_job *job, struct lkb_error *err);
/* containers.c */
int lkb_rootfs_containers(struct lkb_rootfs_job *job, struct lkb_error *err);
/* volumes.c: before the containers, whose mount points depend on them. */
bool lkb_rootfs_lists_platforms(const struct lkb_spec_volume *v);
int lkb_rootfs_volumes(struct lkb_rootfs_job *job, struct lkb_error *err);
/* release.c: etc/lkboard-release, etc/hostname, the data partition's mount point. */
int lkb_rootfs_release(struct lkb_rootfs_job *job, struct lkb_error *err);
/* settings.c: what the initrd of a card mounts its settings over. */
int lkb_rootfs_settings(struct lkb_rootfs_job *job, struct lkb_error *err);
/* files.c: the entries that go below containers/, or all others. */
int lkb_rootfs_files(struct lkb_rootfs_job *job, bool in_containers, struct lkb_error *err);

/* metadata.c: the merged spec as "yaml" or "json", appended to *ret. */
int lkb_rootfs_metadata(const struct lkb_spec *spec, const char *format, struct lkb_str *ret,
			struct lkb_error *err);

/* overlay.c: lays `over` onto the tree, as unpacking an archive into it would, but a link to a
 * directory and a directory of the same name become one: an image with lib -> usr/lib does not hide
 * the modules in lib/, nor the other way round. The root directory keeps its attributes. What comes
 * in is marked with `source`. */
int lkb_overlay(struct lkb_tree *t, struct lkb_tree *over, const char *source,
		struct lkb_error *err);

/* clean.c: what image builders leave behind is not part of an image. */
void lkb_clean_image(struct lkb_tree *t);
/* The entries that every root file system has: dev/, proc/, sys/, etc/hosts, ... `resolv_target`:
 * etc/resolv.conf is a link to it; NULL = a file with a comment. */
int lkb_standard_entries(struct lkb_tree *t, const char *resolv_target, int64_t epoch,
			 struct lkb_error *err);

/* mountpoints.c: makes what a runtime would make for the container's mounts, devices and cwd if it
 * could, in the tree of a read-only image. `root` is where bind sources are looked up, to know a
 * file from a directory. */
int lkb_mountpoints_add(struct lkb_tree *image, struct lkb_tree *root,
			const struct lkb_container *c, int64_t epoch, struct lkb_error *err);

/* ids.c: a uid or gid: a number, "root", or the name of an image object; NULL and "" are 0. */
int lkb_id_read(const char *text, const struct lkb_strmap *ids, uint32_t *ret,
		struct lkb_error *err);
void lkb_ids_fill(const struct lkb_spec *spec, struct lkb_arena *arena, struct lkb_strmap *ret);

/* lkb_at() with a position of the spec; returns -1. */
int lkb_at_pos(const struct lkb_pos *pos, struct lkb_error *err);

#endif
