/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/initrd/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "ondevice/common/say.h"
#include "ondevice/initrd/overmount.h"

#define SHORT_NAME "SETTINGSENV"
#define BOOT_PARTITION 1
#define COMPLAINTS_MAX 8
#define KEYS_TEXT_MAX ((size_t)1 << 20)

static const char hostname_path[] = "/etc/hostname";
static const char keys_path[] = "/root/.ssh/authorized_keys";
static const char wpa_path[] = "/etc/wpa_supplicant/wpa_supplicant.conf";

static void complain(void *ctx, const struct lkb_error *err)
{
	unsigned *n = ctx;

	if (++*n <= COMPLAINTS_MAX)
		lkb_say(LKB_SETTINGS_FILE ": %s; this is not set", err->message);
}

int lkb_settings_read(const struct lkb_fat_disk *disk, struct lkb_settings *ret,
		      struct lkb_error *err)
{
	lkb_autofree uint8_t *block = lkb_alloc(LKB_SETTINGS_SIZE);
	unsigned complaints = 0;
	int found = lkb_fat_read_file(disk, SHORT_NAME, block, LKB_SETTINGS_SIZE, err);

	if (found <= 0)
		return found;
	return lkb_settings_parse(block, complain, &complaints, ret, err);
}

void lkb_settings_authorized_keys(const struct lkb_settings *s, const char *own,
				  struct lkb_str *ret)
{
	const struct lkb_strv *keys = &s->values[LKB_SETTING_SSH_KEY];
	size_t i;

	if (own && *own)
		lkb_str_addf(ret, "%s%s", own, lkb_ends_with(own, "\n") ? "" : "\n");
	for (i = 0; i < keys->n; i++)
		lkb_str_addf(ret, "%s\n", keys->items[i]);
}

void lkb_settings_wpa_conf(const struct lkb_settings *s, struct lkb_str *ret)
{
	const char *ssid = lkb_settings_get(s, LKB_SETTING_WIFI_SSID);
	const char *psk = lkb_settings_get(s, LKB_SETTING_WIFI_PSK);
	const char *country = lkb_settings_get(s, LKB_SETTING_WIFI_COUNTRY);
	lkb_autofree char *hex = lkb_alloc(2 * strlen(ssid) + 1);

	lkb_hex(ssid, strlen(ssid), hex);
	if (country)
		lkb_str_addf(ret, "country=%s\n", country);
	lkb_str_addf(ret, "network={\n\tssid=%s\n", hex);
	if (psk)
		lkb_str_addf(ret, "\tpsk=%s\n", psk);
	else
		lkb_str_add(ret, "\tkey_mgmt=NONE\n");
	if (lkb_settings_get(s, LKB_SETTING_WIFI_HIDDEN))
		lkb_str_add(ret, "\tscan_ssid=1\n");
	lkb_str_add(ret, "}\n");
}

static int read_device(void *ctx, uint64_t off, void *buf, size_t n, struct lkb_error *err)
{
	return lkb_pread_full(*(int *)ctx, buf, n, off, "the boot partition", err);
}

static int read_card(const struct lkb_partuuid *root, struct lkb_settings *ret,
		     struct lkb_error *err)
{
	struct lkb_partuuid id = *root;
	lkb_autofree char *device = NULL;
	struct lkb_partition part;
	lkb_autostr seen = {0};
	lkb_autofd fd = -1;
	off_t size;

	id.partition = BOOT_PARTITION;
	if (!lkb_partuuid_find("/sys", "/dev", &id, &part, &seen))
		return lkb_fail(err, LKB_IO, "the card has no partition %d; there is %s",
				BOOT_PARTITION, seen.s);
	device = lkb_format("/dev/%s", part.name);
	fd = open(device, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	if (size < 0)
		return lkb_fail_errno(err, "cannot open '%s'", device);
	return lkb_settings_read(&(struct lkb_fat_disk){read_device, &fd, (uint64_t)size}, ret,
				 err);
}

static void put(struct lkb_overmount *o, const char *path, mode_t mode, const struct lkb_str *text)
{
	struct lkb_error err;

	if (lkb_overmount_file(o, path, mode, text->s, text->len, &err))
		lkb_say_error(&err, LKB_SETTINGS_FILE ": '%s' is not set", path);
}

static void put_all(const struct lkb_settings *s, struct lkb_overmount *o)
{
	const char *hostname = lkb_settings_get(s, LKB_SETTING_HOSTNAME);

	if (hostname) {
		lkb_autostr text = {0};

		lkb_str_addf(&text, "%s\n", hostname);
		put(o, hostname_path, 0644, &text);
		if (sethostname(hostname, strlen(hostname)) < 0)
			lkb_say(LKB_SETTINGS_FILE ": the host name cannot be set: %s",
				strerror(errno));
	}
	if (s->values[LKB_SETTING_SSH_KEY].n) {
		lkb_autofree char *own = lkb_overmount_read(o, keys_path, KEYS_TEXT_MAX);
		lkb_autostr text = {0};

		lkb_settings_authorized_keys(s, own, &text);
		put(o, keys_path, 0600, &text);
	}
	if (lkb_settings_get(s, LKB_SETTING_WIFI_SSID)) {
		lkb_autostr text = {0};

		lkb_settings_wpa_conf(s, &text);
		put(o, wpa_path, 0600, &text);
	}
}

static void say_what(const struct lkb_settings *s)
{
	const char *hostname = lkb_settings_get(s, LKB_SETTING_HOSTNAME);
	size_t keys = s->values[LKB_SETTING_SSH_KEY].n;
	lkb_autostr words = {0};

	if (hostname)
		lkb_str_addf(&words, ", host name '%s'", hostname);
	if (keys)
		lkb_str_addf(&words, ", %zu SSH key%s", keys, keys == 1 ? "" : "s");
	if (lkb_settings_get(s, LKB_SETTING_WIFI_SSID))
		lkb_str_add(&words, ", WLAN");
	lkb_say(LKB_SETTINGS_FILE " sets %s", words.s + 2);
}

void lkb_settings_apply(const struct lkb_partuuid *root, const char *new_root)
{
	lkb_autosettings s = {0};
	struct lkb_overmount o;
	struct lkb_error err;

	if (root->gpt)
		return;
	if (read_card(root, &s, &err)) {
		lkb_say_error(&err, LKB_SETTINGS_FILE " is damaged, nothing is set");
		return;
	}
	if (lkb_settings_is_empty(&s))
		return;
	if (lkb_overmount_begin(new_root, &o, &err)) {
		lkb_say_error(&err, LKB_SETTINGS_FILE ": nothing is set");
		return;
	}
	put_all(&s, &o);
	lkb_overmount_end(&o);
	say_what(&s);
}
