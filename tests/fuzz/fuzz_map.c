/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "image/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read must be written back the same, byte by byte: there is one way to write a map. */
static void check(const char *text, size_t len)
{
	lkb_auto(lkb_map) map = NULL;
	lkb_autostr out = {0};
	lkb_autostr bmap = {0};
	struct lkb_error err;
	uint64_t blocks = 0;

	if (lkb_map_parse(text, len, "fuzz", &map, &err) != 0)
		return;
	lkb_map_format(map, &out);
	if (out.len != len || memcmp(out.s, text, len) != 0)
		abort();
	for (enum lkb_map_class c = LKB_MAP_DATA; c <= LKB_MAP_FREE; c++)
		blocks += lkb_map_count(map, c);
	if (blocks != map->size / LKB_MAP_BLOCK)
		abort();
	/* A bmap hashes as many zeros as the map says there are. */
	if (lkb_map_count(map, LKB_MAP_ZERO) < 1000)
		lkb_map_format_bmap(map, &bmap);
}

/* As it is, and with an `end` that fits, so that chance gets past the digest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autostr sealed = {0};
	struct lkb_sha256 digest = lkb_sha256(data, size);

	check((const char *)data, size);
	lkb_str_addn(&sealed, data, size);
	lkb_str_addf(&sealed, "end %s\n", lkb_sha256_text(&digest).s);
	check(sealed.s, sealed.len);
	return 0;
}
