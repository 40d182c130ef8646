# Sourced by boot tests, after lib.sh: a booted artifact whose console can be read and typed to. A
# guest that still runs when the test ends is ended with it.
#
#	boot FILE SECONDS [options of lkboard run]    starts it in the background, console in $T/console;
#	                                               $qemu_args are QEMU's own, each a word
#	wait_for TEXT SECONDS                          0 when the console showed it
#	type_line TEXT                                 types it, with a newline
#	wait_end SECONDS                               waits for the guest to end by itself; its exit code
#	stop_guest                                     ends it now
#	log                                            the console without carriage returns
#	seconds NAME                                   says as a comment how long after boot NAME was seen

guest=
keep_keys=
qemu_args=

boot() {
	artifact=$1
	limit=$2
	shift 2
	rm -f "$T/keys"
	mkfifo "$T/keys"
	: > "$T/console"
	# shellcheck disable=SC2086
	"$LKBOARD" --progress none run --timeout "$limit" "$@" "$artifact" ${qemu_args:+-- $qemu_args} \
		< "$T/keys" > "$T/console" 2> "$T/run.err" &
	guest=$!
	booted=$(date +%s)
	# Held open, so that the guest's input does not end after the first line; for reading too, so that
	# typing to a guest that has ended is no end of the test.
	exec 9<> "$T/keys"
}

wait_for() {
	left=$2
	while ! grep -aqF -- "$1" "$T/console"; do
		[ "$left" -gt 0 ] && kill -0 "$guest" 2> /dev/null || {
			grep -aqF -- "$1" "$T/console"
			return
		}
		left=$((left - 1))
		sleep 1
	done
}

type_line() {
	printf '%s\n' "$1" >&9
}

wait_end() {
	left=$1
	while kill -0 "$guest" 2> /dev/null; do
		[ "$left" -gt 0 ] || { stop_guest; return 9; }
		left=$((left - 1))
		sleep 1
	done
	exec 9>&-
	wait "$guest"
	code=$?
	guest=
	return $code
}

stop_guest() {
	[ -n "$guest" ] || return 0
	kill "$guest" 2> /dev/null
	wait "$guest" 2> /dev/null
	exec 9>&-
	guest=
}
trap 'stop_guest; cleanup' EXIT

log() {
	tr -d '\r' < "$T/console"
}

seconds() {
	echo "# $1 after $(($(date +%s) - booted)) s"
}

# The last words of the console, for a failed test.
console_tail() {
	tail -n 60 "$T/console" | tr -d '\r' | sed 's/^/# /'
	sed 's/^/# run: /' "$T/run.err"
}

# boot_test_needs PROGRAM PACKAGE...: skips the whole script where one is missing
boot_test_needs() {
	while [ $# -gt 0 ]; do
		if ! have "$1"; then
			skip "$(basename "$0" .sh)" "$1 ($2) is not installed"
			finish
		fi
		shift 2
	done
}

# partition CARD N start|size: bytes
partition() {
	sfdisk --json "$1" 2> /dev/null | python3 -c 'import json, sys
p = json.load(sys.stdin)["partitiontable"]["partitions"][int(sys.argv[1]) - 1]
print(p[sys.argv[2]] * 512)' "$2" "$3"
}

# slot_file CARD PATH TARGET: reads a file of slot A, as debugfs sees it
slot_file() {
	debugfs -R "dump $2 $3" "$1?offset=$(partition "$1" 2 start)" 2>&1 | grep -v ^debugfs
	[ -s "$3" ]
}

# flip FILE OFFSET: turns one bit round
flip() {
	python3 -c 'import sys
f = open(sys.argv[1], "r+b")
f.seek(int(sys.argv[2]))
b = f.read(1)[0]
f.seek(int(sys.argv[2]))
f.write(bytes([b ^ 1]))' "$1" "$2"
}

# place CARD PATH BLOCK: where the file's data block of that number (from 0) stands on the card, slot A
place() {
	slot=$(partition "$1" 2 start)
	block=$(debugfs -R "blocks $2" "$1?offset=$slot" 2> /dev/null | tr ' ' '\n' | grep . |
		sed -n "$(($3 + 1))p")
	[ -n "$block" ] && echo $((slot + block * 4096))
}

# The shell on the console, once it reads: what is typed before is thrown away when it opens the terminal.
shell_ready() {
	wait_for "Enter 'help' for a list" "$1" && sleep 1
}
