#!/bin/sh
# Archives of images in and out, with skopeo as the judge of both directions.
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

# says NAME CODE "stderr" command...
says() {
	what=$1 want=$2 text=$3
	shift 3
	run "$@"
	same "$what: message" "$text" "$(cat err)"
	same "$what: exit code" "$want" "$code"
}

sko() { skopeo --insecure-policy "$@"; }

# --- an image, made by hand ---------------------------------------------------------------------------

sum() { sha256sum "$1" | cut -c1-64; }

# layout DIR ARCH TEXT: an OCI layout with one image, called "v1"
layout() {
	mkdir -p "$1/blobs/sha256" root/etc
	echo "$3" > root/etc/greeting
	tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C root -cf layer .
	id=$(sum layer)
	gzip -nc layer > packed
	printf '{"architecture":"%s","os":"linux","config":{"Cmd":["/hello"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$2" "$id" > config
	type=application/vnd.oci.image
	printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":{"mediaType":"%s.config.v1+json","digest":"sha256:%s","size":%d},"layers":[{"mediaType":"%s.layer.v1.tar+gzip","digest":"sha256:%s","size":%d}]}' \
		$type $type "$(sum config)" "$(wc -c < config)" $type "$(sum packed)" "$(wc -c < packed)" > manifest
	for f in packed config manifest; do cp $f "$1/blobs/sha256/$(sum $f)"; done
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s.manifest.v1+json","digest":"sha256:%s","size":%d,"platform":{"os":"linux","architecture":"%s"},"annotations":{"org.opencontainers.image.ref.name":"v1"}}]}' \
		$type "$(sum manifest)" "$(wc -c < manifest)" "$2" > "$1/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' > "$1/oci-layout"
}

layout lay arm64 hello
m=sha256:$(sum manifest)
c=$(sum config)
plain=$(sum layer)
layout lay2 amd64 other
m2=sha256:$(sum manifest)

# --- what anybody can pack ----------------------------------------------------------------------------

tar -C lay -cf lay.tar .
says "an archive whose image has no name" 3 "lkboard: the image in 'lay.tar' has no full reference for a name: 'v1' (linux/arm64)
  hint: give it one: 'lkboard cache import --name REGISTRY/NAME:TAG lay.tar'" lk s cache import lay.tar
run lk s cache import --name localhost/app:1 lay.tar
same "a name, the digest, the platform" "localhost/app:1	$m	linux/arm64" "$(cat out)"
same "cache ls has the same" "localhost/app:1	linux/arm64	$m" "$(lk s cache ls | cut -f1-3)"
gzip -k lay.tar
zstd -q lay.tar
xz -k lay.tar
for f in lay.tar.gz lay.tar.zst lay.tar.xz; do
	run lk "s.$f" cache import --name localhost/app:1 $f
	same "$f" "localhost/app:1	$m	linux/arm64" "$(cat out)"
done
lk s.stdin cache import --name localhost/app:1 - < lay.tar.gz > out 2> err
same "standard input" "localhost/app:1	$m	linux/arm64" "$(cat out)"
same "nothing is left in the store" "" "$(ls -A s.stdin/tmp)"
says "standard input that is empty" 3 "lkboard: 'standard input' is no archive of images: it has neither 'index.json' nor 'manifest.json'
  hint: 'docker save', 'skopeo copy' to oci-archive: and 'lkboard cache export' write one" lk s cache import -
lk s cache import - < . 2> err
same "standard input that cannot be read" "lkboard: 'standard input': cannot read 'standard input': Is a directory" \
	"$(cat err)"
mkfifo pipe
says "a pipe" 3 "lkboard: 'pipe' is a pipe, not a regular file
  hint: give '-' to read standard input" lk s cache import pipe
tar -cf deep.tar lay
says "an archive one directory too high" 3 "lkboard: 'deep.tar' is no archive of images: it has neither 'index.json' nor 'manifest.json'
  hint: there is one in 'lay/': make the archive of what is in there, 'tar -C lay/ -cf FILE .'" lk s cache import deep.tar
head -c 700 lay.tar.gz > cut.tar.gz
run lk s5 cache import --name localhost/cut:1 cut.tar.gz
same "an archive cut short" 3 "$code"
same "nothing of it came in" "" "$(lk s5 cache ls)$(find s5/blobs s5/tmp -type f)"

# --- out and in again ---------------------------------------------------------------------------------

lk s cache import --name localhost/app:1 lay2 > out
lk s cache import --name localhost/twin:2 lay > out
run lk s cache export localhost/app:1
same "an export says path, bytes and digest" "app.oci.tar	$(wc -c < app.oci.tar)	sha256:$(sum app.oci.tar)" "$(cat out)"
lk s cache export -o - localhost/app:1 > piped.tar
check "to standard output go the same bytes" cmp app.oci.tar piped.tar
lk s cache export -o again.tar localhost/app:1 > out
check "the same image, the same bytes" cmp app.oci.tar again.tar
same "the entries are sorted and of 1970" "0" "$(tar --numeric-owner -tvf app.oci.tar | grep -vc ' 0/0 .* 1970-01-01 ')"
lk s cache export -o two.tar localhost/app:1 localhost/twin:2 > out
lk s6 cache import --name localhost/x:1 - < two.tar 2> err
same "the way out of two images on standard input" "  hint: say which, by name or digest: 'lkboard cache import --name localhost/x:1 - IMAGE'" \
	"$(grep hint: err)"
run lk s6 cache import app.oci.tar
same "it comes in with all platforms" "localhost/app:1 linux/amd64,linux/arm64" "$(cut -f1,3 out | tr '\t' ' ')"
same "and with its manifests' digests" "$m2 $m" "$(lk s6 cache ls | cut -f3 | tr '\n' ' ' | sed 's/ $//')"
run lk s cache export --format docker --arch arm64 localhost/twin:2 localhost/app:1
same "it is called by the first image" "twin.docker.tar" "$(cut -f1 out)"
run lk s7 cache import twin.docker.tar
same "both tags come in" "localhost/app:1 localhost/twin:2" "$(cut -f1 out | tr '\n' ' ' | sed 's/ $//')"
check "the config is kept, so is the image ID" test -e "s7/blobs/sha256/$c"
check "the layer is plain, named by its diff_id" tar -tf twin.docker.tar "$plain.tar"
run lk s cache export --format oci-dir -o out.dir/ localhost/app:1
same "a directory is written, as it is called" "out.dir/" "$(cut -f1 out)"
run lk s8 cache import out.dir
same "a directory comes in again" "localhost/app:1" "$(cut -f1 out)"
says "a directory that is there" 7 "lkboard: 'out.dir' is there already
  hint: remove it, or name another with -o" lk s cache export --format oci-dir -o out.dir localhost/app:1
says "several platforms for docker" 3 "lkboard: image 'localhost/app:1': a Docker archive holds it for one platform, the store for linux/amd64, linux/arm64
  hint: choose one with --arch" lk s cache export --format docker localhost/app:1
says "an image that is not there" 3 "lkboard: image 'docker.io/library/none:latest': it is not in the store 's'
  hint: 'lkboard cache ls' lists what is" lk s cache export none
says "no such format" 2 "lkboard: '--format tar': no such format
  hint: one of oci, docker, oci-dir" lk s cache export --format tar localhost/app:1
says "a directory to standard output" 2 "lkboard: a directory cannot be written to standard output" \
	lk s cache export --format oci-dir -o - localhost/app:1
says "no architecture" 2 "lkboard: '--arch a b': no architecture
  hint: arm64, amd64, arm/v7, ..." lk s cache export --arch 'a b' localhost/app:1
lk s cache export -o - localhost/app:1 > /dev/full 2> err
same "a full disk" 4 $?
mkdir ro
run lk s cache export -o none/x.tar localhost/app:1
same "a directory that is not there" 4 "$code"
blob=s/blobs/sha256/$(sum packed)
printf 'X' | dd of="$blob" bs=1 seek=30 conv=notrunc 2> err
run lk s cache export -o bad.tar localhost/app:1
same "a damaged blob does not go out" 6 "$code"
check "and no file is left" test ! -e bad.tar
same "nor a temporary one" "" "$(ls -A | grep -e lkb-tmp -e '\.tmp$')"

# --- a card from archives, without importing ----------------------------------------------------------

export LKBOARD_CONFIGS="${LKBOARD_CONFIGS:-$TOP/configs}"
spec=$LKBOARD_CONFIGS/specs/minimal.yml
run lk "$STORE" build rpi3 "$spec" -o stored
same "a card from the store" 0 "$code"
refs=$(python3 -c '
import json
print(*(i["ref"] for i in json.load(open("stored/minimal-rpi3.build.json"))["images"]))' 2>> err)
# shellcheck disable=SC2086
lk "$STORE" cache export --arch arm64 -o all.oci.tar $refs > out
# shellcheck disable=SC2086
lk "$STORE" cache export --arch arm64 --format docker -o all.docker $refs > out
run lk e1 build rpi3 "$spec" --offline --input all.oci.tar -o from-oci
same "a card from an OCI archive" 0 "$code"
check "is the same card" cmp stored/minimal-rpi3.map from-oci/minimal-rpi3.map
run lk e2 build rpi3 "$spec" --no-sbom --offline --input all.docker -o from-docker
same "a card from a Docker archive" 0 "$code"
same "of which nothing was copied or unpacked" "" "$(find e2/blobs e2/derived e2/tmp -type f)"
run lk e2 plan rpi3 "$spec" --offline --input all.docker
same "plan says where images come from" "$(echo "$refs" | wc -w)" "$(grep -c '^  image .* from all.docker)$' out)"
says "an input that is none" 3 "lkboard: '$spec' is no archive of images: it is no tar
  hint: 'docker save', 'skopeo copy' to oci-archive: and 'lkboard cache export' write one; an OCI layout is a directory" \
	lk e3 plan rpi3 "$spec" --input "$spec"
rm -r stored from-oci from-docker e1 all.oci.tar all.docker

# --- skopeo -------------------------------------------------------------------------------------------

if ! have skopeo; then
	skip "skopeo reads what we write, and we what it writes" "skopeo is not installed"
	finish
fi
id_of() { # SOURCE: the digest of the config, of an image for arm64
	sko --override-arch arm64 inspect --raw "$1" | python3 -c '
import json, sys
print(json.load(sys.stdin)["config"]["digest"])'
}
for a in amd64 arm64; do
	check "skopeo inspects our OCI archive for $a" sko --override-arch $a inspect oci-archive:app.oci.tar
	check "skopeo copies it for $a" sko --override-arch $a copy oci-archive:app.oci.tar:localhost/app:1 "dir:copy-$a"
done
check "skopeo copies all of it" sko copy --all oci-archive:app.oci.tar oci:copy-all:x
check "skopeo inspects our Docker archive" sko --override-arch arm64 inspect docker-archive:twin.docker.tar:localhost/twin:2
check "skopeo copies it, every layer compared" sko --override-arch arm64 copy \
	docker-archive:twin.docker.tar:localhost/app:1 oci:copy-docker:x
same "and finds the same image ID" "sha256:$c" "$(id_of oci:copy-docker:x)"
check "skopeo inspects our directory" sko --override-arch arm64 inspect oci:out.dir

sko --override-arch arm64 copy -q oci:lay:v1 oci-archive:theirs.tar:localhost/theirs:1 2> err
run lk s9 cache import theirs.tar
same "skopeo's OCI archive" "localhost/theirs:1	$m	linux/arm64" "$(cat out)"
sko --override-arch arm64 copy -q oci:lay:v1 docker-archive:theirs.docker:lkb/app:v1 2> err
run lk s9 cache import theirs.docker
same "skopeo's Docker archive" "docker.io/lkb/app:v1 linux/arm64" "$(cut -f1,3 out | tr '\t' ' ')"
digest=$(cut -f2 out)
check "the image ID is kept" test -e "s9/blobs/sha256/$c"
run lk s10 cache import theirs.docker
same "the same archive, the same digest" "$digest" "$(cut -f2 out)"
sko --override-arch arm64 copy -q oci:lay:v1 docker-archive:nameless.docker 2> err
says "a Docker archive without a name" 3 "lkboard: the image in 'nameless.docker' has no full reference for a name: '' (linux/arm64)
  hint: give it one: 'lkboard cache import --name REGISTRY/NAME:TAG nameless.docker'" lk s9 cache import nameless.docker
run lk s9 cache export --format docker -o back.docker lkb/app:v1
check "theirs to ours and back: skopeo reads it" sko --override-arch arm64 copy \
	docker-archive:back.docker:docker.io/lkb/app:v1 oci:copy-back:x
same "with the same image ID" "sha256:$c" "$(id_of oci:copy-back:x)"
finish
