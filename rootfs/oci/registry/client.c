/* SPDX-License-Identifier: Apache-2.0 */
/* What all requests share: options, connections, a ui for several threads. */
#include "base/alloc.h"
#include "base/clock.h"
#include "rootfs/oci/registry/registry_priv.h"

static struct lkb_locked_ui *locked(struct lkb_ui *ui)
{
	return (struct lkb_locked_ui *)ui;
}

static void ui_step(struct lkb_ui *ui, const char *text)
{
	pthread_mutex_lock(&locked(ui)->mutex);
	locked(ui)->to->ops->step(locked(ui)->to, text);
	pthread_mutex_unlock(&locked(ui)->mutex);
}

static void ui_message(struct lkb_ui *ui, const char *text)
{
	pthread_mutex_lock(&locked(ui)->mutex);
	locked(ui)->to->ops->message(locked(ui)->to, text);
	pthread_mutex_unlock(&locked(ui)->mutex);
}

static void ui_warning(struct lkb_ui *ui, const char *text)
{
	pthread_mutex_lock(&locked(ui)->mutex);
	locked(ui)->to->ops->warning(locked(ui)->to, text);
	pthread_mutex_unlock(&locked(ui)->mutex);
}

static void ui_bytes(struct lkb_ui *ui, const char *what, uint64_t done, uint64_t total)
{
	pthread_mutex_lock(&locked(ui)->mutex);
	locked(ui)->to->ops->bytes(locked(ui)->to, what, done, total);
	pthread_mutex_unlock(&locked(ui)->mutex);
}

static const struct lkb_ui_ops ui_ops = { ui_step, ui_bytes, ui_message, ui_warning };

struct lkb_ui *lkb_registry_ui(struct lkb_registry *r)
{
	return r->ui.to ? &r->ui.ui : NULL;
}

static void add_dir(struct lkb_strv *dirs, const char *dir, const char *below)
{
	if (dir && *dir)
		lkb_strv_addf(dirs, "%s%s", dir, below);
}

static void find_certs_dirs(const struct lkb_registry_options *o, struct lkb_strv *dirs)
{
	if (o->config_home && *o->config_home)
		add_dir(dirs, o->config_home, "/containers/certs.d");
	else
		add_dir(dirs, o->home, "/.config/containers/certs.d");
	lkb_strv_add(dirs, "/etc/containers/certs.d");
	lkb_strv_add(dirs, "/etc/docker/certs.d");
}

static void copy_strv(const struct lkb_strv *from, struct lkb_strv *to)
{
	for (size_t i = 0; i < from->n; i++)
		lkb_strv_add(to, from->items[i]);
}

int lkb_registry_new(const struct lkb_registry_options *o, struct lkb_registry **ret,
		     struct lkb_error *err)
{
	lkb_auto(lkb_registry) r = lkb_alloc(sizeof(*r));

	pthread_mutex_init(&r->mutex, NULL);
	pthread_mutex_init(&r->pass_mutex, NULL);
	pthread_mutex_init(&r->ui.mutex, NULL);
	r->push = o->push;
	r->ui.to = o->ui;
	r->ui.ui.ops = &ui_ops;
	r->ui.ui.verbose = o->ui && o->ui->verbose;
	r->sleep_ms = o->sleep_ms ? o->sleep_ms : lkb_clock_sleep_ms;
	r->now_ms = o->now_ms ? o->now_ms : lkb_clock_monotonic_ms;
	lkb_auth_places(o, &r->auth_places);
	find_certs_dirs(o, &r->certs_dirs);
	copy_strv(&o->insecure, &r->insecure);
	for (size_t i = 0; i < o->mirrors.n; i++) {
		LKB_GROW(r->mirrors, r->n_mirrors, r->cap_mirrors);
		if (lkb_mirror_parse(o->mirrors.items[i], &r->mirrors[r->n_mirrors], err))
			return -1;
		r->n_mirrors++;
	}
	*ret = LKB_STEAL(r);
	return 0;
}

static void free_pass(struct lkb_pass *p)
{
	free(p->repo);
	free(p->token);
	lkb_credential_clear(&p->credential);
	free(p);
}

void lkb_registry_free(struct lkb_registry *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_passes; i++)
		free_pass(r->passes[i]);
	for (size_t i = 0; i < r->n_idle; i++)
		lkb_net_free(r->idle[i]);
	for (size_t i = 0; i < r->n_places; i++)
		lkb_places_free(r->places[i]);
	for (size_t i = 0; i < r->n_mirrors; i++)
		lkb_mirror_clear(&r->mirrors[i]);
	free(r->passes);
	free(r->idle);
	free(r->places);
	free(r->mirrors);
	lkb_strv_clear(&r->said);
	lkb_strv_clear(&r->insecure);
	lkb_strv_clear(&r->certs_dirs);
	lkb_auth_places_clear(&r->auth_places);
	pthread_mutex_destroy(&r->mutex);
	pthread_mutex_destroy(&r->pass_mutex);
	pthread_mutex_destroy(&r->ui.mutex);
	free(r);
}

static struct lkb_net *take_net(struct lkb_registry *r)
{
	struct lkb_net *net;

	pthread_mutex_lock(&r->mutex);
	net = r->n_idle ? r->idle[--r->n_idle] : NULL;
	pthread_mutex_unlock(&r->mutex);
	return net ? net : lkb_net_new();
}

static void give_net_back(struct lkb_registry *r, struct lkb_net *net)
{
	pthread_mutex_lock(&r->mutex);
	LKB_GROW(r->idle, r->n_idle, r->cap_idle);
	r->idle[r->n_idle++] = net;
	pthread_mutex_unlock(&r->mutex);
}

int lkb_registry_exchange(struct lkb_registry *r, const struct lkb_net_request *q,
			  struct lkb_net_response *ret, enum lkb_net_fault *ret_fault,
			  struct lkb_error *err)
{
	struct lkb_net *net = take_net(r);
	int done = lkb_net_exchange(net, q, ret, ret_fault, err);

	give_net_back(r, net);
	if (done && *ret_fault == LKB_NET_UNTRUSTED)
		lkb_hint(err, "a certificate of your own goes to "
			 "/etc/containers/certs.d/HOST:PORT/ca.crt");
	return done;
}
