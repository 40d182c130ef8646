/* SPDX-License-Identifier: Apache-2.0 */
/* What is on a device: partitions that the kernel does not show, file systems, labels. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "flash/device_priv.h"
#include "image/gpt.h"
#include "image/mbr.h"

#define MAX_PARTS 128u /* that are looked into */

static int open_device(const struct lkb_device *dev)
{
	lkb_autofd fd = open(dev->node, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (dev->kind == LKB_DEVICE_FILE)
		return S_ISREG(st.st_mode) && st.st_ino == dev->inode ? lkb_steal_fd(&fd) : -1;
	if (S_ISBLK(st.st_mode) && st.st_rdev == dev->dev)
		return lkb_steal_fd(&fd);
	return dev->root[0] && S_ISREG(st.st_mode) ? lkb_steal_fd(&fd) : -1;
}

/* As many bytes as there are, and can be read. */
static size_t read_at(int fd, uint64_t off, uint8_t *p, size_t n)
{
	size_t have = 0;

	while (have < n && off < INT64_MAX - n) {
		ssize_t got = pread(fd, p + have, n - have, (off_t)(off + have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	return have;
}

/* A GPT's, whose names are labels of a kind. */
static size_t from_gpt(const struct lkb_device *dev, int fd, struct lkb_partition *parts,
		       struct lkb_arena *a)
{
	lkb_auto(lkb_blob) disk = NULL;
	struct lkb_gpt_table *table = lkb_arena_alloc(a, sizeof(*table));
	size_t n = 0;

	if (lkb_blob_dup_fd(fd, dev->size, dev->path, &disk, NULL) ||
	    lkb_gpt_read(disk, table, NULL))
		return 0;
	for (size_t i = 0; i < table->n; i++) {
		const struct lkb_gpt_found *e = &table->entries[i];
		uint64_t most = dev->size / LKB_MBR_SECTOR;

		if (!e->size_sectors || e->start_sectors > most || e->size_sectors > most)
			continue;
		parts[n++] = (struct lkb_partition){
			.number = e->number,
			.start = e->start_sectors * LKB_MBR_SECTOR,
			.size = e->size_sectors * LKB_MBR_SECTOR,
			.label = e->name[0] ? lkb_shown(a, e->name) : NULL,
		};
	}
	return n;
}

static size_t from_table(const struct lkb_device *dev, int fd, const uint8_t *head,
			 struct lkb_partition *parts, struct lkb_arena *a)
{
	struct lkb_mbr mbr;
	size_t n = 0;

	if (!lkb_mbr_parse(head, &mbr))
		return 0;
	if (lkb_gpt_is_protected(&mbr))
		return from_gpt(dev, fd, parts, a);
	for (unsigned i = 0; i < LKB_MBR_ENTRIES; i++) {
		const struct lkb_mbr_entry *e = &mbr.entries[i];
		uint64_t start = (uint64_t)e->start_sectors * dev->logical;

		if (e->type && start && e->size_sectors && start < dev->size)
			parts[n++] = (struct lkb_partition){
				.number = i + 1,
				.start = start,
				.size = (uint64_t)e->size_sectors * dev->logical,
			};
	}
	return n;
}

static void look_into(const struct lkb_device *dev, int fd, struct lkb_partition *part,
		      uint8_t *buf, struct lkb_arena *a)
{
	size_t most = part->size < LKB_SYSTEM_HEAD ? (size_t)part->size : LKB_SYSTEM_HEAD;
	const char *system, *label;

	if (part->start >= dev->size)
		return;
	lkb_system_tell(buf, read_at(fd, part->start, buf, most), a, &system, &label);
	if (system)
		part->system = system;
	if (label)
		part->label = label;
}

/* The boot sectors of these look like an MBR, and hold no partitions. */
static bool is_whole(const char *system)
{
	return system && (!strcmp(system, "vfat") || !strcmp(system, "ntfs") ||
			  !strcmp(system, "exfat"));
}

void lkb_device_look_inside(struct lkb_device *dev)
{
	lkb_autofd fd = dev->size ? open_device(dev) : -1;
	lkb_autofree uint8_t *buf = NULL;
	struct lkb_partition *parts;
	struct lkb_arena *a = &dev->arena;
	const char *system, *label;
	size_t n;

	if (fd < 0)
		return;
	buf = lkb_alloc(LKB_SYSTEM_HEAD);
	n = read_at(fd, 0, buf, LKB_SYSTEM_HEAD);
	lkb_system_tell(buf, n, a, &system, &label);
	parts = lkb_arena_array(a, dev->n_parts > MAX_PARTS ? dev->n_parts : MAX_PARTS,
				sizeof(*parts));
	if (dev->n_parts)
		memcpy(parts, dev->parts, dev->n_parts * sizeof(*parts));
	else if (n >= LKB_MBR_SIZE && !is_whole(system))
		dev->n_parts = from_table(dev, fd, buf, parts, a);
	for (size_t i = 0; i < dev->n_parts && i < MAX_PARTS; i++)
		look_into(dev, fd, &parts[i], buf, a);
	dev->parts = parts;
	if (system) {
		dev->system = system;
		dev->label = label;
	}
}
