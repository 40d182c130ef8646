/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/container_priv.h"

enum own { SHARED, NEW, JOINED };

enum { NET, IPC, UTS, PID, USER };

static const struct row {
	const char *type;    /* runtime-spec's name */
	size_t key;          /* offset of the spec's word */
	enum own by_default;
	bool none_is_new;    /* "none" = one of its own with nothing in it */
} rows[] = { /* in LinuxKit's order */
	[NET] = { "network", offsetof(struct lkb_spec_image, net), SHARED, true },
	[IPC] = { "ipc", offsetof(struct lkb_spec_image, ipc), SHARED, false },
	[UTS] = { "uts", offsetof(struct lkb_spec_image, uts), SHARED, false },
	[PID] = { "pid", offsetof(struct lkb_spec_image, pid), NEW, false },
	[USER] = { "user", offsetof(struct lkb_spec_image, userns), SHARED, false },
};

static const char *word(const struct row *row, const struct lkb_spec_image *set)
{
	const char *text;

	memcpy(&text, (const char *)set + row->key, sizeof(text));
	return text;
}

static enum own owner(const struct row *row, const char *text)
{
	if (!text || !*text)
		return row->by_default;
	if (!strcmp(text, "host") || !strcmp(text, "root"))
		return SHARED;
	if (!strcmp(text, "new") || (row->none_is_new && !strcmp(text, "none")))
		return NEW;
	return JOINED;
}

static void write_one(struct lkb_jsonout *j, const char *type, const char *path)
{
	lkb_jsonout_open(j, NULL, '{');
	lkb_jsonout_string(j, "type", type);
	if (path)
		lkb_jsonout_string(j, "path", path);
	lkb_jsonout_close(j, '}');
}

void lkb_namespaces_write(struct lkb_jsonout *j, const struct lkb_spec_image *set)
{
	lkb_jsonout_open(j, "namespaces", '[');
	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		const char *text = word(&rows[i], set);
		enum own own = owner(&rows[i], text);

		if (own != SHARED)
			write_one(j, rows[i].type, own == JOINED ? text : NULL);
	}
	write_one(j, "mount", NULL);
	lkb_jsonout_close(j, ']');
}

/* A new user namespace is of no use before it has users; any other has them already. */
static int check_mappings(const struct lkb_spec_image *set, struct lkb_error *err)
{
	bool is_new = owner(&rows[USER], set->userns) == NEW;

	if (is_new && (!set->uid_mappings.n || !set->gid_mappings.n)) {
		lkb_fail(err, LKB_INPUT, "'userns: new' has no users or no groups");
		return lkb_hint(err, "give 'uidMappings' and 'gidMappings'");
	}
	if (!is_new && (set->uid_mappings.n || set->gid_mappings.n)) {
		lkb_fail(err, LKB_INPUT, "'uidMappings' and 'gidMappings' have no effect here");
		return lkb_hint(err, "they need 'userns: new'");
	}
	return 0;
}

int lkb_namespaces_check(const struct lkb_spec_image *set, struct lkb_error *err)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(rows); i++) {
		const char *text = word(&rows[i], set);

		if (owner(&rows[i], text) == JOINED && text[0] != '/') {
			lkb_fail(err, LKB_INPUT, "%s namespace '%s' is no absolute path",
				 rows[i].type, text);
			return lkb_hint(err, "give 'host', 'new', or the path of a namespace such "
					"as '/run/netns/x'");
		}
	}
	if (set->hostname && *set->hostname && owner(&rows[UTS], set->uts) == SHARED) {
		lkb_fail(err, LKB_INPUT, "hostname '%s' would be the whole system's",
			 set->hostname);
		return lkb_hint(err, "a container with a hostname of its own needs 'uts: new'");
	}
	return check_mappings(set, err);
}
