/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_PKG_SOURCES_PRIV_H
#define LKB_ROOTFS_PKG_SOURCES_PRIV_H

#include "base/error.h"
#include "base/str.h"

/* The suite of a definition that names none, and the one whose mirrors are asked for others. */
#define LKB_DEBIAN_SUITE "bookworm"

/* apt's sources (sources.list(5)), both of its formats, from text to values and back. Only what
 * concerns binary packages is kept; one entry is one URI with one suite. */
struct lkb_apt_source {
	char *uri, *suite;          /* owned */
	struct lkb_strv components;
	/* The options that decide about trust, as lines of the deb822 format: "Signed-By: /x.gpg".
	 * A key that stands in the source itself is such a line with continuation lines. */
	struct lkb_strv options;
};

struct lkb_apt_sources {
	struct lkb_apt_source *items; /* owned */
	size_t n, cap;
};

void lkb_apt_sources_clear(struct lkb_apt_sources *s);
#define lkb_autosources __attribute__((cleanup(lkb_apt_sources_clear))) struct lkb_apt_sources

/* Append what the text of a FILE.list or a FILE.sources holds. LKB_INPUT with file and line. */
int lkb_apt_sources_list(const char *text, const char *file, struct lkb_apt_sources *s,
			 struct lkb_error *err);
int lkb_apt_sources_deb822(const char *text, const char *file, struct lkb_apt_sources *s,
			   struct lkb_error *err);

/* The entries of the Debian suite (its main component, with -updates and -security) as the text of
 * a .sources file for one architecture and the given components; entries that say the same twice
 * are written once. "" if there are none. Written under the name `as`, or the suite's own if that
 * is NULL: a mirror of Debian has all suites, and its keys are those of the same archive. The
 * caller frees it. */
char *lkb_apt_sources_text(const struct lkb_apt_sources *s, const char *suite, const char *as,
			   const struct lkb_strv *components, const char *arch);

#endif
