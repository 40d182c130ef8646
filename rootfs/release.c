/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/str.h"
#include "rootfs/rootfs_priv.h"

#define DEFAULT_DATA "/var/lib/data"

/* A line KEY=VALUE is read by shells and by our init alike: what would need quotes is refused. */
static int add_line(struct lkb_str *text, const char *key, const char *value,
		    const char *also_fine, struct lkb_error *err)
{
	for (const char *p = value; *p; p++) {
		bool word = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			    (*p >= '0' && *p <= '9') || (unsigned char)*p >= 0x80;

		if (!word && !strchr(also_fine, *p))
			return lkb_fail(err, LKB_INPUT, "'%s' is no value for %s= of "
					"/etc/lkboard-release", value, key);
	}
	lkb_str_addf(text, "%s=%s\n", key, value);
	return 0;
}

static int add_data_directory(struct lkb_rootfs_job *job, const char *path, struct lkb_error *err)
{
	const struct lkb_meta meta = lkb_rootfs_meta(job->env->epoch, 0755);

	/* The root may be read-only: what is mounted on must be there. */
	if (lkb_tree_lookup(job->root, path, true))
		return 0;
	return lkb_tree_add_dir(job->root, path, &meta, NULL, err);
}
