#!/bin/sh
# What an index attests of an image comes along when the image is pulled, and its packages are in the
# SBOM; nothing of it can hold up an image.
. tests/lib.sh
. tests/registry/kit.sh
judge() { python3 "$TOP/tests/cli/sbom_judge.py" "$@"; }
LKBOARD_CONFIGS=$TOP/configs
export LKBOARD_CONFIGS
cd "$T" || exit 1

# made LAYOUT [KEY WHAT]: an image for two platforms, attested, which is team/app:1
made() {
	python3 "$KIT/image.py" "$1" 1 arm64,amd64 1 3000
	layout=$1
	shift
	python3 "$KIT/attest.py" "$layout" 1 "$@"
}
# of LAYOUT EXPRESSION: of its index d and of blob(descriptor)
of() {
	python3 -c 'import json, sys
def blob(m): return json.load(open(sys.argv[1] + "/blobs/sha256/" + m["digest"][7:]))
top = json.load(open(sys.argv[1] + "/index.json"))["manifests"][0]
d = blob(top)
print(eval(sys.argv[2]))' "$@"
}
has() { test -e "$1/blobs/sha256/${2#sha256:}"; }

made lay
arm64=$(of lay 'd["manifests"][2]["digest"]')
amd64=$(of lay 'd["manifests"][3]["digest"]')
sbom=$(of lay 'blob(d["manifests"][2])["layers"][0]["digest"]')
config=$(of lay 'blob(d["manifests"][2])["config"]["digest"]')
index=$(of lay 'top["digest"]')

# --- with the image, whole or not at all ----------------------------------------------------------------

serve P lay log="$T/asked"
R=127.0.0.1:$P/fine/team/app:1
run lk --store s cache pull --arch arm64 "$R"
same "an attested image" "0 $R	$index	linux/arm64" "$code $(cat out)"
same "nothing is said about it" "" "$(cat err)"
check "its attestation is there" has s "$arm64"
check "... with what it says" has s "$sbom"
check "the other platform's is not" test ! -e "s/blobs/sha256/${amd64#sha256:}"
valid "with an attestation" s
check "verify says so too" lk --store s cache verify
run lk --store s cache prune
check "prune leaves it" has s "$sbom"
run lk --store s cache ls
same "it is no image" "$R	linux/arm64" "$(cut -f1,2 out)"
run lk --store s cache pull --all-platforms "$R"
check "all platforms: the other one's too" has s "$amd64"
: > asked
run lk --store s cache pull --all-platforms "$R"
same "what is there is not asked for again" 1 "$(wc -l < asked)"
run lk --store s cache export -o app.tar "$R"
check "an export has it" sh -c "tar -tf app.tar | grep -q '${sbom#sha256:}'"
run lk --store s cache rm "$R"
run lk --store s cache prune
same "without the image it goes" 0 "$(find s/blobs/sha256 -type f | wc -l)"
stop "$pid"

# without NAME BLOB TEXT: the registry does not give it, or (`lie`) gives something else
without() {
	rm -rf lay
	made lay
	blob=lay/blobs/sha256/${2#sha256:}
	case $1 in
	lie) tr a-z A-Z < "$blob" > lied && cp lied "$blob" ;;
	*) rm "$blob" ;;
	esac
	serve P lay
	R=127.0.0.1:$P/fine/team/app:1
	run "$LKBOARD" --progress plain --store "no-$1" cache pull --arch arm64 "$R"
	same "no $1: the image comes in" "0 $R	$index	linux/arm64" "$code $(cat out)"
	same "no $1: which is said" "lkboard: warning: attestation '$arm64' did not come along: $3" \
		"$(grep warning err | sed "s/127.0.0.1:$P/HOST/g; s/digest is 'sha256:[0-9a-f]*/digest is 'LIE/")"
	check "no $1: no part of it is there" test ! -e "no-$1/blobs/sha256/${arm64#sha256:}"
	valid "no $1" "no-$1"
	check "no $1: nor for verify" lk --store "no-$1" cache verify
	stop "$pid"
}
without manifest "$arm64" "'HOST' answers 404 to the request for 'manifests/$arm64'"
without config "$config" "'HOST' answers 404 to the request for 'blobs/$config'"
without layer "$sbom" "layer '$sbom': 'HOST' answers 404 to the request for 'blobs/$sbom'"
without lie "$sbom" "layer '$sbom': 'HOST' gives something else for '$sbom': its digest is 'LIE'"

# --- in the list of what is on the card ------------------------------------------------------------------

S=$T/store
# All that a system needs, as far as building one goes: an image in Docker's format.
mkdir base
echo kernel > base/kernel
tar -cf base/kernel.tar -T /dev/null
echo init > base/init
tar -C base -cf layer.tar kernel kernel.tar init
printf '{"architecture":"arm64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
	"$(sha256sum < layer.tar | cut -c1-64)" > config.json
echo '[{"Config":"config.json","RepoTags":["localhost/base:1"],"Layers":["layer.tar"]}]' > manifest.json
tar -cf base.tar manifest.json config.json layer.tar
lk --store "$S" cache import base.tar > out
spec() { # image
	printf 'kernel: {image: "localhost/base:1"}\ninit: ["localhost/base:1"]\nonboot:\n  - {name: app, image: "%s"}\n' "$1"
}
spec team/app:1 > app.yml
# build DIR [ARGS...]: the packages that its SBOM says are in the image
build() {
	dir=$1
	shift
	run lk --store "$S" build --mirror "docker.io=http://127.0.0.1:$P/v2/fine" qemu-arm64 app.yml -o "$dir" "$@"
	[ "$code" = 0 ] || cat err
	judge packages "$dir/app-qemu-arm64.sbom.spdx.json" "${IMAGE:-docker.io/team/app:1}"
}
rm -rf lay
made lay
serve P lay
padded="left-pad-arm64 1.0 MIT pkg:npm/left-pad-arm64@1.0"
same "a build fetches it, and its SBOM lists what is attested" "$padded" "$(build first)"
same "a build that locks" "$padded" "$(build second --update-lock)"
lk --store "$S" cache rm team/app:1 > out
same "an image that is called by no name but the lock's" "$padded" "$(build third --locked --offline)"
check "... is listed alike" cmp first/app-qemu-arm64.sbom.spdx.json third/app-qemu-arm64.sbom.spdx.json
lk --store "$S" cache export --lock app.lock -o all.tar > out
rm -rf "$S"
lk --store "$S" cache import all.tar > out
same "elsewhere, from an export" "$padded" "$(build fourth --locked --offline)"
check "... too" cmp first/app-qemu-arm64.sbom.spdx.json fourth/app-qemu-arm64.sbom.spdx.json
rm -rf "$S"
lk --store "$S" cache import base.tar > out
same "elsewhere, from the registry" "$padded" "$(build fifth --locked)"
check "... too" cmp first/app-qemu-arm64.sbom.spdx.json fifth/app-qemu-arm64.sbom.spdx.json
stop "$pid"

rm -rf lay "$S" app.lock
LARGE=1 made lay
lk --store "$S" cache import base.tar > out
serve P lay
same "beside one that is too large" "$padded" "$(build large)"
"$LKBOARD" --progress plain --store "$S" build --offline qemu-arm64 app.yml -o large > out 2> err
same "... which is said" "lkboard: warning: image 'docker.io/team/app:1': 1 of its attestations have more than 4 MiB, and what they list is not in the SBOM" \
	"$(grep warning err)"
stop "$pid"

# --- with a policy ---------------------------------------------------------------------------------------

openssl ecparam -name prime256v1 -genkey -noout -out key 2> /dev/null
openssl ec -in key -pubout -out key.pub 2> /dev/null
for what in index manifest; do
	rm -rf lay "$S" app.lock
	made lay key $what
	lk --store "$S" cache import base.tar > out
	serve P lay log="$T/asked-$what"
	IMAGE=127.0.0.1:$P/fine/team/app:1
	spec "$IMAGE" > app.yml
	printf 'rules:\n  - {prefix: localhost, signatures: none}\n  - {prefix: "127.0.0.1:%s", keys: [key.pub]}\n' "$P" > policy.yml
	build "$what" --policy policy.yml > "said-$what"
	stop "$pid"
done
same "an index that is signed vouches for it" "$padded" "$(cat said-index)"
same "an image that is signed alone does not" "" "$(cat said-manifest)"
check "... nor is it asked for" sh -c "! grep -q '$arm64' asked-manifest"
serve P lay
sed -i "s/127.0.0.1:[0-9]*/127.0.0.1:$P/" app.yml policy.yml
IMAGE=127.0.0.1:$P/fine/team/app:1
run lk --store "$S" cache pull --arch arm64 --signatures "$IMAGE"
check "without a policy it comes along" has "$S" "$arm64"
same "nor is it believed where it is there" "" "$(build again --offline --policy policy.yml)"
same "but without a policy it is" "$padded" "$(build again --offline)"
finish
