/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/size.h"
#include "plan/plan_priv.h"

/* modules.dep (kmod's depmod): "PATH.ko: NEEDED.ko NEEDED.ko...", paths below lib/modules/VERSION.
 * What a module needs is listed with the one to be loaded first at the end. */

#define DEP_MAX (16 * (size_t)LKB_MIB)
#define MODULES_MAX 1000

struct index {
	char *text;       /* owned; cut into lines */
	char **lines;     /* owned array; borrowed strings */
	size_t n, cap;
	char *builtin;    /* owned; modules.builtin */
	char *dir;        /* owned; "lib/modules/VERSION" */
};

static void clear_index(struct index *x)
{
	free(x->text);
	free(x->lines);
	free(x->builtin);
	free(x->dir);
}

/* "kernel/fs/ext4/ext4.ko" is module "ext4"; '-' and '_' are one to the kernel. */
static bool is_module(const char *path, size_t path_len, const char *name)
{
	const char *end = path + path_len, *base = end;
	size_t i, n = strlen(name);

	while (base > path && base[-1] != '/')
		base--;
	if ((size_t)(end - base) < n || (base[n] != '.' && base + n != end))
		return false;
	for (i = 0; i < n; i++) {
		char a = base[i] == '-' ? '_' : base[i], b = name[i] == '-' ? '_' : name[i];

		if (a != b)
			return false;
	}
	return true;
}

static int find_version_dir(struct lkb_tree *root, char **ret, struct lkb_error *err)
{
	const struct lkb_inode *dir = lkb_tree_lookup(root, "lib/modules", true);

	if (!dir || dir->type != LKB_NODE_DIR || !dir->n_entries) {
		lkb_fail(err, LKB_INPUT, "the kernel image brings no lib/modules");
		return lkb_hint(err, "the initrd that finds the root needs them: kernel.tar names "
				     "the archive in the kernel image");
	}
	if (dir->n_entries > 1)
		return lkb_fail(err, LKB_INPUT,
				"the root has modules of %zu kernels ('%s', '%s'%s)",
				dir->n_entries, dir->entries[0].name, dir->entries[1].name,
				dir->n_entries > 2 ? ", ..." : "");
	*ret = lkb_format("lib/modules/%s", dir->entries[0].name);
	return 0;
}

static int read_text(struct lkb_tree *root, const char *dir, const char *name, char **ret,
		     struct lkb_error *err)
{
	lkb_autofree char *path = lkb_path_join(dir, name);
	const struct lkb_inode *node = lkb_tree_lookup(root, path, true);
	size_t n;

	if (!node || node->type != LKB_NODE_FILE) {
		lkb_fail(err, LKB_INPUT, "the kernel image brings no '%s'", path);
		return lkb_hint(err, "run depmod -b on its modules when the image is made");
	}
	return lkb_data_read_all(&node->data, DEP_MAX, ret, &n, err);
}

static int read_index(struct lkb_tree *root, struct index *x, struct lkb_error *err)
{
	char *at, *line;

	if (find_version_dir(root, &x->dir, err) ||
	    read_text(root, x->dir, "modules.dep", &x->text, err) ||
	    read_text(root, x->dir, "modules.builtin", &x->builtin, err))
		return -1;
	for (at = x->text; (line = strsep(&at, "\n"));) {
		if (!strchr(line, ':'))
			continue;
		LKB_GROW(x->lines, x->n, x->cap);
		x->lines[x->n++] = line;
	}
	return 0;
}

static const char *find_line(const struct index *x, const char *name)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (is_module(x->lines[i], strcspn(x->lines[i], ":"), name))
			return x->lines[i];
	return NULL;
}

static bool is_builtin(const struct index *x, const char *name)
{
	const char *p = x->builtin;

	while (*p) {
		size_t n = strcspn(p, "\n");

		if (is_module(p, n, name))
			return true;
		p += n + (p[n] == '\n');
	}
	return false;
}

static int add_path(const struct index *x, const char *path, size_t n, struct lkb_strv *ret,
		    struct lkb_error *err)
{
	lkb_autofree char *full = lkb_format("%s/%.*s", x->dir, (int)n, path);

	if (lkb_strv_has(ret, full))
		return 0;
	if (ret->n >= MODULES_MAX)
		return lkb_fail(err, LKB_INPUT, "by '%s/modules.dep' the initrd would need more "
				"than %d modules", x->dir, MODULES_MAX);
	lkb_strv_add(ret, full);
	return 0;
}

/* Last needed first, the module itself at the end. */
static int add_line(const struct index *x, const char *line, struct lkb_strv *ret,
		    struct lkb_error *err)
{
	size_t self = strcspn(line, ":");
	const char *needed = line + self + 1, *end = line + strlen(line);

	while (end > needed) {
		const char *start;

		while (end > needed && end[-1] == ' ')
			end--;
		for (start = end; start > needed && start[-1] != ' ';)
			start--;
		if (start < end && add_path(x, start, (size_t)(end - start), ret, err))
			return -1;
		end = start;
	}
	return add_path(x, line, self, ret, err);
}

int lkb_modules_order(struct lkb_tree *root, const struct lkb_strlist *wanted,
		      struct lkb_strv *ret_paths, struct lkb_error *err)
{
	struct index x __attribute__((cleanup(clear_index))) = {0};
	size_t i;

	if (read_index(root, &x, err))
		return -1;
	for (i = 0; i < wanted->n; i++) {
		const char *line = find_line(&x, wanted->items[i]);

		if (line) {
			if (add_line(&x, line, ret_paths, err))
				return -1;
		} else if (!is_builtin(&x, wanted->items[i])) {
			lkb_fail(err, LKB_INPUT, "the kernel has no module '%s'", wanted->items[i]);
			return lkb_hint(err, "the board's initrd needs it; use a kernel image "
					     "whose '%s' has it", x.dir);
		}
	}
	return 0;
}
