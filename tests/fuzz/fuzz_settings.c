/* SPDX-License-Identifier: Apache-2.0 */
/* What a board reads: settings.env behind its checksum, which is made right, and, where the first byte
 * is odd, the boot partition that it is looked for in. What is accepted must survive being written
 * and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/crc32.h"
#include "ondevice/common/say.h"
#include "ondevice/initrd/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void ignore(void *ctx, const struct lkb_error *err)
{
	must(err->message[0]);
}

static void hush(const char *line, size_t len)
{
}

static void again(const struct lkb_settings *s, uint8_t *block)
{
	lkb_autosettings back = {0};
	lkb_autostr keys = {0}, wpa = {0};

	must(!lkb_settings_format(s, block, NULL));
	must(!lkb_settings_parse(block, ignore, NULL, &back, NULL));
	for (size_t i = 0; i < LKB_SETTINGS_N; i++) {
		must(s->values[i].n == back.values[i].n);
		for (size_t k = 0; k < back.values[i].n; k++)
			must(!strcmp(s->values[i].items[k], back.values[i].items[k]));
	}
	lkb_settings_authorized_keys(s, "own", &keys);
	/* One line a key, whatever was in it. */
	for (size_t i = 0, n = 0; i <= keys.len; i++) {
		n += keys.s[i] == '\n';
		must(i < keys.len || n == 1 + s->values[LKB_SETTING_SSH_KEY].n);
	}
	if (lkb_settings_get(s, LKB_SETTING_WIFI_SSID))
		lkb_settings_wpa_conf(s, &wpa);
}

static void block_of(const uint8_t *data, size_t size)
{
	lkb_autofree uint8_t *block = lkb_alloc(LKB_SETTINGS_SIZE);
	lkb_autosettings s = {0};
	size_t room = LKB_SETTINGS_SIZE - 4;

	memcpy(block + 4, data, size < room ? size : room);
	lkb_put_le32(block, lkb_crc32(0, block + 4, room));
	must(!lkb_settings_parse(block, ignore, NULL, &s, NULL));
	again(&s, block);
}

struct bytes {
	const uint8_t *p;
	size_t n;
	uint64_t size; /* of the partition; zeros behind n */
};

static int read_bytes(void *ctx, uint64_t off, void *buf, size_t n, struct lkb_error *err)
{
	const struct bytes *b = ctx;

	must(off <= b->size && n <= b->size - off);
	memset(buf, 0, n);
	if (off < b->n)
		memcpy(buf, b->p + off, b->n - off < n ? (size_t)(b->n - off) : n);
	return 0;
}

static void partition_of(const uint8_t *data, size_t size)
{
	struct bytes b = {data, size, (uint64_t)64 << 20};
	const struct lkb_fat_disk disk = {read_bytes, &b, b.size};
	uint8_t small[64];
	lkb_autosettings s = {0};
	struct lkb_error err = {0};

	if (lkb_settings_read(&disk, &s, &err))
		must(err.message[0] && lkb_settings_is_empty(&s));
	lkb_fat_read_file(&disk, "SETTINGSENV", small, sizeof(small), NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lkb_say_to(hush);
	if (size)
		(data[0] & 1 ? partition_of : block_of)(data + 1, size - 1);
	return 0;
}
