#!/bin/sh
# The bill of materials under foreign eyes: what it says of packages beside dpkg-query, of files beside
# what comes out of the artifacts with debugfs, mcopy and bsdtar, of places beside the card itself.
. tests/lib.sh
# Debian's modules are those of Debian's Python.
python=$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3)
judge() { "$python" tests/cli/sbom_judge.py "$@"; }
build() { "$LKBOARD" --store "$STORE" build "$@" > "$T/out.txt" 2> "$T/err.txt"; }
sums() { (cd "$1" && find . -type f -exec sha1sum {} + | LC_ALL=C sort -k 2); }
files() { # what tree sbom directory
	judge files "$3" "$2" > "$T/said"
	sums "$4" > "$T/is"
	check "$1" cmp "$T/said" "$T/is"
	check "... which are some" test -s "$T/is"
}

# The card.
check "hello.yml builds" build rpi3 configs/specs/hello.yml -o "$T/card"
card=$T/card/hello-rpi3.img
sbom=$T/card/hello-rpi3.sbom.spdx.json
[ -s "$sbom" ] || finish
same "it is printed like other artifacts" \
	"$(stat -c %s "$sbom") sha256:$(sha256sum < "$sbom" | cut -d' ' -f1)" \
	"$(awk -F'\t' '$1 ~ /sbom/ { print $2, $3 }' "$T/out.txt")"
check "build.json names it" grep -q '"file": "hello-rpi3.sbom.spdx.json"' "$T/card/hello-rpi3.build.json"
check "it is an SPDX 2.3 document, every identifier once, every relationship between elements" \
	judge document "$sbom"
same "it describes the artifacts, with their checksums" "hello-rpi3.img hello-rpi3.map hello-rpi3.bmap" \
	"$(judge artifacts "$sbom" "$T/card")"
check "the bytes at each file's extents are the file" judge extents "$sbom" "$card"
cp --sparse=always "$card" "$T/torn.img"
at=$(sed -n 's/.*"fileName": ".\/boot.scr".*extents=\([0-9]*\)+.*/\1/p' "$sbom")
printf X | dd of="$T/torn.img" bs=1 seek="$at" conv=notrunc status=none
check "and no others" sh -c "! '$python' tests/cli/sbom_judge.py extents '$sbom' '$T/torn.img'"
rm -f "$T/torn.img"
start() { sfdisk -J "$card" | python3 -c 'import json, sys
print(json.load(sys.stdin)["partitiontable"]["partitions"][int(sys.argv[1])]["start"] * 512)' "$1"; }
mkdir "$T/boot" "$T/slot" "$T/initrd"
export MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1
mcopy -s -n -i "$card@@$(start 0)" ::/ "$T/boot" > "$T/mcopy.out" 2>&1
files "mcopy copies the boot partition's files" boot "$sbom" "$T/boot"
dd if="$card" of="$T/p2" bs=4M iflag=skip_bytes skip="$(start 1)" count=64 conv=sparse status=none
debugfs -R "rdump / $T/slot" "$T/p2" > "$T/debugfs.out" 2>&1
rmdir "$T/slot/lost+found" 2> /dev/null
files "debugfs dumps the slot's files" slot-a "$sbom" "$T/slot"
zstd -qdc "$T/slot/boot/initrd.img" | bsdtar -xf - -C "$T/initrd" 2> "$T/tar.out"
files "bsdtar unpacks the initrd's files" initrd "$sbom" "$T/initrd"
same "packages of an image that lkboard made are known" "pkg:deb/debian/runc@" \
	"$(judge packages "$sbom" localhost/runc:bookworm | grep -o 'pkg:deb/debian/runc@')"

# Images as others make them: two layers each, a database in the second.
mkdir "$T/images"
python3 - "$T/images" << 'PY'
import hashlib, io, json, os, sys, tarfile

def tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            t.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()

def blob(where, data):
    digest = hashlib.sha256(data).hexdigest()
    os.makedirs(where + "/blobs/sha256", exist_ok=True)
    with open(where + "/blobs/sha256/" + digest, "wb") as f:
        f.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}

OCI = "application/vnd.oci.image."
def manifest(where, layers, config, kind=OCI + "layer.v1.tar"):
    config["rootfs"] = {"type": "layers",
                        "diff_ids": ["sha256:" + hashlib.sha256(l).hexdigest() for l in layers]}
    doc = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
           "config": dict(blob(where, json.dumps(config).encode()), mediaType=OCI + "config.v1+json"),
           "layers": [dict(blob(where, l), mediaType=kind) for l in layers]}
    return dict(blob(where, json.dumps(doc).encode()), mediaType=OCI + "manifest.v1+json")

def layout(where, name, layers, attested=None):
    made = manifest(where, [tar(l) for l in layers],
                    {"os": "linux", "architecture": "arm64", "created": "2026-01-01T00:00:00Z",
                     "config": {"Cmd": ["/bin/x"]}})
    made["platform"] = {"os": "linux", "architecture": "arm64"}
    items = [made]
    if attested:
        text = json.dumps({"_type": "https://in-toto.io/Statement/v0.1",
                           "predicateType": "https://spdx.dev/Document",
                           "predicate": {"packages": attested}}).encode()
        note = manifest(where, [text], {"os": "unknown", "architecture": "unknown"},
                        "application/vnd.in-toto+json")
        note["platform"] = {"os": "unknown", "architecture": "unknown"}
        note["annotations"] = {"vnd.docker.reference.type": "attestation-manifest",
                               "vnd.docker.reference.digest": made["digest"]}
        items.append(note)
    index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": items}
    top = dict(blob(where, json.dumps(index).encode()), mediaType=OCI + "index.v1+json",
               annotations={"io.containerd.image.name": name})
    json.dump({"schemaVersion": 2, "manifests": [top]}, open(where + "/index.json", "w"))
    json.dump({"imageLayoutVersion": "1.0.0"}, open(where + "/oci-layout", "w"))

def deb(name, version, status="install ok installed", more=""):
    return ("Package: %s\nMaintainer: x\nStatus: %s\nArchitecture: arm64\nVersion: %s\n%sDescription: x\n"
            " more\n .\n more\n\n" % (name, status, version, more))

def package(name, version, purl):
    return {"name": name, "versionInfo": version, "licenseDeclared": "MIT",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": purl}]}

out = sys.argv[1]
status = (deb("zlib1g", "1:1.2.13.dfsg-1", more="Source: zlib\n") +
          deb("gone", "1.0", "deinstall ok config-files") + deb("libc6", "2.36-9+deb12u14", more=
              "Source: glibc (2.36-9)\n") + deb("bad name", "1") + deb("acl", "2.3.1-3"))
layout(out + "/deb", "example.com/team/deb:1",
       [{"etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n", "bin/x": "below", "bin/y": "below"},
        {"bin/x": "above", "var/lib/dpkg/status": status,
         "var/lib/dpkg/status.d/base-files": deb("base-files", "12.4", more="").replace(
             "Status: install ok installed\n", "")}],
       [package("left-pad", "1.0", "pkg:npm/left-pad@1.0"),
        package("acl", "2.3.1-3", "pkg:deb/debian/acl@2.3.1-3")])
layout(out + "/apk", "apk:1",
       [{"etc/os-release": "ID=alpine\nVERSION_ID=3.20.1\n", "bin/x": "x", "empty": ""},
        {"lib/apk/db/installed":
         "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:aarch64\nL:MIT\no:musl\nF:lib\nR:libc.so\nP:no\n\n"
         "P:musl-utils\nV:1.2.5-r0\nA:aarch64\nL:MIT AND BSD-2-Clause AND GPL-2.0-or-later\no:musl\n\n"
         "P:odd\nV:1\nA:noarch\nL:Some Licence of Ours\n\n"}])
PY
tar -C "$T/images/apk" -cf "$T/images/apk.tar" .
cat > "$T/made.yml" << 'SPEC'
kernel: {image: "localhost/kernel-arm64:bookworm"}
init: ["localhost/init:bookworm"]
onboot:
  - {name: deb, image: "example.com/team/deb:1"}
  - {name: apk, image: "apk:1"}
files:
  - {path: etc/motd, contents: hello}
SPEC
check "a spec with other people's images builds" build qemu-arm64 "$T/made.yml" \
	--input "$T/images/deb" --input "$T/images/apk.tar" -o "$T/made"
sbom=$T/made/made-qemu-arm64.sbom.spdx.json
[ -s "$sbom" ] || finish
check "records that are no packages are said" \
	grep -q "image 'example.com/team/deb:1': 1 records of its package databases name no package" "$T/err.txt"
check "its SBOM is an SPDX 2.3 document" judge document "$sbom"
same "it describes kernel, initrd and command line" "made-kernel made-initrd.img made-cmdline" \
	"$(judge artifacts "$sbom" "$T/made")"
mkdir "$T/root" "$T/pieces"
zstd -qdc "$T/made/made-initrd.img" | python3 tests/cli/initrd_pieces.py "$T/pieces"
for piece in "$T/pieces"/*; do
	bsdtar -xf "$piece" -C "$T/root" --exclude 'dev/*' 2>> "$T/tar.out"
done
files "bsdtar unpacks the root's files" root "$sbom" "$T/root"
judge packages "$sbom" example.com/team/deb:1 > "$T/debs"
if have dpkg-query; then
	mkdir "$T/admin"
	sed '/^Package: bad name/,/^$/d' "$T/root/containers/onboot/000-deb/lower/var/lib/dpkg/status" \
		> "$T/admin/status" 2> /dev/null ||
		sed '/^Package: bad name/,/^$/d' \
			"$T/root/containers/onboot/000-deb/rootfs/var/lib/dpkg/status" > "$T/admin/status"
	same "dpkg-query finds the same packages in the database" \
		"$(dpkg-query --admindir="$T/admin" -W -f '${db:Status-Status} ${Package} ${Version}\n' |
			sed -n 's/^installed //p' | LC_ALL=C sort)" \
		"$(grep -v -e base-files -e left-pad "$T/debs" | cut -d' ' -f1,2)"
else
	skip "dpkg-query finds the same packages" "dpkg is not installed"
fi
same "packages of dpkg, of distroless images, of an attestation" \
	"acl 2.3.1-3 NOASSERTION pkg:deb/debian/acl@2.3.1-3?arch=arm64&distro=debian-12
base-files 12.4 NOASSERTION pkg:deb/debian/base-files@12.4?arch=arm64&distro=debian-12
libc6 2.36-9+deb12u14 NOASSERTION pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=arm64&distro=debian-12&upstream=glibc
zlib1g 1:1.2.13.dfsg-1 NOASSERTION pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1?arch=arm64&distro=debian-12&upstream=zlib
left-pad 1.0 MIT pkg:npm/left-pad@1.0" "$(cat "$T/debs")"
same "packages of apk, with licences where they are SPDX's" \
	"musl 1.2.5-r0 MIT pkg:apk/alpine/musl@1.2.5-r0?arch=aarch64&distro=alpine-3.20.1
musl-utils 1.2.5-r0 MIT AND BSD-2-Clause AND GPL-2.0-or-later pkg:apk/alpine/musl-utils@1.2.5-r0?arch=aarch64&distro=alpine-3.20.1&upstream=musl
odd 1 NOASSERTION pkg:apk/alpine/odd@1?arch=noarch&distro=alpine-3.20.1" \
	"$(judge packages "$sbom" docker.io/library/apk:1)"

if "$python" -c 'import license_expression' 2> /dev/null; then
	check "licences that are taken for SPDX's are SPDX's" "$python" -c '
import license_expression, re
spdx = license_expression.get_spdx_licensing()
known, exceptions = open("rootfs/inventory/licence.c").read().split("licences[] = {")[1].split("exceptions[] = {")
for text in re.findall(r"\"([^\"]+)\"", known):
    assert not spdx.validate(text).errors, text
for text in re.findall(r"\"([^\"]+)\"", exceptions.split("};")[0]):
    assert not spdx.validate("GPL-2.0-only WITH " + text).errors, text'
else
	skip "licences that are taken for SPDX's are SPDX's" "python3-license-expression is not installed"
fi

# Where files come from.
layer() { # image directory, number: digest of its layer
	python3 - "$1" "$2" << 'PY'
import json, sys
def read(digest): return json.load(open(sys.argv[1] + "/blobs/" + digest.replace(":", "/")))
index = read(json.load(open(sys.argv[1] + "/index.json"))["manifests"][0]["digest"])
print(read(index["manifests"][0]["digest"])["layers"][int(sys.argv[2])]["digest"])
PY
}
remark() { sed -n "s,.*\"fileName\": \"[^\"]*$1\".*\"comment\": \"\([^\"]*\)\".*,\1,p" "$sbom"; }
ref=example.com/team/deb:1
same "a file of the lower layer" "image=$ref; layer=$(layer "$T/images/deb" 0)" "$(remark 000-deb/[a-z]*/bin/y)"
same "a file that the upper layer replaced" "image=$ref; layer=$(layer "$T/images/deb" 1)" \
	"$(remark 000-deb/[a-z]*/bin/x)"
same "a file without contents" "image=docker.io/library/apk:1" "$(remark 001-apk/[a-z]*/empty)"
same "a file of the spec" "source=files[0]" "$(remark etc/motd)"

# Same input, same bytes: another store, without anything that was kept, and twice in one.
cp -r "$STORE" "$T/store"
rm -rf "$T/store/derived"
"$LKBOARD" -q --store "$T/store" cache import "$T/images/deb" > /dev/null
"$LKBOARD" -q --store "$T/store" cache import "$T/images/apk" > /dev/null
for n in 1 2; do
	TZ=Asia/Tokyo "$LKBOARD" -q --store "$T/store" build qemu-arm64 "$T/made.yml" -o "$T/again" > /dev/null 2>&1
	check "from imported images, in another store: the same ($n)" cmp "$sbom" \
		"$T/again/made-qemu-arm64.sbom.spdx.json"
done
check "what was kept is kept" test -n "$(ls "$T/store/derived/files-v1")"
for f in "$T"/store/derived/files-v1/*; do printf X | dd of="$f" bs=1 seek=20 conv=notrunc status=none; done
"$LKBOARD" -q --store "$T/store" build qemu-arm64 "$T/made.yml" -o "$T/again" > /dev/null 2>&1
check "and not believed when it was changed" cmp "$sbom" "$T/again/made-qemu-arm64.sbom.spdx.json"

# Without.
check "--no-sbom builds" build qemu-arm64 "$T/made.yml" --no-sbom --input "$T/images/deb" \
	--input "$T/images/apk.tar" -o "$T/made"
same "and leaves none there" "made-cmdline made-initrd.img made-kernel made-qemu-arm64.build.json" \
	"$(ls "$T/made" | xargs)"
check "nor in build.json" sh -c "! grep -q sbom '$T/made/made-qemu-arm64.build.json'"
finish
