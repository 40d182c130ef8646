#!/bin/sh
# hello.yml for the boards packet-x86 and packet-arm64, booted as their machines boot it: by iPXE, over
# HTTP from nginx, through QEMU's user network. x86 with BIOS, QEMU's own iPXE and a server that has no
# kernel at first; x86 and arm64 with UEFI, which loads Debian trixie's iPXE by TFTP; that finds the script
# beside itself.
. tests/lib.sh
. tests/console.sh
boot_test_needs nginx nginx-light qemu-system-x86_64 qemu-system-x86 qemu-system-aarch64 qemu-system-arm
lk() { "$LKBOARD" --progress none --store "$STORE" "$@"; }

# A port that nobody has, and a server on it that needs no rights.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
web=$T/web
mkdir "$web" "$T/nginx"
{
	echo "daemon off; master_process off; pid $T/nginx/pid; error_log $T/nginx/error.log; events {}"
	echo "http { access_log $T/nginx/access.log; sendfile on; default_type application/octet-stream;"
	for what in client_body proxy fastcgi uwsgi scgi; do echo "${what}_temp_path $T/nginx/$what;"; done
	echo "server { listen 127.0.0.1:$port; root $web; } }"
} > "$T/nginx.conf"
nginx -e "$T/nginx/error.log" -c "$T/nginx.conf" 2> "$T/nginx/said" &
server=$!
trap 'stop_guest; kill $server 2> /dev/null; cleanup' EXIT
url=http://10.0.2.2:$port

check "the directory for x86 is built" lk build packet-x86 configs/specs/hello.yml configs/specs/amd64.yml \
	-n pc -o "$web"
check "and the one for arm64" lk build packet-arm64 configs/specs/hello.yml -n arm -o "$web" \
	--base-url "$url/arm-pxe/"

# qemu PROGRAM ARGS...: in the background, as console.sh's boot does with lkboard run
qemu() {
	: > "$T/console"
	booted=$(date +%s)
	# shellcheck disable=SC2086
	timeout 400 "$@" -m 2048 -display none -monitor none -no-reboot < /dev/null > "$T/console" 2> "$T/run.err" &
	guest=$!
}
fetched() { # PATH STATUS SECONDS: nginx was asked for it, and said so
	left=$3
	while ! grep -q "\"GET /$1 HTTP/[0-9.]*\" $2 .*iPXE/" "$T/nginx/access.log" 2> /dev/null; do
		[ "$left" -gt 0 ] && kill -0 "$guest" 2> /dev/null || return 1
		left=$((left - 1))
		sleep 1
	done
}
comes_up() { # WHAT
	check "$1: the service is heard" wait_for "lkboard: service ok" 360
	seconds "$1: service"
	[ $failed = 0 ] || console_tail
	stop_guest
}

# BIOS: the second serial port is the console, the first one has iPXE's words.
mv "$web/pc-pxe/kernel" "$web/kernel.away"
qemu qemu-system-x86_64 -machine q35,graphics=off -cpu max -serial "file:$T/ipxe.log" -serial stdio \
	-netdev "user,id=net0,bootfile=$url/pc-pxe/pc.ipxe" -device virtio-net-pci,netdev=net0 -boot n
check "x86, BIOS: the kernel is asked for in vain" fetched pc-pxe/kernel 404 120
mv "$web/kernel.away" "$web/pc-pxe/kernel"
check "and again, beside the script" fetched pc-pxe/kernel 200 60
check "then the initrd" fetched pc-pxe/initrd 200 60
comes_up "x86, BIOS"
check "iPXE says what it does" grep -aq "lkboard: packet-x86, attempt [2-8] of 8" "$T/ipxe.log"

if ! lk pkg build --arch arm64 ipxe > "$T/ipxe.out" 2>&1; then
	skip "boots with UEFI" "no iPXE from trixie here: $(grep -m 1 lkboard: "$T/ipxe.out")"
	finish
fi
mkdir "$T/ipxe" "$T/tftp"
lk cache export --arch arm64 -o "$T/ipxe/image.tar" localhost/ipxe:trixie > /dev/null
tar -xf "$T/ipxe/image.tar" -C "$T/ipxe"
for blob in "$T/ipxe"/blobs/sha256/*; do bsdtar -xf "$blob" -C "$T/tftp" 2> /dev/null; done
check "the image holds loaders for both" [ -s "$T/tftp/ipxe-arm64.efi" -a -s "$T/tftp/ipxe-amd64.efi" ]

uefi() { # WHAT LOADER CODE VARS, then QEMU's program and machine
	if ! [ -e "$3" ]; then
		skip "$1" "$3 is not there"
		return
	fi
	what=$1 loader=$2 code=$3
	cp "$4" "$T/vars"
	shift 4
	qemu "$@" -drive "if=pflash,format=raw,readonly=on,file=$code" -drive "if=pflash,format=raw,file=$T/vars" \
		-netdev "user,id=net0,tftp=$T/tftp,bootfile=$loader" -device virtio-net-pci,netdev=net0,romfile=
	comes_up "$what"
}
cp "$web/arm-pxe/arm.ipxe" "$T/tftp/autoexec.ipxe"
uefi "arm64, UEFI" ipxe-arm64.efi /usr/share/AAVMF/AAVMF_CODE.fd /usr/share/AAVMF/AAVMF_VARS.fd \
	qemu-system-aarch64 -machine virt,gic-version=2 -cpu cortex-a53 -serial stdio
check "all came from the base URL" fetched arm-pxe/initrd 200 0

printf '#!ipxe\ndhcp\nchain %s/pc-pxe/pc.ipxe\n' "$url" > "$T/tftp/autoexec.ipxe"
uefi "x86, UEFI" ipxe-amd64.efi /usr/share/OVMF/OVMF_CODE_4M.fd /usr/share/OVMF/OVMF_VARS_4M.fd \
	qemu-system-x86_64 -machine q35 -cpu max -serial "file:$T/ipxe.log" -serial stdio
finish
