#!/bin/sh
# hello.yml as a disk that firmware starts by itself: raw-efi and disk-efi on QEMU's PC and arm64 machine, raw-bios
# on the PC; the command line arrives as it was written.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm

cat > "$T/line.yml" << 'EOS'
kernel:
  cmdline: "quiet lkb.test=$(x);{a}|b#c&d*~!<>[e]?^%@=,:+"
EOS
printf 'kernel:\n  image: localhost/kernel-arm64:bookworm\n' > "$T/arm64.yml"
cp configs/specs/amd64.yml "$T/amd64.yml"

start() { # FORMAT BOARD ARCH FILE CONSOLE
	check "$1 for $2 is built" "$LKBOARD" --progress none --store "$STORE" build "$2" configs/specs/hello.yml \
		"$T/$3.yml" "$T/line.yml" -f "$1" -o "$T/$2"
	sha256sum "$T/$2/$4" > "$T/sum"
	boot "$T/$2/$4" 500
	check "$1 on $2: the service is heard" wait_for "lkboard: service ok" 400
	seconds "service"
	check "$1 on $2: the console has a shell" shell_ready 120
	type_line 'cat /proc/cmdline; echo asked-$((1 + 1))'
	check "$1 on $2: it answers" wait_for asked-2 60
	type_line poweroff
	check "$1 on $2: the guest ends by itself" wait_end 90
	log > "$T/log"
	check "$1 on $2: the command line is the board's and the spec's" grep -aqF \
		"console=$5 panic=10 quiet lkb.test=\$(x);{a}|b#c&d*~!<>[e]?^%@=,:+" "$T/log"
	if [ "$1" = disk-efi ]; then
		check "$1 on $2: the root is slot A, verified" grep -aqE "root is slot A \(vda3\), read-only, dm-verity [0-9a-f]{64}" "$T/log"
		check "$1 on $2: data is there" grep -aqF "data partition (vda5) is at '/var/lib/data'" "$T/log"
	fi
	check "$1 on $2: the disk is as it was" sha256sum --status -c "$T/sum"
	rm -rf "${T:?}/$2"
}
start raw-efi qemu-x86 amd64 hello-efi.img ttyS0
start raw-efi qemu-arm64 arm64 hello-efi.img ttyAMA0
start raw-bios qemu-x86 amd64 hello-bios.img ttyS0
start disk-efi qemu-x86 amd64 hello-qemu-x86.img ttyS0
start disk-efi qemu-arm64 arm64 hello-qemu-arm64.img ttyAMA0
[ $failed = 0 ] || console_tail
finish
