#!/bin/sh
# The card of hello.yml under foreign eyes: sfdisk, fsck.fat, e2fsck, dumpimage, dtc, mtools, bmaptool.
. tests/lib.sh

check "hello.yml builds" "$LKBOARD" --store "$STORE" build rpi3 configs/specs/hello.yml -o "$T"
card=$T/hello-rpi3.img
[ -s "$card" ] || finish
same "--sha256 adds the digest of the whole card" "sha256:$(sha256sum < "$card" | cut -d' ' -f1)" \
	"$("$LKBOARD" -q --store "$STORE" build --sha256 rpi3 configs/specs/hello.yml -o "$T/again" |
		sed -n 's/.*hello-rpi3.img\t[0-9]*\tmap-sha256:[0-9a-f]*\t//p')"
rm -rf "$T/again"

# start N, size N: bytes of partition N as sfdisk reads the table
sfdisk --json "$card" > "$T/table.json" 2> "$T/table.err"
field() { python3 -c 'import json,sys; p=json.load(open(sys.argv[1]))["partitiontable"]["partitions"][int(sys.argv[2])-1]; print(int(p[sys.argv[3]])*512 if sys.argv[3] in ("start","size") else p[sys.argv[3]])' "$T/table.json" "$1" "$2"; }
check "sfdisk finds nothing wrong" sfdisk --verify "$card"
same "p1 is FAT32 with LBA, as the Pi 3's ROM wants it" c "$(field 1 type)"
for n in 1 2 3 4; do
	same "p$n starts on an erase unit" 0 $(($(field $n start) % 4194304))
	same "p$n ends on an erase unit" 0 $(($(field $n size) % 4194304))
done
same "both slots are of one size" "$(field 2 size)" "$(field 3 size)"

part() { dd if="$1" of="$T/p$2" bs=4M iflag=skip_bytes,count_bytes skip="$(field $2 start)" count="$(field $2 size)" conv=sparse status=none; }
clean() { # image label
	for n in 1 2 4; do part "$1" $n; done
	check "fsck.fat finds nothing wrong ($2)" fsck.fat -n "$T/p1"
	check "e2fsck finds nothing wrong in slot A ($2)" e2fsck -fn "$T/p2"
	check "e2fsck finds nothing wrong in data ($2)" e2fsck -fn "$T/p4"
}
clean "$card" "as built"

export MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1
for f in bootcode.bin start.elf fixup.dat config.txt u-boot.bin bcm2710-rpi-3-b.dtb \
	bcm2710-rpi-3-b-plus.dtb boot.scr settings.env; do
	check "p1 has $f" mcopy -n -i "$T/p1" "::$f" "$T/$f"
done
check "there is no uboot.env" sh -c "! mdir -b -i '$T/p1' | grep -qi uboot.env"
same "config.txt is padded to 4 KiB" 0 $(($(stat -c %s "$T/config.txt") % 4096))
for path in root/.ssh/authorized_keys etc/wpa_supplicant/wpa_supplicant.conf; do
	same "the root has an empty $path to mount a setting over" 0 "$(debugfs -R "stat /$path" "$T/p2" \
		2> /dev/null | sed -n 's/^User:.*Size: \([0-9]*\).*/\1/p')"
done
same "settings.env has 64 KiB" 65536 "$(stat -c %s "$T/settings.env")"
check "dumpimage reads boot.scr" dumpimage -l "$T/boot.scr"
check "dtc reads the device tree" dtc -q -I dtb -O dts -o "$T/b.dts" "$T/bcm2710-rpi-3-b.dtb"
check "slot A holds kernel.gz" debugfs -R "dump /boot/kernel.gz $T/kernel.gz" "$T/p2"
check "kernel.gz is whole" gzip -t "$T/kernel.gz"
check "slot A holds the same device tree" sh -c "debugfs -R 'dump /boot/dtb/broadcom/bcm2837-rpi-3-b.dtb $T/s.dtb' '$T/p2' && cmp '$T/s.dtb' '$T/bcm2710-rpi-3-b.dtb'"
same "boot/ of the kernel image leaks nowhere else" "dtb initrd.img kernel.gz" \
	"$(debugfs -R 'ls -p /boot' "$T/p2" 2> /dev/null | awk -F/ '$6 != "." && $6 != ".." && NF { print $6 }' | sort | xargs)"

if have veritysetup; then
	trailer() { tail -c 4096 "$T/p2" | tail -c +5 | tr '\0' '\n' | sed -n "s/^$1=//p"; }
	blocks=$((0x$(trailer t_nblk)))
	check "veritysetup agrees with the tree behind slot A" veritysetup verify "$T/p2" "$T/p2" \
		"$(trailer t_hash)" --hash-offset=$((blocks * 4096))
else
	skip "veritysetup agrees" "cryptsetup-bin is not installed"
fi

# The map: every byte once, and what it calls data or zero is all that matters.
check "the map covers every byte once" awk -v size="$(stat -c %s "$card")" '
	/^(data|zero|free) / { if ($2 != at) exit 1; at += $3 }
	END { exit at * 4096 != size }' "$T/hello-rpi3.map"
python3 - "$card" "$T/hello-rpi3.map" "$T/ff.img" << 'PY' > "$T/py.out" 2>&1
import hashlib, sys
card, out = open(sys.argv[1], 'rb'), open(sys.argv[3], 'w+b')
size = card.seek(0, 2)
for at in range(0, size, 1 << 20):
    out.write(b'\xff' * min(1 << 20, size - at))
for line in open(sys.argv[2]):
    word = line.split()
    if word[0] not in ('data', 'zero'):
        continue
    off, n = int(word[1]) * 4096, int(word[2]) * 4096
    card.seek(off)
    data = card.read(n)
    if word[0] == 'data':
        assert hashlib.sha256(data).hexdigest() == word[3], line
    else:
        assert not any(data), line
    out.seek(off)
    out.write(data)
PY
same "digests in the map are those of the card" "" "$(cat "$T/py.out")"
clean "$T/ff.img" "data and zero ranges on a card full of FF"
rm -f "$T/ff.img"
if have bmaptool; then
	python3 -c 'import sys
f = open(sys.argv[1], "wb")
for i in range(int(sys.argv[2]) >> 20): f.write(b"\xff" * (1 << 20))' "$T/target" "$(stat -c %s "$card")"
	check "bmaptool copies with our .bmap" bmaptool -q copy --bmap "$T/hello-rpi3.bmap" "$card" "$T/target"
	check "what bmaptool wrote is right in every data and zero range" python3 -c '
import sys
a, b = open(sys.argv[1], "rb"), open(sys.argv[2], "rb")
for line in open(sys.argv[3]):
    w = line.split()
    if w[0] in ("data", "zero"):
        for f in (a, b): f.seek(int(w[1]) * 4096)
        assert a.read(int(w[2]) * 4096) == b.read(int(w[2]) * 4096), line' "$card" "$T/target" "$T/hello-rpi3.map"
	clean "$T/target" "copied by bmaptool onto FF"
else
	skip "bmaptool copies with our .bmap" "bmap-tools is not installed"
fi

check "inspect knows the card" sh -c "'$LKBOARD' inspect '$card' | grep -q '^board: rpi3'"
check "inspect --json is JSON" sh -c "'$LKBOARD' inspect --json '$card' | python3 -m json.tool"
for f in hello-rpi3.map boot.scr bcm2710-rpi-3-b.dtb; do
	check "inspect knows $f" "$LKBOARD" inspect "$T/$f"
done
debugfs -R "dump /boot/initrd.img $T/initrd.img" "$T/p2" > /dev/null 2>&1
check "inspect knows the initrd" sh -c "'$LKBOARD' inspect '$T/initrd.img' | grep -q 'path=init$'"
check "the initrd holds its init and its list of modules" sh -c "zstd -dc '$T/initrd.img' | cpio -it 2>/dev/null | grep -qx etc/lkboard/modules"
finish
