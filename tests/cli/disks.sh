#!/bin/sh
# raw-efi, raw-bios and disk-efi under foreign eyes: sgdisk, sfdisk, fsck.fat, e2fsck, veritysetup,
# mtools, objdump, file; the same bytes again elsewhere; and what is refused before anything is written.
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

check "raw-efi, raw-bios, disk-efi and kernel+initrd in one run" lk build qemu-x86 "$T/box.yml" -f raw-efi \
	-f raw-bios -f disk-efi -f kernel+initrd -o "$T/one"
check "raw-efi for arm64" lk build qemu-arm64 "$T/arm.yml" -f raw-efi -f kernel+initrd -o "$T/arm"
again() ( # BOARD SPEC FORMAT DIR
	mkdir -p "$T/$4" "$T/tmp" && cd "$T" && umask 077 && env TZ=Asia/Tokyo LC_ALL=C TMPDIR="$T/tmp" \
		LKBOARD_CONFIGS="$TOP/configs" "$LKBOARD" --progress none --store "$STORE" build -j 1 "$1" "$2" \
		--offline -f "$3" -o "$4"
)
check "raw-efi again, alone and elsewhere" again qemu-x86 box.yml raw-efi two
check "raw-bios again" again qemu-x86 box.yml raw-bios two
check "disk-efi again" again qemu-x86 box.yml disk-efi two
check "raw-efi for arm64 again" again qemu-arm64 arm.yml raw-efi two
for f in box-efi box-bios box-qemu-x86; do
	for s in img map bmap; do check "$f.$s: the same bytes" cmp "$T/one/$f.$s" "$T/two/$f.$s"; done
done
check "arm-efi.img: the same bytes" cmp "$T/arm/arm-efi.img" "$T/two/arm-efi.img"
same "nothing was left in the temporary directory" "" "$(ls -A "$T/tmp")"

efi() { # IMAGE EFI-NAME ARCH KERNEL-INITRD-STEM
	i=$1
	if have sgdisk; then
		check "$3: sgdisk finds nothing wrong" sh -c 'sgdisk -v "$0" | grep -q "No problems found"' "$i"
		check "$3: an ESP, legacy-bootable" sh -c 'sgdisk -i 1 "$0" > "$1" && grep -q "EFI system partition" "$1" &&
			grep -q "Attribute flags: 0000000000000004" "$1"' "$i" "$T/info"
	else
		skip "$3: sgdisk" "gdisk is not installed"
	fi
	check "$3: sfdisk finds nothing wrong" sh -c 'sfdisk --verify "$0" 2>&1 | grep -q "No errors detected"' "$i"
	start=$(sfdisk --json "$i" | python3 -c 'import json,sys; p = json.load(sys.stdin)["partitiontable"]["partitions"]; print(p[0]["start"], p[0]["size"])')
	dd if="$i" of="$T/esp" bs=1M iflag=skip_bytes,count_bytes skip=$((${start% *} * 512)) count=$((${start#* } * 512)) status=none
	check "$3: fsck.fat finds nothing wrong" fsck.fat -n "$T/esp"
	check "$3: FAT32 with enough clusters" sh -c 'fsck.fat -vn "$0" | grep -q "2 FATs, 32 bit entries" &&
		[ "$(fsck.fat -n "$0" | sed -n "s,.*/\([0-9]*\) clusters,\1,p")" -ge 65525 ]' "$T/esp"
	check "$3: it is at least 34 MiB" [ "$(stat -c %s "$T/esp")" -ge $((34 << 20)) ]
	check "$3: mcopy finds the program" mcopy -n -i "$T/esp" "::EFI/BOOT/$2" "$T/uki"
	if have objdump && objdump -h "$T/uki" > "$T/sections" 2> "$T/err"; then
		same "$3: its sections" ".osrel .cmdline .initrd .linux" "$(awk '$1 ~ /^[0-9]+$/ { print $2 }' "$T/sections" |
			grep -E '^\.(osrel|cmdline|initrd|linux)$' | xargs)"
		python3 - "$T/uki" "$T/cut" "$T/sections" << 'PY'
import sys
data = open(sys.argv[1], "rb").read()
for line in open(sys.argv[3]):
    w = line.split()
    if len(w) > 5 and w[0].isdigit():
        open(sys.argv[2] + w[1], "wb").write(data[int(w[5], 16):int(w[5], 16) + int(w[2], 16)])
PY
		check "$3: .initrd is the initrd" cmp "$T/cut.initrd" "$4-initrd.img"
		same "$3: .cmdline is the board's and the spec's" "$5 panic=10 $(cat "$4-cmdline")" "$(cat "$T/cut.cmdline")"
		check "$3: .osrel names it" grep -qx 'ID=lkboard' "$T/cut.osrel"
	else
		skip "$3: its sections" "objdump cannot read it"
	fi
	check "$3: file knows an EFI program" sh -c 'file -b "$0" | grep -q "EFI application"' "$T/uki"
	rm -f "$T/cut".*
}
efi "$T/one/box-efi.img" BOOTX64.EFI x86 "$T/one/box" console=ttyS0
efi "$T/arm/arm-efi.img" BOOTAA64.EFI arm64 "$T/arm/arm" console=ttyAMA0

bios=$T/one/box-bios.img
check "BIOS: sfdisk finds nothing wrong" sh -c 'sfdisk --verify "$0" 2>&1 | grep -q "No errors detected"' "$bios"
check "BIOS: one active FAT32" sh -c 'sfdisk --dump "$0" | grep -q "start= *2048, .*type=c, bootable"' "$bios"
dd if="$bios" of="$T/fat" bs=1M skip=1 status=none
check "BIOS: fsck.fat finds nothing wrong" fsck.fat -n "$T/fat"
for f in kernel initrd.img; do
	check "BIOS: mcopy finds $f" mcopy -n -i "$T/fat" "::$f" "$T/$f"
	check "BIOS: it is the one of kernel+initrd" cmp "$T/$f" "$T/one/box-$f"
done
same "BIOS: the first sector loads sector 8" 8 "$(od -An -tu8 -j92 -N8 "$bios" | xargs)"
same "BIOS: and that the rest from sector 9 on" 9 "$(od -An -tu8 -j$((8 * 512 + 500)) -N8 "$bios" | xargs)"
same "BIOS: GRUB is in the map" loader "$(awk '$1 == "data" && $2 == 1 { print $5 }' "$T/one/box-bios.map")"

disk=$T/one/box-qemu-x86.img
if have sgdisk; then
	check "disk-efi: sgdisk finds nothing wrong" sh -c 'sgdisk -v "$0" | grep -q "No problems found"' "$disk"
	same "disk-efi: its partitions" "EF00 esp-a EF00 esp-b 8300 slot-a 8300 slot-b 8300 data" \
		"$(sgdisk -p "$disk" | awk '$1 ~ /^[1-5]$/ { print $6, $7 }' | xargs)"
else
	skip "disk-efi: sgdisk" "gdisk is not installed"
fi
sfdisk --json "$disk" > "$T/table.json"
for n in 1 2 3 5; do
	set -- $(python3 -c 'import json,sys; p = json.load(open(sys.argv[1]))["partitiontable"]["partitions"][int(sys.argv[2]) - 1]; print(p["start"] * 512, p["size"] * 512, p["uuid"].lower())' "$T/table.json" $n)
	dd if="$disk" of="$T/p$n" bs=1M iflag=skip_bytes,count_bytes skip="$1" count="$2" conv=sparse status=none
	[ $n != 3 ] || guid=$3
done
for n in 1 2; do check "disk-efi: fsck.fat finds nothing wrong in p$n" fsck.fat -n "$T/p$n"; done
for n in 3 5; do check "disk-efi: e2fsck finds nothing wrong in p$n" e2fsck -fn "$T/p$n"; done
check "disk-efi: the program is on the first boot partition" mcopy -n -i "$T/p1" ::EFI/BOOT/BOOTX64.EFI "$T/uki-a"
same "disk-efi: and nothing on the second" "" "$(mdir -b -i "$T/p2" :: 2> /dev/null)"
trailer() { tail -c 4096 "$T/p3" | tail -c +5 | tr '\0' '\n' | sed -n "s/^$1=//p"; }
check "disk-efi: its command line has the slot, its hash tree, the board's words and the spec's" grep -aqF \
	"lkb.slot=A lkb.root=PARTUUID=$guid lkb.verity=$(trailer t_hash) lkb.blocks=$(printf %08x $((0x$(trailer t_nblk)))) console=ttyS0 panic=10 $(cat "$T/one/box-cmdline")" "$T/uki-a"
if have veritysetup; then
	check "disk-efi: veritysetup agrees with the hash tree" veritysetup verify "$T/p3" "$T/p3" "$(trailer t_hash)" \
		--hash-offset=$((0x$(trailer t_nblk) * 4096))
else
	skip "disk-efi: veritysetup" "cryptsetup-bin is not installed"
fi

# What is refused when the plan is made.
says() { # NAME CODE TEXT command...
	what=$1 want=$2 text=$3
	shift 3
	"$@" > "$T/out" 2> "$T/err"
	code=$?
	if [ $code = "$want" ] && grep -qF -- "$text" "$T/err"; then ok "$what"; else not_ok "$what" "$T/err"; fi
}
says "a BIOS format on an arm64 board" 2 "board 'qemu-arm64' is not built as 'raw-bios'" \
	lk build qemu-arm64 "$T/arm.yml" -f raw-bios -o "$T/no"
cp -r configs "$T/configs"
sed 's/ raw-efi,/ raw-bios,/' configs/boards/qemu-arm64.yml > "$T/configs/boards/qemu-arm64.yml"
says "nor is there one" 3 "there is no BIOS on 'arm64': it cannot be built as 'raw-bios'" \
	"$LKBOARD" check "$T/configs/boards/qemu-arm64.yml"
sed "s/cmdline:.*/cmdline: 'a=\"b c\"'/" "$T/box.yml" > "$T/quotes.yml"
says "what GRUB does not hand on as it is" 3 'quotes.yml:2:3: GRUB would put a backslash before each " of the command line' \
	lk build qemu-x86 "$T/quotes.yml" -f raw-bios -o "$T/no"
sed 's/cmdline:.*/cmdline: "ä"/' "$T/box.yml" > "$T/umlaut.yml"
says "what the EFI stub does not" 3 'byte 0xc3 of the command line is not ASCII' \
	lk build qemu-x86 "$T/umlaut.yml" -f raw-efi -o "$T/no"
sed "s/cmdline:.*/cmdline: $(printf '%2040s' x | tr ' ' x)/" "$T/box.yml" > "$T/long.yml"
says "a line that no kernel takes" 3 'long.yml:2:3: the command line of 2063 bytes is longer than the 2047 that the kernel takes' \
	lk build qemu-x86 "$T/long.yml" -f raw-efi -o "$T/no"
sed "s/cmdline:.*/cmdline: $(printf '%2010s' x | tr ' ' x)/" "$T/box.yml" > "$T/long.yml"
says "nor GRUB" 3 'the command line of 2033 bytes is longer than the 2028 that GRUB can give to the kernel' \
	lk build qemu-x86 "$T/long.yml" -f raw-bios -o "$T/no"
printf 'not a kernel' > "$T/kernel"
tar -cf "$T/kernel.tar" -T /dev/null
tar -C "$T" -cf "$T/k.tar" kernel kernel.tar
python3 - "$T" << 'PY'
import hashlib, json, sys, os
# An image, as docker save writes it, whose kernel is none.
t = sys.argv[1]
layer = open(t + "/k.tar", "rb").read()
config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers",
    "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
os.makedirs(t + "/img/l")
open(t + "/img/l/layer.tar", "wb").write(layer)
open(t + "/img/c.json", "wb").write(config)
json.dump([{"Config": "c.json", "RepoTags": ["localhost/nokernel:1"], "Layers": ["l/layer.tar"]}],
          open(t + "/img/manifest.json", "w"))
PY
tar -C "$T/img" -cf "$T/img.tar" manifest.json c.json l/layer.tar
sed 's,localhost/kernel-amd64:bookworm,localhost/nokernel:1,' "$T/box.yml" > "$T/nokernel.yml"
says "a kernel without an EFI stub" 3 "kernel image 'localhost/nokernel:1': the kernel cannot be started by EFI: it is no EFI program" \
	lk build qemu-x86 "$T/nokernel.yml" --input "$T/img.tar" -f raw-efi -o "$T/no"
says "and one that is no bzImage" 3 "the kernel is no bzImage, which is what starts from a BIOS" \
	lk build qemu-x86 "$T/nokernel.yml" --input "$T/img.tar" -f raw-bios -o "$T/no"
says "a disk for a BIOS on a board without" 2 "is for a BIOS, which board 'qemu-arm64' does not have" \
	lk run --board qemu-arm64 "$bios"
sed 's,OVMF_CODE_4M.fd,none.fd,' configs/boards/qemu-x86.yml > "$T/configs/boards/qemu-x86.yml"
says "firmware that is not installed" 10 "the firmware '/usr/share/OVMF/none.fd' is not there" \
	env LKBOARD_CONFIGS="$T/configs" "$LKBOARD" run --board qemu-x86 "$T/one/box-efi.img"
check "nothing was written" [ ! -e "$T/no" ]

# The init of the small initrd is the board's, whatever the spec's is.
sed 's,^init:.*,init: [localhost/busybox:bookworm],' "$T/box.yml" > "$T/own.yml"
printf 'files:\n  - path: sbin/init\n    contents: "#!/bin/sh"\n    mode: "0755"\n' >> "$T/own.yml"
check "disk-efi needs nothing of the spec's init" lk plan qemu-x86 "$T/own.yml" --offline -f disk-efi
printf 'lkboard:\n  boot_size: 300MiB\n' | cat "$T/box.yml" - > "$T/sized.yml"
for f in raw-efi raw-bios; do
	same "boot_size of $f" 314572800 "$(lk plan --json qemu-x86 "$T/sized.yml" --offline -f $f | python3 -c '
import json, sys
print(max(p["size"] for f in json.load(sys.stdin)["formats"] for p in f["partitions"]))')"
done
if [ "$(id -u)" = 0 ] && mkdir "$T/small" && mount -t tmpfs -o size=12m tmpfs "$T/small" 2> /dev/null; then
	says "a full disk" 4 "cannot write the file system: No space left on device" \
		lk build qemu-x86 "$T/box.yml" --offline -f raw-efi -o "$T/small"
	check "with what to do" grep -q 'hint: make room' "$T/err"
	same "and nothing is left" "" "$(ls -A "$T/small")"
	umount "$T/small"
else
	skip "a full disk" "it needs root and a tmpfs"
fi
finish
