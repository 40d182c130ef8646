#!/bin/sh
# An init that is not ours, in the shape of LinuxKit's (/init, busybox init, /bin/rc.init, /etc/init.d with
# what the runc and containerd images bring along), finds all that it needs in a root that we build: onboot
# containers, services, volumes, onshutdown containers. Nothing of ours runs on the board but the getty image.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm python3 python3 \
	aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu

here=tests/boot/standin
check "the images to stand on are there" "$LKBOARD" -q --store "$STORE" pkg build busybox runc containerd
cp -r $here/init $here/runc $here/containerd "$T"
mkdir -p "$T/init/run" "$T/init/mnt" "$T/init/sbin"
ln -s /bin/busybox "$T/init/sbin/init"
check "its helper compiles" aarch64-linux-gnu-gcc -O2 -Wall -static -o "$T/init/usr/bin/flat" $here/flat.c
for name in init:busybox runc:runc containerd:containerd; do
	check "the image standin-${name%:*} is made" python3 $here/layer.py "$STORE" \
		"localhost/${name#*:}:bookworm" "$T/${name%:*}" "$T/layout-${name%:*}"
	check "it is imported" "$LKBOARD" --store "$STORE" cache import \
		--name "test.local/standin-${name%:*}:1" "$T/layout-${name%:*}"
done

cat > "$T/standin.yml" << 'EOS'
kernel:
  image: localhost/kernel-rpi3:bookworm
  cmdline: "loglevel=3"
init:
  - test.local/standin-init:1
  - test.local/standin-runc:1
  - test.local/standin-containerd:1
onboot:
  - name: first
    image: localhost/busybox:bookworm
    readonly: true
    command: ["/bin/sh", "-c", "echo first-$(readlink /proc/self/ns/pid)"]
  - name: second
    image: localhost/busybox:bookworm
    binds: ["/containers/volumes/paper/merged:/mnt"]
    command: ["/bin/sh", "-c", "echo x > /mark && echo ink >> /mnt/letter && echo second-$(cat /mnt/letter | tr '\\n' '-')"]
onshutdown:
  - name: last
    image: localhost/busybox:bookworm
    readonly: true
    command: ["/bin/echo", "last words"]
services:
  - name: getty
    image: localhost/getty:bookworm
    env: ["INSECURE=true"]
  - name: greeter
    image: localhost/busybox:bookworm
    binds: ["/containers/volumes/paper/merged:/mnt"]
    command: ["/bin/sh", "-c", "echo x > /mark; echo greeter-reads-$(tail -n 1 /mnt/letter); exec sleep 3600"]
files:
  - {path: containers/volumes/paper/lower/letter, mode: "0644", contents: "pencil\n"}
  - {path: containers/volumes/paper/tmp, directory: true, mode: "0755"}
  - {path: containers/volumes/paper/merged, directory: true, mode: "0755"}
EOS
check "the spec is built" "$LKBOARD" --store "$STORE" build qemu-arm64 "$T/standin.yml" -o "$T"
boot "$T/standin-kernel" 500
check "it boots" wait_for "standin: up" 240
seconds "up"
check "the console has a shell" shell_ready 120
type_line 'echo pid-1-is-$(cat /proc/1/comm)-$(readlink /proc/1/exe)'
sleep 2
type_line 'for i in 1 2 3 4 5 6 7 8 9; do grep -q greeter /var/log/greeter.out.log && break; sleep 1; done; cat /var/log/greeter.out.log; ctr tasks ls; echo asked-$((1 + 1))'
check "the console answers" wait_for asked-2 90
sleep 1
type_line poweroff
check "the guest ends by itself" wait_end 90
seconds "off"
log > "$T/log"
check "its root is a tmpfs, its init busybox" grep -aqxF "pid-1-is-init-/bin/busybox" "$T/log"
check "the host has its name from /etc/hostname" grep -aqF "standin: standin starts" "$T/log"
check "a read-only container ran at boot" grep -aqE '^first-pid:\[[0-9]+\]' "$T/log"
check "a writable one too, with a volume" grep -aqF "second-pencil-ink-" "$T/log"
check "a service runs" grep -aqE '^greeter +[0-9]+ +RUNNING' "$T/log"
check "it reads what was written to the volume at boot" grep -aqF "greeter-reads-ink" "$T/log"
check "a container ran at shutdown" grep -aqF "last words" "$T/log"
same "nothing of ours spoke" "" "$(grep -a '^lkboard:' "$T/log")"
same "nothing was said to be missing" "" "$(grep -aiE 'not found|cannot mount|no such file' "$T/log")"
[ $failed = 0 ] || console_tail
finish
