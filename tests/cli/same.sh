#!/bin/sh
# Same input, same bytes: two builds that differ in directory, time zone, locale, umask, user, -j and
# temporary directory.
. tests/lib.sh

mkdir -p "$T/a" "$T/b/deeper" "$T/tmp" "$T/specs"
cp configs/specs/hello.yml "$T/specs/hello.yml"
check "first build" "$LKBOARD" --store "$STORE" build -j 1 rpi3 configs/specs/hello.yml -o "$T/a"

cp -r "$STORE" "$T/store"
as=
if [ "$(id -u)" = 0 ] && have setpriv; then
	chmod 755 "$T"
	chown -R 65534:65534 "$T/store" "$T/b" "$T/tmp"
	as="setpriv --reuid 65534 --regid 65534 --clear-groups"
	# The other user may not be able to enter the checkout: it gets a program and configs of its own.
	mkdir "$T/prog"
	cp "$LKBOARD" "$T/prog/"
	cp -r "$O/ondevice" "$T/prog/ondevice"
	cp -r configs "$T/prog/configs"
	LKBOARD2=$T/prog/lkboard
	configs=$T/prog/configs
else
	LKBOARD2=$LKBOARD
	configs=$TOP/configs
fi
second() (
	cd "$T/specs" && umask 077 && env TZ=Asia/Tokyo LC_ALL=de_DE.UTF-8 HOME=/nonexistent \
		LKBOARD_CONFIGS="$configs" TMPDIR="$T/tmp" $as "$LKBOARD2" --store "$T/store" build -j 2 rpi3 hello.yml \
		-o "$T/b/deeper"
)
check "second build, as ${as:+another user,} elsewhere" second
for f in hello-rpi3.img hello-rpi3.map hello-rpi3.bmap hello-rpi3.sbom.spdx.json hello-rpi3.build.json; do
	check "$f is the same" cmp "$T/a/$f" "$T/b/deeper/$f"
done
same "nothing was left in the temporary directory" "" "$(ls -A "$T/tmp")"
same "nothing else was left beside the artifacts" \
	"hello-rpi3.bmap hello-rpi3.build.json hello-rpi3.img hello-rpi3.map hello-rpi3.sbom.spdx.json" \
	"$(ls -A "$T/b/deeper" | xargs)"

sed 's/NONCE=first/NONCE=other/' configs/specs/hello.yml > "$T/specs/hello.yml"
check "another spec builds" "$LKBOARD" --store "$STORE" build rpi3 "$T/specs/hello.yml" -o "$T/a"
check "and gives another card" sh -c "! cmp -s '$T/a/hello-rpi3.img' '$T/b/deeper/hello-rpi3.img'"
finish
