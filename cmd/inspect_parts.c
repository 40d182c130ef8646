/* SPDX-License-Identifier: Apache-2.0 */
/* What disks and ISO images have in common: file systems, the files of a FAT, EFI programs. */
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/ext/json.h"
#include "base/size.h"
#include "bootloader/pe.h"
#include "cmd/inspect.h"
#include "image/fs/fat.h"

#define CMDLINE_MAX 8192u /* shown of a command line, or of a release file */

/* By what stands where (Linux' Documentation/filesystems). */
static const struct {
	const char *name;
	uint64_t off;
	const char *magic;
	size_t len;
} systems[] = {
	{"squashfs", 0, "hsqs", 4},           {"erofs", 1024, "\xe2\xe1\xf5\xe0", 4},
	{"ext4", 1080, "\x53\xef", 2},        {"iso9660", 32769, "CD001", 5},
	{"FAT32", 82, "FAT32   ", 8},
};

const char *lkb_inspect_system(const struct lkb_data *d)
{
	char bytes[8];

	for (size_t i = 0; i < LKB_ARRAY_SIZE(systems); i++) {
		uint64_t end = systems[i].off + systems[i].len;

		if (end <= d->len &&
		    !lkb_data_read(d, systems[i].off, bytes, systems[i].len, NULL) &&
		    !memcmp(bytes, systems[i].magic, systems[i].len))
			return systems[i].name;
	}
	return NULL;
}

/* The contents of a section as text, without NULs behind it; NULL if it is not there. */
static json_t *section_text(const struct lkb_data *file, const struct lkb_pe *pe, const char *name)
{
	char text[CMDLINE_MAX];

	for (unsigned i = 0; i < pe->n_sections; i++) {
		const struct lkb_pe_section *s = &pe->sections[i];
		size_t n = s->size < s->file_size ? s->size : s->file_size;

		if (strcmp(s->name, name) != 0)
			continue;
		n = n < sizeof(text) ? n : sizeof(text);
		if (s->file_offset > file->len || n > file->len - s->file_offset ||
		    lkb_data_read(file, s->file_offset, text, n, NULL))
			return NULL;
		return lkb_inspect_string(text, strnlen(text, n), false);
	}
	return NULL;
}

static uint32_t section_size(const struct lkb_pe *pe, const char *name)
{
	for (unsigned i = 0; i < pe->n_sections; i++)
		if (!strcmp(pe->sections[i].name, name))
			return pe->sections[i].size;
	return 0;
}

static const char *machine_of(const struct lkb_pe *pe)
{
	static const char *const archs[] = {"amd64", "arm64"};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(archs); i++)
		if (pe->machine == lkb_pe_machine(archs[i]))
			return archs[i];
	return "another";
}

json_t *lkb_inspect_efi(const struct lkb_data *file)
{
	static const char *const sizes[][2] = {{"kernel", ".linux"}, {"initrd", ".initrd"}};
	uint8_t head[LKB_PE_HEAD];
	size_t n = file->len < sizeof(head) ? (size_t)file->len : sizeof(head);
	json_t *o, *cmdline;
	struct lkb_pe pe;

	if (lkb_data_read(file, 0, head, n, NULL) || lkb_pe_parse(head, n, &pe, NULL))
		return NULL;
	o = json_pack("{s:s}", "arch", machine_of(&pe));
	for (size_t i = 0; i < LKB_ARRAY_SIZE(sizes); i++)
		if (section_size(&pe, sizes[i][1]))
			json_object_set_new(o, sizes[i][0],
					    json_integer(section_size(&pe, sizes[i][1])));
	cmdline = section_text(file, &pe, ".cmdline");
	if (cmdline)
		json_object_set_new(o, "cmdline", cmdline);
	return o;
}

static json_t *file_row(const char *where, int number, const struct lkb_tree_item *item)
{
	return json_pack("{s:i, s:I, s:o}", where, number, "size",
			 (json_int_t)item->inode->data.len, "path",
			 lkb_inspect_string(item->path, strlen(item->path), false));
}

static void add_program(const char *where, int number, const struct lkb_tree_item *item,
			json_t *programs)
{
	json_t *o = lkb_inspect_efi(&item->inode->data), *row;

	if (!o)
		return;
	row = file_row(where, number, item);
	json_object_update(row, o);
	json_decref(o);
	json_array_append_new(programs, row);
}

int lkb_inspect_fat(const struct lkb_data *part, const char *where, int number, json_t *files,
		    json_t *programs, struct lkb_error *err)
{
	lkb_auto(lkb_tree) t = NULL;
	lkb_auto(lkb_tree_iter) it = NULL;
	struct lkb_tree_item item;

	if (lkb_fat_to_tree(part, &t, err))
		return lkb_context(err, "%s %d", where, number);
	it = lkb_tree_iter_new(lkb_tree_root(t));
	while (lkb_tree_iter_next(it, &item) > 0) {
		if (item.inode->type != LKB_NODE_FILE)
			continue;
		json_array_append_new(files, file_row(where, number, &item));
		add_program(where, number, &item, programs);
	}
	return 0;
}

/* A FAT by itself, as one is in an ISO image, or cut out of a disk. */

static bool is_fat(const struct lkb_blob *blob)
{
	const char *holds = lkb_inspect_system(
		&(struct lkb_data){(struct lkb_blob *)(uintptr_t)blob, 0, lkb_blob_size(blob)});

	return holds && !strcmp(holds, "FAT32");
}

static int describe_fat(const char *path, struct lkb_blob *blob, json_t **ret,
			struct lkb_error *err)
{
	const struct lkb_data whole = {blob, 0, lkb_blob_size(blob)};
	lkb_autojson files = json_array();
	lkb_autojson programs = json_array();

	if (lkb_inspect_fat(&whole, "part", 1, files, programs, err))
		return lkb_context(err, "'%s'", path);
	*ret = json_pack("{s:s, s:I, s:O, s:O}", "kind", "FAT32", "size", (json_int_t)whole.len,
			 "files", files, "EFI programs", programs);
	return *ret ? 0 : lkb_fail(err, LKB_BUG, "cannot describe '%s'", path);
}

const struct lkb_inspect_kind lkb_inspect_fat_image = {"FAT32", is_fat, describe_fat};
