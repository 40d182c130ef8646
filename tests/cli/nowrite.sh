#!/bin/sh
# A build needs no Docker, no daemon, no root, no loop device and no network, and writes to nothing but
# its output directory and the store: every format of every board, built by an ordinary user without
# a network, under strace.
. tests/lib.sh
have strace || {
	skip "what a build writes to" "strace is not installed"
	finish
}
judge() { python3 tests/cli/nowrite_judge.py "$@"; }

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
check "the images for PCs" bring amd64 kernel-amd64 init efi-stub grub-pc isolinux
check "the images for arm64" bring arm64 kernel-arm64 init efi-stub kernel-rpi3 firmware-rpi u-boot-rpi
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
# As many formats in one run as have different names; the program says which do not go together.
build_all() { # BOARD
	left=$(formats "$1")
	[ -n "$left" ] || return 1
	while [ -n "$left" ]; do
		now=$left later=
		# shellcheck disable=SC2086
		until build "$1" $now; do
			other=$(sed -n "s/.*formats '.*' and '\(.*\)' make a file of the same name.*/\1/p" "$T/err")
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
cat > "$T/deed.py" << 'EOS'
import fcntl, os, socket, sys
outside, deed = sys.argv[1:]
here = os.path.join(outside, "x")
def connect():
    s = socket.socket()
    s.connect(("127.0.0.1", 9))
def climb():
    os.chdir(outside)
    open("../" + os.path.basename(outside) + "/y", "w")
def by_descriptor():
    fd = os.open(os.path.join(outside, "there"), os.O_RDONLY)
    os.fchmod(fd, 0o600)
deeds = {
    "write": lambda: open(here, "w"),
    "append": lambda: open(os.path.join(outside, "there"), "a"),
    "update": lambda: os.open(os.path.join(outside, "there"), os.O_RDWR),
    "nameless file": lambda: os.open(outside, os.O_TMPFILE | os.O_WRONLY),
    "mkdir": lambda: os.mkdir(here), "unlink": lambda: os.unlink(os.path.join(outside, "there")),
    "rename in": lambda: os.rename("a", here), "rename out": lambda: os.rename(here, "a"),
    "symlink": lambda: os.symlink("a", here), "link": lambda: os.link("a", here),
    "chmod": lambda: os.chmod(os.path.join(outside, "there"), 0o600), "chmod by descriptor": by_descriptor,
    "write through a link": lambda: open("link", "a"), "write by a relative path": climb,
    "device node": lambda: os.mknod(here), "mkfifo": lambda: os.mkfifo(here),
    "network": connect, "loop device": lambda: fcntl.ioctl(0, 0x4c82),
}
if deed == "list":
    print("\n".join(deeds))
else:
    try:
        deeds[deed]()
    except OSError as e:
        print(e)
EOS
mkdir "$T/outside"
echo there > "$T/outside/there"
echo a > "$T/home/a"
ln -s "$T/outside/there" "$T/home/link"
[ -z "$as" ] || chown -R 65534:65534 "$T/outside" "$T/home"
python3 -B "$T/deed.py" "$T/outside" list > "$T/deeds"
found() { # DEED: not what python itself does
	traced "$T/log" python3 -B "$T/deed.py" "$T/outside" "$1"
	! judge "$T/log" "$T/home" "$T/home" "$T/out" "$T/store"
}
while read -r deed; do check "found: $deed" found "$deed"; done < "$T/deeds"
blameless() { traced "$T/log" python3 -B "$T/deed.py" "$T/outside" list > /dev/null && judge "$T/log" "$T/home" "$T/home"; }
check "and nothing where nothing is done" blameless
traced "$T/log" mount -t tmpfs none "$T/outside" 2> /dev/null
check "found: mount" sh -c '! python3 tests/cli/nowrite_judge.py "$@"' - "$T/log" "$T/home" "$T/home"
build qemu-x86 tar
check "found: an output that is no output" sh -c '! python3 tests/cli/nowrite_judge.py "$@"' - "$T/log" "$T/home" "$T/store"

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
