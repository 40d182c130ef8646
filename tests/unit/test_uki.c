/* SPDX-License-Identifier: Apache-2.0 */
#include "bootloader/uki.h"
#include "bootloader/pe.h"
#include "tests/unit/image_util.h"
#include "tests/unit/pe_util.h"

#define OSREL   "ID=lkboard\n"
#define CMDLINE "console=ttyS0 a=\"b c\""

static struct lkb_data data_of(const void *p, size_t n)
{
	return (struct lkb_data){lkb_blob_new_mem(p, n), 0, n};
}

struct set {
	uint8_t stub[PE_SIZE], kernel[PE_SIZE];
	struct lkb_data initrd[2];
	struct lkb_uki_in in;
};

static void set_init(struct set *s, uint16_t machine, const char *arch)
{
	make_pe(s->stub, machine);
	make_pe(s->kernel, machine);
	s->initrd[0] = data_of("microcode...", 12);
	s->initrd[1] = data_of("the root", 8);
	s->in = (struct lkb_uki_in){
		.arch = arch, .stub = data_of(s->stub, PE_SIZE),
		.kernel = data_of(s->kernel, PE_SIZE - 100), .initrd = s->initrd, .n_initrd = 2,
		.cmdline = CMDLINE, .osrel = OSREL,
	};
}

static void set_clear(struct set *s)
{
	lkb_blob_unref(s->initrd[0].blob);
	lkb_blob_unref(s->initrd[1].blob);
	lkb_blob_unref(s->in.stub.blob);
	lkb_blob_unref(s->in.kernel.blob);
}

static uint8_t *make(const struct lkb_uki_in *in, size_t *ret_n)
{
	lkb_auto(lkb_blob) b = NULL;
	char *bytes;

	MUST(lkb_uki_make(in, &b, err));
	MUST(lkb_data_read_all(&(struct lkb_data){b, 0, lkb_blob_size(b)}, LKB_MIB, &bytes, ret_n,
			       err));
	return (uint8_t *)bytes;
}

static void the_sections_follow_the_stub(void **state)
{
	static const struct {
		const char *name;
		uint32_t address, offset, size, file_size;
	} want[] = {
		{".osrel", 0x3000, 0x800, 11, 0x200},
		{".cmdline", 0x4000, 0xa00, 21, 0x200},
		{".initrd", 0x5000, 0xc00, 20, 0x200},
		{".linux", 0x6000, 0xe00, PE_SIZE - 100, 0x800},
	};
	lkb_autofree uint8_t *b = NULL;
	struct lkb_pe pe;
	struct set s;
	size_t n;

	set_init(&s, 0x8664, "amd64");
	b = make(&s.in, &n);
	assert_int_equal(n, 0xe00 + 0x800);
	MUST(lkb_pe_parse(b, n, &pe, err));
	MUST(lkb_pe_check_sections(&pe, n, err));
	assert_int_equal(pe.n_sections, 6);
	assert_int_equal(pe.image_size, 0x7000);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(pe.sections[2 + i].name, want[i].name);
		assert_int_equal(pe.sections[2 + i].address, want[i].address);
		assert_int_equal(pe.sections[2 + i].file_offset, want[i].offset);
		assert_int_equal(pe.sections[2 + i].size, want[i].size);
		assert_int_equal(pe.sections[2 + i].file_size, want[i].file_size);
	}
	assert_memory_equal(b + 0x400, s.stub + 0x400, 0x400);
	assert_memory_equal(b + 0x800, OSREL "\0", 12);
	assert_memory_equal(b + 0xa00, CMDLINE "\0", 22);
	assert_memory_equal(b + 0xc00, "microcode...the root\0", 21);
	assert_memory_equal(b + 0xe00, s.kernel, PE_SIZE - 100);
	assert_true(lkb_is_zero(b + n - 100, 100));
	assert_int_equal(lkb_get_le32(b + PE_OPT + 64), 0); /* no checksum that is wrong */
	set_clear(&s);
}

static void what_is_empty_has_no_section(void **state)
{
	lkb_autofree uint8_t *b = NULL;
	struct lkb_pe pe;
	struct set s;
	size_t n;

	set_init(&s, 0xaa64, "arm64");
	s.in.cmdline = "";
	s.in.n_initrd = 0;
	b = make(&s.in, &n);
	MUST(lkb_pe_parse(b, n, &pe, err));
	assert_int_equal(pe.n_sections, 4);
	assert_string_equal(pe.sections[3].name, ".linux");
	set_clear(&s);
}

static void binutils_sees_the_same(void **state)
{
	const char *path = in_scratch("uki.efi"), *out = in_scratch("initrd");
	lkb_autofree uint8_t *b = NULL;
	lkb_autofree char *initrd = NULL, *option = lkb_format(".initrd=%s", out);
	lkb_autostr list = {0};
	struct set s;
	size_t n;

	NEED("objdump");
	set_init(&s, 0x8664, "amd64");
	b = make(&s.in, &n);
	MUST(lkb_write_file(path, b, n, 0644, err));
	JUDGE(&list, "objdump", "-h", path);
	assert_non_null(strstr(list.s, "pei-x86-64"));
	assert_non_null(strstr(list.s, ".cmdline      00000015  0000000000004000  "
				       "0000000000004000  00000a00"));
	assert_non_null(strstr(list.s, ".linux        0000079c  0000000000006000  "
				       "0000000000006000  00000e00"));
	JUDGE(NULL, "objcopy", "-O", "binary", "--dump-section", option, path, "/dev/null");
	MUST(lkb_read_file(out, LKB_MIB, &initrd, &n, err));
	assert_memory_equal(initrd, "microcode...the root", 20);
	set_clear(&s);
}

/* One field of the stub changed, and what is said then. */
static void a_stub_that_cannot_be_one_is_refused(void **state)
{
	static const struct {
		unsigned off, bytes;
		uint32_t value;
		const char *message;
	} cases[] = {
		{0, 2, 0x1234, "EFI stub: it is no EFI program: it does not start with 'MZ'"},
		{60, 4, PE_SIZE - 8, "EFI stub: it is no EFI program: it has no PE header"},
		{60, 4, 0xffffffff, "EFI stub: it is no EFI program: it has no PE header"},
		{PE_AT, 2, 0, "EFI stub: it is no EFI program: it has no PE header"},
		{PE_AT + 4, 2, 0xaa64, "EFI stub: it is an EFI program for another machine "
				       "(0xaa64)"},
		{PE_AT + 6, 2, 0, "EFI stub: it is no EFI program: its section table is cut off"},
		{PE_AT + 6, 2, 97, "EFI stub: it is no EFI program: its section table is cut off"},
		{PE_AT + 6, 2, 18, "EFI stub: its headers do not fit into it"},
		{PE_AT + 6, 2, 12, "EFI stub: its section 3 is not within the image"},
		{PE_AT + 20, 2, 111, "EFI stub: it is no EFI program: its optional header is cut "
				     "off"},
		{PE_AT + 20, 2, 0xffff, "EFI stub: it is no EFI program: its optional header is "
					"cut off"},
		{PE_OPT, 2, 0x10b, "EFI stub: it is no EFI program: it is not for 64 bits"},
		{PE_OPT + 68, 2, 3, "EFI stub: it is no EFI program: its subsystem is another"},
		{PE_OPT + 32, 4, 3, "EFI stub: it is no EFI program: its alignment is no power of "
				    "two"},
		{PE_OPT + 36, 4, 0, "EFI stub: it is no EFI program: its alignment is no power of "
				    "two"},
		{PE_OPT + 56, 4, 0x100, "EFI stub: its headers do not fit into it"},
		{PE_OPT + 60, 4, PE_SIZE + 1, "EFI stub: its headers do not fit into it"},
		{PE_OPT + 60, 4, 0x200, "EFI stub: its headers have no room for more sections"},
		{PE_TABLE + 12, 4, 0xffffffff, "EFI stub: its section 1 is not within the image"},
		{PE_TABLE + 8, 4, 0xffffffff, "EFI stub: its section 1 is not within the image"},
		{PE_TABLE + 40 + 20, 4, 0x700, "EFI stub: its section 2 is not within the file"},
		{PE_TABLE + 40 + 16, 4, 0xfffffe00, "EFI stub: its section 2 is not within the "
						    "file"},
		{PE_OPT + 56, 4, 0xfffff000, "2.5 KiB and more are too much for an EFI program"},
	};
	struct lkb_blob *none = NULL;
	struct set s;

	set_init(&s, 0x8664, "amd64");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(cases); i++) {
		struct lkb_uki_in in = s.in;
		struct lkb_error why = {0};
		uint8_t bad[PE_SIZE];

		memcpy(bad, s.stub, sizeof(bad));
		for (unsigned b = 0; b < cases[i].bytes; b++)
			bad[cases[i].off + b] = (uint8_t)(cases[i].value >> 8 * b);
		in.stub = data_of(bad, sizeof(bad));
		assert_int_equal(lkb_uki_make(&in, &none, &why), -1);
		assert_string_equal(why.message, cases[i].message);
		assert_int_equal(why.kind, LKB_INPUT);
		assert_null(none);
		lkb_blob_unref(in.stub.blob);
	}
	set_clear(&s);
}

static void a_stub_with_a_kernel_is_refused(void **state)
{
	struct lkb_blob *none = NULL;
	struct lkb_error why = {0};
	struct set s;

	set_init(&s, 0x8664, "amd64");
	lkb_blob_unref(s.in.stub.blob);
	memcpy(s.stub + PE_TABLE + 40, ".linux\0", 8);
	s.in.stub = data_of(s.stub, PE_SIZE);
	assert_int_equal(lkb_uki_make(&s.in, &none, &why), -1);
	assert_string_equal(why.message, "EFI stub: it has a section '.linux' already");
	set_clear(&s);
}

static void a_kernel_without_an_efi_stub_is_refused(void **state)
{
	struct lkb_error why = {0};
	struct lkb_data d;
	struct set s;

	set_init(&s, 0x8664, "amd64");
	MUST(lkb_uki_check_kernel("amd64", &s.in.kernel, err));
	assert_int_equal(lkb_uki_check_kernel("arm64", &s.in.kernel, &why), -1);
	assert_string_equal(why.message, "the kernel cannot be started by EFI: it is an EFI program "
					 "for another machine (0x8664)");
	d = data_of("\x1f\x8b\x08", 3);
	assert_int_equal(lkb_uki_check_kernel("amd64", &d, &why), -1);
	assert_string_equal(why.message, "the kernel cannot be started by EFI: it is no EFI program: "
					 "it does not start with 'MZ'");
	assert_string_equal(why.hint, "use a kernel built with CONFIG_EFI_STUB; kernel.binary names "
				      "the file in the kernel image");
	lkb_blob_unref(d.blob);
	set_clear(&s);
}

static void pieces_are_read_as_one(void **state)
{
	struct lkb_data a = data_of("0123456789", 10), b = data_of("abcdef", 6), all[3];
	lkb_auto(lkb_blob) whole = NULL;
	lkb_auto(lkb_blob) part = NULL;
	char buf[17] = {0};

	all[0] = (struct lkb_data){a.blob, 2, 5};
	all[1] = (struct lkb_data){NULL, 0, 0};
	all[2] = (struct lkb_data){b.blob, 1, 5};
	whole = lkb_blob_new_chain(all, 3);
	lkb_blob_unref(a.blob);
	lkb_blob_unref(b.blob);
	assert_int_equal(lkb_blob_size(whole), 10);
	for (size_t from = 0; from <= 10; from++)
		for (size_t n = 0; n <= 10 - from; n++) {
			MUST(lkb_blob_read(whole, from, buf, n, err));
			assert_memory_equal(buf, "23456bcdef" + from, n);
		}
	assert_int_equal(lkb_blob_read(whole, 10, buf, 1, &(struct lkb_error){0}), -1);
	part = lkb_blob_new_part(&(struct lkb_data){whole, 3, 4});
	MUST(lkb_blob_read(part, 1, buf, 3, err));
	assert_memory_equal(buf, "6bc", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sections_follow_the_stub),
		cmocka_unit_test(what_is_empty_has_no_section),
		cmocka_unit_test(binutils_sees_the_same),
		cmocka_unit_test(a_stub_that_cannot_be_one_is_refused),
		cmocka_unit_test(a_stub_with_a_kernel_is_refused),
		cmocka_unit_test(a_kernel_without_an_efi_stub_is_refused),
		cmocka_unit_test(pieces_are_read_as_one),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
