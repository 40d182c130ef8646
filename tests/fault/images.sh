#!/bin/sh
# images.sh DIR MIB: disk images for the tests of flash, the same bytes every time. O names the build.
#   mbr.img gpt.img   FAT at 512 KiB, ext4 at a quarter, raw data from the last sixteenth to the end
#   old.img           what was on the target before: another MBR, another GPT at both ends, no block zero
# beside each of the two: .zero.map .free.map .foreign.bmap and .img.zst; of the first also .img.gz and .img.xz,
# cut-* (files without their last third) and bad-* (with one byte changed a third of the way in).
set -eu
dir=$1
mib=$2
: "${O:=out}"
O=$(cd "$O" && pwd)
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1700000000 E2FSPROGS_FAKE_TIME=1700000000
mkdir -p "$dir"
cd "$dir"

python3 - "$mib" << 'END'
import os, random, sys
mib = int(sys.argv[1]) << 20
rng = random.Random(5)
def put(path, size):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(rng.randbytes(size))
for i in range(6):
    put(f"fat/file{i}.bin", mib // 64 + i * 777)
for i in range(40):
    put(f"root/dir{i % 4}/file{i}", mib // 200 + i * 331)
with open("old.img", "wb") as f:
    f.write(rng.randbytes(mib))
END
find fat root -exec touch -hd @$SOURCE_DATE_EPOCH {} +

# Sectors: where the parts begin, and how many they are.
fat=1024
ext=$((mib * 512))
raw=$((mib * 1920))
all=$((mib * 2048))
fat_n=$((ext - fat))
ext_n=$((raw - ext))

truncate -s $((fat_n * 512)) fat.part
mkfs.fat --invariant -i 12345678 -n BOOT fat.part > /dev/null
mcopy -m -i fat.part fat/* ::
truncate -s $((ext_n * 512)) ext.part
mke2fs -q -F -t ext4 -d root -U 6e6a1b2e-0a5c-4c0e-8b3e-5d1f6a7b8c9d \
	-E hash_seed=6e6a1b2e-0a5c-4c0e-8b3e-5d1f6a7b8c9d,root_owner=0:0 ext.part
# When an inode was made is taken from the file, and nothing sets that of a file.
find root -mindepth 1 | sort | sed 's,^root\(.*\),sif \1 ctime @1700000000\nsif \1 ctime_extra 0,' > times
echo 'sif / ctime @1700000000' >> times
debugfs -w -f times ext.part > debugfs.log 2>&1

# fill IMAGE FIRST-SECTOR-BEHIND-THE-DATA: the three parts into an image that has its table
fill() {
	dd if=fat.part of="$1" bs=512 seek=$fat conv=sparse,notrunc status=none
	dd if=ext.part of="$1" bs=512 seek=$ext conv=sparse,notrunc status=none
	dd if=old.img of="$1" bs=512 seek=$raw count=$(($2 - raw)) conv=notrunc status=none
}
truncate -s "${mib}M" mbr.img gpt.img
printf 'label-id: 0x1badcafe\nstart=%d,size=%d,type=c,bootable\nstart=%d,size=%d,type=83\nstart=%d,type=da\n' \
	$fat $fat_n $ext $ext_n $raw | sfdisk -q mbr.img
fill mbr.img $all
sgdisk -a 1 -U 11111111-2222-4333-8444-555555555555 -n 1:$fat:$((ext - 1)) -t 1:0700 -c 1:boot \
	-u 1:11111111-2222-4333-8444-000000000001 -n 2:$ext:$((raw - 1)) -c 2:root \
	-u 2:11111111-2222-4333-8444-000000000002 -n 3:$raw:$((all - 34)) -c 3:raw \
	-u 3:11111111-2222-4333-8444-000000000003 gpt.img > /dev/null
fill gpt.img $((all - 33))
sgdisk -a 1 -U 99999999-2222-4333-8444-555555555555 -n 1:2048:$((all / 2)) -c 1:old \
	-u 1:99999999-2222-4333-8444-000000000001 old.img > /dev/null 2>&1

spoil() { # file: the cut one and the bad one beside it
	python3 - "$1" << 'END'
import sys
name = sys.argv[1]
data = bytearray(open(name, "rb").read())
open("cut-" + name, "wb").write(data[:len(data) * 2 // 3 // 4096 * 4096 if name.endswith(".img") else len(data) * 2 // 3])
# A third of the way in every kind of file holds files' bytes.
data[len(data) // 3] ^= 0x40
open("bad-" + name, "wb").write(data)
END
}
blocks=8
for name in mbr gpt; do
	for class in zero free; do
		"$O/tests/fault/mkmap" $class $name.img 1:$((fat / blocks)):$((fat_n / blocks)):boot \
			2:$((ext / blocks)):$((ext_n / blocks)):root \
			3:$((raw / blocks)):$(((all - raw) / blocks)):raw > $name.$class.map
	done
	bmaptool -q create -o $name.foreign.bmap $name.img
	zstd -q -3 $name.img -o $name.img.zst
done
gzip -n -6 -k mbr.img
xz -0 -k -T1 mbr.img
for suffix in "" .gz .xz .zst; do
	spoil mbr.img$suffix
done
rm -rf fat root fat.part ext.part times debugfs.log
