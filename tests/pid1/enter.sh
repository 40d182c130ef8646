#!/bin/sh
# Becomes the init of tests/cli/init.sh. Runs as process 1 in namespaces of its own:
#   tests/pid1/enter.sh DIR     DIR/system is copied to a new root, DIR/hands is /hands there,
#                               DIR/fifo its console, DIR/cmdline the kernel's command line
# The programs of this machine are in /bin there. No device but /dev/null, and an empty /sys.
set -e
dir=$1
root=$dir/root
mkdir -p "$root"
mount --make-rprivate /
mount -t tmpfs -o mode=755 root "$root"
cp -R "$dir/system/." "$root"
for d in bin lib lib64 usr/lib usr/lib64 dev proc sys run tmp var etc hands; do
	mkdir -p "$root/$d"
done
bind() { # FROM TO
	[ ! -e "$1" ] || mount --rbind "$1" "$root/$2"
}
bind /usr/bin bin
bind /usr/lib lib
bind /usr/lib usr/lib
bind /usr/lib64 lib64
bind "$dir/hands" hands
mount -t tmpfs -o mode=755 dev "$root/dev"
mount -t tmpfs -o mode=755 sys "$root/sys"
mount -t proc proc "$root/proc"
mkdir -p "$root/sys/fs/cgroup" "$root/dev/pts"
mount -t tmpfs cgroup "$root/sys/fs/cgroup"
mount -t tmpfs pts "$root/dev/pts"
touch "$root/dev/null" "$root/dev/console"
bind /dev/null dev/null
bind "$dir/fifo" dev/console
mount --bind "$dir/cmdline" "$root/proc/cmdline"
cd /
exec chroot "$root" /sbin/init
