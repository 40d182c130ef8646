#!/bin/sh
# Format pxe: the same bytes however it is built, kernel and initrd judged by others, URLs and command
# lines that an iPXE script cannot hold.
. tests/lib.sh
lk() { "$LKBOARD" --progress none --store "$STORE" "$@"; }
says() { # NAME CODE TEXT command...
	what=$1 want=$2 text=$3
	shift 3
	"$@" > "$T/out" 2> "$T/err"
	code=$?
	if [ $code = "$want" ] && grep -qF -- "$text" "$T/err"; then ok "$what"; else not_ok "$what" "$T/err"; fi
}

cat > "$T/box.yml" << 'EOS'
kernel:
  image: localhost/kernel-arm64:bookworm
  cmdline: "quiet lkb.test=1"
init: [localhost/init:bookworm]
EOS
cat > "$T/pc.yml" << 'EOS'
kernel:
  image: localhost/kernel-amd64:bookworm
EOS
url=http://192.0.2.1:8080/boot
check "packet-arm64 is built as pxe, and as kernel+initrd" lk build packet-arm64 "$T/box.yml" -f pxe -f kernel+initrd \
	--base-url $url/ -o "$T/one"
same "its directory" "box.ipxe cmdline initrd kernel" "$(cd "$T/one/box-pxe" && echo *)"
check "built elsewhere" sh -c 'cd "$1" && umask 077 && TZ=Asia/Tokyo LC_ALL=C TMPDIR="$1" "$2" --progress none --store "$3" \
	build packet-arm64 box.yml --offline --base-url "$4" -o two' - "$T" "$LKBOARD" "$STORE" $url/
for f in box.ipxe cmdline initrd kernel; do
	check "$f: the same bytes" cmp "$T/one/box-pxe/$f" "$T/two/box-pxe/$f"
done
check "the kernel is kernel+initrd's, unpacked" sh -c 'gzip -dc "$1/box-kernel" | cmp - "$1/box-pxe/kernel"' - "$T/one"
check "file calls it an arm64 Image" sh -c 'file "$1" | grep -q "ARM64 boot executable Image"' - "$T/one/box-pxe/kernel"
check "the initrd is kernel+initrd's, unpacked" sh -c 'zstd -qdc "$1/box-initrd.img" | cmp - "$1/box-pxe/initrd"' - "$T/one"
check "cpio reads it" sh -c 'cpio -t --quiet < "$1" | grep -qx init' - "$T/one/box-pxe/initrd"
names() { # of several archives, one behind the other, on standard input
	while cpio -t --quiet 2> /dev/null; do :; done
}
drivers() { # which are missing of what the machines of the plans have, as far as it is known
	for driver in "$@"; do
		grep -q "/$driver\.ko" "$T/names" || echo "$driver"
	done
}
names < "$T/one/box-pxe/initrd" > "$T/names"
same "drivers of the arm64 plans' network cards: Cavium, Mellanox, Ampere, Intel, Broadcom; bonds" "" \
	"$(drivers nicvf nicpf thunder_bgx mdio-thunder mlx5_core mlx4_en xgene-enet i40e ixgbe bnxt_en bonding 8021q)"
same "the command line" "console=ttyAMA0,115200 panic=10 quiet lkb.test=1" "$(cat "$T/one/box-pxe/cmdline")"
same "the script fetches from the base URL" "kernel $url/kernel initrd=initrd $(cat "$T/one/box-pxe/cmdline") || goto failed
initrd --name initrd $url/initrd || goto failed" "$(grep -E '^(kernel|initrd) ' "$T/one/box-pxe/box.ipxe")"
check "file calls it an iPXE script" sh -c 'file "$1" | grep -qi "ipxe script"' - "$T/one/box-pxe/box.ipxe"
same "build.json lists the files by their paths" "box-pxe/box.ipxe box-pxe/cmdline box-pxe/initrd box-pxe/kernel" "$(python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
print(*sorted(o["file"] for o in d["outputs"] if o.get("format") == "pxe"))' "$T/one/box-packet-arm64.build.json")"

check "packet-x86 is built as pxe by default" lk build packet-x86 "$T/box.yml" "$T/pc.yml" -n pc -o "$T/one"
check "its kernel is a bzImage" sh -c 'file "$1" | grep -q "x86 boot executable bzImage"' - "$T/one/pc-pxe/kernel"
echo 'kernel: {ucode: ""}' > "$T/bare.yml"
check "and without microcode" lk build packet-x86 "$T/box.yml" "$T/pc.yml" "$T/bare.yml" -n pc -o "$T/bare"
check "its initrd is compressed" zstd -qt "$T/bare/pc-pxe/initrd"
zstd -qdc "$T/bare/pc-pxe/initrd" > "$T/initrd"
names < "$T/initrd" > "$T/names"
same "drivers of the x86 plans' network cards: Intel, Mellanox, Broadcom; bonds" "" \
	"$(drivers igb ixgbe i40e ice mlx4_en mlx5_core bnxt_en bnx2x bonding 8021q)"
# What stands before it, where the kernel looks before it unpacks anything.
before=$(($(stat -c %s "$T/one/pc-pxe/initrd") - $(stat -c %s "$T/bare/pc-pxe/initrd")))
head -c $before "$T/one/pc-pxe/initrd" > "$T/ucode.cpio"
check "microcode stands before the same initrd" sh -c 'tail -c +$(($1 + 1)) "$2" | cmp - "$3"' - $before \
	"$T/one/pc-pxe/initrd" "$T/bare/pc-pxe/initrd"
check "file calls it an archive" sh -c 'file "$1" | grep -q "ASCII cpio archive (SVR4 with no CRC)"' - "$T/ucode.cpio"
same "cpio finds AMD's and Intel's" "AuthenticAMD.bin GenuineIntel.bin" \
	"$(cpio -t --quiet < "$T/ucode.cpio" | sed -n 's|^kernel/x86/microcode/\(.*\.bin\)$|\1|p' | sort | tr '\n' ' ' | sed 's/ $//')"
mkdir "$T/ucode"
(cd "$T/ucode" && cpio -id --quiet < "$T/ucode.cpio")
intel=$T/ucode/kernel/x86/microcode/GenuineIntel.bin
check "Intel's is where a processor can take it" python3 -c 'import sys
whole, part = (open(name, "rb").read() for name in sys.argv[1:])
assert part and whole.index(part) % 16 == 0' "$T/ucode.cpio" "$intel"
same "AMD's begins as the kernel wants it" 444d4100 \
	"$(od -An -N4 -tx4 --endian=big "$T/ucode/kernel/x86/microcode/AuthenticAMD.bin" | tr -d ' ')"
if have iucode_tool; then
	check "iucode_tool reads a hundred updates" sh -c \
		'[ "$(iucode_tool -q -tb -l "$1" | grep -c "sig 0x.* rev 0x")" -ge 100 ]' - "$intel"
else
	skip "iucode_tool reads a hundred updates" "iucode-tool is not installed"
fi
check "and beside the script" grep -q '^kernel kernel initrd=initrd console=ttyS1,115200n8 ' "$T/one/pc-pxe/pc.ipxe"

says "what another board made is not overwritten" 7 "box-pxe/kernel' was made by another build" \
	lk build qemu-arm64 "$T/box.yml" -f pxe -o "$T/one"
check "what is refused leaves it as it was" cmp "$T/one/box-pxe/kernel" "$T/two/box-pxe/kernel"
says "a URL with blanks" 2 "the base URL 'http://a b/' has a character in its server" \
	lk build packet-arm64 "$T/box.yml" --base-url "http://a b/" -o "$T/three"
says "a URL with a setting" 2 "the base URL 'http://a/\${x}' has a character that is not allowed there" \
	lk build packet-arm64 "$T/box.yml" --base-url 'http://a/${x}' -o "$T/three"
says "a URL of another kind" 2 "the base URL 'tftp://a/' begins neither with 'http://' nor with 'https://'" \
	lk build packet-arm64 "$T/box.yml" --base-url tftp://a/ -o "$T/three"
says "a URL that nobody needs" 2 "a base URL is for the format 'pxe', which is not made" \
	lk build packet-arm64 "$T/box.yml" -f tar --base-url http://a/ -o "$T/three"
sed 's/quiet/${net0\/mac}/' "$T/box.yml" > "$T/bad.yml"
says "a command line that iPXE would change" 3 "bad.yml:2:3: in an iPXE script the word '\${net0/mac}'" \
	lk build packet-arm64 "$T/bad.yml" -o "$T/three"
check "none of them leaves anything" [ ! -e "$T/three" ]
# What QEMU would serve: the directory's files under names of its own, and nothing is left of it.
mkdir "$T/bin" "$T/empty" "$T/tmp"
cat > "$T/bin/qemu-system-x86_64" << 'EOS'
#!/bin/sh
for a; do
	case $a in user,*,tftp=*,bootfile=*) d=${a#*,tftp=} file=${a#*,bootfile=} ;; esac
done
d=${d%%,*}
cat "$d/${file%%,*}" > "$SAW/script"
cat "$d/kernel" > "$SAW/kernel"
cat "$d/initrd" > "$SAW/initrd"
echo "$*" | grep -o 'serial.*' | sed "s|$d|DIR|"
EOS
chmod +x "$T/bin/qemu-system-x86_64"
mkdir "$T/saw"
same "run gives QEMU a network to boot from" "serial null -chardev stdio,id=console,signal=off -serial chardev:console \
-netdev user,id=net0,tftp=DIR,bootfile=boot.ipxe,hostfwd=tcp::2222-:22 -device virtio-net-pci,netdev=net0 -boot n" \
	"$(SAW=$T/saw PATH=$T/bin:$PATH TMPDIR=$T/tmp lk run --hostfwd tcp::2222-:22 "$T/one/pc-pxe" < /dev/null)"
for f in pc.ipxe:script kernel:kernel initrd:initrd; do
	check "which serves the directory's ${f%:*}" cmp "$T/one/pc-pxe/${f%:*}" "$T/saw/${f#*:}"
done
same "of which nothing is left" "" "$(ls "$T/tmp")"
says "a directory without a script" 3 "the directory '$T/empty' holds no iPXE script" lk run "$T/empty"
touch "$T/empty/b.ipxe" "$T/empty/a.ipxe"
says "a directory with two" 3 "holds the scripts 'a.ipxe' and 'b.ipxe'" lk run "$T/empty"
says "a script that nothing is beside" 4 "cannot find '$T/empty/kernel'" lk run --board packet-x86 "$T/empty/a.ipxe"
says "a script whose board nobody knows" 2 "no build.json beside '$T/empty/a.ipxe' says which board" lk run "$T/empty/a.ipxe"
says "a board that boots from a card" 2 "board 'rpi3' does not boot from the network in QEMU" \
	lk run --board rpi3 "$T/one/pc-pxe"
if [ -e /dev/kvm ] || [ "$(uname -m)" != x86_64 ]; then
	skip "KVM that is not there" "this is no x86 machine without it"
else
	says "KVM that is not there" 2 "this machine has no KVM: '/dev/kvm' is not there" lk run --kvm "$T/one/pc-pxe"
	says "KVM for another architecture" 2 "KVM on this machine (x86_64) cannot run board 'packet-arm64' (arm64)" \
		lk run --kvm "$T/one/box-kernel"
fi
says "a plan's name is no board's" 2 "machines of that name are the board 'packet-x86'" lk boards t1.small.x86
finish
