#!/bin/sh
# LinuxKit's own example wireguard.yml with lkboard's images: two ends of a tunnel in two network
# namespaces that init makes; a web server in the one, a shell in the other.
. tests/lib.sh
. tests/console.sh
example=../shared/specs/linuxkit-examples/wireguard.yml
if [ ! -f "$example" ]; then
	skip "LinuxKit's wireguard.yml boots" "$example is not here"
	finish
fi
boot_test_needs qemu-system-aarch64 qemu-system-arm

sed -e 's,linuxkit/kernel:.*,localhost/kernel-arm64:bookworm,' -e 's,nginx:1.*,localhost/nginx:bookworm,' \
	-e 's,linuxkit/\([a-z-]*\):.*,localhost/\1:bookworm,' "$example" > "$T/wireguard.yml"
check "kernel and initrd are built" "$LKBOARD" --store "$STORE" build qemu-arm64 "$T/wireguard.yml" -o "$T"
boot "$T/wireguard-kernel" 500 --net
check "init says that all is up" wait_for "lkboard: up, 4 onboot, 3 services" 400
check "the console has a shell" shell_ready 60
type_line 'ip addr show wg1 | sed "s/^/mine: /"'
type_line 'wget -q -O - http://192.168.2.1/ | grep title'
type_line 'echo asked-$((1 + 1))'
check "the console answers" wait_for asked-2 120
stop_guest
log > "$T/log"
check "the shell is at the second end" grep -aqE '^mine: .*inet 192\.168\.2\.2/24' "$T/log"
check "the page of the first comes through the tunnel" grep -aqF '<title>Welcome to nginx!</title>' "$T/log"
[ $failed = 0 ] || console_tail
finish
