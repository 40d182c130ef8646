/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_PKG_APT_PRIV_H
#define LKB_ROOTFS_PKG_APT_PRIV_H

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "base/ui.h"
#include "rootfs/lock/lock.h"
#include "rootfs/pkg/sources_priv.h"

/* What the system's apt is told: where its sources and keys are, and how it reaches mirrors. */
struct lkb_apt_system {
	struct lkb_apt_sources sources;
	struct lkb_str acquire;    /* lines of apt.conf: proxies, time-outs, Check-Valid-Until */
	char *trusted, *trusted_parts, *netrc, *netrc_parts; /* owned */
	char *where;               /* owned; the files that sources came from, for messages */
};
int lkb_apt_system_read(struct lkb_apt_system *ret, struct lkb_error *err);
void lkb_apt_system_clear(struct lkb_apt_system *s);
#define lkb_autoaptsystem __attribute__((cleanup(lkb_apt_system_clear))) struct lkb_apt_system

/*
 * A private apt root for one architecture, suite and set of components: PKG_DIR/apt/KEY holds
 * configuration, sources and indexes. The system's own apt state is neither read nor changed.
 * The caller holds the lock of PKG_DIR as long as it uses the root.
 */
struct lkb_apt {
	char *dir;  /* owned; absolute */
	char *conf; /* owned; what APT_CONFIG says */
	bool borrowed; /* its mirrors are those of another suite */
};
/* Writes the root where it is missing; no network. */
int lkb_apt_open(const char *pkg_dir, const char *arch, const char *suite,
		 const struct lkb_strv *components, struct lkb_apt *ret, struct lkb_error *err);
void lkb_apt_clear(struct lkb_apt *a);
#define lkb_autoapt __attribute__((cleanup(lkb_apt_clear))) struct lkb_apt

/* Fetches the indexes, their signatures checked; once a root in the life of the process. */
int lkb_apt_update(const struct lkb_apt *a, struct lkb_ui *ui, struct lkb_error *err);

/* What apt would install for `names` in an empty system, with version, size and SHA-256 from the
 * signed indexes, sorted by name. Versions in `pins` (may be NULL) are preferred. */
int lkb_apt_resolve(const struct lkb_apt *a, const struct lkb_strv *names,
		    const struct lkb_debs *pins, struct lkb_debs *ret, struct lkb_error *err);

/* True if the indexes hold this very package: name, version and digest. */
int lkb_apt_has(const struct lkb_apt *a, const struct lkb_deb *deb, bool *ret,
		struct lkb_error *err);

/* Downloads packages into a directory, as apt names them. */
int lkb_apt_download(const struct lkb_apt *a, const struct lkb_deb *debs, size_t n,
		     const char *dir, struct lkb_error *err);

/* Parsers of what apt prints; pure. */
/* Names and versions of `apt-get install -s`. */
int lkb_apt_parse_simulation(const char *text, struct lkb_debs *ret, struct lkb_error *err);
/* Fills size and digest from `apt-cache show`. LKB_INPUT if a package is missing in it. */
int lkb_apt_parse_show(const char *text, struct lkb_debs *debs, struct lkb_error *err);

#endif
