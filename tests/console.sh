# Sourced by boot tests: a booted artifact whose console can be read and typed to.
#
#	boot CARD SECONDS [options of lkboard run]    starts it in the background, console in $T/console
#	wait_for TEXT SECONDS                          0 when the console showed it
#	type_line TEXT                                 types it, with a newline
#	wait_end SECONDS                               waits for the guest to end by itself; its exit code

boot() {
	card=$1
	seconds=$2
	shift 2
	rm -f "$T/keys"
	mkfifo "$T/keys"
	: > "$T/console"
	"$LKBOARD" --progress none run --timeout "$seconds" "$@" "$card" \
		< "$T/keys" > "$T/console" 2> "$T/run.err" &
	guest=$!
	# Held open, so that the guest's input does not end after the first line.
	exec 9> "$T/keys"
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
		[ "$left" -gt 0 ] || { kill "$guest"; wait "$guest"; return 9; }
		left=$((left - 1))
		sleep 1
	done
	exec 9>&-
	wait "$guest"
}

# The last words of the console, for a failed test.
console_tail() {
	tail -n 60 "$T/console" | tr -d '\r' | sed 's/^/# /'
	sed 's/^/# run: /' "$T/run.err"
}
