#!/bin/sh
# Figures that the issues promise: CPU seconds, peak memory, and ratios of one run. Never a test: machines
# are noisy. Each row is the best of three.
. tests/lib.sh
runs=${BENCH_RUNS:-3}

# cost LABEL command...: prints and keeps (in $T/cost) wall, CPU seconds and MiB of the best run
cost() {
	label=$1
	shift
	i=0
	: > "$T/all"
	while [ $i -lt "$runs" ]; do
		/usr/bin/time -f '%e %U %S %M' -o "$T/time" "$@" > "$T/bench.out" 2>&1 || {
			echo "$label: failed"
			tail -n 3 "$T/bench.out"
			return 1
		}
		tail -n 1 "$T/time" >> "$T/all"
		i=$((i + 1))
	done
	awk '{ cpu = $2 + $3 } NR == 1 || cpu < best { best = cpu; wall = $1; mib = $4 / 1024 }
		END { printf "%.2f %.2f %.0f\n", wall, best, mib }' "$T/all" > "$T/cost"
	read -r wall cpu mib < "$T/cost"
	printf '%-44s %7s s wall %7s CPU-s %6s MiB\n' "$label" "$wall" "$cpu" "$mib"
}

"$LKBOARD" -q --store "$STORE" build rpi3 configs/specs/hello.yml -o "$T" > /dev/null
cost "build rpi3 hello.yml, again" "$LKBOARD" -q --store "$STORE" build rpi3 configs/specs/hello.yml -o "$T"
awk 'BEGIN { print "services:"
	for (i = 0; i < 10000; i++)
		printf "- name: service-%d\n  image: nginx:%d\n  binds: [\"/var/lib/data:/data\"]\n" \
			"  uid: service-%d\n  env: [A=b]\n", i, i, 9999 - i }' > "$T/services.yml"
cost "check a spec of 1 MB, 10,000 services" "$LKBOARD" check "$T/services.yml"
echo "== an initrd from the store"
bash tests/bench/initrd.sh "$STORE"
echo "== an image from a registry, beside other tools"
bash tests/bench/pull.sh "$STORE"
echo "== a card from a 310 MB, 13,500-file tree, beside other tools"
bash tests/bench/card.sh
echo "== a card written and verified, beside bmaptool"
bash tests/bench/flash.sh
