#!/bin/sh
# Policies: whose signatures are good, in all of cosign's formats, made by openssl (tests/trust/make.py);
# what is said about every other; what labels may ask for. Nothing of a refused image is looked at.
. tests/lib.sh

golden=$TOP/tests/golden/trust
cases=$T/cases
list=$(python3 tests/trust/make.py --list)
check "the cases are made" python3 tests/trust/make.py "$cases"
cd "$cases" || exit 1
digest=$(cat digest)

cat > spec.yml <<'EOS'
kernel:
  image: localhost/kernel-rpi3:bookworm
init:
  - localhost/init:bookworm
onboot:
  - name: app
    image: registry.example.org/app:1
EOS

policy() { # NAME: what the rule for the image says, on standard input
	{
		printf 'rules:\n  - prefix: localhost\n    signatures: none\n  - prefix: registry.example.org\n'
		sed 's/^/    /'
	} > "$1.yml"
}
policy all << 'EOS'
keys: [keys/a.pub, keys/p384.pub, keys/ed25519.pub, keys/rsa.pub]
EOS
policy two << 'EOS'
keys: [keys/a.pub, keys/b.pub, keys/c.pub]
threshold: 2
EOS
policy optional << 'EOS'
signatures: optional
keys: [keys/a.pub]
EOS
policy named << 'EOS'
keys: [keys/a.pub]
identity: repository
EOS
policy none << 'EOS'
signatures: none
EOS

# plan POLICY CASE [STORE]: leaves out, err, $code; digests in err are told apart, not spelled out
plan() {
	"$LKBOARD" --progress none --store "${3:-$STORE}" plan rpi3 spec.yml --policy "$1.yml" \
		${2:+--input "$2"} > out 2> err.raw < /dev/null
	code=$?
	sed "s/$digest/sha256:IMAGE/g; s/sha256:0\{64\}/sha256:ZERO/g; s/sha256:[0-9a-f]\{64\}/sha256:.../g" \
		err.raw > err
}

# --- every case, for one key ----------------------------------------------------------------------------

check "the store has what the spec names beside it" "$LKBOARD" --progress none --store "$STORE" pkg build --arch arm64 \
	kernel-rpi3 init firmware-rpi u-boot-rpi
plan none unsigned
same "an image without signatures is used where none are wanted" 0 "$code"
: > refusals
for name in $list index-signed index-child index-other-child index-bad-and-child list-child \
	list-unsigned broken-unsigned; do
	case $name in
	tag-a | tag-p384* | tag-ed25519 | tag-rsa | tag-two | tag-twice | tag-stranger-and-a | referrers-a | bundle-a | \
		bundle-ed25519 | mixed-two | other-name | index-signed | index-child | index-bad-and-child | \
		list-child) want=0 ;;
	*) want=6 ;;
	esac
	plan all "$name"
	same "$name: exit code" "$want" "$code"
	[ "$code" = 0 ] || { echo "== $name"; cat err; } >> refusals
done
golden "what is said about refused images" refusals "$golden/refusals.txt"

plan all broken-signed
same "once it is known to be somebody's, an image that is none is a bad input" 3 "$code"

while read -r name pin want; do
	sed "s,app:1,app@$pin," spec.yml > pinned.yml
	"$LKBOARD" --progress none --store "$STORE" plan rpi3 pinned.yml --policy all.yml --input $name > out 2> err
	same "$name, pinned by digest: exit code" "$want" $?
done << EOS
tag-a $digest 0
unsigned $digest 6
broken-unsigned sha256:$(printf '[' | sha256sum | cut -c1-64) 6
broken-signed sha256:$(printf '[' | sha256sum | cut -c1-64) 3
EOS

# --- several keys, other rules --------------------------------------------------------------------------

: > rules
while read -r rule name want; do
	plan "$rule" "$name"
	same "policy '$rule', $name: exit code" "$want" "$code"
	[ "$code" = 0 ] || { echo "== $rule $name"; cat err; } >> rules
done << 'EOS'
two tag-a 6
two tag-two 0
two tag-twice 6
two mixed-two 0
two tag-stranger-and-a 6
optional unsigned 0
optional tag-a 0
optional tag-stranger 6
optional bundle-keyless 0
named tag-a 0
named other-name 6
named bundle-a 6
EOS
echo 'rules: [{prefix: localhost, signatures: none}]' > only.yml
plan only tag-a
same "what no rule is for is refused" 6 "$code"
{ echo "== only"; cat err; } >> rules
printf 'default: accept\nrules: []\n' > accept.yml
plan accept unsigned
same "or accepted, where the policy says so" 0 "$code"
printf 'rules: [{prefix: registry.example.org, keys: [keys/a.pub]}]\n' > local.yml
plan local tag-a
same "images that lkboard makes need a rule as well" 6 "$code"
{ echo "== local"; cat err; } >> rules
printf 'rules:\n- {prefix: localhost, signatures: none}\n- {prefix: registry.example.org, signatures: none}\n- {prefix: registry.example.org/app, keys: [keys/a.pub]}\n- {prefix: registry.example.org/ap, signatures: none}\n' > longest.yml
plan longest unsigned
same "the longest prefix wins, at the end of a word" 6 "$code"
golden "what is said about refused images by other rules" rules "$golden/rules.txt"

"$LKBOARD" --progress none --store "$STORE" build rpi3 spec.yml --policy all.yml --input tag-stranger -o made \
	> /dev/null 2> err < /dev/null
same "build refuses what plan refuses" 6 $?
check "and makes nothing" [ ! -e made ]

# --- in the store ---------------------------------------------------------------------------------------

lk() { "$LKBOARD" --progress none --store own "$@"; }
for name in localhost/kernel-rpi3 localhost/init localhost/firmware-rpi localhost/u-boot-rpi; do
	"$LKBOARD" --progress none --store "$STORE" cache export -f oci-dir --arch arm64 -o "lay" "$name:bookworm" \
		> /dev/null && lk cache import lay > /dev/null && rm -rf lay
done
lk cache import unsigned > /dev/null
plan all "" own
same "an image without signatures is refused in the store" 6 "$code"
check "what is to be signed is the image, not the store's own index" grep -q "app@sha256:IMAGE'" err
for name in tag-a bundle-a index-signed; do
	lk cache import "$name" > imported
	same "$name: image and signatures come into the store" 2 "$(wc -l < imported)"
	check "$name: image and signatures are told apart" grep -q "	artifact\$" imported
	plan all "" own
	same "$name: and are found there" 0 "$code"
	same "$name: signatures are not listed as images" 0 "$(lk cache ls | grep sha256- | grep -vc "	artifact	")"
done
lk cache import unsigned > /dev/null
plan all "" own
same "an image whose signature was imported before needs no other" 0 "$code"
lk cache import tag-stranger > /dev/null
plan all "" own
same "a stranger's signature instead of one does not hide the other that is good" 0 "$code"

# --- labels -----------------------------------------------------------------------------------------------

plan none labelled
same "plan says what a label asks for" "         asks for capabilities CAP_NET_BIND_SERVICE, CAP_SYS_ADMIN; \
binds /etc, /etc/resolv.conf:ro; namespaces net; sysctl net.ipv4.ip_forward; runtime mkdir" "$(grep 'asks for' out)"
"$LKBOARD" --progress none --store "$STORE" plan rpi3 spec.yml --input labelled --json 2> /dev/null | python3 -c '
import json, sys
asks = {i["ref"]: i["asks"] for i in json.load(sys.stdin)["images"]}
print(json.dumps(asks["registry.example.org/app:1"], sort_keys=True))' > out
same "plan --json too" '{"binds": ["/etc", "/etc/resolv.conf:ro"], "capabilities": ["CAP_NET_BIND_SERVICE", "CAP_SYS_ADMIN"], "namespaces": ["net"], "runtime": ["mkdir"], "sysctl": ["net.ipv4.ip_forward"]}' "$(cat out)"
: > labels
policy nothing << 'EOS'
signatures: none
label: {}
EOS
policy some << 'EOS'
signatures: none
label:
  capabilities: [CAP_SYS_ADMIN, CAP_NET_BIND_SERVICE]
  binds: ["/etc:ro", /et]
  sysctl: [net.ipv6.*]
EOS
policy enough << 'EOS'
signatures: none
label:
  capabilities: [all]
  binds: [/etc]
  namespaces: [net]
  sysctl: [net.*]
  runtime: [mkdir]
EOS
for name in nothing some; do
	plan "$name" labelled
	same "label: $name: exit code" 6 "$code"
	{ echo "== $name"; cat err; } >> labels
done
plan enough labelled
same "label: enough: exit code" 0 "$code"
plan nothing unsigned
same "an image without a label asks for nothing" 0 "$code"
golden "what is said about labels" labels "$golden/labels.txt"

# --- policies ---------------------------------------------------------------------------------------------

same "check knows a policy" "all.yml: policy ok" "$("$LKBOARD" check all.yml)"
openssl req -x509 -key keys/a.key -subj /CN=x -out certificate.pem 2> /dev/null
cat keys/a.pub keys/b.pub > both.pub
echo hello > text.pub
cp keys/a.pub copy.pub
cat > wrong.yml << 'EOS'
default: maybe
label: {capabilities: [CAP_NET_ADMINS], binds: [etc, /a/../b], namespaces: [host], sysctls: [a]}
rules:
  - {prefix: nginx, keys: [missing-key.pub, keys], threshold: 3}
  - {prefix: docker.io/a, signatures: none, keys: [keys/a.pub]}
  - {prefix: docker.io/a}
  - prefix: docker.io/b:1
    keys: [keys/a.key, certificate.pem, both.pub, text.pub, keys/p521.pub, keys/rsa-small.pub]
  - prefix: docker.io/c
    keys: [keys/a.pub, copy.pub]
    threshold: 0
EOS
"$LKBOARD" check wrong.yml > out 2> err
same "a wrong policy is a bad input" 3 $?
golden "every fault of a policy" err "$golden/policy.txt"
"$LKBOARD" --progress none --store "$STORE" plan rpi3 spec.yml --policy wrong.yml > out 2> err
same "plan refuses it too" 3 $?
check "with the same words" cmp err "$golden/policy.txt"
for form in "-conv_form compressed" "-param_enc explicit"; do
	openssl ec -in keys/a.key -pubout $form -out again.pub 2> /dev/null
	echo 'rules: [{prefix: a.io, keys: [keys/a.pub, again.pub], threshold: 2}]' > again.yml
	"$LKBOARD" check again.yml > out 2> err
	same "one key written in two ways ($form) is one key" "3 lkboard: again.yml:1:43: 'again.pub' is the same key as 'keys/a.pub'
  hint: name each key once: it counts once" "$? $(cat err)"
done
finish
