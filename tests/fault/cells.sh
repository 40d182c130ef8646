# Sourced behind tests/fault/lib.sh: the matrix, and how one cell of it is run with any tool.
#
# A cell is a line NAME|IMAGE|SOURCE|MAP|CODES|AT|FAULTS:
#   IMAGE   mbr or gpt of tests/fault/images.sh, 64 MiB
#   SOURCE  what the tool is given: raw, gz, xz, zst; cut-KIND ends early, bad-KIND has a changed byte
#   MAP     zero or free (lkboard's map, and what it calls blocks of zeros), bmap, or -
#   CODES   with what lkboard may end
#   AT      byte that its message must be about, or -
#   FAULTS  lines of faultfs.c, separated by ';'
#
# What stands where in the images: FAT with files from 512K, ext4 from 16M with files at 28M and nothing
# at 45M, raw data from 60M to the end.
BODY=$((28 << 20))
TAIL=$((63 << 20))
# Once the body was written, flushed and read back there are only the tables left.
LAST="after write:$BODY after flush after read:$BODY"

# One line a fault: NAME CODES AT FAULTS.
cell_faults() {
	cat << END
none|0|-|
slow|0|-|slow 60M
write-eio, first block|4|0|write-eio 0 4K
write-eio, head|4|600000|write-eio 600000 4K
write-eio, body|4|$BODY|write-eio $BODY 4K
write-eio, body, once|0,4|-|write-eio $BODY 4K times 1
write-eio, tail|4|$TAIL|write-eio $TAIL 4K
write-eio, all after 10 MiB|4|-|write-eio 0 after bytes:10M
write-eio, tables at the end|4|0|write-eio 0 4K $LAST
write-eio, tail at the end|4|$TAIL|write-eio $TAIL $LAST
enospc at 48 MiB|4|-|enospc 48M
enospc in the tail|4|-|enospc $((TAIL + 512 * 1024))
read-eio, first block|4|0|read-eio 0 4K
read-eio, body|4,8|$BODY|read-eio $BODY 4K
read-eio, read-back|4,8|$BODY|read-eio $BODY 4K after write:$BODY
read-eio, read-back, once|0,4|-|read-eio $BODY 4K times 1 after write:$BODY
read-eio, tables at the end|4|0|read-eio 0 4K after write:$BODY after read:$BODY after write:0
drop, first block|8|0|drop 0 4K
drop, head|8|602112|drop 602112 4K
drop, body|8|$BODY|drop $BODY 4K
drop, one sector of the body|8|$BODY|drop $BODY 512
drop, body, once|0,8|-|drop $BODY 4K times 1
drop, zeros|8|$((45 << 20))|drop 45M 4K
drop, tail|8|$TAIL|drop $TAIL 4K
drop, last block|8|$(((64 << 20) - 4096))|drop $(((64 << 20) - 4096)) 4K
drop, tables at the end|8|0|drop 0 4K $LAST
drop, tail at the end|8|$TAIL|drop $TAIL $LAST
drop, everything|8|-|drop 0
drop, all after 10 MiB|8|-|drop 0 after bytes:10M
flip, first block|8|100|flip 100
flip, body|8|$BODY|flip $((BODY + 100))
flip, body, every second time|0,8|-|flip $((BODY + 100)) every 2
flip, read-back, once|0,8|-|flip $((BODY + 100)) times 1 after write:$BODY
flip, zeros|8|$((45 << 20))|flip 45M
flip, tail|8|$((TAIL + 4444))|flip $((TAIL + 4444))
flip, tables at the end|8|100|flip 100 1 after write:$BODY after read:$BODY after write:0
fake card of 32 MiB|8|-|wrap 32M
fake card of 48 MiB|8|-|wrap 48M
fake card, the last MiB missing|8|-|wrap 63M
fsync-eio|4|-|fsync-eio
fsync-eio, body, once|4|-|fsync-eio times 1 after write:$BODY
fsync-eio, tables at the end|4|-|fsync-eio after write:$BODY after read:$BODY after write:0
gone from the beginning|4|-|gone
gone after 1 MiB|4|-|gone after bytes:1M
gone after 10 MiB|4|-|gone after bytes:10M
gone at the read-back|4|-|gone after write:$BODY after flush
gone, tables at the end|4|-|gone after write:$BODY after flush after read:$BODY
END
}

# Those of them that every kind of source sees.
cell_common() {
	cell_faults | grep -E '^(none|write-eio, body|write-eio, tables at the end|drop, body|drop, tables at the end|fsync-eio|gone after 10 MiB)\|'
}

cells() {
	cell_faults | sed 's/^\([^|]*\)|/\1|mbr|raw|zero|/'
	for cell_kind in "zst|zero" "gz|zero" "xz|free" "raw|free" "raw|bmap" "raw|-" "zst|bmap" "zst|-"; do
		cell_common | sed "s/^\\([^|]*\\)|/\\1|mbr|$cell_kind|/"
	done
	cell_faults | grep -E '^(none|write-eio, tail|write-eio, t.*end|drop, (first|last|t.*end)|gone)' |
		sed 's/^\([^|]*\)|/\1|gpt|zst|zero|/'
	# A source that ends early or has changed.
	for cell_map in zero bmap -; do
		for cell_kind in gz xz zst; do
			echo "cut short|mbr|cut-$cell_kind|$cell_map|3|-|"
			echo "a byte changed|mbr|bad-$cell_kind|$cell_map|3|-|"
		done
	done
	for cell_map in zero bmap; do
		echo "cut short|mbr|cut-raw|$cell_map|3|-|"
		echo "a byte changed|mbr|bad-raw|$cell_map|3|-|"
	done
	# Nothing says what these should be.
	echo "cut short|mbr|cut-raw|-|0,3|-|"
	echo "a byte changed|mbr|bad-raw|-|0|-|"
}

# Splits a line into $cell_name, $cell_image, ...
cell_split() {
	IFS='|' read -r cell_name cell_image cell_source cell_map cell_codes cell_at cell_what << END
$1
END
	cell_kind=${cell_source#*-}
	cell_prefix=${cell_source%"$cell_kind"}
	case $cell_kind in
	raw) cell_file=$IMAGES/$cell_prefix$cell_image.img ;;
	*) cell_file=$IMAGES/$cell_prefix$cell_image.img.$cell_kind ;;
	esac
	# What the disk should hold: the image, or what was given where nobody can know better.
	cell_reference=$IMAGES/$cell_image.img
	[ "$cell_kind$cell_map" != raw- ] || cell_reference=$cell_file
	case $cell_map in
	bmap) cell_map_file=$IMAGES/$cell_image.foreign.bmap cell_judged=- ;;
	-) cell_map_file= cell_judged=- ;;
	*) cell_map_file=$IMAGES/$cell_image.$cell_map.map cell_judged=$cell_map_file ;;
	esac
}

# cells_start: the disk that all cells use, $BACKING behind it
cells_start() {
	BACKING=$T/backing
	cp "$IMAGES/old.img" "$BACKING"
	faultfs_start "$BACKING"
}

# cell_run TOOL-FUNCTION: called with $cell_file, $cell_map_file and a device. Sets $code, $state, $table,
# $hit (yes, no) and leaves $T/cell.err. Of the faults only an address that wraps is seen by the judge.
cell_run() {
	dd if="$IMAGES/old.img" of="$BACKING" bs=4M conv=notrunc status=none
	faults "$cell_what" || return 1
	loop_new "$FAULT_DISK" --direct-io=on || return 1
	"$1" "$cell_file" "$cell_map_file" "$LOOP" > "$T/cell.out" 2> "$T/cell.err"
	code=$?
	loop_end "$LOOP"
	hit=yes
	faults_hit || hit=no
	case $cell_what in
	wrap*) ;;
	*) faults "" ;;
	esac
	judge "$cell_reference" "$cell_judged" "$FAULT_DISK" "$IMAGES/old.img"
}

# lkboard as the tool of a cell; more options in $flash_options.
lkboard_flash() { # source map device
	# shellcheck disable=SC2086
	timeout 120 "$LKBOARD" --progress none flash --yes --fixed ${2:+--map "$2"} ${flash_options:-} "$1" "$3"
}

# Does the message of the cell say where the byte is: by a range that holds it, or by a byte at most the
# longest request before it, or in the same block?
says_where() { # byte
	grep -oE 'byte [0-9]+( to [0-9]+)?' "$T/cell.err" | awk -v at="$1" '
		int($2 / 4096) <= int(at / 4096) && at < (NF > 2 ? $4 : $2 + 1048576) { found = 1 }
		END { exit !found }'
}

# Both laws, after cell_run with lkboard; $why is empty where they hold.
cell_laws() {
	why=
	says=
	[ $hit = yes ] || why="$why; the fault was not met"
	case ,$cell_codes, in
	*,$code,*) ;;
	*) why="$why; exit code $code, not $cell_codes" ;;
	esac
	if [ $code = 0 ]; then
		[ "$state" = right ] || why="$why; exit 0, but the disk is $state"
		[ "$table" != none ] || why="$why; exit 0, but there is no table"
		return
	fi
	[ "$cell_at" = - ] || says_where "$cell_at" || why="$why; byte $cell_at is not in the message"
	[ -s "$T/cell.err" ] || why="$why; no message"
	! grep -qiE 'bug|assert|sanitizer' "$T/cell.err" || why="$why; it calls itself broken"
	says=
	! grep -q "STILL LOOK VALID" "$T/cell.err" || says=says
	# Before the first write: as it was. After it: no table, or the message says that there is one.
	case $code:$state in
	[23567]:old) return ;;
	esac
	seen=$(foreign_tables "$FAULT_DISK")
	[ "$table" = none ] && [ -z "$seen" ] || [ -n "$says" ] ||
		why="$why; a table is left ($table $seen) and the message does not say so"
}
