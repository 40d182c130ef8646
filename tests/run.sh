#!/bin/sh
# Runs groups of tests and closes with "N passed, N failed, N skipped".
#   tests/run.sh GROUP...     groups: lint unit replay cli long boot, long = what is called
#                             NAME-long.sh in tests/cli, fast = the boots that are not, and check =
#                             lint unit replay cli fast
# Every test program speaks TAP on stdout; its whole output is kept in $O/tests/log/.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${O:=out}"
export O
log=$O/tests/log
mkdir -p "$log"
rm -f "$log"/*.log
export CMOCKA_MESSAGE_OUTPUT=TAP LC_ALL=C TZ=UTC

# What a group holds, a line a program.
list() {
	case $1 in
	unit) ls "$O"/tests/unit/test_* 2>/dev/null | grep -v '\.[a-z]*$' ;;
	replay) ls "$O"/tests/replay/fuzz_* 2>/dev/null | grep -v '\.[a-z]*$' ;;
	lint) ls tests/lint/*.sh ;;
	cli) ls tests/cli/*.sh | grep -v -- -long.sh ;;
	long) ls tests/cli/*-long.sh ;;
	fast) ls tests/boot/*.sh | grep -v -- -long.sh ;;
	boot) ls tests/boot/*.sh ;;
	*) echo "tests/run.sh: no group '$1'" >&2; exit 2 ;;
	esac
}

run_one() {
	name=$(basename "$1" .sh)
	case $1 in
	*/replay/*) set -- "$1" "tests/fuzz/corpus/${name#fuzz_}" ;;
	esac
	"$@" > "$log/$name.log" 2> "$log/$name.err.log" < /dev/null
	code=$?
	awk -v name="$name" -v code="$code" '
		/^[ \t]*(not )?ok / && /# *[Ss][Kk][Ii][Pp]/ { skipped++; why = why "\n    skipped: " $0; next }
		/^[ \t]*ok / { passed++ }
		/^[ \t]*not ok / { failed++; why = why "\n    " $0 }
		END {
			if (code != 0 && !failed) { failed++; why = why "\n    ended with code " code }
			if (!passed && !failed && !skipped) { failed++; why = why "\n    ran no test" }
			printf "%-28s %d passed, %d failed, %d skipped%s\n", name, passed, failed, skipped, why
			exit failed > 0
		}' "$log/$name.log" > "$log/$name.sum"
	bad=$?
	tee -a "$log/summary.log" < "$log/$name.sum"
	[ $bad = 0 ] || {
		grep '^#' "$log/$name.log" | head -n 20
		grep -v '^$' "$log/$name.err.log" | tail -n 20
	} | sed 's/^/    | /'
}

: > "$log/summary.log"
for group in "$@"; do
	case $group in
	check) groups="lint unit replay cli fast" ;;
	*) groups=$group ;;
	esac
	for g in $groups; do
		programs=$(list "$g") || exit 2
		for program in $programs; do
			run_one "$program"
		done
	done
done
awk '/ passed, [0-9]+ failed, [0-9]+ skipped$/ {
		for (i = 2; i <= NF; i++) {
			if ($i == "passed,") p += $(i - 1)
			if ($i == "failed,") f += $(i - 1)
			if ($i == "skipped") s += $(i - 1)
		}
	}
	END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0 }' "$log/summary.log"
