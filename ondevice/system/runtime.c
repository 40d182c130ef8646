/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/runtime.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/str.h"
#include "ondevice/common/slurp.h"

int lkb_runtime_read(const char *dir, struct lkb_arena *arena, const struct lkb_json **ret,
		     struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/runtime.json", dir);
	lkb_autofree char *text = NULL;
	const struct lkb_json *runtime;

	if (access(path, F_OK)) {
		*ret = NULL;
		return 0;
	}
	if (lkb_slurp(path, LKB_MIB, &text, err))
		return -1;
	if (lkb_json_parse(text, strlen(text), arena, &runtime, err))
		return lkb_context(err, "'%s'", path);
	if (runtime->type != LKB_JSON_OBJECT)
		return lkb_fail(err, LKB_INPUT, "'%s': an object was expected", path);
	*ret = runtime;
	return 0;
}
