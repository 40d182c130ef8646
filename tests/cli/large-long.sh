#!/bin/sh
# Trees above 4 GiB, with a file of more: whole in everything that takes them, as foreign programs see it.
. tests/lib.sh

cp -r configs "$T/configs"
sed -i 's/^memory:.*/memory: 64GiB/' "$T"/configs/boards/*.yml
export LKBOARD_CONFIGS="$T/configs"
size=$((4 * 1024 * 1024 * 1024 + 4097))
truncate -s $((size - 4)) "$T/big" && printf 'end.' >> "$T/big"
truncate -s $((3 * 1024 * 1024 * 1024 - 4)) "$T/less" && printf 'end.' >> "$T/less"
spec() { # NAME=SOURCE...
	printf 'kernel:\n  image: localhost/kernel-amd64:bookworm\ninit: [localhost/init:bookworm]\nfiles:\n'
	for f in "$@"; do printf '  - {path: srv/%s, source: %s}\n' "${f%=*}" "${f#*=}"; done
}
spec big=big > "$T/box.yml"
spec a=less b=less > "$T/two.yml"
build() { # FORMAT SPEC
	rm -rf "$T/one"
	check "$1 of $2" "$LKBOARD" --progress none --store "$STORE" build qemu-x86 "$T/$2" -f "$1" -o "$T/one" --no-sbom
}
# The last bytes and the size of what comes: the file is whole and not shifted.
whole() { python3 -c '
import sys
n, last = 0, b""
while piece := sys.stdin.buffer.read(1 << 20):
    n, last = n + len(piece), (last + piece)[-4:]
print(n, last.decode())'; }
want="$size end."

build tar box.yml
same "tar: tar gives it out" "$want" "$(tar -xOf "$T/one/box.tar" srv/big | whole)"
build docker box.yml
same "docker: bsdtar does" "$want" "$(bsdtar -xOf "$T/one/box.docker" srv/big | whole)"
build oci box.yml
if have skopeo; then
	skopeo --insecure-policy copy -q "oci-archive:$T/one/box.oci.tar" "dir:$T/one/dir"
	layer=$(skopeo inspect "dir:$T/one/dir" | python3 -c 'import json,sys; print(json.load(sys.stdin)["Layers"][0][7:])')
	same "oci: it is in the layer" "$want" "$(zstd -qdc "$T/one/dir/$layer" | tar -xOf - srv/big | whole)"
else
	skip "oci: its layer" "skopeo is not installed"
fi
build kernel+squashfs box.yml
if have unsquashfs; then
	same "squashfs: unsquashfs does" "$want" "$(unsquashfs -cat "$T/one/box-squashfs.img" srv/big | whole)"
else
	skip "squashfs: unsquashfs" "squashfs-tools is not installed"
fi
build kernel+erofs box.yml
if have fsck.erofs; then
	check "erofs: fsck.erofs finds nothing wrong" fsck.erofs "$T/one/box-erofs.img"
	same "erofs: dump.erofs has its size" "$size" "$(dump.erofs --path=/srv/big "$T/one/box-erofs.img" |
		sed -n 's/.*Size: *\([0-9]*\) .*/\1/p' | head -n 1)"
else
	skip "erofs: fsck.erofs" "erofs-utils is not installed"
fi
for f in kernel+iso:.iso iso-bios:.iso iso-efi:-efi.iso; do
	build "${f%%:*}" box.yml
	same "${f%%:*}: bsdtar gives it out" "$want" "$(bsdtar -xOf "$T/one/box${f#*:}" srv/big | whole)"
	if have xorriso; then
		same "${f%%:*}: xorriso has its size" "$size" "$(xorriso -indev "$T/one/box${f#*:}" -lsl /srv/big 2> /dev/null |
			awk '{ print $5 }')"
	fi
done
build disk-efi box.yml
start=$(sfdisk --json "$T/one/box-qemu-x86.img" | python3 -c 'import json,sys; print(json.load(sys.stdin)["partitiontable"]["partitions"][2]["start"] * 512)')
same "disk-efi: debugfs gives it out" "$want" "$(debugfs -R 'cat /srv/big' "$T/one/box-qemu-x86.img?offset=$start" 2> /dev/null | whole)"
rm -f "$T/big"

# In RAM: of files below 4 GiB each.
build kernel+initrd two.yml
"$LKBOARD" inspect "$T/one/two-initrd.img" > "$T/list"
same "kernel+initrd: both files are in it" "srv/a srv/b" "$(sed -n 's/.*size=3221225472 path=//p' "$T/list" | xargs)"
build raw-efi two.yml
check "raw-efi: sgdisk finds nothing wrong" sh -c 'sgdisk -v "$0" | grep -q "No problems found"' "$T/one/two-efi.img"
build raw-bios two.yml
check "raw-bios: sfdisk finds nothing wrong" sh -c 'sfdisk --verify "$0" 2>&1 | grep -q "No errors detected"' "$T/one/two-bios.img"
finish
