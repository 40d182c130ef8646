#!/bin/sh
# The layers of docs/decisions: includes point down only, and headers have no cycle.
. tests/lib.sh

lint() { # root: prints what is wrong
	: > "$T/edges"
	(cd "$1" && find base rootfs board dtb bootloader image flash plan cmd ondevice \
		-name '*.[ch]' 2>/dev/null | sort) | sed "s,^,$1/," > "$T/files"
	# shellcheck disable=SC2046
	awk -v table=tests/lint/layers.txt -v root="$1/" -v edges="$T/edges" \
		-f tests/lint/layers.awk tests/lint/layers.txt $(cat "$T/files") || return 1
	tsort "$T/edges" > /dev/null
}

check "includes of every folder keep to tests/lint/layers.txt" lint .

# The lint itself must be able to fail.
mkdir -p "$T/wrong/base" "$T/wrong/image" "$T/cycle/base" "$T/private/image" "$T/private/plan"
echo '#include "image/map.h"' > "$T/wrong/base/str.c"
lint "$T/wrong" > "$T/out"
same "an upward include is found" 1 "$(grep -c "'base' may not include 'image/map.h'" "$T/out")"
echo '#include "base/b.h"' > "$T/cycle/base/a.h"
echo '#include "base/a.h"' > "$T/cycle/base/b.h"
if lint "$T/cycle" > "$T/out" 2>&1; then not_ok "an include cycle is found"; else ok "an include cycle is found"; fi
echo '#include "image/x_priv.h"' > "$T/private/plan/a.c"
lint "$T/private" > "$T/out"
same "another folder's private header is found" 1 "$(grep -c 'is private to image' "$T/out")"
finish
