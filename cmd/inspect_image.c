/* SPDX-License-Identifier: Apache-2.0 */
/* Roots as images, virtual disks, kernels and archives. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc32.h"
#include "base/size.h"
#include "base/uuid.h"
#include "cmd/inspect.h"
#include "rootfs/tree/tar.h"

static int done(const char *path, json_t *o, json_t **ret, struct lkb_error *err)
{
	if (!o)
		return lkb_fail(err, LKB_BUG, "cannot describe '%s'", path);
	*ret = o;
	return 0;
}

/* Reads n bytes from off; false if they are not there. */
static bool get(const struct lkb_blob *b, uint64_t off, void *p, size_t n)
{
	return off <= lkb_blob_size(b) && n <= lkb_blob_size(b) - off &&
	       !lkb_blob_read(b, off, p, n, NULL);
}

/* ---- squashfs and EROFS: "image word" is what a command line names them by ---- */

#define SQUASHFS_SUPER 96u
#define EROFS_SUPER    128u
#define EROFS_AT       1024u

static bool is_root_image(const struct lkb_blob *blob)
{
	uint8_t b[EROFS_SUPER];

	return (get(blob, 0, b, SQUASHFS_SUPER) && !memcmp(b, "hsqs", 4)) ||
	       (get(blob, EROFS_AT, b, sizeof(b)) && lkb_get_le32(b) == 0xe0f5e1e2);
}

static json_t *squashfs_json(const uint8_t *b, json_int_t size)
{
	static const char *const packers[] = {"another", "gzip", "lzma", "lzo",
					      "xz", "lz4", "zstd"};
	unsigned packer = lkb_get_le16(b + 20);

	return json_pack("{s:s, s:s, s:I, s:o, s:I, s:s, s:I, s:I}", "kind", "root image",
			 "file system", "squashfs", "size", size, "image word",
			 json_sprintf("lkb.image=squashfs:%08x", lkb_crc32(0, b, SQUASHFS_SUPER)),
			 "block size", (json_int_t)lkb_get_le32(b + 12), "compression",
			 packers[packer < LKB_ARRAY_SIZE(packers) ? packer : 0], "inodes",
			 (json_int_t)lkb_get_le32(b + 4), "time",
			 (json_int_t)lkb_get_le32(b + 8));
}

static json_t *erofs_json(const uint8_t *b, json_int_t size)
{
	struct lkb_uuid id;

	memcpy(id.b, b + 48, sizeof(id.b));
	return json_pack("{s:s, s:s, s:I, s:o, s:s, s:I, s:I}", "kind", "root image",
			 "file system", "erofs", "size", size, "image word",
			 json_sprintf("lkb.image=erofs:%08x", lkb_crc32(0, b, EROFS_SUPER)), "id",
			 lkb_uuid_text(&id).s, "inodes", (json_int_t)lkb_get_le64(b + 16), "time",
			 (json_int_t)lkb_get_le64(b + 24));
}

static int describe_root_image(const char *path, struct lkb_blob *blob, json_t **ret,
			       struct lkb_error *err)
{
	json_int_t size = (json_int_t)lkb_blob_size(blob);
	uint8_t b[EROFS_SUPER];

	if (get(blob, 0, b, SQUASHFS_SUPER) && !memcmp(b, "hsqs", 4))
		return done(path, squashfs_json(b, size), ret, err);
	if (lkb_blob_read(blob, EROFS_AT, b, sizeof(b), err))
		return -1;
	return done(path, erofs_json(b, size), ret, err);
}

const struct lkb_inspect_kind lkb_inspect_root_image = {"root image", is_root_image,
							describe_root_image};

/* ---- virtual disks (image/formats) ---- */

#define VHD_FOOTER 512u

static uint64_t get_be64(const uint8_t *p)
{
	return (uint64_t)lkb_get_be32(p) << 32 | lkb_get_be32(p + 4);
}

static bool get_footer(const struct lkb_blob *b, uint8_t p[VHD_FOOTER])
{
	return lkb_blob_size(b) >= VHD_FOOTER &&
	       get(b, lkb_blob_size(b) - VHD_FOOTER, p, VHD_FOOTER) && !memcmp(p, "conectix", 8);
}

/* The container and the size of the disk in it; NULL if it is none. */
static const char *container_of(const struct lkb_blob *blob, uint64_t *ret)
{
	uint8_t head[32], footer[VHD_FOOTER];

	if (get_footer(blob, footer)) {
		*ret = get_be64(footer + 48);
		return lkb_get_be32(footer + 60) == 2 ? "vhd" : "dynamic-vhd";
	}
	if (!get(blob, 0, head, sizeof(head)))
		return NULL;
	*ret = get_be64(head + 24);
	if (!memcmp(head, "QFI\xfb", 4))
		return "qcow2";
	*ret = lkb_get_le64(head + 12) < UINT64_MAX / 512 ? lkb_get_le64(head + 12) * 512 : 0;
	return memcmp(head, "KDMV", 4) ? NULL : "vmdk";
}

static bool is_vdisk(const struct lkb_blob *blob)
{
	uint64_t size;

	return container_of(blob, &size);
}

static int describe_vdisk(const char *path, struct lkb_blob *blob, json_t **ret,
			  struct lkb_error *err)
{
	uint64_t disk = 0;
	const char *container = container_of(blob, &disk);

	return done(path, json_pack("{s:s, s:s, s:I, s:I}", "kind", "virtual disk", "container",
				    container, "size", (json_int_t)lkb_blob_size(blob), "disk size",
				    (json_int_t)(disk <= INT64_MAX ? disk : 0)), ret, err);
}

const struct lkb_inspect_kind lkb_inspect_vdisk = {"virtual disk", is_vdisk, describe_vdisk};

/* ---- kernels (Linux' Documentation/arch: x86/boot.rst, arm64/booting.rst), EFI programs ---- */

#define HEAD    0x264u
#define PACKED  65536u
#define VERSION 128u

struct head {
	uint8_t *to;
	size_t have;
};

static int take_head(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct head *h = ctx;
	size_t left = HEAD - h->have;

	memcpy(h->to + h->have, p, n < left ? n : left);
	h->have += n < left ? n : left;
	return h->have < HEAD ? 0 : lkb_fail(err, LKB_INPUT, "enough");
}

/* The first bytes, unpacked if they are packed; zeros where there are none. */
static enum lkb_compression read_head(const struct lkb_blob *b, uint8_t p[HEAD])
{
	lkb_autofree char *packed = lkb_alloc(PACKED);
	size_t n = lkb_blob_size(b) < PACKED ? (size_t)lkb_blob_size(b) : PACKED;
	enum lkb_compression c;
	struct head h = {p, 0};

	memset(p, 0, HEAD);
	if (lkb_blob_read(b, 0, packed, n, NULL))
		return LKB_PLAIN;
	c = lkb_compression_of(packed, n);
	if (c == LKB_GZIP) {
		lkb_auto(lkb_inflate) z = lkb_inflate_new(c, LKB_GIB, take_head, &h);

		lkb_inflate_feed(z, packed, n, NULL);
		return c;
	}
	memcpy(p, packed, n < HEAD ? n : HEAD);
	return LKB_PLAIN;
}

static const char *arch_of(const uint8_t head[HEAD])
{
	if (lkb_get_le16(head + 0x1fe) == 0xaa55 && !memcmp(head + 0x202, "HdrS", 4))
		return "amd64";
	return memcmp(head + 56, "ARM\x64", 4) ? NULL : "arm64";
}

static bool is_kernel(const struct lkb_blob *blob)
{
	uint8_t head[HEAD];

	read_head(blob, head);
	return arch_of(head);
}

static int describe_kernel(const char *path, struct lkb_blob *blob, json_t **ret,
			   struct lkb_error *err)
{
	uint8_t head[HEAD];
	enum lkb_compression c = read_head(blob, head);
	char version[VERSION];
	uint64_t at = 0x200u + lkb_get_le16(head + 0x20e);
	const char *arch = arch_of(head);
	json_t *o = json_pack("{s:s, s:s, s:I, s:s, s:b}", "kind", "kernel", "arch", arch, "size",
			      (json_int_t)lkb_blob_size(blob), "compression",
			      c == LKB_GZIP ? "gzip" : "none", "EFI program",
			      !memcmp(head, "MZ", 2));

	if (o && !strcmp(arch, "amd64") && get(blob, at, version, sizeof(version)))
		json_object_set_new(o, "version",
				    lkb_inspect_string(version, strnlen(version, VERSION), false));
	return done(path, o, ret, err);
}

const struct lkb_inspect_kind lkb_inspect_kernel = {"kernel", is_kernel, describe_kernel};

static bool is_efi(const struct lkb_blob *blob)
{
	char p[2];

	return get(blob, 0, p, sizeof(p)) && !memcmp(p, "MZ", 2);
}

static int describe_efi(const char *path, struct lkb_blob *blob, json_t **ret,
			struct lkb_error *err)
{
	json_t *o = lkb_inspect_efi(&(struct lkb_data){blob, 0, lkb_blob_size(blob)}), *whole;

	if (!o)
		return lkb_fail(err, LKB_INPUT, "'%s' is no EFI program that can be read", path);
	whole = json_pack("{s:s, s:I}", "kind", "EFI program", "size",
			  (json_int_t)lkb_blob_size(blob));
	json_object_update(whole, o);
	json_decref(o);
	return done(path, whole, ret, err);
}

const struct lkb_inspect_kind lkb_inspect_efi_program = {"EFI program", is_efi, describe_efi};

/* ---- archives ---- */

#define ENTRIES_MAX 500000u
#define NAMES_MAX   ((size_t)64 << 20)

static bool is_archive(const struct lkb_blob *blob)
{
	char p[5];

	return get(blob, 257, p, sizeof(p)) && !memcmp(p, "ustar", 5);
}

static int list_archive(struct lkb_tar *tar, json_t *list, struct lkb_error *err)
{
	struct lkb_tar_entry e;
	size_t names = 0;
	int r;

	lkb_tar_skip_data(tar);
	while ((r = lkb_tar_next(tar, &e, err)) > 0) {
		names += strlen(e.path);
		if (json_array_size(list) >= ENTRIES_MAX || names > NAMES_MAX)
			return lkb_fail(err, LKB_INPUT, "more than %u entries, or too long names",
					ENTRIES_MAX);
		json_array_append_new(list, json_pack("{s:o, s:o, s:I, s:o}", "type",
						      lkb_inspect_string(&e.type, 1, false), "mode",
						      json_sprintf("%04o", e.meta.mode & 07777),
						      "size", (json_int_t)e.data.len, "path",
						      lkb_inspect_string(e.path, strlen(e.path),
									 false)));
	}
	return r;
}

static int describe_archive(const char *path, struct lkb_blob *blob, json_t **ret,
			    struct lkb_error *err)
{
	lkb_auto(lkb_tar) tar = lkb_tar_new(&(struct lkb_data){blob, 0, lkb_blob_size(blob)});
	json_t *list = json_array();

	if (list_archive(tar, list, err)) {
		json_decref(list);
		return lkb_context(err, "'%s' is no archive that can be read", path);
	}
	return done(path, json_pack("{s:s, s:I, s:o}", "kind", "archive", "size",
				    (json_int_t)lkb_blob_size(blob), "entries", list), ret, err);
}

const struct lkb_inspect_kind lkb_inspect_archive = {"archive", is_archive, describe_archive};
