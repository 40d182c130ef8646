#!/bin/sh
# hello.yml as kernel+initrd on QEMU's generic arm64 machine: the root is a tmpfs, onboot, service and
# onshutdown are heard, the network card gets an address, and poweroff ends the machine.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm

cat > "$T/net.yml" << 'EOS'
onboot:
  - name: dhcpcd
    image: localhost/dhcpcd:bookworm
    command: ["/sbin/dhcpcd", "--nobackground", "-f", "/dhcpcd.conf", "-1"]
  - name: keeper
    image: localhost/busybox:bookworm
    binds: ["/var/lib/data:/data"]
    command: ["/bin/sh", "-c", "echo kept > /data/x && cat /data/x"]
EOS
check "kernel and initrd are built" "$LKBOARD" --store "$STORE" build qemu-arm64 \
	configs/specs/hello.yml "$T/net.yml" -o "$T"
boot "$T/hello-kernel" 300 --net
check "the service is heard" wait_for "lkboard: service ok" 200
check "init says that all is up" wait_for "lkboard: up, 3 onboot, 2 services" 60
seconds "up"
check "the console has a shell" shell_ready 120
type_line 'awk "\$2 == \"/\" { print \"root-is-\" \$3 }" /proc/1/mounts'
type_line 'echo resolv-$(cat /etc/resolv.conf)'
type_line 'echo asked-$((1 + 1))'
check "the console answers" wait_for asked-2 60
type_line poweroff
check "the guest ends by itself" wait_end 90
seconds "off"
log > "$T/log"
check "onboot is heard" grep -aqF "lkboard: onboot ok" "$T/log"
check "onshutdown is heard" grep -aqF "lkboard: onshutdown ok" "$T/log"
check "the data directory is there, and it is said that it is not kept" sh -c "
	grep -aqx '\[keeper\] kept' '$T/log' &&
	grep -aq \"lkboard: no data partition at '/var/lib/data', nothing there is kept: this system\" '$T/log'"
check "the root is in RAM" grep -aqE '^root-is-(tmpfs|rootfs|ramfs)$' "$T/log"
check "dhcpcd got QEMU's lease" grep -aqE 'leased 10\.0\.2\.15' "$T/log"
check "and its name server" grep -aqE '^resolv-.*nameserver 10\.0\.2\.3' "$T/log"
[ $failed = 0 ] || console_tail
finish
