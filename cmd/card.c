/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/card.h"

#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"

#define SECTOR ((uint64_t)LKB_MBR_SECTOR)

static int read_block(const struct lkb_blob *b, uint64_t off, uint8_t block[LKB_ENV_SIZE])
{
	uint64_t size = lkb_blob_size(b);

	if (off > size || size - off < LKB_ENV_SIZE)
		return -1;
	return lkb_blob_read(b, off, block, LKB_ENV_SIZE, NULL);
}

/* The last 4 KiB of a partition; zeros where the file is too short or the entry is not used. */
static void read_trailer(struct lkb_card *c, int number, uint8_t block[LKB_ENV_SIZE])
{
	const struct lkb_mbr_entry *e = &c->mbr.entries[number];
	uint64_t end = ((uint64_t)e->start_sectors + e->size_sectors) * SECTOR;

	if (!e->type || end < LKB_ENV_SIZE || read_block(c->blob, end - LKB_ENV_SIZE, block))
		memset(block, 0, LKB_ENV_SIZE);
}

bool lkb_card_like(const struct lkb_blob *blob)
{
	uint8_t sector[LKB_MBR_SIZE];
	struct lkb_mbr mbr;

	return lkb_blob_size(blob) >= LKB_RECORD_1_OFF &&
	       !lkb_blob_read(blob, 0, sector, sizeof(sector), NULL) && lkb_mbr_parse(sector, &mbr);
}

int lkb_card_read(const char *path, struct lkb_card *ret, struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = NULL;
	lkb_autofree struct lkb_card *c = lkb_alloc(sizeof(*c));
	uint8_t sector[LKB_MBR_SIZE];
	int i;

	if (lkb_blob_open_disk(path, &blob, err))
		return -1;
	if (!lkb_card_like(blob) || lkb_blob_read(blob, 0, sector, sizeof(sector), err) ||
	    !lkb_mbr_parse(sector, &c->mbr))
		return lkb_fail(err, LKB_INPUT, "'%s' is no card image: it has no partition table",
				path);
	c->blob = blob;
	read_block(blob, LKB_RECORD_0_OFF, c->records[0]);
	read_block(blob, LKB_RECORD_1_OFF, c->records[1]);
	for (i = 0; i < 2; i++)
		read_trailer(c, LKB_CARD_SLOT_A + i, c->trailers[i]);
	*ret = *c;
	blob = NULL;
	return 0;
}

void lkb_card_clear(struct lkb_card *c)
{
	lkb_blob_unref(c->blob);
	c->blob = NULL;
}

const char *lkb_card_board(const struct lkb_card *c)
{
	int i;

	for (i = 0; i < 2; i++)
		if (lkb_env_valid(c->trailers[i]) && lkb_env_get(c->trailers[i], "t_board"))
			return lkb_env_get(c->trailers[i], "t_board");
	return NULL;
}

int lkb_card_extract(const struct lkb_card *c, const char *path, const char *name,
		     const char *target, struct lkb_error *err)
{
	static const char *const env[] = {"MTOOLSRC=/dev/null", "MTOOLS_SKIP_CHECK=1", "LC_ALL=C",
					  "TZ=UTC", NULL};
	uint64_t off = c->mbr.entries[LKB_CARD_BOOT].start_sectors * SECTOR;
	lkb_autofree char *image = lkb_format("%s@@%llu", path, (unsigned long long)off);
	lkb_autofree char *source = lkb_format("::%s", name);
	const char *argv[] = {"mcopy", "-n", "-i", image, source, target, NULL};
	struct lkb_proc p = {.argv = argv, .env = env, .package = "mtools"};

	if (lkb_proc_run(&p, NULL, err))
		return lkb_context(err, "cannot read '%s' out of '%s'", name, path);
	return 0;
}
