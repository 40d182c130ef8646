/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rootfs/lock/lock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int parse(const char *text, size_t len, struct lkb_lock *ret)
{
	lkb_autodiags diags = {0};
	struct lkb_error err;

	return lkb_lock_parse(text, len, "x", ret, &diags, &err);
}

/* What is taken as a lock is written so that it comes back as the same one, and setting what it says
 * already changes nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autofree char *out = NULL, *again = NULL;
	lkb_autolock l = {0}, copy = {0}, none = {0};
	lkb_autostr diff = {0}, all = {0};
	size_t i;

	if (parse((const char *)data, size, &l))
		return 0;
	out = lkb_lock_text(&l);
	if (parse(out, strlen(out), &copy))
		abort();
	lkb_lock_diff(&l, &copy, &diff);
	lkb_lock_diff(&none, &l, &all);
	if (diff.len || !all.len != !(l.n_images + l.n_debs))
		abort();
	for (i = 0; i < l.n_images && i < 16; i++) {
		free(lkb_lock_image_ref(&l.images[i], true));
		free(lkb_lock_image_name(&l.images[i], false));
		lkb_lock_pin(&copy, lkb_lock_find(&l, l.images[i].ref, &l.images[i].platform));
	}
	for (i = 0; i < l.n_debs && i < 16; i++) {
		lkb_autodebs debs = {0};

		lkb_lock_get(&l, l.debs[i].package, l.debs[i].arch, l.debs[i].suite, &debs);
		lkb_lock_set(&copy, l.debs[i].package, l.debs[i].arch, l.debs[i].suite, &debs);
	}
	again = lkb_lock_text(&copy);
	if (strcmp(out, again))
		abort();
	return 0;
}
