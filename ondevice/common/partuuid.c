/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/common/partuuid.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/size.h"
#include "ondevice/common/slurp.h"

#define MBR_SIZE 512
#define MBR_SIGNATURE_OFF 440
#define GPT_SECTOR 512
#define GPT_ENTRIES_MAX 128
#define GUID_TEXT 36

static bool hex_value(const char *text, size_t digits, uint32_t *ret)
{
	uint32_t v = 0;
	size_t i;

	for (i = 0; i < digits; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			v = v << 4 | (uint32_t)(c - 'A' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}

/* 8-4-4-4-12 hex digits. */
static bool parse_guid(const char *text, uint8_t guid[16])
{
	size_t i, at = 0;

	for (i = 0; i < 16; i++) {
		uint32_t byte;

		if (i == 4 || i == 6 || i == 8 || i == 10)
			if (text[at++] != '-')
				return false;
		if (!hex_value(text + at, 2, &byte))
			return false;
		guid[i] = (uint8_t)byte;
		at += 2;
	}
	return true;
}

char *lkb_partuuid_words(const struct lkb_partuuid *id)
{
	const uint8_t *g = id->guid;

	if (!id->gpt)
		return lkb_format("partition %u of the disk with signature %08x", id->partition,
				  id->signature);
	return lkb_format("the partition with the GUID %02x%02x%02x%02x-%02x%02x-%02x%02x-"
			  "%02x%02x-%02x%02x%02x%02x%02x%02x", g[0], g[1], g[2], g[3], g[4], g[5],
			  g[6], g[7], g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]);
}

bool lkb_partuuid_parse(const char *text, struct lkb_partuuid *ret)
{
	struct lkb_partuuid id;
	uint32_t partition;

	if (!lkb_starts_with(text, "PARTUUID="))
		return false;
	text += strlen("PARTUUID=");
	if (strlen(text) == GUID_TEXT) {
		id = (struct lkb_partuuid){.gpt = true};
		if (!parse_guid(text, id.guid))
			return false;
		*ret = id;
		return true;
	}
	id = (struct lkb_partuuid){0};
	if (strlen(text) != 11 || text[8] != '-' || !hex_value(text, 8, &id.signature) ||
	    !hex_value(text + 9, 2, &partition) || !partition)
		return false;
	id.partition = partition;
	*ret = id;
	return true;
}

void lkb_list_names(const char *dir, struct lkb_strv *ret)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			lkb_strv_add(ret, e->d_name);
	closedir(d);
	lkb_strv_sort(ret);
}

static bool read_signature(const char *dev, const char *disk, uint32_t *ret)
{
	lkb_autofree char *path = lkb_format("%s/%s", dev, disk);
	lkb_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t mbr[MBR_SIZE];

	if (fd < 0 || lkb_pread_full(fd, mbr, sizeof(mbr), 0, path, NULL))
		return false;
	if (lkb_get_le16(mbr + 510) != 0xaa55)
		return false;
	*ret = lkb_get_le32(mbr + MBR_SIGNATURE_OFF);
	return true;
}

/* The number of the GPT's entry with a GUID, whose first three fields are little-endian there; 0 =
 * none. Whatever else the table says is the kernel's business. */
static unsigned gpt_number(const char *dev, const char *disk, const uint8_t guid[16])
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	lkb_autofree char *path = lkb_format("%s/%s", dev, disk);
	lkb_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t header[92], want[16], is[16];
	uint64_t table;
	uint32_t n, size, i;

	for (i = 0; i < 16; i++)
		want[i] = guid[order[i]];
	if (fd < 0 || lkb_pread_full(fd, header, sizeof(header), GPT_SECTOR, path, NULL) ||
	    memcmp(header, "EFI PART", 8) != 0)
		return 0;
	table = lkb_get_le64(header + 72);
	n = lkb_get_le32(header + 80);
	size = lkb_get_le32(header + 84);
	if (size < 128 || size > 4096 || table > INT64_MAX / GPT_SECTOR - GPT_SECTOR * 4096)
		return 0;
	for (i = 0; i < n && i < GPT_ENTRIES_MAX; i++)
		if (!lkb_pread_full(fd, is, sizeof(is), table * GPT_SECTOR + i * size + 16, path,
				    NULL) && !memcmp(is, want, sizeof(is)))
			return i + 1;
	return 0;
}

static bool find_partition(const char *sysfs, const char *disk, unsigned number,
			   struct lkb_partition *ret)
{
	lkb_autofree char *dir = lkb_format("%s/class/block/%s", sysfs, disk);
	lkb_autostrv names = {0};
	size_t i;

	lkb_list_names(dir, &names);
	for (i = 0; i < names.n; i++) {
		lkb_autofree char *path = lkb_format("%s/%s/partition", dir, names.items[i]);
		lkb_autofree char *text = lkb_slurp_line(path);
		uint64_t found;

		if (!text || !lkb_u64_parse(text, &found) || found != number)
			continue;
		snprintf(ret->disk, sizeof(ret->disk), "%s", disk);
		snprintf(ret->name, sizeof(ret->name), "%s", names.items[i]);
		return true;
	}
	return false;
}

static bool is_whole_disk(const char *sysfs, const char *name)
{
	lkb_autofree char *path = lkb_format("%s/class/block/%s/partition", sysfs, name);

	return access(path, F_OK) != 0;
}

static bool look_at_gpt(const char *sysfs, const char *dev, const char *disk,
			const struct lkb_partuuid *id, struct lkb_partition *ret,
			struct lkb_str *words)
{
	unsigned number = gpt_number(dev, disk, id->guid);

	if (!number) {
		lkb_str_add(words, " (another, or no GPT)");
		return false;
	}
	if (id->partition)
		number = id->partition;
	if (find_partition(sysfs, disk, number, ret))
		return true;
	lkb_str_addf(words, " (but it has no partition %u)", number);
	return false;
}

static bool look_at_mbr(const char *sysfs, const char *dev, const char *disk,
			const struct lkb_partuuid *id, struct lkb_partition *ret,
			struct lkb_str *words)
{
	uint32_t signature;

	if (!read_signature(dev, disk, &signature)) {
		lkb_str_add(words, " (no MBR)");
		return false;
	}
	if (signature != id->signature) {
		lkb_str_addf(words, " (%08x)", signature);
		return false;
	}
	if (find_partition(sysfs, disk, id->partition, ret))
		return true;
	lkb_str_addf(words, " (%08x, but it has no partition %u)", signature, id->partition);
	return false;
}

bool lkb_partuuid_find(const char *sysfs, const char *dev, const struct lkb_partuuid *id,
		       struct lkb_partition *ret, struct lkb_str *seen)
{
	lkb_autofree char *dir = lkb_format("%s/class/block", sysfs);
	lkb_autostrv names = {0};
	lkb_autostr words = {0};
	bool found = false;
	size_t i;

	lkb_list_names(dir, &names);
	for (i = 0; i < names.n && !found; i++) {
		const char *disk = names.items[i];

		if (!is_whole_disk(sysfs, disk))
			continue;
		lkb_str_addf(&words, "%s%s", words.len ? ", " : "", disk);
		found = (id->gpt ? look_at_gpt : look_at_mbr)(sysfs, dev, disk, id, ret, &words);
	}
	if (seen) {
		lkb_str_clear(seen);
		lkb_str_add(seen, words.len ? words.s : "no disk at all");
	}
	return found;
}
