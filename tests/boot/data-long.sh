#!/bin/sh
# Two boots of one card that keeps what is written to it: a file on the data partition is there again, one
# in the root of a writable container is not, and the file systems are clean after poweroff. Before the
# second boot the partition is made larger, as flashing does it; the file system follows.
# `lkboard run` never changes a card, so QEMU is started here as it starts it.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm mcopy mtools e2fsck e2fsprogs sfdisk fdisk

cat > "$T/data.yml" << 'EOS'
onboot:
  - name: keeper
    image: localhost/busybox:bookworm
    binds: ["/var/lib/data:/data"]
    command:
      - /bin/sh
      - -c
      - |
        [ -e /etc/mine ] && echo "the root remembers"
        echo "boot number $(($(wc -l < /data/boots 2>/dev/null || echo 0) + 1))"
        echo x >> /data/boots && echo mine > /etc/mine && echo "wrote $(cat /etc/mine)"
EOS
check "the card is built" "$LKBOARD" --store "$STORE" build rpi3 configs/specs/hello.yml "$T/data.yml" \
	-o "$T"
card=$T/hello-rpi3.img
boot_part="$card@@$(partition "$card" 1 start)"
export MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1
check "U-Boot and device tree are read out" mcopy -i "$boot_part" ::u-boot.bin ::bcm2710-rpi-3-b.dtb "$T"
truncate -s 1G "$card"

boot_kept() { # NUMBER
	rm -f "$T/keys"
	mkfifo "$T/keys"
	: > "$T/console"
	timeout 300 qemu-system-aarch64 -machine raspi3b -accel tcg,thread=single -m 1024M \
		-display none -monitor none -no-reboot -serial null -serial stdio -nic none \
		-kernel "$T/u-boot.bin" -dtb "$T/bcm2710-rpi-3-b.dtb" \
		-drive "file=$card,format=raw,if=sd" < "$T/keys" > "$T/console" 2> "$T/run.err" &
	guest=$!
	booted=$(date +%s)
	exec 9<> "$T/keys"
	check "boot $1 comes up" wait_for "lkboard: up" 240
	shell_ready 120
	type_line poweroff
	check "boot $1 ends by itself" wait_end 60
	seconds "off"
	log > "$T/log"
	check "boot $1 is number $1 for the data partition" grep -aqxF "[keeper] boot number $1" "$T/log"
	check "boot $1: the container's root takes a file" grep -aqxF "[keeper] wrote mine" "$T/log"
	check "boot $1: it was not there before" sh -c "! grep -aqF 'the root remembers' '$T/log'"
	for n in 2 4; do
		dd if="$card" of="$T/p$n" bs=1M skip=$(($(partition "$card" $n start) / 1048576)) \
			count=$(($(partition "$card" $n size) / 1048576)) conv=sparse status=none
		check "boot $1: partition $n is clean afterwards" e2fsck -fn "$T/p$n"
	done
	[ $failed = 0 ] || console_tail
}
dd if="$card" of="$T/slot" bs=1M skip=$(($(partition "$card" 2 start) / 1048576)) \
	count=$(($(partition "$card" 2 size) / 1048576)) conv=sparse status=none
boot_kept 1
check "the data partition is made larger" sh -c "echo ',+' | sfdisk -q -N 4 '$card'"
boot_kept 2
check "its file system grew with it" grep -aqE '^lkboard: data partition grew from 32.0 MiB to 560.0 MiB' "$T/log"
check "nothing was written to the slot" cmp "$T/slot" "$T/p2"
finish
