/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/containers.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "ondevice/common/say.h"
#include "ondevice/system/oncreate.h"
#include "ondevice/system/run.h"

#define CONTAINERS "/containers"

void lkb_containers_list(const char *kind, struct lkb_strv *ret)
{
	lkb_autofree char *dir = lkb_format(CONTAINERS "/%s", kind);
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d))) {
		lkb_autofree char *config = lkb_format("%s/%s/config.json", dir, e->d_name);

		if (e->d_name[0] != '.' && !access(config, F_OK))
			lkb_strv_add(ret, e->d_name);
	}
	closedir(d);
	lkb_strv_sort(ret);
}

const char *lkb_container_name(const char *dir)
{
	size_t digits = strspn(dir, "0123456789");

	return digits && dir[digits] == '-' && dir[digits + 1] ? dir + digits + 1 : dir;
}

int lkb_container_bundle(const char *dir, const char *id, const struct lkb_prepared *p,
			 char **ret_bundle, struct lkb_error *err)
{
	lkb_autofree char *bundle = p->oncreate ? lkb_format(LKB_BUNDLES "/%s", id)
						: lkb_strdup(dir);

	if (p->oncreate && lkb_oncreate_bundle(dir, LKB_INIT_PROGRAM, bundle, err))
		return -1;
	*ret_bundle = LKB_STEAL(bundle);
	return 0;
}

static int run_bundle(struct lkb_loop *l, const char *dir, const char *id, struct lkb_run *run,
		      struct lkb_error *err)
{
	lkb_autofree char *bundle = NULL;
	struct lkb_prepared prepared = {0};
	int status, rc;

	if (lkb_prepare(dir, false, &prepared, err))
		return -1;
	rc = lkb_container_bundle(dir, id, &prepared, &bundle, err);
	if (!rc) {
		const char *argv[] = {"runc", "run", "--bundle", bundle, id, NULL};

		run->argv = argv;
		rc = lkb_run_wait(l, run, &status, err);
	}
	lkb_prepared_undo(&prepared);
	lkb_prepared_clear(&prepared);
	if (rc)
		return -1;
	if (status)
		return lkb_fail(err, LKB_DIDNT, "%s", lkb_status_text(status).s);
	return 0;
}

static bool run_one(struct lkb_loop *l, const char *kind, const char *id, int64_t timeout_ms)
{
	const char *name = lkb_container_name(id);
	lkb_autofree char *dir = lkb_format(CONTAINERS "/%s/%s", kind, id);
	lkb_autofree char *file = lkb_format("/var/log/%s/%s.log", kind, name);
	lkb_autofree char *slow = lkb_format("%s '%s'", kind, name);
	struct lkb_log_options log = {.name = name, .file = file};
	struct lkb_run run = {.log = &log, .timeout_ms = timeout_ms, .slow = slow};
	struct lkb_error err;

	if (!run_bundle(l, dir, id, &run, &err))
		return true;
	if (err.kind == LKB_INTERRUPTED) {
		lkb_say_error(&err, "%s '%s' was ended", kind, name);
		return false;
	}
	lkb_say_error(&err, "%s '%s' FAILED", kind, name);
	lkb_say("  its output is in %s", file);
	return false;
}

struct lkb_containers_result lkb_containers_run(struct lkb_loop *l, const char *kind,
						int64_t timeout_ms)
{
	struct lkb_containers_result result = {0};
	lkb_autostrv ids = {0};
	size_t i;

	lkb_containers_list(kind, &ids);
	for (i = 0; i < ids.n; i++) {
		if (l->request != LKB_STAY && !l->stopping)
			break;
		if (run_one(l, kind, ids.items[i], timeout_ms))
			result.ok++;
		else
			result.failed++;
	}
	return result;
}
