/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <libfdt.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "dtb/dtb_priv.h"

static void indent(struct lkb_str *s, int depth)
{
	while (depth-- > 0)
		lkb_str_addc(s, '\t');
}

static bool printable(unsigned char c)
{
	return c >= 0x20 && c < 0x7f;
}

/* Names go to a terminal: what could steer it is shown as a number. */
static void add_text(struct lkb_str *s, const char *text, size_t n, bool quoted)
{
	for (; n; text++, n--) {
		unsigned char c = (unsigned char)*text;

		if (!printable(c))
			lkb_str_addf(s, "\\x%02x", c);
		else if (quoted && (c == '"' || c == '\\'))
			lkb_str_addf(s, "\\%c", c);
		else
			lkb_str_addc(s, (char)c);
	}
}

/* One or more closed strings of printable characters, none of them empty. */
static bool is_strings(const char *p, size_t n)
{
	size_t i;

	if (!n || p[n - 1] || !p[0])
		return false;
	for (i = 0; i < n; i++)
		if (p[i] ? !printable((unsigned char)p[i]) : i && !p[i - 1])
			return false;
	return true;
}

static void add_value(struct lkb_str *s, const char *p, size_t n)
{
	size_t i;

	if (is_strings(p, n)) {
		for (i = 0; i < n; i += strlen(p + i) + 1) {
			lkb_str_add(s, i ? ", \"" : "\"");
			add_text(s, p + i, strlen(p + i), true);
			lkb_str_addc(s, '"');
		}
		return;
	}
	if (n % 4 == 0) {
		for (i = 0; i < n; i += 4)
			lkb_str_addf(s, "%s0x%" PRIx32, i ? " " : "<", lkb_get_be32(p + i));
		lkb_str_addc(s, '>');
		return;
	}
	for (i = 0; i < n; i++)
		lkb_str_addf(s, "%s%02x", i ? " " : "[", (unsigned char)p[i]);
	lkb_str_addc(s, ']');
}

static void add_property(struct lkb_str *s, const void *fdt, int at, int depth)
{
	const char *name, *value;
	int len;

	value = fdt_getprop_by_offset(fdt, at, &name, &len);
	if (!value)
		return;
	indent(s, depth);
	add_text(s, name, strlen(name), false);
	if (len) {
		lkb_str_add(s, " = ");
		add_value(s, value, (size_t)len);
	}
	lkb_str_add(s, ";\n");
}

static void add_reservations(struct lkb_str *s, const void *fdt)
{
	int i, n = fdt_num_mem_rsv(fdt);

	for (i = 0; i < n; i++) {
		uint64_t address, size;

		if (!fdt_get_mem_rsv(fdt, i, &address, &size))
			lkb_str_addf(s, "/memreserve/ 0x%" PRIx64 " 0x%" PRIx64 ";\n", address,
				     size);
	}
}

static void add_tree(struct lkb_str *s, const void *fdt)
{
	int at = 0, next, depth = 0;
	const char *name;
	uint32_t tag;

	for (; (tag = fdt_next_tag(fdt, at, &next)) != FDT_END && next >= 0; at = next) {
		switch (tag) {
		case FDT_BEGIN_NODE:
			name = fdt_get_name(fdt, at, NULL);
			if (depth)
				lkb_str_addc(s, '\n');
			indent(s, depth);
			/* The root is called "/", whatever stands there. */
			if (name && depth)
				add_text(s, name, strlen(name), false);
			lkb_str_add(s, depth++ ? " {\n" : "/ {\n");
			break;
		case FDT_END_NODE:
			indent(s, --depth);
			lkb_str_add(s, "};\n");
			break;
		case FDT_PROP:
			add_property(s, fdt, at, depth);
			break;
		default: /* FDT_NOP */
			break;
		}
	}
}

int lkb_dtb_print(const void *dtb, size_t n, const char *name, struct lkb_str *ret,
		  struct lkb_error *err)
{
	lkb_autofree void *aligned = NULL;

	if (lkb_dtb_check(dtb, n, name, err))
		return -1;
	aligned = lkb_memdup(dtb, n);
	lkb_str_add(ret, "/dts-v1/;\n\n");
	add_reservations(ret, aligned);
	add_tree(ret, aligned);
	return 0;
}
