#!/bin/sh
# Real specs: what LinuxKit reads, lkboard check reads; what it refuses is refused with a place.
. tests/lib.sh
SPECS=../shared/specs

reads() { # spec
	"$LKBOARD" check "$1" > "$T/out" 2> "$T/err" || return 1
	! grep -v -e ': warning: ' -e '^  hint: ' "$T/err"
}

for spec in configs/specs/*.yml; do
	check "$spec" reads "$spec"
done
if [ -d "$SPECS" ]; then
	for spec in "$SPECS"/*/*.yml; do
		[ "${spec##*/}" = static-ip.yml ] || check "${spec#"$SPECS/"}" reads "$spec"
	done
	"$LKBOARD" check "$SPECS/linuxkit-examples/static-ip.yml" > "$T/out" 2> "$T/err"
	same "static-ip.yml: exit code" 3 "$?"
	check "static-ip.yml: line, column and what to do" \
		grep -A1 'static-ip.yml:28:7: .*' "$T/err"
	check "static-ip.yml: the comment is named" grep '^  hint: the comment in line 27' "$T/err"
else
	skip "real specs are read" "there is no $SPECS"
fi
finish
