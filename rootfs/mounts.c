/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "rootfs/container_priv.h"

/* What every container gets unless it says otherwise. */
static const struct preset {
	const char *destination, *type;
	const char *options[6];
	bool follows_readonly; /* "ro" too if the container is read-only */
} presets[] = {
	{ "/dev", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" }, true },
	{ "/dev/pts", "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" }, false },
	{ "/proc", "proc", { "nosuid", "nodev", "noexec", "relatime" }, false },
	{ "/sys", "sysfs", { "nosuid", "noexec", "nodev" }, true },
	{ "/sys/fs/cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" }, false },
};

/* Types that say where they belong, and sources that say their type. */
static const struct self_named {
	const char *type, *destination;
} self_named[] = {
	{ "mqueue", "/dev/mqueue" }, { "devpts", "/dev/pts" }, { "proc", "/proc" },
	{ "sysfs", "/sys" }, { "cgroup", "/sys/fs/cgroup" },
};

#define VOLUMES "/containers/volumes"

struct list {
	struct lkb_arena *arena;
	const struct lkb_objlist *volumes;
	struct lkb_mount *items; /* has room for all */
	size_t n;
};

static const struct self_named *find_self_named(const char *type)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(self_named); i++)
		if (!strcmp(self_named[i].type, type))
			return &self_named[i];
	return NULL;
}

/* "/a//b/./c/" -> "/a/b/c", so that one place has one name. */
static int normalise(const char *path, struct lkb_arena *arena, const char **ret,
		     struct lkb_error *err)
{
	char *out = lkb_arena_alloc(arena, strlen(path) + 2);
	size_t len = 0;

	if (path[0] != '/')
		return lkb_fail(err, LKB_INPUT, "mount destination '%s' is no absolute path", path);
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && !memcmp(p, "..", 2))
			return lkb_fail(err, LKB_INPUT, "mount destination '%s' has '..' in it",
					path);
		if (n && !(n == 1 && *p == '.')) {
			out[len++] = '/';
			memcpy(out + len, p, n);
			len += n;
		}
		p += n + (p[n] == '/');
	}
	if (!len)
		out[len++] = '/';
	*ret = out;
	return 0;
}

static bool has_option(const struct lkb_mount *m, const char *option)
{
	for (size_t i = 0; i < m->options.n; i++)
		if (!strcmp(m->options.items[i], option))
			return true;
	return false;
}

/* Runtimes know a bind by its option; its type says nothing to them. */
static void add_bind_option(struct lkb_mount *m, struct lkb_arena *arena)
{
	const char **options;

	if (has_option(m, "bind") || has_option(m, "rbind"))
		return;
	options = lkb_arena_array(arena, m->options.n + 1, sizeof(*options));
	if (m->options.n)
		memcpy(options, m->options.items, m->options.n * sizeof(*options));
	options[m->options.n++] = "rbind";
	m->options.items = options;
}

/* A read-only volume is bound from where its files are stored, so that it is read-only whatever
 * the system's init makes of its mount point; of one that is written to, that is the place. */
int lkb_mount_complete(struct lkb_mount *m, const struct lkb_objlist *volumes,
		       struct lkb_arena *arena, struct lkb_error *err)
{
	const struct lkb_spec_volume *v = volumes ? volumes->items : NULL;

	if (!lkb_spec_is_bind(m->type, &m->options))
		return 0;
	add_bind_option(m, arena);
	if (m->source && m->source[0] == '/')
		return 0;
	for (size_t i = 0; volumes && m->source && i < volumes->n; i++) {
		bool readonly = v[i].readonly == LKB_YES;

		if (strcmp(v[i].name, m->source))
			continue;
		if (readonly && !lkb_spec_is_readonly(&m->options)) {
			lkb_fail(err, LKB_INPUT, "the bind would write to volume '%s', which is "
				 "read-only", m->source);
			return lkb_hint(err, "add the option 'ro'");
		}
		m->source = lkb_arena_format(arena, VOLUMES "/%s/%s", v[i].name,
					     readonly ? "lower" : "merged");
		return 0;
	}
	lkb_fail(err, LKB_INPUT, "bind source '%s' is neither an absolute path nor a volume of the "
		 "spec", m->source ? m->source : "");
	return lkb_hint(err, "declare it under 'volumes', or give an absolute path");
}

static int put(struct list *l, struct lkb_mount m, struct lkb_error *err)
{
	if (normalise(m.destination, l->arena, &m.destination, err) < 0 ||
	    lkb_mount_complete(&m, l->volumes, l->arena, err) < 0)
		return -1;
	for (size_t i = 0; i < l->n; i++) {
		if (!strcmp(l->items[i].destination, m.destination)) {
			l->items[i] = m;
			return 0;
		}
	}
	l->items[l->n++] = m;
	return 0;
}

/* Splits at `sep`; the pieces live in the arena. */
static struct lkb_strlist split(struct lkb_arena *arena, const char *text, char sep)
{
	struct lkb_strlist list = { .set = true };
	size_t room = 1;

	for (const char *p = text; *p; p++)
		room += *p == sep;
	list.items = lkb_arena_array(arena, room + 1, sizeof(*list.items));
	for (;;) {
		const char *end = strchr(text, sep);

		if (!end)
			break;
		list.items[list.n++] = lkb_arena_strndup(arena, text, (size_t)(end - text));
		text = end + 1;
	}
	list.items[list.n++] = text;
	return list;
}

static int put_presets(struct list *l, bool readonly, struct lkb_error *err)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(presets); i++) {
		const struct preset *p = &presets[i];
		struct lkb_mount m = { p->destination, p->type, p->type, { .set = true } };

		m.options.items = lkb_arena_array(l->arena, LKB_ARRAY_SIZE(p->options) + 1,
						  sizeof(*m.options.items));
		while (m.options.n < LKB_ARRAY_SIZE(p->options) && p->options[m.options.n]) {
			m.options.items[m.options.n] = p->options[m.options.n];
			m.options.n++;
		}
		if (readonly && p->follows_readonly)
			m.options.items[m.options.n++] = "ro";
		if (put(l, m, err) < 0)
			return -1;
	}
	return 0;
}

/* DESTINATION[:OPTION,...] */
static int put_tmpfs(struct list *l, const char *text, struct lkb_error *err)
{
	struct lkb_strlist parts = split(l->arena, text, ':');
	struct lkb_mount m = { parts.items[0], "tmpfs", "tmpfs", { 0 } };

	if (parts.n > 2)
		return lkb_fail(err, LKB_INPUT, "tmpfs '%s' is not DESTINATION[:OPTIONS]", text);
	if (parts.n == 2)
		m.options = split(l->arena, parts.items[1], ',');
	return put(l, m, err);
}

/* SOURCE:DESTINATION[:OPTION,...] */
static int put_bind(struct list *l, const char *text, struct lkb_error *err)
{
	static const char *by_default[] = { "rw", "rbind", "rshared" };
	struct lkb_strlist parts = split(l->arena, text, ':');
	struct lkb_mount m = { .type = "bind" };
	struct lkb_strlist given;

	if (parts.n < 2 || parts.n > 3)
		return lkb_fail(err, LKB_INPUT, "bind '%s' is not SOURCE:DESTINATION[:OPTIONS]",
				text);
	m.source = parts.items[0];
	m.destination = parts.items[1];
	m.options.set = true;
	if (parts.n == 2) {
		m.options.items = by_default;
		m.options.n = LKB_ARRAY_SIZE(by_default);
		return put(l, m, err);
	}
	given = split(l->arena, parts.items[2], ',');
	m.options.items = lkb_arena_array(l->arena, given.n + 1, sizeof(*m.options.items));
	memcpy(m.options.items, given.items, given.n * sizeof(*given.items));
	m.options.n = given.n;
	m.options.items[m.options.n++] = "rbind";
	return put(l, m, err);
}

static int put_mount(struct list *l, const struct lkb_spec_mount *s, struct lkb_error *err)
{
	struct lkb_mount m = { s->destination, s->type, s->source, s->options };
	const struct self_named *known;

	if (!m.type || !*m.type) {
		known = m.source ? find_self_named(m.source) : NULL;
		if (known)
			m.type = known->type;
		else if (m.destination && !strcmp(m.destination, "/dev"))
			m.type = "tmpfs";
		else
			return lkb_fail(err, LKB_INPUT, "mount for destination '%s' has no type",
					m.destination ? m.destination : "");
	}
	if (!m.source || !*m.source)
		m.source = m.type;
	if (!m.destination || !*m.destination) {
		known = find_self_named(m.type);
		if (!known)
			return lkb_fail(err, LKB_INPUT, "mount of type '%s' has no destination",
					m.type);
		m.destination = known->destination;
	}
	return put(l, m, err);
}

static int at_item(const struct lkb_strlist *list, size_t i, struct lkb_error *err)
{
	if (list->pos && list->pos[i].file)
		lkb_at(err, list->pos[i].file, list->pos[i].line, list->pos[i].column);
	return -1;
}

static int put_all(struct list *l, const struct lkb_spec_image *set, struct lkb_error *err)
{
	const struct lkb_spec_mount *mounts = set->mounts.items;

	if (put_presets(l, set->readonly == LKB_YES, err) < 0)
		return -1;
	for (size_t i = 0; i < set->tmpfs.n; i++)
		if (put_tmpfs(l, set->tmpfs.items[i], err) < 0)
			return at_item(&set->tmpfs, i, err);
	for (size_t i = 0; i < set->binds.n; i++)
		if (put_bind(l, set->binds.items[i], err) < 0)
			return at_item(&set->binds, i, err);
	for (size_t i = 0; i < set->mounts.n; i++)
		if (put_mount(l, &mounts[i], err) < 0) {
			const struct lkb_pos *pos = &mounts[i].pos;

			return pos->file ? lkb_at(err, pos->file, pos->line, pos->column) : -1;
		}
	return 0;
}

static int by_destination(const void *a, const void *b)
{
	const struct lkb_mount *x = a, *y = b;

	return strcmp(x->destination, y->destination);
}

int lkb_mounts_read(const struct lkb_spec_image *set, const struct lkb_objlist *volumes,
		    struct lkb_arena *arena, struct lkb_mount **ret, size_t *ret_n,
		    struct lkb_error *err)
{
	size_t room = LKB_ARRAY_SIZE(presets) + set->tmpfs.n + set->binds.n + set->mounts.n;
	struct list l = { .arena = arena, .volumes = volumes };

	l.items = lkb_arena_array(arena, room, sizeof(*l.items));
	if (put_all(&l, set, err) < 0)
		return -1;
	/* A parent's name is a prefix of its children's: it is mounted before them. */
	qsort(l.items, l.n, sizeof(*l.items), by_destination);
	*ret = l.items;
	*ret_n = l.n;
	return 0;
}

void lkb_mount_write(struct lkb_jsonout *j, const struct lkb_mount *m)
{
	lkb_jsonout_open(j, NULL, '{');
	lkb_jsonout_string(j, "destination", m->destination);
	if (m->type)
		lkb_jsonout_string(j, "type", m->type);
	if (m->source)
		lkb_jsonout_string(j, "source", m->source);
	if (m->options.n)
		lkb_jsonout_strings(j, "options", m->options.items, m->options.n);
	lkb_jsonout_close(j, '}');
}
