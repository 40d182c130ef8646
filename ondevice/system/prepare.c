/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/prepare.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "ondevice/system/bindns.h"
#include "ondevice/system/json.h"
#include "ondevice/system/makedirs.h"
#include "ondevice/system/mountopts.h"
#include "ondevice/system/oncreate.h"
#include "ondevice/system/runtime.h"

struct work {
	const char *dir;
	bool again;
	struct lkb_strv outside; /* mounted outside of dir */
	struct lkb_prepared *p;
};

static bool is_inside(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && path[n] == '/';
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

static int do_mount(const struct lkb_json *m, struct work *w, struct lkb_error *err)
{
	const char *target = lkb_json_string(m, "destination");
	const char *type = lkb_json_string(m, "type");
	const char *source = lkb_json_string(m, "source");
	lkb_automountopts options = {0};
	bool inside = is_inside(target, w->dir);
	const struct lkb_json *o;

	if (target[0] != '/')
		return lkb_fail(err, LKB_INPUT, "mount destination '%s' is not absolute", target);
	if (w->again && !inside)
		return 0;
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
		lkb_strv_add(inside ? &w->p->mounted : &w->outside, target);
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

static int read_life(const struct lkb_json *runtime, struct lkb_prepared *p, struct lkb_error *err)
{
	const char *word = lkb_json_string(runtime, "restart");

	if (!lkb_restart_parse(word, &p->restart))
		return lkb_fail(err, LKB_INPUT, "restart: '%s' is neither no, on-failure nor "
				"always", word);
	p->containerd_ns = lkb_strdup(lkb_json_string(runtime, "namespace"));
	p->oncreate = lkb_oncreate_asked(runtime);
	return lkb_bindns_paths(runtime, &p->bound, err);
}

static int do_all(const struct lkb_json *runtime, struct work *w, struct lkb_error *err)
{
	const struct lkb_json *m;

	if (read_life(runtime, w->p, err))
		return -1;
	for (m = lkb_json_items(runtime, "mounts"); m; m = m->next)
		if (do_mount(m, w, err))
			return -1;
	return make_listed(lkb_json_items(runtime, "mkdir"), "", err) ||
	       make_listed(lkb_json_items(runtime, "cgroups"), "/sys/fs/cgroup/", err) ? -1 : 0;
}

void lkb_prepare_policy(const char *dir, enum lkb_restart *ret)
{
	lkb_autoarena arena = {0};
	const struct lkb_json *runtime;

	if (!lkb_runtime_read(dir, &arena, &runtime, NULL))
		lkb_restart_parse(lkb_json_string(runtime, "restart"), ret);
}

static void unmount(struct lkb_strv *points)
{
	size_t i;

	for (i = points->n; i; i--)
		umount2(points->items[i - 1], MNT_DETACH);
	lkb_strv_clear(points);
}

int lkb_prepare(const char *dir, bool again, struct lkb_prepared *ret, struct lkb_error *err)
{
	lkb_autoarena arena = {0};
	struct lkb_prepared p = {0};
	struct work w = {.dir = dir, .again = again, .p = &p};
	const struct lkb_json *runtime;

	if (lkb_runtime_read(dir, &arena, &runtime, err))
		return -1;
	if (do_all(runtime, &w, err)) {
		unmount(&w.outside);
		lkb_prepared_undo(&p);
		lkb_prepared_clear(&p);
		return lkb_context(err, "'%s/runtime.json'", dir);
	}
	lkb_strv_clear(&w.outside);
	*ret = p;
	return 0;
}

void lkb_prepared_undo(struct lkb_prepared *p)
{
	unmount(&p->mounted);
}

void lkb_prepared_clear(struct lkb_prepared *p)
{
	lkb_strv_clear(&p->mounted);
	lkb_strv_clear(&p->bound);
	free(LKB_STEAL(p->containerd_ns));
}
