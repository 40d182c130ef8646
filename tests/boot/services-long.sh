#!/bin/sh
# What runtime.json asks for, and services that come and go: interfaces and namespaces with names, made by
# a container at boot and joined by a service; mounts, directories and cgroups; volumes; a service that is
# started again and again; `service` typed on the console; a stop that waits for what ends.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm

cat > "$T/services.yml" << 'EOS'
kernel:
  image: localhost/kernel-rpi3:bookworm
  cmdline: "loglevel=3"
init:
  - localhost/init:bookworm
  - localhost/runc:bookworm
  - localhost/containerd:bookworm
onboot:
  - name: maker
    image: localhost/busybox:bookworm
    readonly: true
    net: new
    uts: new
    ipc: new
    capabilities: [CAP_NET_ADMIN, CAP_SYS_ADMIN]
    binds: ["/run/shared:/run", "/containers/volumes/paper/merged:/mnt", "/containers/volumes/stone/merged:/root"]
    command:
      - /bin/sh
      - -c
      - |
        echo made$(ip -o link | cut -d: -f2 | cut -d@ -f1 | tr -d '\n')
        ip link set veth-in up && ip addr add 10.9.0.2/24 dev veth-in
        echo shared > /run/word && hostname inside
        echo ink >> /mnt/letter; echo paper-$(cat /mnt/letter | tr '\n' ' ')
        echo x 2> /dev/null > /root/letter || echo stone-$(cat /root/letter)
  - name: refused
    image: localhost/busybox:bookworm
    readonly: true
    net: new
    command: ["/bin/echo", "never said"]
services:
  - name: getty
    image: localhost/getty:bookworm
    env: ["INSECURE=true"]
  - name: flappy
    image: localhost/busybox:bookworm
    command: ["/bin/sh", "-c", "[ -e /mark ] && echo the root remembers; echo x > /mark; echo flaps; exit 3"]
  - name: joiner
    image: localhost/busybox:bookworm
    readonly: true
    net: /run/netns/made
    command:
      - /bin/sh
      - -c
      - |
        echo joined-$(ip -o -4 addr show dev veth-in | sed 's/.*inet \([0-9.]*\).*/\1/')
        trap 'sleep 3; echo took its time; exit' TERM
        while sleep 3600 & wait; do :; done
  - name: owner
    image: localhost/busybox:bookworm
    readonly: true
    net: new
    command: ["/bin/sh", "-c", "echo owns-$(ip -o link | grep -c owned); exec sleep 3600"]
  - name: quick
    image: localhost/busybox:bookworm
    readonly: true
    command: ["/bin/echo", "done at once"]
files:
  - path: containers/onboot/000-maker/runtime.json
    mode: "0644"
    contents: |
      {"cgroups": ["made/below"],
       "mounts": [
        {"destination": "/containers/onboot/000-maker/rootfs", "source": "/containers/onboot/000-maker/rootfs", "options": ["bind"]},
        {"destination": "/run/shared", "type": "tmpfs", "source": "tmpfs", "options": ["size=1m", "nodev"]}],
       "mkdir": ["/run/made/by/mkdir"],
       "interfaces": [{"name": "veth-in", "add": "veth", "peer": "veth-out", "createInRoot": false}],
       "bindNS": {"cgroup": "", "ipc": "/run/ns/ipc", "mnt": "/run/ns/mnt", "net": "/run/netns/made",
        "pid": "/run/ns/pid", "user": "", "uts": "/run/ns/uts"},
       "namespace": ""}
  - path: containers/onboot/001-refused/runtime.json
    mode: "0644"
    contents: |
      {"mounts": [{"destination": "/containers/onboot/001-refused/rootfs", "source": "/containers/onboot/000-maker/rootfs", "options": ["bind"]}],
       "interfaces": [{"name": "no-such-card"}]}
  - path: containers/services/flappy/runtime.json
    mode: "0644"
    contents: |
      {"mounts": [
        {"destination": "/containers/services/flappy/tmp", "type": "tmpfs", "source": "tmpfs", "options": []},
        {"destination": "/containers/services/flappy/tmp", "options": ["remount", "private"]},
        {"destination": "/containers/services/flappy/rootfs", "type": "overlay", "source": "overlay", "options":
         ["lowerdir=/containers/onboot/000-maker/rootfs", "upperdir=/containers/services/flappy/tmp/upper",
          "workdir=/containers/services/flappy/tmp/work"]}],
       "restart": "on-failure"}
  - path: containers/services/owner/runtime.json
    mode: "0644"
    contents: |
      {"mounts": [{"destination": "/containers/services/owner/rootfs", "source": "/containers/onboot/000-maker/rootfs", "options": ["bind"]},
        {"destination": "/run/kept", "type": "tmpfs", "source": "tmpfs"}],
       "interfaces": [{"name": "owned", "add": "veth", "peer": "owned-out"}], "bindNS": {"net": "/run/netns/owner"},
       "restart": "always"}
  - path: containers/services/quick/runtime.json
    mode: "0644"
    contents: |
      {"mounts": [{"destination": "/containers/services/quick/rootfs", "source": "/containers/onboot/000-maker/rootfs", "options": ["bind"]}],
       "restart": "on-failure"}
  - {path: containers/volumes/paper/lower/letter, mode: "0644", contents: "pencil\n"}
  - {path: containers/volumes/paper/tmp, directory: true, mode: "0755"}
  - {path: containers/volumes/paper/merged, directory: true, mode: "0755"}
  - {path: containers/volumes/stone/lower/letter, mode: "0644", contents: "chiselled"}
  - {path: containers/volumes/stone/tmp, directory: true, mode: "0755"}
  - {path: containers/volumes/stone/merged, directory: true, mode: "0755"}
  - {path: containers/volumes/stone/readonly, mode: "0644", contents: ""}
  - {path: containers/volumes/broken/lower/letter, mode: "0644", contents: ""}
EOS
check "the spec is built" "$LKBOARD" --store "$STORE" build qemu-arm64 "$T/services.yml" -o "$T"
boot "$T/services-kernel" 500
check "all is up" wait_for "lkboard: up, 1 onboot (1 FAILED), 5 services" 240
seconds "up"
check "the console has a shell" shell_ready 120

# Types a command and waits until it has ended: "rc-of-N-CODE." (what the terminal echoes has quotes in it).
asked=0
ask() {
	asked=$((asked + 1))
	echo none > "$T/rc"
	type_line "$1; echo rc-of-$asked''-\$?."
	wait_for "rc-of-$asked-" 90 && grep -a "^rc-of-$asked-" "$T/console" | tr -d '\r' |
		sed 's/rc-of-[0-9]*-//' | tail -n 1 > "$T/rc"
	sleep 1
}
rc_is() { same "$1" "$2." "$(cat "$T/rc")"; }

ask 'for n in net uts ipc pid mnt; do grep -c " /run/[a-z]*/\(made\|$n\) nsfs " /proc/mounts | sed "s/^/named-$n-/"; done'
ask 'echo host-of-$(nsenter --uts=/run/ns/uts hostname)-$(hostname)'
ask 'nsenter -t 1 -m nsenter --mount=/run/ns/mnt /bin/true'
rc_is "the mount namespace can be entered" 0
ask 'echo outside-$(ls /sys/class/net | tr "\n" " ")'
ask 'echo kept-$(cat /run/shared/word)-$(ls -d /run/made/by/mkdir /sys/fs/cgroup/made/below | wc -l)'
wait_for "service 'flappy' is started again in 8 s" 120
check "a service that fails is started again, later each time" \
	wait_for "service 'flappy' is started again in 8 s" 1
ask 'service list'
ask 'service stop flappy'
rc_is "a service that waits for its next start can be stopped" 0
ask 'service stop flappy'
rc_is "stopping it once more is no fault" 0
ask 'service restart owner'
rc_is "restart works" 0
check "its interface was made anew" sh -c "[ \$(grep -ac 'owns-1' '$T/console') = 2 ]"
ask 'echo mounted-$(grep -c " /run/kept " /proc/mounts)-$(grep -c "services/owner/rootfs" /proc/mounts)'
ask 'kill -9 $(service list | sed -n "s/^owner .*process \([0-9]*\),.*/\1/p")'
check "a service with 'always' that is killed is started again" \
	wait_for "service 'owner' is started again in 1 s" 60
ask 'service start owner'
rc_is "start does not wait for that, and is no fault where it came too late" 0
ask 'service start quick'
rc_is "one that ended well can be started" 0
ask 'service start nobody'
rc_is "there is no service of that name" 3
ask 'service start ../../etc'
rc_is "this is no name" 2
ask 'service stop owner'
rc_is "stop works" 0
ask 'echo names-left-$(ls /sys/class/net | grep -c owned)-$(grep -c /run/netns/owner /proc/mounts)'
sleep 5
ask 'service list'
log > "$T/before"
type_line poweroff
check "the guest ends by itself" wait_end 90
seconds "off"
log > "$T/log"

said() { check "it is said: $1" grep -aqxF -- "$1" "$T/log"; }
said "[maker] made lo veth-in"
said "[maker] paper-pencil ink"
said "[maker] stone-chiselled"
check "a volume without its directories is said, and the boot goes on" \
	grep -aqE "^lkboard: volume 'broken' FAILED: cannot mount '/containers/volumes/broken/lower' on '/containers/volumes/broken/merged': No such file" "$T/log"
check "runc shows why the hook failed" grep -aqE \
	"^\[refused\] .*network interface 'no-such-card' cannot be moved into the container: No such device" "$T/log"
same "the container whose interface is not there never ran" "" "$(grep -ax '\[refused\] never said' "$T/log")"
check "a service joins the namespace by its name" grep -aqF "[joiner] joined-10.9.0.2" "$T/log"
for n in net uts ipc pid mnt; do
	check "the $n namespace has its name" grep -aqxE "named-$n-[12]" "$T/log"
done
said "host-of-inside-services"
check "the other end of the veth is outside" grep -aqE '^outside-.*veth-out' "$T/log"
said "kept-shared-2"
same "the root of a service that is started again is fresh" "" "$(grep -a 'root remembers' "$T/log")"
for n in 1 2 4 8; do
	said "lkboard: service 'flappy' is started again in $n s"
done
check "it stays stopped" sh -c "! grep -aq \"flappy' is started again in 16\" '$T/log'"
check "stop says what it did not need to do" grep -aqxF "service 'flappy' does not run" "$T/log"
check "list shows what waits" grep -aqE '^flappy  ended     exit code 3, starts again in [0-9] s$' "$T/log"
check "list shows what runs" grep -aqE '^joiner  running   process [0-9]+, for [0-9]+ s$' "$T/log"
check "list shows what was stopped" grep -aqE '^owner   stopped$' "$T/log"
check "list shows what ended well, and is left so" grep -aqE '^quick   ended     exit code 0$' "$T/log"
said "mounted-1-1"
said "names-left-0-0"
said "service: there is no service 'nobody'"
said "service: hint: services: flappy, getty, joiner, owner, quick"
said "service: this is no name of a service"
check "poweroff waits for what takes its time" grep -aqF "[joiner] took its time" "$T/log"
check "nothing is started while the machine stops" sh -c \
	"! sed -n '/poweroff: begins/,\$p' '$T/log' | grep -aq 'started again'"
[ $failed = 0 ] || console_tail
finish
