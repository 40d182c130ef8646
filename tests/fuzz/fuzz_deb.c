/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "rootfs/pkg/deb_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool want(void *ctx, const char *path)
{
	return true;
}

/* A .deb: what was read can be read again from where the entry says it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autofd fd = memfd_create("deb", MFD_CLOEXEC);
	lkb_autodebfiles f = {0};
	size_t i;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET))
		return 0;
	if (lkb_deb_read(fd, "fuzz", "/tmp", want, NULL, &f, NULL))
		return 0;
	for (i = 0; i < f.n; i++) {
		lkb_autofree char *bytes = NULL;
		size_t n;

		if (f.items[i].data.len <= 65536 &&
		    lkb_data_read_all(&f.items[i].data, 65536, &bytes, &n, NULL))
			__builtin_trap();
	}
	return 0;
}
