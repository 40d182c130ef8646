#!/bin/sh
# What lkboard inherits from whoever starts it: closed files, ignored signals, an empty environment.
. tests/lib.sh

spec=configs/specs/minimal.yml
"$LKBOARD" check $spec > "$T/ok" 2>&1

"$LKBOARD" check $spec > "$T/out" 2> "$T/err" <&-
same "a closed standard input is nothing" "0 $(cat "$T/ok")" "$? $(cat "$T/out")"
"$LKBOARD" check $spec >&- 2> "$T/err"
same "a closed standard output is an error" 4 $?
"$LKBOARD" check $spec > "$T/out" 2>&- <&-
same "a closed standard error is nothing" "0 $(cat "$T/ok")" "$? $(cat "$T/out")"

# With 2 closed, the artifact must not become standard error and take our messages.
if have mcopy && [ -d "$STORE/blobs" ]; then
	"$LKBOARD" --store "$STORE" build rpi3 $spec -o "$T/a" > /dev/null 2>&1
	"$LKBOARD" --store "$STORE" build rpi3 $spec -o "$T/b" > /dev/null 2>&- <&-
	same "a build with closed files ends well" 0 $?
	check "and makes the same card" cmp "$T/a/minimal-rpi3.img" "$T/b/minimal-rpi3.img"
	rm -rf "$T/a" "$T/b"
	(ulimit -S -n 10; "$LKBOARD" --store "$STORE" plan rpi3 $spec) > "$T/out" 2>&1
	same "few open files by default are not few" 0 $?
	(ulimit -n 8; "$LKBOARD" --store "$STORE" plan rpi3 $spec) > "$T/out" 2>&1
	same "a limit that stands is said" "  hint: raise the limit on open files: 'ulimit -n 65536'" \
		"$(grep hint: "$T/out")"
else
	skip "a build with closed files" "there is no store yet, or mtools is not installed"
fi

env -i "$LKBOARD" build --help > "$T/out" 2>&1
same "help needs no environment" 0 $?
env -i "$LKBOARD" check $spec > "$T/out" 2>&1
same "check needs no place for a store" "0 $(cat "$T/ok")" "$? $(cat "$T/out")"
env -i "$LKBOARD" cache ls 2> "$T/err"
same "what needs a store says how to give one" "2 lkboard: there is no place for the store: HOME is not set
  hint: give --store DIR or set LKBOARD_STORE" "$? $(cat "$T/err")"

# How a signal is taken, asked while the process waits for its standard input.
taken() { # signal list [env...]: the bit of the signal in the list of /proc/PID/status
	signal=$1 list=$2
	shift 2
	mkfifo "$T/fifo" 2> /dev/null
	"$@" "$LKBOARD" check - < "$T/fifo" > /dev/null 2>&1 &
	pid=$!
	exec 9> "$T/fifo"
	i=0
	while [ $i -lt 100 ] && [ "$(readlink "/proc/$pid/exe")" != "$LKBOARD" ]; do
		i=$((i + 1))
		sleep 0.05
	done
	sleep 0.2
	mask=$(sed -n "s/^$list:[[:space:]]*//p" "/proc/$pid/status")
	exec 9>&-
	wait $pid
	echo $(((0x$mask >> (signal - 1)) & 1))
}
same "a hang-up is caught" 1 "$(taken 1 SigCgt env --default-signal=HUP)"
same "nohup stays nohup" 1 "$(trap '' HUP; taken 1 SigIgn)"
same "an ignored SIGCHLD hides no helper's end" 0 "$(trap '' CHLD; taken 17 SigIgn)"
same "a broken pipe is an error, not a death" 1 "$(taken 13 SigIgn)"
finish
