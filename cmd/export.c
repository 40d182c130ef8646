/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/ext/hash.h"
#include "base/file.h"
#include "cmd/commands.h"
#include "rootfs/lock/lock.h"
#include "rootfs/oci/export.h"
#include "rootfs/oci/ref.h"
#include "rootfs/tree/tar.h"

struct export_options {
	const char *format, *out, *arch, *lock;
	bool signatures;
};

static const struct lkb_opt rows[] = {
	LKB_OPT('f', "format", STRING, struct export_options, format, "FORMAT",
		"oci (an archive; the default), docker (for `docker load`) or oci-dir"),
	LKB_OPT('o', "out", STRING, struct export_options, out, "FILE",
		"what to write, - for standard output (default: the first image's name)"),
	LKB_OPT(0, "arch", STRING, struct export_options, arch, "ARCH",
		"one architecture, arm/v7 with a variant (default: all)"),
	LKB_OPT(0, "lock", STRING, struct export_options, lock, "FILE",
		"the images that this lock pins"),
	LKB_OPT(0, "signatures", FLAG, struct export_options, signatures, NULL,
		"with the signatures that the store has of what goes out"),
};

static const struct format {
	const char *name, *suffix;
	enum lkb_export_format format;
	bool is_dir;
} formats[] = {
	{"oci", ".oci.tar", LKB_EXPORT_OCI, false},
	{"docker", ".docker.tar", LKB_EXPORT_DOCKER, false},
	{"oci-dir", ".oci", LKB_EXPORT_OCI, true},
};

static int find_format(const char *name, const struct format **ret, struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(formats); i++) {
		if (name && strcmp(name, formats[i].name) != 0)
			continue;
		*ret = &formats[i];
		return 0;
	}
	lkb_fail(err, LKB_USAGE, "'--format %s': no such format", name);
	return lkb_hint(err, "one of oci, docker, oci-dir");
}

/* The last word of the image's repository: "app.oci.tar" for localhost/team/app:1. */
static int default_name(const char *ref, const struct format *f, char **ret, struct lkb_error *err)
{
	const char *slash;
	lkb_autoref r = {0};

	if (lkb_ref_parse(ref, &r, err))
		return -1;
	slash = strrchr(r.path, '/');
	*ret = lkb_format("%s%s", slash ? slash + 1 : r.path, f->suffix);
	return 0;
}

/* Bytes on their way out, counted and hashed. */
struct target {
	int fd;
	const char *name;
	struct lkb_hash *hash;
	uint64_t bytes;
};

static int take(void *ctx, const void *p, size_t n, struct lkb_error *err)
{
	struct target *t = ctx;

	lkb_hash_add(t->hash, p, n);
	t->bytes += n;
	return lkb_write_full(t->fd, p, n, t->name, err);
}

static int report(const struct lkb_ctx *ctx, const char *path, uint64_t bytes,
		  const struct lkb_sha256 *digest, struct lkb_error *err)
{
	lkb_autofree char *text = lkb_format("sha256:%s", lkb_sha256_text(digest).s);
	lkb_autofree char *line = lkb_format("%s\t%llu\t%s\n", path, (unsigned long long)bytes,
					     text);

	lkb_report_result(ctx, path, bytes, text);
	return lkb_print(line, err);
}

static int write_stdout(struct lkb_tree *tree, struct lkb_error *err)
{
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	struct target t = {.fd = STDOUT_FILENO, .name = "standard output", .hash = hash};

	return lkb_tar_write(lkb_tree_root(tree), 0, take, &t, err);
}

static int write_file(const struct lkb_ctx *ctx, struct lkb_tree *tree, const char *path,
		      struct lkb_error *err)
{
	lkb_auto(lkb_hash) hash = lkb_hash_new();
	lkb_autooutfile file = LKB_OUTFILE_INIT;
	struct target t = {.name = path, .hash = hash};
	struct lkb_sha256 digest;

	if (lkb_outfile_open(path, 0666, &file, err))
		return -1;
	t.fd = file.fd;
	if (lkb_tar_write(lkb_tree_root(tree), 0, take, &t, err) || lkb_outfile_commit(&file, err))
		return -1;
	digest = lkb_hash_done(hash);
	return report(ctx, path, t.bytes, &digest, err);
}

/* A directory has no digest; that of its index covers all that is in it. */
static int write_dir(const struct lkb_ctx *ctx, struct lkb_tree *tree, const char *path,
		     struct lkb_error *err)
{
	const struct lkb_inode *index = lkb_tree_lookup(tree, "index.json", false);
	struct lkb_sha256 digest;

	if (lkb_data_sha256(&index->data, &digest, err) || lkb_export_dir(tree, path, err))
		return -1;
	return report(ctx, path, lkb_tree_stats(lkb_tree_root(tree)).bytes, &digest, err);
}

static int check_stdout(const struct format *f, struct lkb_error *err)
{
	if (f->is_dir)
		return lkb_fail(err, LKB_USAGE, "a directory cannot be written to standard output");
	if (!isatty(STDOUT_FILENO))
		return 0;
	lkb_fail(err, LKB_USAGE, "an archive is not for a terminal");
	return lkb_hint(err, "send it to a file or a program, or name a file with -o");
}

/* The images as they are pinned, which their names may not stand for any more. What was imported
 * alone has no index. */
static int add_locked(struct lkb_store *store, const char *path, const struct lkb_platform *only,
		      struct lkb_strv *refs, struct lkb_error *err)
{
	lkb_autodiags diags = {0};
	lkb_autolock lock = {0};
	size_t i;

	if (access(path, F_OK))
		return lkb_fail_errno(err, "cannot read '%s'", path);
	if (lkb_lock_load(path, &lock, &diags, err))
		return -1;
	for (i = 0; i < lock.n_images; i++) {
		const struct lkb_lock_image *im = &lock.images[i];
		lkb_autofree char *whole = lkb_lock_image_name(im, true);
		lkb_autofree char *alone = lkb_lock_image_name(im, false);

		if (only && lkb_platform_compare(only, &im->platform))
			continue;
		lkb_strv_add(refs, im->has_index && lkb_store_has(store, whole, &im->platform) ?
					   whole : alone);
	}
	return 0;
}

/* What is to be written, and what it is called if nobody says. */
static int choose_images(struct lkb_store *store, const struct export_options *o, char **operands,
			 size_t n, struct lkb_export *e, struct lkb_strv *refs,
			 struct lkb_error *err)
{
	size_t i;

	for (i = 0; i < n; i++)
		lkb_strv_add(refs, operands[i]);
	if (o->lock && add_locked(store, o->lock, o->arch ? e->platforms : NULL, refs, err))
		return -1;
	e->refs = (const char *const *)refs->items;
	e->n_refs = refs->n;
	if (refs->n)
		return 0;
	return lkb_fail(err, LKB_INPUT, "'%s' pins no image%s%s", o->lock, o->arch ? " for " : "",
			o->arch ? o->arch : "");
}

static int check_operands(const struct export_options *o, size_t n, struct lkb_error *err)
{
	if (n || o->lock)
		return 0;
	lkb_fail(err, LKB_USAGE, "'cache export' needs more arguments: IMAGE..., or --lock FILE");
	return lkb_hint(err, "lkboard cache export --help says more");
}

static int run_export(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
		      struct lkb_error *err)
{
	const struct export_options *o = options;
	struct lkb_export e = {.ui = ctx->ui};
	lkb_autostrv refs = {0};
	bool to_stdout = o->out && !strcmp(o->out, "-");
	lkb_autofree char *path = NULL;
	lkb_auto(lkb_store) store = NULL;
	lkb_auto(lkb_tree) tree = NULL;
	const struct format *f = NULL;
	struct lkb_platform platform;

	if (check_operands(o, n, err) || find_format(o->format, &f, err) ||
	    (to_stdout && check_stdout(f, err)) ||
	    (o->arch && lkb_read_platform("arch", o->arch, &platform, err)))
		return -1;
	if (o->signatures && f->format == LKB_EXPORT_DOCKER) {
		lkb_fail(err, LKB_USAGE, "a Docker archive has no place for signatures");
		return lkb_hint(err, "choose the format oci or oci-dir");
	}
	e.format = f->format;
	e.signatures = o->signatures;
	e.platforms = &platform;
	e.n_platforms = o->arch ? 1 : 0;
	if (lkb_ctx_store(ctx, &store, err) ||
	    choose_images(store, o, operands, n, &e, &refs, err))
		return -1;
	if (o->out)
		path = lkb_format("%s", o->out);
	else if (default_name(e.refs[0], f, &path, err))
		return -1;
	if (lkb_export_tree(store, &e, &tree, err))
		return -1;
	if (to_stdout)
		return write_stdout(tree, err);
	return (f->is_dir ? write_dir : write_file)(ctx, tree, path, err);
}

const struct lkb_cmd lkb_cmd_cache_export = {
	.name = "cache export",
	.operands = "[IMAGE...]",
	.summary = "write images of the store as an archive or OCI layout",
	.max_operands = 1000,
	.options_size = sizeof(struct export_options),
	.options = rows,
	.n_options = LKB_ARRAY_SIZE(rows),
	.run = run_export,
};
