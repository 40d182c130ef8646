/* SPDX-License-Identifier: Apache-2.0 */
/* Where credentials are looked for, and in which order. */
#include "rootfs/oci/registry/credentials.h"

#include <errno.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/proc.h"
#include "rootfs/oci/registry/registry.h"

#define MAX_FILE ((size_t)1 << 20)
#define MAX_HELPER_OUTPUT ((size_t)64 << 10)

void lkb_auth_places_clear(struct lkb_auth_places *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->items[i].path);
	*p = (struct lkb_auth_places){0};
}

static void add(struct lkb_auth_places *p, const char *dir, const char *name, bool required,
		bool legacy)
{
	if (dir && *dir)
		p->items[p->n++] = (struct lkb_auth_place){
			.path = lkb_format("%s%s", dir, name),
			.required = required, .legacy = legacy };
}

void lkb_auth_places(const struct lkb_registry_options *o, struct lkb_auth_places *ret)
{
	if (o->authfile) {
		add(ret, o->authfile, "", true, false);
		return;
	}
	add(ret, o->auth_env, "", false, false);
	add(ret, o->runtime_dir, "/containers/auth.json", false, false);
	if (o->config_home && *o->config_home)
		add(ret, o->config_home, "/containers/auth.json", false, false);
	else
		add(ret, o->home, "/.config/containers/auth.json", false, false);
	if (o->docker_config && *o->docker_config)
		add(ret, o->docker_config, "/config.json", false, false);
	else
		add(ret, o->home, "/.docker/config.json", false, false);
	add(ret, o->home, "/.dockercfg", false, true);
}

/* 1 = *ret is the file, 0 = it is not there. */
static int read_place(const struct lkb_auth_place *p, struct lkb_auth_file *ret,
		      struct lkb_error *err)
{
	lkb_autofree char *text = NULL;
	size_t len;

	if (!p->required && access(p->path, F_OK) && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (lkb_read_file(p->path, MAX_FILE, &text, &len, err) ||
	    lkb_auth_parse(text, len, p->path, p->legacy, ret, err)) {
		lkb_context(err, "credentials");
		return lkb_hint(err, "--authfile names another file");
	}
	return 1;
}

/* 1 = *ret, 0 = it has none. Helpers say that by words on stdout and an exit code. */
static int ask_helper(const char *suffix, const char *key, struct lkb_credential *ret,
		      struct lkb_error *err)
{
	const char *server = strcmp(key, "docker.io") ? key : "https://index.docker.io/v1/";
	lkb_autofree char *program = lkb_format("docker-credential-%s", suffix);
	const char *argv[] = {program, "get", NULL};
	lkb_autostr out = {0};
	int code = 0;
	const struct lkb_proc p = {
		.argv = argv, .input = server, .input_len = strlen(server),
		.max_output = MAX_HELPER_OUTPUT, .ret_code = &code,
	};

	if (lkb_proc_run(&p, &out, err))
		return -1;
	if (code) {
		if (strstr(lkb_str_get(&out), "credentials not found"))
			return 0;
		return lkb_fail(err, LKB_IO, "'%s' has no credentials for '%s': %.200s", program,
				server, lkb_str_get(&out));
	}
	if (lkb_auth_parse_helper(lkb_str_get(&out), out.len, program, ret, err))
		return -1;
	ret->from = LKB_STEAL(program);
	return 1;
}

static int from_helpers(const struct lkb_auth_file *f, const struct lkb_strv *keys,
			const char *domain, struct lkb_credential *ret, struct lkb_error *err)
{
	int r;

	for (size_t i = 0; i < keys->n; i++) {
		for (size_t k = 0; k < f->helpers.n; k++) {
			if (strcmp(f->helper_keys.items[k], keys->items[i]))
				continue;
			r = ask_helper(f->helpers.items[k], domain, ret, err);
			if (r)
				return r;
		}
	}
	return f->store ? ask_helper(f->store, domain, ret, err) : 0;
}

/* An entry without anything in it says that a helper has it. */
static bool is_empty(const struct lkb_credential *c)
{
	return !c->user && !c->identity_token && !c->registry_token;
}

static int from_file(const struct lkb_auth_place *place, const struct lkb_strv *keys,
		     const char *domain, struct lkb_credential *ret, struct lkb_error *err)
{
	lkb_autoauth f = {0};
	int r = read_place(place, &f, err);

	if (r < 0)
		return -1;
	if (r > 0 && (r = from_helpers(&f, keys, domain, ret, err)) < 0)
		return lkb_hint(err, "'%.200s' wants it; --authfile names another file",
				place->path);
	if (r)
		return r;
	for (size_t i = 0; i < keys->n; i++) {
		for (size_t k = 0; k < f.n; k++) {
			if (strcmp(f.auths[k].key, keys->items[i]) ||
			    is_empty(&f.auths[k].credential))
				continue;
			*ret = f.auths[k].credential;
			f.auths[k].credential = (struct lkb_credential){0};
			ret->from = lkb_strdup(place->path);
			return 1;
		}
	}
	return 0;
}

int lkb_auth_find(const struct lkb_auth_places *places, const char *domain, const char *path,
		  struct lkb_credential *ret, struct lkb_error *err)
{
	lkb_autostrv keys = {0};
	int r = 0;

	lkb_auth_keys(domain, path, &keys);
	for (size_t i = 0; i < places->n && !r; i++)
		r = from_file(&places->items[i], &keys, domain, ret, err);
	return r;
}
