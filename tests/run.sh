#!/bin/sh
# Runs groups of tests and closes with "N passed, N failed, N skipped".
#   tests/run.sh GROUP...     groups: lint unit replay cli long formats boot, long = what is called
#                             NAME-long.sh in tests/cli, fast = the boots that are not, formats =
#                             the boots of every format, and check = lint unit replay cli fast
# Every test program speaks TAP on stdout; its whole output is kept in $O/tests/log/. Boots, which
# wait for emulated machines and not for each other, are run $JOBS at a time.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${O:=out}" "${JOBS:=2}"
export O
log=$O/tests/log
export CMOCKA_MESSAGE_OUTPUT=TAP LC_ALL=C TZ=UTC

# Boots that take long come first, so that none is left alone at the end.
formats="vdisks-long disks-long isos-long pxe-long images tftp-long card-tar-long hello ram u-boot"

boots() {
	for name in $formats; do
		echo "tests/boot/$name.sh"
	done
}

# What a group holds, a line a program.
list() {
	case $1 in
	unit) ls "$O"/tests/unit/test_* 2>/dev/null | grep -v '\.[a-z]*$' ;;
	replay) ls "$O"/tests/replay/fuzz_* 2>/dev/null | grep -v '\.[a-z]*$' ;;
	lint) ls tests/lint/*.sh ;;
	cli) ls tests/cli/*.sh | grep -v -- -long.sh ;;
	long) ls tests/cli/*-long.sh ;;
	fast) boots | grep -v -- -long.sh ;;
	formats) boots ;;
	boot) boots; ls tests/boot/*.sh | grep -vxF "$(boots)" ;;
	*) echo "tests/run.sh: no group '$1'" >&2; exit 2 ;;
	esac
}

run_one() {
	name=$(basename "$1" .sh)
	case $1 in
	*/replay/*) set -- "$1" "tests/fuzz/corpus/${name#fuzz_}" ;;
	esac
	began=$(date +%s)
	"$@" > "$log/$name.log" 2> "$log/$name.err.log" < /dev/null
	code=$?
	awk -v name="$name" -v code="$code" -v took=$(($(date +%s) - began)) '
		/^[ \t]*(not )?ok / && /# *[Ss][Kk][Ii][Pp]/ { skipped++; why = why "\n    skipped: " $0; next }
		/^[ \t]*ok / { passed++ }
		/^[ \t]*not ok / { failed++; why = why "\n    " $0 }
		END {
			if (code != 0 && !failed) { failed++; why = why "\n    ended with code " code }
			if (!passed && !failed && !skipped) { failed++; why = why "\n    ran no test" }
			printf "%-28s %d passed, %d failed, %d skipped, %d s%s\n", name, passed, failed, skipped, took, why
			exit failed > 0
		}' "$log/$name.log" > "$log/$name.sum"
	bad=$?
	cat "$log/$name.sum"
	[ $bad = 0 ] || {
		grep '^#' "$log/$name.log" | head -n 20
		grep -v '^$' "$log/$name.err.log" | tail -n 20
	} | sed 's/^/    | /'
}

# One program, for xargs below: what is said about it comes in one piece.
if [ "${1:-}" = --one ]; then
	said=$(run_one "$2")
	exec flock "$log/lock" sh -c 'echo "$1"; cat "$2" >> "$3"' - "$said" \
		"$log/$(basename "$2" .sh).sum" "$log/summary.log"
fi

mkdir -p "$log"
rm -f "$log"/*.log
: > "$log/summary.log"
for group in "$@"; do
	case $group in
	check) groups="lint unit replay cli fast" ;;
	*) groups=$group ;;
	esac
	for g in $groups; do
		case $g in
		fast | formats | boot) jobs=$JOBS ;;
		*) jobs=1 ;;
		esac
		programs=$(list "$g") || exit 2
		echo "$programs" | xargs -r -d '\n' -n 1 -P "$jobs" tests/run.sh --one
	done
done
awk '/ passed, [0-9]+ failed, [0-9]+ skipped, [0-9]+ s$/ {
		for (i = 2; i <= NF; i++) {
			if ($i == "passed,") p += $(i - 1)
			if ($i == "failed,") f += $(i - 1)
			if ($i == "skipped,") s += $(i - 1)
		}
	}
	END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0 }' "$log/summary.log"
