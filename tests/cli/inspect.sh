#!/bin/sh
# What inspect says of all that a build makes, beside what foreign programs say: sfdisk, mdir, objdump,
# xorriso, unsquashfs, dump.erofs, qemu-img, file.
. tests/lib.sh

cat > "$T/box.yml" << 'EOS'
kernel:
  image: localhost/kernel-amd64:bookworm
  cmdline: "quiet lkb.test=1"
init: [localhost/init:bookworm]
EOS
sed 's/kernel-amd64/kernel-arm64/' "$T/box.yml" > "$T/arm.yml"
lk() { "$LKBOARD" --progress none --store "$STORE" "$@"; }
check "a build of many formats" lk build qemu-x86 "$T/box.yml" -f raw-efi -f raw-bios -f disk-efi -f iso-bios -f iso-efi \
	-f qcow2-bios -f vhd -f vmdk -f kernel+squashfs -f oci -f tar -o "$T/x" --no-sbom
check "and some for arm64" lk build qemu-arm64 "$T/arm.yml" -f raw-efi -f kernel+erofs -o "$T/x" --no-sbom
cd "$T/x" || exit 1
export MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1
get() { # FILE PYTHON-EXPRESSION of d
	lk inspect --json "$1" | python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$2"
}
table() { # FILE: as sfdisk has it
	sfdisk --json "$1" | python3 -c '
import json, sys
t = json.load(sys.stdin)["partitiontable"]
print(t["id"].lower().replace("0x", ""), *[(p["start"] * 512, p["size"] * 512, p.get("uuid", "").lower(), p.get("name", "")) for p in t["partitions"]])'
}
for f in box-efi.img arm-efi.img box-qemu-x86.img box-bios.img; do
	same "$f: its partitions are those of sfdisk" "$(table $f)" "$(get $f '" ".join([d["id"]] +
		[str((p["offset"], p["size"], p.get("id", ""), p.get("name", ""))) for p in d["partitions"]])')"
done
for f in box-efi.img box-qemu-x86.img box-bios.img; do
	same "$f: its files are those of mdir" "$(mdir -/ -b -i "$f@@1M" :: | sed 's,^::/,,; /\/$/d' | sort)" \
		"$(get $f '"\n".join(sorted(x["path"] for x in d["files"] if x["partition"] == 1))')"
done
if have objdump; then
	mcopy -n -i box-efi.img@@1M ::EFI/BOOT/BOOTX64.EFI uki.efi
	same "the program's parts are those of objdump" "$(objdump -h uki.efi | awk '$2 == ".linux" || $2 == ".initrd" { print $2, $3 }' |
		sort | while read -r n size; do echo "$n $((0x$size))"; done)" \
		"$(get box-efi.img '".initrd %d\n.linux %d" % (d["EFI programs"][0]["initrd"], d["EFI programs"][0]["kernel"])')"
	same "by itself it is the same" "$(get box-efi.img 'd["EFI programs"][0]["cmdline"]')" "$(get uki.efi 'd["cmdline"]')"
fi
same "its command line" "console=ttyS0 panic=10 quiet lkb.test=1" "$(get uki.efi 'd["cmdline"]')"
same "and that of arm64" "arm64 console=ttyAMA0 panic=10 quiet lkb.test=1" \
	"$(get arm-efi.img '"%(arch)s %(cmdline)s" % d["EFI programs"][0]')"
same "disk-efi: its slot and what stands for it in the command line" "True" "$(get box-qemu-x86.img '"lkb.verity=" + d["slots"][0]["t_hash"] in d["EFI programs"][0]["cmdline"] and "lkb.root=PARTUUID=" + d["partitions"][2]["id"] in d["EFI programs"][0]["cmdline"]')"
printf 'damaged' | dd of=box-efi.img bs=1 seek=$(($(stat -c %s box-efi.img) - 500)) conv=notrunc status=none
same "a backup table that is damaged is said" "damaged" "$(get box-efi.img 'd["table at the end"]')"

if have xorriso; then
	for f in box.iso box-efi.iso; do
		same "$f: its volume id is xorriso's" "$(xorriso -indev $f -pvd_info 2> /dev/null |
			sed -n "s/^Volume Id *: '*\([^']*[^' ]\)'*$/\1/p")" "$(get $f 'd["volume id"]')"
		same "$f: and what boots from where" "$(xorriso -indev $f -report_el_torito plain 2> /dev/null |
			awk '/^El Torito boot img : / { print $7, $NF * 2048 }')" \
			"$(get $f '"\n".join("%s %d" % (b["firmware"], b["offset"]) for b in d["boot images"])')"
	done
else
	skip "what xorriso says" "xorriso is not installed"
fi
same "iso-bios: the command line names the image" "True" "$(get box.iso 'd["cmdline"].endswith("quiet lkb.test=1 " + d["image word"])')"
same "iso-efi too" "True" "$(get box-efi.iso 'd["EFI programs"][0]["cmdline"].endswith(d["image word"])')"
same "squashfs: and that of the root" "$(cat box-cmdline)" "quiet lkb.test=1 $(get box-squashfs.img 'd["image word"]')"
same "erofs: too" "$(cat arm-cmdline)" "quiet lkb.test=1 $(get arm-erofs.img 'd["image word"]')"
if have unsquashfs; then
	same "squashfs: inodes are those of unsquashfs" "$(unsquashfs -s box-squashfs.img | sed -n 's/^Number of inodes //p')" \
		"$(get box-squashfs.img 'd["inodes"]')"
fi
if have dump.erofs; then
	same "erofs: its id is that of dump.erofs" "$(dump.erofs -s arm-erofs.img | sed -n 's/.*UUID: *//p')" \
		"$(get arm-erofs.img 'd["id"]')"
fi
if have qemu-img; then
	for f in box.qcow2 box.vhd box.vmdk; do
		same "$f: the disk's size is qemu-img's" "$(qemu-img info --output=json $f | python3 -c '
import json, sys
d = json.load(sys.stdin)
print(d["virtual-size"] if d["format"] != "raw" else d["virtual-size"] - 512)')" "$(get $f 'd["disk size"]')"
	done
else
	skip "what qemu-img says" "qemu-utils is not installed"
fi
check "the kernel's version is the one that file finds" sh -c 'file -b box-kernel | grep -qF "version $0"' \
	"$(get box-kernel 'd["version"]' | cut -d' ' -f1)"
same "arm64's is gzip" "arm64 gzip" "$(get arm-kernel '"%(arch)s %(compression)s" % d')"
for f in box.tar box.oci.tar; do
	same "$f: its entries are those of tar" "$(tar -tf $f | sort)" "$(get $f '"\n".join(e["path"] for e in d["entries"])' | sort)"
done
finish
