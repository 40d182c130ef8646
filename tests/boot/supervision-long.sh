#!/bin/sh
# What tests/cli/init.sh and scripts.sh try with stand-ins, with the real ones in one boot of QEMU's
# generic arm64 machine: `service` as process 1 of a container, before and after the boot; a service that
# cannot be prepared at first; one that runs before there is a lease; a disk that nothing knows; containerd
# killed while a service ends.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm

cat > "$T/supervision.yml" << 'EOS'
kernel:
  image: localhost/kernel-arm64:bookworm
  cmdline: "loglevel=3"
init:
  - localhost/init:bookworm
  - localhost/runc:bookworm
  - localhost/containerd:bookworm
onboot:
  - name: asker
    image: localhost/busybox:bookworm
    readonly: true
    binds: ["/usr/bin/service:/usr/bin/service", "/run:/run"]
    command: ["/usr/bin/service", "start", "awaits"]
  - name: format
    image: localhost/format:bookworm
services:
  - name: awaits
    image: localhost/busybox:bookworm
    readonly: true
    binds: ["/etc/resolv.conf:/etc/resolv.conf"]
    command:
      - sh
      - -c
      - |
        trap exit TERM
        echo servers at first: $(grep -c nameserver /etc/resolv.conf)
        until grep nameserver /etc/resolv.conf; do sleep 1; done
        while sleep 3600 & wait; do :; done
  - name: dhcpcd
    image: localhost/dhcpcd:bookworm
  - name: ends
    image: localhost/busybox:bookworm
    readonly: true
    binds: ["/run:/run"]
    command: [sh, -c, "echo ends begins; until rm /run/end 2> /dev/null; do usleep 100000; done"]
  - name: getty
    image: localhost/getty:bookworm
    env: ["INSECURE=true"]
  - name: late
    image: localhost/busybox:bookworm
    readonly: true
    runtime: {mounts: [{type: bind, source: /run/disk, destination: /run/late, options: [bind]}]}
    command: [sh, -c, "echo late runs; while :; do sleep 3600; done"]
  - name: lister
    image: localhost/busybox:bookworm
    readonly: true
    binds: ["/usr/bin/service:/usr/bin/service", "/run:/run"]
    command: ["/usr/bin/service", "list"]
lkboard:
  restart: {late: on-failure, ends: always}
EOS
check "the spec is built" "$LKBOARD" --store "$STORE" build qemu-arm64 "$T/supervision.yml" -o "$T"
head -c 4194304 /dev/urandom > "$T/disk"
cp "$T/disk" "$T/disk.before"
qemu_args="-drive file=$T/disk,format=raw,if=virtio"
boot "$T/supervision-kernel" 500 --net
check "all is up" wait_for "lkboard: up, 1 onboot (1 FAILED), 5 services" 240
seconds "up"
check "the console has a shell" shell_ready 120
check "what cannot be prepared is tried again, later each time" wait_for "'late' is started again in 2 s" 60
type_line 'mkdir /run/disk'
check "once it can be prepared it runs" wait_for "[late] late runs" 90
check "a container that runs before the lease sees its name server" \
	wait_for "[awaits] nameserver 10.0.2.3" 120

type_line 'service list | sed "s/^/before /"'
wait_for "before lister" 60
type_line 'touch /run/end; kill -9 $(pidof containerd)'
check "containerd that is killed is started again" wait_for "containerd is started again in 1 s; services run on" 60
# The task that ended meanwhile is left with its shim until it is deleted by force.
type_line 'until ctr version > /dev/null 2>&1 && service list | grep "ends .*running" > /dev/null; do sleep 1; done; echo "back-$?"'
check "what ended while it was away runs again" wait_for "back-0" 200
seconds "back"
type_line 'service list | sed "s/^/after /"; ctr tasks ls | sed "s/^/task /"; service restart awaits; echo "restart-$?"'
check "and services are restarted as before" wait_for "restart-0" 90
type_line poweroff
check "the guest ends by itself" wait_end 90
seconds "off"
log > "$T/log"

# Anywhere in a line: the shell's prompt may stand before it.
said() { check "it is said: $1" grep -aqF -- "$1" "$T/log"; }
said "[asker] service: the system still boots"
said "lkboard: onboot 'asker' FAILED: exit code 9"
said "[format] no empty disk: nothing to format"
check "the disk is as it was" cmp "$T/disk" "$T/disk.before"
check "as process 1 of a container service lists, and ends" grep -aqE \
	'^\[lister\] awaits +running +process [0-9]+, for [0-9]+ s$' "$T/log"
said "lkboard: service 'lister' ended: exit code 0; its output is in /var/log/lister.log"
same "nothing started a second time" 1 "$(grep -ac 'lkboard: .* starts$' "$T/log")"
said "[awaits] servers at first: 0"
said "lkboard: containerd ENDED: signal 9 (Killed); its log is /var/log/containerd.log"
process() { sed -n "s/^$1 $2 .*process \([0-9]*\),.*/\1/p" "$T/log"; }
for name in awaits dhcpcd getty late; do
	check "$name ran on: containerd knows it by the same process" grep -aqE \
		"^task $name +$(process before $name) +RUNNING" "$T/log"
	same "and so does init" "$(process before $name)" "$(process after $name)"
done
same "ends has begun twice" 2 "$(grep -ac '\[ends\] ends begins' "$T/log")"
[ $failed = 0 ] || console_tail
finish
