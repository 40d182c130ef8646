#!/bin/sh
# What a spec can ask for, seen from inside the containers: volumes, read-only volumes, mounts, names
# for namespaces, interfaces, kernel parameters, limits, users and capabilities. One boot of QEMU's
# generic arm64 machine; every container says what it sees. In the same system runc and crun are given
# all configs of tests/golden/runtime, with all the rights and control groups that they may need.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm

mkdir -p "$T/configs/packages"
cp -R configs/boards configs/packages "$T/configs/"
cat > "$T/configs/packages/crun.yml" << 'EOS'
image: localhost/crun:test
architectures: [arm64]
packages: [crun]
take: [crun, libc6, libcap2, libseccomp2, libsystemd0, libyajl2, libgcrypt20, liblz4-1, liblzma5, libzstd1, libgpg-error0]
keep:
  - path: usr/bin/crun
  - path: "*lib/aarch64-linux-gnu/*.so*"
  - path: "lib/ld-linux-aarch64.so.1"
EOS

cat > "$T/features.yml" << 'EOS'
kernel:
  image: localhost/kernel-rpi3:bookworm
  cmdline: "loglevel=3"
  ucode: none.cpio
init:
  - localhost/init:bookworm
  - localhost/runc:bookworm
  - localhost/containerd:bookworm
  - localhost/crun:test
volumes:
  - name: logs
  - {name: page, image: "localhost/busybox:bookworm", readonly: true}
  - {name: pages, image: "localhost/busybox:bookworm"}
onboot:
  - name: writer
    image: localhost/busybox:bookworm
    binds: ["logs:/logs", "pages:/pages"]
    command: [sh, -c, "echo written > /logs/w; rm /pages/etc/group; echo new > /pages/new; echo writer ok"]
  - name: reader
    image: localhost/busybox:bookworm
    binds: ["logs:/logs", "page:/page:ro", "pages:/pages"]
    mounts: [{type: bind, source: page, destination: /again, options: [ro]}]
    command:
      - sh
      - -c
      - |
        echo volume $(cat /logs/w) $(cat /pages/new) $(ls /pages/etc/group 2>/dev/null || echo removed)
        touch /page/x 2>/dev/null && echo page written || echo page read-only
        touch /again/x 2>/dev/null && echo again written || echo again read-only
        echo page-has $(ls /page/bin/busybox) $(ls /page/dev 2>/dev/null | wc -l)
  - name: kernel
    image: localhost/busybox:bookworm
    net: new
    ipc: new
    sysctl: {net.ipv4.ip_forward: 1, kernel.shmmax: "65536"}
    command: [sh, -c, "echo sysctl $(cat /proc/sys/net/ipv4/ip_forward) $(cat /proc/sys/kernel/shmmax)"]
  - name: limits
    image: localhost/busybox:bookworm
    rlimits: ["nofile,123,456", "core,0,unlimited"]
    command: [sh, -c, "echo rlimits $(ulimit -S -n) $(ulimit -H -n) $(ulimit -S -c) $(ulimit -H -c)"]
  - name: user
    image: localhost/busybox:bookworm
    uid: user
    gid: caps
    additionalGids: [7, kernel]
    command: [sh, -c, "echo user $(id -u) $(id -g) $(grep Groups /proc/self/status)"]
  - name: caps
    image: localhost/busybox:bookworm
    capabilities: [CAP_NET_RAW, CAP_CHOWN]
    ambient: [CAP_NET_BIND_SERVICE]
    uid: 1000
    noNewPrivileges: true
    oomScoreAdj: -17
    command: [sh, -c, "echo $(grep -E 'Cap|NoNew' /proc/self/status) oom $(cat /proc/self/oom_score_adj)"]
  - name: allcaps
    image: localhost/busybox:bookworm
    capabilities: [all]
    command: [sh, -c, "grep CapEff /proc/self/status"]
  - name: nocaps
    image: localhost/busybox:bookworm
    command: [sh, -c, "grep CapBnd /proc/self/status"]
  - name: group
    image: localhost/busybox:bookworm
    binds: ["/sys/fs/cgroup:/host:ro"]
    cgroupsPath: /special
    resources:
      memory: {limit: 50331648, disableOOMKiller: false}
      pids: {limit: 31}
      cpu: {quota: 50000, period: 100000}
    command: [sh, -c, "echo limits $(cat /host/special/memory.max) $(cat /host/special/pids.max) $(cat /host/special/cpu.max) $(cat /proc/self/cgroup)"]
  - name: masked
    image: localhost/busybox:bookworm
    maskedPaths: [/etc/group]
    readonlyPaths: [/tmp]
    hostname: other-name
    uts: new
    cwd: /tmp
    tmpfs: ["/scratch:size=64k"]
    command: [sh, -c, "echo masked $(wc -c < /etc/group) $(touch /tmp/x 2>/dev/null || echo kept) $(hostname) $(pwd) $(df /scratch | tail -1 | awk '{ print $2 }')"]
  - name: device
    image: localhost/busybox:bookworm
    devices: [{path: /dev/mine, type: c, major: 1, minor: 5, mode: "0640"}]
    command: [sh, -c, "echo device $(stat -c '%a %t:%T' /dev/mine) $(head -c 2 /dev/mine | od -An -tx1)"]
  - name: mapped
    image: localhost/busybox:bookworm
    userns: new
    net: new
    uidMappings: [{hostID: 0, containerID: 0, size: 1}, {hostID: 100000, containerID: 1, size: 99}]
    gidMappings: [{hostID: 0, containerID: 0, size: 100}]
    command: [sh, -c, "echo mapped $(awk '{ print $1 \"-\" $2 \"-\" $3 }' /proc/self/uid_map)"]
  - name: around
    image: localhost/busybox:bookworm
    net: new
    runtime:
      cgroups: [around/inner]
      mkdir: [/run/made/deep]
      mounts: [{type: tmpfs, source: tmpfs, destination: /run/small, options: ["size=64k", nodev]}]
      interfaces:
        - {name: veth-in, add: veth, peer: veth-out}
        - {name: dummy-in, add: dummy, createInRoot: true}
      bindNS: {net: /run/netns/around, uts: /run/around-uts}
    binds: ["/run:/run"]
    command: [sh, -c, "echo around $(ls -d /run/made/deep) $(grep -c ' /run/small tmpfs' /proc/mounts) $(ls /sys/class/net | tr '\\n' ' ')"]
  - name: joiner
    image: localhost/busybox:bookworm
    net: /run/netns/around
    binds: ["/sys/fs/cgroup:/cgroup:ro", "/run:/run"]
    command: [sh, -c, "echo joined $(ip -o link | awk '{ print $2 }' | tr '\\n' ' ') $(ls -d /cgroup/around/inner)"]
  - name: outside
    image: localhost/busybox:bookworm
    binds: ["/etc:/host-etc:ro"]
    command: [sh, -c, "echo outside $(ip -o link | grep -c veth-out) $(stat -c %a /host-etc /host-etc/secret /host-etc/link/x | tr '\\n' ' ') $(grep -c ^kernel: /host-etc/spec.yml)"]
services:
  - name: getty
    image: localhost/getty:bookworm
    env: ["INSECURE=true"]
  - name: apart
    image: localhost/busybox:bookworm
    readonly: true
    runtime: {namespace: apart-ns}
    command: [sh, -c, "echo apart runs; trap exit TERM; while sleep 3600 & wait; do :; done"]
  - name: again
    image: localhost/busybox:bookworm
    readonly: true
    binds: ["logs:/logs"]
    command: [sh, -c, "echo x >> /logs/starts; echo start $(wc -l < /logs/starts); exit 3"]
lkboard:
  restart: {again: on-failure}
files:
  - {path: etc/secret, contents: s}
  - {path: etc/link/x, contents: x, mode: "0600"}
  - {path: etc/spec.yml, metadata: yaml, mode: "0644"}
  - {path: usr/share/zoneinfo, directory: true, mode: "0755"}
  - {path: opt, directory: true, mode: "0755"}
  - {path: srv, directory: true, mode: "0755"}
EOS

# The judge: each config in a bundle with programs that the kernel will not execute. A runtime that
# complains of just that has set everything up.
cat > "$T/judge.sh" << 'EOS'
modprobe loop 2> /dev/null
mkdir -p /run/judge /run/netns /run/ns
mount -t tmpfs judge /run/judge # /run itself executes nothing
mkdir -p /run/judge/rootfs/bin
for p in app other label sh; do : > /run/judge/rootfs/bin/$p; chmod 755 /run/judge/rootfs/bin/$p; done
echo +hugetlb > /sys/fs/cgroup/cgroup.subtree_control 2> /dev/null
for n in net:netns/blue ipc:ns/ipc uts:ns/uts pid:ns/pid; do
	: > /run/${n#*:}
	mount --bind /proc/self/ns/${n%%:*} /run/${n#*:}
done
for c in /etc/judge/*.json; do
	name=$(basename $c .json)
	for rt in "runc" "crun"; do
		rm -rf /run/judge/config.json
		sed 's,/containers/services/app/rootfs,/run/judge/rootfs,' $c > /run/judge/config.json
		$rt run --bundle /run/judge judged > /run/judge/out 2>&1
		$rt delete --force judged > /dev/null 2>&1
		if grep -qi "exec format error" /run/judge/out; then
			echo "judge $rt $name accepted"
		else
			echo "judge $rt $name: $(tail -n 1 /run/judge/out | tail -c 300)"
		fi
	done
done
echo judge-ends-$((1 + 1))
EOS
for config in tests/golden/runtime/*.json; do
	case $config in
	*.runtime.json) ;;
	*) printf '  - {path: etc/judge/%s, source: %s, mode: "0644"}\n' "$(basename "$config")" "$TOP/$config" ;;
	esac
done >> "$T/features.yml"
echo '  - {path: etc/judge/run.sh, source: judge.sh, mode: "0644"}' >> "$T/features.yml"

check "kernel and initrd are built" "$LKBOARD" --store "$STORE" --configs "$T/configs" build qemu-arm64 \
	"$T/features.yml" -o "$T"
boot "$T/features-kernel" 600
check "init says that all is up" wait_for "lkboard: up, 15 onboot, 3 services" 300
seconds "up"
check "the console has a shell" shell_ready 120
check "a service that fails is started again" wait_for "[again] start 3" 60
type_line 'ctr -n apart-ns tasks ls | grep -c apart.*RUNNING | sed s/^/apart-tasks-/'
check "a service runs in its own namespace of containerd" wait_for "apart-tasks-1" 60
type_line 'nsenter -t 1 -m sh /etc/judge/run.sh'
check "runc and crun were asked about all configs" wait_for "judge-ends-2" 400
seconds "judged"
type_line poweroff
check "the guest ends by itself" wait_end 90
log > "$T/log"

saw() { # name line
	check "$1" grep -aqxF -- "$2" "$T/log"
}
saw "a volume is written by one container and read by another" "[reader] volume written new removed"
saw "a read-only volume bound is read-only" "[reader] page read-only"
saw "and one that is mounted" "[reader] again read-only"
saw "a volume holds its image's files" "[reader] page-has /page/bin/busybox 0"
saw "kernel parameters of its own namespaces" "[kernel] sysctl 1 65536"
saw "resource limits" "[limits] rlimits 123 456 0 unlimited"
saw "user and groups by the names of containers" "[user] user 104 105 Groups: 7 102"
saw "capabilities, ambient ones, no new privileges, the score" "[caps] CapInh: 0000000000002401 CapPrm: 0000000000000400 CapEff: 0000000000000400 CapBnd: 0000000000002401 CapAmb: 0000000000000400 NoNewPrivs: 1 oom -17"
check "all capabilities" grep -aqE '^\[allcaps\] CapEff:.000001ffffffffff$' "$T/log"
check "no capabilities" grep -aqE '^\[nocaps\] CapBnd:.0000000000000000$' "$T/log"
saw "limits of the control group, at its path" "[group] limits 50331648 31 50000 100000 0::/special"
saw "masked and read-only paths, host name, working directory, tmpfs" "[masked] masked 0 kept other-name /tmp 64"
saw "a device" "[device] device 640 1:5 00 00"
saw "users of a user namespace" "[mapped] mapped 0-0-1 1-100000-99"
saw "mounts, directories and interfaces around a container" "[around] around /run/made/deep 1 dummy-in lo veth-in"
check "a namespace under its name, a control group" grep -aqE '^\[joiner\] joined .*veth-in.* /cgroup/around/inner$' "$T/log"
saw "the veth's other end, modes of directories above files, the merged spec" "[outside] outside 1 755 600 600 1"
for config in tests/golden/runtime/*.json; do
	name=$(basename "$config" .json)
	case $name in *.runtime | resources-cgroup1) continue ;; esac
	for runtime in runc crun; do
		saw "$runtime accepts $name" "judge $runtime $name accepted"
	done
done
[ $failed = 0 ] || console_tail
finish
