#!/bin/sh
# Runs the fuzzers of the build directory $1, or those of them that are named behind it (tar spec ...),
# FUZZ_SECONDS each, FUZZ_JOBS at a time. What a run found interesting stays in DIR/corpus/TARGET, and
# the next one goes on from there; what made a target fail is in DIR/finds. Ends with 1 and its path if
# there is such a thing.
set -u
dir=$1
shift
: "${FUZZ_SECONDS:=60}" "${FUZZ_JOBS:=1}"
export FUZZ_SECONDS dir

[ $# -gt 0 ] || set -- $(ls "$dir"/tests/fuzz/ | grep -v '\.d$' | sed -n 's/^fuzz_//p')

# As found, without the target's long log.
summary() {
	awk -v name="$1" '
		/cov: [0-9]/ {
			for (i = 1; i < NF; i++) {
				if ($i == "cov:") cov = $(i + 1)
				if ($i == "corp:") { corpus = $(i + 1); sub("/.*", "", corpus) }
			}
		}
		/stat::number_of_executed_units/ { runs = $2 }
		/stat::peak_rss_mb/ { rss = $2 }
		END { printf "%-12s %10s runs %6s edges %5s inputs %5s MiB\n", name, runs, cov, corpus, rss }
	' "$dir/log/$1.log"
}

one() {
	corpus=tests/fuzz/corpus/$1
	dict=tests/fuzz/dict/$1.dict
	mkdir -p "$dir/corpus/$1" "$dir/finds" "$dir/log"
	"$dir/tests/fuzz/fuzz_$1" -max_total_time="$FUZZ_SECONDS" -rss_limit_mb=1024 -timeout=20 \
		-print_final_stats=1 ${dict:+$([ -f "$dict" ] && echo "-dict=$dict")} \
		-artifact_prefix="$dir/finds/$1-" "$dir/corpus/$1" "$corpus" \
		> "$dir/log/$1.log" 2>&1
	code=$?
	summary "$1"
	[ $code = 0 ] || {
		echo "$1: found $(sed -n 's/.*Test unit written to //p' "$dir/log/$1.log"); log: $dir/log/$1.log"
		return 1
	}
}

if [ "${FUZZ_ONE:-}" ]; then
	one "$1"
	exit
fi
FUZZ_ONE=1
export FUZZ_ONE
printf '%s\n' "$@" | xargs -n 1 -P "$FUZZ_JOBS" "$0" "$dir" || exit 1
