#!/bin/sh
# The raw disks in the containers of clouds and hypervisors: the same bytes twice, qemu-img finds no
# fault, and what a guest sees of them is the raw disk's layout with the same files.
. tests/lib.sh

cat > "$T/box.yml" << 'EOS'
kernel:
  image: localhost/kernel-amd64:bookworm
init: [localhost/init:bookworm]
onboot:
  - name: hello
    image: localhost/busybox:bookworm
    command: ["/bin/sh", "-c", "echo hello"]
EOS
lk() { "$LKBOARD" --progress none --store "$STORE" "$@"; }
export MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1

check "six formats in one run" lk build qemu-x86 "$T/box.yml" -f qcow2-bios -f qcow2-efi -f vhd -f vmdk -f gcp \
	-f aws -o "$T/one"
check "and dynamic-vhd" lk build qemu-x86 "$T/box.yml" -f dynamic-vhd -o "$T/dynamic"
same "vhd and dynamic-vhd have one name" "2" "$(lk build qemu-x86 "$T/box.yml" -f vhd -f dynamic-vhd -o "$T/no" \
	> "$T/out" 2> "$T/err"; echo $?)"
check "which is said" grep -qF "formats 'vhd' and 'dynamic-vhd' make a file of the same name, 'NAME.vhd'" "$T/err"
check "raw disks to compare with" lk build qemu-x86 "$T/box.yml" -f raw-bios -f raw-efi -o "$T/raw"

mkdir "$T/tmp"
again() ( # FORMAT
	cd "$T" && umask 077 && env TZ=Asia/Tokyo LC_ALL=C TMPDIR="$T/tmp" LKBOARD_CONFIGS="$TOP/configs" "$LKBOARD" \
		--progress none --store "$STORE" build -j 1 qemu-x86 box.yml --offline -f "$1" -o two
)
twice() { # FORMAT FILE
	check "$1 again, alone and elsewhere" again "$1"
	check "$2: the same bytes" cmp "$3/$2" "$T/two/$2"
}
twice qcow2-bios box.qcow2 "$T/one"
twice qcow2-efi box-efi.qcow2 "$T/one"
twice vhd box.vhd "$T/one"
twice dynamic-vhd box.vhd "$T/dynamic"
twice vmdk box.vmdk "$T/one"
twice gcp box.img.tar.gz "$T/one"
twice aws box.raw "$T/one"
same "nothing was left in the temporary directory" "" "$(ls -A "$T/tmp")"
same "nor beside the artifacts" "" "$(find "$T/one" "$T/two" "$T/dynamic" -name '.*' -type f)"

# What is in the boot partition of a raw disk whose first one starts at 1 MiB.
files() { mdir -/ -b -i "$1@@1M" :: | sort; }
sum() { mtype -i "$1@@1M" "::$2" | sha256sum; }
looks() { # NAME QEMU-FORMAT FILE RAW FILE-OF-IT UNIT
	[ "$2" != vpc ] && [ "$2" != raw ] && check "$1: qemu-img finds no fault" qemu-img check -q "$3"
	check "$1: qemu-img reads it" qemu-img convert -f "$2" -O raw "$3" "$T/back"
	same "$1: the raw disk's files" "$(files "$4")" "$(files "$T/back")"
	same "$1: $5 is the same" "$(sum "$4" "$5")" "$(sum "$T/back" "$5")"
	same "$1: whole units" 0 "$(($(stat -c %s "$T/back") % $6))"
	check "$1: sfdisk finds nothing wrong" sh -c 'sfdisk --verify "$0" 2>&1 | grep -q "No errors detected"' "$T/back"
	rm -f "$T/back"
}
if have qemu-img; then
	looks qcow2-bios qcow2 "$T/one/box.qcow2" "$T/raw/box-bios.img" initrd.img 512
	looks qcow2-efi qcow2 "$T/one/box-efi.qcow2" "$T/raw/box-efi.img" EFI/BOOT/BOOTX64.EFI 512
	looks vhd vpc "$T/one/box.vhd" "$T/raw/box-bios.img" initrd.img 1048576
	looks dynamic-vhd vpc "$T/dynamic/box.vhd" "$T/raw/box-bios.img" initrd.img 1048576
	looks vmdk vmdk "$T/one/box.vmdk" "$T/raw/box-bios.img" initrd.img 65536
else
	skip "what qemu-img says" "qemu-utils is not installed"
fi
looks aws raw "$T/one/box.raw" "$T/raw/box-bios.img" initrd.img 1048576
same "gcp: one member" "disk.raw" "$(tar -tzf "$T/one/box.img.tar.gz")"
check "gcp: tar unpacks it" tar -xSzf "$T/one/box.img.tar.gz" -C "$T"
looks gcp raw "$T/disk.raw" "$T/raw/box-bios.img" initrd.img 1073741824

# What made a disk says what starts it, whatever the disk is called.
if have qemu-system-x86_64; then
	check "a name like another format's" lk build qemu-x86 "$T/box.yml" --offline -n web-efi -f qcow2-bios -o "$T/one"
	"$LKBOARD" -v --progress plain run "$T/one/web-efi.qcow2" --timeout 1 > "$T/out" 2> "$T/err" < /dev/null
	same "starts from a BIOS" "1 0" "$(grep -c 'running: .*qemu-system-x86_64' "$T/err") $(grep -c pflash "$T/err")"
else
	skip "a name like another format's" "qemu-system-x86 is not installed"
fi
finish
