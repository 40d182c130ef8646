/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"

/* Runs a fuzz target over the files of a directory, so that every compiler's build replays what
 * fuzzing found. One TAP line a file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path, int number)
{
	struct lkb_error err;
	lkb_autofree char *bytes = NULL;
	size_t n;

	if (lkb_read_file(path, (size_t)64 << 20, &bytes, &n, &err)) {
		printf("not ok %d - %s: %s\n", number, path, err.message);
		return 1;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)bytes, n);
	printf("ok %d - %s\n", number, path);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent **names;
	int n = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
	int i, number = 0, bad = 0;

	if (n < 0) {
		fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
		return 2;
	}
	for (i = 0; i < n; i++) {
		lkb_autofree char *path = lkb_path_join(argv[1], names[i]->d_name);

		if (names[i]->d_name[0] != '.')
			bad |= replay(path, ++number);
		free(names[i]);
	}
	free(names);
	printf("1..%d\n", number);
	return bad;
}
