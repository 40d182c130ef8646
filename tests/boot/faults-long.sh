#!/bin/sh
# What goes wrong on the board is said on its console, and nothing hangs in silence: one flipped bit in a
# program of the slot, an onboot container that fails, services that end at once or cannot start.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm debugfs e2fsprogs sfdisk fdisk python3 python3

# Errors of the kernel are to be seen.
sed 's/loglevel=3/loglevel=4/' configs/specs/hello.yml > "$T/hello.yml"
check "the card is built" "$LKBOARD" --store "$STORE" build rpi3 "$T/hello.yml" -o "$T"
good=$T/hello-rpi3.img

damaged() { # PATH: a card with a bit flipped in the first block of that file
	rm -f "$T/card.img"
	cp --sparse=always "$good" "$T/card.img"
	at=$(place "$good" "$1" 0) || not_ok "$1 stands in slot A"
	flip "$T/card.img" $((at + 1000))
	number=$(((at - $(partition "$good" 2 start)) / 4096))
}

damaged /usr/bin/ctr
boot "$T/card.img" 300
check "a damaged ctr does not stop the boot" wait_for "lkboard: up" 240
seconds "up"
log > "$T/log"
check "dm-verity names the block" \
	grep -aqE "device-mapper: verity: [0-9:]+: data block $number is corrupted" "$T/log"
check "onboot was not touched by it" grep -aqF "lkboard: onboot ok" "$T/log"
check "the service is said to have failed, and why" grep -aqxF \
	"lkboard: service 'greeter' FAILED: cannot start 'ctr': Input/output error" "$T/log"
check "no service is counted" grep -aqxF "lkboard: up, 1 onboot, 0 services" "$T/log"
stop_guest
[ $failed = 0 ] || console_tail

damaged /sbin/init
boot "$T/card.img" 300
wait_end 200
same "a damaged init ends in a reset" 0 $?
seconds "reset"
log > "$T/log"
check "dm-verity names the block of init" \
	grep -aqE "device-mapper: verity: [0-9:]+: data block $number is corrupted" "$T/log"
check "the initrd says what it cannot start" \
	grep -aqE "lkboard: .*cannot start '/sbin/init': Input/output error" "$T/log"
[ $failed = 0 ] || console_tail

cat > "$T/bad.yml" << 'EOS'
kernel:
  image: localhost/kernel-rpi3:bookworm
  cmdline: "loglevel=4"
init:
  - localhost/init:bookworm
  - localhost/runc:bookworm
  - localhost/containerd:bookworm
onboot:
  - name: gives-up
    image: localhost/busybox:bookworm
    readonly: true
    command: ["/bin/sh", "-c", "echo before the end; exit 3"]
  - name: no-program
    image: localhost/busybox:bookworm
    readonly: true
    command: ["/bin/no-such-program"]
  - name: next
    image: localhost/busybox:bookworm
    readonly: true
    command: ["/bin/echo", "the next one runs"]
services:
  - name: short
    image: localhost/busybox:bookworm
    readonly: true
    command: ["/bin/sh", "-c", "echo short words; exit 5"]
  - name: absent
    image: localhost/busybox:bookworm
    readonly: true
    command: ["/bin/no-such-program"]
  - name: well
    image: localhost/busybox:bookworm
    readonly: true
    command: ["/bin/sh", "-c", "echo alive; while :; do sleep 3600; done"]
EOS
check "a spec with bad containers is built" "$LKBOARD" --store "$STORE" build qemu-arm64 \
	"$T/bad.yml" -o "$T"
boot "$T/bad-kernel" 200
check "bad containers do not stop the boot" wait_for "lkboard: up" 150
seconds "up"
wait_for "service 'short' ended" 30
wait_for "alive" 30
stop_guest
log > "$T/log"
said() { check "it is said: $1" grep -aqxF -- "$1" "$T/log"; }
said "[gives-up] before the end"
said "lkboard: onboot 'gives-up' FAILED: exit code 3"
said "lkboard:   its output is in /var/log/onboot/gives-up.log"
check "runc's words for a missing program are shown" \
	grep -aqE '^\[no-program\] .*no-such-program.*(no such file|not found)' "$T/log"
check "a missing program is a failed container" \
	grep -aqE "^lkboard: onboot 'no-program' FAILED: exit code [0-9]+" "$T/log"
said "[next] the next one runs"
said "[short] short words"
said "lkboard: service 'short' ended: exit code 5; its output is in /var/log/short.log"
check "a service that cannot start has failed" grep -aqE "^lkboard: service 'absent' FAILED: ctr: " "$T/log"
check "ctr's words for it are shown" grep -aqE '^\[absent\] .*no-such-program' "$T/log"
said "[well] alive"
said "lkboard: up, 1 onboot (2 FAILED), 2 services"
[ $failed = 0 ] || console_tail
finish
