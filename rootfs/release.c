/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <inttypes.h>

#include "base/str.h"
#include "rootfs/rootfs_priv.h"

#define DEFAULT_DATA "/var/lib/data"

/* A line as in os-release(5): shells, people and our init read it alike. */
static int add_line(struct lkb_str *text, const char *key, const char *value,
		    struct lkb_error *err)
{
	const char *quote = "";

	for (const char *p = value; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == 0x7f || strchr("\"\\$`", c))
			return lkb_fail(err, LKB_INPUT, "%s '%s' has a character that "
					"/etc/lkboard-release cannot hold", key, value);
		if (!isalnum(c) && !strchr("._-+/:@,", c))
			quote = "\"";
	}
	lkb_str_addf(text, "%s=%s%s%s\n", key, quote, value, quote);
	return 0;
}

static int write_release(const struct lkb_rootfs_job *job, const char *data, struct lkb_str *text,
			 struct lkb_error *err)
{
	const struct lkb_rootfs_env *env = job->env;
	const struct lkb_strlist *modules = &job->spec->lkboard.modules;
	lkb_autofree char *epoch = lkb_format("%" PRId64, env->epoch);
	lkb_autostr words = { 0 };
	const struct {
		const char *key, *value;
	} lines[] = {
		{ "NAME", env->name }, { "BOARD", env->board }, { "VERSION", env->version },
		{ "EPOCH", epoch }, { "HOSTNAME", env->hostname }, { "DATA", data },
	};

	for (size_t i = 0; i < LKB_ARRAY_SIZE(lines); i++)
		if (add_line(text, lines[i].key, lines[i].value, err) < 0)
			return -1;
	for (size_t i = 0; i < modules->n; i++)
		lkb_str_addf(&words, "%s%s", i ? " " : "", modules->items[i]);
	return add_line(text, "MODULES", lkb_str_get(&words), err);
}

int lkb_rootfs_release(struct lkb_rootfs_job *job, struct lkb_error *err)
{
	const struct lkb_meta dir = lkb_rootfs_meta(job->env->epoch, 0755);
	const struct lkb_meta file = lkb_rootfs_meta(job->env->epoch, 0644);
	const char *data = job->spec->lkboard.data ? job->spec->lkboard.data : DEFAULT_DATA;
	lkb_autofree char *hostname = lkb_format("%s\n", job->env->hostname);
	lkb_autostr text = { 0 };

	if (write_release(job, data, &text, err) < 0)
		return -1;
	lkb_tree_set_source(job->root, "lkboard");
	/* The root may be read-only: what is mounted on must be there. */
	if (!lkb_tree_lookup(job->root, data, true) &&
	    lkb_tree_add_dir(job->root, data, &dir, NULL, err) < 0)
		return -1;
	if (lkb_tree_add_text(job->root, "etc/hostname", &file, hostname, strlen(hostname),
			      err) < 0)
		return -1;
	return lkb_tree_add_text(job->root, "etc/lkboard-release", &file, lkb_str_get(&text),
				 text.len, err);
}
