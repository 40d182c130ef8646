/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "rootfs/oci/registry/registry_priv.h"

/* A Link header, and two pages of a list, a line each. What two pages make is a page again, and it
 * holds no more than both. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autofree char *text = lkb_strndup((const char *)data, size);
	char *at = text, *header = strsep(&at, "\n"), *first = strsep(&at, "\n");
	char name[] = "link";
	struct lkb_net_header link = {name, header};
	const struct lkb_net_response answer = {.headers = &link, .n_headers = 1};
	lkb_autofree char *next = lkb_page_next(&answer);
	lkb_autostr all = {0}, page = {0}, none = {0};

	if (next && !strstr(header, next))
		abort();
	lkb_str_add(&all, first ? first : "");
	lkb_str_add(&page, at ? at : "");
	if (lkb_page_add(&all, &page, "pages", NULL))
		return 0;
	if (all.len > 8 * (size + 64))
		abort();
	lkb_str_add(&none, "{\"manifests\":[]}");
	if (lkb_page_add(&all, &none, "pages", NULL))
		abort();
	return 0;
}
