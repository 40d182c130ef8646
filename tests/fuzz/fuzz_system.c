/* SPDX-License-Identifier: Apache-2.0 */
/* What a disk or partition begins with: which file system it is, and a label fit to be shown. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "flash/device_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autoarena a = {0};
	const char *system, *label;

	lkb_system_tell(data, size, &a, &system, &label);
	if (label && !system)
		abort();
	for (; label && *label; label++)
		if ((unsigned char)*label < 0x20)
			abort();
	return 0;
}
