#!/bin/sh
# Runs every fuzzer of the build directory $1 for $FUZZ_SECONDS. A find is kept in DIR/finds.
set -u
dir=$1
mkdir -p "$dir/finds"
bad=0
for f in "$dir"/tests/fuzz/fuzz_*; do
	case $f in *.d) continue ;; esac
	name=$(basename "$f")
	corpus=tests/fuzz/corpus/${name#fuzz_}
	mkdir -p "$dir/corpus/$name"
	echo "== $name, ${FUZZ_SECONDS:=60} s"
	"$f" -max_total_time="$FUZZ_SECONDS" -rss_limit_mb=1024 -timeout=20 -print_final_stats=1 \
		-artifact_prefix="$dir/finds/$name-" "$dir/corpus/$name" "$corpus" \
		> "$dir/$name.log" 2>&1 || bad=1
	grep -E 'stat::number_of_executed|stat::peak_rss|SUMMARY' "$dir/$name.log"
done
exit $bad
