/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/prepare.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "ondevice/common/slurp.h"
#include "ondevice/system/json.h"
#include "ondevice/system/makedirs.h"
#include "ondevice/system/mountopts.h"

static int refuse_unknown(const struct lkb_json *runtime, struct lkb_error *err)
{
	const struct lkb_json *ns = lkb_json_get(runtime, "bindNS");

	if (lkb_json_items(runtime, "interfaces"))
		return lkb_fail(err, LKB_INPUT, "runtime.interfaces is not done by this init");
	if (ns && ns->type == LKB_JSON_OBJECT)
		for (ns = ns->first; ns; ns = ns->next)
			if (ns->type == LKB_JSON_STRING && ns->text[0])
				return lkb_fail(err, LKB_INPUT,
						"runtime.bindNS is not done by this init");
	return 0;
}

/* The upper and work directories of an overlay stand on a tmpfs that was mounted a moment ago. */
static int make_overlay_dirs(const char *option, struct lkb_error *err)
{
	static const char *const names[] = {"upperdir=", "workdir="};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(names); i++)
		if (lkb_starts_with(option, names[i]) &&
		    lkb_make_dirs(option + strlen(names[i]), 0755, err))
			return -1;
	return 0;
}

static int do_mount(const struct lkb_json *m, struct lkb_prepared *p, struct lkb_error *err)
{
	const char *target = lkb_json_string(m, "destination");
	const char *type = lkb_json_string(m, "type");
	const char *source = lkb_json_string(m, "source");
	lkb_automountopts options = {0};
	const struct lkb_json *o;

	if (target[0] != '/')
		return lkb_fail(err, LKB_INPUT, "mount destination '%s' is not absolute", target);
	for (o = lkb_json_items(m, "options"); o; o = o->next) {
		if (o->type != LKB_JSON_STRING)
			return lkb_fail(err, LKB_INPUT, "an option of the mount '%s' is no string",
					target);
		lkb_mount_options_add(&options, o->text);
		if (!strcmp(type, "overlay") && make_overlay_dirs(o->text, err))
			return -1;
	}
	if (lkb_make_dirs(target, 0755, err) ||
	    lkb_mount(source[0] ? source : type, target, type, &options, err))
		return -1;
	if (!(options.flags & MS_REMOUNT))
		lkb_strv_add(&p->mounted, target);
	return 0;
}

static int make_listed(const struct lkb_json *list, const char *below, struct lkb_error *err)
{
	for (; list; list = list->next) {
		lkb_autofree char *path = NULL;

		if (list->type != LKB_JSON_STRING)
			return lkb_fail(err, LKB_INPUT, "a directory to make is no string");
		path = lkb_format("%s%s", below, list->text);
		if (lkb_make_dirs(path, 0755, err))
			return -1;
	}
	return 0;
}

static int do_all(const struct lkb_json *runtime, struct lkb_prepared *p, struct lkb_error *err)
{
	const struct lkb_json *m;

	if (refuse_unknown(runtime, err))
		return -1;
	for (m = lkb_json_items(runtime, "mounts"); m; m = m->next)
		if (do_mount(m, p, err))
			return -1;
	return make_listed(lkb_json_items(runtime, "mkdir"), "", err) ||
	       make_listed(lkb_json_items(runtime, "cgroups"), "/sys/fs/cgroup/", err) ? -1 : 0;
}

int lkb_prepare(const char *dir, struct lkb_prepared *ret, struct lkb_error *err)
{
	lkb_autofree char *path = lkb_format("%s/runtime.json", dir);
	lkb_autofree char *text = NULL;
	lkb_autoarena arena = {0};
	struct lkb_prepared p = {0};
	const struct lkb_json *runtime;

	if (access(path, F_OK)) {
		p.containerd_ns = lkb_strdup("");
		*ret = p;
		return 0;
	}
	if (lkb_slurp(path, LKB_MIB, &text, err))
		return -1;
	if (lkb_json_parse(text, strlen(text), &arena, &runtime, err) ||
	    do_all(runtime, &p, err)) {
		lkb_prepared_undo(&p);
		return lkb_context(err, "'%s'", path);
	}
	p.containerd_ns = lkb_strdup(lkb_json_string(runtime, "namespace"));
	*ret = p;
	return 0;
}

void lkb_prepared_undo(struct lkb_prepared *p)
{
	size_t i;

	for (i = p->mounted.n; i; i--)
		umount2(p->mounted.items[i - 1], MNT_DETACH);
	lkb_prepared_clear(p);
}

void lkb_prepared_clear(struct lkb_prepared *p)
{
	lkb_strv_clear(&p->mounted);
	free(LKB_STEAL(p->containerd_ns));
}
