#!/bin/sh
# The store's upkeep: names taken out, blobs thrown away, damage found and removed, signatures carried
# along; beside other processes, and killed at every step.
. tests/lib.sh

cd "$T" || exit 1

lk() { # store args...
	s=$1
	shift
	"$LKBOARD" --progress none --store "$s" "$@"
}

run() { # command...; leaves out, err, $code
	"$@" > out 2> err < /dev/null
	code=$?
}

# says NAME CODE "stderr" command...
says() {
	what=$1 want=$2 text=$3
	shift 3
	run "$@"
	same "$what: message" "$text" "$(cat err)"
	same "$what: exit code" "$want" "$code"
}

# prints NAME "stdout" command...
prints() {
	what=$1 text=$2
	shift 2
	run "$@"
	same "$what" "$text" "$(cat out err)"
}

sum() { sha256sum "$1" | cut -c1-64; }
blobs() { ls "$1/blobs/sha256" | wc -l; }
right() { run lk "$1" cache verify; same "$2" "0 " "$code $(cat out err)"; }

# --- images and signatures, made by hand --------------------------------------------------------------

type=application/vnd.oci.image

# blob DIR FILE [TYPE]: stores it; prints its descriptor
blob() {
	cp "$2" "$1/blobs/sha256/$(sum "$2")"
	printf '{"mediaType":"%s","digest":"sha256:%s","size":%d}' "${3:-$type.layer.v1.tar+gzip}" \
		"$(sum "$2")" "$(wc -c < "$2")"
}

# layout DIR ARCH TEXT NAME: an OCI layout with one image; its manifest is ./manifest
layout() {
	mkdir -p "$1/blobs/sha256" root/etc
	echo "$3" > root/etc/greeting
	tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C root -cf layer .
	gzip -nc layer > packed
	printf '{"architecture":"%s","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$2" "$(sum layer)" > config
	printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":%s,"layers":[%s]}' $type \
		"$(blob "$1" config $type.config.v1+json)" "$(blob "$1" packed)" > manifest
	blob "$1" manifest > /dev/null
	printf '{"schemaVersion":2,"manifests":[%s]}' "$(entry manifest "$4")" > "$1/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' > "$1/oci-layout"
}

entry() { # FILE NAME [TYPE]
	printf '{"mediaType":"%s","digest":"sha256:%s","size":%d,"annotations":{"org.opencontainers.image.ref.name":"%s"}}' \
		"${3:-$type.manifest.v1+json}" "$(sum "$1")" "$(wc -c < "$1")" "$2"
}

# What cosign pushes beside an image (tag scheme), and an index of referrers with a sigstore bundle.
layout lay arm64 hello localhost/team/app:1
cp manifest image
m=$(sum image)
p=$(sum packed)
config=$(sum config)
printf '{"critical":{"image":{"docker-manifest-digest":"sha256:%s"}}}' "$m" > payload
printf '{"architecture":"","os":"","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$(sum payload)" > config
printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":%s,"layers":[%s]}' $type \
	"$(blob lay config $type.config.v1+json)" \
	"$(blob lay payload application/vnd.dev.cosign.simplesigning.v1+json)" > sig
blob lay sig > /dev/null
printf '{}' > empty
printf '{"bundle":1}' > bundle
bundle_type=application/vnd.dev.sigstore.bundle.v0.3+json
printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","artifactType":"%s","config":%s,"layers":[%s],"subject":{"mediaType":"%s.manifest.v1+json","digest":"sha256:%s","size":%d}}' \
	$type $bundle_type "$(blob lay empty application/vnd.oci.empty.v1+json)" \
	"$(blob lay bundle $bundle_type)" $type "$m" "$(wc -c < image)" > referrer
printf '{"schemaVersion":2,"mediaType":"%s.index.v1+json","manifests":[%s]}' $type \
	"$(blob lay referrer $type.manifest.v1+json)" > referrers
blob lay referrers > /dev/null
printf '{"schemaVersion":2,"manifests":[%s,%s,%s]}' "$(entry image localhost/team/app:1)" \
	"$(entry sig "localhost/team/app:sha256-$m.sig")" \
	"$(entry referrers "localhost/team/app:sha256-$m" $type.index.v1+json)" > lay/index.json

# --- what is no image ---------------------------------------------------------------------------------

run lk s cache import lay
same "an image and what speaks about it come in" "localhost/team/app:1	sha256:$m	linux/arm64
localhost/team/app:sha256-$m	sha256:$(sum referrers)	artifact
localhost/team/app:sha256-$m.sig	sha256:$(sum sig)	artifact" "$(sort out)"
same "cache ls marks artifacts" "linux/arm64 artifact artifact" "$(lk s cache ls | cut -f2 | xargs)"
same "and says in JSON what they are" "None $bundle_type application/vnd.dev.cosign.simplesigning.v1+json" \
	"$(lk s cache ls --json | python3 -c '
import json, sys
print(*(e.get("artifact") for e in json.load(sys.stdin)))')"
right s "a store with artifacts is right"
says "a signature is no image to export for Docker" 3 \
	"lkboard: image 'localhost/team/app:sha256-$m.sig': it is no image but an artifact of type 'application/vnd.dev.cosign.simplesigning.v1+json'
  hint: 'lkboard cache ls' says which names are images" \
	lk s cache export --format docker -o x.tar "localhost/team/app:sha256-$m.sig"
cat > artifact.yml << EOS
kernel:
  image: localhost/team/app:sha256-$m.sig
init: [localhost/init:bookworm]
EOS
export LKBOARD_CONFIGS="${LKBOARD_CONFIGS:-$TOP/configs}"
says "nor to build with" 3 \
	"lkboard: artifact.yml:2:10: image 'localhost/team/app:sha256-$m.sig': it is no image but an artifact of type 'application/vnd.dev.cosign.simplesigning.v1+json'
  hint: 'lkboard cache ls' says which names are images" \
	lk s plan rpi3 artifact.yml

lk s cache export -o plain.tar localhost/team/app:1 > out
same "an export has what was asked for" 1 "$(tar -xOf plain.tar index.json | grep -o ref.name | wc -l)"
lk s cache export --signatures -o signed.tar localhost/team/app:1 > out
same "and with --signatures what speaks about it" 3 "$(tar -xOf signed.tar index.json | grep -o ref.name | wc -l)"
lk s cache export --signatures -o again.tar localhost/team/app:1 localhost/team/app:1 > out
check "the same image, the same bytes" cmp signed.tar again.tar
run lk s2 cache import signed.tar
same "the names come in as they were" "$(lk s cache ls)" "$(lk s2 cache ls)"
run lk s3 cache import signed.tar localhost/team/app:1
same "they come along where the image is chosen" "$(lk s cache ls)" "$(lk s3 cache ls)"
run lk s4 cache import --name localhost/mine:2 signed.tar
same "and are called as it is where it is renamed" \
	"localhost/mine:2 localhost/mine:sha256-$m localhost/mine:sha256-$m.sig" "$(lk s4 cache ls | cut -f1 | xargs)"
says "a Docker archive has no place for them" 2 "lkboard: a Docker archive has no place for signatures
  hint: choose the format oci or oci-dir" lk s cache export --format docker --signatures localhost/team/app:1
if have skopeo; then
	check "skopeo finds the signature in the archive" skopeo inspect --raw \
		"oci-archive:signed.tar:localhost/team/app:sha256-$m.sig"
else
	skip "skopeo finds the signature in the archive" "skopeo is not installed"
fi

# --- names out ----------------------------------------------------------------------------------------

layout lay2 amd64 other localhost/team/app:1
m2=$(sum manifest)
lk s cache import lay2 > out
lk s cache import --name localhost/twin:1 lay2 > out
lk s cache import --name localhost/team/app:2 lay2 > out
says "a name that is not there" 3 "lkboard: 'docker.io/library/none:latest' is not in the store 's'
  hint: 'lkboard cache ls' lists what is" lk s cache rm none
says "a platform that is not there" 3 "lkboard: 'localhost/twin:1' is not in the store for linux/arm64" \
	lk s cache rm --platform arm64 localhost/twin:1
says "no platform" 2 "lkboard: '--platform a b': no architecture
  hint: arm64, amd64, arm/v7, ..." lk s cache rm --platform 'a b' localhost/twin:1
before=$(lk s cache ls)
run lk s cache rm localhost/twin:1 localhost/nowhere:1
same "all or nothing" "3 $before" "$code $(lk s cache ls)"
prints "one platform" "localhost/team/app:1	sha256:$m2	linux/amd64" lk s cache rm --platform linux/amd64 localhost/team/app:1
same "the other one stays, with its signatures" "linux/arm64 artifact artifact" \
	"$(lk s cache ls | grep -F -e app:1 -e sha256- | grep -v -e twin: -e app:2 | cut -f2 | xargs)"
prints "by digest, within a repository" "localhost/team/app:2	sha256:$(lk s cache ls --json > ls.json
	python3 - "$m2" << 'EOS'
import glob, hashlib, sys
for f in glob.glob("s/blobs/sha256/*"):
    b = open(f, "rb").read()
    if b'"manifests"' in b and sys.argv[1].encode() in b and b.count(b'"digest"') == 1:
        print(hashlib.sha256(b).hexdigest())
EOS
)	linux/amd64" lk s cache rm "localhost/team/app@sha256:$m2"
same "the twin stays" "localhost/twin:1" "$(lk s cache ls | cut -f1 | grep twin)"
run lk s cache rm "sha256:$m2"
same "by digest alone: every name of it" "localhost/twin:1" "$(cut -f1 out)"
run lk s cache rm localhost/team/app:1
same "with an image go its signatures" "localhost/team/app:1 localhost/team/app:sha256-$m localhost/team/app:sha256-$m.sig" \
	"$(cut -f1 out | sort | xargs)"
same "nothing is left" "" "$(lk s cache ls)"
right s "the store is right, with blobs that nothing refers to"

# --- blobs away ---------------------------------------------------------------------------------------

lk s cache import --name localhost/twin:1 lay2 > out
n=$(blobs s)
lk s cache prune --dry-run --json > dry.json
same "a dry run removes nothing" "$n" "$(blobs s)"
lk s cache prune --json > wet.json
same "and says what the run frees" "$(sed 's/true/false/' dry.json)" "$(cat wet.json)"
same "what a name leads to stays: index, manifest, config, layer" 4 "$(blobs s)"
same "it says how much" "$((n - 4))" "$(python3 -c 'import json; print(json.load(open("wet.json"))["blobs"]["files"])')"
prints "again there is nothing" "blobs	0	0
derived	0	0
packages	0	0" lk s cache prune
right s "the store is right"
mkdir -p s/derived/layer-v0 s/pkg/debs/sha256
echo x > s/derived/layer-v0/old.tar
echo x > s/derived/layer-v1/"$m".tar
echo x > s/pkg/debs/sha256/x
echo x > s/blobs/sha256/README
prints "derived data of nothing, and of another version; what is not ours stays" "blobs	0	0
derived	2	4
packages	0	0" lk s cache prune
prints "packages where it is asked for" "blobs	0	0
derived	0	0
packages	1	2" lk s cache prune --packages
rm s/blobs/sha256/README

# --- damage -------------------------------------------------------------------------------------------

rm -rf s
lk s cache import lay > out
lk s cache import lay2 > out
lk s cache import --name localhost/twin:1 lay2 > out
bad=s/blobs/sha256/$p
printf 'X' | dd of="$bad" bs=1 seek=30 conv=notrunc 2> err
run lk s cache verify
same "a damaged blob: exit code" 6 "$code"
same "what is wrong" "blob sha256:$p	holds something else: its digest is 'sha256:$(sum "$bad")'" "$(cat out)"
same "and what to do" "lkboard: store 's': 1 fault
  hint: 'lkboard cache verify --repair' removes what is damaged; then build, pull or import again what is missing" \
	"$(cat err)"
run lk s cache verify --repair
same "repair says what it removed" "blob sha256:$p removed
image localhost/team/app:1 removed" "$(awk -F'\t' '{ print $1, $NF }' out)"
same "exit code of a repair" 0 "$code"
right s "the store is right afterwards"
same "the other platform of the name is still there" "localhost/team/app:1 localhost/twin:1" \
	"$(lk s cache ls | grep amd64 | cut -f1 | xargs)"
lk s cache import lay > out
same "importing again brings it back" "linux/amd64 linux/arm64" "$(lk s cache ls | grep app:1 | cut -f2 | xargs)"
right s "and the store is right"

rm "s/blobs/sha256/$config"
run lk s cache verify
same "a part that is not there: exit code" 6 "$code"
same "which image lacks it" "image localhost/team/app:1	sha256:$m: blob 'sha256:$config' is not in 's'" "$(cat out)"
echo x >> "s/blobs/sha256/$m2"
says "a document that cannot be read: nobody knows what it needs" 6 \
	"lkboard: image 'localhost/team/app:1': blob 'sha256:$m2' has $(wc -c < "s/blobs/sha256/$m2") bytes, not $(wc -c < manifest) as what refers to it says
  hint: 'lkboard cache verify --repair' removes what is damaged" lk s cache prune
run lk s cache verify --repair --json
same "both images go" 0 "$code"
right s "the store is right afterwards"
same "signatures stay" "artifact artifact" "$(lk s cache ls | cut -f2 | xargs)"

# --- beside others, and killed ------------------------------------------------------------------------

# A second process holds the store: prune waits for it.
rm -rf s
lk s cache import lay > out
lk s cache rm localhost/team/app:1 > out
(flock -s 9; sleep 1; touch late) 9> s/in-use &
sleep 0.2
"$LKBOARD" --progress plain --store s cache prune > out 2> err
check "prune waits until the store is free" test -e late
check "and says so" grep -q "another lkboard uses the store 's': waiting until it has ended" err
wait

# busy N: imports, names out, prunes, builds up and throws away, and lists
busy() {
	i=0
	while [ $i -lt 12 ]; do
		lk race cache import --name "localhost/of-$1:$i" lay$2 &&
			lk race cache export -o "race-$1.tar" "localhost/of-$1:$i" || return 1
		[ $((i % 3)) = 0 ] || lk race cache rm "localhost/of-$1:$i" || return 1
		[ $((i % 2)) = 0 ] || lk race cache prune || return 1
		i=$((i + 1))
	done
}
lk race cache ls
busy 1 '' > race1.out 2>&1 &
first=$!
busy 2 2 > race2.out 2>&1 &
second=$!
busy 3 '' > race3.out 2>&1
third=$?
wait $first; a=$?
wait $second; b=$?
same "three at once import, export, remove and prune" "0 0 0" "$a $b $third"
right race "and nobody took anything from another"
same "what was not removed is there" 12 "$(lk race cache ls | grep -vc artifact)"

if have strace && strace -o /dev/null true 2> /dev/null; then
	# every SYSCALLS COMMAND...: kills the command at each of these calls, and looks at the store
	every() {
		calls=$1
		shift
		step=1
		while [ $step -lt 60 ]; do
			rm -rf killed
			cp -a before killed
			strace -o /dev/null -f -e trace="$calls" -e inject="$calls:signal=KILL:when=$step" \
				"$LKBOARD" --progress none --store killed "$@" > out 2> err
			[ $? = 137 ] || break
			lk killed cache verify > out 2> err || { echo "$* at $step"; cat out err; return 1; }
			"$LKBOARD" --progress none --store killed "$@" > out 2> err
			case $1-$2-$? in
			cache-rm-3 | *-0) ;; # the name may be gone already
			*) echo "$* after $step"; cat err; return 1 ;;
			esac
			lk killed cache verify > out 2> err || { echo "$* after $step"; cat out err; return 1; }
			[ -z "$(ls killed/tmp)" ] || { echo "tmp holds $(ls killed/tmp)"; return 1; }
			step=$((step + 1))
		done
		[ $step -gt 2 ]
	}
	steps=rename,renameat,renameat2,unlink,unlinkat,fsync
	rm -rf before
	lk before cache import lay2 > out
	check "an import that is killed at any step" every $steps cache import lay
	lk before cache import lay > out
	cp -a before kept
	check "a name that is taken out" every $steps cache rm localhost/team/app:1
	lk before cache rm localhost/team/app:1 > out
	check "a prune that is killed at any step" every $steps cache prune --derived
	printf 'X' | dd of="before/blobs/sha256/$p" bs=1 seek=30 conv=notrunc 2> err
	every_repair() {
		step=1
		while [ $step -lt 60 ]; do
			rm -rf killed
			cp -a kept killed
			printf 'X' | dd of="killed/blobs/sha256/$p" bs=1 seek=30 conv=notrunc 2> err
			strace -o /dev/null -f -e trace="$steps" -e inject="$steps:signal=KILL:when=$step" \
				"$LKBOARD" --progress none --store killed cache verify --repair > out 2> err
			[ $? = 137 ] || break
			lk killed cache verify --repair > out 2> err && lk killed cache verify > out 2> err ||
				{ echo "repair after $step"; cat out err; return 1; }
			step=$((step + 1))
		done
		[ $step -gt 2 ]
	}
	check "a repair that is killed at any step" every_repair
else
	skip "killed at every step" "strace cannot be used"
fi
finish
