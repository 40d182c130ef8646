#!/bin/sh
# lkboard devices: on a machine that is a tree of files, with file systems of other people's making and
# blkid as the judge; and on this machine, with loop devices and lsblk as the judge.
. tests/lib.sh

R=$T/root
loops=

detach_all() {
	umount "$T/mnt" "$T/mnt2" 2> /dev/null
	for l in $loops; do
		swapoff "$l" 2> /dev/null
		umount "$l" "${l}p1" 2> /dev/null
	done
	for l in $loops; do # the last one made comes first: it may stand on another
		losetup -d "$l"
	done
	cleanup
}
trap detach_all EXIT

# node NAME MAJ:MIN BYTES [FILE=CONTENTS...]: a disk in sysfs
node() {
	d=$R/sys/block/$1
	mkdir -p "$d/device" "$d/queue" "$R/dev" "$R/proc/self"
	echo "$2" > "$d/dev"
	echo $(($3 / 512)) > "$d/size"
	: > "$R/dev/$(basename "$1")"
	shift 3
	for f; do
		printf '%s\n' "${f#*=}" > "$d/${f%%=*}"
	done
}

# part DISK NUMBER MAJ:MIN START BYTES
part() {
	case $1 in
	*[0-9]) p=${1}p$2 ;;
	*) p=$1$2 ;;
	esac
	node "$1/$p" "$3" "$5" "partition=$2" "start=$(($4 / 512))"
}

# query JSON-FILE NAME PYTHON-EXPRESSION over d, the device of that name
query() {
	python3 -c '
import json, sys
found = [d for d in json.load(open(sys.argv[1]))["devices"] if d["name"] == sys.argv[2]]
d = found[0] if found else None
print(eval(sys.argv[3]))' "$1" "$2" "$3"
}

M=1048576
printf '%s\n' '20 1 259:2 / / rw - ext4 /dev/nvme0n1p2 rw
21 20 8:17 / /media/u/BOOT\040CARD rw - vfat /dev/sdb1 rw' > "$T/mountinfo"
node sdb 8:16 $((40 * M)) removable=1 device/vendor=SanDisk device/model=Ultra \
	device/idVendor=0781 device/serial=4C530001
part sdb 1 8:17 $M $((8 * M))
part sdb 2 8:18 $((9 * M)) $((16 * M))
node sdc 8:32 0 removable=1 device/vendor=Generic device/model="SD/MMC"
node mmcblk0 179:0 $((64 * M)) removable=0 device/type=SD device/name=SC64G device/serial=0xabcd
part mmcblk0 1 179:1 $M $((4 * M))
node mmcblk1 179:8 $((64 * M)) ro=1 removable=0 device/type=SD device/name=SC64G device/serial=0xabce
node nvme0n1 259:0 $((1024 * M)) removable=0 device/model="SSD 990" device/serial=S1
part nvme0n1 2 259:2 $M $((1000 * M))
node zram0 252:0 $((16 * M)) removable=0
cp "$T/mountinfo" "$R/proc/self/mountinfo"

if have mkfs.vfat && have mkfs.ext4; then
	truncate -s 40M "$R/dev/sdb" && truncate -s 64M "$R/dev/mmcblk0"
	truncate -s 8M "$T/1" && mkfs.vfat -n 'BOOT CARD' "$T/1" > "$T/log" 2>&1
	truncate -s 16M "$T/2" && mkfs.ext4 -q -L rootfs "$T/2" > "$T/log" 2>&1
	dd if="$T/1" of="$R/dev/sdb" bs=1M seek=1 conv=notrunc 2> /dev/null
	dd if="$T/2" of="$R/dev/sdb" bs=1M seek=9 conv=notrunc 2> /dev/null
	"$LKBOARD" devices --sysroot "$R" > "$T/out"
	same "exit code" 0 $?
	golden "cards that are offered, and why others are not" "$T/out" tests/golden/cli/devices.txt
	"$LKBOARD" devices --all --sysroot "$R" > "$T/out"
	golden "the same with --all" "$T/out" tests/golden/cli/devices-all.txt
	"$LKBOARD" devices --json --sysroot "$R" > "$T/json"
	golden "the same as JSON" "$T/json" tests/golden/cli/devices.json

	# judged FILE: system and label as blkid has them
	judged() {
		want="$(blkid -p -o value -s TYPE "$1")|$(blkid -p -o value -s LABEL "$1")"
		is=$(query "$T/one" mmcblk0 '"%s|%s" % (d["system"], d["label"] or "")')
		echo "blkid: $want; lkboard: $is"
		[ "$want" = "$is" ]
	}
	while read -r what program args; do
		if ! have "$program"; then
			skip "$what is told as blkid does" "$program is not installed"
			continue
		fi
		rm -f "$R/dev/mmcblk0" && truncate -s 64M "$R/dev/mmcblk0"
		# shellcheck disable=SC2086
		$program $args "$R/dev/mmcblk0" > "$T/log" 2>&1 || { not_ok "$what: $program" "$T/log"; continue; }
		"$LKBOARD" devices --json --sysroot "$R" > "$T/one"
		check "$what is told as blkid does" judged "$R/dev/mmcblk0"
	done <<- END
		ext2 mkfs.ext2 -q -L two
		ext3 mkfs.ext3 -q -L three
		ext4 mkfs.ext4 -q
		FAT12 mkfs.vfat -F 12 -n TWELVE
		FAT16 mkfs.vfat -F 16
		FAT16-with-a-label mkfs.vfat -F 16 -n SIXTEEN
		FAT32 mkfs.vfat -F 32 -n THIRTYTWO
		swap mkswap -L swapped
		XFS mkfs.xfs -q -L ex
		btrfs mkfs.btrfs -q -L bee
		exFAT mkfs.exfat
		NTFS mkfs.ntfs -q -F
		LUKS cryptsetup -q luksFormat --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file LICENSE
	END
else
	skip "a machine of files" "mkfs.vfat or mkfs.ext4 is not installed"
fi

"$LKBOARD" devices --sysroot "$T" 2> "$T/err"
same "no sysfs: exit code" 4 $?
same "no sysfs" "lkboard: '$T/sys/block' is not there
  hint: mount sysfs: it says which disks there are" "$(cat "$T/err")"
rm "$R/proc/self/mountinfo"
"$LKBOARD" devices --sysroot "$R" 2> "$T/err"
same "no table of mounts: exit code" 4 $?

# --- this machine -----------------------------------------------------------------------------

list() { "$LKBOARD" devices --all --json > "$T/now"; }

# attach [losetup's options] FILE; leaves $loop
attach() {
	loop=$(losetup -f --show "$@") || return 1
	loops="$loop $loops"
}

# codes NAME: its refusals
codes() { query "$T/now" "$1" '" ".join(r["code"] for r in d["refusals"])'; }
message() { query "$T/now" "$1" '"; ".join(r["message"] for r in d["refusals"] if r["code"] == "'"$2"'")'; }
hint() { query "$T/now" "$1" '"; ".join(r["hint"] for r in d["refusals"] if r["code"] == "'"$2"'")'; }

# what lsblk and we have in common about a device
facts='"%s %s %s %s %s %s" % (d["number"], d["size"], d["logical-block"], d["physical-block"], d["read-only"], d["diskseq"])'
lsblk_facts() {
	lsblk -d -b -J -o MAJ:MIN,SIZE,LOG-SEC,PHY-SEC,RO "/dev/$1" > "$T/lsblk"
	python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))["blockdevices"][0]
seq = open("/sys/block/%s/diskseq" % sys.argv[2]).read().strip()
print(d["maj:min"].strip(), d["size"], d["log-sec"], d["phy-sec"], d["ro"], seq)' "$T/lsblk" "$1"
}
agrees() { [ "$(query "$T/now" "$1" "$facts")" = "$(lsblk_facts "$1")" ]; }

if [ ! -d /sys/block ]; then
	skip "this machine's disks" "there is no sysfs"
	finish
fi
check "this machine's disks are listed" list
root=$(findmnt -n -o SOURCE / 2> /dev/null)
disk=$(lsblk -n -s -l -o NAME,TYPE "$root" 2> /dev/null | awk '$2 == "disk" { print $1; exit }')
if [ -n "$disk" ]; then
	same "the system's disk is refused, and nothing overrides that" "system None" \
		"$(query "$T/now" "$disk" 'd["refusals"][0]["code"] + " " + str(d["refusals"][0]["flag"])')"
	check "the system's disk: lsblk agrees" agrees "$disk"
else
	skip "the system's disk is refused" "/ is on no disk here"
fi

truncate -s 32M "$T/a.img"
if [ "$(id -u)" != 0 ] || ! attach "$T/a.img" 2> "$T/log"; then
	skip "loop devices" "this needs root and loop devices"
	finish
fi
name=${loop#/dev/}
list
same "a loop device: its file" "$T/a.img" "$(query "$T/now" "$name" 'd["backing"]')"
same "a loop device needs --fixed" "fixed" "$(codes "$name")"
check "a loop device: lsblk agrees" agrees "$name"
"$LKBOARD" devices > "$T/out"
check "without --all there are no loop devices" sh -c '! grep loop[0-9] "$1"' - "$T/out"
check "and it is said" grep -q 'more with --all' "$T/out"

mkfs.ext4 -q -L here "$loop" && mkdir "$T/mnt" "$T/mnt2" && mount "$loop" "$T/mnt"
list
same "mounted" "mounted fixed" "$(codes "$name")"
same "mounted: where" "'$loop' is mounted at '$T/mnt'" "$(message "$name" mounted)"
same "mounted: what to do" "unmount it: umount $loop" "$(hint "$name" mounted)"
same "mounted: what is on it" "ext4 here" "$(query "$T/now" "$name" 'd["system"] + " " + d["label"]')"
if [ "$(readlink /proc/1/ns/mnt)" = "$(readlink /proc/self/ns/mnt)" ] && unshare -m true 2> /dev/null; then
	unshare -m sh -c 'umount "$1" && "$2" devices --all --json' - "$T/mnt" "$LKBOARD" > "$T/now"
	same "mounted by the system, not in our mount namespace" "mounted fixed" "$(codes "$name")"
else
	skip "mounted by the system, not in our mount namespace" "we are in another one than process 1, or stay here"
fi
truncate -s 4M "$T/mnt/b.img"
attach "$T/mnt/b.img"
list
same "a loop device on a file on it" "mounted held fixed" "$(codes "$name")"
same "a loop device on a file on it: which" "'/dev/$name' is held: '$loop' has '$T/mnt/b.img' behind it" \
	"$(message "$name" held)"
losetup -d "$loop" && loops=${loops#* }
loop=/dev/$name
mount --bind "$T/mnt" "$T/mnt2" && list
hint=$(hint "$name" mounted)
same "mounted twice: what to do" "unmount it: umount -A $loop" "$hint"
check "and that does it" sh -c "${hint#*: }"
list
same "unmounted again" "fixed" "$(codes "$name")"

if mkswap "$loop" > "$T/log" 2>&1 && swapon "$loop" 2> "$T/log"; then
	list
	same "swap" "swap fixed" "$(codes "$name")"
	same "swap: what to do" "end that: swapoff $loop" "$(hint "$name" swap)"
	swapoff "$loop"
else
	skip "swap" "swapon is not allowed here"
fi

printf '2048,8192,c\n,,83\n' | sfdisk -q "$loop" > "$T/log" 2>&1
list
same "partitions that the kernel does not know" "[(1, 1048576, 4194304), (2, 5242880, 28311552)]" \
	"$(query "$T/now" "$name" '[(p["number"], p["start"], p["size"]) for p in d["partitions"]]')"
if partx -a "$loop" 2> "$T/log" || partx -u "$loop" 2> "$T/log"; then
	list
	same "partitions that the kernel knows" "['${loop}p1', '${loop}p2']" \
		"$(query "$T/now" "$name" '[p["path"] for p in d["partitions"]]')"
	if mkfs.ext4 -q "${loop}p1" 2> "$T/log" && mount "${loop}p1" "$T/mnt"; then
		list
		same "a mounted partition" "'${loop}p1' is mounted at '$T/mnt'" "$(message "$name" mounted)"
		umount "$T/mnt"
	else
		skip "a mounted partition" "there is no ${loop}p1"
	fi
	partx -d "$loop" 2> /dev/null
else
	skip "partitions that the kernel knows" "partx: $(head -n 1 "$T/log")"
fi

attach "$loop"
list
same "a loop device on a loop device" "held fixed" "$(codes "$name")"
same "a loop device on a loop device: which" "'/dev/$name' is held: '$loop' has '/dev/$name' behind it" \
	"$(message "$name" held)"
hint=$(hint "$name" held)
same "a loop device on a loop device: what to do" "let go of it: losetup -d $loop" "$hint"
check "and that does it" sh -c "${hint#*: }"
loops=${loops#* }
list
same "nothing holds it any more" "fixed" "$(codes "$name")"

truncate -s 8M "$T/c.img"
attach -r "$T/c.img"
list
same "a read-only loop device" "read-only fixed" "$(codes "${loop#/dev/}")"
check "a read-only loop device: lsblk agrees" agrees "${loop#/dev/}"
if attach -b 4096 "$T/c.img" 2> "$T/log"; then
	list
	same "sectors of 4096 bytes" 4096 "$(query "$T/now" "${loop#/dev/}" 'd["logical-block"]')"
	check "sectors of 4096 bytes: lsblk agrees" agrees "${loop#/dev/}"
else
	skip "sectors of 4096 bytes" "losetup -b is not possible here"
fi
finish
