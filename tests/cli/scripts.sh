#!/bin/sh
# The shell scripts of configs/packages, run on this machine: which disk `format` takes for an empty one,
# and how dhcpcd's hook changes resolv.conf. In tests/boot they run in their own images.
. tests/lib.sh

# script PACKAGE PATH: the file as its definition has it
script() {
	awk -v path="$2" '
		$0 == "  - path: " path { on = 1; next }
		on && /^  - |^[a-z]/ { exit }
		on && /^    contents:/ { body = 1; next }
		body { print substr($0, 7) }' "configs/packages/$1.yml" > "$T/$1"
	chmod +x "$T/$1"
}

# --- dhcpcd's hook ---------------------------------------------------------------------------------
script dhcpcd sbin/dhcpcd-hook
cat > "$T/lease" << 'EOS'
# The hook below is asked as dhcpcd asks it. $2 is a container's resolv.conf: bound before there is a lease.
hook=$1 seen=$2
mount -t tmpfs run /run
mkdir /run/resolvconf
: > /run/resolvconf/resolv.conf
mount --bind /run/resolvconf/resolv.conf "$seen"
inode=$(stat -c %i /run/resolvconf/resolv.conf)

change() { # WHAT interface if_up if_down [servers [domain]]
	echo "$1:"
	env protocol=dhcp interface="$2" if_up="$3" if_down="$4" new_domain_name_servers="${5:-}" \
		new_domain_name="${6:-}" "$hook"
	sed 's/^/  /' "$seen"
	[ "$(stat -c %i /run/resolvconf/resolv.conf)" = "$inode" ] || echo "  another file"
}
change "a lease" eth0 true false "10.0.2.3 10.0.2.4" home
change "one of a network upon it" eth0.7 true false "10.7.0.1 10.0.2.3"
change "the first is lost" eth0 false true
change "a change that is none" eth0 false false
change "the other one, too" eth0.7 false true
EOS
cat > "$T/want" << 'EOS'
a lease:
  search home
  nameserver 10.0.2.3
  nameserver 10.0.2.4
one of a network upon it:
  nameserver 10.7.0.1
  nameserver 10.0.2.3
  search home
  nameserver 10.0.2.4
the first is lost:
  nameserver 10.7.0.1
  nameserver 10.0.2.3
a change that is none:
  nameserver 10.7.0.1
  nameserver 10.0.2.3
the other one, too:
EOS
: > "$T/seen"
if unshare --user --map-root-user --mount true 2> /dev/null; then
	unshare --user --map-root-user --mount sh "$T/lease" "$T/dhcpcd" "$T/seen" > "$T/got" 2>&1
	golden "a container that runs before the lease sees its name servers" "$T/got" "$T/want"
	# Specs of 2017 have no /run there: it is /etc that both see.
	mkdir "$T/etc" "$T/bin"
	ln -s "$(readlink -f "$(command -v awk)")" "$T/bin/awk" # not by way of /etc/alternatives
	check "where only /etc is bound, it is written there" unshare --user --map-root-user --mount sh -c "
		mount --bind '$T/etc' /etc && PATH='$T/bin:$PATH'
		! grep -q ' /run ' /proc/mounts || exit 0 # this machine cannot look like that
		protocol=dhcp interface=eth0 if_up=true if_down=false new_domain_name_servers=10.0.2.3 \
			'$T/dhcpcd' && grep -qx 'nameserver 10.0.2.3' '$T/etc/resolv.conf'"
else
	skip "dhcpcd's hook" "mount namespaces are not allowed here"
fi

# --- format ----------------------------------------------------------------------------------------
# Disks with names and sizes as the kernel shows them; behind each stands a loop device. What would
# change a disk only says so.
script format usr/bin/format
loops=
trap 'for l in $loops; do losetup -d $l 2> /dev/null; done; cleanup' EXIT

disk() { # NAME FILE [SECTORS]
	loop=$(losetup -f --show "$2" 2> "$T/loop.err") || return 1
	loops="$loops $loop"
	echo "$1 ${loop#/dev/loop} ${3:-8192}" >> "$T/disks"
}

cat > "$T/machine" << 'EOS'
# The machine of the disks that are listed in $1, where the program behind it runs.
disks=$1
shift
mount -t tmpfs sys /sys
mount -t tmpfs dev /mnt
for d in null zero; do
	: > /mnt/$d
	mount --bind /dev/$d /mnt/$d
done
while read -r name minor sectors; do
	mkdir -p /sys/block/$name /sys/class/block/$name
	echo "$sectors" > /sys/class/block/$name/size
	echo 0 > /sys/class/block/$name/ro
	mknod /mnt/$name b 7 "$minor"
	mknod /mnt/${name}1 b 7 "$minor"
done < "$disks"
mount --move /mnt /dev
for program in sfdisk mke2fs; do
	mount --bind "${disks%/*}/changes" "/sbin/$program"
done
exec "$@"
EOS
printf '#!/bin/sh\necho "${0##*/} writes to $(for last; do :; done; echo $last)" >&2\n' > "$T/changes"
chmod +x "$T/changes"

format() { # argument...: what it says; 1 where this machine cannot be one
	unshare --mount --propagation private sh "$T/machine" "$T/disks" "$T/format" "$@" 2>&1
}

ready() {
	[ "$(id -u)" = 0 ] && have losetup && have blkid && have sfdisk && have mke2fs || return 1
	head -c 4096 /dev/urandom > "$T/chance"
	truncate -s 4M "$T/unknown" "$T/far" "$T/empty" "$T/broken" "$T/reader"
	# A database on a raw disk; one that begins late, as a ciphered disk with its header elsewhere may.
	dd if="$T/chance" of="$T/unknown" conv=notrunc status=none
	dd if="$T/chance" of="$T/far" bs=1k seek=1000 conv=notrunc status=none
	mke2fs -q -F -t ext4 "$T/known" 4M > /dev/null 2>&1
	disk sda "$T/known" && disk sdb "$T/reader" 0 && disk sdc "$T/unknown" && disk sdd "$T/far" &&
		disk sde "$T/broken" || return 1
	# Nothing can be read of it any more.
	truncate -s 0 "$T/broken"
}

if ready; then
	same "none of these is empty: a file system, no card, unknown contents, unreadable" \
		"no empty disk: nothing to format" "$(format)"
	for d in sda sdb sdc sdd sde; do
		same "$d that is named stays as it is" "'/dev/$d' is not empty: it stays as it is" \
			"$(format /dev/$d)"
	done
	same "-force takes it" "sfdisk writes to /dev/sdc
mke2fs writes to /dev/sdc1
ext4 on '/dev/sdc1', labelled 'x'" "$(format -force -label x /dev/sdc)"
	disk sdf "$T/empty"
	same "an empty one behind them is found" "sfdisk writes to /dev/sdf
mke2fs writes to /dev/sdf1
ext4 on '/dev/sdf1'" "$(format)"
else
	skip "format" "loop devices need root: $(cat "$T/loop.err" 2> /dev/null)"
fi
finish
