/* SPDX-License-Identifier: Apache-2.0 */
#include "image/iso/iso.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/size.h"
#include "image/iso/iso_priv.h"
#include "image/seq.h"

#define DATE_NONE "0000000000000000"

/* A field of a descriptor that is filled up with blanks. */
static void put_text(uint8_t *p, size_t room, const char *text)
{
	memset(p, ' ', room);
	memcpy(p, text, strlen(text));
}

static void encode_volume(const struct iso_plan *p, uint8_t out[ISO_SECTOR])
{
	memset(out, 0, ISO_SECTOR);
	memcpy(out, "\1CD001\1", 7);
	put_text(out + 8, 32, "LINUX");
	put_text(out + 40, 32, p->o->volume_id);
	iso_put_both32(out + 80, (uint32_t)p->sectors);
	iso_put_both16(out + 120, 1); /* volumes in the set */
	iso_put_both16(out + 124, 1); /* number of this one */
	iso_put_both16(out + 128, ISO_SECTOR);
	iso_put_both32(out + 132, p->path_bytes);
	lkb_put_le32(out + 140, p->path_l);
	lkb_put_be32(out + 148, p->path_m);
	iso_root_record(p, out + 156);
	put_text(out + 190, 128, ""); /* volume set */
	put_text(out + 318, 128, ""); /* publisher */
	put_text(out + 446, 128, ""); /* who prepared it */
	put_text(out + 574, 128, "LKBOARD");
	put_text(out + 702, 37 * 3, ""); /* files with copyright, abstract, bibliography */
	iso_put_long_date(out + 813, p->o->epoch); /* made */
	iso_put_long_date(out + 830, p->o->epoch); /* changed */
	memcpy(out + 847, DATE_NONE, 16);	   /* of no use from then on */
	memcpy(out + 864, DATE_NONE, 16);	   /* of use from then on */
	out[881] = 1;
}

static int put_descriptors(struct lkb_seq *s, const struct iso_plan *p, struct lkb_error *err)
{
	uint8_t sector[ISO_SECTOR] = {0};

	if (p->o->is_hybrid) {
		iso_boot_mbr(p, sector);
		if (lkb_seq_bytes(s, sector, sizeof(sector), err) != 0)
			return -1;
	}
	encode_volume(p, sector);
	if (lkb_seq_upto(s, ISO_VOLUME_AT * ISO_SECTOR, err) != 0 ||
	    lkb_seq_bytes(s, sector, sizeof(sector), err) != 0)
		return -1;
	if (p->boot_sector) {
		iso_boot_descriptor(p, sector);
		if (lkb_seq_bytes(s, sector, sizeof(sector), err) != 0)
			return -1;
	}
	memset(sector, 0, sizeof(sector));
	memcpy(sector, "\xff" "CD001\1", 7);
	return lkb_seq_bytes(s, sector, sizeof(sector), err);
}

/* The path table, in one order of bytes or the other. */
static int put_path_table(struct lkb_seq *s, const struct iso_plan *p, uint32_t sector, bool big,
			  struct lkb_error *err)
{
	if (lkb_seq_upto(s, (uint64_t)sector * ISO_SECTOR, err) != 0)
		return -1;
	for (size_t i = 0; i < p->n_dirs; i++) {
		const struct iso_node *d = p->dirs[i];
		size_t n = i ? strlen(d->id) : 1;
		uint16_t parent = p->nodes[d->parent].number;
		uint8_t e[8 + 32] = {(uint8_t)n};

		if (big) {
			lkb_put_be32(e + 2, d->sector);
			e[6] = (uint8_t)(parent >> 8);
			e[7] = (uint8_t)parent;
		} else {
			lkb_put_le32(e + 2, d->sector);
			lkb_put_le16(e + 6, parent);
		}
		memcpy(e + 8, d->id, n);
		if (lkb_seq_bytes(s, e, 8 + lkb_align_up(n, 2), err) != 0)
			return -1;
	}
	return 0;
}

static int put_dirs(struct lkb_seq *s, const struct iso_plan *p, struct lkb_error *err)
{
	lkb_autostr records = {0}, more = {0};

	for (size_t i = 0; i < p->n_dirs; i++) {
		const struct iso_node *d = p->dirs[i];

		iso_dir_encode(p, d, &records, &more);
		if (lkb_seq_upto(s, (uint64_t)d->sector * ISO_SECTOR, err) != 0 ||
		    lkb_seq_bytes(s, records.s, records.len, err) != 0 ||
		    lkb_seq_bytes(s, more.s, more.len, err) != 0)
			return -1;
	}
	return 0;
}

static int put_file(struct lkb_seq *s, const struct iso_plan *p, const struct iso_node *n,
		    struct lkb_error *err)
{
	struct lkb_data d = n->inode->data;
	uint8_t head[64];

	if (n->inode->type != LKB_NODE_FILE || d.len == 0)
		return 0;
	if (lkb_seq_upto(s, (uint64_t)n->sector * ISO_SECTOR, err) != 0)
		return -1;
	if (n->inode == p->o->bios && p->o->bios_info_table) {
		if (iso_boot_info(p, head, err) != 0 ||
		    lkb_seq_bytes(s, head, sizeof(head), err) != 0)
			return -1;
		d.off += sizeof(head);
		d.len -= sizeof(head);
	}
	return lkb_seq_data(s, &d, err);
}

static int put_all(struct lkb_seq *s, const struct iso_plan *p, struct lkb_error *err)
{
	uint8_t sector[ISO_SECTOR];

	if (put_descriptors(s, p, err) != 0 || put_path_table(s, p, p->path_l, false, err) != 0 ||
	    put_path_table(s, p, p->path_m, true, err) != 0 || put_dirs(s, p, err) != 0)
		return -1;
	if (p->catalog) {
		iso_boot_catalog(p, sector);
		if (lkb_seq_upto(s, (uint64_t)p->catalog * ISO_SECTOR, err) != 0 ||
		    lkb_seq_bytes(s, sector, sizeof(sector), err) != 0)
			return -1;
	}
	for (size_t i = 0; i < p->n_nodes; i++) {
		if (put_file(s, p, &p->nodes[i], err) != 0)
			return -1;
	}
	if (lkb_seq_upto(s, p->sectors * ISO_SECTOR, err) != 0)
		return -1;
	return lkb_seq_finish(s, err);
}

/* The patched head of a BIOS image is not what the file holds: it is no extent of it. */
static void note_extents(const struct iso_plan *p, struct lkb_extents *to)
{
	for (size_t i = 0; i < p->n_nodes; i++) {
		const struct iso_node *n = &p->nodes[i];

		if (n->sector && n->inode->type == LKB_NODE_FILE &&
		    !(n->inode == p->o->bios && p->o->bios_info_table))
			lkb_extents_add(to, n->inode, (uint64_t)n->sector * ISO_SECTOR,
					n->inode->data.len);
	}
}

int lkb_iso_measure(const struct lkb_inode *root, const struct lkb_iso_options *o, uint64_t *ret,
		    struct lkb_error *err)
{
	iso_autoplan p = {0};

	if (iso_plan(root, o, &p, err) != 0)
		return -1;
	*ret = p.sectors * ISO_SECTOR;
	return 0;
}

int lkb_iso_write(const struct lkb_inode *root, const struct lkb_iso_options *o, int fd,
		  const char *name, struct lkb_error *err)
{
	lkb_autoseq s = {.fd = fd, .name = name};
	iso_autoplan p = {0};

	if (iso_plan(root, o, &p, err) != 0 || put_all(&s, &p, err) != 0)
		return -1;
	if (o->extents)
		note_extents(&p, o->extents);
	if (p.n_xattrs)
		lkb_ui_warning(o->ui, "'%s': an ISO image has no place for %" PRIu64
			       " extended attributes, file capabilities among them", name,
			       p.n_xattrs);
	return 0;
}
