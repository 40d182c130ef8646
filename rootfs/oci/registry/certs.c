/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of a registry as Docker and containers' tools file them: HOST:PORT/ca.crt, and
 * client.cert beside client.key. */
#include <unistd.h>

#include "rootfs/oci/registry/registry_priv.h"

static char *if_there(const char *dir, const char *host, const char *name)
{
	lkb_autofree char *path = lkb_format("%s/%s/%s", dir, host, name);

	return access(path, F_OK) ? NULL : LKB_STEAL(path);
}

int lkb_certs_find(const struct lkb_strv *dirs, struct lkb_place *p, struct lkb_error *err)
{
	for (size_t i = 0; i < dirs->n && !p->ca_file && !p->cert_file; i++) {
		p->ca_file = if_there(dirs->items[i], p->host, "ca.crt");
		p->cert_file = if_there(dirs->items[i], p->host, "client.cert");
		p->key_file = if_there(dirs->items[i], p->host, "client.key");
		if (!p->cert_file == !p->key_file)
			continue;
		lkb_fail(err, LKB_INPUT, "'%s/%s' has 'client.cert' or 'client.key', not both",
			 dirs->items[i], p->host);
		return lkb_hint(err, "the key belongs to the certificate");
	}
	return 0;
}
