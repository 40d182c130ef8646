#!/bin/sh
# wlan.yml with two simulated radios: the access point is a second wpa_supplicant. QEMU has no Raspberry Pi
# WLAN: brcmfmac and its firmware are looked at, not run.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm

cat > "$T/ap.yml" << 'EOS'
onboot:
  - name: modprobe
    image: localhost/modprobe:bookworm
    command: ["modprobe", "mac80211_hwsim"]
services:
  - name: ap
    image: localhost/wpasupplicant:bookworm
    binds.add: ["/etc/ap.conf:/etc/ap.conf:ro"]
    command: ["/sbin/wpa_supplicant", "-i", "wlan1", "-D", "nl80211", "-c", "/etc/ap.conf"]
files:
  - path: etc/ap.conf
    contents: |
      country=DE
      network={
        ssid="name"
        mode=2
        frequency=2412
        key_mgmt=WPA-PSK
        proto=RSN
        pairwise=CCMP
        psk="passphrase"
      }
    mode: "0600"
EOS
check "kernel and initrd are built" "$LKBOARD" --store "$STORE" build qemu-arm64 configs/specs/wlan.yml \
	"$T/ap.yml" -o "$T"
boot "$T/wlan-kernel" 600
check "the access point takes the card" wait_for "[ap] wlan1: AP-STA-CONNECTED" 300
check "the card has shaken hands with the right passphrase" \
	wait_for "[wlan] wlan0: CTRL-EVENT-CONNECTED" 60
seconds "connected"
check "the console has a shell" shell_ready 60
type_line 'echo state-$(cat /sys/class/net/wlan0/operstate)'
type_line 'ls -R /proc/1/root/lib/firmware | xargs echo firmware-is; echo asked-$((1 + 1))'
check "the console answers" wait_for asked-2 60
stop_guest
log > "$T/log"
check "the link is up" grep -aqx state-up "$T/log"
check "the firmware of both models is there" sh -c "tr '\n' ' ' < '$T/log' |
	grep -aqE 'firmware-is.*43430-sdio.raspberrypi,3-model-b.txt.*43455-sdio.raspberrypi,3-model-b-plus'"
check "and the rules of the air" grep -aq 'regulatory.db' "$T/log"
[ $failed = 0 ] || console_tail
finish
