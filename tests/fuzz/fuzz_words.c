/* SPDX-License-Identifier: Apache-2.0 */
/* The small words of other people's documents: dates, digests, platforms, media types, sizes. What
 * is taken has one way to be written, and reads back as itself. */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/size.h"
#include "base/utf8.h"
#include "rootfs/oci/docs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void date(const char *text)
{
	int64_t seconds, again;

	if (!lkb_oci_date_parse(text, &seconds))
		return;
	must(seconds >= -62135596800 && seconds <= 253402300800);
	/* A leap second or an offset may lead out of the years that can be written. */
	if (lkb_oci_date_parse(lkb_oci_date_text(seconds).s, &again))
		must(again == seconds);
}

static void digest(const char *text)
{
	struct lkb_sha256 d;
	bool sha256;

	if (!lkb_oci_digest_parse(text, &sha256, &d))
		return;
	must(!strpbrk(text, "/.\\\n ") || strpbrk(text, ".") < strchr(text, ':'));
	if (sha256)
		must(!strcmp(text + strlen("sha256:"), lkb_sha256_text(&d).s));
}

/* "ARCH", "ARCH/VARIANT" */
static void platform(char *text)
{
	char *variant = strchr(text, '/');
	struct lkb_platform p, again;

	if (variant)
		*variant++ = '\0';
	if (!lkb_platform_set(&p, text, variant))
		return;
	must(lkb_platform_set(&again, p.arch, p.variant) && !lkb_platform_compare(&p, &again));
	must(lkb_platform_rank(&p, &again) == 0 || !p.arch[0]);
}

static void shown(const uint8_t *data, size_t size)
{
	lkb_autostr s = {0};

	lkb_utf8_show(&s, data, size, false);
	for (size_t i = 0, n; i < s.len; i += n) {
		n = lkb_utf8_len(s.s + i, s.len - i);
		must(n && (unsigned char)s.s[i] >= ' ' && s.s[i] != 0x7f);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_autofree char *text = lkb_strndup((const char *)data, size);
	uint64_t bytes;

	date(text);
	digest(text);
	lkb_oci_kind_of(text);
	lkb_size_parse(text, &bytes);
	lkb_u64_parse(text, &bytes);
	shown(data, size);
	platform(text);
	return 0;
}
