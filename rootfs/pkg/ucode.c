/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"
#include "rootfs/pkg/kernel_priv.h"

/* Where Linux looks for microcode before it unpacks anything: in an uncompressed archive in front
 * of the initrd (Documentation/x86/microcode.rst). */
#define DIRECTORY "kernel/x86/microcode"
#define UCODE_MAX (64 * LKB_MIB)

/* Linux hands the processor the address in the archive; Intel's want it to be a multiple of 16
 * (Intel SDM, volume 3, "Microcode Update Loader"). Loaders place an initrd at a page. */
#define DATA_ALIGN 16

struct archive {
	struct lkb_str bytes;
	uint32_t last_ino;
	uint32_t mtime;
};

static void align(struct lkb_str *s, size_t to)
{
	while (s->len % to)
		lkb_str_addc(s, '\0');
}

/* One header of the "newc" format with its data (Linux Documentation/driver-api/early-userspace/
 * buffer-format.rst). */
static void add_entry(struct archive *a, const char *name, uint32_t mode, const void *data,
		      size_t len)
{
	lkb_str_addf(&a->bytes,
		     "070701%08" PRIx32 "%08" PRIx32 "%08x%08x%08x%08" PRIx32 "%08zx"
		     "%08x%08x%08x%08x%08zx%08x",
		     mode ? ++a->last_ino : 0, mode, 0, 0, S_ISDIR(mode) ? 2 : 1,
		     mode ? a->mtime : 0, len, 0, 0, 0, 0, strlen(name) + 1, 0);
	lkb_str_addn(&a->bytes, name, strlen(name) + 1);
	align(&a->bytes, 4);
	lkb_str_addn(&a->bytes, data, len);
	align(&a->bytes, 4);
}

/* Header and name of an entry, padded. */
static size_t entry_size(const char *name)
{
	return (size_t)lkb_align_up(110 + strlen(name) + 1, 4);
}

/* A file in front of the vendor's takes up what is missing to the next multiple. */
static void add_padding(struct archive *a, const char *vendor, const char *next)
{
	lkb_autofree char *name = lkb_format(DIRECTORY "/%s.padding", vendor);
	static const char zeros[DATA_ALIGN];
	size_t at = a->bytes.len + entry_size(next);

	if (!(at % DATA_ALIGN))
		return;
	at += entry_size(name);
	add_entry(a, name, S_IFREG | 0644, zeros, (size_t)lkb_align_up(at, DATA_ALIGN) - at);
}

static int add_vendor(struct archive *a, const char *vendor, const char *glob,
		      const struct lkb_deb_files *debs, size_t n, struct lkb_error *err)
{
	const struct lkb_deb_joining what = {
		.debs = debs, .n = n, .glob = glob, .max = UCODE_MAX, .once = true,
	};
	lkb_autofree char *name = lkb_format(DIRECTORY "/%s.bin", vendor);
	lkb_autostr all = {0};

	if (!glob)
		return 0;
	if (lkb_deb_join(&what, &all, err))
		return -1;
	add_padding(a, vendor, name);
	add_entry(a, name, S_IFREG | 0644, lkb_str_get(&all), all.len);
	return 0;
}

bool lkb_ucode_wants(const struct lkb_pkg_ucode *u, const char *path)
{
	return (u->intel && lkb_deb_glob(u->intel, path)) ||
	       (u->amd && lkb_deb_glob(u->amd, path));
}

int lkb_ucode_build(const struct lkb_pkg_ucode *u, const struct lkb_deb_files *debs, size_t n,
		    int64_t mtime, struct lkb_str *ret, struct lkb_error *err)
{
	static const char *const dirs[] = {"kernel", "kernel/x86", DIRECTORY};
	struct archive a = {.mtime = (uint32_t)mtime};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(dirs); i++)
		add_entry(&a, dirs[i], S_IFDIR | 0755, "", 0);
	if (add_vendor(&a, "GenuineIntel", u->intel, debs, n, err) ||
	    add_vendor(&a, "AuthenticAMD", u->amd, debs, n, err)) {
		lkb_str_clear(&a.bytes);
		return -1;
	}
	add_entry(&a, "TRAILER!!!", 0, "", 0);
	align(&a.bytes, 512);
	*ret = a.bytes;
	return 0;
}
