/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/initrd/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/str.h"
#include "ondevice/common/say.h"
#include "ondevice/common/slurp.h"

static void load_one(const char *root, const char *path)
{
	lkb_autofree char *full = lkb_format("%s/%s", root, path);
	lkb_autofd fd = open(full, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		lkb_say("module '%s': %s", path, strerror(errno));
	else if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		lkb_say("module '%s': the kernel refuses it: %s", path, strerror(errno));
}

void lkb_modules_load(const char *root, const char *list)
{
	lkb_autofree char *text = NULL;
	struct lkb_error err;
	char *line, *rest;

	if (access(list, F_OK))
		return;
	if (lkb_slurp(list, LKB_MIB, &text, &err)) {
		lkb_say_error(&err, "no module was loaded");
		return;
	}
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			load_one(root, line);
}
