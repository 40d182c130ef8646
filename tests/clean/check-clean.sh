#!/bin/sh
# The README's two commands in a clean Debian 12 root: nothing but a minimal system and this repository.
# Needs root, debootstrap and the package mirror of this machine. The root goes away afterwards.
#   tests/clean/check-clean.sh [command...]      default: make demo, then make check
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "check-clean needs root: it makes a Debian root" >&2; exit 7; }
command -v debootstrap > /dev/null || {
	echo "debootstrap is needed: apt-get install debootstrap" >&2
	exit 10
}

base=${LKBOARD_CLEAN_DIR:-/var/tmp}
root=$(mktemp -d "$base/lkb-clean.XXXXXX")
# mktemp makes it private, but it is a root for every user.
chmod 755 "$root"
cleanup() {
	for m in dev/pts dev/shm dev proc sys; do
		umount -l "$root/$m" 2> /dev/null || :
	done
	rm -rf "$root"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# The mirror of this system: what Debian's own entries name.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' 2> /dev/null |
	head -n 1)
[ -n "$mirror" ] || { echo "apt knows no mirror of Debian 12 on this machine" >&2; exit 3; }
echo "== a clean Debian 12"
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror" > "$root.log" 2>&1 ||
	{ tail -n 5 "$root.log"; exit 1; }
rm -f "$root.log"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
rm -f "$root/etc/apt/sources.list"
cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/" 2> /dev/null ||
	cp /etc/apt/sources.list "$root/etc/apt/sources.list"
for f in /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf.d/99*; do
	[ ! -e "$f" ] || cp "$f" "$root/etc/apt/apt.conf.d/"
done
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount --make-rslave "$root/dev"

# What git tracks, and nothing else.
mkdir "$root/lkboard"
git ls-files -z | xargs -0 tar cf - | tar xf - -C "$root/lkboard"

in_root() {
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive sh -c "cd /lkboard && $1"
}
in_root "apt-get update -qq && apt-get install -y -qq make > /dev/null"
if [ $# -gt 0 ]; then
	in_root "$*"
	exit
fi
echo "== make demo"
in_root "make demo"
echo "== make check"
in_root "make check"
echo "== make check as an ordinary user"
in_root "useradd -m builder && chown -R builder /lkboard && su builder -c 'make check'"
