/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_CONTAINER_PRIV_H
#define LKB_ROOTFS_CONTAINER_PRIV_H

#include "base/arena.h"
#include "base/error.h"
#include "base/jsonout.h"
#include "rootfs/rootfs.h"
#include "rootfs/spec/spec.h"
#include "rootfs/tree/tree.h"

/* From one image object of a spec to config.json: merge.c puts spec, label and image together, the
 * tables of caps.c, mounts.c, namespaces.c and process.c give meaning to the words, runtime.c
 * writes. Everything a container points to lives in the caller's arena or in the inputs. */

struct lkb_mount {
	const char *destination; /* absolute, normalised */
	const char *type;
	const char *source;
	struct lkb_strlist options;
};

struct lkb_caps {
	struct lkb_strlist held;    /* bounding, inheritable, permitted; sorted */
	struct lkb_strlist active;  /* effective */
	struct lkb_strlist ambient;
};

struct lkb_container {
	struct lkb_spec_image set;  /* the merged keys */
	struct lkb_strlist args, env;
	const char *cwd;            /* absolute */
	bool readonly;
	struct lkb_caps caps;
	struct lkb_mount *mounts;   /* sorted by destination, each destination once */
	size_t n_mounts;
};

/* Everything that needs no rootfs path; what lkb_runtime_config() writes. */
int lkb_container_read(const struct lkb_runtime_in *in, struct lkb_arena *arena,
		       struct lkb_container *ret, struct lkb_error *err);
int lkb_container_write(const struct lkb_container *c, const struct lkb_strmap *ids,
			const char *root_path, char **ret, struct lkb_error *err);

/* merge.c: a key of `over` where it is present, else of `under`; capabilities.add and binds.add of
 * both add to the label's lists unless `over` gives the whole list. */
void lkb_merge_images(const struct lkb_spec_image *over, const struct lkb_spec_image *under,
		      struct lkb_arena *arena, struct lkb_spec_image *ret);

/* caps.c: names, "all" and "none" as sorted lists. */
int lkb_caps_read(const struct lkb_spec_image *set, struct lkb_arena *arena, struct lkb_caps *ret,
		  struct lkb_error *err);

/* mounts.c: default mounts, tmpfs, binds and mounts; a later one replaces an earlier one with the
 * same destination. A bind's source may be the name of one of `volumes` (struct
 * lkb_spec_volume). */
int lkb_mounts_read(const struct lkb_spec_image *set, const struct lkb_objlist *volumes,
		    struct lkb_arena *arena, struct lkb_mount **ret, size_t *ret_n,
		    struct lkb_error *err);
void lkb_mount_write(struct lkb_jsonout *j, const struct lkb_mount *m);
/* Of a bind: adds the option that makes it one, and puts the path of the volume in place of its
 * name. */
int lkb_mount_complete(struct lkb_mount *m, const struct lkb_objlist *volumes,
		       struct lkb_arena *arena, struct lkb_error *err);

/* namespaces.c */
void lkb_namespaces_write(struct lkb_jsonout *j, const struct lkb_spec_image *set);
/* Fails for settings that need a namespace of the container's own, and it has none. */
int lkb_namespaces_check(const struct lkb_spec_image *set, struct lkb_error *err);

/* process.c: the "process" object. */
int lkb_process_write(struct lkb_jsonout *j, const struct lkb_container *c,
		      const struct lkb_strmap *ids, struct lkb_error *err);

/* resources.c: "resources" with the device rules; nothing where there are none. */
void lkb_resources_write(struct lkb_jsonout *j, const struct lkb_spec_image *set);

/* devices.c: the items of the rules' list, and "devices", nothing where there are none. */
bool lkb_device_is_node(const struct lkb_spec_device *d); /* else it is a rule for "all" */
uint32_t lkb_device_mode(const struct lkb_spec_device *d);
int lkb_devices_check(const struct lkb_objlist *devices, struct lkb_error *err);
void lkb_devices_write_rules(struct lkb_jsonout *j, const struct lkb_objlist *devices);
void lkb_devices_write_nodes(struct lkb_jsonout *j, const struct lkb_objlist *devices);

/* runtimejson.c: what the system's init does around the container. */
struct lkb_runtimejson {
	/* Paths in the root file system, without a leading slash; `lower` is where the image is
	 * stored. */
	const char *dir, *lower;
	struct lkb_tree *image; /* what is stored there; NULL: nothing is looked up in it */
	const char *restart; /* "always", "on-failure"; NULL = never */
	const struct lkb_objlist *volumes; /* struct lkb_spec_volume */
};
int lkb_runtimejson(const struct lkb_container *c, const struct lkb_runtimejson *in,
		    struct lkb_arena *arena, char **ret, struct lkb_error *err);

#endif
