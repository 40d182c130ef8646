/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/size.h"
#include "base/str.h"
#include "rootfs/spec/spec_priv.h"

#define MAX_NAME 200 /* with "NNN-" before it, one path component */
#define MAX_CONTAINERD_ID 76
#define MAX_HOSTNAME 64
#define MAX_INTERFACE 15 /* IFNAMSIZ and its NUL */
#define MAX_KIND 32 /* as many as the system's init sends the kernel */
#define MAX_PLATFORM_WORD 15 /* as struct lkb_platform has room for */
#define VOLUME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_-"
#define MAX_VERSION 63 /* as many as a slot's trailer holds */

static bool only(const char *v, const char *marks)
{
	for (; *v; v++)
		if (!isalnum((unsigned char)*v) && !strchr(marks, *v))
			return false;
	return true;
}

static bool has_control(const char *v)
{
	for (; *v; v++)
		if ((unsigned char)*v < 0x20 || *v == 0x7f)
			return true;
	return false;
}

const char *lkb_spec_bad_name(const char *v)
{
	if (!only(v, "_.+-"))
		return "has a character other than letters, digits, '_', '.', '+' and '-'";
	if (*v == '.' || *v == '-')
		return "begins with '.' or '-'";
	return strlen(v) > MAX_NAME ? "is longer than 200 characters" : NULL;
}

/* Words of letters and digits, with one of _ . - between them. */
bool lkb_spec_is_containerd_id(const char *name)
{
	if (strlen(name) > MAX_CONTAINERD_ID || !only(name, "_.-"))
		return false;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) &&
		    (p == name || !isalnum((unsigned char)p[-1]) || !p[1]))
			return false;
	return *name != '\0';
}

/* A light look: the reference is parsed in full where images are resolved. */
const char *lkb_spec_bad_image(const char *v)
{
	if (lkb_starts_with(v, "@pkg:"))
		return v[strlen("@pkg:")] ? NULL : "names no directory";
	if (strstr(v, "://"))
		return "is a URL, not an image reference";
	if (!only(v, "._-/:@+[]"))
		return "has a character that image references do not have";
	return isalnum((unsigned char)*v) || *v == '[' ? NULL : "is no image reference";
}

const char *lkb_spec_bad_line(const char *v)
{
	return has_control(v) ? "holds a line break or a control character" : NULL;
}

/* A block scalar's last line break is cut off when the spec is merged. */
const char *lkb_spec_bad_cmdline(const char *v)
{
	size_t n = strlen(v);

	for (size_t i = 0; i < n; i++)
		if (((unsigned char)v[i] < 0x20 || v[i] == 0x7f) && !(v[i] == '\n' && i + 1 == n))
			return "holds a line break or a control character";
	return NULL;
}

const char *lkb_spec_bad_absolute(const char *v)
{
	if (*v != '/')
		return "is no absolute path";
	return lkb_path_has_dotdot(v, strlen(v)) ? "has '..' in it" : NULL;
}

/* A path of the system, or one in the container's root file system. */
const char *lkb_spec_bad_relative(const char *v)
{
	if (!*v)
		return "is no path";
	return lkb_path_has_dotdot(v, strlen(v)) ? "has '..' in it" : NULL;
}

/* "" counts as not given. */
const char *lkb_spec_bad_path_or_none(const char *v)
{
	return *v ? lkb_spec_bad_absolute(v) : NULL;
}

/* Where the data partition goes: not over the root. */
const char *lkb_spec_bad_mountpoint(const char *v)
{
	const char *which = lkb_spec_bad_absolute(v);

	return which ? which : lkb_spec_bad_image_path(v);
}

/* A path in an image or in the root: from the top, with or without a leading slash. */
const char *lkb_spec_bad_image_path(const char *v)
{
	if (lkb_path_has_dotdot(v, strlen(v)))
		return "has '..' in it";
	return v[strspn(v, "/.")] ? NULL : "names the root itself";
}

/* "" and "none" say that there is none. */
const char *lkb_spec_bad_tar(const char *v)
{
	return *v ? lkb_spec_bad_image_path(v) : NULL;
}

/* A destination inside a container, `len` bytes of it. */
static const char *bad_destination(const char *v, size_t len)
{
	if (!len || *v != '/')
		return "has a destination that is no absolute path";
	return lkb_path_has_dotdot(v, len) ? "has '..' in its destination" : NULL;
}

const char *lkb_spec_bad_bind(const char *v)
{
	const char *dest = strchr(v, ':'), *options;

	if (!dest)
		return "has no ':' between source and destination";
	if (dest == v)
		return "has no source";
	if (*v != '/' && strspn(v, VOLUME_CHARS) != (size_t)(dest - v))
		return "has a source that is neither an absolute path nor the name of a volume";
	dest++;
	options = strchr(dest, ':');
	if (options && strchr(options + 1, ':'))
		return "has more than two ':'";
	if (options && !options[1])
		return "has no options after its second ':'";
	return bad_destination(dest, options ? (size_t)(options - dest) : strlen(dest));
}

const char *lkb_spec_bad_tmpfs(const char *v)
{
	const char *options = strchr(v, ':');

	if (options && strchr(options + 1, ':'))
		return "has more than one ':'";
	return bad_destination(v, options ? (size_t)(options - v) : strlen(v));
}

const char *lkb_spec_bad_env(const char *v)
{
	return *v != '=' && strchr(v, '=') ? NULL : "is not of the form NAME=VALUE";
}

const char *lkb_spec_bad_namespace(const char *v)
{
	if (!*v || *v == '/' || !strcmp(v, "host") || !strcmp(v, "root") || !strcmp(v, "new"))
		return NULL;
	return "is neither host, root, new nor an absolute path";
}

const char *lkb_spec_bad_net(const char *v)
{
	if (!strcmp(v, "none") || !lkb_spec_bad_namespace(v))
		return NULL;
	return "is neither host, root, new, none nor an absolute path";
}

const char *lkb_spec_bad_hostname(const char *v)
{
	size_t n = strlen(v);

	if (n > MAX_HOSTNAME)
		return "is longer than 64 characters";
	if (n && (!only(v, ".-") || !isalnum((unsigned char)*v) ||
		  !isalnum((unsigned char)v[n - 1])))
		return "is no host name";
	return NULL;
}

/* Takes the next word off a list with commas, without the blanks around it. */
static bool next_word(const char **at, const char **ret, size_t *ret_len)
{
	const char *start, *end;

	if (!*at)
		return false;
	start = *at;
	end = start + strcspn(start, ",");
	*at = *end ? end + 1 : NULL;
	for (; start < end && *start == ' '; start++)
		;
	while (end > start && end[-1] == ' ')
		end--;
	*ret = start;
	*ret_len = (size_t)(end - start);
	return true;
}

static bool read_limit(const char *v, size_t len, uint64_t *ret)
{
	char text[24];

	if (!len || len >= sizeof(text))
		return false;
	memcpy(text, v, len);
	text[len] = '\0';
	*ret = UINT64_MAX;
	return !strcasecmp(text, "unlimited") || lkb_u64_parse(text, ret);
}

const char *lkb_spec_rlimit(const char *text, struct lkb_spec_rlimit *ret)
{
	static const char *const names[] = {
		"CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK", "AS",
		"LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"
	};
	static const char prefix[] = "RLIMIT_";
	struct lkb_spec_rlimit limit = { 0 };
	const char *words[3];
	size_t len[3];

	for (size_t i = 0; i < LKB_ARRAY_SIZE(words); i++)
		if (!next_word(&text, &words[i], &len[i]))
			return "is not of the form NAME,SOFT,HARD";
	if (text)
		return "is not of the form NAME,SOFT,HARD";
	if (!read_limit(words[1], len[1], &limit.soft) ||
	    !read_limit(words[2], len[2], &limit.hard))
		return "has a limit that is neither a number nor 'unlimited'";
	if (len[0] > strlen(prefix) && !strncasecmp(words[0], prefix, strlen(prefix))) {
		words[0] += strlen(prefix);
		len[0] -= strlen(prefix);
	}
	for (size_t i = 0; i < LKB_ARRAY_SIZE(names); i++)
		if (len[0] == strlen(names[i]) && !strncasecmp(words[0], names[i], len[0]))
			limit.name = names[i];
	if (!limit.name)
		return "names no resource limit";
	if (limit.soft > limit.hard)
		return "has a soft limit above its hard one";
	*ret = limit;
	return NULL;
}

const char *lkb_spec_bad_rlimit(const char *v)
{
	struct lkb_spec_rlimit ignored;

	return lkb_spec_rlimit(v, &ignored);
}

const char *lkb_spec_bad_device(const char *v)
{
	return !strcmp(v, "all") ? NULL : lkb_spec_bad_absolute(v);
}

const char *lkb_spec_bad_octal(const char *v)
{
	size_t n = strlen(v);

	return n && n <= 5 && strspn(v, "01234567") == n ? NULL : "is no octal mode";
}

/* Names of volumes are those of LinuxKit, but for the empty one. */
const char *lkb_spec_bad_volume(const char *v)
{
	if (strspn(v, VOLUME_CHARS) != strlen(v))
		return "has a character other than a to z, 0 to 9, '_' and '-'";
	return strlen(v) > MAX_NAME ? "is longer than 200 characters" : NULL;
}

const char *lkb_spec_bad_platform(const char *v)
{
	const char *word = v;
	size_t n, words = 0;

	do {
		n = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_.-");
		if (!n || n > MAX_PLATFORM_WORD || (word[n] && word[n] != '/'))
			return "is not of the form OS/ARCH or OS/ARCH/VARIANT";
		words++;
		word += n;
	} while (*word++);
	if (words < 2 || words > 3)
		return "is not of the form OS/ARCH or OS/ARCH/VARIANT";
	return strncmp(v, "linux/", 6) ? "is not for linux" : NULL;
}

const char *lkb_spec_bad_interface(const char *v)
{
	if (strlen(v) > MAX_INTERFACE)
		return "is longer than 15 characters";
	if (!only(v, "._-@+=~") || !strcmp(v, ".") || !strcmp(v, ".."))
		return "is no name of a network interface";
	return NULL;
}

const char *lkb_spec_bad_kind(const char *v)
{
	if (strlen(v) > MAX_KIND)
		return "is longer than 32 characters";
	return only(v, "_-") ? NULL : "is no kind of a network interface";
}

const char *lkb_spec_bad_containerd_ns(const char *v)
{
	return !*v || lkb_spec_is_containerd_id(v) ? NULL : "is no namespace of containerd";
}

/* It travels on the kernel's command line and in file names. */
const char *lkb_spec_bad_version(const char *v)
{
	if (strlen(v) > MAX_VERSION)
		return "is longer than 63 characters";
	if (!isalnum((unsigned char)*v))
		return "begins with neither a letter nor a digit";
	return only(v, "._+~-") ? NULL
				: "has a character other than letters, digits and '._+~-'";
}

const char *lkb_spec_bad_module(const char *v)
{
	return only(v, "_-") ? NULL : "is no name of a kernel module";
}
