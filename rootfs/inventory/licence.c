/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX 2.3, annex D: identifiers, "+", WITH, AND, OR and parentheses. Identifiers are compared as
 * they are written in the licence list. */
#include <string.h>

#include "rootfs/inventory/inventory_priv.h"

#define NESTED_MAX 16u

static const char *const licences[] = {
	"0BSD", "AFL-2.1", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-1.1", "Apache-2.0",
	"Artistic-1.0-Perl", "Artistic-2.0", "BSD-1-Clause", "BSD-2-Clause", "BSD-2-Clause-Patent",
	"BSD-3-Clause", "BSD-4-Clause", "BSL-1.0", "BlueOak-1.0.0", "CC-BY-3.0", "CC-BY-4.0",
	"CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC0-1.0", "CDDL-1.0", "EPL-1.0", "EPL-2.0", "EUPL-1.2",
	"FTL", "GFDL-1.1-or-later", "GFDL-1.2-or-later", "GFDL-1.3-only", "GFDL-1.3-or-later",
	"GPL-1.0-only", "GPL-1.0-or-later", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only",
	"GPL-3.0-or-later", "HPND", "ICU", "IJG", "ISC", "LGPL-2.0-only", "LGPL-2.0-or-later",
	"LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "Libpng",
	"MIT", "MIT-0", "MIT-CMU", "MPL-1.1", "MPL-2.0", "MPL-2.0-no-copyleft-exception", "NCSA",
	"NTP", "OFL-1.1", "OLDAP-2.8", "OpenSSL", "PHP-3.01", "PSF-2.0", "PostgreSQL",
	"Python-2.0", "Ruby", "SSH-OpenSSH", "Sleepycat", "TCL", "Unicode-DFS-2016", "Unlicense",
	"Vim", "W3C", "WTFPL", "X11", "ZPL-2.1", "Zlib", "blessing", "bzip2-1.0.6", "curl",
	"libpng-2.0", "libtiff", "zlib-acknowledgement",
};

static const char *const exceptions[] = {
	"Autoconf-exception-3.0", "Bison-exception-2.2", "Classpath-exception-2.0",
	"GCC-exception-3.1", "LLVM-exception", "Libtool-exception", "Linux-syscall-note",
	"openvpn-openssl-exception", "u-boot-exception-2.0",
};

static bool is_one_of(struct lkb_piece word, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (lkb_piece_is(word, list[i]))
			return true;
	return false;
}

/* The next word, or parenthesis; empty at the end. */
static struct lkb_piece next_word(const char **at)
{
	struct lkb_piece p = {*at += strspn(*at, " "), 0};

	p.len = strchr("()", *p.s) ? !!*p.s : strcspn(p.s, " ()");
	*at += p.len;
	return p;
}

static bool is_licence(struct lkb_piece word)
{
	if (word.len && word.s[word.len - 1] == '+')
		word.len--;
	return is_one_of(word, licences, LKB_ARRAY_SIZE(licences));
}

/* An operand and what may follow it are all there is to tell; parentheses only count. */
bool lkb_licence_is_spdx(const char *text)
{
	bool want_operand = true, may_with = false;
	unsigned nested = 0;
	struct lkb_piece word;

	while ((word = next_word(&text)).len) {
		if (want_operand && lkb_piece_is(word, "(") && nested < NESTED_MAX) {
			nested++;
		} else if (want_operand && is_licence(word)) {
			want_operand = false;
			may_with = true;
		} else if (may_with && lkb_piece_is(word, "WITH")) {
			word = next_word(&text);
			if (!is_one_of(word, exceptions, LKB_ARRAY_SIZE(exceptions)))
				return false;
			may_with = false;
		} else if (!want_operand && nested && lkb_piece_is(word, ")")) {
			nested--;
			may_with = false;
		} else if (!want_operand &&
			   (lkb_piece_is(word, "AND") || lkb_piece_is(word, "OR"))) {
			want_operand = true;
			may_with = false;
		} else {
			return false;
		}
	}
	return !want_operand && !nested;
}
