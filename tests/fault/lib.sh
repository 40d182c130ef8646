# Sourced behind tests/lib.sh by the tests of flash: images, a disk of faults, loop devices. What was
# started here ends with the test, also when it is killed.
FAULT=$O/tests/fault
# As Debian has it; what stands in front of it on a PATH may be slow.
PYTHON=/usr/bin/python3
[ -x $PYTHON ] || PYTHON=python3
fault_pid=
fault_loops=
fault_mounts=

fault_cleanup() {
	for fault_loop in $fault_loops; do
		swapoff "$fault_loop" 2> /dev/null
		umount "$fault_loop"* 2> /dev/null
		losetup -d "$fault_loop" 2> /dev/null
	done
	fault_loops=
	for fault_mount in $fault_mounts; do
		umount "$fault_mount" 2> /dev/null
	done
	fault_mounts=
	faultfs_stop
	cleanup
}
trap fault_cleanup EXIT

# --- images -------------------------------------------------------------------------------------

# images MIB: sets $IMAGES; made once for a build.
images() {
	IMAGES=$FAULT/images-$1
	stamp=$(cat tests/fault/images.sh tests/fault/mkmap.c image/map.c | sha256sum)
	(
		flock 9
		[ "$(cat "$IMAGES/stamp" 2> /dev/null)" = "$stamp" ] && exit 0
		rm -rf "$IMAGES"
		PATH=/usr/bin:$PATH O=$O sh tests/fault/images.sh "$IMAGES" "$1" &&
			echo "$stamp" > "$IMAGES/stamp"
	) 9> "$FAULT/images.lock" || { echo "Bail out! no images"; exit 1; }
}

# --- loop devices: only ours, and only as root ---------------------------------------------------

# Can this machine do what the tests of devices want? If not, says why in $no_loop.
has_loop() {
	no_loop=
	[ "$(id -u)" = 0 ] || no_loop="it needs root"
	[ -n "$no_loop" ] || [ -e /dev/loop-control ] || no_loop="there are no loop devices"
	[ -z "$no_loop" ]
}

has_fuse() {
	no_fuse=
	[ -w /dev/fuse ] || no_fuse="there is no /dev/fuse for this user"
	[ -n "$no_fuse" ] || have fusermount3 || no_fuse="fusermount3 is not installed"
	[ -z "$no_fuse" ]
}

# loop_new FILE [losetup option...]: sets $LOOP
loop_new() {
	loop_file=$1
	shift
	LOOP=$(losetup -f --show "$@" "$loop_file") || return 1
	fault_loops="$LOOP $fault_loops"
}

loop_end() { # loop
	losetup -d "$1" || return 1
	# It is gone when the last one who looks at it closes it.
	loop_wait=0
	while [ -e "/sys/block/${1#/dev/}/loop/backing_file" ] && [ $loop_wait -lt 100 ]; do
		sleep 0.05
		loop_wait=$((loop_wait + 1))
	done
	fault_loops=$(echo "$fault_loops" | sed "s,$1 ,,")
}

# --- the disk of faults ---------------------------------------------------------------------------

# faultfs_start BACKING [LOG]: $FAULT_DISK is the file with the faults, $FAULT_CONTROL takes them.
faultfs_start() {
	fault_dir=$T/faultfs
	mkdir -p "$fault_dir"
	"$FAULT/faultfs" "$1" "$fault_dir" ${2:+"$2"} > "$T/faultfs.out" 2>&1 &
	fault_pid=$!
	FAULT_DISK=$fault_dir/disk
	FAULT_CONTROL=$fault_dir/control
	fault_wait=0
	while [ ! -e "$FAULT_DISK" ]; do
		kill -0 $fault_pid 2> /dev/null && [ $fault_wait -lt 200 ] || {
			cat "$T/faultfs.out" >&2
			return 1
		}
		sleep 0.05
		fault_wait=$((fault_wait + 1))
	done
}

faultfs_stop() {
	[ -n "$fault_pid" ] || return 0
	fusermount3 -u "$fault_dir" 2> /dev/null || umount -l "$fault_dir" 2> /dev/null
	kill $fault_pid 2> /dev/null
	wait $fault_pid 2> /dev/null
	fault_pid=
}

# faults "LINE; LINE...": these and no others. Fails if one is not understood.
faults() {
	echo clear > "$FAULT_CONTROL" || return 1
	[ -z "$1" ] || echo "$1" | sed 's/ *; */\n/g' > "$FAULT_CONTROL"
}

# Was every fault hit that was set?
faults_hit() {
	! grep -q ' hits 0$' "$FAULT_CONTROL"
}

# --- judging --------------------------------------------------------------------------------------

# judge IMAGE MAP|- DISK [OLD]: sets $state (right, old, wrong:OFFSET) and $table (none, mbr,gpt,...)
judge() {
	state=
	table=
	read -r state table << END
$($PYTHON tests/fault/judge.py state "$@")
END
	[ -n "$table" ]
}

# Does anybody else see a table or a signature on this disk? Says what.
foreign_tables() {
	blkid -p -o export "$1" 2>&1 | grep -E '^(PTTYPE|TYPE)='
	# No table: sfdisk says nothing on stdout.
	sfdisk -d "$1" 2> /dev/null | grep -q . && echo "sfdisk sees a table"
	sgdisk -p "$1" 2>&1 | grep -E '^ +[0-9]+ +[0-9]+ +[0-9]+' && echo "sgdisk sees partitions"
	return 0
}
