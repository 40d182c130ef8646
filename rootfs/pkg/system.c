/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/apt_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"

#define MAX_SOURCES ((size_t)1 << 20)

void lkb_apt_system_clear(struct lkb_apt_system *s)
{
	lkb_apt_sources_clear(&s->sources);
	lkb_str_clear(&s->acquire);
	free(s->trusted);
	free(s->trusted_parts);
	free(s->netrc);
	free(s->netrc_parts);
	free(s->where);
	memset(s, 0, sizeof(*s));
}

/* The rest of Acquire is about which indexes a system wants, or would switch signatures off. */
static bool inherited(const char *option)
{
	static const char *const not[] = {
		"Acquire::IndexTargets*", "Acquire::Languages*", "Acquire::Changelogs*",
		"Acquire::CompressionTypes*", "Acquire::Allow*", "Acquire::cdrom*",
		"Acquire::GzipIndexes*", "Acquire::PDiffs*",
	};
	size_t i;

	if (!lkb_starts_with(option, "Acquire::") || lkb_ends_with(option, "::"))
		return false;
	for (i = 0; i < LKB_ARRAY_SIZE(not); i++)
		if (lkb_glob_match(not[i], option))
			return false;
	return true;
}

/* Lines NAME "VALUE"; of apt-config dump. A value that cannot be written in quotes is left out. */
static void take_acquire(char *dump, struct lkb_str *ret)
{
	char *line;

	while ((line = strsep(&dump, "\n"))) {
		char *value = strchr(line, ' ');
		size_t n;

		if (!value)
			continue;
		*value++ = '\0';
		n = strlen(value);
		if (n < 4 || value[0] != '"' || strcmp(value + n - 2, "\";") ||
		    (size_t)(strchr(value + 1, '"') - value) != n - 2)
			continue;
		if (inherited(line))
			lkb_str_addf(ret, "%s %s\n", line, value);
	}
}

/* NAME='VALUE' as apt-config shell prints it; the caller frees the value, "" if there is none. */
static char *shell_value(const char *text, const char *name)
{
	lkb_autofree char *key = lkb_format("%s='", name);
	const char *at = strstr(text, key), *end;

	if (!at)
		return lkb_strdup("");
	at += strlen(key);
	end = strchr(at, '\'');
	return end ? lkb_strndup(at, (size_t)(end - at)) : lkb_strdup("");
}

static int read_sources_file(const char *path, struct lkb_apt_sources *s, struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	size_t len;

	if (lkb_read_file(path, MAX_SOURCES, &text, &len, err))
		return -1;
	return lkb_ends_with(path, ".sources") ? lkb_apt_sources_deb822(text, path, s, err)
					       : lkb_apt_sources_list(text, path, s, err);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* The file and the directory may both be missing. */
static int read_sources(const char *list, const char *parts, struct lkb_apt_sources *s,
			struct lkb_error *err)
{
	__attribute__((cleanup(close_dir))) DIR *d = *parts ? opendir(parts) : NULL;
	const struct dirent *e;
	lkb_autostrv names = {0};
	size_t i;

	if (*list && !access(list, F_OK) && read_sources_file(list, s, err))
		return -1;
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && (lkb_ends_with(e->d_name, ".list") ||
					    lkb_ends_with(e->d_name, ".sources")))
			lkb_strv_add(&names, e->d_name);
	lkb_strv_sort(&names);
	for (i = 0; i < names.n; i++) {
		lkb_autofree char *path = lkb_path_join(parts, names.items[i]);

		if (read_sources_file(path, s, err))
			return -1;
	}
	return 0;
}

int lkb_apt_system_read(struct lkb_apt_system *ret, struct lkb_error *err)
{
	static const char *const shell[] = {
		"apt-config", "shell", "LKB_LIST", "Dir::Etc::sourcelist/f",
		"LKB_PARTS", "Dir::Etc::sourceparts/d", "LKB_TRUSTED", "Dir::Etc::trusted/f",
		"LKB_TRUSTEDPARTS", "Dir::Etc::trustedparts/d", "LKB_NETRC", "Dir::Etc::netrc/f",
		"LKB_NETRCPARTS", "Dir::Etc::netrcparts/d", NULL,
	};
	static const char *const dump[] = {
		"apt-config", "dump", "--format", "%f \"%v\";%n", "Acquire", NULL,
	};
	struct lkb_proc ask = {.argv = shell, .package = "apt"};
	lkb_autostr paths = {0}, options = {0};
	lkb_autofree char *list = NULL, *parts = NULL;
	lkb_autoaptsystem s = {0};

	if (lkb_proc_run(&ask, &paths, err))
		return -1;
	ask.argv = dump;
	if (lkb_proc_run(&ask, &options, err))
		return -1;
	take_acquire(options.s, &s.acquire);
	list = shell_value(lkb_str_get(&paths), "LKB_LIST");
	parts = shell_value(lkb_str_get(&paths), "LKB_PARTS");
	s.trusted = shell_value(lkb_str_get(&paths), "LKB_TRUSTED");
	s.trusted_parts = shell_value(lkb_str_get(&paths), "LKB_TRUSTEDPARTS");
	s.netrc = shell_value(lkb_str_get(&paths), "LKB_NETRC");
	s.netrc_parts = shell_value(lkb_str_get(&paths), "LKB_NETRCPARTS");
	s.where = lkb_format("'%s' and '%s'", list, parts);
	if (read_sources(list, parts, &s.sources, err))
		return -1;
	*ret = s;
	s = (struct lkb_apt_system){0};
	return 0;
}
