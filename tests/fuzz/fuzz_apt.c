/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rootfs/pkg/apt_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sources(const char *text, bool deb822)
{
	lkb_autosources s = {0}, again = {0};
	lkb_autostrv components = {0};
	lkb_autofree char *out = NULL;

	if (deb822 ? lkb_apt_sources_deb822(text, "x", &s, NULL)
		   : lkb_apt_sources_list(text, "x", &s, NULL))
		return;
	lkb_strv_add(&components, "main");
	out = lkb_apt_sources_text(&s, "bookworm", NULL, &components, "arm64");
	/* What we write we can read. */
	if (lkb_apt_sources_deb822(out, "y", &again, NULL))
		__builtin_trap();
}

static void printed(const char *text)
{
	lkb_autodebs debs = {0};

	if (!lkb_apt_parse_simulation(text, &debs, NULL))
		lkb_apt_parse_show(text, &debs, NULL);
}

/* The first byte says which of apt's texts the rest is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autofree char *text = size ? lkb_strndup((const char *)data + 1, size - 1) : NULL;

	if (!text)
		return 0;
	switch (data[0]) {
	case 'l':
		sources(text, false);
		break;
	case 's':
		sources(text, true);
		break;
	default:
		printed(text);
	}
	return 0;
}
