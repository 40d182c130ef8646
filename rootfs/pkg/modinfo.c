/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/kernel_priv.h"

#include <elf.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"

#define MAX_SECTIONS 4096
#define MAX_MODINFO ((uint64_t)1 << 20)
#define SHDR_SIZE 64

struct section {
	uint32_t name;
	uint64_t off, size;
};

static int read_section(const struct lkb_data *ko, uint64_t table, unsigned index,
			struct section *ret, struct lkb_error *err)
{
	uint8_t h[SHDR_SIZE];
	struct section s;

	if (lkb_data_read(ko, table + (uint64_t)index * SHDR_SIZE, h, sizeof(h), err))
		return -1;
	s = (struct section){
		.name = lkb_get_le32(h), .off = lkb_get_le64(h + 24), .size = lkb_get_le64(h + 32),
	};
	if (s.off > ko->len || s.size > ko->len - s.off)
		return lkb_fail(err, LKB_INPUT, "section %u lies outside of the file", index);
	*ret = s;
	return 0;
}

static int read_name(const struct lkb_data *ko, const struct section *names,
		     const struct section *s, char *buf, size_t n, struct lkb_error *err)
{
	uint64_t left = s->name < names->size ? names->size - s->name : 0;
	size_t len = left < n - 1 ? (size_t)left : n - 1;

	memset(buf, 0, n);
	return len ? lkb_data_read(ko, names->off + s->name, buf, len, err) : 0;
}

/* The contents of .modinfo: strings KEY=VALUE, a NUL behind each. */
static int find_modinfo(const struct lkb_data *ko, char **ret, size_t *ret_n,
			struct lkb_error *err)
{
	uint8_t h[64];
	struct section names, s;
	unsigned i, n, names_at;
	uint64_t table;
	char name[16];

	if (lkb_data_read(ko, 0, h, sizeof(h), err))
		return -1;
	if (memcmp(h, ELFMAG, SELFMAG) || h[EI_CLASS] != ELFCLASS64 || h[EI_DATA] != ELFDATA2LSB)
		return lkb_fail(err, LKB_INPUT, "this is no 64-bit little-endian ELF file");
	table = lkb_get_le64(h + 40);
	n = lkb_get_le16(h + 60);
	names_at = lkb_get_le16(h + 62);
	if (lkb_get_le16(h + 58) != SHDR_SIZE || n > MAX_SECTIONS || names_at >= n ||
	    table > ko->len || (uint64_t)n * SHDR_SIZE > ko->len - table)
		return lkb_fail(err, LKB_INPUT, "its section table is wrong");
	if (read_section(ko, table, names_at, &names, err))
		return -1;
	for (i = 0; i < n; i++) {
		if (read_section(ko, table, i, &s, err) ||
		    read_name(ko, &names, &s, name, sizeof(name), err))
			return -1;
		if (!strcmp(name, ".modinfo"))
			break;
	}
	if (i == n || s.size > MAX_MODINFO)
		return lkb_fail(err, LKB_INPUT, "it has no proper section '.modinfo'");
	*ret = lkb_alloc((size_t)s.size + 1);
	*ret_n = (size_t)s.size;
	return lkb_data_read(ko, s.off, *ret, (size_t)s.size, err);
}

int lkb_modinfo_depends(const struct lkb_data *ko, struct lkb_strv *ret, struct lkb_error *err)
{
	lkb_autofree char *info = NULL;
	size_t n = 0, at;

	if (find_modinfo(ko, &info, &n, err))
		return -1;
	for (at = 0; at < n; at += strlen(info + at) + 1) {
		char *list = info + at, *name;

		if (!lkb_starts_with(list, "depends="))
			continue;
		list = lkb_strdup(list + strlen("depends="));
		for (char *rest = list; (name = strsep(&rest, ","));)
			if (*name)
				lkb_strv_add(ret, name);
		free(list);
	}
	return 0;
}
