#!/bin/sh
# `lkboard flash` on disks that fail in every way at every stage, from sources of every kind: exit 0 exactly
# when every byte that matters is right, and no valid table from the first write on until it is. One line a
# cell; tests/fault/cells.sh is the list. CELLS='regular expression' for some of them.
[ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && export TMPDIR=/dev/shm
. tests/lib.sh
. tests/fault/lib.sh
. tests/fault/cells.sh
export XDG_STATE_HOME="$T/state"

has_loop || { skip "flash on disks that fail" "$no_loop"; finish; }
has_fuse || { skip "flash on disks that fail" "$no_fuse"; finish; }
images 64
cells_start || { not_ok "a disk of faults"; finish; }

mkdir -p "$FAULT/results"
cells > "$T/cells"
for io in ${FLASH_IO:-uring threads}; do
	# The threads see what the shim and a kernel without io_uring leave: the matrix of the first disk.
	[ $io = uring ] && some=. || some='\|mbr\|raw\|zero\|'
	flash_options="--io $io"
	grep -E "$some" "$T/cells" | grep -E "${CELLS:-.}" > "$T/some"
	while read -r line; do
		cell_split "$line"
		name="$io: $cell_name; $cell_image, $cell_source, map $cell_map"
		if ! cell_run lkboard_flash; then
			not_ok "$name" "$T/cell.err"
			continue
		fi
		cell_laws
		if [ -z "$why" ]; then
			ok "$name: $code, $state"
		else
			{ echo "${why#; }"; cat "$T/cell.err"; } > "$T/why"
			not_ok "$name: $code, $state" "$T/why"
		fi
		[ $io != uring ] || echo "$line|$code|$state|$table|$hit|$says" >> "$T/results"
	done < "$T/some"
done
# For docs/flash-faults.md, by tests/fault/others.sh table.
[ -n "${CELLS:-}" ] || [ ! -e "$T/results" ] || cp "$T/results" "$FAULT/results/lkboard"
finish
