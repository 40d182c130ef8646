# Sourced by shell tests: TAP on stdout, a private directory that goes away, and how to call lkboard.
#
#	. tests/lib.sh
#	plan_is_open
#	check "what holds" command args...
#	finish
set -u
: "${O:=out}"
O=$(cd "$O" && pwd)
LKBOARD=$O/lkboard
TOP=$(pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/lkb-test.XXXXXX") || exit 1
tap_n=0
failed=0
# The store that tests share: packages are built once. Made by `make demo`, or by the first test.
STORE=${LKBOARD_TEST_STORE:-$O/store}

cleanup() {
	rm -rf "$T"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

ok() { # name
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1"
}

not_ok() { # name [detail file]
	tap_n=$((tap_n + 1))
	failed=1
	echo "not ok $tap_n - $1"
	[ -z "${2:-}" ] || sed 's/^/# /' "$2" | head -n 40
}

skip() { # name why
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

check() { # name command...
	what=$1
	shift
	if "$@" > "$T/check.out" 2>&1; then ok "$what"; else not_ok "$what" "$T/check.out"; fi
}

# same NAME EXPECTED ACTUAL: two strings
same() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		printf 'expected: %s\nactual:   %s\n' "$2" "$3" > "$T/same.out"
		not_ok "$1" "$T/same.out"
	fi
}

# golden NAME ACTUAL-FILE GOLDEN-FILE; LKBOARD_GOLDEN=update writes the golden file anew
golden() {
	if [ "${LKBOARD_GOLDEN:-}" = update ]; then
		cp "$2" "$3"
	fi
	if diff -u "$3" "$2" > "$T/golden.out" 2>&1; then ok "$1"; else not_ok "$1" "$T/golden.out"; fi
}

have() { # program
	command -v "$1" > /dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ]
}

finish() {
	echo "1..$tap_n"
	exit $failed
}
# Debian's own programs come first: they are what `make deps` installs, and what tests ask for.
PATH=/usr/bin:/bin:$PATH:/usr/sbin:/sbin
export PATH
