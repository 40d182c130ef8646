#!/bin/sh
# Registries and networks that misbehave: each time the right outcome, and a sound store afterwards.
. tests/lib.sh
. tests/registry/kit.sh

cd "$T" || exit 1
python3 "$KIT/image.py" lay 1 arm64,amd64,arm/v7 3 200000
digest=sha256:$(sha256sum < lay/blobs/sha256/"$(python3 -c 'import json
print(json.load(open("lay/index.json"))["manifests"][0]["digest"][7:])')" | cut -c1-64)
largest=$(ls -S lay/blobs/sha256 | head -n 1)

pull() { # store port [more...]
	lk --store "$1" cache pull --arch arm64 "127.0.0.1:$2/x/y:1"
}

# fetches NAME MODE [KEY=VALUE...]: an empty store, and it must come in
fetches() {
	name=$1
	shift
	rm -rf s
	serve P lay "$@" || not_ok "$name: server"
	run pull s "$P"
	same "$name" "0 127.0.0.1:$P/x/y:1	$digest	linux/arm64" "$code $(cat out)"
	[ $code = 0 ] || sed 's/^/# /' err
	valid "$name" s
	stop "$pid"
}

# refuses NAME CODE PATTERN MODE [KEY=VALUE...]: it must not, and the store is empty afterwards
refuses() {
	name=$1 want=$2 pattern=$3
	shift 3
	rm -rf s
	serve P lay "$@" || not_ok "$name: server"
	run pull s "$P"
	same "$name: exit code" "$want" "$code"
	check "$name: message" grep -E "^lkboard: image '127.0.0.1:$P/x/y:1': $pattern" err
	same "$name: nothing came in" "0" "$(ls s/blobs/sha256 | wc -l)"
	same "$name: no name either" "" "$(lk --store s cache ls)"
	valid "$name" s
	stop "$pid"
}

fetches "a registry that does nothing wrong" fine
for tenth in 1 2 3 4 5 6 7 8 9; do
	fetches "cut off at $tenth tenths" cut-at:$tenth log=log.$tenth
	check "cut off at $tenth tenths: the rest was asked for" grep -q '"Range": "bytes=[1-9]' log.$tenth
done
fetches "cut off at every tenth" cut-each
fetches "cut off, and Range is ignored" no-range
fetches "cut off, and Range is refused" 416
fetches "cut off, and another range comes" other-range
fetches "cut off, and the rest is wrong" bad-rest
fetches "429 with Retry-After" busy:2
fetches "503" broken:1

refuses "another digest" 6 "layer 'sha256:[0-9a-f]+': '127.0.0.1:[0-9]+' gives something else for 'sha256:" wrong-digest
refuses "too short" 6 "layer 'sha256:[0-9a-f]+': '127.0.0.1:[0-9]+' has only [0-9]+ bytes for" short
refuses "too long" 6 "layer 'sha256:[0-9a-f]+': '127.0.0.1:[0-9]+' has [0-9]+ bytes for 'sha256:[0-9a-f]+', not [0-9]+" long
refuses "endless" 6 "layer 'sha256:[0-9a-f]+': '127.0.0.1:[0-9]+' has more than [0-9]+ bytes for" endless
refuses "a blob that is not there" 3 "layer 'sha256:[0-9a-f]+': '127.0.0.1:[0-9]+' answers 404 to the request for 'blobs/sha256:[0-9a-f]+'$" blob-404
refuses "404 with a body" 3 "'127.0.0.1:[0-9]+' answers 404 to the request for 'manifests/1': MANIFEST_UNKNOWN: no such tag$" none-json
refuses "404 without a body" 3 "'127.0.0.1:[0-9]+' answers 404 to the request for 'manifests/1'$" none
refuses "a wait that is too long" 5 "'127.0.0.1:[0-9]+' answers 429 to the request for 'manifests/1'" later
refuses "a type that the document contradicts" 3 "its manifest: the document calls itself" type
refuses "Docker's schema 1" 3 "its manifest: Docker's manifest schema 1 is not supported" schema1
refuses "an index and a manifest at once" 3 "its manifest: the document is an index and a manifest at once" both
refuses "a page in HTML" 3 "its manifest: " page
refuses "a manifest that is too large" 3 "'https?://127.0.0.1:[0-9]+/v2/x/y/manifests/1' has more than the 4194304 bytes" large
refuses "a manifest that is another one" 6 "'127.0.0.1:[0-9]+' gives something else for 'sha256:" child
refuses "redirects in a circle" 5 "layer 'sha256:[0-9a-f]+': 'http://127.0.0.1:[0-9]+/v2/x/y/blobs/sha256:[0-9a-f]+' leads through more than 5 redirects" circle
refuses "a redirect to another scheme" 5 "layer 'sha256:[0-9a-f]+': 'http://127.0.0.1:[0-9]+/v2/x/y/blobs/sha256:[0-9a-f]+' redirects to nowhere: 'ftp:" nowhere

# --- a redirect takes no credentials along ----------------------------------------------------------------

serve FILES lay files log=captured
files=$pid
serve P lay redirect:http://127.0.0.1:$FILES/store login=me:s3cret log=asked
mkdir -p home/.docker
printf '{"auths":{"127.0.0.1:%s":{"auth":"%s"}}}' "$P" "$(printf me:s3cret | base64)" > home/.docker/config.json
rm -rf s
run pull s "$P"
same "behind a login and a redirect" "0 127.0.0.1:$P/x/y:1	$digest	linux/arm64" "$code $(cat out)"
check "the registry saw the credentials" grep -q '"Authorization": "Basic bWU6czNjcmV0"' asked
same "the other port saw three requests" 3 "$(wc -l < captured)"
same "and no credentials in them" "" "$(grep -iE 'authorization|bWU6|s3cret|cookie' captured)"
valid "behind a login and a redirect" s
stop "$pid"
stop "$files"

# --- what broke off today is gone on with tomorrow ------------------------------------------------------

rm -rf s
serve P lay cut-at:7 log=log.a
first=$pid
stop "$first"
python3 - lay "$largest" s <<'END'
import os, sys
lay, digest, store = sys.argv[1:]
os.makedirs(store + "/partial")
data = open("%s/blobs/sha256/%s" % (lay, digest), "rb").read()
open("%s/partial/%s" % (store, digest), "wb").write(data[:1000])
END
lk --store s2 cache ls
mv s/partial s2/
rm -rf s
mv s2 s
serve P lay fine log=log.b
run pull s "$P"
same "a beginning from an earlier run" "0" "$code"
check "only the rest is asked for" grep -q '"bytes=1000-"' log.b
same "nothing is left of it" "" "$(ls s/partial)"
valid "a beginning from an earlier run" s
rm log.b
run pull s "$P"
same "what is there is not fetched again" "1 0" "$(grep -c manifests log.b) $(grep -c blobs log.b)"
stop "$pid"

# --- mirrors ---------------------------------------------------------------------------------------------

serve P lay fine log=log.own
own=$pid
serve M lay wrong-digest log=log.mirror
rm -rf s
run lk --store s cache pull --arch arm64 --mirror "127.0.0.1:$P=http://127.0.0.1:$M" "127.0.0.1:$P/x/y:1"
same "a mirror that lies is passed over" 0 "$code"
check "it was asked first, and for whom" grep -q "/v2/x/y/manifests/1?ns=127.0.0.1%3A$P" log.mirror
same "documents came from the mirror, blobs did not" "0 3" \
	"$(grep -c manifests log.own) $(grep -c "$(printf 'blobs')" log.own)"
valid "a mirror that lies" s
stop "$pid"
serve M lay none log=log.mirror
rm -rf s
run lk --store s cache pull --arch arm64 --mirror "http://127.0.0.1:$M" "127.0.0.1:$P/x/y:1"
same "a mirror that has it not" 0 "$code"
stop "$pid"
rm -rf s
run lk --store s cache pull --arch arm64 --mirror "http://127.0.0.1:$M" "127.0.0.1:$P/x/y:1"
same "a mirror that is not there" 0 "$code"
valid "a mirror that is not there" s
stop "$own"
says "nobody there" 5 "lkboard: image '127.0.0.1:$P/x/y:1': cannot get 'https://127.0.0.1:$P/v2/x/y/manifests/1': Connection refused
  hint: is the server running, and is no proxy or firewall in between?" pull s "$P"
says "no mirror" 2 "lkboard: '--mirror nonsense': 'nonsense' is no URL
  hint: --mirror docker.io=https://mirror.example/path" lk --store s cache pull --mirror nonsense "127.0.0.1:$P/x/y:1"
finish
