#!/bin/bash
# others.sh: the fault matrix with dd and bmaptool, and docs/flash-faults.md anew, with what lkboard did
# when tests/cli/flash-faults-long.sh ran last. Needs root, and some ten minutes.
#   others.sh table     only writes the document from the results that are there
[ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && export TMPDIR=/dev/shm
. tests/lib.sh
. tests/fault/lib.sh
. tests/fault/cells.sh
set -o pipefail
results=$FAULT/results
mkdir -p "$results"

# What a user would do with a source of this kind; a pipe fails if any of it does.
unpack() {
	case $1 in
	*.gz) gzip -dc "$1" ;;
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -qdc "$1" ;;
	*) cat "$1" ;;
	esac
}
dd_plain() { unpack "$1" | dd of="$3" bs=1M iflag=fullblock; }
dd_fsync() { unpack "$1" | dd of="$3" bs=1M iflag=fullblock conv=fsync; }
dd_direct() { unpack "$1" | dd of="$3" bs=1M iflag=fullblock oflag=direct; }
bmaptool_copy() {
	if [ "${2%.bmap}" != "$2" ]; then
		bmaptool -q copy --bmap "$2" "$1" "$3"
	else
		bmaptool -q copy --nobmap "$1" "$3"
	fi
}

run_all() { # tool
	: > "$results/$1.new"
	while read -r line; do
		cell_split "$line"
		# They do not know lkboard's map.
		case $1:$cell_map in
		dd*:bmap | *:free) continue ;;
		esac
		cell_judged=-
		cell_run "$1" || exit 1
		echo "$line|$code|$state|$table|$hit" >> "$results/$1.new"
		echo "$1: $cell_name, $cell_source: $code, $state, $table, $hit"
	done < <(cells)
	mv "$results/$1.new" "$results/$1"
}

table() {
	$PYTHON tests/fault/table.py "$results" > docs/flash-faults.md.new &&
		mv docs/flash-faults.md.new docs/flash-faults.md
}

if [ "${1:-}" != table ]; then
	has_loop && has_fuse || { echo "others.sh: $no_loop${no_fuse:-}" >&2; exit 1; }
	images 64
	cells_start || exit 1
	for tool in ${TOOLS:-dd_plain dd_fsync dd_direct bmaptool_copy}; do
		run_all "$tool"
	done
fi
table
