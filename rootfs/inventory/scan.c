/* SPDX-License-Identifier: Apache-2.0 */
/* Where an image's tree has what it says about itself. */
#include <string.h>

#include "base/str.h"
#include "rootfs/inventory/inventory_priv.h"

typedef void parse_fn(const char *text, size_t len, struct lkb_inventory *v);

static int read_node(const struct lkb_inode *node, parse_fn *parse, struct lkb_inventory *v,
		     struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	size_t len;

	if (!node || node->type != LKB_NODE_FILE)
		return 0;
	if (node->data.len > LKB_INVENTORY_TEXT) {
		v->skipped++;
		return 0;
	}
	if (lkb_data_read_all(&node->data, LKB_INVENTORY_TEXT, &text, &len, err))
		return -1;
	parse(text, len, v);
	return 0;
}

static int read_dir(const struct lkb_inode *dir, parse_fn *parse, struct lkb_inventory *v,
		    struct lkb_error *err)
{
	size_t i;

	for (i = 0; dir && dir->type == LKB_NODE_DIR && i < dir->n_entries; i++) {
		/* Beside them stand lists of their files' sums. */
		if (lkb_ends_with(dir->entries[i].name, ".md5sums"))
			continue;
		if (read_node(dir->entries[i].inode, parse, v, err))
			return -1;
	}
	return 0;
}

int lkb_inventory_scan(struct lkb_tree *t, struct lkb_inventory *ret, struct lkb_error *err)
{
	static const struct {
		const char *path;
		parse_fn *parse;
	} files[] = {
		{"etc/os-release", lkb_inventory_os_release},
		{"usr/lib/os-release", lkb_inventory_os_release},
		{"var/lib/dpkg/status", lkb_inventory_dpkg},
		{"lib/apk/db/installed", lkb_inventory_apk},
		{"usr/lib/apk/db/installed", lkb_inventory_apk},
	};
	lkb_autoinventory v = {0};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(files); i++)
		if (read_node(lkb_tree_lookup(t, files[i].path, true), files[i].parse, &v, err))
			return lkb_context(err, "'%s'", files[i].path);
	if (read_dir(lkb_tree_lookup(t, "var/lib/dpkg/status.d", true), lkb_inventory_dpkg, &v,
		     err))
		return lkb_context(err, "'var/lib/dpkg/status.d'");
	lkb_inventory_sort(&v);
	*ret = v;
	v = (struct lkb_inventory){0};
	return 0;
}
