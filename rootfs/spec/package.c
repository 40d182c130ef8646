/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/size.h"
#include "base/str.h"
#include "rootfs/spec/spec_priv.h"

/* "@pkg:DIRECTORY" is LinuxKit's word for the image that `linuxkit pkg build DIRECTORY` makes:
 * ORG/IMAGE of its build.yml, with the hash of the directory in git as the tag. */

#define PREFIX "@pkg:"
#define BUILD_FILE "build.yml"
#define DEFAULT_ORG "linuxkit"
#define MAX_BUILD_FILE ((size_t)LKB_MIB)
#define HASH_LENGTH 40 /* SHA-1 in hex; git's other hash is longer */

static int run_git(const char *dir, const char *const *argv, struct lkb_str *ret,
		   struct lkb_error *err)
{
	struct lkb_proc git = { .argv = argv, .cwd = dir, .package = "git" };

	if (lkb_proc_run(&git, ret, err))
		return -1;
	while (ret->len && ret->s[ret->len - 1] == '\n')
		ret->s[--ret->len] = '\0';
	return 0;
}

/* The directory's tree in the last commit; what is not committed has no lasting name. */
static int read_hash(const char *dir, struct lkb_str *ret, struct lkb_error *err)
{
	static const char *const tree[] = { "git", "rev-parse", "--verify", "HEAD:./", NULL };
	static const char *const status[] = { "git", "-c", "core.fsmonitor=false", "status",
					      "--porcelain", "--", ".", NULL };
	lkb_autostr changed = { 0 };

	if (run_git(dir, tree, ret, err) || run_git(dir, status, &changed, err))
		return lkb_hint(err, "the directory must be committed to git: its hash there is "
				"the image's tag");
	if (changed.len) {
		lkb_fail(err, LKB_INPUT, "'%s' has changes that are not committed", dir);
		return lkb_hint(err, "commit them, or name the image itself");
	}
	if (ret->len < HASH_LENGTH || strspn(ret->s, "0123456789abcdef") != ret->len)
		return lkb_fail(err, LKB_INPUT, "git says that '%s' is '%s'", dir,
				lkb_str_get(ret));
	return 0;
}

static int read_word(const struct lkb_yaml_node *root, const char *key, const char *otherwise,
		     const char *path, const char **ret, struct lkb_error *err)
{
	const struct lkb_yaml_node *node = lkb_yaml_get(root, key);
	const char *word = node && node->type == LKB_YAML_SCALAR ? node->text : otherwise;

	if (!word || !*word || lkb_spec_bad_image(word)) {
		lkb_fail(err, LKB_INPUT, "'%s' is no word of an image's name: '%s'", key,
			 word ? lkb_schema_shown(word).s : "");
		lkb_hint(err, "a package's build.yml has at least 'image: NAME'");
		return lkb_at(err, path, node ? node->line : 1, node ? node->column : 1);
	}
	*ret = word;
	return 0;
}

int lkb_spec_package(const char *text, const char *dir, struct lkb_arena *arena, const char **ret,
		     struct lkb_error *err)
{
	const char *below = text + strlen(PREFIX);
	lkb_autofree char *package = strcmp(dir, ".") ? lkb_path_join(dir, below)
						      : lkb_format("%s", below);
	lkb_autofree char *path = lkb_path_join(package, BUILD_FILE);
	const char *org = NULL, *image = NULL;
	struct lkb_yaml_node *root = NULL;
	lkb_autofree char *build = NULL;
	lkb_autostr hash = { 0 };
	size_t len;

	if (lkb_read_file(path, MAX_BUILD_FILE, &build, &len, err)) {
		lkb_hint(err, "'" PREFIX "DIRECTORY' needs a LinuxKit package: a directory with a "
			 BUILD_FILE);
		return -1;
	}
	if (lkb_yaml_parse(build, len, lkb_arena_strdup(arena, path), arena, &root, err) ||
	    read_word(root, "image", NULL, path, &image, err) ||
	    read_word(root, "org", DEFAULT_ORG, path, &org, err) ||
	    read_hash(package, &hash, err))
		return -1;
	*ret = lkb_arena_format(arena, "%s/%s:%s", org, image, lkb_str_get(&hash));
	return 0;
}
