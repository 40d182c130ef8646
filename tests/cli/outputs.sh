#!/bin/sh
# `outputs`, which specs of 2017 have: the formats to make when -f names none.
. tests/lib.sh

run() { # expected exit code, then the command line
	want=$1
	shift
	"$LKBOARD" --progress none --store "$T/store" "$@" > "$T/out" 2> "$T/err"
	same "lkboard $* ends with $want" "$want" $?
}
spec() { # formats
	echo "kernel: {image: nobody/kernel}"
	echo "outputs:"
	for format in "$@"; do echo "  - format: $format"; done
}

spec iso-bios iso-efi > "$T/none.yml"
run 2 plan rpi3 "$T/none.yml"
same "what cannot be made is said, and what can" "lkboard: $T/none.yml:3:13: warning: board 'rpi3' is not built as 'iso-bios', which is left out
lkboard: $T/none.yml:4:13: warning: board 'rpi3' is not built as 'iso-efi', which is left out
lkboard: $T/none.yml:4:13: board 'rpi3' is built in none of the formats that the spec asks for
  hint: choose another one with -f, for instance sd" "$(cat "$T/err")"
spec iso-bios kernel+initrd > "$T/one.yml"
run 3 plan --offline qemu-arm64 "$T/one.yml"
check "one that can is enough" grep -q "image 'docker.io/nobody/kernel:latest' is not in the store" "$T/err"
run 3 plan --offline rpi3 -f sd "$T/none.yml"
check "-f goes before them" grep -q "image 'docker.io/nobody/kernel:latest' is not in the store" "$T/err"
check "and then none is left out" sh -c "! grep -q warning '$T/err'"
finish
