#!/bin/sh
# Images made to do harm: each named vector of tests/hostile/vectors.txt must come to what stands
# there, touch no file but those of its own store and output, and take less than 256 MiB of memory.
. tests/lib.sh
have strace && have bsdtar && have time || {
	skip "hostile images" "strace, bsdtar or time is not installed"
	finish
}
python3 tests/hostile/run.py "$O" "$T" "$@"
