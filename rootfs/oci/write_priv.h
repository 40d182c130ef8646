/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_WRITE_PRIV_H
#define LKB_ROOTFS_OCI_WRITE_PRIV_H

#include "base/ext/json.h"
#include "rootfs/oci/docs.h"

/* The documents of an image as JSON that is the same for the same values. Callers own what is
 * returned. */

/* {"digest", "mediaType", "size"} */
json_t *lkb_oci_desc_json(const struct lkb_oci_desc *d);
/* The same with d's platform, if it has one, and with annotation org.opencontainers.image.ref.name
 * `name`, if it is not NULL. */
json_t *lkb_oci_entry_json(const struct lkb_oci_desc *d, const char *name);
/* The same with annotation io.containerd.image.name too: containerd and LinuxKit know no other. */
json_t *lkb_oci_export_json(const struct lkb_oci_desc *d, const char *name);
/* An index; takes the array over. */
json_t *lkb_oci_index_json(json_t *manifests);
/* A manifest's text. */
char *lkb_oci_manifest_text(const struct lkb_oci_desc *config, const struct lkb_oci_desc *layers,
			    size_t n);

#endif
