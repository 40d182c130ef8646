#!/bin/sh
# Indexes that list more than the store has, two of them under one name, and what is said of documents
# that somebody wrote to be misread.
. tests/lib.sh
cd "$T" || exit 1

lk() { # store args...
	s=$1
	shift
	"$LKBOARD" --progress none --store "$s" "$@"
}
run() { # command...; leaves out, err, $code
	"$@" > out 2> err < /dev/null
	code=$?
}
# made LAYOUT BYTES: an index for arm64 and amd64, called team/app:1
made() {
	python3 "$TOP/tests/registry/image.py" "$1" docker.io/team/app:1 arm64,amd64 1 "$2"
}
# of LAYOUT EXPRESSION: of the digest `index` and of the document d that it is
of() {
	python3 -c 'import json, sys
index = json.load(open(sys.argv[1] + "/index.json"))["manifests"][0]["digest"]
d = json.load(open(sys.argv[1] + "/blobs/sha256/" + index[7:]))
print(eval(sys.argv[2]))' "$@"
}

# --- one platform of two -------------------------------------------------------------------------------

made lay 1000
arm64=$(of lay 'd["manifests"][0]["digest"]')
amd64=$(of lay 'd["manifests"][1]["digest"]')
cp -r lay sparse
rm "sparse/blobs/sha256/${amd64#sha256:}"
lk s cache import sparse docker.io/team/app:1 > out
run lk s cache rm --platform amd64 team/app:1
same "a platform that was not brought along cannot be taken away" "3 lkboard: 'team/app:1' is not in the store for linux/amd64" \
	"$code $(cat err)"
run lk s cache rm --platform arm64 team/app:1
same "the only one that is there goes" "0 docker.io/team/app:1	$(of lay index)	linux/arm64" "$code $(cat out)"
same "... and the name with it" "" "$(lk s cache ls)"
run lk s cache verify
same "... which leaves a store that is right" "0 " "$code $(cat out)"

lk s cache import sparse docker.io/team/app:1 > out
python3 "$TOP/tests/registry/image.py" third docker.io/team/app:1 arm/v7 1 1000
lk s cache import -n team/app:1 third "$(of third 'd["manifests"][0]["digest"]')" > out
same "another platform joins those that are there" "linux/arm/v7 linux/arm64" "$(lk s cache ls | cut -f2 | LC_ALL=C sort | xargs)"
name=$(python3 -c 'import json; print(json.load(open("s/index.json"))["manifests"][0]["digest"][7:])')
check "... and no other" sh -c "! grep -q amd64 's/blobs/sha256/$name'"

# --- an attestation alone ------------------------------------------------------------------------------

cp -r lay attested
python3 "$TOP/tests/registry/attest.py" attested docker.io/team/app:1
rm -rf s
lk s cache import attested docker.io/team/app:1 > out
for m in $arm64 $amd64; do printf x >> "s/blobs/sha256/${m#sha256:}"; done
run lk s cache verify --repair
same "both images are damaged" 0 "$code"
same "what is attested of them does not keep the name" "" "$(lk s cache ls)$(grep -o team s/index.json)"

# --- two indexes under one name, as a lock may pin them ----------------------------------------------------

made new 2000
printf '# lkboard lock 1\nimage docker.io/team/app:1 linux/amd64 %s %s -\nimage docker.io/team/app:1 linux/arm64 %s %s -\n' \
	"$(of new index)" "$(of new 'd["manifests"][1]["digest"]')" "$(of lay index)" "$arm64" > app.lock
rm -rf s
lk s cache import lay docker.io/team/app:1 > out
lk s cache import new docker.io/team/app:1 > out
run lk s cache export --lock app.lock -o app.tar
same "an image that is pinned for two boards, at two times, goes out" 0 "$code"
run lk t cache import app.tar
same "... and comes in, each by its digest" \
	"0 $(printf 'docker.io/team/app@%s\n' "$(of lay index)" "$(of new index)" | LC_ALL=C sort | xargs)" \
	"$code $(cut -f1 out | LC_ALL=C sort | xargs)"
run lk t cache verify
same "... whole" "0 " "$code $(cat out)"
run lk s cache export -o both.tar team/app:1 "team/app@$(of lay index)"
run lk u cache import both.tar
same "a name and a digest" "0 docker.io/team/app:1 docker.io/team/app@$(of lay index)" \
	"$code $(cut -f1 out | LC_ALL=C sort | xargs)"

# --- what is said of a document --------------------------------------------------------------------------

python3 - << 'PY'
import hashlib, json, os
os.makedirs("bad/blobs/sha256")
doc = json.dumps({"schemaVersion": 2, "mediaType": "x\n\x1b[2J\u202e" + "\u00e9" * 100, "manifests": []},
                 ensure_ascii=False).encode()
digest = hashlib.sha256(doc).hexdigest()
open("bad/blobs/sha256/" + digest, "wb").write(doc)
json.dump({"schemaVersion": 2, "manifests": [{
    "mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:" + digest, "size": len(doc),
    "annotations": {"org.opencontainers.image.ref.name": "docker.io/team/bad:1"}}]}, open("bad/index.json", "w"))
open("bad/oci-layout", "w").write('{"imageLayoutVersion":"1.0.0"}')
PY
run lk bad cache verify
same "a fault is one line, whatever a document says" "6 1" "$code $(wc -l < out)"
check "... and steers no terminal" sh -c "! LC_ALL=C grep -q '[[:cntrl:]]' out || [ \"\$(LC_ALL=C tr -d '\t\n' < out | LC_ALL=C tr -dc '\000-\037' | wc -c)\" = 0 ]"
run lk bad cache verify --json
same "... and is in the JSON" "6 1" "$code $(python3 -c 'import json; print(len(json.load(open("out"))["faults"]))')"

# --- small derived data ----------------------------------------------------------------------------------

mkdir -p t/derived/files-v1 t/derived/gone-v1
key=$(printf %064d 1)
printf 'right' > "t/derived/files-v1/$key"
printf 'right' | openssl dgst -sha256 -binary >> "t/derived/files-v1/$key"
run lk t cache verify
same "small derived data that is right" "0 " "$code $(cat out)"
printf X | dd of="t/derived/files-v1/$key" bs=1 conv=notrunc 2> /dev/null
run lk t cache verify
same "... and that is not" "6 derived files-v1/$key	is not what it was when it was made" "$code $(cat out)"
run lk t cache verify --repair
same "is removed" "0 derived files-v1/$key	is not what it was when it was made	removed" "$code $(cat out)"
check "... indeed" test ! -e "t/derived/files-v1/$key"
finish
