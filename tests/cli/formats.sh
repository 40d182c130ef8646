#!/bin/sh
# Formats that are archives: several in one run, the same bytes twice, judged by tar, cpio and skopeo.
. tests/lib.sh

cat > "$T/box.yml" << 'EOS'
kernel:
  image: localhost/kernel-amd64:bookworm
  cmdline: "quiet lkb.test=1"
init: [localhost/init:bookworm, localhost/runc:bookworm]
services:
  - name: getty
    image: localhost/getty:bookworm
files:
  - path: etc/motd
    contents: "a box"
    mode: "0640"
EOS
lk() { "$LKBOARD" --progress none --store "$STORE" "$@"; }
all="-f tar -f docker -f oci -f tar-kernel-initrd -f kernel+initrd"

# shellcheck disable=SC2086
check "five formats in one run" sh -c '"$@" 2> "$0"' "$T/err.one" "$LKBOARD" --progress plain --store "$STORE" \
	build qemu-x86 "$T/box.yml" $all -o "$T/one"
same "and their files" "box-cmdline box-initrd.img box-initrd.tar box-kernel box-qemu-x86.build.json box-qemu-x86.sbom.spdx.json box.docker box.oci.tar box.tar" \
	"$(cd "$T/one" && echo *)"
for f in tar docker oci tar-kernel-initrd; do
	check "$f alone" sh -c 'cd "$1" && umask 077 && TZ=Asia/Tokyo LC_ALL=C TMPDIR="$1" "$2" --progress none --store "$3" \
		build qemu-x86 box.yml --offline -f "$4" -o two' - "$T" "$LKBOARD" "$STORE" "$f"
done
for f in box.tar box.docker box.oci.tar box-initrd.tar; do
	check "$f: the same bytes alone, elsewhere" cmp "$T/one/$f" "$T/two/$f"
done

# tar-kernel-initrd is kernel+initrd in one file.
mkdir "$T/files"
check "tar unpacks box-initrd.tar" tar -xf "$T/one/box-initrd.tar" -C "$T/files"
for f in kernel initrd.img cmdline; do
	check "$f is the one of kernel+initrd" cmp "$T/files/$f" "$T/one/box-$f"
done

# The root, and boot/ beside it.
names() { tar -tf "$1" | sed 's,/$,,; s,^\./,,' | grep -v '^\.$' | sort; }
names "$T/one/box.tar" > "$T/names"
same "boot/ of the archive" "boot boot/cmdline boot/kernel" "$(grep '^boot' "$T/names" | tr '\n' ' ' | sed 's/ $//')"
same "the command line is the spec's" "quiet lkb.test=1" "$(tar -xOf "$T/one/box.tar" boot/cmdline)"
check "the kernel is the kernel" sh -c 'tar -xOf "$1" boot/kernel | cmp - "$2"' - "$T/one/box.tar" "$T/one/box-kernel"
same "modes and owners are kept" "-rw-r----- 0/0" "$(tar --numeric-owner -tvf "$T/one/box.tar" etc/motd | awk '{ print $1, $2 }')"
names "$T/one/box.docker" | grep -v '^Dockerfile$' > "$T/docker.names"
check "docker: the same files" cmp "$T/names" "$T/docker.names"
same "and how they are started" 'ENTRYPOINT ["/sbin/init"]' "$(tar -xOf "$T/one/box.docker" Dockerfile | tail -n 1)"

if have skopeo; then
	sko() { skopeo --insecure-policy "$@"; }
	check "skopeo reads the OCI archive" sko copy -q "oci-archive:$T/one/box.oci.tar" "dir:$T/dir"
	same "for its platform" "amd64 linux" "$(sko inspect "oci-archive:$T/one/box.oci.tar" |
		python3 -c 'import json,sys; d = json.load(sys.stdin); print(d["Architecture"], d["Os"])')"
	same "with what starts it" '["/sbin/init"]' "$(sko inspect --config "oci-archive:$T/one/box.oci.tar" |
		python3 -c 'import json,sys; print(json.dumps(json.load(sys.stdin)["config"]["Entrypoint"]))')"
	layer=$(sko inspect "oci-archive:$T/one/box.oci.tar" | python3 -c 'import json,sys; print(json.load(sys.stdin)["Layers"][0][7:])')
	check "its layer is the archive" sh -c 'zstd -qdc "$1" | cmp - "$2"' - "$T/dir/$layer" "$T/one/box.tar"
	check "and it can be imported" lk --store "$T/other" cache import "$T/one/box.oci.tar"
else
	skip "the OCI archive" "skopeo is not installed"
fi

# What does not go together.
says() { # NAME CODE TEXT command...
	what=$1 want=$2 text=$3
	shift 3
	"$@" > "$T/out" 2> "$T/err"
	code=$?
	if [ $code = "$want" ] && grep -qF "$text" "$T/err"; then ok "$what"; else not_ok "$what" "$T/err"; fi
}
says "a format the board is not built as" 2 "board 'qemu-x86' is not built as 'sd'" \
	lk build qemu-x86 "$T/box.yml" -f tar -f sd -o "$T/three"
check "leaves nothing" [ ! -e "$T/three" ]
says "a name that no image can have" 2 "'Box' cannot be the name of an image" \
	lk build qemu-x86 "$T/box.yml" -n Box -f tar -f oci -o "$T/three"
check "is refused before anything is made" [ ! -e "$T/three" ]
check "a volume can have any" lk build qemu-x86 "$T/box.yml" --offline -n 'Büchse' -f kernel+iso -o "$T/any"
says "of which nothing starts" 2 "Büchse.iso' is a root, and nothing starts from it" \
	lk run "$T/any/Büchse.iso"
sed "s/cmdline:.*/cmdline: $(printf '%2010s' x | tr ' ' x)/" "$T/box.yml" > "$T/long.yml"
check "a command line that just fits" lk plan qemu-x86 "$T/long.yml" --offline -f kernel+initrd
says "and no more with the word that finds the root" 3 "long.yml:2:3: the command line of 2061 bytes" \
	lk plan qemu-x86 "$T/long.yml" --offline -f kernel+squashfs
sed 's,etc/motd,boot/cmdline,' "$T/box.yml" > "$T/boot.yml"
says "what a format puts over the spec's is said" 0 "the root's '/boot/cmdline' gives way to what format 'tar' has there" \
	"$LKBOARD" --progress plain --store "$STORE" build qemu-x86 "$T/boot.yml" --offline -f tar -o "$T/any"
check "and not where there is nothing" sh -c '! grep -q "gives way" "$1"' - "$T/err.one"
same "one format twice is one" "1" "$(lk build qemu-x86 "$T/box.yml" --offline -f tar -f tar -o "$T/twice" | grep -c 'box.tar')"
same "build.json says whose each file is" "docker kernel+initrd oci tar tar-kernel-initrd" "$(python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert sorted(f["name"] for f in d["formats"]) == sorted({o["format"] for o in d["outputs"] if "format" in o})
print(*sorted(f["name"] for f in d["formats"]))' "$T/one/box-qemu-x86.build.json")"

# A kernel that is there already is not written again; one that was damaged is.
inode=$(stat -c %i "$T/one/box-kernel")
check "built again" lk build qemu-x86 "$T/box.yml" --offline -f kernel+initrd -o "$T/one"
same "the kernel is left alone" "$inode" "$(stat -c %i "$T/one/box-kernel")"
printf x | dd of="$T/one/box-kernel" bs=1 seek=4000000 conv=notrunc 2> /dev/null
check "built over a damaged one" lk build qemu-x86 "$T/box.yml" --offline -f kernel+initrd -o "$T/one"
check "the kernel is whole again" cmp "$T/files/kernel" "$T/one/box-kernel"
finish
