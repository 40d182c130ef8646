/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_REGISTRY_REGISTRY_H
#define LKB_ROOTFS_OCI_REGISTRY_REGISTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/ext/hash.h"
#include "base/str.h"
#include "base/ui.h"

/*
 * Reading from OCI and Docker registries, and writing to them (distribution-spec): documents and
 * blobs by their names. What they mean is not this module's business. It logs in where it is asked
 * to, follows redirects without taking credentials along, waits and tries again where that may
 * help, goes on where a blob broke off, and asks mirrors first.
 */
struct lkb_registry;

/* What the command line and the environment say; copied. */
struct lkb_registry_options {
	const char *authfile;    /* --authfile; must be there */
	const char *auth_env;    /* REGISTRY_AUTH_FILE */
	const char *runtime_dir; /* XDG_RUNTIME_DIR */
	const char *config_home; /* XDG_CONFIG_HOME; NULL = ~/.config */
	const char *docker_config; /* DOCKER_CONFIG; NULL = ~/.docker */
	const char *home;
	struct lkb_strv mirrors;  /* "REGISTRY=URL", or "URL" for all that have none of their own */
	struct lkb_strv insecure; /* "HOST" or "HOST:PORT" that may be spoken to without TLS, as
				   * this machine itself may */
	bool push; /* tokens are asked for to write too; mirrors are not written to */
	struct lkb_ui *ui;        /* borrowed */
	void (*sleep_ms)(uint64_t ms); /* NULL = sleep */
	uint64_t (*now_ms)(void);      /* NULL = the monotonic clock */
};

/* LKB_USAGE for a mirror that is none. Nothing is connected to yet. */
int lkb_registry_new(const struct lkb_registry_options *o, struct lkb_registry **ret,
		     struct lkb_error *err);
void lkb_registry_free(struct lkb_registry *r);
LKB_DEFINE_AUTO(lkb_registry, lkb_registry_free)
/* The same ui, for several threads at once; NULL if there is none. */
struct lkb_ui *lkb_registry_ui(struct lkb_registry *r);

/* A repository. Borrowed strings, in normal form: "docker.io", "library/nginx". */
struct lkb_repository {
	const char *domain, *path;
};

/* A document. Born {0}. */
struct lkb_registry_doc {
	char *text; /* owned; NUL behind it */
	size_t len;
	char *media_type; /* owned; of its Content-Type without parameters; "" if there is none */
	struct lkb_sha256 digest; /* of what came */
	char *from; /* owned; which host gave it */
};
void lkb_registry_doc_clear(struct lkb_registry_doc *d);
#define lkb_autoregdoc __attribute__((cleanup(lkb_registry_doc_clear))) struct lkb_registry_doc

/* Documents larger than this are refused (LKB_INPUT). */
#define LKB_REGISTRY_MAX_DOC ((size_t)4 << 20)

/* 1 = *ret is the manifest or index that a tag or digest ("sha256:...") stands for, 0 = the
 * repository has none (and *err says it, as LKB_INPUT, in case that matters), -1 = failed: LKB_NET,
 * or LKB_TRUST if it was asked for by a digest that does not fit. */
int lkb_registry_manifest(struct lkb_registry *r, const struct lkb_repository *repo,
			  const char *reference, struct lkb_registry_doc *ret,
			  struct lkb_error *err);

/* The same for the index of what refers to a digest (distribution-spec 1.1). 0 also for registries
 * that know no such index. */
int lkb_registry_referrers(struct lkb_registry *r, const struct lkb_repository *repo,
			   const struct lkb_sha256 *digest, struct lkb_registry_doc *ret,
			   struct lkb_error *err);

/* A blob on its way to a file, or to a function. */
struct lkb_registry_blob {
	struct lkb_sha256 digest;
	uint64_t size;
	int fd;        /* read-write; what it holds is a beginning of the blob, from earlier */
	uint64_t have; /* how much */
	/* Instead of a file: gets the bytes once, in their order. That they are the blob's is known
	 * only when all of it has succeeded. */
	int (*take)(void *take_ctx, const void *p, size_t n, struct lkb_error *err);
	void *take_ctx;
	atomic_bool *stop; /* set by somebody else: give up; may be NULL */
	/* Called with every piece, from the thread that asked; done may go down again. */
	void (*progress)(void *ctx, uint64_t done);
	void *ctx;
};

/* Fetches what is missing; afterwards the file is the blob, size and digest compared, and not
 * flushed. When it fails, b->have says how much of the file is worth keeping. Several threads may
 * do this at once. LKB_INPUT if no place has it, LKB_NET, LKB_TRUST, LKB_IO. */
int lkb_registry_get_blob(struct lkb_registry *r, const struct lkb_repository *repo,
			  struct lkb_registry_blob *b, struct lkb_error *err);

/* A blob on its way to a registry. Borrowed. */
struct lkb_registry_upload {
	struct lkb_sha256 digest;
	uint64_t size;
	/* Gives exactly n bytes from off. Read from the start again when an upload broke off. */
	int (*read)(void *ctx, uint64_t off, void *p, size_t n, struct lkb_error *err);
	void (*progress)(void *ctx, uint64_t done); /* done may go down again; may be NULL */
	void *ctx;
};

/* 1 = the blob was sent, 0 = the repository has it already, -1 = LKB_NET, LKB_TRUST if what was
 * read has another digest, or what read() said. One that broke off is begun anew, a few times. */
int lkb_registry_put_blob(struct lkb_registry *r, const struct lkb_repository *repo,
			  const struct lkb_registry_upload *u, struct lkb_error *err);

/* Sends a manifest or an index by a tag or its digest ("sha256:..."). LKB_NET; LKB_TRUST if the
 * registry calls it by another digest. */
int lkb_registry_put_manifest(struct lkb_registry *r, const struct lkb_repository *repo,
			      const char *reference, const char *media_type, const char *text,
			      size_t len, struct lkb_error *err);

#endif
