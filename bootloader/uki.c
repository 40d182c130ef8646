/* SPDX-License-Identifier: Apache-2.0 */
#include "bootloader/uki.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "bootloader/pe.h"

#define STUB_MAX ((size_t)LKB_MIB)
#define PAGE     4096u
#define SECTIONS 4

/* What is put together: the stub with its new headers, then the sections, each filled up. */
struct build {
	struct lkb_pe pe;
	char *head;              /* owned; the stub, filled up */
	size_t head_size;
	struct lkb_data *pieces; /* owned, hold references */
	size_t n_pieces;
	uint64_t file_size, image_size;
};

static void clear_build(struct build *b)
{
	for (size_t i = 0; i < b->n_pieces; i++)
		lkb_blob_unref(b->pieces[i].blob);
	free(b->pieces);
	free(b->head);
}

static int read_head(const struct lkb_data *d, const char *arch, struct lkb_pe *ret,
		     struct lkb_error *err)
{
	uint8_t head[LKB_PE_HEAD];
	size_t n = d->len < sizeof(head) ? (size_t)d->len : sizeof(head);

	if (lkb_data_read(d, 0, head, n, err) || lkb_pe_parse(head, n, ret, err))
		return -1;
	if (ret->machine != lkb_pe_machine(arch))
		return lkb_fail(err, LKB_INPUT, "it is an EFI program for another machine (0x%04x)",
				ret->machine);
	return 0;
}

int lkb_uki_check_kernel(const char *arch, const struct lkb_data *kernel, struct lkb_error *err)
{
	struct lkb_pe pe;

	if (!read_head(kernel, arch, &pe, err))
		return 0;
	lkb_context(err, "the kernel cannot be started by EFI");
	return lkb_hint(err, "use a kernel built with CONFIG_EFI_STUB; kernel.binary names the "
			     "file in the kernel image");
}

const char *lkb_uki_path(const char *arch)
{
	return strcmp(arch, "arm64") != 0 ? "EFI/BOOT/BOOTX64.EFI" : "EFI/BOOT/BOOTAA64.EFI";
}

static int read_stub(struct build *b, const struct lkb_uki_in *in, struct lkb_error *err)
{
	static const char *const ours[] = {".osrel", ".cmdline", ".initrd", ".linux"};
	lkb_autofree char *stub = NULL;
	size_t n, end;

	if (read_head(&in->stub, in->arch, &b->pe, err) ||
	    lkb_data_read_all(&in->stub, STUB_MAX, &stub, &n, err) ||
	    lkb_pe_check_sections(&b->pe, n, err))
		return -1;
	for (unsigned i = 0; i < b->pe.n_sections; i++)
		for (size_t j = 0; j < SECTIONS; j++)
			if (!strcmp(b->pe.sections[i].name, ours[j]))
				return lkb_fail(err, LKB_INPUT, "it has a section '%s' already",
						ours[j]);
	end = b->pe.table + (b->pe.n_sections + SECTIONS) * LKB_PE_SECTION_SIZE;
	if (end > b->pe.headers_size || end > LKB_PE_HEAD ||
	    b->pe.n_sections + SECTIONS > LKB_PE_SECTIONS_MAX)
		return lkb_fail(err, LKB_INPUT, "its headers have no room for more sections");
	b->head_size = lkb_align_up(n, b->pe.file_align);
	b->head = lkb_alloc(b->head_size);
	memcpy(b->head, stub, n);
	b->file_size = b->head_size;
	b->image_size = b->pe.image_size;
	return 0;
}

static void add_piece(struct build *b, const struct lkb_data *d)
{
	b->pieces[b->n_pieces++] = *d;
	lkb_blob_ref(d->blob);
}

static void add_padding(struct build *b, uint64_t n)
{
	lkb_autofree char *zeros = lkb_alloc(n + 1);
	lkb_auto(lkb_blob) blob = lkb_blob_new_mem(zeros, n);

	add_piece(b, &(struct lkb_data){blob, 0, n});
}

static int add_section(struct build *b, const char *name, const struct lkb_data *pieces, size_t n,
		       struct lkb_error *err)
{
	uint32_t align = b->pe.section_align < PAGE ? PAGE : b->pe.section_align;
	uint64_t address = lkb_align_up(b->image_size, align), size = 0, file_size;
	struct lkb_pe_section s = {0};

	for (size_t i = 0; i < n; i++) {
		size += pieces[i].len;
		add_piece(b, &pieces[i]);
	}
	if (!size)
		return 0;
	file_size = lkb_align_up(size, b->pe.file_align);
	add_padding(b, file_size - size);
	if (size > UINT32_MAX || address + size > UINT32_MAX - align ||
	    b->file_size + file_size > UINT32_MAX) {
		lkb_fail(err, LKB_INPUT, "%s and more are too much for an EFI program",
			 lkb_size_text(b->file_size + file_size).s);
		return lkb_hint(err, "it ends below 4 GiB; a root on a disk may hold more");
	}
	memcpy(s.name, name, strlen(name));
	s.size = (uint32_t)size;
	s.address = (uint32_t)address;
	s.file_size = (uint32_t)file_size;
	s.file_offset = (uint32_t)b->file_size;
	lkb_pe_put_section((uint8_t *)b->head, &b->pe, b->pe.n_sections++, &s);
	b->file_size += file_size;
	b->image_size = address + size;
	return 0;
}

static int add_text(struct build *b, const char *name, const char *text, struct lkb_error *err)
{
	lkb_auto(lkb_blob) blob = lkb_blob_new_mem(text, strlen(text));

	return add_section(b, name, &(struct lkb_data){blob, 0, strlen(text)}, 1, err);
}

int lkb_uki_make(const struct lkb_uki_in *in, struct lkb_blob **ret, struct lkb_error *err)
{
	struct build b __attribute__((cleanup(clear_build))) = {0};
	lkb_auto(lkb_blob) head = NULL;

	if (read_stub(&b, in, err))
		return lkb_context(err, "EFI stub");
	/* The head, what the sections have, and what fills them up. */
	b.pieces = lkb_alloc_array(1 + 3 + in->n_initrd + SECTIONS, sizeof(*b.pieces));
	b.n_pieces = 1;
	if (add_text(&b, ".osrel", in->osrel, err) || add_text(&b, ".cmdline", in->cmdline, err) ||
	    add_section(&b, ".initrd", in->initrd, in->n_initrd, err) ||
	    add_section(&b, ".linux", &in->kernel, 1, err))
		return -1;
	b.pe.image_size = (uint32_t)lkb_align_up(b.image_size, b.pe.section_align);
	lkb_pe_put_header((uint8_t *)b.head, &b.pe);
	head = lkb_blob_new_take(LKB_STEAL(b.head), b.head_size);
	b.pieces[0] = (struct lkb_data){lkb_blob_ref(head), 0, b.head_size};
	*ret = lkb_blob_new_chain(b.pieces, b.n_pieces);
	return 0;
}
