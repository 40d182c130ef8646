#!/bin/sh
# Pushing to registries that misbehave: it gets there, or says why not; credentials go nowhere else.
. tests/lib.sh
. tests/registry/kit.sh

cd "$T" || exit 1
head -c 300000 /dev/urandom > file
SERVER=upload.py
serve AWAY log=captured
serve P log=log login=me:s3cret to=http://127.0.0.1:$AWAY
R=127.0.0.1:$P

asked() { # method repository [more]
	grep "\"method\": \"$1\", \"path\": \"/v2/$2" log | grep -c -e "${3:-}"
}

# sends NAME MODE: it must get there
sends() {
	run lk push file "$R/$2/x:1"
	same "$1" "0 $R/$2/x:1" "$code $(cut -f1 out)"
	[ $code = 0 ] || sed 's/^/# /' err
}

# refuses NAME CODE PATTERN MODE
refuses() {
	run lk push file "$R/$4/x:1"
	same "$1: exit code" "$2" "$code"
	check "$1: message" grep -E "^lkboard: push to '$R/$4/x:1': $3" err
	same "$1: nothing on stdout" "" "$(cat out)"
}

sends "a registry that does nothing wrong" fine
same "one upload a blob" "2 2" "$(asked POST fine) $(asked PUT fine blobs)"
same "an empty body has a length" 2 "$(asked POST fine '"Content-Length": "0"')"
sends "again" fine
same "nothing is sent twice" "2 2" "$(asked POST fine) $(asked PUT fine blobs)"
sends "cut off in the middle, twice" cut.2
same "each time from the start" "4 4" "$(asked POST cut.2) $(asked PUT cut.2 blobs)"
sends "cut off behind the last byte" late
same "what was kept is not sent again" "2 2" "$(asked POST late) $(asked PUT late blobs)"
sends "503 before the upload" busy.2
sends "an upload that is forgotten" gone
sends "a Location relative to the upload's" beside
check "is resolved as such" grep -q '"PUT", "path": "/v2/beside/x/blobs/uploads/2?digest=' log
sends "answers with a body" chatty
sends "500 for the manifest, twice" unsure

u="http://$R/v2"
refuses "cut off each time" 5 "'file': cannot send to '$u/cut.99/x/blobs/uploads/1[^']*': the connection broke off" cut.99
same "a bounded number of tries" 5 "$(asked PUT cut.99 '"Content-Length": "300000"')"
refuses "a registry that is only read" 5 "'the empty config': '$R' answers 405 to the request for 'blobs/uploads/': UNSUPPORTED: not here" readonly
refuses "no place for the upload" 5 "'the empty config': '$u/silent/x/blobs/uploads/' leads nowhere" silent
refuses "a place of another scheme" 5 "'the empty config': '$u/ftp/x/blobs/uploads/' leads nowhere: 'ftp:" ftp
refuses "another digest than what was sent" 6 "'$R' calls what was sent as 'sha256:[0-9a-f]*' 'sha256:0000" renamed
refuses "what is sent is not made to be read" 5 "'$R' answers 303 to the request for 'manifests/1'" turned

# --- credentials ------------------------------------------------------------------------------------------

sends "uploads to another server" away
same "all of them" 2 "$(grep -c '"PUT", "path": "/v2/away.0/x/blobs/uploads/1?state=a%2Bb&digest=sha256%3A' captured)"
sends "a manifest that another server takes" moved
same "which got it" 1 "$(grep -c '"PUT", "path": "/v2/took/x/manifests/1"' captured)"
mkdir -p home/.docker
printf '{"auths":{"%s":{"auth":"%s"}}}' "$R" "$(printf me:s3cret | base64)" > home/.docker/config.json
sends "behind a login, uploads to another server" login
check "the registry saw the credentials" sh -c "grep '/v2/login/' log | grep -q '\"Authorization\": \"Basic bWU6czNjcmV0'"
same "the other server got the blobs" 2 "$(grep -c '"PUT", "path": "/v2/login' captured)"
same "and no credentials" "" "$(grep -iE 'authorization|bWU6|s3cret|cookie' captured)"
same "who has not asked for a login got none" "" "$(grep -v '/v2/login/' log | grep -i authorization)"

free=$(free_port)
says "nobody there" 5 "lkboard: push to '127.0.0.1:$free/x:1': 'the empty config': cannot get 'https://127.0.0.1:$free/v2/x/blobs/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a': Connection refused
  hint: is the server running, and is no proxy or firewall in between?" lk push file "127.0.0.1:$free/x:1"
finish
