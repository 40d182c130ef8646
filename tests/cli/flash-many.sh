#!/bin/sh
# `lkboard flash` to several targets at once: each is right or says why it is not, whatever becomes of the
# others. cmp is the judge.
[ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && export TMPDIR=/dev/shm
. tests/lib.sh
. tests/fault/lib.sh
export XDG_STATE_HOME="$T/state"
cd "$T" || exit 1

# 40 MiB with an MBR, holes, and a settings.env at 2 MiB, which the map names.
$PYTHON - << 'END'
import hashlib, random
rng = random.Random(9)
MIB = 1 << 20
image = bytearray(rng.randbytes(40 * MIB))
for at in range(5, 40, 7):
    image[at * MIB:at * MIB + 700000] = bytes(700000)
image[440:512] = bytes(72)
image[446:462] = bytes.fromhex("00000000830000000008000000700000")
image[510:512] = b"\x55\xaa"
open("card.img", "wb").write(image)
lines = ["lkboard-map 1", f"size {len(image)}", "block 4096", f"named settings.env {2 * MIB} 65536"]
for at in range(0, len(image), MIB):
    lines.append(f"data {at // 4096} 256 {hashlib.sha256(image[at:at + MIB]).hexdigest()} x")
text = "\n".join(lines) + "\n"
open("named.map", "w").write(text + f"end {hashlib.sha256(text.encode()).hexdigest()}\n")
END
zstd -q -1 card.img
head -c 50331648 /dev/zero | tr '\0' '\125' > old

fresh() { # file... with something else on it
	for file; do
		cat old > "$file"
	done
}
flash() { # arguments; leaves $code, out, err
	timeout 120 "$LKBOARD" --progress none flash --yes "$@" > out 2> err < /dev/null
	code=$?
}
are_image() { # file...
	for file; do
		cmp -n 41943040 card.img "$file" || return 1
	done
}
are_untouched() {
	for file; do
		cmp old "$file" || return 1
	done
}

# --- four at once ----------------------------------------------------------------------------------------

fresh a b c d
flash card.img.zst a b c d
same "four from one zst" 0 "$code"
check "four from one zst: each is the image" are_image a b c d
same "four from one zst: a line for each" "a b c d" "$(sed -n 's/: .* right;.*//p' out | tr '\n' ' ' | sed 's/ $//')"
fresh a b
# shellcheck disable=SC2002
cat card.img.zst | timeout 120 "$LKBOARD" --progress none flash --yes - a b > out 2> err
same "two from a pipe" 0 "$?"
check "two from a pipe: each is the image" are_image a b

# --- refused: none is touched ----------------------------------------------------------------------------

fresh a b
: > small
truncate -s 8M small
flash card.img.zst a small b
same "one is too small" 7 "$code"
check "one is too small: none is touched" are_untouched a b
ln a same
ln -s a link
for name in ./a same link; do
	flash card.img.zst a b "$name"
	same "$name is a" "2 1" "$code $(grep -c 'are the same device' err)"
done
check "one has two names: none is touched" are_untouched a b
exec 8< b
flock 8
flash card.img.zst a b
exec 8<&-
same "one is locked" "7 " "$code $(cat out)"
check "one is locked: it is named" grep -q "'b' is locked by another program" err
check "one is locked: none is touched" are_untouched a b

# --- a table of targets ----------------------------------------------------------------------------------

has_settings() { # file hostname: the image but for its settings, which are this board's
	cmp -n 2097152 card.img "$1" && cmp -i 2162688 -n $((41943040 - 2162688)) card.img "$1" &&
		dd if="$1" bs=64K skip=32 count=1 status=none | tr '\0' '\n' | grep -a "hostname=$2$"
}
events() { # file: "TARGET RIGHT KIND" of each result, in order; fails if a line is no JSON
	$PYTHON -c '
import json, sys
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event.get("event") == "result":
        print(event["target"].split("/")[-1], event["right"], event["changed"])
    elif event.get("event") == "error":
        print("error", event["kind"])' "$1"
}
seconds() { # file target: whole seconds that it took
	$PYTHON -c '
import json, sys
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event.get("event") == "result" and event["target"].endswith(sys.argv[2]):
        print(int(event["write_seconds"] + event["verify_seconds"]))' "$@"
}

if ! has_fuse; then
	skip "targets that fail or are slow" "$no_fuse"
	finish
fi
fresh backing
cd "$TOP" && faultfs_start "$T/backing" || { not_ok "a disk of faults"; finish; }
cd "$T" || exit 1

printf 'device,hostname\na,kiosk-1\n%s,kiosk-2\nb,kiosk-3\n' "$FAULT_DISK" > table.csv
faults "write-eio 20M 4K"
fresh a b
timeout 120 "$LKBOARD" --progress json flash --yes --map named.map --targets table.csv card.img.zst > out 2> err
code=$?
same "one fails in the middle" 4 "$code"
check "one fails: it was met" faults_hit
same "one fails: a line for each that is right" "a b" "$(sed -n 's/: .* right;.*//p' out | tr '\n' ' ' | sed 's/ $//')"
same "one fails: events" "a True True
disk False True
error io
b True True" "$(events err)"
check "the first has its name" has_settings a kiosk-1
check "the last has its name" has_settings b kiosk-3
same "the one that failed has no table" "" "$(foreign_tables backing)"
check "and says so" grep -q 'disk.*has no valid partition table now' err

# --- one is slow -----------------------------------------------------------------------------------------

faults "slow 10M"
fresh a backing
timeout 120 "$LKBOARD" --progress json flash --yes card.img.zst a "$FAULT_DISK" > out 2> err
same "one is slow" 0 $?
check "one is slow: each is the image" are_image a backing
slow=$(seconds err disk) fast=$(seconds err a)
echo "# slow: $slow s, fast: $fast s"
check "one is slow: the other ends long before it" [ "$((fast * 2))" -lt "$slow" ]

faults "slow 40M"
fresh a backing
# shellcheck disable=SC2002
cat card.img.zst | timeout 120 "$LKBOARD" --progress none flash --yes - a "$FAULT_DISK" > out 2> err
same "one is slow, from a pipe" 0 $?
check "one is slow, from a pipe: each is the image" are_image a backing

# The reader of a pipe that nobody feeds does not hold up what there is to say.
faults gone
mkfifo fifo
{ head -c 5000000 card.img; exec sleep 60; } > fifo &
feeder=$!
timeout 15 "$LKBOARD" --progress none flash --yes - "$FAULT_DISK" > out 2> err < fifo
same "it is gone, and the pipe goes on" 4 $?
kill $feeder
finish
