#!/bin/sh
# The two specs of the project's founding documents, unchanged. A registry has our packages under the names
# that LinuxKit's images have there, for amd64 and arm64; a mirror is all that is said of it. The one of 2018
# boots on a PC, on an arm64 machine and on a Pi: all onboot containers end well, every service runs, nginx
# answers.
. tests/lib.sh
. tests/registry/kit.sh
. tests/console.sh
. tests/stand-ins.sh
SPECS=../shared/specs/founding
if ! [ -d "$SPECS" ]; then
	skip "the founding specs boot" "there is no $SPECS"
	finish
fi
boot_test_needs docker-registry docker-registry skopeo skopeo curl curl qemu-system-x86_64 qemu-system-x86 \
	qemu-system-aarch64 qemu-system-arm

registry P
check "the registry gets our images" push_stand_ins "127.0.0.1:$P"
same "under their names, for both architectures" "amd64 arm64" "$(skopeo --insecure-policy inspect --raw \
	--tls-verify=false "docker://127.0.0.1:$P/linuxkit/kernel:4.14.22" | python3 -c 'import json, sys
print(*sorted(m["platform"]["architecture"] for m in json.load(sys.stdin)["manifests"]))')"
# What boards and formats need beside a spec, as it is made of packages elsewhere.
for package in init firmware-rpi u-boot-rpi isolinux efi-stub; do
	check "localhost/$package is brought along" lk --store "$T/store" cache import "$STORE" \
		"localhost/$package:bookworm"
done
stored() { lk --store "$T/store" cache ls | cut -f1,2 | grep ^docker.io/; }
same "of the specs' images there is none yet" "" "$(stored)"

build() { # YEAR BOARD
	check "$1 is built for $2" lk --store "$T/store" build --mirror "docker.io=http://127.0.0.1:$P" "$2" \
		"$SPECS/linuxkit-$1.yml" -o "$T/$2"
}
build 2017 qemu-x86
build 2018 qemu-x86
build 2018 packet-x86
build 2018 qemu-arm64
build 2018 rpi3
same "every image of the specs came from the registry" "$(stand_ins kernel | grep -vc ' localhost/')" \
	"$(stored | cut -f1 | sort -u | wc -l)"
same "for both architectures" "amd64 arm64" \
	"$(stored | sed -n 's,^docker.io/linuxkit/kernel:4.14.22\tlinux/,,p' | sort | xargs)"
check "with all of it in the store, no registry is needed" lk --store "$T/store" build --offline qemu-arm64 \
	"$SPECS/linuxkit-2018.yml" -o "$T/again"
check "and the bytes are the same" cmp "$T/again/linuxkit-2018-initrd.img" "$T/qemu-arm64/linuxkit-2018-initrd.img"
rm -rf "$T/again" "$T/packet-x86" "$T/data"

comes_up() { # NAME FILE ONBOOT SERVICES
	web=$(free_port)
	boot "$2" 700 --net --hostfwd "tcp:127.0.0.1:$web-:80"
	check "$1: all is up" wait_for "lkboard: up, $3 onboot, $4 services" 600
	seconds "$1: up"
	check "$1: the machine has its address" grep -aqE '^\[dhcpcd\] .*: leased 10\.0\.2\.15' "$T/console"
	same "$1: nginx answers" 200 "$(curl -s -o "$T/page" -w '%{http_code}' --max-time 20 --retry 5 \
		--retry-all-errors --retry-delay 1 "http://127.0.0.1:$web/")"
	check "$1: no container has failed" sh -c "! grep -aE '(service|onboot) .*(ended|FAILED)' '$T/console'"
	[ $failed = 0 ] || console_tail
}
good_bye() { # NAME: the spec's last words
	check "$1: the console has a shell" shell_ready 60
	type_line poweroff
	check "$1: the guest ends by itself" wait_end 90
	check "$1: the container at shutdown was heard" grep -aqF "so long and thanks for all the fish" "$T/console"
}

# Both specs name several consoles. On a PC the last that exists is the screen; the test reads the serial line.
sed -i '1s/$/ console=ttyS0/' "$T"/qemu-x86/*-cmdline
comes_up "2017 on a PC" "$T/qemu-x86/linuxkit-2017-kernel" 3 2
check "2017 on a PC: programs of other architectures run" grep -aq '^\[binfmt\] qemu-aarch64 runs' "$T/console"
stop_guest
comes_up "2018 on a PC" "$T/qemu-x86/linuxkit-2018-kernel" 2 3
good_bye "2018 on a PC"
comes_up "2018 on an arm64 machine" "$T/qemu-arm64/linuxkit-2018-kernel" 2 3
good_bye "2018 on an arm64 machine"

# A Pi's ttyAMA0, the console of this spec, is the other serial port than the board's own.
export LKBOARD_CONFIGS="$T/configs"
cp -r configs "$T/configs"
sed -i 's/^  console: 1$/  console: 0/; s,"Starting kernel","Run /init",' "$T/configs/boards/rpi3.yml"
qemu_args="-serial file:$T/u-boot"
comes_up "2018 on a Pi" "$T/rpi3/linuxkit-2018-rpi3.img" 2 3
check "2018 on a Pi: its root is verified" grep -aqE "lkboard: root is slot A .*dm-verity [0-9a-f]{64}" "$T/console"
check "2018 on a Pi: U-Boot started it" grep -aqF "lkboard: starting slot A" "$T/u-boot"
stop_guest
finish
