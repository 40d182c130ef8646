#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# pull.sh STORE [DIR]: an image of five gzip layers, some 230 MB, from a registry on loopback to one
# flattened tree: lkboard beside skopeo + umoci, one after the other. CPU seconds (user + system) and peak
# memory, without the registry's own; of three rounds the one in the middle. Fails if a promise is broken.
# DIR (default: a new one) keeps the image, which takes a minute to make, and needs 3 GB.
set -eu

O=${O:-out}
ROUNDS=${ROUNDS:-3}
cpu_max=3.0 rss_max=150 peers_min=2.3

O=$(cd "$O" && pwd)
top=$(pwd)
store=$(cd "$1" && pwd)
for tool in docker-registry skopeo umoci; do
	command -v $tool > /dev/null || { echo "pull.sh: '$tool' is not installed, nothing measured"; exit 0; }
done
if [ $# -gt 1 ]; then
	dir=$2
	mkdir -p "$dir"
else
	dir=$(mktemp -d "${TMPDIR:-/tmp}/lkboard-bench.XXXXXX")
fi
cd "$dir"
registry=
stop() {
	[ -z "$registry" ] || kill "$registry" 2> /dev/null || true
	[ $# -gt 1 ] || rm -rf "$dir"
}
trap 'stop "$@"' EXIT
export LC_ALL=C TZ=UTC

[ -e image/oci-layout ] || { rm -rf image; python3 "$top/tests/bench/image.py" "$store" image; }

# A port that is free now; the registry says if it is not.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
host=127.0.0.1:$port
cat > registry.yml << EOF
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $dir/registry}}
http: {addr: "$host"}
EOF
docker-registry serve registry.yml > registry.log 2>&1 &
registry=$!
for _ in $(seq 50); do
	curl -sf "http://$host/v2/" > /dev/null && break
	sleep 0.2
done
skopeo --insecure-policy copy -q --dest-tls-verify=false oci:image:bench "docker://$host/bench:1"

run_lkboard() {
	rm -rf own flat.tar
	$O/lkboard -q --store own cache pull "$host/bench:1" > /dev/null
	$O/tests/bench/bench_flatten own "$host/bench:1" flat.tar
}
run_peers() {
	rm -rf layout flat
	skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$host/bench:1" oci:layout:bench
	umoci raw unpack $rootless --image layout:bench flat > /dev/null 2>&1
}

# Prints "CPU-SECONDS PEAK-MIB" of a function of this script, run in a shell of its own.
measure() {
	python3 - "$1" <<-'EOF'
	import os, resource, subprocess, sys
	subprocess.run(["bash", "-eu", "-c", os.environ["WAYS"] + "\n" + sys.argv[1]], check=True)
	u = resource.getrusage(resource.RUSAGE_CHILDREN)
	print("%.2f %.0f" % (u.ru_utime + u.ru_stime, u.ru_maxrss / 1024))
	EOF
}
rootless=
[ "$(id -u)" = 0 ] || rootless=--rootless
WAYS="O=$O; host=$host; rootless=$rootless; $(declare -f run_lkboard run_peers)"
export WAYS

ways="run_lkboard run_peers"
"$O/lkboard" cache pull --help > /dev/null 2>&1 || {
	echo "pull.sh: this lkboard has no 'cache pull'; the others only"
	ways=run_peers
}
turns=$(for _ in $(seq "$ROUNDS"); do
	for way in $ways; do
		cost=$(measure $way) || exit 1
		echo "$way $cost"
	done
done)
middle() {
	echo "$turns" | awk -v way="$1" '$1 == way { print $2, $3 }' | sort -n |
		sed -n "$(((ROUNDS + 1) / 2))p"
}

awk -v l="$(middle run_lkboard)" -v p="$(middle run_peers)" -v cpu_max=$cpu_max -v rss_max=$rss_max \
	-v p_min=$peers_min 'BEGIN {
	n = split(l, L); split(p, P)
	printf "%-34s %10s %10s %8s\n", "pull and flatten, five layers", "CPU-s", "peak MiB", "times"
	if (n)
		printf "%-34s %10.2f %10d %8s\n", "lkboard", L[1], L[2], "1"
	printf "%-34s %10.2f %10d %8s\n", "skopeo + umoci", P[1], P[2], n ? sprintf("%.1f", P[1] / L[1]) : "-"
	if (!n)
		exit 0
	bad = 0
	if (L[1] > cpu_max) { printf "more than %s CPU-s\n", cpu_max; bad = 1 }
	if (L[2] > rss_max) { printf "more than %s MiB\n", rss_max; bad = 1 }
	if (P[1] / L[1] < p_min) { printf "less than %s times skopeo + umoci\n", p_min; bad = 1 }
	exit bad
}'
