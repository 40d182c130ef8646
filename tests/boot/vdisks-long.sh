#!/bin/sh
# hello.yml as the virtual disks that QEMU reads, each started by the board's firmware.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-x86_64 qemu-system-x86
boot_test_needs qemu-system-aarch64 qemu-system-arm

printf 'kernel:\n  image: localhost/kernel-arm64:bookworm\n' > "$T/arm64.yml"
cp configs/specs/amd64.yml "$T/amd64.yml"
start() { # FORMAT BOARD ARCH FILE
	check "$1 for $2 is built" "$LKBOARD" --progress none --store "$STORE" build "$2" configs/specs/hello.yml \
		"$T/$3.yml" -f "$1" -o "$T/$2"
	sha256sum "$T/$2/$4" > "$T/sum"
	boot "$T/$2/$4" 500
	check "$1 on $2: the service is heard" wait_for "lkboard: service ok" 400
	seconds "service"
	check "$1 on $2: the console has a shell" shell_ready 120
	type_line poweroff
	check "$1 on $2: the guest ends by itself" wait_end 90
	check "$1 on $2: the disk is as it was" sha256sum --status -c "$T/sum"
	rm -rf "${T:?}/$2"
	[ $failed = 0 ] || console_tail
}
start qcow2-bios qemu-x86 amd64 hello.qcow2
start qcow2-efi qemu-x86 amd64 hello-efi.qcow2
start qcow2-efi qemu-arm64 arm64 hello-efi.qcow2
start vhd qemu-x86 amd64 hello.vhd
start dynamic-vhd qemu-x86 amd64 hello.vhd
start vmdk qemu-x86 amd64 hello.vmdk
start aws qemu-x86 amd64 hello.raw
finish
