/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/alloc.h"
#include "rootfs/spec/spec.h"

/* YAML, schema, checks and merge: as a spec, and as an image's label. What is read must be whole,
 * what is refused must say why. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_spec(const char *text, size_t size)
{
	lkb_auto(lkb_spec) spec = NULL;
	lkb_autodiags diags = { 0 };
	struct lkb_error err = { 0 };

	if (lkb_spec_parse(text, size, "dir/fuzz.yml", &spec, &diags, &err)) {
		if (spec || !diags.n_errors || !err.message[0] || strchr(err.message, '\n'))
			abort();
		return;
	}
	for (size_t i = 0; i < spec->services.n; i++) {
		const struct lkb_spec_image *image =
			(const struct lkb_spec_image *)spec->services.items + i;

		if (!image->name || !image->image || !*image->name || strchr(image->name, '/'))
			abort();
	}
}

static void read_label(const char *text)
{
	struct lkb_spec_image label = { 0 };
	struct lkb_error err = { 0 };
	lkb_autoarena arena = { 0 };

	if (lkb_spec_label(text, "image", &arena, &label, &err) && !err.message[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autofree char *text = lkb_alloc(size + 1);

	memcpy(text, data, size);
	read_spec(text, size);
	read_label(text);
	return 0;
}
