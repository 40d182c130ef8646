#!/bin/sh
# What does not go together is refused when the plan is made, with what to do: each case for every format
# of a board that it concerns. tests/golden/cli/pairings.txt has what is said.
. tests/lib.sh

lk() { "$LKBOARD" --progress none --store "$STORE" "$@"; }
formats() { lk plan "$1" "$T/box.yml" -f none 2>&1 | sed -n 's/^  hint: it can be: //p' | tr -d ,; }
kernel() { # IMAGE
	printf 'kernel:\n  image: %s\ninit: [localhost/init:bookworm]\n' "$1"
}
kernel localhost/kernel-amd64:bookworm > "$T/box.yml"
kernel localhost/kernel-arm64:bookworm > "$T/arm.yml"
check "the images" sh -c '"$1" -q --store "$2" plan qemu-x86 "$3/box.yml" -f raw-bios -f iso-bios -f raw-efi &&
	"$1" -q --store "$2" plan qemu-arm64 "$3/arm.yml"' - "$LKBOARD" "$STORE" "$T"

# Images whose kernel is none, and that have no kernel.tar, as docker save writes them.
python3 - "$T" << 'PY'
import hashlib, io, json, sys, tarfile
def tar(path, files):
    with tarfile.open(path, "w") as t:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
def image(ref, *files):
    tar(sys.argv[1] + "/layer.tar", files)
    layer = open(sys.argv[1] + "/layer.tar", "rb").read()
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers",
              "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}
    manifest = [{"Config": "c.json", "RepoTags": ["localhost/%s:1" % ref], "Layers": ["layer.tar"]}]
    tar(sys.argv[1] + "/%s.tar" % ref, [("manifest.json", json.dumps(manifest).encode()),
        ("c.json", json.dumps(config).encode()), ("layer.tar", layer)])
image("nokernel", ("kernel", b"not a kernel"), ("kernel.tar", bytes(1024)))
image("notar", ("kernel", b"not a kernel"))
PY
kernel localhost/nokernel:1 > "$T/nokernel.yml"
kernel localhost/notar:1 > "$T/notar.yml"
cp -r configs "$T/small"
sed -i 's/^memory:.*/memory: 8MiB/' "$T/small/boards/qemu-x86.yml"
cp -r configs "$T/wrong"
sed -i 's/ raw-efi,/ raw-bios, iso-bios,/' "$T/wrong/boards/qemu-arm64.yml"

# What is said, and of which formats. Sizes change with the packages.
refused() { # CASE BOARD SPEC FORMATS [ARG...]
	echo "== $1"
	board=$2 spec=$3 list=$4
	shift 4
	for f in $list; do
		(cd "$T" && "$LKBOARD" --progress none --store "$STORE" plan "$board" "$spec" --offline -f "$f" "$@") \
			> "$T/out" 2> "$T/err"
		code=$?
		[ $code = 0 ] || printf '%s\t%s\n' "$f" "$(sed "s/ '$f'/ 'FORMAT'/; s/[0-9.]* [KMG]iB/SIZE/g; s,$T/,,g" "$T/err" |
			tr '\n' '|')exit code $code"
	done | awk -F '\t' '{ if (!($2 in who)) order[++n] = $2; who[$2] = who[$2] " " $1 }
		END { for (i = 1; i <= n; i++) print who[order[i]] ":|" order[i] }' | tr '|' '\n'
}
pc=$(formats qemu-x86)
bios=$(for f in $pc; do case " $(formats qemu-arm64) " in *" $f "*) ;; *) echo "$f" ;; esac; done)
{
	refused "a format for a BIOS, on a board without one" qemu-arm64 arm.yml "$bios"
	echo "== a profile that lists one all the same"
	"$LKBOARD" check "$T/wrong/boards/qemu-arm64.yml" 2>&1 | sed "s,$T/,,g"
	refused "a kernel that is none" qemu-x86 nokernel.yml "$pc" --input nokernel.tar
	refused "a kernel without kernel.tar" qemu-x86 notar.yml "$pc" --input notar.tar
	export LKBOARD_CONFIGS="$T/small"
	refused "a root that is larger than the memory" qemu-x86 box.yml "$pc"
} > "$T/pairings"
golden "what is said" "$T/pairings" tests/golden/cli/pairings.txt
finish
