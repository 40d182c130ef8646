#!/bin/sh
# Pulls under a policy: the signatures come first, and of what the policy refuses nothing is read.
. tests/lib.sh
. tests/registry/kit.sh

check "the cases are made" python3 tests/trust/make.py "$T/cases"
cd "$T/cases" || exit 1
sign_rule() {
	printf 'rules:\n  - prefix: 127.0.0.1:%s\n    keys: [keys/a.pub, keys/ed25519.pub, keys/p384.pub, keys/rsa.pub]\n' "$1"
}

# pull CASE: leaves out, err, $code; who serves it noted what was asked for in log-CASE
pull() {
	serve P "$1" "log=log-$1"
	sign_rule "$P" > policy.yml
	"$LKBOARD" --progress none --store "store-$1" cache pull --policy policy.yml --arch arm64 \
		"127.0.0.1:$P/as-is/app:1" > out 2> err
	code=$?
}
asked() { grep -c "$2" "log-$1"; }

for case in tag-a tag-ed25519 tag-p384 tag-rsa bundle-a referrers-a index-signed index-child \
	index-bad-and-child; do
	pull $case
	same "$case is taken" "0 1" "$code $("$LKBOARD" --store "store-$case" cache ls | grep -c linux/arm64)"
	check "$case: the store holds all of it" "$LKBOARD" --progress none --store "store-$case" cache verify
	cp err err-$case
done
for case in unsigned tag-stranger payload-altered payload-of-another payload-two-digests bundle-of-another \
	bundle-altered bundle-attestation index-other-child; do
	pull $case
	same "$case is refused" 6 "$code"
	same "$case: no image came in" 0 "$("$LKBOARD" --store "store-$case" cache ls | grep -c linux/)"
	check "$case: the store is right" "$LKBOARD" --progress none --store "store-$case" cache verify
done
same "of an image without a signature, the manifest is all that was asked for" "0" "$(asked unsigned /blobs/)"

# A list of referrers comes in pages, of which the first is empty.
serve P referrers-a log=log-paged
sign_rule "$P" > policy.yml
run lk --store store-paged cache pull --policy policy.yml --arch arm64 "127.0.0.1:$P/paged/app:1"
same "referrers in pages are taken" "0 1" "$code $(grep -c 'referrers/.*last=1' log-paged)"
check "and the store holds all of it" lk --store store-paged cache verify
run lk --store store-endless cache pull --policy policy.yml --arch arm64 "127.0.0.1:$P/paged-badly/app:1"
same "pages without an end are an end" 3 "$code"
check "and that is said" grep -q "has more than the 64 pages of 'referrers/sha256:" "$T/err"

# A mirror has it all, and the registry behind it cannot be reached.
free=$(free_port)
sign_rule "$free" > policy.yml
for case in tag-a referrers-a bundle-a; do
	serve P "$case"
	run lk --store "alone-$case" cache pull --policy policy.yml --arch arm64 --mirror "http://127.0.0.1:$P" "127.0.0.1:$free/as-is/app:1"
	same "$case of a mirror alone is taken" 0 "$code"
done
serve P tag-stranger
sed 's/keys:/signatures: optional\n    &/' policy.yml > optional.yml
serve P2 unsigned
run lk --store alone-optional cache pull --policy optional.yml --arch arm64 --mirror "http://127.0.0.1:$P2" "127.0.0.1:$free/as-is/app:1"
same "nor where signatures are optional, and may be there" 5 "$code"
run lk --store alone-stranger cache pull --policy policy.yml --arch arm64 --mirror "http://127.0.0.1:$P" "127.0.0.1:$free/as-is/app:1"
same "whose signature may be where nobody answers is not taken" 5 "$code"
check "and who that is is said" grep -q "cannot get 'https://127.0.0.1:$free/v2/as-is/app/.*: Connection refused" "$T/err"

serve P unsigned log=log-none
printf 'rules:\n  - prefix: registry.example.org\n    keys: [keys/a.pub]\n' > policy.yml
"$LKBOARD" --progress none --store store-none cache pull --policy policy.yml "127.0.0.1:$P/as-is/app:1" > out 2> err
same "what no rule is for is refused" 6 $?
check "and the registry was not asked" [ ! -e log-none ]
finish
