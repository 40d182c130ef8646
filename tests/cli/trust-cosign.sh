#!/bin/sh
# The real cosign as the judge of both directions: what it signs is good for a policy, in all three schemes, and
# it takes what tests/trust/make.py signs. A registry on loopback stands between; skopeo brings images and
# signatures into layouts.
. tests/lib.sh

have skopeo && have docker-registry || {
	skip "signatures of cosign" "skopeo or docker-registry is not installed"
	finish
}
cosign=$(tests/trust/get-cosign.sh "$O/cosign" 2> "$T/get.err") && [ -x "$cosign" ] || {
	skip "signatures of cosign" "cosign cannot be had: $(tail -n 1 "$T/get.err")"
	finish
}
check "cases are made by openssl" python3 tests/trust/make.py "$T/cases"
cd "$T" || exit 1
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > registry.yml << EOT
version: 0.1
storage: {filesystem: {rootdirectory: $T/registry}}
http: {addr: "127.0.0.1:$port"}
EOT
docker-registry serve registry.yml > registry.log 2>&1 &
registry=$!
trap 'kill $registry 2> /dev/null; cleanup' EXIT
tries=50
until curl -fs "http://127.0.0.1:$port/v2/" > /dev/null || [ $((tries -= 1)) = 0 ]; do sleep 0.2; done
R=127.0.0.1:$port
export HOME="$T" COSIGN_PASSWORD=
http="--allow-insecure-registry --allow-http-registry"
sko() { skopeo --insecure-policy "$@"; }
push() { # CASE REPO TAG [NEW-TAG]
	sko copy -q --all --preserve-digests --dest-tls-verify=false "oci:cases/$1:registry.example.org/app:$3" \
		"docker://$R/$2:${4:-$3}"
}
fetch() { # REPO TAG LAYOUT [list]: skopeo 1.9 writes lists anew, and what has no layers to pack stays as it is
	sko copy -q --all $([ "${4:-}" ] || echo --preserve-digests) --src-tls-verify=false "docker://$R/$1:$2" \
		"oci:$3:$R/$1:$2"
}
plan() { # POLICY REPO LAYOUT
	sed "s,IMAGE,$R/$2:1," << 'EOT' > spec.yml
kernel: {image: "localhost/kernel-rpi3:bookworm"}
init: ["localhost/init:bookworm"]
onboot: [{name: app, image: "IMAGE"}]
EOT
	"$LKBOARD" --progress none --store "$STORE" plan rpi3 spec.yml --policy "$1.yml" --input "$3" > out 2> err
}
policy() { # KEY
	printf 'rules:\n- {prefix: localhost, signatures: none}\n- {prefix: "%s", keys: [%s.pub]}\n' "$R" "$1" > "$1.yml"
}

"$cosign" generate-key-pair 2> /dev/null
"$cosign" generate-key-pair --output-key-prefix other 2> /dev/null
policy cosign
policy other
"$LKBOARD" --progress none --store "$STORE" pkg build --arch arm64 kernel-rpi3 init firmware-rpi u-boot-rpi > /dev/null
hex=$(sed 's/sha256://' cases/digest)

# --- what cosign signs --------------------------------------------------------------------------------------

sign() { # SCHEME
	case $1 in
	tag) "$cosign" sign --key cosign.key --tlog-upload=false $http -a by=test -y "$R/$1@sha256:$hex" ;;
	referrers) COSIGN_EXPERIMENTAL=1 "$cosign" sign --registry-referrers-mode=oci-1-1 --key cosign.key \
		--tlog-upload=false $http -y "$R/$1@sha256:$hex" ;;
	bundle) echo '{}' > predicate && "$cosign" attest --new-bundle-format --predicate predicate \
		--type https://sigstore.dev/cosign/sign/v1 --key cosign.key --tlog-upload=false $http -y \
		"$R/$1@sha256:$hex" ;;
	esac
}
for scheme in tag referrers bundle; do
	push unsigned $scheme 1 || not_ok "$scheme: the image goes to the registry"
	check "$scheme: cosign signs" sign $scheme
	end=.sig list=
	[ $scheme = tag ] || end='' list=list
	fetch $scheme 1 $scheme
	cp -R $scheme $scheme-unsigned
	check "$scheme: the signature comes into a layout" fetch $scheme "sha256-$hex$end" $scheme $list
	check "$scheme: it is good" plan cosign $scheme $scheme
	plan other $scheme $scheme
	same "$scheme: it is not another key's" 6 $?
	check "$scheme: which the message says" grep -q "is by none of the rule's keys" err
	plan cosign $scheme $scheme-unsigned
	same "$scheme: without it, the image is refused" 6 $?
done
echo '{}' > predicate
push unsigned attested 1
"$cosign" attest --new-bundle-format --predicate predicate --type https://example.org/other --key cosign.key \
	--tlog-upload=false $http -y "$R/attested@sha256:$hex" > /dev/null 2>&1
fetch attested 1 attested
fetch attested "sha256-$hex" attested list
plan cosign attested attested
same "an attestation by the same key is no signature" 6 $?
check "which the message says" grep -q "is an attestation, not a signature" err

# --- what we sign -------------------------------------------------------------------------------------------

verify() { # KEY REPO
	"$cosign" verify --key "cases/keys/$1.pub" --insecure-ignore-tlog=true $http "$R/$2@sha256:$hex"
}
for key in a p384 ed25519 rsa; do
	push tag-$key made-$key 1 && push tag-$key made-$key "sha256-$hex.sig"
	check "cosign takes a signature by openssl: $key" verify $key made-$key
done
for name in tag-stranger payload-altered payload-of-another; do
	push $name $name 1 && push $name $name "sha256-$hex.sig"
	if verify a $name > /dev/null 2>&1; then not_ok "cosign refuses $name too"; else ok "cosign refuses $name too"; fi
done
finish
