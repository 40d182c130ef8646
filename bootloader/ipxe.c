/* SPDX-License-Identifier: Apache-2.0 */
#include "bootloader/ipxe.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/* With a pause that doubles from one second, the last try comes after two minutes: a switch port
 * that comes up late or a server that starts anew is waited for. */
#define TRIES 8

/* Linux takes 2047 bytes on both architectures (COMMAND_LINE_SIZE); under UEFI the file's name and
 * the initrd's stand before ours. */
#define CMDLINE_MAX 2047u
#define INITRD_WORD "initrd=initrd"

#define URL_MAX 1024u

static const char host_chars[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]";
static const char path_chars[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~%/@+=:,";

static const char *url_fault(const char *url)
{
	const char *host = lkb_starts_with(url, "http://")    ? url + strlen("http://")
			   : lkb_starts_with(url, "https://") ? url + strlen("https://")
							      : NULL;
	size_t n;

	if (!host)
		return "begins neither with 'http://' nor with 'https://'";
	if (strlen(url) > URL_MAX)
		return "is too long";
	n = strcspn(host, "/");
	if (!n)
		return "names no server";
	if (strspn(host, host_chars) < n)
		return "has a character in its server that is not allowed there";
	if (strspn(host + n, path_chars) != strlen(host + n))
		return "has a character that is not allowed there";
	return NULL;
}

int lkb_ipxe_check_url(const char *url, struct lkb_error *err)
{
	const char *why = url_fault(url);

	if (!why)
		return 0;
	lkb_fail(err, LKB_USAGE, "the base URL '%s' %s", url, why);
	return lkb_hint(err, "give the directory that the files are served from, as in "
			     "http://192.0.2.1:8080/boot; %%XX stands for any other character");
}

/* True for "console=ttyS1" and "console=ttyS1,115200" if the device is ttyS1. */
static bool is_console(const char *word, size_t len, const char *device, size_t n)
{
	static const char key[] = "console=";
	const char *at = word + strlen(key);

	return len >= strlen(key) + n && !strncmp(word, key, strlen(key)) &&
	       !strncmp(at, device, n) && (at + n == word + len || at[n] == ',');
}

static bool names_console(const char *line, const char *console)
{
	size_t n = strcspn(console, ",");

	while (*line) {
		size_t len = strcspn(line, " ");

		if (is_console(line, len, console, n))
			return true;
		line += len + strspn(line + len, " ");
	}
	return false;
}

static const char *word_fault(const char *word, size_t n)
{
	static const char *const terminators[] = {"||", "&&", ";"};
	size_t i;

	if (word[0] == '#')
		return "would begin a comment";
	for (i = 0; i < LKB_ARRAY_SIZE(terminators); i++)
		if (strlen(terminators[i]) == n && !strncmp(word, terminators[i], n))
			return "would end the command";
	for (i = 0; i + 1 < n; i++)
		if (word[i] == '$' && word[i + 1] == '{')
			return "would be taken for a setting of iPXE's";
	return NULL;
}

static int check_word(const char *word, size_t n, struct lkb_error *err)
{
	const char *why = word_fault(word, n);

	if (!why)
		return 0;
	lkb_fail(err, LKB_INPUT, "in an iPXE script the word '%.*s' of the command line %s", (int)n,
		 word, why);
	return lkb_hint(err, "iPXE has no way to quote it; leave it out, or write it otherwise");
}

static int check_characters(const char *line, struct lkb_error *err)
{
	const char *at;
	bool quoted = false;

	for (at = line; *at; at++) {
		quoted ^= *at == '"';
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return lkb_fail(err, LKB_INPUT, "the command line has a control character "
					"(0x%02x), which an iPXE script cannot hold",
					(unsigned char)*at);
		if ((unsigned char)*at > 0x7e)
			return lkb_fail(err, LKB_INPUT, "the command line has a character beyond "
					"ASCII (0x%02x), which iPXE changes under UEFI",
					(unsigned char)*at);
		/* The kernel tells two blanks from one only there. */
		if (quoted && at[0] == ' ' && at[1] == ' ')
			return lkb_fail(err, LKB_INPUT, "the command line has several blanks in a "
					"row between quotes, of which iPXE would make one");
	}
	return 0;
}

static int add_words(const char *line, struct lkb_str *out, struct lkb_error *err)
{
	line += strspn(line, " ");
	while (*line) {
		size_t n = strcspn(line, " ");

		if (check_word(line, n, err))
			return -1;
		lkb_str_addf(out, "%s%.*s", out->len ? " " : "", (int)n, line);
		line += n + strspn(line + n, " ");
	}
	return 0;
}

int lkb_ipxe_cmdline(const struct lkb_board *board, const char *own, char **ret,
		     struct lkb_error *err)
{
	lkb_autostr s = {0};
	size_t i;

	for (i = 0; i < board->consoles.n; i++)
		if (!names_console(own, board->consoles.items[i]))
			lkb_str_addf(&s, "%sconsole=%s", s.len ? " " : "",
				     board->consoles.items[i]);
	for (i = 0; i < board->cmdline.n; i++)
		lkb_str_addf(&s, "%s%s", s.len ? " " : "", board->cmdline.items[i]);
	if (check_characters(own, err) || add_words(own, &s, err))
		return -1;
	if (s.len + strlen("kernel " INITRD_WORD " ") > CMDLINE_MAX)
		return lkb_fail(err, LKB_INPUT, "the command line is %zu bytes long, and the "
				"kernel takes no more than %u with what comes before it", s.len,
				CMDLINE_MAX);
	*ret = lkb_str_take(&s);
	return 0;
}

/* What an attempt leaves behind would be a second initrd of the next one. The network is asked for
 * again: a script that the loader finds beside itself is run before that is up. Whether it is
 * cannot be asked, since addresses that the firmware got count as set on a card that is not
 * open. */
static const char script[] =
	"#!ipxe\n"
	"# %s: starts kernel and initrd from %s\n"
	"\n"
	"set attempt:int32 0\n"
	"set pause:int32 1\n"
	"\n"
	":try\n"
	"inc attempt\n"
	"echo lkboard: %s, attempt ${attempt} of %d\n"
	"imgfree\n"
	"kernel %s%s " INITRD_WORD "%s%s || goto failed\n"
	"initrd --name initrd %s%s || goto failed\n"
	"boot || goto failed\n"
	"\n"
	":failed\n"
	"iseq ${attempt} %d && goto give-up ||\n"
	"echo lkboard: failed, next attempt in ${pause} s\n"
	"sleep ${pause}\n"
	"inc pause ${pause}\n"
	"dhcp ||\n"
	"goto try\n"
	"\n"
	":give-up\n"
	"echo lkboard: giving up\n"
	"exit 1\n";

int lkb_ipxe_script(const struct lkb_ipxe_in *in, char **ret, struct lkb_error *err)
{
	const char *base = in->base_url ? in->base_url : "";
	size_t n = strlen(base);
	lkb_autofree char *dir = NULL;

	if (in->base_url && lkb_ipxe_check_url(base, err))
		return -1;
	/* A doubled slash is another path to some servers. */
	while (n && base[n - 1] == '/')
		n--;
	dir = lkb_format("%.*s%s", (int)n, base, n ? "/" : "");
	*ret = lkb_format(script, in->board, in->base_url ? base : "this script's directory",
			  in->board, TRIES, dir, in->kernel, *in->cmdline ? " " : "", in->cmdline,
			  dir, in->initrd, TRIES);
	return 0;
}
