/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "board/board.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A board profile. What is refused must say why. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autofd fd = memfd_create("board", MFD_CLOEXEC);
	lkb_autofree char *path = lkb_format("/proc/self/fd/%d", fd);
	lkb_auto(lkb_board) board = NULL;
	lkb_autodiags diags = {0};
	struct lkb_error err = {0};

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	if (lkb_board_read(path, &board, &diags, &err) && !err.message[0])
		abort();
	return 0;
}
