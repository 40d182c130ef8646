/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/oci/push.h"

#include "base/cleanup.h"
#include "cmd/commands.h"
#include "cmd/registry.h"

struct push_options {
	struct lkb_registry_words registry;
	const char *arch;
	bool signatures, file;
};

static const struct lkb_opt rows[] = {
	LKB_OPT(0, "arch", STRING, struct push_options, arch, "ARCH",
		"of an image: one architecture, arm/v7 with a variant (default: as it is)"),
	LKB_OPT(0, "signatures", FLAG, struct push_options, signatures, NULL,
		"of an image: with the signatures that are there"),
	LKB_OPT(0, "file", FLAG, struct push_options, file, NULL,
		"push FILE as a file, also if it is an archive or a disk image"),
	LKB_REGISTRY_ACCESS(struct push_options),
};

static int find_kind(const struct push_options *o, const char *path, enum lkb_push_kind *ret,
		     struct lkb_error *err)
{
	if (!o->file)
		return lkb_push_kind_of(path, ret, err);
	*ret = LKB_PUSH_FILE;
	return 0;
}

/* What is said about images is not said about files. */
static int check_image_words(const struct push_options *o, const char *path, size_t n,
			     enum lkb_push_kind kind, struct lkb_error *err)
{
	const char *word = o->arch ? "--arch" : o->signatures ? "--signatures" :
			   n > 2 ? "IMAGE" : NULL;

	if (n > 2 && kind == LKB_PUSH_STORED)
		return lkb_fail(err, LKB_USAGE, "'%s' is no file that holds several images", path);
	if (!word || kind == LKB_PUSH_STORED || kind == LKB_PUSH_LAYOUT)
		return 0;
	return lkb_fail(err, LKB_USAGE, "'%s' is no image: '%s' says nothing about it", path, word);
}

static int push(struct lkb_ctx *ctx, const struct lkb_push *in, char **ret_ref,
		struct lkb_sha256 *ret, struct lkb_error *err)
{
	lkb_auto(lkb_store) store = NULL;

	if ((in->kind == LKB_PUSH_STORED || in->kind == LKB_PUSH_LAYOUT) &&
	    lkb_ctx_store(ctx, &store, err))
		return -1;
	return lkb_push(store, in, ret_ref, ret, err);
}

static int run(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
	       struct lkb_error *err)
{
	struct push_options *o = options;
	struct lkb_push in = {.from = operands[0], .ref = operands[1],
			      .image = n > 2 ? operands[2] : NULL, .signatures = o->signatures};
	lkb_auto(lkb_registry) registry = NULL;
	lkb_autofree char *ref = NULL, *line = NULL;
	struct lkb_platform platform;
	struct lkb_sha256 digest;

	if (o->arch && lkb_read_platform("arch", o->arch, &platform, err))
		return -1;
	o->registry.push = true;
	if (find_kind(o, in.from, &in.kind, err) ||
	    check_image_words(o, in.from, n, in.kind, err) ||
	    lkb_ctx_registry(ctx, &o->registry, &registry, err))
		return -1;
	in.platform = o->arch ? &platform : NULL;
	in.registry = registry;
	if (push(ctx, &in, &ref, &digest, err))
		return -1;
	line = lkb_format("%s\tsha256:%s\n", ref, lkb_sha256_text(&digest).s);
	return lkb_print(line, err);
}

const struct lkb_cmd lkb_cmd_push = {
	.name = "push",
	.operands = "FILE REF [IMAGE]",
	.summary = "send an image or artifact to a registry",
	.min_operands = 2,
	.max_operands = 3,
	.options_size = sizeof(struct push_options),
	.options = rows,
	.n_options = LKB_ARRAY_SIZE(rows),
	.run = run,
};
