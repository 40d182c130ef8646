/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "image/iso/iso_priv.h"
#include "image/stat.h"

#define NAME_BYTES  253u /* rock.c of Linux leaves out what would make a name longer */
#define DIRS_MAX    65535u
#define TAIL_PAD    150u /* sectors that drives read ahead over the end of a track */
#define MBR_CODE    432u
#define HYBRID_UNIT (LKB_MIB / ISO_SECTOR) /* a cylinder of 64 heads and 32 sectors */

void iso_plan_clear(struct iso_plan *p)
{
	for (size_t i = 0; i < p->n_nodes; i++)
		((struct lkb_inode *)(uintptr_t)p->nodes[i].inode)->writer_data = NULL;
	free(p->nodes);
	free(p->dirs);
	*p = (struct iso_plan){0};
}

/* ---- what there is ---- */

static int check_item(const struct lkb_tree_item *item, struct lkb_error *err)
{
	const struct lkb_inode *inode = item->inode;

	if (item->depth && strlen(item->name) > NAME_BYTES)
		return lkb_fail(err, LKB_INPUT,
				"its name has %zu bytes, but Linux reads at most %u from an ISO "
				"image", strlen(item->name), NAME_BYTES);
	/* Linux takes a number without a major one for one that has both in the lower half. */
	if (lkb_stat_is_device(inode) && inode->major == 0 && inode->minor > 0xff)
		return lkb_fail(err, LKB_INPUT,
				"its device number %u:%u cannot be told from another one",
				inode->major, inode->minor);
	return 0;
}

static int collect_item(struct iso_plan *p, const struct lkb_tree_item *item,
			struct iso_node *parent, struct lkb_error *err)
{
	const struct lkb_inode *inode = item->inode;
	struct iso_node *node = inode->writer_data;

	if (check_item(item, err) != 0)
		return -1;
	if (!item->first) {
		node->links++;
		return 0;
	}
	node = &p->nodes[p->n_nodes++];
	*node = (struct iso_node){
		.inode = inode,
		.serial = (uint32_t)p->n_nodes,
		.links = inode->type == LKB_NODE_DIR ? 2 : 1,
		.parent = parent ? (uint32_t)(parent - p->nodes) : 0,
	};
	((struct lkb_inode *)(uintptr_t)inode)->writer_data = node;
	p->n_xattrs += inode->n_xattrs;
	if (parent && inode->type == LKB_NODE_DIR)
		parent->links++;
	return 0;
}

#define DEPTH_MAX 257

static int collect(struct iso_plan *p, const struct lkb_inode *root, struct lkb_error *err)
{
	struct lkb_tree_stats s = lkb_tree_stats(root);
	lkb_auto(lkb_tree_iter) it = lkb_tree_iter_new(root);
	struct iso_node *way[DEPTH_MAX + 1] = {NULL};
	struct lkb_tree_item item;

	if (s.dirs > DIRS_MAX)
		return lkb_fail(err, LKB_INPUT,
				"%llu directories are more than the %u of an ISO image",
				(unsigned long long)s.dirs, DIRS_MAX);
	p->nodes = lkb_alloc_array(s.files + s.dirs + s.symlinks + s.specials, sizeof(*p->nodes));
	p->dirs = lkb_alloc_array(s.dirs, sizeof(*p->dirs));
	while (lkb_tree_iter_next(it, &item) > 0) {
		if (item.depth > DEPTH_MAX)
			return lkb_fail(err, LKB_INPUT, "'/%s' is too deep", item.path);
		if (collect_item(p, &item, item.depth ? way[item.depth - 1] : NULL, err) != 0)
			return lkb_context(err, "'/%s'", item.path);
		way[item.depth] = item.inode->writer_data;
	}
	return 0;
}

/* The order of the path table: level by level, by parent, by identifier. */
static void order_dirs(struct iso_plan *p)
{
	p->dirs[p->n_dirs++] = &p->nodes[0];
	for (size_t i = 0; i < p->n_dirs; i++) {
		const struct lkb_inode *dir = p->dirs[i]->inode;
		lkb_autofree struct iso_name *names = iso_names(dir);

		p->dirs[i]->number = (uint16_t)(i + 1);
		for (size_t k = 0; k < dir->n_entries; k++) {
			struct iso_node *node = names[k].entry->inode->writer_data;

			if (names[k].entry->inode->type != LKB_NODE_DIR)
				continue;
			memcpy(node->id, names[k].id, sizeof(node->id));
			p->dirs[p->n_dirs++] = node;
		}
	}
}

/* ---- where it stands ---- */

static uint32_t path_bytes(const struct iso_plan *p)
{
	uint32_t n = 10; /* the root's identifier has one byte */

	for (size_t i = 1; i < p->n_dirs; i++)
		n += 8 + (uint32_t)lkb_align_up(strlen(p->dirs[i]->id), 2);
	return n;
}

/* Lengths first: a directory says how long those in it are. */
static int place_dirs(struct iso_plan *p, uint64_t *at, struct lkb_error *err)
{
	lkb_autostr records = {0}, more = {0};

	for (size_t i = 0; i < p->n_dirs; i++) {
		struct iso_node *d = p->dirs[i];

		iso_dir_encode(p, d, &records, &more);
		if (records.len > UINT32_MAX || more.len > UINT32_MAX)
			return lkb_fail(err, LKB_INPUT,
					"a directory of %zu files is too large for an ISO image",
					d->inode->n_entries);
		d->record_sectors = (uint32_t)(records.len / ISO_SECTOR);
		d->more_sectors = (uint32_t)(more.len / ISO_SECTOR);
		d->sector = (uint32_t)*at;
		*at += d->record_sectors + d->more_sectors;
	}
	return 0;
}

static int too_large(struct lkb_error *err)
{
	return lkb_fail(err, LKB_INPUT, "the tree is larger than the 8 TiB of an ISO image");
}

static int place_files(struct iso_plan *p, uint64_t *at, struct lkb_error *err)
{
	for (size_t i = 0; i < p->n_nodes; i++) {
		struct iso_node *n = &p->nodes[i];

		if (n->inode->type != LKB_NODE_FILE || n->inode->data.len == 0)
			continue;
		if (lkb_div_up(n->inode->data.len, ISO_SECTOR) > UINT32_MAX - *at)
			return too_large(err);
		n->sector = (uint32_t)*at;
		*at += lkb_div_up(n->inode->data.len, ISO_SECTOR);
	}
	return 0;
}

static int place(struct iso_plan *p, struct lkb_error *err)
{
	bool boots = p->o->bios || p->o->efi;
	uint64_t at = ISO_VOLUME_AT + 1, path_sectors;

	if (boots)
		p->boot_sector = (uint32_t)at++;
	p->end_sector = (uint32_t)at++;
	p->path_bytes = path_bytes(p);
	path_sectors = lkb_div_up(p->path_bytes, ISO_SECTOR);
	p->path_l = (uint32_t)at;
	p->path_m = (uint32_t)(at + path_sectors);
	at += 2 * path_sectors;
	if (place_dirs(p, &at, err) != 0)
		return -1;
	if (boots)
		p->catalog = (uint32_t)at++;
	if (place_files(p, &at, err) != 0)
		return -1;
	at += TAIL_PAD;
	if (p->o->is_hybrid)
		at = lkb_align_up(at, HYBRID_UNIT);
	if (at > UINT32_MAX)
		return too_large(err);
	if (p->o->is_hybrid && at * (ISO_SECTOR / 512) > UINT32_MAX)
		return lkb_fail(err, LKB_INPUT,
				"a hybrid image of %s is larger than its partition table can say",
				lkb_size_text(at * ISO_SECTOR).s);
	p->sectors = at;
	return 0;
}

/* ---- what is asked for ---- */

static int check_volume_id(const char *id, struct lkb_error *err)
{
	size_t n = id ? strlen(id) : 0;

	if (n < 1 || n > 32)
		return lkb_fail(err, LKB_INPUT, "volume id '%.100s' does not have 1 to 32 bytes",
				id ? id : "");
	for (size_t i = 0; i < n; i++) {
		if (id[i] < 0x20 || id[i] > 0x7e)
			return lkb_fail(err, LKB_INPUT,
					"volume id has byte 0x%02x, which is not printable ASCII",
					(unsigned char)id[i]);
	}
	return 0;
}

static int check_image(const struct iso_plan *p, const struct lkb_inode *image, uint64_t least,
		       const char *what, struct lkb_error *err)
{
	bool found = false;

	if (!image)
		return 0;
	for (size_t i = 0; i < p->n_nodes; i++)
		found |= p->nodes[i].inode == image;
	if (!found || image->type != LKB_NODE_FILE)
		return lkb_fail(err, LKB_INPUT, "the boot image for %s is no file of the tree",
				what);
	if (image->data.len < least || image->data.len > UINT32_MAX)
		return lkb_fail(err, LKB_INPUT, "the boot image for %s has %s", what,
				lkb_size_text(image->data.len).s);
	return 0;
}

int iso_plan(const struct lkb_inode *root, const struct lkb_iso_options *o, struct iso_plan *ret,
	     struct lkb_error *err)
{
	iso_autoplan p = {.o = o};

	if (check_volume_id(o->volume_id, err) != 0)
		return -1;
	if (o->mbr_code_len > MBR_CODE)
		return lkb_fail(err, LKB_INPUT, "code of %zu bytes does not fit into the %u of a "
				"master boot record", o->mbr_code_len, MBR_CODE);
	if (collect(&p, root, err) != 0 || check_image(&p, o->bios, 64, "BIOS", err) != 0 ||
	    check_image(&p, o->efi, 1, "UEFI", err) != 0)
		return -1;
	order_dirs(&p);
	if (place(&p, err) != 0)
		return -1;
	*ret = p;
	p = (struct iso_plan){0};
	return 0;
}
