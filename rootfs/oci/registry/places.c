/* SPDX-License-Identifier: Apache-2.0 */
/* Which servers have what a registry has: mirrors first. */
#include "base/alloc.h"
#include "rootfs/oci/registry/registry_priv.h"

#define HUB "docker.io"
#define HUB_HOST "registry-1.docker.io"

void lkb_mirror_clear(struct lkb_mirror *m)
{
	free(m->domain);
	free(m->text);
	lkb_url_clear(&m->url);
	*m = (struct lkb_mirror){0};
}

int lkb_mirror_parse(const char *text, struct lkb_mirror *ret, struct lkb_error *err)
{
	const char *scheme = strstr(text, "://");
	const char *equals = strchr(text, '=');
	lkb_autofree char *url = NULL;
	struct lkb_error fault = {0};
	struct lkb_mirror m = {0};
	size_t len;

	if (equals && scheme && equals > scheme)
		equals = NULL;
	url = lkb_strdup(equals ? equals + 1 : text);
	for (len = strlen(url); len && url[len - 1] == '/'; len--)
		url[len - 1] = '\0';
	if (lkb_url_parse(url, &m.url, &fault) || strpbrk(url, "?#") || equals == text) {
		/* What may be a password is not repeated. */
		lkb_fail(err, LKB_USAGE, "'--mirror %.300s': %s", strchr(text, '@') ? "..." : text,
			 fault.message[0] ? fault.message : "no registry, or no plain URL");
		lkb_url_clear(&m.url);
		return lkb_hint(err, "--mirror docker.io=https://mirror.example/path");
	}
	m.domain = equals ? lkb_strndup(text, (size_t)(equals - text)) : NULL;
	m.text = LKB_STEAL(url);
	*ret = m;
	return 0;
}

static void clear_place(struct lkb_place *p)
{
	free(p->base);
	free(p->host);
	free(p->query);
	free(p->ca_file);
	free(p->cert_file);
	free(p->key_file);
}

void lkb_places_free(struct lkb_places *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		clear_place(&p->items[i]);
	free(p->items);
	free(p->domain);
	free(p);
}

static char *host_of(const struct lkb_url *u)
{
	unsigned usual = lkb_url_is_https(u) ? 443 : 80;

	return u->port == usual ? lkb_strdup(u->host) : lkb_format("%s:%u", u->host, u->port);
}

bool lkb_registry_may_be_plain(const struct lkb_registry *r, const struct lkb_url *u)
{
	lkb_autofree char *full = lkb_format("%s:%u", u->host, u->port);

	return lkb_url_is_loopback(u->host) || lkb_strv_has(&r->insecure, u->host) ||
	       lkb_strv_has(&r->insecure, full);
}

static bool is_for(const struct lkb_registry *r, const struct lkb_mirror *m, const char *domain)
{
	if (m->domain)
		return !strcmp(m->domain, domain);
	for (size_t i = 0; i < r->n_mirrors; i++)
		if (r->mirrors[i].domain && !strcmp(r->mirrors[i].domain, domain))
			return false;
	return true;
}

static int fill_mirror(const struct lkb_registry *r, const struct lkb_mirror *m,
		       const char *domain, struct lkb_place *p, struct lkb_error *err)
{
	lkb_autostr query = {0};

	lkb_str_add(&query, "ns=");
	lkb_url_escape(&query, domain);
	p->base = lkb_strdup(m->text);
	p->host = host_of(&m->url);
	p->query = lkb_str_take(&query);
	p->is_mirror = true;
	return lkb_certs_find(&r->certs_dirs, p, err);
}

static int fill_own(const struct lkb_registry *r, const char *domain, struct lkb_place *p,
		    struct lkb_error *err)
{
	lkb_autourl url = {0};

	p->base = lkb_format("https://%s", strcmp(domain, HUB) ? domain : HUB_HOST);
	p->host = lkb_strdup(domain);
	if (lkb_url_parse(p->base, &url, err))
		return -1;
	p->may_be_plain = lkb_registry_may_be_plain(r, &url);
	return lkb_certs_find(&r->certs_dirs, p, err);
}

static int make_places(const struct lkb_registry *r, const char *domain, struct lkb_places *ps,
		       struct lkb_error *err)
{
	ps->domain = lkb_strdup(domain);
	ps->items = lkb_alloc_array(r->n_mirrors + 1, sizeof(*ps->items));
	for (size_t i = 0; i < r->n_mirrors; i++)
		if (is_for(r, &r->mirrors[i], domain) &&
		    fill_mirror(r, &r->mirrors[i], domain, &ps->items[ps->n++], err))
			return -1;
	return fill_own(r, domain, &ps->items[ps->n++], err);
}

static int find_or_make(struct lkb_registry *r, const char *domain, const struct lkb_places **ret,
			struct lkb_error *err)
{
	struct lkb_places *ps;

	for (size_t i = 0; i < r->n_places; i++) {
		if (!strcmp(r->places[i]->domain, domain)) {
			*ret = r->places[i];
			return 0;
		}
	}
	ps = lkb_alloc(sizeof(*ps));
	if (make_places(r, domain, ps, err)) {
		lkb_places_free(ps);
		return -1;
	}
	LKB_GROW(r->places, r->n_places, r->cap_places);
	r->places[r->n_places++] = ps;
	*ret = ps;
	return 0;
}

int lkb_places_of(struct lkb_registry *r, const char *domain, const struct lkb_places **ret,
		  struct lkb_error *err)
{
	int done;

	pthread_mutex_lock(&r->mutex);
	done = find_or_make(r, domain, ret, err);
	pthread_mutex_unlock(&r->mutex);
	return done;
}
