/* SPDX-License-Identifier: Apache-2.0 */
#include "image/fs/erofs.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/size.h"
#include "image/fs/erofs_priv.h"
#include "image/seq.h"
#include "image/stat.h"

#define SUPER_AT       1024u
#define SUPER_SIZE     128u
#define MAGIC          0xe0f5e1e2u
#define COMPAT_SUM     0x1u /* the superblock has a checksum */
#define COMPAT_MTIME   0x2u /* an extended inode's time is that of its contents */
#define LAYOUT_PLAIN   0u
#define LAYOUT_INLINE  2u
#define LABEL_MAX      15u

/* CRC-32C as the kernel's crc32c(~0, ...): reflected 0x1EDC6F41, not inverted at the end. */
static uint32_t crc32c(const uint8_t *p, size_t n)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return crc;
}

static void encode_super(const struct erofs_plan *p, const struct lkb_erofs_options *o,
			 uint8_t block[EROFS_BLOCK])
{
	uint8_t *s = block + SUPER_AT;
	struct lkb_uuid uuid = lkb_derive_uuid(o->seed, "erofs");

	memset(block, 0, EROFS_BLOCK);
	lkb_put_le32(s, MAGIC);
	lkb_put_le32(s + 8, COMPAT_SUM | COMPAT_MTIME);
	s[12] = 12; /* log2 of the block size */
	lkb_put_le16(s + 14, (uint16_t)(p->nodes[0].at / EROFS_SLOT));
	lkb_put_le64(s + 16, p->n_nodes);
	lkb_put_le64(s + 24, o->epoch < 0 ? 0 : (uint64_t)o->epoch);
	lkb_put_le32(s + 36, (uint32_t)p->blocks);
	memcpy(s + 48, uuid.b, sizeof(uuid.b));
	if (o->label)
		memcpy(s + 64, o->label, strlen(o->label));
	lkb_put_le32(s + 4, crc32c(s, EROFS_BLOCK - SUPER_AT));
}

static void encode_inode(const struct erofs_node *n, int64_t epoch, uint8_t out[EROFS_EXTENDED])
{
	const struct lkb_inode *inode = n->inode;
	uint32_t layout = n->has_tail ? LAYOUT_INLINE : LAYOUT_PLAIN;
	uint32_t where = lkb_stat_is_device(inode) ? lkb_stat_device(inode) : (uint32_t)n->first;

	memset(out, 0, EROFS_EXTENDED);
	lkb_put_le16(out, (uint16_t)(layout << 1 | n->is_extended));
	/* Counted in words, of which the header's twelve bytes are the first. */
	lkb_put_le16(out + 2, n->xattr_size ? (uint16_t)((n->xattr_size - 12) / 4 + 1) : 0);
	lkb_put_le16(out + 4, (uint16_t)lkb_stat_mode(inode));
	lkb_put_le32(out + 16, where);
	lkb_put_le32(out + 20, n->number);
	if (n->is_extended) {
		lkb_put_le64(out + 8, n->size);
		lkb_put_le32(out + 24, inode->meta.uid);
		lkb_put_le32(out + 28, inode->meta.gid);
		lkb_put_le64(out + 32, lkb_stat_mtime(inode, epoch));
		lkb_put_le32(out + 44, n->links);
	} else {
		lkb_put_le16(out + 6, (uint16_t)n->links);
		lkb_put_le32(out + 8, (uint32_t)n->size);
		lkb_put_le16(out + 24, (uint16_t)inode->meta.uid);
		lkb_put_le16(out + 26, (uint16_t)inode->meta.gid);
	}
}

/* Bytes [off, off + len) of what the inode holds. */
static int put_content(struct lkb_seq *s, const struct erofs_plan *p, const struct erofs_node *n,
		       uint64_t off, uint64_t len, struct lkb_error *err)
{
	const struct lkb_inode *inode = n->inode;
	struct lkb_data part = inode->data;
	lkb_autofree uint8_t *buf = NULL;

	if (len == 0)
		return 0;
	switch (inode->type) {
	case LKB_NODE_FILE:
		part.off += off;
		part.len = len;
		return lkb_seq_data(s, &part, err);
	case LKB_NODE_DIR:
		buf = lkb_alloc(lkb_align_up(n->size, EROFS_BLOCK));
		erofs_dir_encode(p, n, buf);
		return lkb_seq_bytes(s, buf + off, (size_t)len, err);
	default:
		return lkb_seq_bytes(s, inode->target + off, (size_t)len, err);
	}
}

static int put_inode(struct lkb_seq *s, const struct erofs_plan *p, const struct erofs_node *n,
		     int64_t epoch, struct lkb_error *err)
{
	uint32_t head = erofs_head(n), tail = erofs_tail(n);
	lkb_autofree uint8_t *buf = lkb_alloc(EROFS_EXTENDED + n->xattr_size);

	encode_inode(n, epoch, buf);
	if (n->xattr_size)
		erofs_xattr_encode(n->inode, buf + head - n->xattr_size);
	if (lkb_seq_upto(s, n->at, err) != 0 || lkb_seq_bytes(s, buf, head, err) != 0)
		return -1;
	return put_content(s, p, n, n->size - tail, tail, err);
}

static int put_blocks(struct lkb_seq *s, const struct erofs_plan *p, const struct erofs_node *n,
		      struct lkb_error *err)
{
	uint64_t whole = n->size - erofs_tail(n);

	if (whole == 0)
		return 0;
	if (lkb_seq_upto(s, n->first * EROFS_BLOCK, err) != 0)
		return -1;
	return put_content(s, p, n, 0, whole, err);
}

static int put_all(struct lkb_seq *s, const struct erofs_plan *p,
		   const struct lkb_erofs_options *o, struct lkb_error *err)
{
	uint8_t block[EROFS_BLOCK];

	encode_super(p, o, block);
	if (lkb_seq_bytes(s, block, sizeof(block), err) != 0)
		return -1;
	for (size_t i = 0; i < p->n_nodes; i++) {
		if (put_inode(s, p, p->by_place[i], o->epoch, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < p->n_nodes; i++) {
		if (put_blocks(s, p, &p->nodes[i], err) != 0)
			return -1;
	}
	if (lkb_seq_upto(s, p->blocks * EROFS_BLOCK, err) != 0)
		return -1;
	return lkb_seq_finish(s, err);
}

static void note_extents(const struct erofs_plan *p, struct lkb_extents *to)
{
	for (size_t i = 0; i < p->n_nodes; i++) {
		const struct erofs_node *n = &p->nodes[i];
		uint32_t tail = erofs_tail(n);

		if (n->inode->type != LKB_NODE_FILE)
			continue;
		lkb_extents_add(to, n->inode, n->first * EROFS_BLOCK, n->size - tail);
		lkb_extents_add(to, n->inode, n->at + erofs_head(n), tail);
	}
}

int lkb_erofs_measure(const struct lkb_inode *root, const struct lkb_erofs_options *o,
		      uint64_t *ret, struct lkb_error *err)
{
	erofs_autoplan p = {0};

	if (erofs_plan(root, o->epoch, &p, err) != 0)
		return -1;
	*ret = p.blocks * EROFS_BLOCK;
	return 0;
}

int lkb_erofs_write(const struct lkb_inode *root, const struct lkb_erofs_options *o, int fd,
		    const char *name, struct lkb_error *err)
{
	lkb_autoseq s = {.fd = fd, .name = name};
	erofs_autoplan p = {0};

	if (o->label && strlen(o->label) > LABEL_MAX)
		return lkb_fail(err, LKB_INPUT, "label '%.100s' is longer than %u bytes", o->label,
				LABEL_MAX);
	if (erofs_plan(root, o->epoch, &p, err) != 0 || put_all(&s, &p, o, err) != 0)
		return -1;
	if (o->extents)
		note_extents(&p, o->extents);
	if (p.lost_xattrs)
		lkb_ui_warning(o->ui, "'%s': EROFS has no place for %" PRIu64
			       " extended attributes", name, p.lost_xattrs);
	return 0;
}
