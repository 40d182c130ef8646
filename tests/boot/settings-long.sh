#!/bin/sh
# What `flash --set` writes is seen on the booted board: host name, SSH keys (those of the image stay),
# the file for wpa_supplicant, config.txt's lines; and a settings.env that is damaged stops nothing.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm mtype mtools ssh openssh-client python3 python3 \
	fw_printenv libubootenv-tool

cat > "$T/more.yml" << 'EOS'
onboot:
  - name: dhcpcd
    image: localhost/dhcpcd:bookworm
    command: ["/sbin/dhcpcd", "--nobackground", "-f", "/dhcpcd.conf", "-1"]
services:
  - name: sshd
    image: localhost/sshd:bookworm
    binds.add: ["/root/.ssh:/root/.ssh"]
  - name: wlan
    image: localhost/wpasupplicant:bookworm
files:
  - path: root/.ssh
    directory: true
    mode: "0700"
  - path: root/.ssh/authorized_keys
    source: built-in.pub
    mode: "0600"
EOS
for key in built-in set-1 set-2 other; do
	ssh-keygen -q -t ed25519 -N '' -C "$key" -f "$T/$key"
done
check "the card is built" "$LKBOARD" --store "$STORE" build rpi3 configs/specs/hello.yml "$T/more.yml" \
	-o "$T"
image=$T/hello-rpi3.img
card=$T/card
truncate -s 1G "$card"
# A loop device in the place of a card, where we may have one.
disk=$card
loop=
if [ "$(id -u)" = 0 ] && loop=$(losetup -f --show "$card" 2> /dev/null); then
	disk=$loop
	trap 'losetup -d "$loop" 2> /dev/null; cleanup' EXIT
fi
set -- --set hostname=kiosk-7.example --set "ssh-key=$(cat "$T/set-1.pub")" \
	--set "ssh-key=@$T/set-2.pub" --set "wifi-ssid=Café \"5\"" --set wifi-psk=passphrase \
	--set wifi-country=DE --set config.txt=dtparam=audio=on --set config.txt=gpu_mem=32
export XDG_STATE_HOME="$T/state"
check "it is flashed, with settings" "$LKBOARD" flash --yes --fixed "$@" "$image" "$disk"
check "and holds the image, with these settings" "$LKBOARD" verify "$@" "$image" "$disk"
export MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1
boot_part="$card@@$(partition "$card" 1 start)"
same "config.txt has the lines, behind the image's own" "[all] dtparam=audio=on gpu_mem=32" \
	"$(mtype -i "$boot_part" ::config.txt | grep . | tail -n 3 | tr '\n' ' ' | sed 's/ $//')"
same "and is as long as before" 4096 "$(mtype -i "$boot_part" ::config.txt | wc -c)"
check "settings.env is read out" sh -c "mtype -i '$boot_part' ::settings.env > '$T/env'"
echo "$T/env 0 0x10000" > "$T/fw_env.config"
same "U-Boot's own tool reads the host name" kiosk-7.example \
	"$(fw_printenv -c "$T/fw_env.config" -n hostname 2> "$T/fw.err")"
check "the passphrase is nowhere in it" sh -c "! grep -aq passphrase '$T/env'"

free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
port=$(free_port)
guest_ssh() { # KEY command...
	key=$1
	shift
	ssh -q -i "$T/$key" -p "$port" -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=60 \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile="$T/hosts" root@127.0.0.1 "$@" < /dev/null
}
boot "$disk" 700 --net --hostfwd "tcp:127.0.0.1:$port-:22"
check "the initrd says what it sets" wait_for \
	"lkboard: settings.env sets host name 'kiosk-7.example', 2 SSH keys, WLAN" 120
seconds "set"
check "init says that all is up" wait_for "lkboard: up, 2 onboot, 4 services" 400
check "and the service is" wait_for "lkboard: service ok" 100
seconds "up"
check "the console has a shell" shell_ready 120
type_line 'echo name-$(hostname)-$(cat /hostroot/etc/hostname); cat /proc/1/root/etc/wpa_supplicant/*'
type_line 'touch /proc/1/root/root/.ssh/authorized_keys && echo written; echo asked-$((1 + 1))'
check "the console answers" wait_for asked-2 60
check "sshd is there" wait_for "[sshd] Fingerprint" 60
for key in set-1 set-2 built-in; do
	same "sshd takes the key '$key'" kiosk-7.example "$(guest_ssh $key hostname 2>&1)"
done
check "and no other" sh -c "! ssh -q -i '$T/other' -p $port -o IdentitiesOnly=yes -o BatchMode=yes \
	-o StrictHostKeyChecking=no -o UserKnownHostsFile='$T/hosts' root@127.0.0.1 true < /dev/null"
seconds "asked"
stop_guest
log > "$T/log"
check "the host name is the kernel's and the file's" \
	grep -aqxF name-kiosk-7.example-kiosk-7.example "$T/log"
check "the prompt and the WLAN's service know" grep -aqF "waiting for wlan0" "$T/log"
check "wpa_supplicant's file names the WLAN" grep -aqE '^[[:space:]]*ssid=436166c3a920223522$' "$T/log"
psk=$(python3 -c 'import hashlib
print(hashlib.pbkdf2_hmac("sha1", b"passphrase", "Café \"5\"".encode(), 4096, 32).hex())')
check "and has its key" grep -aqF "psk=$psk" "$T/log"
check "what is set is as read-only as the root" grep -aqF "Read-only file system" "$T/log"
[ $failed = 0 ] || console_tail

[ -z "$loop" ] || losetup -d "$loop"
# One bit of settings.env, with settings in it and without.
at=$(awk '$1 == "named" && $2 == "settings.env" { print $3 }' "$T/hello-rpi3.map")
for disk in "$card" "$image"; do
	flip "$disk" $((at + 5000))
	boot "$disk" 400
	check "damaged: the boot says so" wait_for \
		"lkboard: settings.env is damaged, nothing is set: its checksum does not fit" 120
	check "damaged: the boot goes on" wait_for "lkboard: onboot ok" 200
	seconds "onboot"
	stop_guest
	[ $failed = 0 ] || console_tail
done
finish
