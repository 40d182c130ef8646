#!/bin/sh
# Format rpi3, the files of a Pi's card as an archive: the same bytes twice, judged by tar, bsdtar,
# dumpimage, dtc, mtools and fsck.fat.
. tests/lib.sh

lk() { "$LKBOARD" --progress none --store "$STORE" "$@"; }
sed "s/cmdline: .*/cmdline: 'quiet a=\"b\\\\c\"'/" configs/specs/hello.yml > "$T/hello.yml"
check "hello.yml is built" lk build -f rpi3 rpi3 "$T/hello.yml" -o "$T/one"
tar=$T/one/hello.tar
[ -s "$tar" ] || finish
check "again, elsewhere" sh -c 'cd "$1" && umask 077 && TZ=Asia/Tokyo LC_ALL=C TMPDIR="$1" "$2" --progress none \
	--store "$3" build -f rpi3 rpi3 hello.yml --offline -o two' - "$T" "$LKBOARD" "$STORE"
for f in hello.tar hello-rpi3.build.json hello-rpi3.sbom.spdx.json; do
	check "$f: the same bytes" cmp "$T/one/$f" "$T/two/$f"
done

names="LICENCE bcm2710-rpi-3-b-plus.dtb bcm2710-rpi-3-b.dtb boot.scr bootcode.bin cmdline.txt config.txt dtb/
dtb/broadcom/ dtb/broadcom/bcm2837-rpi-3-b-plus.dtb dtb/broadcom/bcm2837-rpi-3-b.dtb fixup.dat initrd.img
kernel.gz start.elf u-boot.bin"
listed() { sed 's,^\./,,; /^$/d' | xargs; }
same "bsdtar lists it" "$(echo "$names" | xargs)" "$(bsdtar -tf "$tar" | listed)"
same "tar lists it" "$(echo "$names" | xargs)" "$(tar -tf "$tar" | listed)"
same "all is root's" 0 "$(tar --numeric-owner -tvf "$tar" | grep -vc ' 0/0 ')"
mkdir "$T/files"
check "tar unpacks it without a word" sh -c 'tar -xf "$1" -C "$2" 2>&1 | { ! grep .; }' - "$tar" "$T/files"
cd "$T/files" || exit 1
same "cmdline.txt is the whole line" "console=ttyS1,115200 panic=10 quiet a=\"b\\\\c\"" "$(cat cmdline.txt)"
same "config.txt starts U-Boot" "arm_64bit=1 kernel=u-boot.bin [all] enable_uart=1" "$(xargs < config.txt)"
check "dumpimage reads boot.scr" sh -c "dumpimage -l boot.scr | grep -q 'AArch64 Linux Script'"
check "kernel.gz is whole" gzip -t kernel.gz
check "initrd.img holds the root" sh -c "'$LKBOARD' inspect initrd.img > '$T/initrd' &&
	grep -q 'path=init$' '$T/initrd' && grep -q 'path=containers/services/greeter/config.json$' '$T/initrd'"
for f in bcm2710-rpi-3-b.dtb bcm2710-rpi-3-b-plus.dtb; do
	check "dtc reads $f" dtc -q -I dtb -O dts -o "$T/dts" $f
	check "U-Boot gets the same" cmp $f dtb/broadcom/bcm2837"${f#bcm2710}"
done

# What a person does with it: a FAT32, and the files on it.
export MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1
check "mformat makes a FAT32" sh -c 'truncate -s 128M "$1" && mformat -i "$1" -F -T 262144 ::' - "$T/fat"
check "mcopy fills it" mcopy -i "$T/fat" -s -Q ./* ::
check "fsck.fat finds nothing wrong" fsck.fat -n "$T/fat"

# The same parts are on the card with slots.
check "the card is built" lk build rpi3 "$T/hello.yml" -o "$T/card"
boot="$T/card/hello-rpi3.img@@$(sfdisk --json "$T/card/hello-rpi3.img" | python3 -c '
import json, sys; print(json.load(sys.stdin)["partitiontable"]["partitions"][0]["start"] * 512)')"
for f in LICENCE bootcode.bin start.elf fixup.dat u-boot.bin bcm2710-rpi-3-b.dtb; do
	check "$f is the card's" sh -c 'mcopy -n -i "$1" "::$2" - | cmp - "$2"' - "$boot" $f
done
same "build.json says what it is" "rpi3 ram" "$(python3 -c '
import json, sys
f = json.load(open(sys.argv[1]))["formats"][0]
print(f["name"], f["root"])' "$T/one/hello-rpi3.build.json")"

# --- what is refused ------------------------------------------------------------------------------------

cd "$T" || exit 1
says() { # NAME CODE "stderr" command...
	what=$1 want=$2 text=$3
	shift 3
	"$@" > out 2> err
	code=$?
	same "$what: message" "$text" "$(cat err)"
	same "$what: exit code" "$want" "$code"
}
says "beside the card" 2 "lkboard: 'sd' adds to the root, which 'rpi3' would see
  hint: make them one after the other" lk build -f sd -f rpi3 rpi3 hello.yml -o no
printf 'lkboard: {root: disk}\n' > disk.yml
says "a root on disk" 3 "lkboard: disk.yml:1:10: lkboard.root is 'disk', format 'rpi3' has its root in RAM
  hint: choose another format with -f, or leave lkboard.root out" lk build -f rpi3 rpi3 hello.yml disk.yml -o no
long=$(head -c 2100 /dev/zero | tr '\0' x)
sed "s/cmdline: .*/cmdline: $long/" hello.yml > long.yml
says "a line that is too long" 3 "lkboard: long.yml:4:3: the command line of 2130 bytes is longer than the 2047 that the kernel takes
  hint: shorten kernel.cmdline" \
	lk build -f rpi3 rpi3 long.yml -o no
same "nothing was made of them" "" "$(ls no 2> /dev/null)"
finish
