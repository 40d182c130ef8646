/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/kernel_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"

#define MAX_LIST ((size_t)4 << 20)
#define MAX_DEPTH 64

void lkb_modules_clear(struct lkb_modules *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		free(m->items[i].name);
	free(m->items);
	free(m->version);
	lkb_strv_clear(&m->builtin);
	memset(m, 0, sizeof(*m));
}

/* "kernel/fs/nls/nls_cp437.ko" is nls_cp437, "bcm2835-rng.ko" bcm2835_rng. */
static char *module_name(const char *path)
{
	char *name = lkb_path_stem(path), *p;

	for (p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

/* The kernel's own files keep to these; they become names on this machine when depmod runs. */
static bool plain_path(const char *path)
{
	const char *p;

	for (p = path; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.,/",
			    *p))
			return false;
	return strlen(path) < 1024;
}

/* The part behind lib/modules/, or NULL. */
static const char *below_modules(const char *path)
{
	if (lkb_starts_with(path, "usr/"))
		path += strlen("usr/");
	return lkb_starts_with(path, "lib/modules/") ? path + strlen("lib/modules/") : NULL;
}

static int set_version(struct lkb_modules *m, const char *below, size_t len,
		       struct lkb_error *err)
{
	lkb_autofree char *version = lkb_strndup(below, len);

	if (!m->version)
		m->version = LKB_STEAL(version);
	else if (strcmp(m->version, version))
		return lkb_fail(err, LKB_INPUT, "there are modules of two kernels: '%s' and '%s'",
				m->version, version);
	return 0;
}

static void take_file(struct lkb_modules *m, const char *path, const struct lkb_data *data)
{
	if (!strcmp(path, "modules.order"))
		m->order = *data;
	else if (!strcmp(path, "modules.builtin"))
		m->builtin_list = *data;
	else if (!strcmp(path, "modules.builtin.modinfo"))
		m->builtin_info = *data;
	else if (lkb_starts_with(path, "kernel/") && lkb_ends_with(path, ".ko")) {
		LKB_GROW(m->items, m->n, m->cap);
		m->items[m->n++] = (struct lkb_module){
			.path = path, .name = module_name(path), .data = *data,
		};
	}
}

static int take_entry(struct lkb_modules *m, const struct lkb_deb_entry *e, struct lkb_error *err)
{
	const char *below = below_modules(e->path);
	size_t len = below ? strcspn(below, "/") : 0;

	if (!len || !below[len] || e->type != LKB_NODE_FILE)
		return 0;
	if (!plain_path(below))
		return lkb_fail(err, LKB_INPUT, "unlikely name of a kernel module: '%s'", e->path);
	if (set_version(m, below, len, err))
		return -1;
	take_file(m, below + len + 1, &e->data);
	return 0;
}

static int read_builtin(struct lkb_modules *m, struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	char *at, *line;
	size_t n;

	if (lkb_data_read_all(&m->builtin_list, MAX_LIST, &text, &n, err))
		return -1;
	for (at = text; (line = strsep(&at, "\n"));) {
		lkb_autofree char *name = module_name(line);

		if (*name)
			lkb_strv_add(&m->builtin, name);
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct lkb_module *)a)->path, ((const struct lkb_module *)b)->path);
}

int lkb_modules_collect(const struct lkb_deb_files *debs, size_t n, struct lkb_modules *ret,
			struct lkb_error *err)
{
	lkb_automodules m = {0};
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < debs[i].n; j++)
			if (take_entry(&m, &debs[i].items[j], err))
				return -1;
	if (!m.n)
		return lkb_fail(err, LKB_INPUT, "the packages hold no kernel modules");
	qsort(m.items, m.n, sizeof(*m.items), by_path);
	if (read_builtin(&m, err))
		return lkb_context(err, "modules.builtin");
	*ret = m;
	m = (struct lkb_modules){0};
	return 0;
}

static int select_one(struct lkb_modules *m, struct lkb_module *mod, unsigned depth,
		      struct lkb_error *err);

/* Selects all that a pattern matches; a built-in one counts as found. */
static int select_matching(struct lkb_modules *m, const char *pattern, unsigned depth,
			   struct lkb_error *err)
{
	lkb_autofree char *want = lkb_strdup(pattern);
	bool found = false;
	size_t i;
	char *p;

	for (p = want; *p; p++)
		if (*p == '-')
			*p = '_';
	for (i = 0; i < m->n; i++) {
		if (!lkb_glob_match(want, m->items[i].name))
			continue;
		found = true;
		if (select_one(m, &m->items[i], depth, err))
			return -1;
	}
	for (i = 0; !found && i < m->builtin.n; i++)
		found = lkb_glob_match(want, m->builtin.items[i]);
	if (!found)
		return lkb_fail(err, LKB_INPUT, "kernel '%s' has no module '%s'", m->version,
				pattern);
	return 0;
}

static int select_one(struct lkb_modules *m, struct lkb_module *mod, unsigned depth,
		      struct lkb_error *err)
{
	lkb_autostrv needs = {0};
	size_t i;

	if (mod->selected)
		return 0;
	if (depth > MAX_DEPTH)
		return lkb_fail(err, LKB_INPUT, "dependencies of modules go deeper than %d",
				MAX_DEPTH);
	mod->selected = true;
	if (lkb_modinfo_depends(&mod->data, &needs, err))
		return lkb_context(err, "module '%s'", mod->path);
	for (i = 0; i < needs.n; i++)
		if (select_matching(m, needs.items[i], depth + 1, err))
			return lkb_context(err, "module '%s'", mod->path);
	return 0;
}

int lkb_modules_select(struct lkb_modules *m, const struct lkb_strlist *wanted,
		       struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < wanted->n; i++)
		if (select_matching(m, wanted->items[i], 0, err))
			return -1;
	return 0;
}
