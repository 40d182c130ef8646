#!/bin/sh
# `lkboard flash` where it must refuse, and on disks and through calls that fail: a few of the cells of
# flash-faults-long.sh. What needs root and loop devices is skipped elsewhere.
[ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && export TMPDIR=/dev/shm
. tests/lib.sh
. tests/fault/lib.sh
. tests/fault/cells.sh
export XDG_STATE_HOME="$T/state"
images 64
mbr=$IMAGES/mbr.img
map=$IMAGES/mbr.zero.map

digest() { # file or device, as it is on the medium
	blockdev --flushbufs "$1" 2> /dev/null
	sha256sum < "$1"
}

flash() { # arguments; leaves $code and $T/cell.err
	timeout 120 "$LKBOARD" --progress none flash "$@" > "$T/cell.out" 2> "$T/cell.err" < /dev/null
	code=$?
}

# refused WHAT CODE TEXT DISK ARGUMENTS...: ends with that code, says that, and changes no byte of the disk
refused() {
	what=$1 codes=$2 text=$3 disk=$4
	shift 4
	before=$(digest "$disk")
	flash "$@"
	same "$what: exit code" "$codes" "$code"
	same "$what: no byte was changed" "$before" "$(digest "$disk")"
	check "$what: the message" grep -qE -e "$text" "$T/cell.err" || cat "$T/cell.err"
}

old() { # file: as it was before, of the size of the image or another one
	cp "$IMAGES/old.img" "$1"
	[ -z "${2:-}" ] || truncate -s "$2" "$1"
}

right() { # what image map disk
	judge "$2" "$3" "$4"
	same "$1" "0 right" "$code $state"
}

# --- a regular file: no root ---------------------------------------------------------------------

old "$T/disk"
flash --yes --map "$map" "$mbr" "$T/disk"
right "a file is a target" "$mbr" "$map" "$T/disk"
check "verify says so" "$LKBOARD" verify --map "$map" "$mbr" "$T/disk"
for kind in gz xz zst; do
	old "$T/disk"
	flash --yes "$mbr.$kind" "$T/disk"
	right "from $kind without a map" "$mbr" - "$T/disk"
done
old "$T/disk"
timeout 120 "$LKBOARD" --progress none flash --yes - "$T/disk" < "$mbr.zst" > "$T/cell.out" 2> "$T/cell.err"
code=$?
right "from a pipe" "$mbr" - "$T/disk"
old "$T/disk"
flash --yes --map "$IMAGES/mbr.foreign.bmap" "$mbr.zst" "$T/disk"
right "blocks that a .bmap leaves out read as zero" "$mbr" - "$T/disk"
old "$T/disk"
flash --yes --map "$IMAGES/mbr.free.map" "$mbr" "$T/disk"
right "with free blocks" "$mbr" "$IMAGES/mbr.free.map" "$T/disk"
free_at=$((45 << 20))
check "which are left as they were" cmp -i $free_at -n 1048576 "$IMAGES/old.img" "$T/disk"
old "$T/disk" 100M
flash --yes --map "$map" "$mbr" "$T/disk"
same "a larger file: exit code" 0 "$code"
check "sfdisk finds its table in order" sfdisk -q --verify "$T/disk"
old "$T/disk" 100M
flash --yes --map "$IMAGES/gpt.zero.map" "$IMAGES/gpt.img.zst" "$T/disk"
same "a larger file, GPT: exit code" 0 "$code"
check "sgdisk finds both of its tables in order" sh -c "sgdisk -v '$T/disk' | grep 'No problems found'"

old "$T/disk" 40M
refused "too small" 7 "MiB|bytes" "$T/disk" --yes --map "$map" "$mbr" "$T/disk"
refused "too small, known by the map" 7 "MiB|bytes" "$T/disk" --yes --map "$map" "$mbr.zst" "$T/disk"
flash --yes "$mbr.gz" "$T/disk"
judge "$mbr" - "$T/disk"
same "too small, which nobody could know: no table" none "$table"
check "and no success" [ "$code" != 0 ]
"$LKBOARD" verify --map "$map" "$mbr" "$T/disk" > "$T/cell.out" 2> "$T/cell.err"
same "verify of one that is too small: it differs" 8 $?
check "and from where on" grep -q '^bytes 41943040 to ' "$T/cell.out" || cat "$T/cell.out"
old "$T/disk"
refused "not asked and no --yes" 7 "yes" "$T/disk" --map "$map" "$mbr" "$T/disk"
refused "the map of another image" 3 "." "$T/disk" --yes --map "$IMAGES/mbr.img" "$mbr" "$T/disk"
refused "no such image" 4 "nowhere" "$T/disk" --yes "$T/nowhere" "$T/disk"
refused "one target twice" 2 "disk" "$T/disk" --yes --map "$map" "$mbr" "$T/disk" "$T/disk"
cp "$mbr" "$T/image"
refused "the image onto itself" 7 "image" "$T/image" --yes "$T/image" "$T/image"
ln "$T/image" "$T/image-too"
refused "under another name" 7 "image" "$T/image" --yes "$T/image" "$T/image-too"
rm "$T/image-too" "$T/image"
flash --yes "$mbr" "$T/typing-error"
check "a target that is not there is not made" [ ! -e "$T/typing-error" ]
check "and no success either" [ "$code" != 0 ]

# --- calls that do less than they were asked for --------------------------------------------------

shim() { # settings...: flash with the shim below it
	old "$T/disk"
	rm -f "$T/shim.log"
	env "$@" LD_PRELOAD="$FAULT/shim.so" SHIM_FILES="$(realpath "$T/disk"):$mbr.zst:$mbr" \
		SHIM_LOG="$T/shim.log" ASAN_OPTIONS=verify_asan_link_order=0 \
		timeout 120 "$LKBOARD" --progress none flash --yes --io threads --map "$map" "$shim_source" \
		"$T/disk" > "$T/cell.out" 2> "$T/cell.err"
	code=$?
}
for shim_source in "$mbr" "$mbr.zst"; do
	kind=${shim_source##*.}
	shim SHIM_SHORT=65536
	right "$kind: short reads and writes" "$mbr" "$map" "$T/disk"
	check "$kind: there were some" grep -q s "$T/shim.log"
	shim SHIM_EINTR=3
	right "$kind: every third call is interrupted" "$mbr" "$map" "$T/disk"
	check "$kind: some were" grep -q i "$T/shim.log"
	shim SHIM_SHORT=4096 SHIM_EINTR=2
	right "$kind: both" "$mbr" "$map" "$T/disk"
	shim SHIM_FSYNC=5
	judge "$mbr" "$map" "$T/disk"
	same "$kind: a flush that fails" "4 none" "$code $table"
done

# --- devices ----------------------------------------------------------------------------------------

if ! has_loop; then
	skip "devices that must be refused, and disks that fail" "$no_loop"
	finish
fi
go="--yes --fixed --map $map"

old "$T/disk"
loop_new "$T/disk"
refused "not removable and no --fixed" 7 "--fixed" "$LOOP" --yes --map "$map" "$mbr" "$LOOP"
flash $go "$mbr" "$LOOP"
right "a loop device" "$mbr" "$map" "$T/disk"
partx -a "$LOOP" 2> /dev/null
if [ -e "${LOOP}p2" ] && mkdir "$T/mnt" && mount -r "${LOOP}p2" "$T/mnt"; then
	fault_mounts="$T/mnt"
	refused "a mounted partition" 7 "mnt" "$LOOP" $go "$mbr" "$LOOP"
	umount "$T/mnt"
	fault_mounts=
	partx -d "$LOOP"
else
	skip "a mounted partition" "partitions of loop devices cannot be mounted here"
fi
loop_end "$LOOP"

old "$T/disk"
loop_new "$T/disk" -r
refused "a read-only device" 7 "read" "$LOOP" $go "$mbr" "$LOOP"
loop_end "$LOOP"

old "$T/disk"
loop_new "$T/disk"
below=$LOOP
loop_new "$below"
refused "a device that another one stands on" 7 "${LOOP#/dev/}" "$below" $go "$mbr" "$below"
loop_end "$LOOP"
mkswap "$below" > /dev/null 2>&1
if swapon "$below" 2> /dev/null; then
	refused "swap" 7 "swap" "$below" $go "$mbr" "$below"
	swapoff "$below"
else
	skip "swap" "swapon does not work here"
fi
mke2fs -q -F "$below"
mkdir -p "$T/mnt2"
# Read-only, so that nobody else changes a byte of it.
mount "$below" "$T/mnt2" && fault_mounts=$T/mnt2
cp "$IMAGES/mbr.img.zst" "$T/mnt2/"
mount -o remount,ro "$T/mnt2"
refused "a mounted disk" 7 "mnt2" "$below" $go "$mbr" "$below"
refused "the disk that holds the image" 7 "image|mnt2" "$below" $go "$T/mnt2/mbr.img.zst" "$below"
umount "$T/mnt2"
fault_mounts=
loop_end "$below"

cp "$mbr" "$T/image"
loop_new "$T/image"
refused "a loop device over the image" 7 "image" "$LOOP" --yes --fixed "$T/image" "$LOOP"
loop_end "$LOOP"
rm "$T/image"

old "$T/disk"
loop_new "$T/disk" -b 4096
refused "sectors of 4096 bytes and a GPT of 512" 7 "sector" "$LOOP" --yes --fixed --map \
	"$IMAGES/gpt.zero.map" "$IMAGES/gpt.img" "$LOOP"
flash $go "$mbr" "$LOOP"
loop_end "$LOOP"
judge "$mbr" "$map" "$T/disk" "$IMAGES/old.img"
case $code:$state in
0:right | 7:old) ok "sectors of 4096 bytes and an MBR: $code, $state" ;;
*) not_ok "sectors of 4096 bytes and an MBR: $code, $state" "$T/cell.err" ;;
esac

# An image for such sectors, on the only device here that has them for real.
truncate -s 64M "$T/4k.img"
loop_new "$T/4k.img" -b 4096
printf 'label: gpt\nstart=256,size=4096\n' | sfdisk -q --no-reread --no-tell-kernel "$LOOP"
loop_end "$LOOP"
dd if="$IMAGES/old.img" of="$T/4k.img" bs=4096 seek=256 skip=256 count=4096 conv=notrunc status=none
zram=$(cat /sys/class/zram-control/hot_add 2> /dev/null)
if [ -n "$zram" ] && echo 64M > "/sys/block/zram$zram/disksize" && [ -b "/dev/zram$zram" ]; then
	flash --yes --fixed "$T/4k.img" "/dev/zram$zram"
	cat "/dev/zram$zram" > "$T/disk"
	right "zram, with sectors of 4096 bytes" "$T/4k.img" - "$T/disk"
	echo 1 > "/sys/block/zram$zram/reset"
else
	skip "zram" "there is none"
fi
[ -z "$zram" ] || echo "$zram" > /sys/class/zram-control/hot_remove

# --- disks that fail --------------------------------------------------------------------------------

if ! has_fuse; then
	skip "disks that fail" "$no_fuse"
	finish
fi
cells_start || not_ok "a disk of faults"
cells > "$T/cells"
for name in "write-eio, body|mbr|raw|zero" "drop, tables at the end|mbr|zst|zero" "drop, zeros|mbr|raw|zero" \
	"fake card of 32 MiB|mbr|raw|zero" "gone after 10 MiB|mbr|raw|zero" "fsync-eio|mbr|gz|zero" \
	"cut short|mbr|cut-zst|-" "a byte changed|mbr|bad-raw|zero"; do
	cell_split "$(grep -F "$name|" "$T/cells" | head -n 1)"
	cell_run lkboard_flash && cell_laws
	{ echo "${why#; }"; cat "$T/cell.err"; } > "$T/why"
	if [ -z "$why" ]; then ok "$cell_name, $cell_source"; else not_ok "$cell_name, $cell_source" "$T/why"; fi
done
finish
