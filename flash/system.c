/* SPDX-License-Identifier: Apache-2.0 */
/* File systems and the like by their first bytes, under the names that blkid has for them. */
#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "flash/device_priv.h"

#define EXT_SUPER 1024u
#define BTRFS     65536u

static const struct {
	const char *name;
	size_t at;
	const char *magic;
	size_t len;
	size_t label_at, label_len; /* 0 = it has none, or not so near */
} systems[] = {
	{"ext2", EXT_SUPER + 56, "\x53\xef", 2, EXT_SUPER + 120, 16},
	{"vfat", 82, "FAT32   ", 8, 71, 11},
	{"vfat", 54, "FAT16   ", 8, 43, 11},
	{"vfat", 54, "FAT12   ", 8, 43, 11},
	{"exfat", 3, "EXFAT   ", 8, 0, 0},
	{"ntfs", 3, "NTFS    ", 8, 0, 0},
	{"squashfs", 0, "hsqs", 4, 0, 0},
	{"erofs", 1024, "\xe2\xe1\xf5\xe0", 4, 1024 + 64, 16},
	{"xfs", 0, "XFSB", 4, 108, 12},
	{"f2fs", 1024, "\x10\x20\xf5\xf2", 4, 0, 0},
	{"btrfs", BTRFS + 64, "_BHRfS_M", 8, BTRFS + 299, 256},
	{"iso9660", 32769, "CD001", 5, 32808, 32},
	{"swap", 4086, "SWAPSPACE2", 10, 1052, 16},
	{"crypto_LUKS", 0, "LUKS\xba\xbe\0\x01", 8, 0, 0},
	{"crypto_LUKS", 0, "LUKS\xba\xbe\0\x02", 8, 24, 48},
	{"LVM2_member", 512 + 24, "LVM2 001", 8, 0, 0},
	{"linux_raid_member", 4096, "\xfc\x4e\x2b\xa9", 4, 4096 + 32, 32},
	{"linux_raid_member", 0, "\xfc\x4e\x2b\xa9", 4, 32, 32},
};

/* What a later one has and an earlier one has not (the kernel's ext4/super.rst). */
static const char *which_ext(const uint8_t *super)
{
	uint32_t compat = lkb_get_le32(super + 92), incompat = lkb_get_le32(super + 96);
	uint32_t ro_compat = lkb_get_le32(super + 100);

	/* extents, 64bit, flex_bg; huge_file, gdt_csum, dir_nlink, extra_isize, metadata_csum */
	if (incompat & 0x2c0 || ro_compat & 0x478)
		return "ext4";
	return compat & 4 ? "ext3" : "ext2";
}

static const char *label_of(const uint8_t *p, size_t len, struct lkb_arena *a)
{
	lkb_autostr s = {0};

	len = strnlen((const char *)p, len);
	while (len && p[len - 1] == ' ')
		len--;
	/* What a FAT says that has none. */
	if (!len || (len == 7 && !memcmp(p, "NO NAME", 7)))
		return NULL;
	lkb_utf8_show(&s, p, len, false);
	return lkb_arena_strdup(a, lkb_str_get(&s));
}

void lkb_system_tell(const uint8_t *p, size_t n, struct lkb_arena *a, const char **ret_system,
		     const char **ret_label)
{
	*ret_system = *ret_label = NULL;
	for (size_t i = 0; i < LKB_ARRAY_SIZE(systems); i++) {
		size_t end = systems[i].label_at + systems[i].label_len;

		if (systems[i].at + systems[i].len > n ||
		    memcmp(p + systems[i].at, systems[i].magic, systems[i].len) != 0)
			continue;
		*ret_system = systems[i].name;
		if (systems[i].at == EXT_SUPER + 56 && n >= EXT_SUPER + 104)
			*ret_system = which_ext(p + EXT_SUPER);
		if (systems[i].label_len && end <= n)
			*ret_label = label_of(p + systems[i].label_at, systems[i].label_len, a);
		return;
	}
}
