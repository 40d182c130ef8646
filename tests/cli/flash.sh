#!/bin/sh
# What `lkboard flash` and `verify` say and ask: plan, question, results, interruption, what differs.
. tests/lib.sh
export XDG_STATE_HOME="$T/state"
cd "$T" || exit 1

# An image of 8 MiB whose map has two partitions and two files that may be set.
python3 - << 'EOP'
import hashlib, random
size, block = 8 << 20, 4096
rng = random.Random(4)
image = bytearray(size)
image[446:462] = bytes([0, 0, 0, 0, 12, 0, 0, 0]) + (2048).to_bytes(4, "little") + (4096).to_bytes(4, "little")
image[462:478] = bytes([0, 0, 0, 0, 131, 0, 0, 0]) + (6144).to_bytes(4, "little") + (10240).to_bytes(4, "little")
image[510:512] = b"\x55\xaa"
image[256 * block:512 * block] = rng.randbytes(256 * block)
image[512 * block:513 * block] = b"enable_uart=1\n".ljust(block, b"\n")
image[768 * block:1024 * block] = rng.randbytes(256 * block)
ranges = [("data", 0, 1, "mbr"), ("free", 1, 255, ""), ("data", 256, 256, "boot:/kernel"),
          ("data", 512, 1, "boot:/config.txt"), ("zero", 513, 16, "boot:/settings.env"),
          ("free", 529, 239, ""), ("data", 768, 256, "data:/file"), ("zero", 1024, 8, "data:[journal]"),
          ("free", 1032, 1016, "")]
text = f"lkboard-map 1\nsize {size}\nblock 4096\npartition 1 256 512 boot\npartition 2 768 1280 data\n"
text += f"named config.txt {512 * block} 4096\nnamed settings.env {513 * block} 65536\n"
for kind, start, count, name in ranges:
    part = image[start * block:(start + count) * block]
    words = [kind, str(start), str(count)]
    if kind == "data":
        words.append(hashlib.sha256(part).hexdigest())
    if name:
        words.append(name)
    text += " ".join(words) + "\n"
text += "end " + hashlib.sha256(text.encode()).hexdigest() + "\n"
open("card.img", "wb").write(image)
open("card.map", "w").write(text)
EOP
zstd -q card.img
truncate -s 16M disk

# asked ANSWER ARGUMENTS...: flash on a terminal of its own; leaves $code and the terminal's text in `said`
asked() {
	python3 - "$LKBOARD" "$@" << 'EOP' > said
import os, pty, sys
program, answer, *args = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "dumb"
    os.execv(program, [program, "flash", *args])
text = b""
asked = False
while True:
    try:
        more = os.read(fd, 4096)
    except OSError:
        break
    if not more:
        break
    text += more
    if b"Type yes" in text and not asked:
        asked = True
        os.write(fd, answer.encode() + b"\n")
status = os.waitpid(pid, 0)[1]
sys.stdout.write(text.decode().replace("\r\n", "\n"))
sys.exit(os.waitstatus_to_exitcode(status))
EOP
	code=$?
}

cat > want << EOP
disk
  size       16.0 MiB (16777216 bytes)
  connected  a regular file
  holds      nothing that is known
Everything on it will be lost. Type yes to go on: no
lkboard: you did not say yes; nothing was written
EOP
before=$(sha256sum < disk)
asked no card.img disk
same "who does not say yes: exit code" 7 "$code"
golden "and is told" said want
same "and nothing was written" "$before" "$(sha256sum < disk)"
asked yes card.img disk
same "who says yes: exit code" 0 "$code"
check "verify agrees" "$LKBOARD" verify card.img disk
check "sfdisk sees the last partition at the end" sh -c \
	"sfdisk -d disk | grep -q 'start= *6144, size= *26624'"

"$LKBOARD" flash --plan card.img.zst disk > said 2> err
same "a plan: exit code" 0 "$?"
cat > want << EOP
image: card.img.zst
  map: card.map
  size: 8.0 MiB
  to be written: 2.0 MiB; to be zero: 96.0 KiB; does not matter: 5.9 MiB
disk
  size       16.0 MiB (16777216 bytes)
  connected  a regular file
  holds      2 partitions
      1     2.0 MiB  ?
      2    13.0 MiB  ?
nothing was written
EOP
golden "a plan" said want

check "a second time nothing is written but the stamps' place" sh -c \
	"'$LKBOARD' flash --yes card.img.zst disk | grep -q ' 0 B written'"
"$LKBOARD" flash --yes --set hostname=kiosk-7 --set config.txt=gpu_mem=32 card.img.zst disk > said
check "with settings: what differs is written" grep -q "8.0 KiB written" said
same "config.txt has its line" "enable_uart=1 [all] gpu_mem=32" \
	"$(dd if=disk bs=4096 skip=512 count=1 status=none | grep . | tr '\n' ' ' | sed 's/ $//')"
"$LKBOARD" verify card.img.zst disk > said 2> err
same "verify without them: exit code" 8 "$?"
cat > want << EOP
bytes 2097152 to 2101248, partition 1, boot:/config.txt: differ
bytes 2101248 to 2166784, partition 1, boot:/settings.env: differ
lkboard: 'disk' does not hold 'card.img.zst': 68.0 KiB in 2 ranges differ
  hint: if it was written with --set, give the same --set here
EOP
cat err >> said
golden "verify without them" said want
check "verify with them" "$LKBOARD" verify --set hostname=kiosk-7 --set config.txt=gpu_mem=32 card.img disk

printf 'x' | dd of=disk bs=1 seek=3145999 conv=notrunc status=none
printf 'x' | dd of=disk bs=1 seek=4194999 conv=notrunc status=none
"$LKBOARD" verify --json --set hostname=kiosk-7 --set config.txt=gpu_mem=32 card.img disk > said 2> err
same "a byte that is wrong: exit code" 8 "$?"
same "in JSON" "[[3145728, 'data:/file', 2, 'different'], [4194304, 'data:[journal]', 2, 'different']]" \
	"$(python3 -c 'import json
d = json.load(open("said"))
print([[x["offset"], x["name"], x["partition"], x["why"]] for x in d["differences"]])')"

# Interrupted: the pipe has given half of the image.
mkfifo pipe
"$LKBOARD" --progress none flash --yes --map card.map pipe disk > said 2> err &
pid=$!
exec 8> pipe
head -c 5000000 card.img >&8
left=100
while [ "$(head -c 7 disk)" != lkboard ] && [ $left -gt 0 ]; do
	sleep 0.1
	left=$((left - 1))
done
kill -INT $pid
wait $pid
same "an interrupt: exit code" 130 "$?"
exec 8>&-
check "it says how it goes on" grep -q "no valid partition table now; lkboard flash --resume goes on" err
same "there is no table" "" "$(sfdisk -d disk 2> sfdisk.err)"
check "the disk says it too" sh -c "head -c 200 disk | grep -q 'did not come to its end'"
cp card.img other.img
cp card.map other.map
printf 'x' | dd of=other.img bs=1 seek=600 conv=notrunc status=none
rm other.map
"$LKBOARD" flash --yes --resume other.img disk > said 2> err
same "another image cannot go on" "7 lkboard: the write to 'disk' that was interrupted was another image's
  hint: give that image, or leave --resume out to write this one from its beginning" "$? $(cat err)"
check "the same can" "$LKBOARD" --progress none flash --yes --resume card.img disk
check "and is right" "$LKBOARD" verify card.img disk

XDG_STATE_HOME=/dev/null/x "$LKBOARD" flash --yes card.img disk > said 2> err
same "no place for a journal: exit code" 0 "$?"
check "it says so" grep -q -- "--resume will not work" err
# A map that calls free what is to be set: it would not be written.
python3 - << 'EOP'
import hashlib
lines = open("card.map").read().replace("zero 513 16 boot:/settings.env\nfree 529 239", "free 513 255").split("\n")[:-2]
text = "\n".join(lines) + "\n"
open("free.map", "w").write(text + "end " + hashlib.sha256(text.encode()).hexdigest() + "\n")
EOP
"$LKBOARD" flash --yes --map free.map --set hostname=x card.img disk > said 2> err
same "settings where nothing matters" "3 lkboard: 'free.map' says that what --set changes does not matter" \
	"$? $(cat err)"
for words in "--set hostnam=x" "--set hostname=-" "--io tape" "--targets none.csv" "--serial S"; do
	# shellcheck disable=SC2086
	"$LKBOARD" flash --yes $words card.img disk > said 2> err
	echo "$words: $?" >> words
	cat err >> words
done
cat > want << EOP
--set hostnam=x: 2
lkboard: --set: unknown key 'hostnam'
  hint: did you mean 'hostname'?
--set hostname=-: 2
lkboard: --set: hostname: '-' is no host name
  hint: letters, digits and dashes, no dash at an end; 64 characters
--io tape: 2
lkboard: '--io tape': no such kind
  hint: one of uring, threads; without --io the better one is taken
--targets none.csv: 2
lkboard: devices stand in 'none.csv' and on the command line
  hint: lkboard flash IMAGE DEVICE..., or lkboard flash IMAGE --targets FILE.csv; 'lkboard devices' lists what there is
--serial S: 7
lkboard: 'disk' has no serial, and 'S' was asked for
  hint: leave --serial out if it is the right one
EOP
golden "words that do not fit" words want
finish
