#!/bin/sh
# The command line itself: help, wrong words, exit codes, what goes to stdout and what to stderr.
. tests/lib.sh

run() { # command...; leaves $T/out, $T/err, $code
	"$LKBOARD" --store "$T/store" "$@" > "$T/out" 2> "$T/err"
	code=$?
}

# wrong NAME CODE "stderr" args...
wrong() {
	what=$1 want=$2 text=$3
	shift 3
	run "$@"
	same "$what: exit code" "$want" "$code"
	same "$what: message" "$text" "$(cat "$T/err")"
	same "$what: nothing on stdout" "" "$(cat "$T/out")"
}

run --help
golden "help" "$T/out" tests/golden/cli/help.txt
for c in build plan check boards 'pkg build' 'pkg lock' 'cache ls' 'cache pull' 'cache import' 'cache export' 'cache rm' 'cache prune' 'cache verify' push inspect run devices; do
	# shellcheck disable=SC2086
	run $c --help
	golden "help of $c" "$T/out" "tests/golden/cli/help-$(echo "$c" | tr ' ' -).txt"
done
run --version
same "version" "lkboard 0.1.0" "$(cat "$T/out")"

wrong "no command" 2 "lkboard: no command given
  hint: lkboard --help lists the commands"
wrong "unknown command" 2 "lkboard: unknown command 'biuld'
  hint: did you mean 'lkboard build'?" biuld
wrong "half a command" 2 "lkboard: 'pkg' needs a second word
  hint: there are 'lkboard pkg build', 'lkboard pkg lock'" pkg
wrong "unknown option" 2 "lkboard: unknown option '--formt'
  hint: did you mean '--format'?" build --formt sd rpi3 x.yml
wrong "too few operands" 2 "lkboard: 'build' needs more arguments: BOARD SPEC...
  hint: lkboard build --help says more" build rpi3
wrong "too many operands" 2 "lkboard: 'cache ls' has too many arguments: it takes none
  hint: lkboard cache ls --help says more" cache ls x
wrong "option without value" 2 "lkboard: '--out' needs a value: DIR" build rpi3 x.yml --out
wrong "no number" 2 "lkboard: '--timeout soon': not a number from 0 to 1000000" run --timeout soon x
wrong "unknown board" 2 "lkboard: there is no board 'rpi33'
  hint: did you mean 'rpi3'? boards: packet-arm64, packet-x86, qemu-arm64, qemu-x86, rpi3" build rpi33 configs/specs/hello.yml
wrong "missing spec" 4 "lkboard: cannot open 'nowhere.yml': No such file or directory" \
	build rpi3 nowhere.yml
wrong "bad name" 2 "lkboard: 'a b' is no name for artifacts
  hint: give one of at most 100 bytes, without blanks and slashes, with --name" build -n 'a b' rpi3 configs/specs/hello.yml

SOURCE_DATE_EPOCH=yesterday "$LKBOARD" --store "$T/store" plan rpi3 configs/specs/hello.yml 2> "$T/err"
same "a wrong SOURCE_DATE_EPOCH" "lkboard: SOURCE_DATE_EPOCH is 'yesterday', which is no number of seconds
  hint: unset it, or set it to seconds since 1970, at most 4294967295" "$(cat "$T/err")"

check "what comes with lkboard is valid" "$LKBOARD" check configs/boards/*.yml configs/packages/*.yml \
	configs/specs/*.yml configs/policies/*.yml
"$LKBOARD" --progress json check "$T/none.yml" 2> "$T/err"
check "errors are JSON lines with --progress json" python3 -c '
import json, sys
event = json.loads(open(sys.argv[1]).readline())
assert event["event"] == "error" and event["kind"] == "io" and event["message"], event' "$T/err"

"$LKBOARD" completion > "$T/completion"
check "the completion script is bash" bash -n "$T/completion"
same "completion knows the options of build" "--offline" "$(bash -c '
	. "$1"; COMP_WORDS=(lkboard build --off); COMP_CWORD=2; _lkboard; echo "${COMPREPLY[*]}"' - "$T/completion")"

"$LKBOARD" --help > /dev/full 2> "$T/err"
same "a full standard output is an error" 4 $?

# Every command and option of the tables is in the manual.
page=$(mandoc -T ascii docs/man/lkboard.1 2> /dev/null | sed 's/.\x08//g') || page=
if [ -n "$page" ]; then
	for c in tests/golden/cli/help-*.txt; do
		for o in $(sed -n 's/.* \(--[a-z0-9-]*\).*/\1/p' "$c" | sort -u); do
			case $page in
			*"$o"*) ok "lkboard(1) has $o of $(basename "$c")" ;;
			*) not_ok "lkboard(1) lacks $o of $(basename "$c")" ;;
			esac
		done
	done
else
	skip "lkboard(1) has every option" "mandoc is not installed"
fi
finish
