/* SPDX-License-Identifier: Apache-2.0 */
/* A table of targets. No two targets are the same, and what each gets can be written and is read back
 * by a board. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "flash/stations.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Files hold what stands behind the '@' itself. */
static int read_file(const char *path, size_t max, char **ret, size_t *ret_len,
		     struct lkb_error *err)
{
	*ret = lkb_strdup(path);
	*ret_len = strlen(path);
	return 0;
}

static void no_complaint(void *ctx, const struct lkb_error *err)
{
	abort();
}

static void check(const struct lkb_station *s, uint8_t *block)
{
	lkb_autosettings back = {0};

	must((s->device && *s->device) || (s->serial && *s->serial));
	must(s->line > 1);
	must(!lkb_settings_format(&s->settings.env, block, NULL));
	must(!lkb_settings_parse(block, no_complaint, NULL, &back, NULL));
	for (size_t i = 0; i < LKB_SETTINGS_N; i++) {
		const struct lkb_strv *a = &s->settings.env.values[i], *b = &back.values[i];

		must(a->n == b->n);
		for (size_t k = 0; k < a->n; k++)
			must(!strcmp(a->items[k], b->items[k]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const sets[] = {"wifi-ssid=a", "config.txt=b=1"};
	lkb_autofree uint8_t *block = lkb_alloc(LKB_SETTINGS_SIZE);
	lkb_autostations s = {0};
	struct lkb_error err = {0};
	lkb_autostrv common = {0};

	for (size_t i = 0; size % 2 && i < LKB_ARRAY_SIZE(sets); i++)
		lkb_strv_add(&common, sets[i]);
	if (lkb_stations_parse((const char *)data, size, "fuzz", &common, read_file, &s, &err)) {
		must(err.message[0] && !s.n);
		return 0;
	}
	must(s.n > 0);
	for (size_t i = 0; i < s.n && i < 4; i++)
		check(&s.items[i], block);
	return 0;
}
