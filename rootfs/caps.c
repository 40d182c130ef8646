/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "base/str.h"
#include "rootfs/container_priv.h"

/* capabilities(7), sorted; what "all" means. */
static const char *const known[] = {
	"CAP_AUDIT_CONTROL", "CAP_AUDIT_READ", "CAP_AUDIT_WRITE", "CAP_BLOCK_SUSPEND", "CAP_BPF",
	"CAP_CHECKPOINT_RESTORE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
	"CAP_FOWNER", "CAP_FSETID", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_KILL", "CAP_LEASE",
	"CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE", "CAP_MKNOD", "CAP_NET_ADMIN",
	"CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_RAW", "CAP_PERFMON", "CAP_SETFCAP",
	"CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_SYS_BOOT",
	"CAP_SYS_CHROOT", "CAP_SYS_MODULE", "CAP_SYS_NICE", "CAP_SYS_PACCT", "CAP_SYS_PTRACE",
	"CAP_SYS_RAWIO", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG",
	"CAP_WAKE_ALARM",
};
#define N_KNOWN LKB_ARRAY_SIZE(known)

struct set {
	bool has[N_KNOWN];
};

static int unknown(const struct lkb_strlist *words, size_t i, struct lkb_error *err)
{
	const char *word = words->items[i];
	const char *near = lkb_did_you_mean(word, known, N_KNOWN);

	lkb_fail(err, LKB_INPUT, "unknown capability '%s'", word);
	if (words->pos && words->pos[i].file)
		lkb_at(err, words->pos[i].file, words->pos[i].line, words->pos[i].column);
	if (near)
		return lkb_hint(err, "did you mean '%s'?", near);
	return lkb_hint(err, "capabilities are written as in capabilities(7), such as "
			"'CAP_NET_ADMIN', or 'all' or 'none'");
}

static int read_words(const struct lkb_strlist *words, struct set *set, struct lkb_error *err)
{
	for (size_t i = 0; i < words->n; i++) {
		size_t at = 0;

		if (!strcasecmp(words->items[i], "none"))
			continue;
		if (!strcasecmp(words->items[i], "all")) {
			memset(set->has, true, sizeof(set->has));
			continue;
		}
		while (at < N_KNOWN && strcmp(known[at], words->items[i]))
			at++;
		if (at == N_KNOWN)
			return unknown(words, i, err);
		set->has[at] = true;
	}
	return 0;
}

static struct lkb_strlist to_list(const struct set *set, struct lkb_arena *arena)
{
	struct lkb_strlist list = { .set = true };

	list.items = lkb_arena_array(arena, N_KNOWN, sizeof(*list.items));
	for (size_t i = 0; i < N_KNOWN; i++)
		if (set->has[i])
			list.items[list.n++] = known[i];
	return list;
}

int lkb_caps_read(const struct lkb_spec_image *set, struct lkb_arena *arena, struct lkb_caps *ret,
		  struct lkb_error *err)
{
	struct set active = { 0 }, ambient = { 0 }, held;

	if (read_words(&set->capabilities, &active, err) < 0 ||
	    read_words(&set->ambient, &ambient, err) < 0)
		return -1;
	/* An ambient capability must be permitted and inheritable, or the kernel refuses it. */
	for (size_t i = 0; i < N_KNOWN; i++)
		held.has[i] = active.has[i] || ambient.has[i];
	ret->held = to_list(&held, arena);
	ret->active = to_list(&active, arena);
	ret->ambient = to_list(&ambient, arena);
	return 0;
}
