/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel as firmware and network loaders start it. */
#include <string.h>

#include "base/bytes.h"
#include "base/ext/compress.h"
#include "base/size.h"
#include "plan/plan_priv.h"

#define KERNEL_MAX (256 * (size_t)LKB_MIB)

/* PE/COFF (Microsoft's specification, sections 2 to 4): where the header is, its magic, machine. */
#define PE_OFF 0x3cu
#define PE_MAGIC "PE\0\0"
#define PE_ARM64 0xaa64u
#define HEAD_SIZE 4096u

/* Linux, Documentation/arch/arm64/booting.rst and Documentation/arch/x86/boot.rst */
#define ARM64_MAGIC_OFF 0x38u
#define ARM64_MAGIC "ARM\x64"
#define X86_MAGIC_OFF 0x202u
#define X86_MAGIC "HdrS"

static bool has(const uint8_t head[HEAD_SIZE], size_t off, const char *magic)
{
	return !memcmp(head + off, magic, 4);
}

static bool is_efi_program(const uint8_t head[HEAD_SIZE], unsigned machine)
{
	uint32_t off = lkb_get_le32(head + PE_OFF);

	return !memcmp(head, "MZ", 2) && off <= HEAD_SIZE - 6 && has(head, off, PE_MAGIC) &&
	       lkb_get_le16(head + off + 4) == machine;
}

static int check_arm64(const uint8_t head[HEAD_SIZE], struct lkb_error *err)
{
	/* Also a zboot image, which unpacks itself, is an EFI program. */
	if (is_efi_program(head, PE_ARM64))
		return 0;
	if (!has(head, ARM64_MAGIC_OFF, ARM64_MAGIC)) {
		lkb_fail(err, LKB_INPUT, "the kernel is neither an arm64 Image nor a gzip file");
		return lkb_hint(err, "kernel.binary names the file in the kernel image");
	}
	lkb_fail(err, LKB_INPUT, "the kernel is no EFI program, and arm64 machines that boot from "
		 "the network start nothing else");
	return lkb_hint(err, "use a kernel that was built with CONFIG_EFI_STUB");
}

static int check_amd64(const uint8_t head[HEAD_SIZE], struct lkb_error *err)
{
	if (has(head, X86_MAGIC_OFF, X86_MAGIC))
		return 0;
	lkb_fail(err, LKB_INPUT, "the kernel is no bzImage");
	return lkb_hint(err, "kernel.binary names the file in the kernel image");
}

static int check(const struct lkb_plan *p, const struct lkb_data *kernel, struct lkb_error *err)
{
	uint8_t head[HEAD_SIZE] = {0};
	size_t n = kernel->len < HEAD_SIZE ? (size_t)kernel->len : HEAD_SIZE;

	if (lkb_data_read(kernel, 0, head, n, err))
		return -1;
	return !strcmp(p->in->board->arch, "arm64") ? check_arm64(head, err)
						    : check_amd64(head, err);
}

static int unpack(const struct lkb_data *kernel, struct lkb_data *ret, struct lkb_error *err)
{
	lkb_autofree char *packed = NULL;
	char *bytes;
	size_t n_packed, n;

	if (lkb_data_read_all(kernel, KERNEL_MAX, &packed, &n_packed, err) ||
	    lkb_inflate_buffer(packed, n_packed, KERNEL_MAX, &bytes, &n, err))
		return -1;
	*ret = (struct lkb_data){lkb_blob_new_take(bytes, n), 0, n};
	return 0;
}

static int make_bare(const struct lkb_plan *p, struct lkb_data *ret, struct lkb_error *err)
{
	const struct lkb_data *kernel = &p->rootfs.kernel;
	uint8_t magic[4] = {0};

	if (kernel->len >= sizeof(magic) &&
	    lkb_data_read(kernel, 0, magic, sizeof(magic), err))
		return -1;
	if (lkb_compression_of(magic, sizeof(magic)) == LKB_GZIP)
		return unpack(kernel, ret, err);
	*ret = *kernel;
	lkb_blob_ref(ret->blob);
	return 0;
}

int lkb_plan_kernel_bare(const struct lkb_plan *p, struct lkb_data *ret, struct lkb_error *err)
{
	struct lkb_data kernel = {0};

	if (make_bare(p, &kernel, err) || check(p, &kernel, err)) {
		lkb_blob_unref(kernel.blob);
		return lkb_context(err, "kernel image '%s'", p->in->spec->kernel.image);
	}
	*ret = kernel;
	return 0;
}
