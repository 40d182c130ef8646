/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "rootfs/oci/trust/trust_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A policy. A rule that is found must be for the image, and nothing is good by keys that were not
 * read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const refs[] = { "docker.io/linuxkit/init:1", "localhost/x",
					    "registry.example.org:5000/a/b/c" };
	lkb_auto(lkb_policy) p = NULL;
	lkb_autodiags diags = {0};
	lkb_autoasks asks = {0};

	if (lkb_policy_parse((const char *)data, size, "x.yml", &p, &diags, NULL))
		return 0;
	lkb_strv_add(&asks.of[LKB_ASK_BINDS], "/etc/x:ro");
	lkb_strv_add(&asks.of[LKB_ASK_SYSCTL], "net.ipv4.ip_forward");
	for (size_t i = 0; i < LKB_ARRAY_SIZE(refs); i++) {
		const struct lkb_sha256 digest = {0};
		const struct lkb_policy_rule *rule;
		lkb_autoref ref = {0};
		struct lkb_tally t;

		if (lkb_ref_parse(refs[i], &ref, NULL))
			abort();
		rule = lkb_policy_rule(p, &ref);
		if (rule && !lkb_starts_with(refs[i], rule->prefix))
			abort();
		if (lkb_policy_label(p, &ref))
			lkb_asks_check(&asks, lkb_policy_label(p, &ref), NULL);
		if (!rule || !lkb_policy_wants_signatures(p, &ref))
			continue;
		lkb_tally_init(&t, p, rule, &ref, &digest);
		lkb_tally_simple(&t, "s", "{}", 2, "Zg==");
		if (!lkb_tally_result(&t, NULL))
			abort();
	}
	return 0;
}
