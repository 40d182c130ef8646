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

bool lkb_partuuid_parse(const char *text, struct lkb_partuuid *ret)
{
	struct lkb_partuuid id;
	uint32_t partition;

	if (!lkb_starts_with(text, "PARTUUID="))
		return false;
	text += strlen("PARTUUID=");
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
		uint32_t signature;

		if (!is_whole_disk(sysfs, disk))
			continue;
		lkb_str_addf(&words, "%s%s", words.len ? ", " : "", disk);
		if (!read_signature(dev, disk, &signature))
			lkb_str_add(&words, " (no MBR)");
		else if (signature != id->signature)
			lkb_str_addf(&words, " (%08x)", signature);
		else if (!(found = find_partition(sysfs, disk, id->partition, ret)))
			lkb_str_addf(&words, " (%08x, but it has no partition %u)", signature,
				     id->partition);
	}
	if (seen) {
		lkb_str_clear(seen);
		lkb_str_add(seen, words.len ? words.s : "no disk at all");
	}
	return found;
}
