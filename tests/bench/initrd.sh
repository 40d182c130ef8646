#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# initrd.sh STORE: `build -f kernel+initrd` of a kernel + init + runc + containerd spec, 226 MB of files,
# from a store of its own: with nothing derived, with layers unpacked, again, and after a change in
# `files:`; and with everything derived, as raw-efi and qcow2-efi, which may take 0.6 s more. Prints
# CPU seconds (user + system), wall seconds and peak memory; of three rounds the one in the middle. Wall
# means something on an idle machine only. After a change all that is left is to write the files
# again, so that is also done in memory, and what the disk alone takes for them is measured beside it.
# Fails if a promise is broken.
set -eu

O=${O:-out}
ROUNDS=${ROUNDS:-3}
cpu_max=1.4 rss_max=100 wall_max=0.9 change_wall_max=0.2 efi_max=0.6

lkboard=$(cd "$O" && pwd)/lkboard
store=$1
dir=$(mktemp -d "${TMPDIR:-/tmp}/lkboard-bench.XXXXXX")
memory=$(mktemp -d /dev/shm/lkboard-bench.XXXXXX)
trap 'rm -rf "$dir" "$memory"' EXIT
export LC_ALL=C TZ=UTC

cat > "$dir/spec.yml" << 'EOF'
kernel:
  image: localhost/kernel-amd64:bookworm
init:
  - localhost/init:bookworm
  - localhost/runc:bookworm
  - localhost/containerd:bookworm
  - localhost/firmware-nic:bookworm
onboot:
  - name: dhcpcd
    image: localhost/dhcpcd:bookworm
services:
  - name: getty
    image: localhost/getty:bookworm
  - name: node-exporter
    image: localhost/node-exporter:bookworm
  - name: sshd
    image: localhost/sshd:bookworm
  - name: nginx
    image: localhost/nginx:bookworm
files:
  - path: etc/motd
    contents: first
EOF
"$lkboard" -q --store "$store" build qemu-x86 "$dir/spec.yml" -o "$dir/out" > /dev/null
"$lkboard" -q --store "$store" build qemu-x86 "$dir/spec.yml" -f raw-efi -o "$dir/out" > /dev/null
images="$(grep -o 'localhost/[a-z0-9-]*:bookworm' "$dir/spec.yml" | sort -u) localhost/efi-stub:bookworm"
# shellcheck disable=SC2086
"$lkboard" -q --store "$store" cache export --arch amd64 --format oci-dir -o "$dir/images" $images > /dev/null
"$lkboard" -q --store "$dir/own" cache import "$dir/images" > /dev/null
rm -rf "$dir/images"

build() { # ROW DIRECTORY [OPTIONS]
	row=$1 out=$2
	shift 2
	/usr/bin/time -f '%U %S %e %M' -o "$dir/time" "$lkboard" -q --store "$dir/own" build qemu-x86 \
		"$dir/spec.yml" --offline --lock "$store/pkg/packages.lock" -o "$out" "$@" > /dev/null
	awk -v what="$row" '{ printf "%s %.2f %.2f %.0f\n", what, $1 + $2, $3, $4 / 1024 }' "$dir/time"
}

# The same bytes, written, flushed and put in the place of others.
disk_alone() {
	/usr/bin/time -f '%U %S %e %M' -o "$dir/time" sh -c 'cat "$1/spec-kernel" "$1/spec-initrd.img" |
		dd of="$2/new" bs=1M iflag=fullblock oflag=direct conv=fsync status=none && mv "$2/new" "$2/old"' \
		sh "$memory" "$dir"
	awk '{ printf "disk %.2f %.2f %.0f\n", $1 + $2, $3, $4 / 1024 }' "$dir/time"
}

build memory "$memory" > "$dir/time"
disk_alone > "$dir/time"
turns=$(for i in $(seq "$ROUNDS"); do
	rm -rf "$dir/own/derived"
	build nothing "$dir/out"
	rm -rf "$dir/own/derived/segment-v1"
	build layers "$dir/out"
	build again "$dir/out"
	build efi "$dir/out" -f raw-efi
	build qcow2 "$dir/out" -f qcow2-efi
	sed -i "s/contents: .*/contents: round $i/" "$dir/spec.yml"
	build changed "$dir/out"
	sed -i "s/contents: .*/contents: memory $i/" "$dir/spec.yml"
	build memory "$memory"
	disk_alone
done)
middle() {
	echo "$turns" | awk -v what="$1" '$1 == what { print $2, $3, $4 }' | sort -n |
		sed -n "$(((ROUNDS + 1) / 2))p"
}

du -b "$dir/out/spec-initrd.img" | awk '{ printf "kernel+initrd, initrd of %.1f MB\n", $1 / 1e6 }'
awk -v n="$(middle nothing)" -v l="$(middle layers)" -v a="$(middle again)" -v c="$(middle changed)" \
	-v m="$(middle memory)" -v d="$(middle disk)" -v e="$(middle efi)" -v q="$(middle qcow2)" -v efi_max=$efi_max \
	-v cpu_max=$cpu_max -v rss_max=$rss_max -v wall_max=$wall_max -v change_wall_max=$change_wall_max '
function row(name, text) {
	split(text, f)
	printf "%-44s %7s s wall %7s CPU-s %6s MiB\n", name, f[2], f[1], f[3]
	if (f[3] > rss_max) { printf "more than %s MiB\n", rss_max; bad = 1 }
}
BEGIN {
	row("nothing derived: unpack, pack", n)
	row("layers unpacked: pack", l)
	row("everything derived", a)
	row("a change in files:", c)
	split(d, D)
	printf "%-44s %7s s wall\n", "    the disk alone, for the same bytes", D[2]
	row("a change in files:, output in memory", m)
	row("everything derived, raw-efi", e)
	row("everything derived, qcow2-efi", q)
	split(l, L); split(m, M); split(n, N)
	if (L[1] > cpu_max) { printf "more than %s CPU-s\n", cpu_max; bad = 1 }
	split(a, A); split(e, E); split(q, Q)
	if (E[1] - A[1] > efi_max) { printf "raw-efi: more than %s CPU-s more\n", efi_max; bad = 1 }
	if (N[2] > wall_max) printf "more than %s s wall (of an idle machine)\n", wall_max
	if (Q[1] - A[1] > efi_max) { printf "qcow2-efi: more than %s CPU-s more\n", efi_max; bad = 1 }
	if (M[2] > change_wall_max) printf "more than %s s wall after a change (of an idle machine)\n", change_wall_max
	exit bad
}'
