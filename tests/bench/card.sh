#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# card.sh [DIR]: a card from a 310 MB, 13,500-file tree, made by lkboard, by genimage, and by the best
# pipeline of single tools (mke2fs -d, mcopy, sha256sum, bmaptool), one after the other on the same
# input. Prints CPU seconds (user + system) and peak memory of each, and the ratios that the project
# promises. Fails if a promise is broken. DIR (default: a new one below $TMPDIR) needs 3 GB.
set -eu

O=${O:-out}
TREE_FILES=13500
TREE_BYTES=310000000
EPOCH=1700000000
ROUNDS=${ROUNDS:-3}

cpu_max=1.3 rss_max=150 genimage_min=5 pipeline_min=1.6

O=$(cd "$O" && pwd)
card=$O/tests/bench/bench_card
[ -x "$card" ] || { echo "card.sh: '$card' is not there: make $O/tests/bench/bench_card" >&2; exit 2; }
for tool in genimage mke2fs mkfs.vfat mcopy bmaptool sfdisk; do
	PATH=$PATH:/usr/sbin:/sbin command -v $tool >/dev/null ||
		{ echo "card.sh: '$tool' is not installed, nothing measured"; exit 0; }
done
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C TZ=UTC

if [ $# -gt 0 ]; then
	dir=$1
	mkdir -p "$dir"
else
	dir=$(mktemp -d "${TMPDIR:-/tmp}/lkboard-bench.XXXXXX")
	trap 'rm -rf "$dir"' EXIT
fi
cd "$dir"

# --- the input: the same bytes every time -------------------------------------------------------

make_tree() {
	python3 - "$TREE_FILES" "$TREE_BYTES" <<-'EOF'
	import os, random, sys
	files, total = int(sys.argv[1]), int(sys.argv[2])
	r = random.Random(1)
	# Like a root file system: most files small, half of the bytes in a few dozen large ones.
	sizes = [int(r.lognormvariate(7.9, 1.6)) + 1 for _ in range(files - 45)]
	sizes = [min(s, 900000) for s in sizes]
	large = [1.0 / (i + 2) for i in range(45)]
	rest = total - sum(sizes)
	sizes += [max(1000000, int(rest * x / sum(large))) for x in large]
	r.shuffle(sizes)
	dirs = [""]
	for i in range(3587):
	    dirs.append(os.path.join(r.choice(dirs[-200:]), "dir%04d" % i))
	for d in dirs:
	    os.makedirs(os.path.join("root", d))
	for i, size in enumerate(sizes):
	    with open(os.path.join("root", r.choice(dirs), "file-%05d.bin" % i), "wb") as f:
	        f.write(r.randbytes(size))
	for i in range(938):
	    os.symlink("file-%05d.bin" % i, os.path.join("root", r.choice(dirs), "link%03d" % i))
	os.makedirs("boot")
	for name, size in (("bootcode.bin", 52476), ("start.elf", 2979264), ("fixup.dat", 7269),
	           ("config.txt", 4096), ("u-boot.bin", 580000), ("boot.scr", 4900),
	           ("bcm2710-rpi-3-b.dtb", 32000), ("bcm2710-rpi-3-b-plus.dtb", 33000),
	           ("settings.env", 65536)):
	    with open(os.path.join("boot", name), "wb") as f:
	        f.write(r.randbytes(size))
	EOF
	find root boot -exec touch -hd @$EPOCH {} +
	tar --sort=name --owner=0 --group=0 --numeric-owner -C root -cf root.tar .
	tar --sort=name --owner=0 --group=0 --numeric-owner -C boot -cf boot.tar .
}

if [ ! -e boot.tar ]; then
	rm -rf root boot
	make_tree
fi
cat root.tar boot.tar root/*/* >/dev/null 2>&1 || true # warm the page cache

# --- the three ways -------------------------------------------------------------------------------

run_lkboard() {
	rm -f lkboard.img*
	"$card" root.tar boot.tar lkboard.img >/dev/null
}

run_genimage() {
	rm -rf tmp images
	cat >genimage.cfg <<-EOF
	image boot.vfat {
		vfat {
	$(cd boot && for f in *; do printf '\t\tfile %s { image = "%s" }\n' "\"$f\"" "$PWD/$f"; done)
		}
		size = 64M
	}
	image root.ext4 {
		ext4 { use-mke2fs = "true" }
		size = 512M
	}
	image card.img {
		hdimage { }
		partition boot { partition-type = 0xC bootable = "true" image = "boot.vfat" }
		partition root { partition-type = 0x83 image = "root.ext4" }
	}
	EOF
	genimage --config genimage.cfg --rootpath root --tmppath tmp --inputpath boot \
		--outputpath images >genimage.log 2>&1 || { cat genimage.log >&2; return 1; }
}

run_pipeline() {
	rm -f p1.img p2.img pipeline.img
	truncate -s 64M p1.img
	mkfs.vfat -F 32 -s 1 p1.img >/dev/null
	mcopy -i p1.img boot/* ::
	truncate -s 512M p2.img
	mke2fs -q -t ext4 -d root p2.img
	truncate -s 592M pipeline.img
	printf '16M,64M,c,*\n80M,512M,83\n' | sfdisk -q pipeline.img
	dd if=p1.img of=pipeline.img bs=1M seek=16 conv=sparse,notrunc status=none
	dd if=p2.img of=pipeline.img bs=1M seek=80 conv=sparse,notrunc status=none
	sha256sum pipeline.img >pipeline.img.sha256
	bmaptool create -o pipeline.img.bmap pipeline.img
}

# --- measuring ------------------------------------------------------------------------------------

# Prints "CPU-SECONDS PEAK-MIB" of a function of this script, run in a shell of its own.
measure() {
	python3 - "$1" <<-'EOF'
	import os, resource, subprocess, sys
	subprocess.run(["bash", "-eu", "-c", os.environ["WAYS"] + "\n" + sys.argv[1]], check=True)
	u = resource.getrusage(resource.RUSAGE_CHILDREN)
	print("%.2f %.0f" % (u.ru_utime + u.ru_stime, u.ru_maxrss / 1024))
	EOF
}

WAYS="card=$card; $(declare -f run_lkboard run_genimage run_pipeline)"
export WAYS

# In turns, so that all see the same machine; of each the round in the middle.
turns=$(for _ in $(seq "$ROUNDS"); do
	for way in run_lkboard run_genimage run_pipeline; do
		cost=$(measure $way) || exit 1
		echo "$way $cost"
	done
done)
middle() {
	echo "$turns" | awk -v way="$1" '$1 == way { print $2, $3 }' | sort -n |
		sed -n "$(((ROUNDS + 1) / 2))p"
}

lkboard=$(middle run_lkboard)
genimage=$(middle run_genimage)
pipeline=$(middle run_pipeline)

awk -v l="$lkboard" -v g="$genimage" -v p="$pipeline" -v cpu_max=$cpu_max -v rss_max=$rss_max \
	-v g_min=$genimage_min -v p_min=$pipeline_min 'BEGIN {
	split(l, L); split(g, G); split(p, P)
	printf "%-34s %10s %10s %8s\n", "card, 310 MB in 13,500 files", "CPU-s", "peak MiB", "times"
	printf "%-34s %10.2f %10d %8s\n", "lkboard", L[1], L[2], "1"
	printf "%-34s %10.2f %10d %8.1f\n", "genimage", G[1], G[2], G[1] / L[1]
	printf "%-34s %10.2f %10d %8.1f\n", "mke2fs+mcopy+sha256sum+bmaptool", P[1], P[2], P[1] / L[1]
	bad = 0
	if (L[1] > cpu_max) { printf "more than %s CPU-s\n", cpu_max; bad = 1 }
	if (L[2] > rss_max) { printf "more than %s MiB\n", rss_max; bad = 1 }
	if (G[1] / L[1] < g_min) { printf "less than %s times genimage\n", g_min; bad = 1 }
	if (P[1] / L[1] < p_min) { printf "less than %s times the pipeline\n", p_min; bad = 1 }
	exit bad
}'
