/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/pkg/apt_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ext/hash.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "rootfs/pkg/aptrun_priv.h"

#define KEY_HEX 16

void lkb_apt_clear(struct lkb_apt *a)
{
	free(a->dir);
	free(a->conf);
	memset(a, 0, sizeof(*a));
}

/* All directories apt wants to see, so that it has nothing to warn about. */
static int make_dirs(const char *dir, struct lkb_error *err)
{
	static const char *const dirs[] = {
		"etc/apt.conf.d", "etc/preferences.d", "state/lists/partial",
		"cache/archives/partial", "log",
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(dirs); i++) {
		lkb_autofree char *path = lkb_path_join(dir, dirs[i]);

		if (lkb_mkdir_p(path, err))
			return -1;
	}
	return 0;
}

/* Rewriting a source list would make apt build its cache anew: only what differs is written. */
static int write_if_new(const char *path, const char *text, struct lkb_error *err)
{
	lkb_autofree char *old = NULL;
	size_t len;

	if (!access(path, F_OK) && !lkb_read_file(path, (size_t)1 << 20, &old, &len, NULL) &&
	    !strcmp(old, text))
		return 0;
	return lkb_write_file(path, text, strlen(text), 0666, err);
}

int lkb_apt_write(const struct lkb_apt *a, const char *name, const char *text,
		  struct lkb_error *err)
{
	lkb_autofree char *path = lkb_path_join(a->dir, name);

	return write_if_new(path, text, err);
}

static void conf_path(struct lkb_str *s, const char *option, const char *dir, const char *name)
{
	lkb_autofree char *path = lkb_path_join(dir, name);

	if (*name)
		lkb_str_addf(s, "%s \"%s\";\n", option, path);
}

static char *conf_text(const char *dir, const char *arch, const struct lkb_apt_system *sys)
{
	lkb_autostr s = {0};

	lkb_str_addf(&s, "Dir \"%s\";\n", dir);
	conf_path(&s, "Dir::State", dir, "state");
	conf_path(&s, "Dir::State::status", dir, "status");
	conf_path(&s, "Dir::Cache", dir, "cache");
	conf_path(&s, "Dir::Log", dir, "log");
	conf_path(&s, "Dir::Etc", dir, "etc");
	conf_path(&s, "Dir::Etc::sourcelist", dir, "etc/lkboard.sources");
	lkb_str_add(&s, "Dir::Etc::sourceparts \"-\";\n");
	conf_path(&s, "Dir::Etc::trusted", dir, sys->trusted);
	conf_path(&s, "Dir::Etc::trustedparts", dir, sys->trusted_parts);
	conf_path(&s, "Dir::Etc::netrc", dir, sys->netrc);
	conf_path(&s, "Dir::Etc::netrcparts", dir, sys->netrc_parts);
	lkb_str_addf(&s, "APT::Architecture \"%s\";\nAPT::Architectures { \"%s\"; };\n", arch,
		     arch);
	lkb_str_add(&s,
		    "APT::Sandbox::User \"\";\n"
		    "APT::Install-Recommends \"false\";\n"
		    "APT::Get::Assume-Yes \"true\";\n"
		    "APT::Get::Allow-Downgrades \"true\";\n"
		    /* An index that could not be fetched is a failure, not a warning. */
		    "APT::Update::Error-Mode \"any\";\n"
		    "Acquire::Languages \"none\";\n"
		    "Acquire::GzipIndexes \"true\";\n"
		    "Dir::Cache::srcpkgcache \"\";\n");
	lkb_str_add(&s, lkb_str_get(&sys->acquire));
	return lkb_str_take(&s);
}

/* Other keys, mirrors or options mean other indexes. */
static char *root_name(const char *arch, const char *suite, const char *sources,
		       const struct lkb_apt_system *sys)
{
	lkb_auto(lkb_hash) h = lkb_hash_new();
	struct lkb_sha256 d;

	lkb_hash_add(h, sources, strlen(sources) + 1);
	lkb_hash_add(h, lkb_str_get(&sys->acquire), sys->acquire.len);
	d = lkb_hash_done(h);
	return lkb_format("%s-%s-%.*s", suite, arch, KEY_HEX, lkb_sha256_text(&d).s);
}

/* apt's configuration has no way to write a quote inside a quoted word. */
static int check_dir(const char *dir, struct lkb_error *err)
{
	if (strpbrk(dir, "\"\n")) {
		lkb_fail(err, LKB_INPUT, "apt cannot work in '%s': the path holds a quote or a "
			 "newline", dir);
		return lkb_hint(err, "choose another store with --store");
	}
	return 0;
}

int lkb_apt_open(const char *pkg_dir, const char *arch, const char *suite,
		 const struct lkb_strv *components, struct lkb_apt *ret, struct lkb_error *err)
{
	lkb_autoaptsystem sys = {0};
	lkb_autoapt a = {0};
	lkb_autofree char *sources = NULL, *name = NULL, *conf = NULL;

	if (check_dir(pkg_dir, err) || lkb_apt_system_read(&sys, err))
		return -1;
	sources = lkb_apt_sources_text(&sys.sources, suite, NULL, components, arch);
	if (!*sources) {
		free(sources);
		sources = lkb_apt_sources_text(&sys.sources, LKB_DEBIAN_SUITE, suite, components,
					       arch);
		a.borrowed = true;
	}
	if (!*sources) {
		lkb_fail(err, LKB_INPUT, "apt has no source for the Debian suite '%s' in %s",
			 suite, sys.where);
		return lkb_hint(err, "add one, such as: deb MIRROR %s main",
				suite);
	}
	name = root_name(arch, suite, sources, &sys);
	a.dir = lkb_format("%s/apt/%s", pkg_dir, name);
	a.conf = lkb_path_join(a.dir, "apt.conf");
	conf = conf_text(a.dir, arch, &sys);
	if (make_dirs(a.dir, err) || lkb_apt_write(&a, "apt.conf", conf, err) ||
	    lkb_apt_write(&a, "status", "", err) ||
	    lkb_apt_write(&a, "etc/lkboard.sources", sources, err))
		return -1;
	*ret = a;
	a = (struct lkb_apt){0};
	return 0;
}

/* The environment as it is (proxies stand there), but with our configuration and in English. */
static void child_env(const struct lkb_apt *a, struct lkb_strv *ret)
{
	char *const *e;

	for (e = environ; *e; e++)
		if (!lkb_starts_with(*e, "APT_CONFIG=") && !lkb_starts_with(*e, "LC_ALL=") &&
		    !lkb_starts_with(*e, "PATH="))
			lkb_strv_add(ret, *e);
	lkb_strv_addf(ret, "APT_CONFIG=%s", a->conf);
	lkb_strv_add(ret, "LC_ALL=C");
}

int lkb_apt_run(const struct lkb_apt *a, const struct lkb_strv *args, const char *cwd,
		struct lkb_str *ret_out, struct lkb_error *err)
{
	lkb_autostrv env = {0};
	struct lkb_proc run = {
		.argv = (const char *const *)args->items, .cwd = cwd, .package = "apt",
		.max_output = (size_t)64 << 20,
	};

	child_env(a, &env);
	run.env = (const char *const *)env.items;
	return lkb_proc_run(&run, ret_out, err);
}

/* apt tells a bad signature from an unreachable mirror only in words. */
static bool is_about_trust(const char *message)
{
	static const char *const words[] = {
		"NO_PUBKEY", "BADSIG", "EXPKEYSIG", "REVKEYSIG", "is not signed",
		"no longer signed", "signatures were invalid", "couldn't be verified",
		"Hash Sum mismatch", "not valid yet", "is expired",
	};
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(words); i++)
		if (strstr(message, words[i]))
			return true;
	return false;
}

/* Without a network apt says the same of every file of every mirror. */
static void keep_first_fault(char *message)
{
	char *first = strstr(message, "E: "), *second = first ? strstr(first, "; E: ") : NULL;

	if (second)
		*second = '\0';
}

int lkb_apt_net_error(struct lkb_error *err, const char *what)
{
	if (err && err->kind == LKB_IO)
		err->kind = is_about_trust(err->message) ? LKB_TRUST : LKB_NET;
	if (err && err->kind == LKB_NET) {
		keep_first_fault(err->message);
		lkb_hint(err, "check the network, and the mirrors in /etc/apt");
	}
	return lkb_context(err, "%s", what);
}

int lkb_apt_update(const struct lkb_apt *a, struct lkb_ui *ui, struct lkb_error *err)
{
	/* Indexes do not change while one build runs: fetched once, all images see one state. */
	static struct lkb_strv updated;
	lkb_autostrv args = {0};

	if (lkb_strv_has(&updated, a->dir))
		return 0;
	lkb_ui_step(ui, "apt: fetching package lists");
	lkb_strv_add(&args, "apt-get");
	lkb_strv_add(&args, "update");
	lkb_strv_add(&args, "-q");
	if (lkb_apt_run(a, &args, NULL, NULL, err)) {
		if (a->borrowed)
			lkb_hint(err, "apt's sources name no mirror of this suite; those of '"
				      LKB_DEBIAN_SUITE "' were asked for it");
		return lkb_apt_net_error(err, "cannot fetch the package lists");
	}
	lkb_strv_add(&updated, a->dir);
	return 0;
}
