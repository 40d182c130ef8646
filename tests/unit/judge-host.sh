#!/bin/sh
# Runs a program on a host that looks like a booted system of ours, in a mount namespace of its own:
# one hierarchy of control groups, and the places that the goldens in tests/golden/runtime name. Only
# root can do so.
#   unshare --mount tests/unit/judge-host.sh PROGRAM ARGS...
set -e
new=/mnt
mount --make-rprivate /
mount -t tmpfs -o mode=755 host $new
for dir in /*; do
	name=${dir#/}
	if [ -L "$dir" ]; then
		cp -P "$dir" "$new/$name"
	elif [ -d "$dir" ] && [ "$name" != run ] && [ "$name" != mnt ]; then
		mkdir "$new/$name"
		mount --rbind "$dir" "$new/$name"
	fi
done
mkdir -p $new/run/netns $new/run/ns $new/run/lock $new/containers/volumes/logs/merged \
	$new/containers/volumes/page/lower $new/old
mount -t cgroup2 cgroup2 $new/sys/fs/cgroup
keep() { # kind path
	touch "$new/run/$2"
	mount --bind "/proc/self/ns/$1" "$new/run/$2"
}
keep net netns/blue
keep ipc ns/ipc
keep uts ns/uts
keep pid ns/pid
cd $new
pivot_root . old
umount -l /old
rmdir /old
exec "$@"
