#!/bin/sh
# ISO images: the same bytes twice, and what xorriso, sfdisk, bsdtar and mtools find in them.
. tests/lib.sh

cat > "$T/box.yml" << 'EOS'
kernel:
  image: localhost/kernel-amd64:bookworm
  cmdline: "quiet lkb.test=$(x);{a}|b#c&d*~!"
init: [localhost/init:bookworm]
onboot:
  - name: hello
    image: localhost/busybox:bookworm
    command: ["/bin/sh", "-c", "echo hello"]
EOS
sed 's/kernel-amd64/kernel-arm64/' "$T/box.yml" > "$T/arm.yml"
lk() { "$LKBOARD" --progress none --store "$STORE" "$@"; }
export MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1

check "three formats in one run" lk build qemu-x86 "$T/box.yml" -f iso-bios -f iso-efi -f iso-efi-initrd -o "$T/one"
check "and two for arm64" lk build qemu-arm64 "$T/arm.yml" -f iso-efi -f iso-efi-initrd -o "$T/one"
mkdir "$T/tmp"
again() ( # BOARD SPEC FORMAT
	cd "$T" && umask 077 && env TZ=Asia/Tokyo LC_ALL=C TMPDIR="$T/tmp" LKBOARD_CONFIGS="$TOP/configs" "$LKBOARD" \
		--progress none --store "$STORE" build -j 1 "$1" "$2" --offline -f "$3" -o two
)
for f in iso-bios:.iso iso-efi:-efi.iso iso-efi-initrd:-efi-initrd.iso; do
	check "${f%%:*} again, alone and elsewhere" again qemu-x86 box.yml "${f%%:*}"
	check "box${f#*:}: the same bytes" cmp "$T/one/box${f#*:}" "$T/two/box${f#*:}"
done
check "iso-efi for arm64 again" again qemu-arm64 arm.yml iso-efi
check "arm-efi.iso: the same bytes" cmp "$T/one/arm-efi.iso" "$T/two/arm-efi.iso"
same "nothing was left in the temporary directory" "" "$(ls -A "$T/tmp")"
same "nor beside the artifacts" "" "$(find "$T/one" "$T/two" -name '.*' -type f)"

if have xorriso; then
	report() { xorriso -indev "$1" -report_el_torito plain 2> /dev/null; }
	same "iso-bios: one image, for a BIOS" "BIOS" "$(report "$T/one/box.iso" | awk '/boot img/ && / y / { print $7 }' | xargs)"
	same "iso-efi: one image, for UEFI" "UEFI" "$(report "$T/one/box-efi.iso" | awk '/boot img/ && / y / { print $7 }' | xargs)"
	same "its volume id starts with the name" "box" "$(xorriso -indev "$T/one/box.iso" -pvd_info 2> /dev/null |
		sed -n "s/^Volume Id *: '*\([a-z]*\)-[0-9a-f]\{8\}'*$/\1/p")"
	check "xorriso reads all of it" sh -c 'xorriso -indev "$0" -check_media -- 2>&1 | grep -q "Media summary"' "$T/one/box.iso"
else
	skip "what xorriso says" "xorriso is not installed"
fi
same "iso-bios on a stick: the image, bootable" "17 *" \
	"$(sfdisk --json "$T/one/box.iso" | python3 -c '
import json, sys
p = json.load(sys.stdin)["partitiontable"]["partitions"]
print(p[0]["type"], "*" if p[0].get("bootable") else "-")')"
same "iso-efi on a stick: an EFI partition in the image" "17 ef" \
	"$(sfdisk --json "$T/one/box-efi.iso" | python3 -c '
import json, sys
print(*[p["type"] for p in json.load(sys.stdin)["partitiontable"]["partitions"]])')"

# The root is the image; /boot and the boot loader are beside it.
if have bsdtar; then
	check "bsdtar unpacks iso-bios" sh -c 'mkdir "$1" && bsdtar -xf "$0" -C "$1" boot isolinux etc sbin' "$T/one/box.iso" "$T/iso"
	check "the kernel is in it" [ -s "$T/iso/boot/kernel" ]
	check "init is in it" [ -s "$T/iso/sbin/init" ]
	word=$(sed -n 's/.*APPEND .*\(lkb.image=iso9660:[0-9a-f]*\)$/\1/p' "$T/iso/isolinux/isolinux.cfg")
	crc=$(python3 -c 'import sys, zlib; f = open(sys.argv[1], "rb"); f.seek(32808); print("%08x" % zlib.crc32(f.read(32)))' "$T/one/box.iso")
	same "the command line names the image" "lkb.image=iso9660:$crc" "$word"
	check "and has the board's words and the spec's" grep -qF \
		"APPEND console=ttyS0 panic=10 quiet lkb.test=\$(x);{a}|b#c&d*~! lkb.image=" "$T/iso/isolinux/isolinux.cfg"
	bsdtar -xOf "$T/one/arm-efi.iso" boot/efi.img > "$T/esp"
	check "iso-efi: fsck.fat finds nothing wrong" fsck.fat -n "$T/esp"
	check "iso-efi: its program" mcopy -n -i "$T/esp" ::EFI/BOOT/BOOTAA64.EFI "$T/uki"
	check "iso-efi: which is larger than a kernel alone" [ "$(stat -c %s "$T/uki")" -gt 20000000 ]
	same "iso-efi-initrd holds nothing else" "boot boot/efi.img" \
		"$(bsdtar -tf "$T/one/box-efi-initrd.iso" | sed 's,/$,,' | grep -v '^\.$' | sort | xargs)"
else
	skip "what bsdtar unpacks" "libarchive-tools is not installed"
fi

# What is refused before anything is written.
says() { # NAME CODE TEXT command...
	what=$1 want=$2 text=$3
	shift 3
	"$@" > "$T/out" 2> "$T/err"
	code=$?
	if [ $code = "$want" ] && grep -qF -- "$text" "$T/err"; then ok "$what"; else not_ok "$what" "$T/err"; fi
}
says "iso-bios and kernel+iso have one name" 2 "make a file of the same name, 'NAME.iso'" \
	lk build qemu-x86 "$T/box.yml" -f iso-bios -f kernel+iso -o "$T/no"
says "a BIOS ISO for arm64" 2 "board 'qemu-arm64' is not built as 'iso-bios'" \
	lk build qemu-arm64 "$T/arm.yml" -f iso-bios -o "$T/no"
printf 'kernel:\n  image: localhost/kernel-amd64:bookworm\n  cmdline: "%s"\n' "$(printf 'a%.0s ' $(seq 1005))" > "$T/long.yml"
says "a command line that ISOLINUX would cut" 3 "long.yml:2:3: ISOLINUX takes command lines of one line and 2000 bytes" \
	lk build qemu-x86 "$T/box.yml" "$T/long.yml" -f iso-bios -o "$T/no"
check "nothing was written" [ ! -e "$T/no" ]
finish
