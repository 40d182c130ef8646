#!/bin/sh
# SPEC.lock: what it pins is used, here and on another machine; what it lacks is said, or refused.
. tests/lib.sh

mkdir -p "$T/here" "$T/there/deep" "$T/home"
cp configs/specs/hello.yml "$T/here/"
cd "$T/here" || exit 1
LKBOARD_CONFIGS=$TOP/configs
export LKBOARD_CONFIGS

lk() { "$LKBOARD" --progress plain --store "$@" < /dev/null; }
quiet() { "$LKBOARD" --progress none --store "$@" < /dev/null; }

# says NAME CODE "stderr" command...
says() {
	what=$1 want=$2 text=$3
	shift 3
	"$@" > "$T/out" 2> "$T/err"
	code=$?
	same "$what: message" "$text" "$(cat "$T/err")"
	same "$what: exit code" "$want" "$code"
}
sum() { sha256sum "$1" | cut -c1-64; }

# --- no lock -------------------------------------------------------------------------------------------

says "--locked without a lock" 3 "lkboard: there is no lock 'hello.lock', and --locked allows nothing that none pins
  hint: \`lkboard build --update-lock\` writes it" quiet "$STORE" build --locked rpi3 hello.yml
says "a lock that is named and not there" 3 "lkboard: there is no lock 'helo.lock'
  hint: \`lkboard build --update-lock\` writes it" quiet "$STORE" plan --lock helo.lock rpi3 hello.yml
says "--locked and --update-lock" 2 "lkboard: --update-lock and --locked contradict each other
  hint: --locked uses nothing but what the lock pins; leave one of them out" \
	quiet "$STORE" build --locked --update-lock rpi3 hello.yml
says "--dry-run and --update-lock" 2 "lkboard: --update-lock and --dry-run contradict each other
  hint: a dry run writes nothing; leave one of them out" \
	quiet "$STORE" build --dry-run --update-lock rpi3 hello.yml
says "a spec from standard input" 2 "lkboard: a spec from standard input has no lock beside it
  hint: say with --lock FILE which one is meant" quiet "$STORE" plan --locked rpi3 -
check "a build without a lock" quiet "$STORE" build rpi3 hello.yml -o floating
same "writes none" "floating hello.yml" "$(ls | xargs)"

# --- the lock ------------------------------------------------------------------------------------------

lk "$STORE" build --update-lock --offline rpi3 hello.yml -o first > "$T/out" 2> "$T/err"
same "--update-lock" 0 $?
same "says what is new, and nothing else" "" "$(sed -n "/^'hello.lock' is written anew:/,\$p" "$T/err" | sed 1d |
	grep -Ev '^  \+ (image localhost/[a-z0-9-]+:bookworm linux/arm64 sha256:[0-9a-f]{12}|[a-z0-9.+-]+ [^ ]+ \(bookworm arm64\))$')"
same "pins the spec's images and the board's" \
	"busybox containerd firmware-rpi getty init kernel-rpi3 runc u-boot-rpi" \
	"$(awk '$1 == "image" { print $6 }' hello.lock | xargs)"
same "and what they are made from" "busybox containerd firmware-rpi getty init kernel-rpi3 runc u-boot-rpi" \
	"$(awk '$1 == "deb" { print $2 }' hello.lock | uniq | xargs)"
lock=$(sum hello.lock)
check "the lock is a good one" "$LKBOARD" check hello.lock
quiet "$STORE" plan rpi3 hello.yml > "$T/out"
same "plan shows the lock" "  lock   pins all             hello.lock" "$(grep '^  lock' "$T/out")"
same "and what is pinned" 8 "$(grep -c '^  image .*, pinned)$' "$T/out")"
same "plan --json too" "{'file': 'hello.lock', 'unpinned': []}" \
	"$(quiet "$STORE" plan --json rpi3 hello.yml | python3 -c 'import json, sys; print(json.load(sys.stdin)["lock"])')"

# --- another machine -----------------------------------------------------------------------------------

check "the images are exported" quiet "$STORE" cache export --lock hello.lock -o "$T/cache.tar"
mkdir "$T/prog"
cp "$LKBOARD" "$T/prog/"
cp -r "$LKBOARD_CONFIGS" "$T/prog/"
cp hello.yml hello.lock "$T/there/"
if unshare -rn true 2> /dev/null; then alone="unshare -rn"; else alone=; fi
there() (
	cd "$T/there" && umask 077 && unset XDG_CACHE_HOME LKBOARD_STORE &&
		$alone env LKBOARD_CONFIGS="$T/prog/configs" TZ=Asia/Tokyo LC_ALL=de_DE.UTF-8 HOME="$T/home" "$T/prog/lkboard" "$@" < /dev/null
)
check "and imported, ${alone:+without a network, }elsewhere" there cache import "$T/cache.tar"
check "--locked --offline" there build --locked --offline -j 1 rpi3 hello.yml -o deep
for f in hello-rpi3.img hello-rpi3.map hello-rpi3.bmap hello-rpi3.build.json; do
	check "$f is the same" cmp "first/$f" "$T/there/deep/$f"
	check "$f is what it is without a lock" cmp "first/$f" "floating/$f"
done
same "no package was needed" "" "$(ls "$T/home/.cache/lkboard/pkg" 2> /dev/null)"
same "the lock is as it was" "$lock $lock" "$(sum hello.lock) $(sum "$T/there/hello.lock")"

# --- an image that is not in the store and a package makes ----------------------------------------------

few=$(awk '$1 == "image" && $6 !~ /^(busybox|runc)$/ { print $2 }' hello.lock)
# shellcheck disable=SC2086
check "a store without two of the images" quiet "$T/few" cache import "$T/cache.tar" $few
ln -s "$(cd "$STORE" && pwd)/pkg" "$T/few/pkg"
quiet "$T/few" plan --locked rpi3 hello.yml > "$T/out"
same "plan says so" "busybox runc" \
	"$(sed -n 's/^  image  not in the store     localhost.\([a-z]*\):bookworm: .*/\1/p' "$T/out" | sort | xargs)"
check "build makes them, of the same packages" quiet "$T/few" build --locked --offline rpi3 hello.yml -o second
check "they come out as they are pinned" cmp first/hello-rpi3.build.json second/hello-rpi3.build.json
wrong=$(printf %064d 7)
right=$(awk '$1 == "image" && $6 == "runc" { print $5 }' hello.lock)
sed "/^image .* runc\$/s/sha256:[0-9a-f]*/sha256:$wrong/" hello.lock > wrong.lock
says "one that comes out otherwise" 6 "lkboard: image 'localhost/runc:bookworm' comes out as $right, and 'wrong.lock' pins sha256:$wrong
  hint: \`lkboard cache import\` takes the image that was pinned; --update-lock pins the one that is made now" \
	quiet "$T/few" build --locked --offline --lock wrong.lock rpi3 hello.yml -o third
check "nothing is made of it" test ! -e third
rm "$T/few/pkg"

# --- what the lock lacks -------------------------------------------------------------------------------

S=$T/store
check "a store of our own" quiet "$S" cache import "$T/cache.tar"
grep -v ' getty$' hello.lock > less.lock
at=$(grep -n localhost/getty hello.yml | cut -d: -f1)
quiet "$S" plan --locked --lock less.lock rpi3 hello.yml > "$T/out" 2> "$T/err"
same "an image that is not pinned: exit code" 7 $?
same "an image that is not pinned: message" "lkboard: hello.yml:$at: image 'localhost/getty:bookworm' is not pinned for linux/arm64 by 'less.lock', and --locked allows nothing else
  hint: \`lkboard build --update-lock\` pins it" "$(sed "s/^\(lkboard: hello.yml:$at\):[0-9]*:/\1:/" "$T/err")"
lk "$S" plan --lock less.lock rpi3 hello.yml > "$T/out" 2> "$T/err"
check "without --locked it is said" grep -qx "'less.lock' does not pin 'localhost/getty:bookworm', used as the store has it; --update-lock pins it" "$T/err"
same "and seen in the plan" "  lock   does not pin all     less.lock" "$(grep '^  lock' "$T/out")"
sed -i '1s/.*/# lkboard lock 2/' less.lock
says "another version" 3 "lkboard: less.lock:1:1: this is no lkboard lock of version 1" \
	quiet "$S" plan --lock less.lock rpi3 hello.yml

# --- several boards and platforms ----------------------------------------------------------------------

cat >> hello.lock <<- END
	image docker.io/library/redis:7 linux/amd64 sha256:$wrong sha256:$wrong -
	deb redis amd64 bookworm libc6 1 $wrong 10
END
cp hello.lock more.lock
lk "$STORE" build --update-lock --offline qemu-arm64 hello.yml -o other > "$T/out" 2> "$T/err"
same "--update-lock for another board changes nothing" "'hello.lock' is as it was" "$(tail -n 1 "$T/err")"
check "not even the file's order" cmp hello.lock more.lock
same "leaves the first one's images, and other platforms" "2 2" \
	"$(grep -c '^image .*-rpi$' hello.lock) $(grep -c amd64 hello.lock)"
sed -i /amd64/d hello.lock
same "and changes nothing else" "$lock" "$(sum hello.lock)"

# --- a name that moves on ------------------------------------------------------------------------------

# app DIR TEXT: an OCI layout with an index, as somebody else would write it, called team/app:1
app() {
	mkdir -p "$1/blobs/sha256" root/etc
	echo "$2" > root/etc/greeting
	tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C root -cf layer .
	printf '{"architecture":"arm64","os":"linux","config":{"Cmd":["/hello"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$(sum layer)" > config
	type=application/vnd.oci.image
	printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":{"mediaType":"%s.config.v1+json","digest":"sha256:%s","size":%d},"layers":[{"mediaType":"%s.layer.v1.tar","digest":"sha256:%s","size":%d}]}' \
		$type $type "$(sum config)" "$(wc -c < config)" $type "$(sum layer)" "$(wc -c < layer)" > manifest
	printf '{ "schemaVersion": 2, "mediaType": "%s.index.v1+json", "manifests": [{"mediaType":"%s.manifest.v1+json","digest":"sha256:%s","size":%d,"platform":{"os":"linux","architecture":"arm64"}}]}' \
		$type $type "$(sum manifest)" "$(wc -c < manifest)" > index
	for f in layer config manifest index; do cp $f "$1/blobs/sha256/$(sum $f)"; done
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s.index.v1+json","digest":"sha256:%s","size":%d,"annotations":{"org.opencontainers.image.ref.name":"docker.io/team/app:1"}}]}' \
		$type "$(sum index)" "$(wc -c < index)" > "$1/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' > "$1/oci-layout"
	index=sha256:$(sum index)
	manifest=sha256:$(sum manifest)
}
brief() { printf %.19s "$1"; }

app new second
i2=$index m2=$manifest
app old first
sed '/^onboot:/,$d' hello.yml > app.yml
printf 'onboot:\n  - name: app\n    image: team/app:1\n' >> app.yml
cp hello.lock app.lock
says "a lock of another spec does not pin it" 7 "lkboard: app.yml:$(grep -n team/app app.yml | cut -d: -f1):12: image 'docker.io/team/app:1' is not pinned for linux/arm64 by 'app.lock', and --locked allows nothing else
  hint: \`lkboard build --update-lock\` pins it" quiet "$S" plan --locked qemu-arm64 app.yml
quiet "$S" cache import old > "$T/out"
cp -r "$STORE/pkg/packages.lock" "$T/packages.lock"
lk "$S" build --update-lock --offline qemu-arm64 app.yml -o app > "$T/out" 2> "$T/err"
same "an image with an index is pinned" "'app.lock' is written anew:
  + image docker.io/team/app:1 linux/arm64 $(brief "$manifest")" "$(tail -n 2 "$T/err")"
same "by both digests" "image docker.io/team/app:1 linux/arm64 $index $manifest -" "$(grep team/app app.lock)"
used() { sed -n "s/^  image  \(sha256:[0-9a-f]*\)  docker.io.team.app.*/\1/p" "$T/out"; }
lk "$S" plan --input new qemu-arm64 app.yml > "$T/out" 2> "$T/err"
same "the pinned one is used, whatever --input has" "$(brief "$manifest")" "$(used)"
check "which is said" grep -qx "lkboard: warning: image 'docker.io/team/app:1' is used as 'app.lock' pins it, not as 'new' has it; --update-lock pins that" "$T/err"
quiet "$S" cache import new > "$T/out"
lk "$S" plan --locked qemu-arm64 app.yml > "$T/out" 2> "$T/err"
same "and whatever the name stands for now" "$(brief "$manifest")" "$(used)"
quiet "$S" cache export --lock app.lock -o app.tar > "$T/out"
same "the export has what is pinned" "$index" \
	"$(tar -xOf app.tar index.json | python3 -c 'import json, sys
print([m["digest"] for m in json.load(sys.stdin)["manifests"] if "app" in str(m)][0])')"
quiet "$T/bare" cache import "$T/cache.tar" > "$T/out"
says "a pinned image that is not there" 3 "lkboard: app.yml:$(grep -n team/app app.yml | cut -d: -f1):12: image 'docker.io/team/app:1' as 'app.lock' pins it: image 'docker.io/team/app@$manifest' is not in the store '$T/bare'
  hint: fetch it: 'lkboard cache pull --arch arm64 docker.io/team/app@$manifest'" \
	quiet "$T/bare" plan --offline qemu-arm64 app.yml
check "the hint is a way" quiet "$T/bare" cache import --name "docker.io/team/app@$index" old
check "the image alone will do" quiet "$T/bare" plan --locked qemu-arm64 app.yml
lk "$S" build --update-lock --offline qemu-arm64 app.yml -o app > "$T/out" 2> "$T/err"
same "--update-lock takes what the name stands for" "'app.lock' is written anew:
  ~ image docker.io/team/app:1 linux/arm64 $(brief "$manifest") -> $(brief "$m2")" "$(tail -n 2 "$T/err")"
sed -i "s/$i2/$index/" app.lock
says "an index that does not hold what is pinned" 3 "lkboard: app.lock:$(grep -n team/app app.lock | cut -d: -f1):1: image 'docker.io/team/app:1' as 'app.lock' pins it: the index that is pinned holds $manifest, not the manifest that is pinned
  hint: \`lkboard build --update-lock\` pins it anew" quiet "$S" plan qemu-arm64 app.yml

# --- check ---------------------------------------------------------------------------------------------

sed 's/^deb runc /dab runc /; s/^image localhost.getty:/image getty:/' hello.lock > bad.lock
n() { grep -n "$1" bad.lock | head -n 1 | cut -d: -f1; }
r=$(n '^dab')
says "check finds every fault" 3 "lkboard: bad.lock:$(n 'image getty'):7: 'getty:bookworm' is not in full: that is 'docker.io/library/getty:bookworm'
$(for k in 0 1 2; do echo "lkboard: bad.lock:$((r + k)):1: a line begins with 'image' or 'deb', not with 'dab'"; done)" \
	"$LKBOARD" check bad.lock
echo > empty.lock
says "check knows a lock by its name" 3 "lkboard: empty.lock:1:1: this is no lkboard lock of version 1" \
	"$LKBOARD" check empty.lock
cp "$T/packages.lock" some
same "and by its first line" "some: lock ok" "$("$LKBOARD" check some)"

# --- with a registry -----------------------------------------------------------------------------------

. "$TOP/tests/registry/kit.sh"
quiet "$S" cache import old > "$T/out"
quiet "$S" build --update-lock --offline qemu-arm64 app.yml -o app > "$T/out" 2> "$T/err"
same "the lock has the older one" "$index $manifest" "$(awk '/team.app/ { print $4, $5 }' app.lock)"
quiet "$T/fetching" cache import "$T/cache.tar" > "$T/out"
serve P old "log=$T/asked"
quiet "$T/fetching" build --locked --mirror "docker.io=http://127.0.0.1:$P" qemu-arm64 app.yml -o fetched \
	> "$T/out" 2> "$T/err"
same "what is pinned and not there is fetched" 0 $?
check "by its digest" sh -c "grep -q '/manifests/$index' '$T/asked' && ! grep -q '/manifests/1\"' '$T/asked'"
check "and gives the same" cmp app/app-initrd.img fetched/app-initrd.img
serve P new
quiet "$S" build --update-lock --mirror "docker.io=http://127.0.0.1:$P" qemu-arm64 app.yml -o app \
	> "$T/out" 2> "$T/err"
same "--update-lock" 0 $?
same "asks what the tag stands for now" "$i2 $m2" "$(awk '/team.app/ { print $4, $5 }' app.lock)"
stop "$pid"
"$LKBOARD" --progress plain --store "$S" build --update-lock --mirror "docker.io=http://127.0.0.1:$P" qemu-arm64 app.yml -o app \
	> "$T/out" 2> "$T/err"
same "with nobody to ask" "0 $i2" "$? $(awk '/team.app/ { print $4 }' app.lock)"
check "the store's is taken, which is said" grep -q "image 'docker.io/team/app:1' is pinned as the store has it" "$T/err"
finish
