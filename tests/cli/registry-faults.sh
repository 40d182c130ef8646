#!/bin/sh
# Registries and networks that misbehave: each time the right outcome, and a sound store afterwards.
. tests/lib.sh
. tests/registry/kit.sh

cd "$T" || exit 1
python3 "$KIT/image.py" lay 1 arm64,amd64,arm/v7 3 200000
largest=$(ls -S lay/blobs/sha256 | head -n 1)
serve FILES lay log=captured
serve P lay log=log login=me:s3cret to=http://127.0.0.1:$FILES/files
R=127.0.0.1:$P

pull() { # store repository [options...]
	s=$1 repo=$2
	shift 2
	lk --store "$s" cache pull --arch arm64 "$@" "$R/$repo:1"
}
asked() { # repository: the requests for it
	grep "\"/v2/$1/" log
}

run pull s.fine fine/x
digest=$(cut -f2 out)
same "a registry that does nothing wrong" "0 $R/fine/x:1	$digest	linux/arm64" "$code $(cat out)"

# fetches NAME MODE: an empty store, and it must come in
fetches() {
	run pull "s.$2" "$2/x"
	same "$1" "0 $R/$2/x:1	$digest	linux/arm64" "$code $(cat out)"
	[ $code = 0 ] || sed 's/^/# /' err
}

# refuses NAME CODE PATTERN MODE: it must not, and the store is empty afterwards
refuses() {
	run pull "s.$4" "$4/x"
	same "$1: exit code" "$2" "$code"
	check "$1: message" grep -E "^lkboard: image '$R/$4/x:1': $3" err
	same "$1: nothing came in" "0" "$(ls "s.$4/blobs/sha256" | wc -l)"
	same "$1: no name either" "" "$(lk --store "s.$4" cache ls)"
}

for tenth in 1 2 3 4 5 6 7 8 9; do
	fetches "cut off at $tenth tenths" cut-at.$tenth
	check "cut off at $tenth tenths: the rest was asked for" \
		sh -c "grep '/v2/cut-at.$tenth/' log | grep -q '\"Range\": \"bytes=[1-9]'"
done
fetches "cut off at every tenth" cut-each
fetches "cut off, and Range is ignored" no-range
fetches "cut off, and Range is refused" 416
fetches "cut off, and another range comes" other-range
fetches "cut off, and the rest is wrong" bad-rest
fetches "429 with Retry-After" busy.2
fetches "503" broken.1

l="layer 'sha256:[0-9a-f]+'"
u="http://$R"
refuses "another digest" 6 "$l: '$R' gives something else for 'sha256:" wrong-digest
refuses "too short" 6 "$l: '$R' has only [0-9]+ bytes for" short
refuses "too long" 6 "$l: '$R' has [0-9]+ bytes for 'sha256:[0-9a-f]+', not [0-9]+" long
refuses "endless" 6 "$l: '$R' has more than [0-9]+ bytes for" endless
refuses "a blob that is not there" 3 "$l: '$R' answers 404 to the request for 'blobs/sha256:[0-9a-f]+'$" blob-404
refuses "404 with a body" 3 "'$R' answers 404 to the request for 'manifests/1': MANIFEST_UNKNOWN: no such tag$" none-json
refuses "404 without a body" 3 "'$R' answers 404 to the request for 'manifests/1'$" none
refuses "a wait that is too long" 5 "'$R' answers 429 to the request for 'manifests/1'" later
refuses "a header that is too long" 5 "cannot get '$u/v2/long-header/x/manifests/1': a header of the answer is too long$" long-header
refuses "a type that the document contradicts" 3 "its manifest: the document calls itself" type
refuses "Docker's schema 1" 3 "its manifest: Docker's manifest schema 1 is not supported" schema1
refuses "an index and a manifest at once" 3 "its manifest: the document is an index and a manifest at once" both
refuses "a page in HTML" 3 "its manifest: " page
refuses "a manifest that is too large" 3 "'$u/v2/large/x/manifests/1' has more than the 4194304 bytes" large
refuses "a manifest that is another one" 6 "'$R' gives something else for 'sha256:" child
refuses "redirects in a circle" 5 "$l: '$u/v2/circle/x/blobs/sha256:[0-9a-f]+' leads through more than 5 redirects" circle
refuses "a redirect to another scheme" 5 "$l: '$u/v2/nowhere/x/blobs/sha256:[0-9a-f]+' leads nowhere: 'ftp:" nowhere
refuses "a redirect to nobody" 5 "$l: cannot get 'http://127.0.0.1:1/gone': Connection refused$" signed
refuses "a signed redirect to another scheme" 5 "$l: '$u/v2/signed-wrong/x/blobs/sha256:[0-9a-f]+' leads nowhere: 'ftp://127.0.0.1/x' is neither http nor https$" signed-wrong

# --- a redirect takes no credentials along ----------------------------------------------------------------

mkdir -p home/.docker
printf '{"auths":{"%s":{"auth":"%s"}}}' "$R" "$(printf me:s3cret | base64)" > home/.docker/config.json
fetches "behind a login and a redirect" login
check "the registry saw the credentials" sh -c "grep '/v2/login/' log | grep -q '\"Authorization\": \"Basic bWU6czNjcmV0'"
same "the other port saw three requests" 3 "$(wc -l < captured)"
same "and no credentials in them" "" "$(grep -iE 'authorization|bWU6|s3cret|cookie' captured)"
same "who has not asked for a login got none" "" "$(grep -v '/v2/login/' log | grep -i authorization)"
fetches "429 for longer than a token lasts" tokens.2

# A registry without TLS on this machine may not send credentials without TLS to another.
serve P2 lay log=log realm=http://tokens.example.org:1/token
says "a token server elsewhere that is not encrypted" 5 "lkboard: image '127.0.0.1:$P2/tokens/x:1': '127.0.0.1:$P2' names a token server that is not encrypted: 'http://tokens.example.org:1/token'
  hint: --insecure-registry tokens.example.org allows to show it credentials without TLS" \
	lk --store s.realm cache pull "127.0.0.1:$P2/tokens/x:1"
run lk --store s.realm cache pull --insecure-registry tokens.example.org "127.0.0.1:$P2/tokens/x:1"
check "unless it is allowed to be" grep -q "tokens.example.org:1/token': the name of the host" err

# --- a proxy: what may be unencrypted because it stays here must not leave --------------------------------

: > captured
export http_proxy="http://127.0.0.1:$FILES"
fetches "behind a login on this machine, with a proxy in the environment" login.1
unset http_proxy
same "the proxy saw nothing but what was redirected to its own port" "" "$(grep -v '"/files/' captured)"

# --- what broke off today is gone on with tomorrow ------------------------------------------------------

lk --store s.later cache ls
mkdir -p s.later/partial
head -c 1000 "lay/blobs/sha256/$largest" > "s.later/partial/$largest"
run pull s.later fine/later
same "a beginning from an earlier run" "0" "$code"
check "only the rest is asked for" sh -c "grep '/v2/fine/later/' log | grep -q '\"bytes=1000-\"'"
same "nothing is left of it" "" "$(ls s.later/partial)"
run pull s.later fine/later
same "what is there is not fetched again" "3 4" \
	"$(asked fine/later | grep -c manifests) $(asked fine/later | grep -c blobs)"
lk --store s.wrong cache ls
mkdir -p s.wrong/partial
head -c 1000 /dev/zero > "s.wrong/partial/$largest"
run pull s.wrong fine/x
same "a beginning of something else" "0" "$code"

# --- mirrors ---------------------------------------------------------------------------------------------

M=127.0.0.1:$FILES
: > captured
run pull s.mirror fine/m --mirror "$R=http://$M"
same "a mirror" 0 "$code"
same "the registry is not asked" "" "$(asked fine/m)"
check "the mirror knows for whom" grep -q "/v2/fine/m/manifests/1?ns=127.0.0.1%3A$P" captured
for mode in wrong-digest short child none later; do
	run pull s.$mode-mirror fine/m-$mode --mirror "http://$M/as/$mode"
	same "a mirror that is $mode is passed over" "0 $R/fine/m-$mode:1	$digest	linux/arm64" "$code $(cat out)"
done
run pull s.mirror2 wrong-digest/m --mirror "$R=http://$M"
same "mirror and registry lie" 6 "$code"
run pull s.mirror3 none/m --mirror "http://$M"
same "neither has it" 3 "$code"
free=$(free_port)
run pull s.mirror4 fine/m4 --mirror "http://127.0.0.1:$free"
same "a mirror that is not there" 0 "$code"
says "nobody there" 5 "lkboard: image '127.0.0.1:$free/x/y:1': cannot get 'https://127.0.0.1:$free/v2/x/y/manifests/1': Connection refused
  hint: is the server running, and is no proxy or firewall in between?" lk --store s.none cache pull "127.0.0.1:$free/x/y:1"
says "no mirror" 2 "lkboard: '--mirror nonsense': 'nonsense' is no URL
  hint: --mirror docker.io=https://mirror.example/path" lk --store s.none cache pull --mirror nonsense "$R/x/y:1"

# kill -9 in the middle, then once more
lk --store s.killed cache ls
"$LKBOARD" --progress none --store s.killed cache pull --arch arm64 "$R/cut-always/x:1" > /dev/null 2>&1 &
pid=$!
sleep 1
kill -9 $pid
wait $pid 2> /dev/null
run pull s.killed fine/x
same "after kill -9" "0" "$code"

valid "after each of these" s.*
finish
