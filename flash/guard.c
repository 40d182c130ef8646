/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/guard.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/size.h"
#include "base/str.h"

#define NAMED_MAX 4u /* mounts, holders, ... that a message names; the rest is counted */

#define LL(n) ((unsigned long long)(n))

struct say {
	struct lkb_str message, hint;
};

/* One word for a shell. */
static void add_word(struct lkb_str *s, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._-+:=@%";

	if (*word && strspn(word, plain) == strlen(word)) {
		lkb_str_add(s, word);
		return;
	}
	lkb_str_addc(s, '\'');
	for (; *word; word++)
		lkb_str_add(s, *word == '\'' ? "'\\''" : (char[]){*word, '\0'});
	lkb_str_addc(s, '\'');
}

static bool is_system(const struct lkb_device *dev)
{
	return dev->n_runs > 0;
}

static bool no_medium(const struct lkb_device *dev, const struct lkb_guard_request *r,
		      struct say *s)
{
	if (dev->size)
		return false;
	if (dev->kind == LKB_DEVICE_FILE) {
		lkb_str_addf(&s->message, "'%s' is empty", dev->path);
		lkb_str_add(&s->hint, "give it the size of the disk: truncate -s 4G ");
		add_word(&s->hint, dev->path);
	} else if (!strcmp(dev->transport, "loop")) {
		lkb_str_addf(&s->message, "'%s' has no file behind it", dev->path);
		lkb_str_addf(&s->hint, "attach one: losetup %s FILE", dev->path);
	} else {
		lkb_str_addf(&s->message, "'%s' has no card in it", dev->path);
		lkb_str_add(&s->hint, "put one in");
	}
	return true;
}

static bool system_disk(const struct lkb_device *dev, const struct lkb_guard_request *r,
			struct say *s)
{
	if (!is_system(dev))
		return false;
	lkb_str_addf(&s->message, "'%s' is the running system's: it holds", dev->path);
	for (size_t i = 0; i < dev->n_runs; i++)
		lkb_str_addf(&s->message, "%s '%s'", i ? "," : "", dev->runs[i]);
	lkb_str_add(&s->hint, "take another one: lkboard devices lists them");
	return true;
}

/* How the next of several is joined to what stands there; false if it is only counted. */
static bool join(struct lkb_str *s, size_t *n, const char *gap)
{
	if (++*n > NAMED_MAX)
		return false;
	if (*n > 1)
		lkb_str_add(s, gap);
	return true;
}

static void count_rest(struct lkb_str *s, size_t n)
{
	if (n > NAMED_MAX)
		lkb_str_addf(s, ", and %zu more", n - NAMED_MAX);
}

/* True if an earlier use of that kind is of the same device. */
static bool is_again(const struct lkb_device *dev, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (dev->uses[k].kind == dev->uses[i].kind &&
		    !strcmp(dev->uses[k].device, dev->uses[i].device))
			return true;
	return false;
}

/* What a desktop mounted, its user may unmount. */
static bool is_desktops(const char *point)
{
	return lkb_starts_with(point, "/media/") || lkb_starts_with(point, "/run/media/");
}

static void hint_unmount(const struct lkb_device *dev, struct lkb_str *hint)
{
	bool all_desktops = true, again = false;
	size_t n = 0;

	for (size_t i = 0; i < dev->n_uses; i++) {
		if (dev->uses[i].kind != LKB_USE_MOUNT)
			continue;
		all_desktops &= is_desktops(dev->uses[i].by);
		again |= is_again(dev, i);
	}
	lkb_str_addf(hint, "unmount it: %s", all_desktops ? "" : again ? "umount -A " : "umount ");
	for (size_t i = 0; i < dev->n_uses; i++) {
		if (dev->uses[i].kind != LKB_USE_MOUNT || is_again(dev, i) ||
		    !join(hint, &n, all_desktops ? "; " : " "))
			continue;
		lkb_str_add(hint, all_desktops ? "udisksctl unmount -b " : "");
		add_word(hint, dev->uses[i].device);
	}
	count_rest(hint, n);
}

static bool mounted(const struct lkb_device *dev, const struct lkb_guard_request *r,
		    struct say *s)
{
	size_t n = 0;

	for (size_t i = 0; i < dev->n_uses && !is_system(dev); i++) {
		const struct lkb_use *u = &dev->uses[i];

		if (u->kind == LKB_USE_MOUNT && join(&s->message, &n, ", "))
			lkb_str_addf(&s->message, "'%s' is mounted at '%s'", u->device, u->by);
	}
	count_rest(&s->message, n);
	if (n)
		hint_unmount(dev, &s->hint);
	return n > 0;
}

static bool swap(const struct lkb_device *dev, const struct lkb_guard_request *r, struct say *s)
{
	size_t n = 0, k = 0;

	for (size_t i = 0; i < dev->n_uses && !is_system(dev); i++) {
		const struct lkb_use *u = &dev->uses[i];

		if (u->kind != LKB_USE_SWAP || !join(&s->message, &n, ", "))
			continue;
		if (u->by)
			lkb_str_addf(&s->message, "the swap file '%s' on '%s' is in use", u->by,
				     u->device);
		else
			lkb_str_addf(&s->message, "'%s' is swap space in use", u->device);
		lkb_str_add(&s->hint, k++ ? " " : "end that: swapoff ");
		add_word(&s->hint, u->by ? u->by : u->device);
	}
	count_rest(&s->message, n);
	return n > 0;
}

/* How what stands on a device is ended. */
static const struct {
	const char *what, *command;
	bool by_name; /* of the mapping, not by its path */
} enders[] = {
	{"LUKS", "cryptsetup close", true}, {"LVM", "lvchange -an", false},
	{"dm", "dmsetup remove", true},     {"md", "mdadm --stop", false},
};

static void add_ender(const struct lkb_use *u, struct lkb_str *hint)
{
	const char *command = u->kind == LKB_USE_LOOP ? "losetup -d" : NULL, *what = u->by;

	for (size_t i = 0; !command && i < LKB_ARRAY_SIZE(enders); i++) {
		if (!u->what || strcmp(u->what, enders[i].what) != 0)
			continue;
		command = enders[i].command;
		what = enders[i].by_name ? lkb_path_basename(u->by) : u->by;
	}
	if (!command)
		return;
	lkb_str_addf(hint, "%s%s ", hint->len ? "; " : "let go of it: ", command);
	add_word(hint, what);
}

static bool held(const struct lkb_device *dev, const struct lkb_guard_request *r, struct say *s)
{
	size_t n = 0;

	for (size_t i = 0; i < dev->n_uses && !is_system(dev); i++) {
		const struct lkb_use *u = &dev->uses[i];

		if (u->kind != LKB_USE_HOLDER && u->kind != LKB_USE_LOOP)
			continue;
		if (!n)
			lkb_str_addf(&s->message, "'%s' is held: ", dev->path);
		if (!join(&s->message, &n, ", "))
			continue;
		if (u->kind == LKB_USE_LOOP)
			lkb_str_addf(&s->message, "'%s' has '%s' behind it", u->by,
				     u->what ? u->what : u->device);
		else
			lkb_str_addf(&s->message, "'%s' stands on '%s'", u->by, u->device);
		add_ender(u, &s->hint);
	}
	count_rest(&s->message, n);
	if (n && !s->hint.len)
		lkb_str_add(&s->hint, "end what stands on it");
	return n > 0;
}

static bool image_on_it(const struct lkb_device *dev, const struct lkb_guard_request *r,
			struct say *s)
{
	if (!r->image || !r->image_on_it)
		return false;
	lkb_str_addf(&s->message, "the image '%s' is on '%s', which would be written over it",
		     r->image, dev->path);
	lkb_str_add(&s->hint, "copy the image to another disk, or take another target");
	return true;
}

static bool read_only(const struct lkb_device *dev, const struct lkb_guard_request *r,
		      struct say *s)
{
	static const char *const hints[][2] = {
		{"mmc", "a card has a lock at its side: slide it; a worn-out card locks itself"},
		{"usb", "a card or stick may have a lock at its side: slide it"},
		{"loop", "it was attached so: attach it again without losetup's -r"},
		{"file", "its file system is mounted so"},
	};

	if (!dev->read_only || !dev->size)
		return false;
	lkb_str_addf(&s->message, "'%s' is read-only", dev->path);
	for (size_t i = 0; i < LKB_ARRAY_SIZE(hints); i++)
		if (!strcmp(dev->transport, hints[i][0]))
			lkb_str_add(&s->hint, hints[i][1]);
	if (!s->hint.len)
		lkb_str_addf(&s->hint, "blockdev --setrw %s, if the kernel only was told so",
			     dev->path);
	return true;
}

static bool too_small(const struct lkb_device *dev, const struct lkb_guard_request *r,
		      struct say *s)
{
	if (!dev->size || r->image_size <= dev->size)
		return false;
	lkb_str_addf(&s->message, "'%s' has %s (%llu bytes), the image needs %s (%llu bytes)",
		     dev->path, lkb_size_text(dev->size).s, LL(dev->size),
		     lkb_size_text(r->image_size).s, LL(r->image_size));
	if (dev->kind == LKB_DEVICE_FILE) {
		lkb_str_addf(&s->hint, "make it larger: truncate -s %llu ", LL(r->image_size));
		add_word(&s->hint, dev->path);
	} else {
		lkb_str_add(&s->hint, "take a larger one");
	}
	return true;
}

static bool sector_size(const struct lkb_device *dev, const struct lkb_guard_request *r,
			struct say *s)
{
	if (!r->image_sector || !dev->size || dev->kind == LKB_DEVICE_FILE ||
	    r->image_sector == dev->logical)
		return false;
	lkb_str_addf(&s->message, "'%s' has sectors of %u bytes, the image's partition table "
				  "counts in sectors of %u", dev->path, dev->logical,
		     r->image_sector);
	lkb_str_addf(&s->hint, "its partitions would not be found; take a disk with sectors of %u "
			       "bytes", r->image_sector);
	return true;
}

static bool other_serial(const struct lkb_device *dev, const struct lkb_guard_request *r,
			 struct say *s)
{
	if (!r->serial || (dev->serial && !strcmp(r->serial, dev->serial)))
		return false;
	if (dev->serial) {
		lkb_str_addf(&s->message, "'%s' has the serial '%s', not '%s'", dev->path,
			     dev->serial, r->serial);
		lkb_str_add(&s->hint, "lkboard devices lists the serials");
	} else {
		lkb_str_addf(&s->message, "'%s' has no serial, and '%s' was asked for", dev->path,
			     r->serial);
		lkb_str_add(&s->hint, "leave --serial out if it is the right one");
	}
	return true;
}

static bool not_removable(const struct lkb_device *dev, const struct lkb_guard_request *r,
			  struct say *s)
{
	if (dev->removable || r->fixed || is_system(dev))
		return false;
	lkb_str_addf(&s->message, "'%s' is not removable", dev->path);
	lkb_str_add(&s->hint, "add --fixed if it is the right one");
	return true;
}

static bool not_identified(const struct lkb_device *dev, const struct lkb_guard_request *r,
			   struct say *s)
{
	if (dev->removable || !r->fixed || !r->yes || !dev->serial || r->serial ||
	    dev->given_by_id)
		return false;
	lkb_str_addf(&s->message, "'%s' is not removable, nobody is asked, and the name may be "
				  "another disk's after the next start", dev->path);
	lkb_str_add(&s->hint, "add --serial ");
	add_word(&s->hint, dev->serial);
	if (dev->by_id)
		lkb_str_addf(&s->hint, ", or call it %s", dev->by_id);
	return true;
}

static const struct {
	const char *code, *flag;
	bool (*applies)(const struct lkb_device *dev, const struct lkb_guard_request *r,
			struct say *s);
} rules[] = {
	{"no-medium", NULL, no_medium},     {"system", NULL, system_disk},
	{"mounted", NULL, mounted},         {"swap", NULL, swap},
	{"held", NULL, held},               {"image", NULL, image_on_it},
	{"read-only", NULL, read_only},     {"too-small", NULL, too_small},
	{"sector-size", NULL, sector_size}, {"serial", NULL, other_serial},
	{"fixed", "--fixed", not_removable}, {"identity", "--serial", not_identified},
};

void lkb_guard(const struct lkb_device *dev, const struct lkb_guard_request *request,
	       struct lkb_refusals *ret)
{
	for (size_t i = 0; i < LKB_ARRAY_SIZE(rules); i++) {
		struct say s = {0};

		if (rules[i].applies(dev, request, &s)) {
			LKB_GROW(ret->items, ret->n, ret->cap);
			ret->items[ret->n++] = (struct lkb_refusal){
				rules[i].code,
				lkb_arena_strdup(&ret->arena, lkb_str_get(&s.message)),
				lkb_arena_strdup(&ret->arena, lkb_str_get(&s.hint)),
				rules[i].flag,
			};
		}
		lkb_str_clear(&s.message);
		lkb_str_clear(&s.hint);
	}
}

void lkb_refusals_clear(struct lkb_refusals *r)
{
	free(r->items);
	lkb_arena_clear(&r->arena);
	memset(r, 0, sizeof(*r));
}

int lkb_guard_fail(const struct lkb_refusals *r, struct lkb_error *err)
{
	lkb_autostr all = {0};

	if (!r->n)
		return 0;
	for (size_t i = 0; i < r->n; i++)
		lkb_str_addf(&all, "%s%s", i ? "; " : "", r->items[i].message);
	lkb_fail(err, LKB_REFUSED, "%s", lkb_str_get(&all));
	return *r->items[0].hint ? lkb_hint(err, "%s", r->items[0].hint) : -1;
}
