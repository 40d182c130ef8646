#!/bin/sh
# An initrd in RAM is made of segments that the store keeps: the same bytes whether they are found or
# made, only what changed is made anew, and a damaged one is.
. tests/lib.sh

cat > "$T/box.yml" << 'EOS'
kernel:
  image: localhost/kernel-arm64:bookworm
init: [localhost/init:bookworm, localhost/runc:bookworm]
onboot:
  - name: hello
    image: localhost/busybox:bookworm
    command: ["/bin/sh", "-c", "echo hello"]
services:
  - name: getty
    image: localhost/getty:bookworm
files:
  - path: etc/motd
    contents: "first"
EOS
images=$(sed -n 's/.*\(localhost\/[a-z0-9-]*:bookworm\).*/\1/p' "$T/box.yml" | sort -u)
build() { # STORE DIR [SPEC]
	"$LKBOARD" --progress none --store "$1" build qemu-arm64 "${3:-$T/box.yml}" --offline \
		--lock "$STORE/pkg/packages.lock" -o "$2"
}
segments() { ls "$T/own/derived/segment-v1" | grep -c '\.zst$'; }

check "packages are built" "$LKBOARD" --progress none --store "$STORE" build qemu-arm64 "$T/box.yml" -o "$T/first"
# init names two images in one line
images="$images localhost/init:bookworm"
# shellcheck disable=SC2086
check "a store of its own is filled" sh -c '"$1" --progress none --store "$2" cache export --arch arm64 -o "$3/all.tar" $4 &&
	"$1" --progress none --store "$3/own" cache import "$3/all.tar"' - "$LKBOARD" "$STORE" "$T" "$images"
rm -f "$T/all.tar"
check "the first build packs" build "$T/own" "$T/cold"
n=$(segments)
check "in several segments" [ "$n" -ge 3 ]
check "the second one finds" build "$T/own" "$T/warm"
same "and adds nothing" "$n" "$(segments)"
for f in initrd.img kernel cmdline qemu-arm64.build.json; do
	check "$f: the same bytes in every store, found or made" sh -c \
		"cmp '$T/first/box-$f' '$T/cold/box-$f' && cmp '$T/cold/box-$f' '$T/warm/box-$f'"
done
check "all of it can be thrown away" "$LKBOARD" --progress none --store "$T/own" cache prune --derived
same "and is" "" "$(find "$T/own/derived" -type f)"
check "and made again" build "$T/own" "$T/again"
check "with the same bytes" cmp "$T/cold/box-initrd.img" "$T/again/box-initrd.img"

sed 's/"first"/"other"/' "$T/box.yml" > "$T/other.yml"
check "a change in files" build "$T/own" "$T/changed" "$T/other.yml"
same "packs no segment that is kept" "$n" "$(segments)"
# The archives one behind the other, each ending in a trailer, are the whole tree.
list() { "$LKBOARD" inspect "$1" | sed 's/size=[0-9]* //' | sort -u; }
same "the tree is the same but for that file" "" "$(list "$T/cold/box-initrd.img" > "$T/l1"
	list "$T/changed/other-initrd.img" > "$T/l2"; diff "$T/l1" "$T/l2" | grep path= | grep -v etc/motd)"
same "all the rest is one more archive" "archives: $((n + 1))" "$("$LKBOARD" inspect "$T/cold/box-initrd.img" | grep archives)"
if have zstd; then
	check "zstd reads it" sh -c "zstd -qdc '$T/cold/box-initrd.img' > '$T/cpio'"
else
	skip "zstd reads it" "zstd is not installed"
fi

if have strace && strace -o /dev/null true 2> /dev/null; then
	killed() { # at every fourth name that a build gives, with nothing derived
		for step in 1 5 9 13; do
			rm -rf "$T/own/derived" "$T/killed"
			strace -o /dev/null -f -e trace=rename -e inject="rename:signal=KILL:when=$step" \
				"$LKBOARD" --progress none --store "$T/own" build qemu-arm64 "$T/box.yml" --offline \
				--lock "$STORE/pkg/packages.lock" -o "$T/killed"
			[ $? = 137 ] || return 1
			"$LKBOARD" --progress none --store "$T/own" cache verify || return 1
			build "$T/own" "$T/killed" && cmp "$T/cold/box-initrd.img" "$T/killed/box-initrd.img" || return 1
		done
	}
	check "builds that are killed leave a right store, and the next one is right" killed
else
	skip "builds that are killed leave a right store" "strace cannot be used"
fi

large=$(ls -S "$T/own/derived/segment-v1"/*.zst | head -n 1)
printf 'XXXX' | dd of="$large" bs=1 seek=5000 conv=notrunc 2> "$T/err"
"$LKBOARD" --progress none --store "$T/own" cache verify > "$T/out" 2> "$T/err"
same "verify finds a damaged segment" "6 derived segment-v1/$(basename "$large")	is not what it was when it was made" \
	"$? $(cat "$T/out")"
check "a build does not use it" build "$T/own" "$T/mended"
check "but makes it again" cmp "$T/cold/box-initrd.img" "$T/mended/box-initrd.img"
check "the store is right" "$LKBOARD" --progress none --store "$T/own" cache verify
"$LKBOARD" --progress none --store "$T/own" cache rm localhost/getty:bookworm > "$T/out"
check "with an image goes what was made of it" sh -c "'$LKBOARD' --progress none --store '$T/own' cache prune > '$T/out' &&
	awk '\$1 == \"derived\" && \$2 >= 4 { found = 1 } END { exit !found }' '$T/out'"
check "and nothing else is wrong" "$LKBOARD" --progress none --store "$T/own" cache verify
finish
