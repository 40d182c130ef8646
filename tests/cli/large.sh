#!/bin/sh
# A file of 4 GiB or more: what has no place for it says so when the plan is made, and how to go on; the
# others take it. What they make of it, and of a tree above 4 GiB, is in large-long.sh.
. tests/lib.sh

# A board that has the memory for it.
cp -r configs "$T/configs"
sed -i 's/^memory:.*/memory: 64GiB/' "$T"/configs/boards/*.yml
export LKBOARD_CONFIGS="$T/configs"
lk() { "$LKBOARD" --progress none --store "$STORE" "$@"; }
box() { # KERNEL [INIT]
	printf 'kernel:\n  image: %s\ninit: [localhost/init:bookworm%s]\n' "$1" "${2:+, $2}"
}
box localhost/kernel-amd64:bookworm > "$T/box.yml"
check "the images" lk plan qemu-x86 "$T/box.yml" -f raw-bios -f iso-bios -f raw-efi
formats=$(lk plan qemu-x86 "$T/box.yml" -f none 2>&1 | sed -n 's/^  hint: it can be: //p' | tr -d ,)

# Images as docker save writes them, whose large files are sparse: one with a kernel, one for the root.
python3 - "$T" << 'PY'
import hashlib, io, json, os, subprocess, sys, tarfile
t = sys.argv[1]
head = bytearray(0x400)
head[0:2], head[0x1fe:0x200], head[0x202:0x206] = b"MZ", b"\x55\xaa", b"HdrS"
os.makedirs(t + "/srv")
for name, start in ("kernel", head), ("srv/big", b""):
    with open(t + "/" + name, "wb") as f:
        f.write(start)
        f.truncate(4 << 30)
open(t + "/kernel.tar", "wb").write(bytes(1024))
def image(ref, *files):
    layer = subprocess.run(["tar", "-C", t, "-Scf", "-", *files], check=True, stdout=subprocess.PIPE).stdout
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers",
              "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}
    manifest = [{"Config": "c.json", "RepoTags": ["localhost/%s:1" % ref], "Layers": ["l/layer.tar"]}]
    with tarfile.open(t + "/image-%s.tar" % ref, "w") as tar:
        for name, data in ("manifest.json", json.dumps(manifest).encode()), \
                          ("c.json", json.dumps(config).encode()), ("l/layer.tar", layer):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
image("kernel", "kernel", "kernel.tar")
image("big", "srv/big")
PY
box localhost/kernel-amd64:bookworm localhost/big:1 > "$T/big.yml"
box localhost/kernel:1 > "$T/kernel.yml"

plan() { # FORMAT SPEC ARG...: what became of it
	f=$1 spec=$2
	shift 2
	lk plan qemu-x86 "$T/$spec" --offline -f "$f" "$@" > "$T/out" 2> "$T/err"
	code=$?
	[ $code = 0 ] && echo taken && return
	echo "$code $(sed 's/^lkboard: //; s/^  hint: /hint: /' "$T/err" | tr '\n' ' ' | sed 's/ $//')"
}
in_ram="3 file '/srv/big' of 4.0 GiB is too large for an initrd hint: it ends below 4 GiB; choose a format with the root on a disk"
for f in $formats; do
	case $f in
	tar | docker | oci | kernel+squashfs | kernel+erofs | kernel+iso | iso-bios | iso-efi | disk-efi)
		same "$f takes a file of 4 GiB" taken "$(plan "$f" big.yml --input "$T/image-big.tar")" ;;
	*) same "$f refuses it" "$in_ram" "$(plan "$f" big.yml --input "$T/image-big.tar")" ;;
	esac
done

# A kernel so large: what stands on a FAT ends at the same size, and so does an EFI program.
on_fat="3 partition 'boot': '/kernel': 4.0 GiB are too much for a file on a FAT hint: it ends below 4 GiB; a root on a disk may hold more"
for f in $formats; do
	case $f in
	raw-bios | qcow2-bios | aws | gcp | vhd | dynamic-vhd | vmdk)
		same "$f: a kernel of 4 GiB is too much for the FAT" "$on_fat" "$(plan "$f" kernel.yml --input "$T/image-kernel.tar")" ;;
	*efi*)
		plan "$f" kernel.yml --input "$T/image-kernel.tar" > "$T/said"
		check "$f: nor is it an EFI program" grep -q "^3 kernel image 'localhost/kernel:1': " "$T/said" ;;
	esac
done
finish
