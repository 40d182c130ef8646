#!/bin/sh
# Images and artifacts to a real registry; skopeo, curl and bsdtar say what arrived there.
. tests/lib.sh
. tests/registry/kit.sh

if ! have docker-registry || ! have skopeo; then
	skip "pushing to a registry" "docker-registry or skopeo is not installed"
	finish
fi
cd "$T" || exit 1
sko() { skopeo --insecure-policy "$@"; }
digest_of() { sha256sum < "$1" | cut -c1-64; }
# manifest REPOSITORY TAG: as it is there
manifest() {
	curl -s -H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json' \
		"http://$R/v2/$1/manifests/$2"
}
# field FILE EXPRESSION: of a document d
field() {
	python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"
}

QUIET=false
registry P
R=127.0.0.1:$P
requests() { # method: how many the registry has seen
	grep -c "\"$1 /v2/" "registry-$P.log"
}

# --- a card ----------------------------------------------------------------------------------------------

mkdir cards
head -c 3000000 /dev/urandom > cards/my-rpi3.img
printf 'lkboard-map 1\n' > cards/my-rpi3.map
printf '<bmap/>\n' > cards/my-rpi3.bmap
printf '{"epoch": 1700000000}\n' > cards/my-rpi3.build.json
printf '{}\n' > cards/my-rpi3.sbom.spdx.json
printf 'of something else\n' > cards/my-rpi4.map
run lk push cards/my-rpi3.img "$R/team/card:1"
manifest team/card 1 > doc
same "a card" "0 $R/team/card:1	sha256:$(digest_of doc)" "$code $(cat out)"
same "its type" "application/vnd.lkboard.disk.v1 application/vnd.oci.empty.v1+json" \
	"$(field doc 'd["artifactType"] + " " + d["config"]["mediaType"]')"
same "what belongs to it came along" "my-rpi3.img application/vnd.lkboard.disk.image.v1.raw
my-rpi3.map application/vnd.lkboard.disk.map.v1
my-rpi3.bmap application/xml
my-rpi3.build.json application/vnd.lkboard.build.v1+json
my-rpi3.sbom.spdx.json application/spdx+json" "$(field doc '"\n".join(l["annotations"]["org.opencontainers.image.title"] + " " + l["mediaType"] for l in d["layers"])')"
same "created when it was built" "2023-11-14T22:13:20Z" "$(field doc 'd["annotations"]["org.opencontainers.image.created"]')"
sko copy -q --src-tls-verify=false "docker://$R/team/card:1" oci:back:card
same "skopeo fetches it" 0 $?
for f in img map bmap build.json sbom.spdx.json; do
	check "skopeo's $f is ours" cmp "cards/my-rpi3.$f" "back/blobs/sha256/$(digest_of "cards/my-rpi3.$f")"
done
curl -s -o got "http://$R/v2/team/card/blobs/sha256:$(digest_of cards/my-rpi3.img)"
check "curl's image is ours" cmp got cards/my-rpi3.img
mkdir again
cp cards/my-rpi3.* again
cp out before
touch -d 2001-01-01 again/*
same "an upload for each file and the config" "6 7" "$(requests POST) $(requests PUT)"
run "$LKBOARD" --progress plain push again/my-rpi3.img "$R/team/card:1"
same "the same files are the same artifact" "$(cat before)" "$(cat out)"
same "and the manifest is all that is sent again" "6 8" "$(requests POST) $(requests PUT)"
same "each is said to be there" 6 "$(grep -c ', is there already$' err)"
zstd -q cards/my-rpi3.img && xz -1k cards/my-rpi3.img && gzip -1k cards/my-rpi3.img
for c in zst:zstd xz:xz gz:gzip; do
	run lk push "cards/my-rpi3.img.${c%:*}" "$R/team/card:${c#*:}"
	manifest team/card "${c#*:}" > doc
	same "a card in ${c#*:}" "application/vnd.lkboard.disk.image.v1.raw+${c#*:} 5" \
		"$(field doc 'd["layers"][0]["mediaType"] + " " + str(len(d["layers"]))')"
done
echo '{"epoch": "soon"}' > again/my-rpi3.build.json
says "a build.json that is none" 3 "lkboard: push to '$R/team/card:2': again/my-rpi3.build.json: 'epoch' is no whole number" \
	lk push again/my-rpi3.img "$R/team/card:2"

# --- a directory, a file ---------------------------------------------------------------------------------

mkdir -p pxe/b/c
echo 1 > pxe/b/c/kernel
echo 2 > pxe/a
chmod 700 pxe/a
ln -s a pxe/link
run lk push pxe "$R/team/pxe:1"
manifest team/pxe 1 > doc
same "a netboot tree" "application/vnd.lkboard.netboot.v1 application/vnd.lkboard.netboot.tree.v1.tar pxe.tar" \
	"$(field doc '" ".join([d["artifactType"], d["layers"][0]["mediaType"], d["layers"][0]["annotations"]["org.opencontainers.image.title"]])')"
curl -s -o pxe.tar "http://$R/v2/team/pxe/blobs/$(field doc 'd["layers"][0]["digest"]')"
same "as bsdtar reads it" "-rwxr-xr-x 0 0 a
drwxr-xr-x 0 0 b/
drwxr-xr-x 0 0 b/c/
-rw-r--r-- 0 0 b/c/kernel
lrwxrwxrwx 0 0 link -> a" "$(bsdtar -tvf pxe.tar --numeric-owner | awk '$9 != "./" {print $1, $3, $4, $9 ($10 ? " " $10 " " $11 : "")}')"
mkdir -p other/pxe
ln -s a other/pxe/link
cp -r pxe/a pxe/b other/pxe
cp out before
run lk push other/pxe/. "$R/team/pxe:1"
same "the same tree, made in another order" "$(cat before)" "$(cat out)"
mkfifo pxe/pipe
says "a pipe in it" 3 "lkboard: push to '$R/team/pxe:2': 'pxe/pipe' is no file, directory or link" lk push pxe "$R/team/pxe:2"
rm pxe/pipe
echo hello > notes.txt
run lk push notes.txt "$R/team/notes"
manifest team/notes latest > doc
same "any other file" "0 $R/team/notes:latest application/vnd.lkboard.file.v1 application/octet-stream False" \
	"$code $(cut -f1 out) $(field doc '" ".join([d["artifactType"], d["layers"][0]["mediaType"], str("annotations" in d)])')"

# --- images ----------------------------------------------------------------------------------------------

python3 "$KIT/image.py" lay v1 arm64,amd64 2 20000
index=$(field lay/index.json '[m["digest"] for m in d["manifests"] if m["annotations"]["org.opencontainers.image.ref.name"] == "v1"][0]')
says "several images" 3 "lkboard: push to '$R/i/lay:1': 'lay' holds 2 images, only one can be called '$R/i/lay:1': 'v1' ($index), 'v1-single' (linux/arm64)
  hint: say which: 'lkboard push FILE REF IMAGE'" lk --store s push lay "$R/i/lay:1"
run lk --store s push lay "$R/i/lay:1" v1
same "an image of a layout" "$R/i/lay:1	$index" "$(cat out)"
run lk --store s push --arch amd64 lay "$R/i/lay:amd" v1
same "one architecture of it" "amd64" "$(sko inspect --tls-verify=false "docker://$R/i/lay:amd" | python3 -c 'import json, sys; print(json.load(sys.stdin)["Architecture"])')"
sko copy -q --all oci:lay:v1 oci-archive:lay.tar:v1
run lk --store s push lay.tar "$R/i/tar:1"
same "an oci-archive" "$R/i/tar:1	$index" "$(cat out)"
sko copy -q oci:lay:v1-single docker-archive:docker.tar:team/app:1
run lk --store s push docker.tar "$R/i/docker:1"
same "a docker-archive" "0 $R/i/docker:1" "$code $(cut -f1 out)"
check "skopeo reads it" sko copy -q --override-arch arm64 --src-tls-verify=false "docker://$R/i/docker:1" oci:judge:1
tar -cf plain.tar pxe
says "an archive without images" 3 "lkboard: push to '$R/i/plain:1': 'plain.tar' is no archive of images: it has neither 'index.json' nor 'manifest.json'
  hint: --file pushes it as a file, whatever it is" lk --store s push plain.tar "$R/i/plain:1"
run lk push --file plain.tar "$R/i/plain:1"
manifest i/plain 1 > doc
same "as a file it goes" "0 application/vnd.lkboard.file.v1" "$code $(field doc 'd["artifactType"]')"

run lk --store a cache pull --all-platforms "$R/i/lay:1"
run lk --store a push "$R/i/lay:1" "$R/copy/of:it"
same "an image of the store" "$R/copy/of:it	$index" "$(cat out)"
same "skopeo sees the same" "$index" "sha256:$(sko inspect --raw --tls-verify=false "docker://$R/copy/of:it" | sha256sum | cut -c1-64)"
run lk --store b cache pull --all-platforms "$R/copy/of:it"
same "another store gets the same" "$R/copy/of:it	$index	linux/arm64,linux/amd64" "$(cat out)"
valid "another store" b
run lk --store one cache pull --arch arm64 "$R/i/lay:1"
only=$(field "lay/blobs/sha256/${index#sha256:}" 'd["manifests"][0]["digest"]')
run "$LKBOARD" --progress plain --store one push "$R/i/lay:1" "$R/part/of:it"
same "an index of which one image is there: that one goes" "0 $R/part/of:it	$only" "$code $(cat out)"
check "which is said" grep -qx "lkboard: warning: '$index' lists 1 manifest that 'one' does not have: its image for linux/arm64 is sent alone, as '$only'" err
same "the registry has it under the tag" "$only" "sha256:$(manifest part/of it | sha256sum | cut -d' ' -f1)"
python3 "$KIT/image.py" three v1 arm64,amd64,arm/v7 1 1000
sko copy -q --all --dest-tls-verify=false oci:three:v1 "docker://$R/i/three:1"
third=$(field three/index.json 'd["manifests"][0]["digest"]')
run lk --store one cache pull --arch arm64,amd64 "$R/i/three:1"
posts=$(requests POST)
says "an index of which several are there, and not all" 7 "lkboard: push to '$R/part/three:1': '$third' lists 1 manifest that 'one' does not have, and registries refuse such an index
  hint: --arch ARCH sends one image alone; 'lkboard cache pull --all-platforms $R/i/three:1' fetches what is missing" \
	lk --store one push "$R/i/three:1" "$R/part/three:1"
same "before anything is sent" "$posts" "$(requests POST)"
run lk --store one cache pull --all-platforms "$R/i/three:1"
run lk --store one push "$R/i/three:1" "$R/part/three:1"
same "the hint is a way" "0 $R/part/three:1	$third" "$code $(cat out)"
# As builders write it: what it attests belongs to it.
python3 "$KIT/image.py" attested v1 arm64,amd64 1 1000
python3 "$KIT/attest.py" attested v1
attested=$(field attested/index.json 'd["manifests"][0]["digest"]')
run lk --store one push attested "$R/i/attested:1" v1
same "an index with attestations" "0 $R/i/attested:1	$attested" "$code $(cat out)"
run lk --store one cache pull --all-platforms "$R/i/attested:1"
run lk --store one push "$R/i/attested:1" "$R/part/attested:1"
same "and out of the store" "0 $R/part/attested:1	$attested" "$code $(cat out)"
run lk --store one push --arch arm64 "$R/i/lay:1" "$R/part/of:it"
same "one of them goes" "0 arm64" "$code $(sko inspect --tls-verify=false "docker://$R/part/of:it" | python3 -c 'import json, sys; print(json.load(sys.stdin)["Architecture"])')"
run lk --store made cache import --name localhost/team/app:1 docker.tar
run lk --store made push localhost/team/app:1 "$R/made/app:1"
same "what the store has one platform of is no index" "$(lk --store made cache ls | cut -f3)" "$(cut -f2 out)"

# What cosign would have put beside it.
python3 "$KIT/image.py" sig s1 arm64 1 100
hex=${index#sha256:}
sko copy -q --dest-tls-verify=false oci:sig:s1-single "docker://$R/i/lay:sha256-$hex.sig"
run lk --store signed cache pull --all-platforms --signatures "$R/i/lay:1"
run lk --store signed push "$R/i/lay:1" "$R/without/sig:1"
same "signatures stay where nobody asks" 404 "$(curl -s -o /dev/null -w '%{http_code}' "http://$R/v2/without/sig/manifests/sha256-$hex.sig")"
run lk --store signed push --signatures "$R/i/lay:1" "$R/with/sig:1"
manifest i/lay "sha256-$hex.sig" > want
manifest with/sig "sha256-$hex.sig" > got
check "and come along with --signatures" cmp want got
lk --store signed cache export --signatures -o signed.tar "$R/i/lay:1" > /dev/null
run lk --store s push --signatures signed.tar "$R/from/archive:1" "$R/i/lay:1"
manifest from/archive "sha256-$hex.sig" > got
check "out of an archive too" cmp want got

# --- what is refused -------------------------------------------------------------------------------------

says "a digest" 2 "lkboard: '$R/x/y@$index': the digest follows from what is pushed
  hint: name a tag, or nothing for 'latest'" lk push notes.txt "$R/x/y@$index"
says "no registry" 2 "lkboard: 'localhost/x:1': 'localhost' without a port is no registry
  hint: say where to: REGISTRY/x" lk push notes.txt localhost/x:1
says "neither file nor image" 3 "lkboard: push to '$R/x/y:1': 'nothing:1' is no file, and not in the store '$T/s'
  hint: 'lkboard cache ls' lists what is" lk --store "$T/s" push nothing:1 "$R/x/y:1"
says "--arch of a file" 2 "lkboard: 'notes.txt' is no image: '--arch' says nothing about it" lk push --arch arm64 notes.txt "$R/x/y:1"
printf x >> "lay/blobs/sha256/$hex"
run lk --store s push lay "$R/x/y:1" v1
same "a document that was changed" 6 "$code"
python3 "$KIT/image.py" lay v1 arm64,amd64 2 20000
layer=$(ls -S lay/blobs/sha256 | head -n 1)
printf x | dd of="lay/blobs/sha256/$layer" conv=notrunc 2> /dev/null
run lk --store s push lay "$R/x/changed:1" v1
same "a layer that was changed" 6 "$code"
check "is not sent" grep -q "what was to be sent as 'sha256:$layer' has the digest" err
kill "$pid"

# --- behind a password, behind tokens ----------------------------------------------------------------------

mkdir -p home/.docker
login() { # port user:password
	printf '{"auths":{"127.0.0.1:%s":{"auth":"%s"}}}' "$1" "$(printf %s "$2" | base64)" > home/.docker/config.json
}
python3 -W ignore -c 'import crypt
print("lkb:" + crypt.crypt("s3c:ret", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' > htpasswd
registry P "auth: {htpasswd: {realm: lkb, path: $T/htpasswd}}"
R=127.0.0.1:$P
login="'skopeo login $R' or 'docker login $R' writes credentials, --authfile names a file of them"
says "nobody's" 5 "lkboard: push to '$R/x/y:1': 'the empty config': '$R' does not take 'x/y' from just anybody (401)
  hint: $login" lk push notes.txt "$R/x/y:1"
login "$P" lkb:wrong
says "a wrong password" 5 "lkboard: push to '$R/x/y:1': 'the empty config': '$R' does not take 'x/y' from 'lkb' of '$HOME/.docker/config.json' (401)
  hint: $login" lk push notes.txt "$R/x/y:1"
login "$P" lkb:s3c:ret
run lk push notes.txt "$R/x/y:1"
same "the right one" "0 $R/x/y:1" "$code $(cut -f1 out)"
rm home/.docker/config.json
printf 's3c:ret' | sko login --tls-verify=false -u lkb --password-stdin --authfile auth.json "$R" > /dev/null
run lk push --authfile auth.json notes.txt "$R/x/y:2"
same "what skopeo login wrote" 0 "$code"
kill "$pid"

rm -f port
python3 "$KIT/token_server.py" "$T/port" "$T" log="$T/tokens.log" login=lkb:s3cret &
PIDS="$PIDS $!"
until [ -s port ]; do sleep 0.1; done
registry P "auth: {token: {realm: \"http://127.0.0.1:$(cat port)/token\", service: lkb, issuer: lkb-issuer, rootcertbundle: $T/token.crt}}"
R=127.0.0.1:$P
login "$P" lkb:s3cret
run lk push notes.txt "$R/tok/en:1"
same "behind tokens" "0 $R/tok/en:1" "$code $(cut -f1 out)"
same "one that reads and writes is enough" "/token?service=lkb&scope=repository%3Atok%2Fen%3Apull%2Cpush" "$(cut -d' ' -f4 tokens.log)"
finish
