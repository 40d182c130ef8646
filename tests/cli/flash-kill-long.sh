#!/bin/sh
# `lkboard flash` killed at 200 moments of a write to a slow disk: the disk is never one that looks flashed and
# is not, --resume ends it, and verify and an independent judge agree. SEED and ROUNDS may be given.
[ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && export TMPDIR=/dev/shm
. tests/lib.sh
. tests/fault/lib.sh
export XDG_STATE_HOME="$T/state"
: "${SEED:=1}" "${ROUNDS:=200}"
echo "# SEED=$SEED ROUNDS=$ROUNDS"

has_fuse || { skip "flash is killed" "$no_fuse"; finish; }
images 16
image=$IMAGES/mbr.img.zst
map=$IMAGES/mbr.zero.map
slow=${SLOW:-80M}

flash() { # option...
	"$LKBOARD" --progress none flash --yes --fixed --map "$map" "$@" "$image" "$target" \
		> "$T/flash.out" 2> "$T/flash.err"
}

# What a power cut may leave: every write of one run is known, and any that was not flushed may be lost.
power_cuts() { # uring or threads
	cp "$IMAGES/old.img" "$T/cut"
	faultfs_start "$T/cut" "$T/log" || return 1
	timeout 120 "$LKBOARD" --progress none flash --yes --io "$1" --map "$map" "$image" "$FAULT_DISK" || return 1
	faultfs_stop
	$PYTHON tests/fault/judge.py crash "$IMAGES/mbr.img" "$map" "$IMAGES/old.img" "$T/log"
}
for io in uring threads; do
	check "$io: no power cut leaves a table on a disk that is not right" power_cuts $io
	sed 's/^/# /' "$T/check.out"
	rm -rf "$XDG_STATE_HOME"
done

cp "$IMAGES/old.img" "$T/backing"
faultfs_start "$T/backing" || { not_ok "a slow disk"; finish; }

# As root on a loop device, else on the file itself.
if has_loop; then
	loop_new "$FAULT_DISK" --direct-io=on
	target=$LOOP
else
	target=$FAULT_DISK
fi

reset() {
	dd if="$IMAGES/old.img" of="$T/backing" bs=1M conv=notrunc status=none
	[ "$target" = "$FAULT_DISK" ] || blockdev --flushbufs "$target"
	faults "slow $slow"
}

written() {
	sed -n 's/.* written //p' "$FAULT_CONTROL"
}

reset
began=$(date +%s%N)
flash || { not_ok "a write that nobody kills" "$T/flash.err"; finish; }
whole=$(($(date +%s%N) - began))
all=$(written)
echo "# a whole write: $((whole / 1000000)) ms, $all bytes"

# after_kill: what may be there. Nothing was begun; only the ends were; no table; or all is right.
after_kill() {
	case $state:$table in
	right:* | old:* | begun:* | *:none) true ;;
	*) false ;;
	esac
}

# Moments in milliseconds, the same for a seed: one in each slice of the time, in any order.
$PYTHON -c "
import random
r = random.Random($SEED)
moments = [(i + r.random()) / $ROUNDS * 1.05 for i in range($ROUNDS)]
r.shuffle(moments)
print(*('%.4f' % (m * $whole / 1e9) for m in moments), sep='\n')" > "$T/moments"

rounds=0 again=0
: > "$T/states"
while read -r moment; do
	rounds=$((rounds + 1))
	[ $((rounds % 2)) = 1 ] && io=uring || io=threads
	reset
	rm -rf "$XDG_STATE_HOME"
	"$LKBOARD" --progress none flash --yes --fixed --map "$map" --io $io "$image" "$target" \
		> /dev/null 2>&1 &
	pid=$!
	sleep "$moment"
	kill -9 $pid 2> /dev/null
	wait $pid 2> /dev/null
	code=$?
	[ "$target" = "$FAULT_DISK" ] || blockdev --flushbufs "$target"
	faults ""
	judge "$IMAGES/mbr.img" "$map" "$FAULT_DISK" "$IMAGES/old.img"
	echo "${state%:*}:$table" >> "$T/states"
	why=
	after_kill || why="after the kill the disk is $state and has a table: $table"
	[ $code != 0 ] || [ "$state" = right ] || why="exit 0, and the disk is $state"
	faults ""
	flash --resume || why="$why; --resume ended with $?: $(cat "$T/flash.err")"
	again=$((again + $(written)))
	"$LKBOARD" --progress none verify --map "$map" "$image" "$target" > "$T/flash.out" 2>&1 ||
		why="$why; verify ended with $?: $(cat "$T/flash.out")"
	judge "$IMAGES/mbr.img" "$map" "$FAULT_DISK"
	[ "$state" = right ] || why="$why; after --resume the disk is $state"
	if [ -n "$why" ]; then
		echo "$why" > "$T/why"
		not_ok "round $rounds, $io, killed after $moment s" "$T/why"
	fi
done < "$T/moments"
same "$ROUNDS rounds" "$ROUNDS" "$rounds"
[ $failed != 0 ] || ok "never a table on a disk that is not right, and --resume ended every one of them"
sort "$T/states" | uniq -c | sed 's/^/# after the kill:/'
echo "# --resume wrote $((again / rounds)) bytes on average, a whole write is $all"
check "the kills were spread: some before the body, some in it, some at the end" sh -c \
	"grep -q '^old\|^begun' '$T/states' && grep -q '^wrong:none' '$T/states' && grep -q '^right' '$T/states'"
check "--resume does not begin anew" [ $((again / rounds)) -lt $((all * 9 / 10)) ]
finish
