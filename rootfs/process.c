/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "rootfs/rootfs_priv.h"

static int write_user(struct lkb_jsonout *j, const struct lkb_spec_image *set,
		      const struct lkb_strmap *ids, struct lkb_error *err)
{
	uint32_t uid, gid, more;

	if (lkb_id_read(set->uid, ids, &uid, err) < 0)
		return lkb_context(err, "uid");
	if (lkb_id_read(set->gid, ids, &gid, err) < 0)
		return lkb_context(err, "gid");
	lkb_jsonout_open(j, "user", '{');
	lkb_jsonout_uint(j, "uid", uid);
	lkb_jsonout_uint(j, "gid", gid);
	if (set->additional_gids.n) {
		lkb_jsonout_open(j, "additionalGids", '[');
		for (size_t i = 0; i < set->additional_gids.n; i++) {
			if (lkb_id_read(set->additional_gids.items[i], ids, &more, err) < 0)
				return lkb_context(err, "additionalGids");
			lkb_jsonout_uint(j, NULL, more);
		}
		lkb_jsonout_close(j, ']');
	}
	lkb_jsonout_close(j, '}');
	return 0;
}

static void write_caps(struct lkb_jsonout *j, const struct lkb_caps *caps)
{
	const struct {
		const char *key;
		const struct lkb_strlist *list;
	} sets[] = {
		{ "bounding", &caps->held }, { "effective", &caps->active },
		{ "inheritable", &caps->held }, { "permitted", &caps->held },
		{ "ambient", &caps->ambient },
	};

	/* Empty lists are written too: a missing one leaves the choice to the runtime. */
	lkb_jsonout_open(j, "capabilities", '{');
	for (size_t i = 0; i < LKB_ARRAY_SIZE(sets); i++)
		lkb_jsonout_strings(j, sets[i].key, sets[i].list->items, sets[i].list->n);
	lkb_jsonout_close(j, '}');
}

static int write_rlimits(struct lkb_jsonout *j, const struct lkb_strlist *list,
			 struct lkb_error *err)
{
	if (!list->n)
		return 0;
	lkb_jsonout_open(j, "rlimits", '[');
	for (size_t i = 0; i < list->n; i++) {
		lkb_autofree char *type = NULL;
		struct lkb_spec_rlimit limit;
		const char *fault = lkb_spec_rlimit(list->items[i], &limit);

		if (fault) {
			lkb_fail(err, LKB_INPUT, "rlimit '%s' %s", list->items[i], fault);
			return lkb_at_pos(list->pos ? &list->pos[i] : NULL, err);
		}
		type = lkb_format("RLIMIT_%s", limit.name);
		lkb_jsonout_open(j, NULL, '{');
		lkb_jsonout_string(j, "type", type);
		lkb_jsonout_uint(j, "hard", limit.hard);
		lkb_jsonout_uint(j, "soft", limit.soft);
		lkb_jsonout_close(j, '}');
	}
	lkb_jsonout_close(j, ']');
	return 0;
}

int lkb_process_write(struct lkb_jsonout *j, const struct lkb_container *c,
		      const struct lkb_strmap *ids, struct lkb_error *err)
{
	lkb_jsonout_open(j, "process", '{');
	lkb_jsonout_bool(j, "terminal", false);
	if (write_user(j, &c->set, ids, err) < 0)
		return -1;
	lkb_jsonout_strings(j, "args", c->args.items, c->args.n);
	if (c->env.n)
		lkb_jsonout_strings(j, "env", c->env.items, c->env.n);
	lkb_jsonout_string(j, "cwd", c->cwd);
	write_caps(j, &c->caps);
	if (write_rlimits(j, &c->set.rlimits, err) < 0)
		return -1;
	if (c->set.no_new_privileges == LKB_YES)
		lkb_jsonout_bool(j, "noNewPrivileges", true);
	if (c->set.oom_score_adj.set)
		lkb_jsonout_int(j, "oomScoreAdj", c->set.oom_score_adj.v);
	lkb_jsonout_close(j, '}');
	return 0;
}
