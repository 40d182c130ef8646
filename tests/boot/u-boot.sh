#!/bin/sh
# Stock U-Boot reads every /boot file of slot A whole (ext4 as we write it), and our partition table.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm debugfs e2fsprogs sfdisk fdisk

check "the card is built" "$LKBOARD" --store "$STORE" build rpi3 configs/specs/hello.yml -o "$T"
card=$T/hello-rpi3.img
debugfs -R 'ls -p /boot' "$card?offset=$(partition "$card" 2 start)" > "$T/ls" 2> /dev/null
debugfs -R 'ls -p /boot/dtb/broadcom' "$card?offset=$(partition "$card" 2 start)" \
	> "$T/ls-dtb" 2> /dev/null
files=$(awk -F/ '$3 ~ /^10/ { print "/boot/" $6 }' "$T/ls"
	awk -F/ '$3 ~ /^10/ { print "/boot/dtb/broadcom/" $6 }' "$T/ls-dtb")
same "/boot has a kernel, an initrd and two device trees" 4 "$(echo "$files" | wc -l)"

boot "$card" 120
check "U-Boot counts down" wait_for "Hit any key" 60
type_line ''
check "a key stops it" wait_for "U-Boot>" 20
type_line 'part list mmc 0'
for file in $files; do
	type_line "load mmc 0:2 1000000 $file && crc32 1000000 \${filesize}"
done
type_line 'echo all-was-lo${filesize}aded'
wait_for all-was-lo 60
sleep 1
seconds "all files were read"
stop_guest
log > "$T/log"

for n in 1 2 3 4; do
	want="$(($(partition "$card" $n start) / 512)) $(($(partition "$card" $n size) / 512))"
	same "U-Boot finds partition $n where sfdisk finds it" "$want" \
		"$(awk -v n=$n '$1 == n && $4 ~ /^[0-9a-f]*-/ { print $2, $3 }' "$T/log")"
done
crc() { python3 -c 'import sys, zlib; print("%08x" % zlib.crc32(open(sys.argv[1], "rb").read()))' "$1"; }
seen() { # what U-Boot said behind the command that loads the file
	awk -v file="$1" 'index($0, "load mmc") { mine = index($0, " " file " ") }
		mine && /==>/ { print $NF; exit }' "$T/log"
}
for file in $files; do
	slot_file "$card" "$file" "$T/file"
	same "U-Boot reads $file, $(stat -c %s "$T/file") bytes" "$(crc "$T/file")" "$(seen "$file")"
done
[ $failed = 0 ] || console_tail
finish
