#!/bin/sh
# Builds that cannot end well: no half file under a final name, nothing left behind, the store stays
# valid, and every message says what to do.
. tests/lib.sh

"$LKBOARD" --progress none --store "$STORE" build rpi3 configs/specs/hello.yml -o "$T/good" > /dev/null ||
	not_ok "hello.yml builds"

build() { # directory; leaves $T/err and $code
	"$LKBOARD" --progress none --store "$STORE" build rpi3 configs/specs/hello.yml -o "$1" \
		> "$T/out" 2> "$T/err"
	code=$?
}

# A file-size limit stops the image in the middle, as a full disk does.
mkdir "$T/limit"
(
	ulimit -f 65536
	trap '' XFSZ
	build "$T/limit"
	exit "$code"
)
same "a file-size limit is an I/O error" 4 $?
same "and leaves nothing" "" "$(ls -A "$T/limit")"

if [ "$(id -u)" = 0 ] && mkdir "$T/small" && mount -t tmpfs -o size=64m tmpfs "$T/small" 2> /dev/null; then
	build "$T/small"
	same "a full disk is an I/O error" 4 "$code"
	check "the message says that there is no space" grep -q 'No space left on device' "$T/err"
	check "the hint says what to do" grep -q 'hint: make room' "$T/err"
	same "and nothing is left" "" "$(ls -A "$T/small")"
	umount "$T/small"
else
	skip "a full disk" "it needs root and a tmpfs"
fi

check "a directory that cannot be written is an I/O error" sh -c \
	"'$LKBOARD' --progress none --store '$STORE' build rpi3 configs/specs/hello.yml -o /proc/nowhere; [ \$? = 4 ]"

# SIGTERM in the middle: exit code 130, nothing behind. SIGKILL: the name stays free, the next run works.
for signal in TERM INT KILL; do
	mkdir "$T/$signal"
	for delay in 0.05 0.15 0.3 0.5; do
		rm -rf "$T/$signal/"* # one that was done before its signal came
		"$LKBOARD" --progress none --store "$STORE" build rpi3 configs/specs/hello.yml \
			-o "$T/$signal" > /dev/null 2>&1 &
		pid=$!
		sleep $delay
		kill -$signal $pid 2> /dev/null
		wait $pid
		code=$?
		case $signal:$code in
		*:0) continue ;; # it was done before
		TERM:130 | INT:130) same "after SIG$signal at $delay s nothing is left" "" "$(ls -A "$T/$signal")" ;;
		KILL:137) same "after SIGKILL at $delay s no file has its name" "" "$(ls "$T/$signal")" ;;
		*) not_ok "SIG$signal at $delay s ended with $code" ;;
		esac
	done
	build "$T/$signal"
	same "the next build after SIG$signal works" 0 "$code"
	check "and gives the same card" cmp "$T/good/hello-rpi3.img" "$T/$signal/hello-rpi3.img"
	same "with nothing else beside it" 5 "$(ls -A "$T/$signal" | wc -l)"
done

# Two at once into one directory: one or both succeed, never a mix.
mkdir "$T/two"
"$LKBOARD" --progress none --store "$STORE" build rpi3 configs/specs/hello.yml -o "$T/two" > /dev/null 2> "$T/err1" &
first=$!
"$LKBOARD" --progress none --store "$STORE" build rpi3 configs/specs/hello.yml -o "$T/two" > /dev/null 2> "$T/err2"
code2=$?
wait $first
case $?:$code2 in
0:0 | 0:7 | 7:0) ok "two builds at once end well or refuse" ;;
*) not_ok "two builds at once ended with $?, $code2" "$T/err2" ;;
esac
check "and the card is right" cmp "$T/good/hello-rpi3.img" "$T/two/hello-rpi3.img"

# Another build's file is not overwritten by chance.
mkdir "$T/force"
"$LKBOARD" --progress none --store "$STORE" build rpi3 configs/specs/hello.yml -o "$T/force" > /dev/null
mv "$T/force/hello-rpi3.build.json" "$T/force/hello-other.build.json"
build "$T/force"
same "a file of another build is refused" 7 "$code"
check "the message names the flag" grep -q -- '--force' "$T/err"
check "with --force it is overwritten" "$LKBOARD" --store "$STORE" build --force rpi3 configs/specs/hello.yml -o "$T/force"

# The store is still what a foreign reader takes for a layout.
if have skopeo; then
	check "skopeo reads the store" skopeo inspect --raw "oci:$STORE:localhost/busybox:bookworm"
else
	skip "skopeo reads the store" "skopeo is not installed"
fi
check "cache ls works" "$LKBOARD" --store "$STORE" cache ls
finish
