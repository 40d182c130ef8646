/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/utsname.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "cmd/commands.h"
#include "cmd/registry.h"
#include "rootfs/oci/pull.h"
#include "rootfs/oci/trust/trust.h"

struct pull_options {
	struct lkb_registry_words registry;
	const char *arch, *policy;
	bool all_platforms, signatures;
};

static const struct lkb_opt rows[] = {
	LKB_OPT(0, "arch", STRING, struct pull_options, arch, "ARCH",
		"architectures, as arm64,arm/v7 (default: this machine's)"),
	LKB_OPT(0, "all-platforms", FLAG, struct pull_options, all_platforms, NULL,
		"all that there are for Linux"),
	LKB_OPT(0, "signatures", FLAG, struct pull_options, signatures, NULL,
		"also what signs the images"),
	LKB_OPT(0, "policy", STRING, struct pull_options, policy, "FILE",
		"refuse images that are not signed as this policy wants"),
	LKB_REGISTRY_OPTIONS(struct pull_options),
};

static int this_machine(struct lkb_platform *ret, struct lkb_error *err)
{
	struct utsname name;

	if (!uname(&name) && lkb_platform_set(ret, name.machine, NULL))
		return 0;
	lkb_fail(err, LKB_USAGE, "this machine has an architecture without a name");
	return lkb_hint(err, "say which with --arch");
}

/* "arm64,arm/v7". *ret is owned by the caller. */
static int find_platforms(const struct pull_options *o, struct lkb_platform **ret, size_t *ret_n,
			  struct lkb_error *err)
{
	lkb_autofree char *words = lkb_strdup(o->arch ? o->arch : "");
	lkb_autofree struct lkb_platform *list = lkb_alloc_array(strlen(words) + 1, sizeof(*list));
	char *at = words, *word;
	size_t n = 0;

	if (o->all_platforms && o->arch)
		return lkb_fail(err, LKB_USAGE, "'--all-platforms' and '--arch' exclude each "
				"other");
	while (o->arch && (word = strsep(&at, ",")))
		if (lkb_read_platform("arch", word, &list[n++], err))
			return -1;
	if (!n && !o->all_platforms && this_machine(&list[n++], err))
		return -1;
	*ret_n = n;
	*ret = LKB_STEAL(list);
	return 0;
}

static int run(struct lkb_ctx *ctx, void *options, char **operands, size_t n,
	       struct lkb_error *err)
{
	const struct pull_options *o = options;
	struct lkb_imported_list list __attribute__((cleanup(lkb_imported_clear))) = {0};
	lkb_autofree struct lkb_platform *platforms = NULL;
	struct lkb_pull in = {.refs = (const char *const *)operands, .n_refs = n,
			      .signatures = o->signatures};
	lkb_auto(lkb_policy) policy = NULL;
	lkb_auto(lkb_store) store = NULL;
	lkb_auto(lkb_registry) registry = NULL;
	lkb_autostr out = {0};
	size_t i;

	if (find_platforms(o, &platforms, &in.n_platforms, err) ||
	    lkb_ctx_policy(ctx, o->policy, &policy, err) ||
	    lkb_ctx_registry(ctx, &o->registry, &registry, err) ||
	    lkb_ctx_store(ctx, &store, err))
		return -1;
	lkb_store_set_policy(store, policy);
	in.platforms = platforms;
	in.registry = registry;
	if (lkb_pull(store, &in, &list, err))
		return -1;
	for (i = 0; i < list.n; i++)
		lkb_str_addf(&out, "%s\tsha256:%s\t%s\n", list.items[i].ref,
			     lkb_sha256_text(&list.items[i].digest).s, list.items[i].platforms);
	return lkb_print(lkb_str_get(&out), err);
}

const struct lkb_cmd lkb_cmd_cache_pull = {
	.name = "cache pull",
	.operands = "IMAGE...",
	.summary = "fetch images from their registries into the store",
	.min_operands = 1,
	.max_operands = 1000,
	.options_size = sizeof(struct pull_options),
	.options = rows,
	.n_options = LKB_ARRAY_SIZE(rows),
	.run = run,
};
