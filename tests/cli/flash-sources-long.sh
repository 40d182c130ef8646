#!/bin/sh
# `lkboard flash` from standard input, web servers and registries, good and bad ones; cmp is the judge.
. tests/lib.sh
. tests/registry/kit.sh

. tests/registry/flash_kit.sh

# --- standard input ------------------------------------------------------------------------------------

for packed in "" .gz .xz .zst; do
	fresh
	"$LKBOARD" --progress none flash - target --yes < "www/card.img$packed" > out 2> err
	same "card.img$packed as standard input" 0 "$?"
	check "card.img$packed as standard input: it is the image" is_image
	fresh
	# shellcheck disable=SC2002
	cat "www/card.img$packed" | "$LKBOARD" --progress none flash - target --yes > out 2> err
	same "card.img$packed from a pipe" 0 "$?"
	check "card.img$packed from a pipe: it is the image" is_image
done
for packed in .gz .xz .zst; do
	fresh
	head -c 2000000 "www/card.img$packed" | "$LKBOARD" --progress none flash - target --yes > out 2> err
	same "card.img$packed cut off in a pipe" 3 "$?"
	check "card.img$packed cut off in a pipe: there is no table" is_not_begun
done

# --- a web server ----------------------------------------------------------------------------------------

for packed in "" .gz .xz .zst; do
	writes "http: card.img$packed" "$W/fine/card.img$packed"
done
writes "a query" "$W/fine/card.img.zst?key=1"
writes "a redirect" "$W/redirect/card.img.zst"
for tenth in 1 2 3 4 5 6 7 8 9; do
	writes "cut off at $tenth tenths" "$W/cut-at.$tenth/card.img.zst"
	check "cut off at $tenth tenths: the rest was asked for" \
		grep -q "/cut-at.$tenth/card.img.zst.*bytes=[1-9].*If-Range" log
done
writes "cut off at every tenth" "$W/cut-each/card.img.zst"
writes "cut off at every tenth, not compressed" "$W/cut-each/card.img"
writes "cut off, and Range is ignored" "$W/no-range/card.img.zst"
writes "cut off, and nothing tells versions apart" "$W/nothing-said/card.img.zst"
same "then no range is asked for" "" "$(ranges nothing-said)"
writes "cut off, and the ETag is weak" "$W/weak/card.img.zst"
same "then none either" "" "$(ranges weak)"
writes "cut off, and a date tells versions apart" "$W/dated/card.img.zst"
check "then one is" grep -q '/dated/.*bytes=[1-9].*"If-Range": "Mon, 01 Jan 2024' log
writes "cut off, and another part comes" "$W/other-range/card.img.zst"
writes "cut off, and Range is refused" "$W/refused-range/card.img.zst"
writes "503 at first" "$W/broken.1/card.img.zst"
writes "an answer in pieces" "$W/chunked/card.img.zst"
writes "cut off between two pieces" "$W/chunked-cut/card.img.zst"

breaks "changed, and the ETag says so" 3 "'$W/changed/card.img.zst' has changed while it was read" "$W/changed/card.img.zst"
breaks "changed, and nothing says so" 3 "'$W/changed-quietly/card.img.zst' has changed while it was read" \
	"$W/changed-quietly/card.img.zst"
breaks "always cut off" 5 "cannot get '$W/truncated/card.img.zst': the connection broke off" "$W/truncated/card.img.zst"
breaks "gone before it has begun" 5 "cannot get '$W/cut-always/card.img.zst': the connection broke off" \
	"$W/cut-always/card.img.zst"
refuses "404" 5 "'$W/fine/none.img' is not there: the server answers 404
  hint: is the address right? 'curl -I URL' says what the server says" "$W/fine/none.img"
refuses "403" 5 "'$W/forbidden/card.img' is not given to us: the server answers 403
  hint: 'lkboard' logs in nowhere: let another program fetch it, as in 'curl URL | lkboard flash - DEVICE'" "$W/forbidden/card.img"
refuses "a page" 3 "'$W/page/card.img' is a web page
  hint: give the address of the file itself; in a network that wants a log-in first, log in" "$W/page/card.img"
refuses "no end" 5 "the server does not say where '$W/no-length/card.img' ends, so that it could be cut off and nobody would know
  hint: fetch it another way, compare its digest, and give the file" "$W/no-length/card.img"
refuses "a circle" 5 "'$W/circle/card.img' leads through more than 5 redirects" "$W/circle/card.img"
refuses "nobody there" 5 "cannot get 'http://127.0.0.1:1/card.img': Connection refused
  hint: is the server running, and is no proxy or firewall in between?" http://127.0.0.1:1/card.img
refuses "no such host" 5 "cannot get 'http://nowhere.invalid/card.img': the name of the host is not known
  hint: is the name right, and is this machine on the network?" http://nowhere.invalid/card.img
refuses "no TLS there" 5 "$(flash "https://127.0.0.1:$P/fine/card.img"; sed '1s/^lkboard: //' err)" "https://127.0.0.1:$P/fine/card.img"
check "no TLS there: what to do" grep -q 'hint: does the server speak TLS at this port' err
refuses "a policy" 2 "'--policy' is about images in registries, and '$W/fine/card.img' is none" --policy x "$W/fine/card.img"

fresh
truncate -s 4M target
run lk flash "$W/fine/card.img.zst" target --yes
same "a target that is too small" 7 "$code"

# --- its map ---------------------------------------------------------------------------------------------

plan() { # source [options...]
	fresh
	run lk flash "$@" target --yes --plan
	grep '^  map: ' out
}
same "no map" "  map: none: every byte is significant" "$(plan "$W/fine/card.img.zst")"
python3 "$KIT/make_map.py" www/card.img > www/card.img.map
same "card.img.map" "  map: $W/fine/card.img.map" "$(plan "$W/fine/card.img.zst")"
mv www/card.img.map www/card.map
same "card.map" "  map: $W/fine/card.map" "$(plan "$W/fine/card.img.zst")"
same "a query goes along" "  map: $W/fine/card.map?key=1" "$(plan "$W/fine/card.img.zst?key=1")"
same "a map that is here" "  map: www/card.map" "$(plan --map www/card.map "$W/redirect/card.img.zst")"
same "a map that is elsewhere" "  map: $W/fine/card.map" "$(plan --map "$W/fine/card.map" "$W/redirect/card.img.zst")"
writes "by its map" "$W/cut-each/card.img.zst"
run lk verify "$W/fine/card.img.xz" target
same "verify" "0 target: 8.0 MiB compared, all right" "$code $(cat out)"
head -c 4096 www/card.img > www/other.img
cp www/card.map www/other.map
refuses "the map of something else" 3 "'$W/fine/other.map' is not the map of '$W/fine/other.img': it is about 8388608 bytes, the image has 4096
  hint: was the download cut off? fetch image and map again, or move the map away" "$W/fine/other.img"
head -c 100 www/card.map > www/bad.map
cp www/card.img www/bad.img
flash "$W/fine/bad.img"
same "a map that is cut off" 3 "$code"
check "a map that is cut off: nothing was written" is_untouched

# --- TLS -------------------------------------------------------------------------------------------------

openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=127.0.0.1 \
	-addext subjectAltName=IP:127.0.0.1 2> /dev/null
cat tls.key tls.crt > tls.pem
SERVER=web.py serve S www cert=tls.pem
flash "https://127.0.0.1:$S/fine/card.img.zst"
same "a certificate of nobody's" 5 "$code"
check "a certificate of nobody's: what to do" grep -q 'hint: a certificate of your own goes among .* SSL_CERT_FILE' err
export SSL_CERT_FILE=$T/tls.crt
writes "a certificate of our own" "https://127.0.0.1:$S/cut-each/card.img.zst"
refuses "from https to http" 5 "'https://127.0.0.1:$S/plain/card.img' leads to 'http://127.0.0.1:1/x', which is not encrypted" \
	"https://127.0.0.1:$S/plain/card.img"
unset SSL_CERT_FILE

# --- nginx -------------------------------------------------------------------------------------------------

if have nginx; then
	N=$(free_port)
	cat > nginx.conf <<-END
		user root; daemon off; pid $T/nginx.pid; error_log $T/nginx.err; events {}
		http { access_log $T/nginx.log; client_body_temp_path $T/n1; proxy_temp_path $T/n2;
			fastcgi_temp_path $T/n3; uwsgi_temp_path $T/n4; scgi_temp_path $T/n5;
			server { listen 127.0.0.1:$N; root $T/www; } }
	END
	nginx -c "$T/nginx.conf" > /dev/null 2>&1 &
	PIDS="$PIDS $!"
	answers "http://127.0.0.1:$N/"
	writes "nginx" "http://127.0.0.1:$N/card.img.zst"
	check "nginx: the map was asked for" grep -q '"GET /card.map HTTP/1.1" 200' nginx.log
else
	skip "nginx" "nginx is not installed"
fi

# --- a registry that misbehaves --------------------------------------------------------------------------

D=application/vnd.lkboard.disk
python3 "$KIT/artifact.py" lay 1 $D.v1 $D.image.v1.raw+zstd=www/card.img.zst $D.map.v1=www/card.map
python3 "$KIT/artifact.py" lay bare $D.v1 $D.image.v1.raw=www/card.img
python3 "$KIT/artifact.py" lay file application/vnd.lkboard.file.v1 application/octet-stream=www/card.img.xz
python3 "$KIT/artifact.py" lay foreign application/vnd.example.firmware application/x-raw=www/card.img.gz
python3 "$KIT/artifact.py" lay two application/vnd.example.firmware a/b=www/card.img.gz a/c=www/card.map
python3 "$KIT/artifact.py" lay no-disk $D.v1 application/xml=www/card.map
python3 "$KIT/artifact.py" lay bad-map $D.v1 $D.image.v1.raw=www/card.img $D.map.v1=www/bad.map
python3 "$KIT/image.py" lay2 container arm64 1 2000
serve P lay looks=1 log=oci.log login=me:s3cret to=http://127.0.0.1:1
serve C lay2
R=127.0.0.1:$P
own=$(sha256sum < www/card.img.zst | cut -c1-64)

for tag in 1 bare file foreign; do
	writes "oci: $tag" "oci:$R/fine/x:$tag"
done
same "its map" "  map: oci:$R/fine/x:1 (card.map)" "$(plan "oci:$R/fine/x:1")"
same "a map that is here" "  map: www/card.map" "$(plan --map www/card.map "oci:$R/fine/x:bare")"
for tenth in 1 5 9; do
	writes "oci: cut off at $tenth tenths" "oci:$R/cut-at.$tenth/x:1"
	check "oci: cut off at $tenth tenths: the rest was asked for" grep -q "/cut-at.$tenth/.*bytes=[1-9]" oci.log
done
for mode in cut-each no-range 416 other-range; do
	writes "oci: $mode" "oci:$R/$mode/x:1"
done
writes "oci: a mirror that breaks off and one more place" "oci:$R/fine/x:1" --mirror "$R=http://$R/as/cut-each"
breaks "oci: another digest" 6 "'$R' gives something else for 'sha256:" "oci:$R/wrong-digest/x:bare"
breaks "oci: another digest, but zstd sees it first" 3 "checksum" "oci:$R/wrong-digest/x:1"
breaks "oci: the rest is wrong" 6 "'$R' gives something else for 'sha256:" "oci:$R/bad-rest/x:bare"
breaks "oci: short" 6 "'$R' has only [0-9]+ bytes for" "oci:$R/short/x:1"
refuses "oci: long" 6 "'oci:$R/long/x:1': '$R' has $(($(wc -c < www/card.img.zst) + 4)) bytes for 'sha256:$own', not $(wc -c < www/card.img.zst)" "oci:$R/long/x:1"
refuses "oci: no blob" 3 "'oci:$R/blob-404/x:1': '$R' answers 404 to the request for 'blobs/sha256:$own'" "oci:$R/blob-404/x:1"
refuses "oci: no tag" 3 "'oci:$R/fine/x:none': '$R' answers 404 to the request for 'manifests/none'" "oci:$R/fine/x:none"
push="hint: 'lkboard push FILE.img REF' puts a disk image into a registry"
refuses "oci: several files" 3 "'oci:$R/fine/x:two': it is an artifact of type 'application/vnd.example.firmware', which holds no disk image
  $push" "oci:$R/fine/x:two"
refuses "oci: no disk" 3 "'oci:$R/fine/x:no-disk': it is an artifact of type '$D.v1', which holds no disk image
  $push" "oci:$R/fine/x:no-disk"
refuses "oci: a container" 3 "'oci:127.0.0.1:$C/fine/x:container': it is a container image, not a disk image
  $push" "oci:127.0.0.1:$C/fine/x:container"
refuses "oci: no reference" 3 "'oci:X': 'X' is no image reference: the repository name 'library/X' has upper-case letters
  hint: a disk image is named as 'lkboard push' says: oci:REGISTRY/NAME:TAG, or oci:REGISTRY/NAME@sha256:DIGEST" "oci:X"
flash "oci:$R/fine/x:bad-map"
same "oci: a map that is cut off" 3 "$code"
check "oci: a map that is cut off: nothing was written" is_untouched

# --- a policy --------------------------------------------------------------------------------------------

cat > sign.py <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import make
keys = make.Keys("keys")
for name in ("a", "stranger"):
    lay = make.Layout("signed-" + name)
    with open("www/card.img.zst", "rb") as f:
        layer = lay.blob(f.read(), "application/vnd.lkboard.disk.image.v1.raw+zstd")
    card = lay.manifest(lay.blob(b"{}", make.EMPTY), [layer], artifactType="application/vnd.lkboard.disk.v1")
    lay.name(card, make.REPO + ":1")
    make.tag(lay, card["digest"], make.signed(lay, keys, [name], card["digest"]))
    lay.close()
END
check "cards are signed" python3 -B sign.py "$TOP/tests/trust"
for name in a stranger; do
	serve S signed-$name
	printf 'rules:\n  - prefix: 127.0.0.1:%s\n    keys: [keys/a.pub]\n' "$S" > policy-$name.yml
	eval "S_$name=$S"
done
LKBOARD_STORE=$T/store
export LKBOARD_STORE
flash "oci:127.0.0.1:$S_stranger/fine/app:1" --policy policy-stranger.yml
same "signed by a stranger" 6 "$code"
check "signed by a stranger: nothing was written" is_untouched
flash "oci:127.0.0.1:$S_a/fine/app:1" --policy policy-stranger.yml
same "what no rule is for" 6 "$code"
check "what no rule is for: nothing was written" is_untouched
writes "signed as the policy wants" "oci:127.0.0.1:$S_a/fine/app:1" --policy policy-a.yml

# --- a real one ------------------------------------------------------------------------------------------

if have docker-registry; then
	registry P
	R=127.0.0.1:$P
	line=$(lk push www/card.img.zst "$R/team/card:1")
	writes "what push says" "oci:$(echo "$line" | cut -f1)"
	writes "what push says, by digest" "oci:$R/team/card@$(echo "$line" | cut -f2)"
	same "with the map that was beside it" "  map: oci:$R/team/card:1 (card.map)" "$(plan "oci:$R/team/card:1")"
	lk push --file www/card.img.xz "$R/team/file" > /dev/null
	writes "pushed as a file" "oci:$R/team/file"
	run lk verify "oci:$R/team/card:1" target
	same "verify" "0 target: 8.0 MiB compared, all right" "$code $(cat out)"
	mv www/card.map card.map.away
	printf '<?xml version="1.0"?>\n<bmap version="2.0"/>\n' > www/card.bmap
	lk push www/card.img.xz "$R/team/bmap" > /dev/null
	flash "oci:$R/team/bmap"
	same "a bmap that is none" 3 "$code"
	check "a bmap that is none: it was looked at" grep -q "oci:$R/team/bmap (card.bmap)" err
	check "a bmap that is none: nothing was written" is_untouched
	if have bmaptool; then
		cp image sparse
		fallocate --dig-holes sparse
		bmaptool create sparse > www/card.bmap 2> /dev/null
		lk push www/card.img.xz "$R/team/bmap" > /dev/null
		same "a bmap that was pushed along" "  map: oci:$R/team/bmap (card.bmap)" "$(plan "oci:$R/team/bmap")"
		writes "a bmap that was pushed along" "oci:$R/team/bmap"
		same "a bmap beside it" "  map: $W/fine/card.bmap" "$(plan "$W/fine/card.img.xz")"
		writes "a bmap beside it" "$W/fine/card.img.xz"
	else
		skip "a bmap" "bmaptool is not installed"
	fi
	rm www/card.bmap
	mv card.map.away www/card.map
else
	skip "a real registry" "docker-registry is not installed"
fi
finish
