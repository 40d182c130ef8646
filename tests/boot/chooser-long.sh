#!/bin/sh
# The boot script on cards whose records, trailer and files were altered behind its back: it starts the
# right slot, or says what is wrong and stops, without a loop. A last card boots all the way from slot B
# with a command line full of what shells like to eat.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm mkenvimage u-boot-tools sfdisk fdisk \
	python3 python3

# All that U-Boot's shell, YAML and the kernel treat in a way of their own. The kernel wants double
# quotes in pairs, and not more than 32 words that it does not know, unless they have a dot in them.
words='a=$HOME b=${seq};reset c=\ d=\\n e="x y" f=it'\''s g=#no h=&& i=|| j=`k` l=$(m) n=* o=? p=~ q=<r> s=%s'
n=0
while [ ${#words} -lt 1380 ]; do
	words="$words t.w$n=\$$n;'\\"
	n=$((n + 1))
done
words="$words t.end=\\"
python3 - configs/specs/hello.yml "$T/hello.yml" "loglevel=3 $words" << 'PY'
import sys
text = open(sys.argv[1]).read()
line = "  cmdline: '%s'\n" % sys.argv[3].replace("'", "''")
open(sys.argv[2], "w").write(text.replace('  cmdline: "loglevel=3"\n', line))
PY
check "the card is built, with a command line of $((${#words} + 11)) bytes" \
	"$LKBOARD" --store "$STORE" build rpi3 "$T/hello.yml" -o "$T"
good=$T/hello-rpi3.img
slot_a=$(partition "$good" 2 start)
slot_b=$(partition "$good" 3 start)
slot_size=$(partition "$good" 2 size)

fresh() { # a copy to be altered
	rm -f "$T/card.img"
	cp --sparse=always "$good" "$T/card.img"
}

put() { # FILE OFFSET
	dd if="$1" of="$T/card.img" bs=4096 seek=$(($2 / 4096)) conv=notrunc status=none
}

record() { # NUMBER seq=N...: as U-Boot's own tool makes it
	number=$1
	shift
	printf '%s\n' "$@" | mkenvimage -s 4096 -p 0 -o "$T/record" - && put "$T/record" $((number * 4194304))
}

blank() { # OFFSET
	head -c 4096 /dev/zero > "$T/blank"
	put "$T/blank" "$1"
}

# starts WHAT TEXT: the console says TEXT, and then the kernel starts
starts() {
	boot "$T/card.img" 90 --board rpi3
	wait_for "Starting kernel" 80
	seconds "$1"
	stop_guest
	log > "$T/log"
	if grep -aqF "$2" "$T/log" && grep -aqF "Starting kernel" "$T/log"; then
		ok "$1"
	else
		not_ok "$1" "$T/log"
	fi
}

# stops WHAT TEXT: it says so, and nothing happens any more
stops() {
	boot "$T/card.img" 90 --board rpi3
	wait_for "lkboard: stopped" 80
	seconds "$1"
	sleep 8
	kill -0 "$guest" 2> /dev/null && runs=yes || runs=no
	stop_guest
	log > "$T/log"
	if grep -aqxF "lkboard: $2" "$T/log" && [ $runs = yes ] &&
		[ "$(grep -ac '^U-Boot 20' "$T/log")" = 1 ] &&
		[ "$(grep -ac 'Scanning mmc' "$T/log")" = 1 ] &&
		grep -aqF "lkboard: stopped; Ctrl-C leaves this script" "$T/log" &&
		! grep -aqF "Starting kernel" "$T/log"; then
		ok "$1"
	else
		not_ok "$1" "$T/log"
	fi
}

fresh
blank 4194304
blank 8388608
starts "without a valid record it is slot A" "lkboard: no valid state record, using slot A"

fresh
record 2 seq=2 slot=A reason=of-record-1
starts "the record with the higher number wins" "lkboard: record 2 says slot A, reason of-record-1"

fresh
record 1 seq=a slot=A reason=of-record-0
record 2 seq=9 slot=B reason=older
starts "numbers are hexadecimal, and the first record can be the newer one" \
	"lkboard: record a says slot A, reason of-record-0"

fresh
record 2 seq=2 slot=B reason=torn
flip "$T/card.img" $((8388608 + 4000))
starts "a torn record does not count" "lkboard: record 1 says slot A, reason none"

fresh
record 2 seq=2 slot=B
stops "a slot that is empty is not started" "slot B does not start: its trailer is not valid"

fresh
flip "$T/card.img" $((slot_a + slot_size - 4096 + 100))
stops "a slot whose trailer is damaged is not started" \
	"slot A does not start: its trailer is not valid"

fresh
at=$(tail -c +$((slot_a + 1)) "$T/card.img" | grep -abo -m 1 -F kernel.gz | head -n 1 | cut -d: -f1)
flip "$T/card.img" $((slot_a + at + 8))
stops "a slot without a kernel is not started" "slot A does not start: no /boot/kernel.gz"

fresh
dd if="$good" of="$T/card.img" bs=1M skip=$((slot_a / 1048576)) seek=$((slot_b / 1048576)) \
	count=$((slot_size / 1048576)) conv=notrunc,sparse status=none
record 2 seq=2 slot=B reason=test
boot "$T/card.img" 400
check "slot B boots" wait_for "lkboard: up" 300
seconds "slot B is up"
wait_for "lkboard: service ok" 60
check "the console has a shell" shell_ready 120
type_line 'sed "s/^.* lkb.reason=test //" /proc/cmdline | md5sum'
type_line 'grep -o "lkb.slot=. lkb.root=[^ ]*" /proc/cmdline; echo asked-$((1 + 1))'
check "the console answers" wait_for asked-2 60
stop_guest
log > "$T/log"
uuid=$(sfdisk --disk-id "$good" | sed 's/^0x//')
check "the root is in slot B" grep -aqE 'lkboard: root is slot B \(mmcblk0p3\), read-only, dm-verity' "$T/log"
check "the command line says so" grep -aqxF "lkb.slot=B lkb.root=PARTUUID=$uuid-03" "$T/log"
same "the spec's command line arrives byte by byte" \
	"$(printf 'loglevel=3 %s\n' "$words" | md5sum | cut -d' ' -f1)" \
	"$(grep -aoE '^[0-9a-f]{32}  -' "$T/log" | cut -d' ' -f1)"
[ $failed = 0 ] || console_tail
finish
