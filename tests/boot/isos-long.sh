#!/bin/sh
# hello.yml as ISO images: from a CD, and from a disk that the image was written to; with a BIOS and
# with UEFI. The root is found by its volume id wherever it is.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-x86_64 qemu-system-x86
boot_test_needs qemu-system-aarch64 qemu-system-arm

printf 'kernel:\n  image: localhost/kernel-arm64:bookworm\n' > "$T/arm64.yml"
cp configs/specs/amd64.yml "$T/amd64.yml"
build() { # FORMAT BOARD ARCH
	check "$1 for $2 is built" "$LKBOARD" --progress none --store "$STORE" build "$2" configs/specs/hello.yml \
		"$T/$3.yml" -f "$1" -o "$T/$2"
}
start() { # NAME FILE WHERE-THE-ROOT-IS
	boot "$2" 500
	check "$1: the service is heard" wait_for "lkboard: service ok" 400
	seconds "service"
	check "$1: the console has a shell" shell_ready 120
	type_line poweroff
	check "$1: the guest ends by itself" wait_end 90
	log > "$T/log"
	check "$1: root is $3" grep -aqF "lkboard: root is $3" "$T/log"
	[ $failed = 0 ] || console_tail
}
build iso-bios qemu-x86 amd64
start "CD, BIOS" "$T/qemu-x86/hello.iso" "the iso9660 image on sr0, read-only"
mv "$T/qemu-x86/hello.iso" "$T/qemu-x86/hello.raw"
sed -i 's/"hello.iso"/"hello.raw"/' "$T/qemu-x86/hello-qemu-x86.build.json"
start "stick, BIOS" "$T/qemu-x86/hello.raw" "the iso9660 image on vda, read-only"
build iso-efi qemu-x86 amd64
start "CD, UEFI" "$T/qemu-x86/hello-efi.iso" "the iso9660 image on sr0, read-only"
build iso-efi-initrd qemu-x86 amd64
start "CD with the root in its initrd, UEFI" "$T/qemu-x86/hello-efi-initrd.iso" "in RAM"
build iso-efi qemu-arm64 arm64
start "disk, arm64 UEFI" "$T/qemu-arm64/hello-efi.iso" "the iso9660 image on vda, read-only"
finish
