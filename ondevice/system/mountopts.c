/* SPDX-License-Identifier: Apache-2.0 */
#include "ondevice/system/mountopts.h"

#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"

static const struct {
	const char *name;
	unsigned long set, clear, propagation;
} words[] = {
	{"defaults", 0, 0, 0},
	{"ro", MS_RDONLY, 0, 0},
	{"rw", 0, MS_RDONLY, 0},
	{"nosuid", MS_NOSUID, 0, 0},
	{"suid", 0, MS_NOSUID, 0},
	{"nodev", MS_NODEV, 0, 0},
	{"dev", 0, MS_NODEV, 0},
	{"noexec", MS_NOEXEC, 0, 0},
	{"exec", 0, MS_NOEXEC, 0},
	{"sync", MS_SYNCHRONOUS, 0, 0},
	{"async", 0, MS_SYNCHRONOUS, 0},
	{"dirsync", MS_DIRSYNC, 0, 0},
	{"remount", MS_REMOUNT, 0, 0},
	{"mand", MS_MANDLOCK, 0, 0},
	{"nomand", 0, MS_MANDLOCK, 0},
	{"atime", 0, MS_NOATIME, 0},
	{"noatime", MS_NOATIME, 0, 0},
	{"diratime", 0, MS_NODIRATIME, 0},
	{"nodiratime", MS_NODIRATIME, 0, 0},
	{"relatime", MS_RELATIME, 0, 0},
	{"norelatime", 0, MS_RELATIME, 0},
	{"strictatime", MS_STRICTATIME, 0, 0},
	{"nostrictatime", 0, MS_STRICTATIME, 0},
	{"bind", MS_BIND, 0, 0},
	{"rbind", MS_BIND | MS_REC, 0, 0},
	{"private", 0, 0, MS_PRIVATE},
	{"rprivate", 0, 0, MS_PRIVATE | MS_REC},
	{"shared", 0, 0, MS_SHARED},
	{"rshared", 0, 0, MS_SHARED | MS_REC},
	{"slave", 0, 0, MS_SLAVE},
	{"rslave", 0, 0, MS_SLAVE | MS_REC},
	{"unbindable", 0, 0, MS_UNBINDABLE},
	{"runbindable", 0, 0, MS_UNBINDABLE | MS_REC},
};

void lkb_mount_options_add(struct lkb_mount_options *o, const char *option)
{
	size_t i;

	for (i = 0; i < LKB_ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].name, option))
			continue;
		o->flags = (o->flags | words[i].set) & ~words[i].clear;
		if (words[i].propagation)
			o->propagation = words[i].propagation;
		return;
	}
	lkb_str_addf(&o->data, "%s%s", o->data.len ? "," : "", option);
}

void lkb_mount_options_clear(struct lkb_mount_options *o)
{
	lkb_str_clear(&o->data);
}

int lkb_mount(const char *source, const char *target, const char *type,
	      const struct lkb_mount_options *o, struct lkb_error *err)
{
	static const unsigned long of_bind = MS_BIND | MS_REC | MS_REMOUNT;

	/* "remount,private" changes the propagation and nothing else. */
	if ((o->flags != MS_REMOUNT || o->data.len || !o->propagation) &&
	    mount(source, target, type, o->flags, lkb_str_get(&o->data)) < 0)
		return lkb_fail_errno(err, "cannot mount '%s' on '%s'", source, target);
	if ((o->flags & MS_BIND) && (o->flags & ~of_bind) &&
	    mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | (o->flags & ~of_bind), NULL) < 0)
		return lkb_fail_errno(err, "cannot set the options of the mount '%s'", target);
	if (o->propagation && mount(NULL, target, NULL, o->propagation, NULL) < 0)
		return lkb_fail_errno(err, "cannot set the propagation of the mount '%s'", target);
	return 0;
}
