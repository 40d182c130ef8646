/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_DOCKER_PRIV_H
#define LKB_ROOTFS_OCI_DOCKER_PRIV_H

#include "rootfs/oci/layout_priv.h"

/*
 * What `docker save` writes (also podman, skopeo, kaniko, bazel): manifest.json is a list of
 * images, each with the name of its config, its tags, and the names of its layers, lowest first.
 * Bounds: 256 images, 128 layers each, 4096 tags in all.
 */
struct lkb_docker_image {
	char *called;           /* its first tag, or "image 2" */
	struct lkb_strv tags;   /* as written */
	struct lkb_strv layers; /* names in the archive */
	char *config_name;      /* in the archive */
	struct lkb_data config_data; /* borrowed from the archive */
	struct lkb_sha256 config_digest;
	struct lkb_oci_config config;
};

/* Born {0}. */
struct lkb_docker {
	struct lkb_docker_image *items; /* owned */
	size_t n;
};

/* Reads manifest.json and the configs. LKB_TRUST if a config is named by a digest it does not
 * have. */
int lkb_docker_read(const struct lkb_archive *a, const char *path, struct lkb_docker *ret,
		    struct lkb_error *err);
void lkb_docker_clear(struct lkb_docker *d);
#define lkb_autodocker __attribute__((cleanup(lkb_docker_clear))) struct lkb_docker

/* Gives the layout what an OCI layout has: manifests written by us, the same for the same images;
 * configs byte by byte, so that the image's ID stays; layers as they are. A plain layer is taken to
 * be what the config says, and compared when it is copied or used. */
int lkb_docker_make(const struct lkb_docker *d, struct lkb_layout *l, struct lkb_error *err);

/* For an archive that is an OCI layout too: true in *ret if its index.json gives every tag.
 * LKB_INPUT if one name is two images. */
int lkb_docker_in_index(const struct lkb_docker *d, const struct lkb_layout *l, bool *ret,
			struct lkb_error *err);

/* Refuses an archive of the time before manifest.json, and says which names it has. Returns -1. */
int lkb_docker_fail_legacy(const struct lkb_archive *a, const char *path, struct lkb_error *err);

#endif
