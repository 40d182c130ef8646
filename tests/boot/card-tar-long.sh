#!/bin/sh
# hello.yml in the format rpi3, unpacked onto a FAT32 that others have made, boots on QEMU's Pi through its
# own U-Boot: every line arrives, the command line as it was written, and what somebody added to it.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm mformat mtools sfdisk fdisk

line='loglevel=3 lkb.test=$(x);{a}|b#c&d*~!<>[e]?^%@,:+\"\\'
sed "s/cmdline: .*/cmdline: '$(printf '%s' "$line" | sed 's/[&\\/]/\\&/g')'/" configs/specs/hello.yml > "$T/hello.yml"
check "the archive is built" "$LKBOARD" --progress none --store "$STORE" build -f rpi3 rpi3 "$T/hello.yml" -o "$T"

mkdir "$T/files"
tar -xf "$T/hello.tar" -C "$T/files"
# A hand's change, by an editor that ends lines in its own way.
printf '%s lkb.mine=1\r\n' "$(cat "$T/files/cmdline.txt")" > "$T/line" && mv "$T/line" "$T/files/cmdline.txt"
export MTOOLSRC=/dev/null
truncate -s 128M "$T/card.img"
echo '2048,,c' | sfdisk -q "$T/card.img"
mformat -i "$T/card.img@@1M" -F -T $((127 * 2048)) ::
check "it is unpacked onto a FAT32" mcopy -i "$T/card.img@@1M" -s -Q "$T"/files/* ::

boot "$T/card.img" 500 --board rpi3
check "the service is heard" wait_for "lkboard: service ok" 400
seconds "service"
check "init says that all is up" wait_for "lkboard: up, 1 onboot, 2 services" 60
check "the console has a shell" shell_ready 120
type_line 'cat /proc/cmdline; cat /sys/firmware/devicetree/base/model; echo; echo asked-$((1 + 1))'
check "it answers" wait_for asked-2 60
type_line poweroff
check "the guest ends by itself" wait_end 120
log > "$T/log"
check "the root is in RAM" grep -aqF "lkboard: root is in RAM" "$T/log"
check "the command line is the board's, the spec's and the hand's" grep -aqxF \
	"console=ttyS1,115200 panic=10 $line lkb.mine=1" "$T/log"
check "the device tree is the Pi's" grep -aqF "Raspberry Pi 3 Model B" "$T/log"
check "a container ran at boot" grep -aqF "lkboard: onboot ok" "$T/log"
check "and at shutdown" grep -aqF "lkboard: onshutdown ok" "$T/log"
check "nothing was written to the card" sh -c "! mdir -b -i '$T/card.img@@1M' | grep -qi uboot.env"
[ $failed = 0 ] || console_tail
finish
