#!/bin/sh
# A build needs no Docker, no daemon, no root, no loop device and no network, and writes to nothing but
# its output directory and the store: every format of every board, built by an ordinary user without
# a network, under strace.
. tests/lib.sh
have strace || {
	skip "what a build writes to" "strace is not installed"
	finish
}
judge() { python3 "$TOP/tests/cli/nowrite_judge.py" "$@"; }
fault() { judge "$@"; [ $? = 1 ]; }

# Another user, who may not be able to enter the checkout: a program, configs and a store of its own.
mkdir "$T/prog" "$T/tmp" "$T/out" "$T/home"
cp "$LKBOARD" "$T/prog/"
cp -r "$O/ondevice" "$T/prog/ondevice"
cp -r configs "$T/prog/configs"
as=
[ "$(id -u)" != 0 ] || ! have setpriv || as="setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs"
alone=
! unshare -n true 2> /dev/null || alone="unshare -n"
chmod 755 "$T"

lk() { "$LKBOARD" --progress none "$@"; }
bring() { # ARCH PACKAGE...: from the store that tests share
	arch=$1
	shift
	for package in "$@"; do
		lk --store "$STORE" pkg build --arch "$arch" "$package" &&
			lk --store "$T/store" cache import --name "localhost/$package:bookworm" "$STORE" \
				"localhost/$package:bookworm" || return 1
	done
}
mkdir -p "$T/store/pkg"
check "the images for PCs" bring amd64 kernel-amd64 init efi-stub grub-pc isolinux
check "the images for arm64" bring arm64 kernel-arm64 init efi-stub kernel-rpi3 firmware-rpi u-boot-rpi
check "and what they were made from" cp "$STORE/pkg/packages.lock" "$T/store/pkg/"
[ -z "$as" ] || chown -R 65534:65534 "$T/store" "$T/tmp" "$T/out" "$T/home"

traced() ( # LOG command...
	log=$1
	shift
	: > "$log"
	[ -z "$as" ] || chown 65534 "$log"
	cd "$T/home" && exec env -i PATH="$PATH" LC_ALL=C HOME="$T/home" TMPDIR="$T/tmp" LKBOARD_CONFIGS="$T/prog/configs" \
		$alone $as strace -f -qq -y --seccomp-bpf -s 9000 -e signal=none -e trace="$(judge --calls)" -o "$log" "$@"
)
formats() { # BOARD: what the program says that it is built as
	lk --store "$T/none" plan "$1" "$T/box-$1.yml" -f none 2>&1 | sed -n 's/^  hint: it can be: //p' | tr -d ,
}
build() { # BOARD FORMAT...
	board=$1
	shift
	for f in "$@"; do set -- "$@" -f "$f"; shift; done
	traced "$T/log" "$T/prog/lkboard" --progress none --store "$T/store" build "$board" "$T/box-$board.yml" \
		--offline "$@" -o "$T/out" > "$T/made" 2> "$T/err"
}
# As many formats in one run as go together; the program says which do not.
build_all() { # BOARD
	left=$(formats "$1")
	[ -n "$left" ] || return 1
	while [ -n "$left" ]; do
		now=$left later=
		# shellcheck disable=SC2086
		until build "$1" $now; do
			other=$(sed -n "s/.*formats '.*' and '\(.*\)' make a file of the same name.*/\1/p
				s/.*'\(.*\)' adds to the root, which '.*' would see/\1/p" "$T/err")
			if [ -z "$other" ]; then
				cat "$T/err"
				return 1
			fi
			now=$(echo " $now " | sed "s/ $other / /")
			later="$later $other"
		done
		judge "$T/log" "$T/home" "$T/out" "$T/store" || return 1
		echo "$now" >> "$T/formats"
		left=$(echo $later)
	done
}
kernel_of() { # BOARD
	case $1 in
	rpi3) echo kernel-rpi3 ;;
	*arm64) echo kernel-arm64 ;;
	*) echo kernel-amd64 ;;
	esac
}
for board in $(lk boards | cut -d' ' -f1); do
	printf 'kernel:\n  image: localhost/%s:bookworm\ninit: [localhost/init:bookworm]\n' "$(kernel_of "$board")" \
		> "$T/box-$board.yml"
	check "$board: $(formats "$board" | wc -w) formats, nothing else written" build_all "$board"
done
same "nothing was left in the temporary directory" "" "$(ls -A "$T/tmp")"
same "nor in the store's" "" "$(ls -A "$T/store/tmp")"
same "nor beside the artifacts" "" "$(find "$T/out" -name '.*' -type f)"

# What would be seen: each of these is done, or tried, and must be found.
cat > "$T/deeds.py" << 'EOS'
import fcntl, os, socket, sys
os.chdir(sys.argv[1])
outside = "../outside/"
deeds = {
    "write": lambda p: open(p, "w"), "append": lambda p: open(p, "a"), "update": lambda p: os.open(p, os.O_RDWR),
    "nameless": lambda p: os.open(p, os.O_TMPFILE | os.O_WRONLY), "mkdir": lambda p: os.mkdir(p),
    "unlink": lambda p: os.unlink(p), "rename-in": lambda p: os.rename("a", p),
    "rename-out": lambda p: os.rename(p, "b"), "symlink": lambda p: os.symlink("a", p),
    "link": lambda p: os.link("b", p), "chmod": lambda p: os.chmod(p, 0o600),
    "chmod-fd": lambda p: os.fchmod(os.open(p, os.O_RDONLY), 0o600), "mkfifo": lambda p: os.mkfifo(p),
    "linked": lambda p: open("link", "a"), "xattr": lambda p: os.setxattr(p, "user.a", b"b"),
    "AF_INET": lambda p: socket.socket(),
    "LOOP_": lambda p: fcntl.ioctl(0, 0x4c82),
}
for name, deed in deeds.items():
    try:
        deed(outside + name)
    except OSError as e:
        pass
print(*deeds)
EOS
mkdir "$T/outside" "$T/outside/nameless"
for f in append update unlink rename-out chmod chmod-fd linked xattr; do echo there > "$T/outside/$f"; done
echo a > "$T/home/a"
ln -s "$T/outside/linked" "$T/home/link"
[ -z "$as" ] || chown -R 65534:65534 "$T/outside" "$T/home"
deeds=$(traced "$T/log" /usr/bin/python3 -IB "$T/deeds.py" "$T/home")
judge "$T/log" "$T/home" "$T/home" > "$T/found"
same "deeds are told from the rest" "1 $(echo "$deeds" | wc -w)" "$? $(wc -l < "$T/found")"
for deed in $deeds; do check "found: $deed" grep -qE "outside/$deed[\"> ]|[( ]$deed" "$T/found"; done
traced "$T/log" mount -t tmpfs none "$T/outside" 2> /dev/null
check "found: mount" fault "$T/log" "$T/home" "$T/home"
build qemu-x86 tar
check "found: an output elsewhere" fault "$T/log" "$T/home" "$T/store"

# Killed while a helper program runs: what was staged for it goes with the next command.
mkdir "$T/bin"
printf '#!/bin/sh\nls %s/store/tmp > %s/home/staged\nkill -9 $PPID\n' "$T" "$T" > "$T/bin/grub-mkimage"
chmod 755 "$T/bin" "$T/bin/grub-mkimage"
PATH=$T/bin:$PATH build qemu-x86 raw-bios
check "killed while GRUB was made: it was staged in the store" grep -q '\.tmp$' "$T/home/staged"
check "and is left there" [ -n "$(ls -A "$T/store/tmp")" ]
check "until the next command" lk --store "$T/store" cache ls
same "which removes it" "" "$(ls -A "$T/store/tmp")"
finish
