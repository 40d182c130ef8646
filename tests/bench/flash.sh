#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# flash.sh: a 2 GiB image of which a quarter is data, zst, onto loop devices that take 100 MB/s: lkboard
# (written and verified) against what the device allows (bytes to store / 100 MB/s, and reading them back cold
# as fast as dd reads them), beside bmaptool (written only). CPU seconds, peak memory; a second image that
# differs in a hundredth; four targets at once. Needs root and 8 GB of /dev/shm. Fails if a promise is broken.
set -eu

O=$(cd "${O:-out}" && pwd)
ROUNDS=${ROUNDS:-3}
rate=100000000
times_max=1.1 cpu_max=1.9 rss_max=64 second_max=2 four_max=1.2
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C TZ=UTC

nothing() {
	echo "flash.sh: $1, nothing measured"
	exit 0
}
[ "$(id -u)" = 0 ] || nothing "it needs root"
group=/sys/fs/cgroup/blkio/lkboard-bench
[ -e /sys/fs/cgroup/blkio/blkio.throttle.write_bps_device ] || nothing "there is no blkio of cgroups v1"
[ -e /dev/loop-control ] || nothing "there are no loop devices"
[ "$(df --output=avail -B1M /dev/shm | tail -n 1)" -gt 8000 ] || nothing "/dev/shm is too small"
[ -x /usr/bin/time ] || nothing "time is not installed"
[ -x "$O/tests/fault/mkmap" ] || { echo "flash.sh: make $O/tests/fault/mkmap" >&2; exit 2; }

dir=$(mktemp -d /dev/shm/lkboard-bench.XXXXXX)
loops=()
stop() {
	for l in "${loops[@]}"; do losetup -d "$l" 2> /dev/null || true; done
	rmdir "$group" 2> /dev/null || true
	rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM
export XDG_STATE_HOME=$dir/state
top=$PWD
cd "$dir"

# --- the images: the same bytes every time --------------------------------------------------------

make_images() {
	PATH=/usr/bin:$PATH python3 - <<-'EOF'
	import os, random
	r = random.Random(1)
	words = [r.randbytes(r.randint(3, 9)) for _ in range(4096)]
	def put(path, size):
	    # Like programs: a part that cannot be made smaller, and a part that can.
	    os.makedirs(os.path.dirname(path), exist_ok=True)
	    text = b"".join(r.choices(words, k=size // 6))[:size * 5 // 8]
	    noise = r.randbytes(size - len(text))
	    with open(path, "wb") as f:
	        for i in range(0, len(noise), 1 << 16):
	            f.write(noise[i:i + (1 << 16)])
	            f.write(text[i * 5 // 3:(i + (1 << 16)) * 5 // 3])
	for i in range(10):
	    put(f"boot/file{i}", 2 << 20)
	for i in range(230):
	    put(f"root/dir{i % 12}/file{i}", (2 << 20) + i * 500)
	EOF
	truncate -s 255M boot.part
	mkfs.fat -F 32 --invariant boot.part > mkfs.log
	mcopy -i boot.part boot/* ::
	truncate -s 1792M root.part
	mke2fs -q -F -t ext4 -d root root.part
	rm -rf boot root
	truncate -s 2G one.img
	printf 'start=1M,size=255M,type=c\nstart=256M,size=1792M,type=83\n' | sfdisk -q one.img
	dd if=boot.part of=one.img bs=1M seek=1 conv=sparse,notrunc status=none
	dd if=root.part of=one.img bs=1M seek=256 conv=sparse,notrunc status=none
	rm boot.part root.part
	# The other one: a hundredth of the data is new, in pieces of 256 KiB, wherever they fall.
	cp --sparse=always one.img two.img
	data=$(($(stat -c %b one.img) * 512))
	PATH=/usr/bin:$PATH python3 - "$data" <<-'EOF'
	import os, random, sys
	r, piece = random.Random(2), 1 << 18
	left = int(sys.argv[1]) // 100
	f = os.open("two.img", os.O_RDWR)
	def is_data(at):
	    try:
	        return os.lseek(f, at, os.SEEK_DATA) == at and os.lseek(f, at, os.SEEK_HOLE) >= at + piece
	    except OSError: # no data behind it
	        return False
	while left > 0:
	    at = r.randrange(300 << 20, 2000 << 20) // 4096 * 4096
	    if is_data(at):
	        os.pwrite(f, r.randbytes(piece), at)
	        left -= piece
	EOF
	for name in one two; do
		"$O/tests/fault/mkmap" free $name.img 1:256:65280:boot 2:65536:458752:root > $name.map
		zstd -q -12 $name.img -o $name.img.zst
	done
	bmaptool -q create -o one.bmap one.img
}

# --- throttled targets ------------------------------------------------------------------------------

new_loop() { # number: an empty disk of 2 GiB in loops[number]
	rm -f "disk$1"
	truncate -s 2G "disk$1"
	loops[$1]=$(losetup -f --show --direct-io=on "disk$1" 2> losetup.log || losetup -f --show "disk$1")
	echo "$(cat "/sys/block/${loops[$1]#/dev/}/dev") $rate" > "$group/blkio.throttle.write_bps_device"
}
end_loop() {
	losetup -d "${loops[$1]}"
	unset "loops[$1]"
}

# measure command...: sets wall, cpu, mib of the command, which runs in the group
measure() {
	(
		echo $BASHPID > "$group/cgroup.procs"
		exec /usr/bin/time -f '%e %U %S %M' -o time "$@"
	) > said 2>&1 || { cat said >&2; return 1; }
	read -r wall cpu mib < <(tail -n 1 time | awk '{ printf "%.2f %.2f %.0f\n", $1, $2 + $3, $4 / 1024 }')
}

flash() { # image device...
	local name=$1
	shift
	measure "$O/lkboard" --progress none flash --yes --fixed --map "$name.map" "$name.img.zst" "$@"
}

written() { awk '{ print $7 * 512 }' "/sys/block/${1#/dev/}/stat"; }
middle() { sort -n | sed -n "$(((ROUNDS + 1) / 2))p"; }

make_images
mkdir -p "$group"
store=$(awk '$1 == "data" || $1 == "zero" { n += $3 } END { print n * 4096 }' one.map)

: > lkboard.runs
: > bmaptool.runs
: > reads
: > four.runs
for _ in $(seq "$ROUNDS"); do
	new_loop 0
	flash one "${loops[0]}"
	echo "$wall $cpu $mib" >> lkboard.runs
	# As much as has to be read back, from where it is: the holes of the disk cost nothing.
	dd if="${loops[0]}" of=/dev/null bs=1M iflag=direct skip=256 count=430 2> dd.log
	awk '/copied/ { for (i = 1; i < NF; i++) if ($i == "copied,") print $1 / $(i + 1) }' dd.log >> reads
	if [ ! -e second ]; then
		before=$(written "${loops[0]}")
		flash two "${loops[0]}"
		echo "$(($(written "${loops[0]}") - before)) $wall $cpu" > second
	fi
	end_loop 0
	if command -v bmaptool > which.log; then
		new_loop 0
		measure bmaptool -q copy --bmap one.bmap one.img.zst "${loops[0]}"
		echo "$wall $cpu $mib" >> bmaptool.runs
		end_loop 0
	fi
	for i in 0 1 2 3; do new_loop $i; done
	flash one "${loops[@]}"
	echo "$wall $cpu $mib" >> four.runs
	for i in 0 1 2 3; do end_loop $i; done
done

awk -v l="$(middle < lkboard.runs)" -v b="$(middle < bmaptool.runs)" -v f="$(middle < four.runs)" \
	-v s="$(cat second)" -v r="$(middle < reads)" -v store="$store" -v rate=$rate \
	-v times_max=$times_max -v cpu_max=$cpu_max -v rss_max=$rss_max -v second_max=$second_max \
	-v four_max=$four_max 'BEGIN {
	split(l, L); split(b, B); split(f, F); split(s, S)
	write = store / rate; back = store / r; limit = write + back
	printf "%.1f MB of 2 GiB to store: %.2f s at 100 MB/s, and %.2f s to read back at %.0f MB/s\n",
		store / 1e6, write, back, r / 1e6
	printf "%-40s %8s %8s %8s %9s\n", "2 GiB, a quarter data, zst", "wall s", "CPU-s", "MiB", "of limit"
	row = "%-40s %8.2f %8.2f %8d %9.2f\n"
	printf row, "lkboard, written and verified", L[1], L[2], L[3], L[1] / limit
	if (B[1])
		printf row, "bmaptool, written (limit: written)", B[1], B[2], B[3], B[1] / write
	printf row, "lkboard, four targets", F[1], F[2], F[3], F[1] / limit
	printf "%-40s %8.2f %8.2f\n", "lkboard, another image, 1 % is new", S[2], S[3]
	printf "  %.1f MB written, %.2f %% of what is to be stored\n", S[1] / 1e6, 100 * S[1] / store
	if (L[1] / limit > times_max) { printf "more than %s times the limit\n", times_max; bad = 1 }
	if (L[2] > cpu_max) { printf "more than %s CPU-s\n", cpu_max; bad = 1 }
	if (L[3] > rss_max) { printf "more than %s MiB\n", rss_max; bad = 1 }
	if (100 * S[1] / store > second_max) { printf "the second writes more than %s %%\n", second_max; bad = 1 }
	if (F[1] / L[1] > four_max) { printf "four targets take %.2f times one\n", F[1] / L[1]; bad = 1 }
	exit bad
}'
