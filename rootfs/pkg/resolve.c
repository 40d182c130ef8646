/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/apt_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "base/size.h"
#include "rootfs/pkg/aptrun_priv.h"

#define MAX_DEB ((uint64_t)1 << 30)

/* "Inst NAME (VERSION SOURCE [ARCH])": apt's log of what it would do. */
int lkb_apt_parse_simulation(const char *text, struct lkb_debs *ret, struct lkb_error *err)
{
	lkb_autofree char *copy = lkb_strdup(text);
	lkb_autodebs debs = {0};
	char *at = copy, *line;

	while ((line = strsep(&at, "\n"))) {
		char *name = line + strlen("Inst "), *version;
		struct lkb_deb deb = {0};

		if (!lkb_starts_with(line, "Inst "))
			continue;
		version = strstr(name, " (");
		if (!version || !strchr(version + 2, ' '))
			return lkb_fail(err, LKB_BUG, "cannot read apt's line '%s'", line);
		name[strcspn(name, " :")] = '\0';
		version += 2;
		version[strcspn(version, " ")] = '\0';
		deb.name = name;
		deb.version = version;
		lkb_debs_add(&debs, &deb);
	}
	lkb_debs_sort(&debs);
	*ret = debs;
	debs = (struct lkb_debs){0};
	return 0;
}

/* The value if the line is this field, else NULL. */
static const char *field(const char *line, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(line, name, n) && line[n] == ':' && line[n + 1] == ' ' ? line + n + 2
									       : NULL;
}

struct shown {
	const char *name, *version, *size, *sha256;
};

static void end_shown(struct shown *s, struct lkb_debs *debs)
{
	struct lkb_deb *deb = s->name ? lkb_debs_find(debs, s->name) : NULL;

	if (deb && !deb->known && s->version && !strcmp(deb->version, s->version) && s->sha256 &&
	    s->size && lkb_sha256_parse(s->sha256, &deb->sha256) &&
	    lkb_u64_parse(s->size, &deb->size) && deb->size <= MAX_DEB)
		deb->known = true;
	*s = (struct shown){0};
}

static void read_show(char *text, struct lkb_debs *debs)
{
	struct shown s = {0};
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *v;

		if (!*line)
			end_shown(&s, debs);
		else if ((v = field(line, "Package")))
			s.name = v;
		else if ((v = field(line, "Version")))
			s.version = v;
		else if ((v = field(line, "Size")))
			s.size = v;
		else if ((v = field(line, "SHA256")))
			s.sha256 = v;
	}
	end_shown(&s, debs);
}

int lkb_apt_parse_show(const char *text, struct lkb_debs *debs, struct lkb_error *err)
{
	lkb_autofree char *copy = lkb_strdup(text);
	size_t i;

	read_show(copy, debs);
	for (i = 0; i < debs->n; i++)
		if (!debs->items[i].known)
			return lkb_fail(err, LKB_INPUT,
					"the package lists give no SHA-256 for '%s' version '%s'",
					debs->items[i].name, debs->items[i].version);
	return 0;
}

/* Debian's own packages before anybody else's, pinned versions before all. */
static int write_pins(const struct lkb_apt *a, const struct lkb_debs *pins, struct lkb_error *err)
{
	lkb_autostr text = {0};
	size_t i;

	lkb_str_add(&text, "Package: *\nPin: release o=Debian\nPin-Priority: 990\n");
	for (i = 0; pins && i < pins->n; i++)
		lkb_str_addf(&text, "\nPackage: %s\nPin: version %s\nPin-Priority: 1001\n",
			     pins->items[i].name, pins->items[i].version);
	return lkb_apt_write(a, "etc/preferences", lkb_str_get(&text), err);
}

static int show(const struct lkb_apt *a, struct lkb_debs *debs, struct lkb_error *err)
{
	lkb_autostrv args = {0};
	lkb_autostr out = {0};
	size_t i;

	lkb_strv_add(&args, "apt-cache");
	lkb_strv_add(&args, "show");
	for (i = 0; i < debs->n; i++)
		lkb_strv_addf(&args, "%s=%s", debs->items[i].name, debs->items[i].version);
	if (lkb_apt_run(a, &args, NULL, &out, err))
		return -1;
	return lkb_apt_parse_show(lkb_str_get(&out), debs, err);
}

int lkb_apt_resolve(const struct lkb_apt *a, const struct lkb_strv *names,
		    const struct lkb_debs *pins, struct lkb_debs *ret, struct lkb_error *err)
{
	lkb_autostrv args = {0};
	lkb_autostr out = {0};
	lkb_autodebs debs = {0};
	size_t i;

	if (write_pins(a, pins, err))
		return -1;
	lkb_strv_add(&args, "apt-get");
	lkb_strv_add(&args, "install");
	lkb_strv_add(&args, "-qq");
	lkb_strv_add(&args, "--simulate");
	lkb_strv_add(&args, "--");
	for (i = 0; i < names->n; i++)
		lkb_strv_add(&args, names->items[i]);
	if (lkb_apt_run(a, &args, NULL, &out, err)) {
		if (err && err->kind == LKB_IO)
			err->kind = LKB_INPUT;
		return lkb_context(err, "apt cannot resolve the packages");
	}
	if (lkb_apt_parse_simulation(lkb_str_get(&out), &debs, err) || show(a, &debs, err))
		return -1;
	*ret = debs;
	debs = (struct lkb_debs){0};
	return 0;
}

int lkb_apt_has(const struct lkb_apt *a, const struct lkb_deb *deb, bool *ret,
		struct lkb_error *err)
{
	lkb_autostrv args = {0};
	lkb_autostr out = {0};
	lkb_autodebs found = {0};
	struct lkb_deb wanted = {.name = deb->name, .version = deb->version};

	lkb_strv_add(&args, "apt-cache");
	lkb_strv_add(&args, "show");
	lkb_strv_add(&args, deb->name);
	if (lkb_apt_run(a, &args, NULL, &out, err))
		return -1;
	lkb_debs_add(&found, &wanted);
	*ret = !lkb_apt_parse_show(lkb_str_get(&out), &found, NULL) &&
	       lkb_sha256_equal(&found.items[0].sha256, &deb->sha256);
	return 0;
}

int lkb_apt_download(const struct lkb_apt *a, const struct lkb_deb *debs, size_t n,
		     const char *dir, struct lkb_error *err)
{
	lkb_autostrv args = {0};
	size_t i;

	lkb_strv_add(&args, "apt-get");
	lkb_strv_add(&args, "download");
	lkb_strv_add(&args, "-qq");
	lkb_strv_add(&args, "--");
	for (i = 0; i < n; i++)
		lkb_strv_addf(&args, "%s=%s", debs[i].name, debs[i].version);
	if (lkb_apt_run(a, &args, dir, NULL, err))
		return lkb_apt_net_error(err, "cannot download packages");
	return 0;
}
