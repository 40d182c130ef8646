#!/bin/sh
# `lkboard run` of what the format pxe makes: QEMU serves it by TFTP, firmware and iPXE boot it, as its
# machines would. x86 with a BIOS, arm64 with UEFI; nothing else serves anything.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-x86_64 qemu-system-x86 qemu-system-aarch64 qemu-system-arm
lk() { "$LKBOARD" --progress none --store "$STORE" "$@"; }

printf 'kernel:\n  image: localhost/kernel-arm64:bookworm\n' > "$T/arm64.yml"
cp configs/specs/amd64.yml "$T/amd64.yml"
start() { # WHAT BOARD ARCH OPERAND
	check "$1: the directory is built" lk build "$2" configs/specs/hello.yml "$T/$3.yml" -f pxe -n box -o "$T/$2"
	(cd "$T/$2" && sha256sum box-pxe/*) > "$T/sum"
	LKBOARD_STORE=$STORE boot "$T/$2/$4" 500
	check "$1: the service is heard" wait_for "lkboard: service ok" 400
	seconds "service"
	check "$1: the console has a shell" shell_ready 120
	type_line poweroff
	check "$1: the guest ends by itself" wait_end 90
	check "$1: root is in RAM" grep -aqF "lkboard: root is in RAM" "$T/console"
	check "$1: the directory is as it was" sh -c 'cd "$1" && sha256sum --status -c ../sum' - "$T/$2"
	rm -rf "${T:?}/$2"
	[ $failed = 0 ] || console_tail
}
start "x86, BIOS" packet-x86 amd64 box-pxe
if lk pkg build --arch arm64 ipxe > "$T/ipxe.out" 2>&1; then
	start "arm64, UEFI" packet-arm64 arm64 box-pxe/box.ipxe
else
	skip "arm64, UEFI" "no iPXE from trixie here: $(grep -m 1 lkboard: "$T/ipxe.out")"
fi
finish
