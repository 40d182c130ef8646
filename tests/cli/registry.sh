#!/bin/sh
# Images from a real registry, which skopeo filled: for anybody, behind a password, behind tokens, over
# TLS; and builds that fetch what they need.
. tests/lib.sh
. tests/registry/kit.sh

if ! have docker-registry || ! have skopeo; then
	skip "images from a registry" "docker-registry or skopeo is not installed"
	finish
fi
cd "$T" || exit 1
sko() { skopeo --insecure-policy "$@"; }
mkdir -p home/.docker
login() { # port user:password: what `docker login` writes
	printf '{"auths":{"127.0.0.1:%s":{"auth":"%s"}}}' "$1" "$(printf %s "$2" | base64)" > home/.docker/config.json
}

python3 "$KIT/image.py" lay v1 arm64,amd64,arm/v7 3 20000
python3 "$KIT/image.py" lay2 v2 arm64,amd64 2 10000
registry P
R=127.0.0.1:$P
push() { # layout:name reference
	sko copy -q --all --dest-tls-verify=false "oci:$1" "docker://$2"
}
push lay:v1 "$R/x/y:1" && push lay:v1-single "$R/x/single:1" && push lay2:v2 "$R/x/y:2"
same "skopeo filled the registry" 0 $?
raw=$(sko inspect --raw --tls-verify=false "docker://$R/x/y:1" | sha256sum | cut -c1-64)

# --- anybody -------------------------------------------------------------------------------------------

run lk --store s cache pull --arch arm64 "$R/x/y:1"
same "one platform of an index" "0 $R/x/y:1	sha256:$raw	linux/arm64" "$code $(cat out)"
same "cache ls has it" "$R/x/y:1	linux/arm64" "$(lk --store s cache ls | cut -f1,2)"
same "the others were not fetched" 6 "$(ls s/blobs/sha256 | wc -l)"
valid "one platform" s
sko --override-arch arm64 copy -q "oci:s:$R/x/y:1" oci:judge:x
same "skopeo reads it out of the store" 0 $?
run lk --store s cache pull --arch amd64,arm/v7 "$R/x/y:1"
same "two more" "linux/amd64,linux/arm/v7" "$(cut -f3 out)"
same "the name has all three" 3 "$(lk --store s cache ls | wc -l)"
run lk --store all cache pull --all-platforms "$R/x/y:1" "$R/x/single:1" "$R/x/y:2"
same "all platforms of three images" "linux/arm64,linux/amd64,linux/arm/v7
linux/arm64
linux/arm64,linux/amd64" "$(cut -f3 out)"
valid "all platforms" all
run lk --store d cache pull --arch arm64 "$R/x/y:not-this@sha256:$raw"
same "by digest, whatever the tag" "$R/x/y@sha256:$raw	sha256:$raw	linux/arm64" "$(cat out)"
run lk --store d cache ls
same "and by that name it is there" "$R/x/y@sha256:$raw" "$(cut -f1 out)"
says "another architecture" 3 "lkboard: image '$R/x/single:1': nothing in it is for linux/amd64, only for linux/arm64" \
	lk --store s cache pull --arch amd64 "$R/x/single:1"
says "no such tag" 3 "lkboard: image '$R/x/y:9': '$R' answers 404 to the request for 'manifests/9': MANIFEST_UNKNOWN: manifest unknown" \
	lk --store s cache pull "$R/x/y:9"
says "all names or none" 3 "lkboard: image '$R/x/y:9': '$R' answers 404 to the request for 'manifests/9': MANIFEST_UNKNOWN: manifest unknown" \
	lk --store none cache pull --arch arm64 "$R/x/y:1" "$R/x/y:9"
same "none it is" "" "$(lk --store none cache ls)$(ls none/blobs/sha256)"
push lay2:v2 "$R/x/y:1"
run lk --store s cache pull --arch arm64 "$R/x/y:1"
same "a tag that has moved" "sha256:$(sko inspect --raw --tls-verify=false "docker://$R/x/y:2" | sha256sum | cut -c1-64)" "$(cut -f2 out)"
valid "a tag that has moved" s

# What cosign would have put there: a tag beside the image, and an index of what refers to it.
python3 "$KIT/image.py" sig s1 arm64 1 100
push sig:s1-single "$R/x/y:sha256-$raw.sig"
push sig:s1 "$R/x/y:sha256-$raw"
run lk --store sigs cache pull --arch arm64 --signatures "$R/x/y@sha256:$raw"
same "signatures come along under cosign's names" "$R/x/y:sha256-$raw
$R/x/y:sha256-$raw.sig
$R/x/y@sha256:$raw" "$(python3 -c 'import json
for m in json.load(open("sigs/index.json"))["manifests"]:
    print(m["annotations"]["org.opencontainers.image.ref.name"])')"
valid "signatures" sigs

# --- build ---------------------------------------------------------------------------------------------

cat > box.yml <<END
kernel:
  image: $R/x/y:2
init:
  - $R/x/y:2
END
run lk --store b plan --json qemu-arm64 box.yml
check "plan says what is to be fetched" grep -q "\"$R/x/y:2\"" out
same "and fetches nothing" "" "$(lk --store b cache ls)"
run lk --store b plan qemu-arm64 box.yml
check "in words too" grep -q "not in the store     $R/x/y:2: .lkboard build. fetches it" out
says "not with --offline" 3 "lkboard: box.yml:2:10: image '$R/x/y:2' is not in the store '$T/b'
  hint: fetch it: 'lkboard cache pull --arch arm64 $R/x/y:2'" lk --store "$T/b" build --offline qemu-arm64 box.yml
run lk --store b build qemu-arm64 box.yml
same "build fetches it" "$R/x/y:2	linux/arm64" "$(lk --store b cache ls | cut -f1,2)"
check "and goes on until it finds no kernel in it" grep -q "kernel" err
sed "s,x/y:2,x/y:none," box.yml > none.yml
says "an image that nobody has" 3 "lkboard: none.yml:2:10: image '$R/x/y:none': '$R' answers 404 to the request for 'manifests/none': MANIFEST_UNKNOWN: manifest unknown" \
	lk --store b build qemu-arm64 none.yml
kill "$pid"
run lk --store b build qemu-arm64 box.yml
check "what is there needs no registry" grep -q "kernel" err
check "no word of the network" sh -c '! grep -q "cannot get" err'

# --- behind a password -----------------------------------------------------------------------------------

python3 -W ignore -c 'import crypt
print("lkb:" + crypt.crypt("s3c:ret", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' > htpasswd
registry P "auth: {htpasswd: {realm: lkb, path: $T/htpasswd}}"
R=127.0.0.1:$P
rm -f home/.docker/config.json
says "nobody's" 5 "lkboard: image '$R/x/y:2': '$R' does not give 'x/y' to just anybody (401), or has no such thing: UNAUTHORIZED: authentication required
  hint: 'skopeo login $R' or 'docker login $R' writes credentials, --authfile names a file of them" \
	lk --store p cache pull --arch arm64 "$R/x/y:2"
login "$P" lkb:wrong
says "a wrong password" 5 "lkboard: image '$R/x/y:2': '$R' does not give 'x/y' to 'lkb' of '$HOME/.docker/config.json' (401): UNAUTHORIZED: authentication required
  hint: 'skopeo login $R' or 'docker login $R' writes credentials, --authfile names a file of them" \
	lk --store p cache pull --arch arm64 "$R/x/y:2"
login "$P" lkb:s3c:ret
run lk --store p cache pull --arch arm64 "$R/x/y:2"
same "the right one" "0 $R/x/y:2" "$code $(cut -f1 out)"
valid "behind a password" p
rm -f home/.docker/config.json
echo s3c:ret | sko login --tls-verify=false -u lkb --password-stdin --authfile auth.json "$R" > /dev/null
run lk --store p2 cache pull --authfile auth.json --arch arm64 "$R/x/y:2"
same "what skopeo login wrote" 0 "$code"
says "a file that is not there" 4 "lkboard: image '$R/x/y:2': credentials: cannot open 'nowhere.json': No such file or directory
  hint: --authfile names another file" lk --store p2 cache pull --authfile nowhere.json --arch arm64 "$R/x/y:2"

mkdir bin
cat > bin/docker-credential-vault <<'END'
#!/bin/sh
[ "$1" = get ] || exit 9
read -r server
echo "$server" >> "$HOME/asked"
echo '{"ServerURL":"x","Username":"lkb","Secret":"s3c:ret"}'
END
chmod +x bin/docker-credential-vault
printf '{"credHelpers":{"%s":"vault"}}' "$R" > home/.docker/config.json
run env PATH="$T/bin:$PATH" "$LKBOARD" --progress none --store p3 cache pull --arch arm64 "$R/x/y:2"
same "what a helper says" "0 $R" "$code $(cat home/asked)"
says "a helper that is not there" 10 "lkboard: image '$R/x/y:2': the program 'docker-credential-vault' is needed and not installed
  hint: '$HOME/.docker/config.json' wants it; --authfile names another file" \
	lk --store p4 cache pull --arch arm64 "$R/x/y:2"
for says in 'echo no vault here; exit 1' 'kill -9 $$' 'echo []' 'yes' 'exit 0'; do
	printf '#!/bin/sh\n%s\n' "$says" > bin/docker-credential-vault
	run env PATH="$T/bin:$PATH" "$LKBOARD" --progress none --store p4 cache pull --arch arm64 "$R/x/y:2"
	check "a helper that does '$says' is named" grep -q "docker-credential-vault" err
	check "a helper that does '$says': and who wants it" grep -q "hint: '$HOME/.docker/config.json' wants it" err
	same "a helper that does '$says': nothing came in" "" "$(lk --store p4 cache ls)"
done
rm -f home/.docker/config.json
kill "$pid"

# --- behind tokens -----------------------------------------------------------------------------------------

# tokens KEY=VALUE...: a token server, and a registry that believes it
tokens() {
	rm -f port
	python3 "$KIT/token_server.py" "$T/port" "$T" log="$T/tokens.log" "$@" &
	server=$!
	PIDS="$PIDS $server"
	until [ -s port ]; do sleep 0.1; done
	registry P "auth: {token: {realm: \"http://127.0.0.1:$(cat port)/token\", service: lkb, issuer: lkb-issuer, rootcertbundle: $T/token.crt}}"
	R=127.0.0.1:$P
	: > tokens.log
}

tokens
run lk --store t cache pull --arch arm64 "$R/x/y:2"
same "a token for anybody" 0 "$code"
same "one is enough" "GET None /token?service=lkb&scope=repository%3Ax%2Fy%3Apull" "$(cat tokens.log)"
valid "a token for anybody" t
stop "$server"
stop "$pid"

tokens login=lkb:s3cret expires=300
says "no token without a name" 5 "lkboard: image '$R/x/y:2': the token server 'http://127.0.0.1:$(cat port)/token' answers 401 to a request without credentials: UNAUTHORIZED: incorrect username or password
  hint: 'skopeo login $R' or 'docker login $R' writes credentials, --authfile names a file of them" \
	lk --store t2 cache pull --arch arm64 "$R/x/y:2"
login "$P" lkb:wrong
says "no token for a wrong password" 5 "lkboard: image '$R/x/y:2': the token server 'http://127.0.0.1:$(cat port)/token' answers 401 to 'lkb' of '$HOME/.docker/config.json': UNAUTHORIZED: incorrect username or password
  hint: 'skopeo login $R' or 'docker login $R' writes credentials, --authfile names a file of them" \
	lk --store t2 cache pull --arch arm64 "$R/x/y:2"
login "$P" lkb:s3cret
run lk --store t2 cache pull --arch arm64 "$R/x/y:2"
same "a token for who has a password" 0 "$code"
stop "$server"
stop "$pid"

# Tokens that are old when they come: the registry's clock decides, and it gives a minute.
tokens lives=-120
says "a token that has expired" 5 "lkboard: image '$R/x/y:2': '$R' does not give 'x/y' to just anybody (401), or has no such thing: UNAUTHORIZED: authentication required
  hint: 'skopeo login $R' or 'docker login $R' writes credentials, --authfile names a file of them" \
	lk --store t3 cache pull --arch arm64 "$R/x/y:2"
same "it asks for a new one once" 1 "$(wc -l < tokens.log)"
stop "$server"
stop "$pid"

tokens refresh=id-token
printf '{"auths":{"%s":{"auth":"","identitytoken":"id-token"}}}' "$R" > home/.docker/config.json
run lk --store t4 cache pull --arch arm64 "$R/x/y:2"
same "an identity token" "0 POST None service=lkb&scope=repository%3Ax%2Fy%3Apull&grant_type=refresh_token&client_id=lkboard&refresh_token=id-token" "$code $(cat tokens.log)"
rm -f home/.docker/config.json
stop "$server"
stop "$pid"

# --- TLS ---------------------------------------------------------------------------------------------------

openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 30 -subj /CN=127.0.0.1 \
	-addext subjectAltName=IP:127.0.0.1 2> /dev/null
HTTP_MORE=", tls: {certificate: $T/tls.crt, key: $T/tls.key}"
registry P
R=127.0.0.1:$P
run lk --store u cache pull --arch arm64 "$R/x/y:2"
same "a certificate that nobody vouches for" 5 "$code"
check "the hint says where to put it" grep -q "hint: a certificate of your own goes to /etc/containers/certs.d" err
mkdir -p "home/.config/containers/certs.d/$R"
cp tls.crt "home/.config/containers/certs.d/$R/ca.crt"
run lk --store u cache pull --arch arm64 "$R/x/y:2"
same "one that certs.d vouches for" 0 "$code"
valid "over TLS" u
finish
