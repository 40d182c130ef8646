/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/kernel_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/size.h"

#define MAX_FILE ((size_t)64 << 20)

/* What depmod writes; all of it goes into the image. */
static const char *const depmod_files[] = {
	"modules.alias", "modules.alias.bin", "modules.builtin.alias.bin", "modules.builtin.bin",
	"modules.dep", "modules.dep.bin", "modules.devname", "modules.softdep",
	"modules.symbols", "modules.symbols.bin",
};

/* Staged files live for one run of depmod: no need to get them onto the disk. */
static int stage_bytes(const char *path, const void *p, size_t n, struct lkb_error *err)
{
	lkb_autofd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return lkb_fail_errno(err, "cannot write '%s'", path);
	return lkb_write_full(fd, p, n, path, err);
}

static int stage_data(const char *dir, const char *path, const struct lkb_data *data,
		      struct lkb_error *err)
{
	lkb_autofree char *full = lkb_path_join(dir, path);
	lkb_autofree char *parent = lkb_path_dirname(full);
	lkb_autofree char *bytes = NULL;
	size_t n;

	if (lkb_data_read_all(data, MAX_FILE, &bytes, &n, err) || lkb_mkdir_p(parent, err))
		return -1;
	return stage_bytes(full, bytes, n, err);
}

static bool selected(const struct lkb_modules *m, const char *path)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->items[i].selected && !strcmp(m->items[i].path, path))
			return true;
	return false;
}

/* modules.order with the selected modules only. */
static int order_text(const struct lkb_modules *m, struct lkb_str *ret, struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	char *at, *line;
	size_t n;

	if (lkb_data_read_all(&m->order, MAX_FILE, &text, &n, err))
		return lkb_context(err, "modules.order");
	for (at = text; (line = strsep(&at, "\n"));)
		if (*line && selected(m, line))
			lkb_str_addf(ret, "%s\n", line);
	return 0;
}

static int stage(const struct lkb_modules *m, const char *dir, const struct lkb_str *order,
		 struct lkb_error *err)
{
	lkb_autofree char *path = NULL;
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->items[i].selected &&
		    stage_data(dir, m->items[i].path, &m->items[i].data, err))
			return -1;
	if (stage_data(dir, "modules.builtin", &m->builtin_list, err) ||
	    stage_data(dir, "modules.builtin.modinfo", &m->builtin_info, err))
		return -1;
	path = lkb_path_join(dir, "modules.order");
	return stage_bytes(path, lkb_str_get(order), order->len, err);
}

static int run_depmod(const struct lkb_modules *m, const char *base, struct lkb_error *err)
{
	lkb_autofree char *no_config = lkb_path_join(base, "depmod.d");
	const char *const argv[] = {"depmod", "-b", base, "-C", no_config, m->version, NULL};
	const struct lkb_proc run = {.argv = argv, .package = "kmod"};

	/* An empty directory of settings: this machine's do not concern the image. */
	if (lkb_mkdir_p(no_config, err))
		return -1;
	return lkb_proc_run(&run, NULL, err);
}

static int add_data(const struct lkb_modules *m, struct lkb_tree *t, const char *path,
		    const struct lkb_data *data, int64_t mtime, struct lkb_error *err)
{
	lkb_autofree char *full = lkb_format("lib/modules/%s/%s", m->version, path);
	const struct lkb_meta meta = {.mode = 0644, .mtime = mtime};

	return lkb_tree_add_file(t, full, &meta, data, NULL, err);
}

static int add_bytes(const struct lkb_modules *m, struct lkb_tree *t, const char *path,
		     const void *p, size_t n, int64_t mtime, struct lkb_error *err)
{
	lkb_autofree char *full = lkb_format("lib/modules/%s/%s", m->version, path);
	const struct lkb_meta meta = {.mode = 0644, .mtime = mtime};

	return lkb_tree_add_text(t, full, &meta, p, n, err);
}

static int add_depmod_files(const struct lkb_modules *m, const char *dir, struct lkb_tree *t,
			    int64_t mtime, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(depmod_files); i++) {
		lkb_autofree char *path = lkb_path_join(dir, depmod_files[i]);
		lkb_autofree char *bytes = NULL;
		size_t n;

		/* Which of them there are depends on depmod's version. */
		if (access(path, F_OK) && errno == ENOENT)
			continue;
		if (lkb_read_file(path, MAX_FILE, &bytes, &n, err) ||
		    add_bytes(m, t, depmod_files[i], bytes, n, mtime, err))
			return -1;
	}
	return 0;
}

int lkb_modules_write(const struct lkb_modules *m, const char *scratch, struct lkb_tree *t,
		      int64_t mtime, struct lkb_error *err)
{
	lkb_autofree char *dir = lkb_format("%s/lib/modules/%s", scratch, m->version);
	lkb_autostr order = {0};
	size_t i;

	if (lkb_mkdir_p(dir, err) || order_text(m, &order, err) || stage(m, dir, &order, err) ||
	    run_depmod(m, scratch, err) || add_depmod_files(m, dir, t, mtime, err))
		return -1;
	for (i = 0; i < m->n; i++)
		if (m->items[i].selected &&
		    add_data(m, t, m->items[i].path, &m->items[i].data, mtime, err))
			return -1;
	if (add_data(m, t, "modules.builtin", &m->builtin_list, mtime, err) ||
	    add_data(m, t, "modules.builtin.modinfo", &m->builtin_info, mtime, err))
		return -1;
	return add_bytes(m, t, "modules.order", lkb_str_get(&order), order.len, mtime, err);
}
