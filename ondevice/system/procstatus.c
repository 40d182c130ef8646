/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/procstatus.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "ondevice/common/slurp.h"

/* What stands behind "NAME:" at the start of a line; NULL if there is no such line. */
static const char *field(const char *text, const char *name)
{
	size_t n = strlen(name);
	const char *p = text;

	while (p && *p) {
		if (!strncmp(p, name, n) && p[n] == ':')
			return p + n + 1;
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	return NULL;
}

/* NSpid lists the number in every namespace, the innermost last. */
static bool is_first_of_namespace(const char *text)
{
	const char *numbers = field(text, "NSpid");
	size_t n = numbers ? strcspn(numbers, "\n") : 0;

	return n >= 2 && numbers[n - 1] == '1' && (numbers[n - 2] == '\t' || numbers[n - 2] == ' ');
}

bool lkb_procstatus_text_ends_by(const char *text, int number)
{
	/* A blocked one waits for sigwait() or a signalfd, as tini has it. */
	const char *caught = field(text, "SigCgt"), *blocked = field(text, "SigBlk");
	unsigned long long heard;

	if (!caught || !is_first_of_namespace(text))
		return true;
	heard = strtoull(caught, NULL, 16) | (blocked ? strtoull(blocked, NULL, 16) : 0);
	return heard >> (number - 1) & 1;
}

bool lkb_procstatus_ends_by(pid_t pid, int number)
{
	lkb_autofree char *path = lkb_format("/proc/%d/status", (int)pid);
	lkb_autofree char *text = NULL;

	if (lkb_slurp(path, 65536, &text, NULL))
		return true;
	return lkb_procstatus_text_ends_by(text, number);
}
