#!/bin/sh
# The packages that come with lkboard, all run in one guest for each architecture: server.yml and
# wireguard.yml, and beside them what formats, mounts and swaps to disks, loads modules and runs programs
# of another architecture. Asked from the host by SSH and HTTP; its clock is set by a server of ours.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm qemu-system-x86_64 qemu-system-x86 curl curl \
	python3 python3 ssh openssh-client openssl openssl dpkg-deb dpkg

check "every definition's image has what its programs need" \
	env LKBOARD_TEST_STORE="$STORE" LKBOARD_TEST_PACKAGES=all "$O/tests/unit/test_pkg_images"

# A store of its own with the same Debian packages, and no network: the images are the same.
names=$(ls configs/packages | sed 's/\.yml$//')
if ! "$LKBOARD" --store "$STORE" --progress none pkg build --arch arm64 ipxe > "$T/ipxe.out" 2>&1; then
	skip "the definition of ipxe" "nothing from trixie here: $(grep -m 1 lkboard: "$T/ipxe.out")"
	names=$(echo "$names" | grep -vx ipxe)
fi
build_all() { # STORE ARCH option...
	store=$1 arch=$2
	shift 2
	for name in $names; do
		grep -q "^architectures:.*$arch" "configs/packages/$name.yml" || continue
		"$LKBOARD" --store "$store" --progress none pkg build --arch "$arch" "$@" "$name" || return 1
	done
}
mkdir -p "$T/store/pkg/debs"
cp "$STORE/pkg/packages.lock" "$T/lock"
cp -Rl "$STORE/pkg/debs/sha256" "$T/store/pkg/debs/" 2> /dev/null ||
	cp -R "$STORE/pkg/debs/sha256" "$T/store/pkg/debs/"
for arch in amd64 arm64; do
	build_all "$STORE" $arch > "$T/first"
	same "every definition for $arch is built" 0 $?
	build_all "$T/store" $arch --offline --locked --lock "$T/lock" > "$T/second" 2> "$T/second.err"
	same "and built again without the network" 0 $?
	check "every definition for $arch gives the same image twice" sh -c "
		cat '$T/second.err' && [ -s '$T/first' ] && diff '$T/first' '$T/second'"
done
rm -rf "$T/store"

free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# A time server, a million seconds ahead. Needs port 123.
time_server=
cat > "$T/ntp.py" << 'EOS'
import socket, struct, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 123))
print("ready", flush=True)
while True:
    query, peer = s.recvfrom(512)
    now = int((time.time() + 2208988800 + 1000000) * 2 ** 32)
    s.sendto(struct.pack("!BBbbII4s", 0x24, 1, 6, -20, 0, 0, b"TEST") + struct.pack("!Q", now) +
             query[40:48] + struct.pack("!QQ", now, now), peer)
EOS
python3 "$T/ntp.py" > "$T/ntp.out" 2> "$T/ntp.err" &
time_server=$!
trap 'kill $time_server 2> /dev/null; stop_guest; cleanup' EXIT

mkdir -p "$T/.ssh"
ssh-keygen -q -t ed25519 -N '' -C test -f "$T/.ssh/id_ed25519"
sed 's/servers pool.ntp.org/server 10.0.2.2/' configs/specs/server.yml > "$T/server.yml"
cat > "$T/more.yml" << 'EOS'
onboot:
  - name: modprobe
    image: localhost/modprobe:bookworm
    command: ["modprobe", "-a", "dummy", "softdog"]
  - name: dhcpcd2017
    image: localhost/dhcpcd:bookworm
    binds: ["/var:/var", "/tmp/etc:/etc"]
    capabilities: [CAP_NET_ADMIN, CAP_NET_BIND_SERVICE, CAP_NET_RAW]
    net: host
    command: ["/sbin/dhcpcd", "--nobackground", "-f", "/dhcpcd.conf", "-1"]
  - name: format
    image: localhost/format:bookworm
  - name: named
    image: localhost/format:bookworm
    command: ["/usr/bin/format", "-label", "second", "-type", "xfs", "/dev/vdb"]
  - name: full
    image: localhost/format:bookworm
    command: ["/usr/bin/format", "/dev/vdb"]
  - name: again
    image: localhost/format:bookworm
  - name: mount
    image: localhost/mount:bookworm
    command: ["/usr/bin/mountie", "/var/external"]
  - name: mount2
    image: localhost/mount:bookworm
    command: ["/usr/bin/mountie", "-label", "second", "/var/second"]
  - name: swap
    image: localhost/swap:bookworm
    command: ["/swap.sh", "--path", "/var/external/swap", "--size", "32M"]
  - name: writer
    image: localhost/busybox:bookworm
    binds: ["/var:/var"]
    command: ["/bin/sh", "-c", "echo written | tee /var/external/first > /var/second/second"]
  - name: binfmt2017
    image: localhost/binfmt:bookworm
    binds: ["/proc/sys/fs/binfmt_misc:/binfmt_misc"]
    readonly: true
  - name: binfmt
    image: localhost/binfmt:bookworm
  - name: foreign
    image: localhost/busybox:bookworm
    binds: ["/srv/busybox:/srv/busybox:ro"]
    command: ["/srv/busybox", "sh", "-c", "echo foreign $(/srv/busybox uname -m)"]
  - name: tunnel
    image: localhost/ip:bookworm
    capabilities: [all]
    binds: ["/etc/wireguard:/etc/wireguard:ro"]
    command:
      - /bin/sh
      - -c
      - |
        # The other end, in a network of its own; its packets go through the one it was made in.
        /bin/ip netns add other && /bin/ip link add wg1 type wireguard &&
        /bin/ip link set wg1 netns other &&
        /bin/ip netns exec other lk-wg-config configure /etc/wireguard/wg1.conf &&
        /bin/ip netns exec other ping -c 1 -W 30 10.9.0.1 && echo through the tunnel
        /bin/ip netns exec other wg show wg1
        # One for all traffic: that of the tunnel itself, which is marked, does not go into it.
        sed 's,10.9.0.0/24,0.0.0.0/0,' /etc/wireguard/wg1.conf >/tmp/wg2.conf
        /bin/ip netns exec other lk-wg-config configure /tmp/wg2.conf
        /bin/ip netns exec other /bin/ip route get 192.0.2.1 | sed -n 's/.* dev \([a-z0-9]*\).*/all goes to \1/p'
        /bin/ip netns exec other /bin/ip route get 10.9.0.1 | sed -n 's/.* dev \([a-z0-9]*\).*/but this to \1/p'
        /bin/ip netns exec other /bin/ip route get 192.0.2.1 mark 51820 || echo marked packets do not
        iptables -A INPUT -p tcp --dport 9 -j REJECT && iptables -S INPUT
files:
  - path: srv/busybox
    source: foreign
    mode: "0755"
  - path: etc/wireguard/wg1.conf
    contents: |
      [Interface]
      Address = 10.9.0.2/24
      PrivateKey = 0OpklDISglwLWhqtpEREnvURcUpDrBfWk1OFZ3+TgWE=
      DNS = 10.9.0.1
      [Peer]
      PublicKey = soWegMYg5bQ8q0rJXLgnFto/m9+Eaj2VUqWV7yY6XFY=
      AllowedIPs = 10.9.0.0/24
      Endpoint = 127.0.0.1:51820
    mode: "0600"
EOS

# static_busybox ARCH FILE: from the package that the store has of that architecture's busybox
static_busybox() {
	"$LKBOARD" --store "$STORE" --progress none pkg build --arch "$1" busybox > /dev/null &&
		sha=$(awk -v a="$1" '$1 == "busybox" && $2 == a { print $6 }' "$STORE/pkg/packages.lock") &&
		dpkg-deb --fsys-tarfile "$STORE/pkg/debs/sha256/$sha"* | tar xO ./bin/busybox > "$2"
}

guest_ssh() { # command...
	ssh -q -i "$T/.ssh/id_ed25519" -p "$ssh_port" -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile="$T/hosts" -o ConnectTimeout=20 root@127.0.0.1 "$@" < /dev/null
}

said() { # NAME TEXT
	check "$board: $1" grep -aqF -- "$2" "$T/console"
}

answers() { # NAME EXPECTED COMMAND-IN-THE-GUEST
	same "$board: $1" "$2" "$(guest_ssh "$3" 2>&1)"
}

check_onboot() { # FOREIGN-MACHINE
	check "$board: no container failed" sh -c "! grep -aE 'onboot .*FAILED' '$T/console'"
	said "rngd -1 ends when there is enough" "[rngd1] the kernel's random numbers are ready"
	said "dhcpcd runs with the binds of 2017" "[dhcpcd2017] eth0: leased 10.0.2.15"
	said "the first empty disk is formatted" "[format] ext4 on '/dev/vda1'"
	said "one that is named gets a label" "[named] xfs on '/dev/vdb1', labelled 'second'"
	said "one that is full stays" "[full] '/dev/vdb' is not empty: it stays as it is"
	said "no empty disk is left" "[again] no empty disk: nothing to format"
	said "what nobody uses is mounted" "[mount] '/dev/vda1' (ext4) is mounted on '/var/external'"
	said "a label is found" "[mount2] '/dev/vdb1' (xfs) is mounted on '/var/second'"
	said "swap is on" "[swap] swapping to '/var/external/swap'"
	said "binfmt runs with the binds of 2017" "[binfmt2017] qemu-"
	said "a program of another architecture runs" "[foreign] foreign $1"
	said "a WireGuard tunnel has two ends" "[tunnel] through the tunnel"
	said "they shook hands" "[tunnel]   latest handshake:"
	said "a tunnel takes all traffic" "[tunnel] all goes to wg2"
	said "but what has a way of its own" "[tunnel] but this to wg1"
	said "and but the tunnel's own" "[tunnel] marked packets do not"
	said "iptables keeps a rule" "[tunnel] -A INPUT -p tcp -m tcp --dport 9 -j REJECT"
}

check_ssh() { # MACHINE
	answers "a login with the key" "$1" "uname -m"
	check "$board: none without it" sh -c "! ssh -q -p $ssh_port -o BatchMode=yes \
		-o PubkeyAuthentication=no -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null root@127.0.0.1 true"
	answers "the host key is where the data partition would be" dropbear_ed25519_host_key \
		"ls /proc/1/root/var/lib/data/ssh"
	echo "a file" > "$T/sent"
	check "$board: sftp takes a file" scp -q -i "$T/.ssh/id_ed25519" -P "$ssh_port" \
		-o UserKnownHostsFile="$T/hosts" "$T/sent" root@127.0.0.1:/tmp/sent
	answers "which is there" "a file" "cat /tmp/sent"
	same "$board: there are terminals" /dev/pts/0 "$(ssh -q -tt -i "$T/.ssh/id_ed25519" -p "$ssh_port" \
		-o UserKnownHostsFile="$T/hosts" root@127.0.0.1 tty < /dev/null | tr -d '\r')"
	answers "a login can ask init" 6 "service list | grep -c ' running '"
	answers "all services run" 6 "ctr -n services.linuxkit tasks ls | grep -c RUNNING"
}

check_system() {
	answers "name servers where 2017 had them" "nameserver 10.0.2.3" \
		"grep 10.0 /proc/1/root/tmp/etc/resolv.conf"
	answers "and where they are now" "nameserver 10.0.2.3" "grep 10.0 /etc/resolv.conf"
	answers "sysctl set the image's values" 2 "cat /proc/sys/kernel/kptr_restrict"
	answers "and the root's" 10 "cat /proc/sys/vm/swappiness"
	answers "modules are loaded" "dummy softdog" "lsmod | grep -oE '^(dummy|softdog)' | sort | xargs"
	answers "what was written is on both disks" "written written" \
		"cat /proc/1/root/var/external/first /proc/1/root/var/second/second | xargs"
	answers "the disks are the system's" "/var/external /var/second" \
		"awk '\$1 ~ \"^/dev/vd\" { print \$2 }' /proc/1/mounts | sort | xargs"
	answers "the kernel swaps" 1 "grep -c file /proc/swaps"
	said "rngd feeds from the machine's generator" "[rngd] feeding from virtio_rng.0"
	guest_ssh cat /proc/1/root/etc/ssl/certs/ca-certificates.crt > "$T/bundle"
	n=$(grep -c 'BEGIN CERT' "$T/bundle")
	same "$board: each certificate of the bundle parses ($n)" "$n" "$(openssl crl2pkcs7 -nocrl \
		-certfile "$T/bundle" | openssl pkcs7 -print_certs -noout | grep -c '^subject')"
	check "$board: there are more than 100" test "$n" -gt 100
}

check_metrics() { # MACHINE
	check "$board: node-exporter answers" curl -fsS --max-time 60 --retry 10 --retry-all-errors \
		-o "$T/metrics" "http://127.0.0.1:$http_port/metrics"
	check "$board: it knows the machine" grep -q "^node_uname_info{.*machine=\"$1\"" "$T/metrics"
	check "$board: it sees the system's disks" \
		grep -q '^node_filesystem_size_bytes{.*mountpoint="/var/external"' "$T/metrics"
}

check_clock() {
	if ! grep -q ready "$T/ntp.out"; then
		skip "$board: the clock is set over NTP" "port 123 cannot be used here"
		return
	fi
	left=60
	until ahead=$(($(guest_ssh date +%s) - $(date +%s))) && [ $ahead -gt 999000 ]; do
		[ $left -gt 0 ] || break
		left=$((left - 1))
		sleep 1
	done
	check "$board: the clock is set over NTP ($ahead s ahead)" \
		test "$ahead" -gt 999000 -a "$ahead" -lt 1001000
}

round() { # BOARD MACHINE FOREIGN-ARCH FOREIGN-MACHINE SPEC...
	board=$1
	machine=$2
	check "$board: a static program for $3" static_busybox "$3" "$T/foreign"
	foreign=$4
	shift 4
	check "$board: kernel and initrd are built" env HOME="$T" "$LKBOARD" --store "$STORE" build "$board" \
		"$T/server.yml" configs/specs/wireguard.yml "$T/more.yml" "$@" -o "$T" -n "$board"
	rm -f "$T/a.img" "$T/b.img" "$T/hosts"
	truncate -s 512M "$T/a.img" "$T/b.img"
	ssh_port=$(free_port)
	http_port=$(free_port)
	qemu_args="-m 2048 -device virtio-rng-pci -drive file=$T/a.img,format=raw,if=virtio"
	qemu_args="$qemu_args -drive file=$T/b.img,format=raw,if=virtio"
	boot "$T/$board-kernel" 900 --net \
		--hostfwd "tcp:127.0.0.1:$ssh_port-:22,tcp:127.0.0.1:$http_port-:9100"
	check "$board: init says that all is up" wait_for "lkboard: up" 400
	seconds "up"
	check "$board: sshd says its key" wait_for "[sshd] Fingerprint" 90
	check "$board: dhcpcd has a lease" wait_for "leased 10.0.2.15" 90
	check_onboot "$foreign"
	check_ssh "$machine"
	check_system
	check_metrics "$machine"
	check_clock
	seconds "asked"
	guest_ssh poweroff
	check "$board: the guest ends by itself" wait_end 120
	seconds "off"
	[ $failed = 0 ] || console_tail
}

round qemu-arm64 aarch64 amd64 x86_64
round qemu-x86 x86_64 arm64 aarch64 configs/specs/amd64.yml
finish
