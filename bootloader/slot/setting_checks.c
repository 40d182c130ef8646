/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "bootloader/slot/setting_checks_priv.h"

#define HOSTNAME_MAX 64u /* what the kernel takes */
#define LABEL_MAX 63u
#define SSH_KEY_MAX 4096u /* dropbear reads lines of 4200 bytes */
#define SSID_MAX 32u
#define PSK_DIGITS 64u
#define SHOWN_MAX 80u

/* What somebody wrote, fit for a message. */
static int bad_value(struct lkb_error *err, const char *value, const char *what)
{
	size_t n = strlen(value);
	lkb_autostr shown = {0};

	lkb_utf8_show(&shown, value, n < SHOWN_MAX ? n : SHOWN_MAX, false);
	return lkb_fail(err, LKB_INPUT, "'%s%s' %s", lkb_str_get(&shown),
			n > SHOWN_MAX ? "..." : "", what);
}

static bool has_control(const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < 0x20 || *value == 0x7f)
			return true;
	return false;
}

/* RFC 1123, 2.1: letters, digits and dashes, no dash at an end. */
static bool label_ok(const char *label, size_t n)
{
	size_t i;

	if (n < 1 || n > LABEL_MAX || label[0] == '-' || label[n - 1] == '-')
		return false;
	for (i = 0; i < n; i++)
		if (!isascii(label[i]) || (!isalnum((unsigned char)label[i]) && label[i] != '-'))
			return false;
	return true;
}

int lkb_setting_check_hostname(const char *value, struct lkb_error *err)
{
	const char *label = value;
	bool ok = strlen(value) <= HOSTNAME_MAX;

	while (ok) {
		size_t n = strcspn(label, ".");

		ok = label_ok(label, n);
		if (!label[n])
			break;
		label += n + 1;
	}
	if (ok)
		return 0;
	bad_value(err, value, "is no host name");
	return lkb_hint(err, "letters, digits and dashes, no dash at an end; %u characters",
			HOSTNAME_MAX);
}

static const char *const key_types[] = {
	"ssh-ed25519",
	"ssh-rsa",
	"ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384",
	"ecdsa-sha2-nistp521",
	"sk-ssh-ed25519@openssh.com",
	"sk-ecdsa-sha2-nistp256@openssh.com",
};

static bool is_key_type(const char *word, size_t n)
{
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(key_types); i++)
		if (strlen(key_types[i]) == n && !strncmp(key_types[i], word, n))
			return true;
	return false;
}

/* RFC 4253, 6.6: strings, each behind its length; the first says the type again. One that was cut
 * off, as by a terminal that broke the line, does not end where a string ends. */
static bool blob_ok(const char *text, size_t n, const char *type, size_t type_len)
{
	lkb_autostr blob = {0};
	size_t at = 0, strings = 0;

	if (!lkb_base64_decode(text, n, &blob))
		return false;
	while (at < blob.len) {
		uint32_t len;

		if (blob.len - at < 4)
			return false;
		len = lkb_get_be32(blob.s + at);
		at += 4;
		if (len > blob.len - at)
			return false;
		if (!strings++ && (len != type_len || memcmp(blob.s + at, type, len) != 0))
			return false;
		at += len;
	}
	return strings >= 2;
}

static int no_key_type(const char *value, struct lkb_error *err)
{
	if (!strncmp(value, "-----BEGIN", 10)) {
		lkb_fail(err, LKB_INPUT, "this is a private key");
		return lkb_hint(err, "give the public one, which stands beside it in a file "
				     "NAME.pub");
	}
	bad_value(err, value, "is no public SSH key");
	if (value[0] == '/' || value[0] == '~' || value[0] == '.' || strstr(value, ".pub"))
		return lkb_hint(err, "the name of a file stands behind an '@'");
	return lkb_hint(err, "one line as in ~/.ssh/id_ed25519.pub: 'ssh-ed25519 AAAA... NAME'");
}

int lkb_setting_check_ssh_key(const char *value, struct lkb_error *err)
{
	size_t type_len = strcspn(value, " "), blob_len;
	const char *blob = value + type_len;

	if (!is_key_type(value, type_len))
		return no_key_type(value, err);
	if (strlen(value) > SSH_KEY_MAX)
		return lkb_fail(err, LKB_INPUT, "the key has %zu characters, sshd reads %u",
				strlen(value), SSH_KEY_MAX);
	if (has_control(value))
		return lkb_fail(err, LKB_INPUT, "the key has a control character in it");
	blob += strspn(blob, " ");
	blob_len = strcspn(blob, " ");
	if (blob_ok(blob, blob_len, value, type_len))
		return 0;
	lkb_fail(err, LKB_INPUT, "what stands behind '%.*s' is no key of that kind, or not all "
		 "of it", (int)type_len, value);
	return lkb_hint(err, "one line as in ~/.ssh/id_ed25519.pub: 'ssh-ed25519 AAAA... NAME'");
}

int lkb_setting_check_ssid(const char *value, struct lkb_error *err)
{
	if (strlen(value) > SSID_MAX)
		return lkb_fail(err, LKB_INPUT, "the WLAN's name has %zu bytes, at most %u are "
				"possible", strlen(value), SSID_MAX);
	if (has_control(value))
		return bad_value(err, value, "has a control character in it");
	return 0;
}

int lkb_setting_check_psk(const char *value, struct lkb_error *err)
{
	uint8_t bytes[PSK_DIGITS / 2];

	if (strlen(value) == PSK_DIGITS && lkb_unhex(value, bytes, sizeof(bytes)))
		return 0;
	return lkb_fail(err, LKB_INPUT, "the WLAN's key is not %u hex digits", PSK_DIGITS);
}

int lkb_setting_check_country(const char *value, struct lkb_error *err)
{
	if (strlen(value) == 2 && value[0] >= 'A' && value[0] <= 'Z' && value[1] >= 'A' &&
	    value[1] <= 'Z')
		return 0;
	bad_value(err, value, "is no country");
	return lkb_hint(err, "two capital letters, as in DE or US");
}

int lkb_setting_check_yes(const char *value, struct lkb_error *err)
{
	if (!strcmp(value, "yes"))
		return 0;
	bad_value(err, value, "is not 'yes'");
	return lkb_hint(err, "leave it out if it is not so");
}
