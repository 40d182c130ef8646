#!/bin/sh
# The root as an image of a file system, which a small initrd finds on the machine's disk: squashfs,
# erofs and ISO 9660, built twice with the same bytes, judged by others' tools, booted.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-x86_64 qemu-system-x86
boot_test_needs qemu-system-aarch64 qemu-system-arm

try() { # BOARD FORMAT SUFFIX TYPE
	dir=$T/$1-$4
	case $1 in *x86) arch=amd64 ;; *) arch=arm64 ;; esac
	echo "kernel: {image: \"localhost/kernel-$arch:bookworm\"}" > "$T/kernel.yml"
	check "$1: $2 is built" "$LKBOARD" --progress none --store "$STORE" build "$1" configs/specs/hello.yml \
		"$T/kernel.yml" -f "$2" -o "$dir"
	check "$1: and again, elsewhere" sh -c 'umask 077; TZ=Asia/Tokyo TMPDIR="$1" "$2" --progress none \
		--store "$3" build "$4" configs/specs/hello.yml "$1/kernel.yml" --offline -j 1 -f "$5" -o "$1/again"' - \
		"$T" "$LKBOARD" "$STORE" "$1" "$2"
	for f in -kernel -initrd.img -cmdline "$3"; do
		check "$1: hello$f: the same bytes" cmp "$dir/hello$f" "$T/again/hello$f"
	done
	rm -rf "$T/again"
	boot "$dir/hello-kernel" 300
	check "$1: the service is heard" wait_for "lkboard: service ok" 200
	seconds "service"
	check "$1: the console has a shell" shell_ready 120
	type_line 'awk "\$2 == \"/\" { print \"root-is-\" \$3 \"-\" \$4 }" /proc/1/mounts'
	type_line 'echo asked-$((1 + 1))'
	check "$1: the console answers" wait_for asked-2 60
	type_line poweroff
	check "$1: the guest ends by itself" wait_end 90
	log > "$T/log"
	check "$1: the root was found by its contents" grep -aqF "lkboard: root is the $4 image on vda, read-only" "$T/log"
	check "$1: and is that image" grep -aqE "^root-is-$4-ro" "$T/log"
	[ $failed = 0 ] || console_tail
}

try qemu-x86 kernel+squashfs -squashfs.img squashfs
if have unsquashfs; then
	check "unsquashfs reads it" sh -c 'unsquashfs -lln "$1" | grep -q "squashfs-root/sbin/init"' - \
		"$T/qemu-x86-squashfs/hello-squashfs.img"
else
	skip "unsquashfs reads it" "squashfs-tools is not installed"
fi
try qemu-x86 kernel+erofs -erofs.img erofs
if have fsck.erofs; then
	check "fsck.erofs finds no fault" fsck.erofs "$T/qemu-x86-erofs/hello-erofs.img"
else
	skip "fsck.erofs finds no fault" "erofs-utils is not installed"
fi
try qemu-x86 kernel+iso .iso iso9660
if have xorriso; then
	check "xorriso reads it" sh -c 'xorriso -indev "$1" -find /sbin/init 2>&1 | grep -q "^./sbin/init\|^.*/sbin/init"' - \
		"$T/qemu-x86-iso9660/hello.iso"
else
	skip "xorriso reads it" "xorriso is not installed"
fi
try qemu-arm64 kernel+squashfs -squashfs.img squashfs
finish
