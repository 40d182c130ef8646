#!/bin/sh
# What a new user gets wrong, and what the machine does: every message says what, where and what to do;
# the exit code says which kind; nothing is left behind.
. tests/lib.sh

configs=${LKBOARD_CONFIGS:-$TOP/configs}
mkdir "$T/tmp"
export TMPDIR="$T/tmp" LKBOARD_STORE="$STORE"
cd "$T" || exit 1

run() { # command...; leaves err, out, $code
	"$@" > out 2> err < /dev/null
	code=$?
}

# says NAME CODE "stderr" command...
says() {
	what=$1 want=$2 text=$3
	shift 3
	run "$@"
	same "$what: message" "$text" "$(cat err)"
	same "$what: exit code" "$want" "$code"
}

lk() {
	"$LKBOARD" --progress none "$@"
}

minimal() { # image of the service, file
	sed "s,localhost/getty:bookworm,$1," "$configs/specs/minimal.yml" > "$2"
}

run lk build rpi3 "$configs/specs/minimal.yml" -o cards
same "minimal.yml builds" 0 "$code"

# --- specs ----------------------------------------------------------------------------------------

cat > wrong.yml <<'EOF'
kernal:
  image: localhost/kernel-rpi3:bookworm
init: localhost/init:bookworm
services:
  - name: web
    imagee: localhost/nginx:bookworm
    capabilities: [CAP_NET_BINDSERVICE]
    readonly: maybe
  - name: web
    image: localhost/nginx:bookworm
    net: hosst
files:
  - path: etc/motd
    contents: hello
    source: motd
    mode: "0999"
EOF
says "several mistakes at once" 3 "lkboard: wrong.yml:1:1: unknown key 'kernal'
  hint: did you mean 'kernel'?
lkboard: wrong.yml:3:7: 'init' must be a list, not text
  hint: a list is written [\"one\", \"two\"], or with '- ' before each item
lkboard: wrong.yml:5:5: services[0] has no 'image'
  hint: add 'image': OCI image it runs
lkboard: wrong.yml:6:5: unknown key 'imagee' in services[0]
  hint: did you mean 'image'?
lkboard: wrong.yml:7:20: 'capabilities[0]' of services[0] is 'CAP_NET_BINDSERVICE', which is not known
  hint: did you mean 'CAP_NET_BIND_SERVICE'?
lkboard: wrong.yml:8:15: 'readonly' of services[0] is 'maybe', which is neither true nor false
  hint: write true or false
lkboard: wrong.yml:9:11: a second service has the name 'web'
  hint: give it another name; the first is at wrong.yml:5:11
lkboard: wrong.yml:11:10: 'net' of services[1] is 'hosst', which is neither host, root, new, none nor an absolute path
  hint: write host, new, none, or the path of one such as /run/netns/web
lkboard: wrong.yml:13:5: files[0] has 'contents' and 'source'
  hint: a file has exactly one of them
lkboard: wrong.yml:16:11: 'mode' of files[0] is '0999', which is no octal mode
  hint: a mode is written like \"0644\"" lk check wrong.yml
cp err expected
run lk build rpi3 wrong.yml
check "build says the same as check" cmp expected err

says "no file" 4 "lkboard: cannot open 'none.yml': No such file or directory" lk plan rpi3 none.yml
says "nearly a file" 4 "lkboard: cannot open './wrnog.yml': No such file or directory
  hint: did you mean './wrong.yml'?" lk plan rpi3 ./wrnog.yml
says "a directory" 3 "lkboard: '.' is a directory, not a regular file" lk plan rpi3 .
says "a device" 3 "lkboard: '/dev/zero' is a device, not a regular file" lk check /dev/zero
mkfifo pipe
says "a pipe" 3 "lkboard: 'pipe' is a pipe, not a regular file
  hint: give '-' to read standard input" lk plan rpi3 pipe
printf '\177ELF\001\000' > program
says "a program" 3 "lkboard: program:1:1: control character 0x7f is not allowed in YAML
  hint: give a text file: this one holds NUL characters" lk check program
: > empty.yml
says "an empty file" 0 "lkboard: empty.yml:1:1: warning: the file is empty" lk check empty.yml
says "an empty spec" 3 "lkboard: empty.yml:1:1: warning: the file is empty
lkboard: empty.yml: the spec has no kernel image, and board 'rpi3' starts a kernel
  hint: add 'kernel: {image: REFERENCE}'" lk build rpi3 empty.yml
says "standard input twice" 2 "lkboard: standard input ('-') can be read only once" lk plan rpi3 - -
check "a spec from standard input" sh -c "'$LKBOARD' plan rpi3 - < '$configs/specs/minimal.yml'"

# Paths are relative to the file they stand in.
mkdir -p specs/parts
minimal localhost/getty:bookworm specs/top.yml
cat > specs/parts/files.yml <<'EOF'
files:
  - path: etc/motd
    source: motd
EOF
says "a file beside the spec that is not there" 4 \
	"lkboard: specs/parts/files.yml:2:5: files[0] 'etc/motd': cannot open 'specs/parts/motd': No such file or directory
  hint: a source is a file, looked for beside the spec; one that may be missing has 'optional: true'" \
	lk plan rpi3 specs/top.yml specs/parts/files.yml
echo hello > specs/parts/motd
check "two specs and a file beside the second" "$LKBOARD" plan rpi3 specs/top.yml specs/parts/files.yml

# --- images ---------------------------------------------------------------------------------------

minimal localhost/Getty::bookworm bad.yml
says "no reference" 3 "lkboard: bad.yml:11:12: 'localhost/Getty::bookworm' is no image reference: the repository name 'Getty:' has upper-case letters" \
	lk check bad.yml
minimal localhost/gettty:bookworm slip.yml
says "a slip in a package's name" 3 "lkboard: slip.yml:11:12: image 'localhost/gettty:bookworm' is not in the store, and no package makes it
  hint: did you mean 'localhost/getty:bookworm'?" lk plan rpi3 slip.yml
minimal registry.example/shell:7 none.yml
says "an image nobody has" 3 "lkboard: none.yml:11:12: image 'registry.example/shell:7' is not in the store '$STORE'
  hint: fetch it: 'lkboard cache pull --arch arm64 registry.example/shell:7'" \
	lk build --offline rpi3 none.yml

says "import of nothing" 4 "lkboard: cannot open 'lay': No such file or directory" lk cache import lay
says "import of a directory" 3 "lkboard: 'specs' is no OCI layout: it has no file 'oci-layout'" \
	lk cache import specs
tar cf lay.tar specs
says "import of any archive" 3 "lkboard: 'lay.tar' is no archive of images: it has neither 'index.json' nor 'manifest.json'
  hint: 'docker save', 'skopeo copy' to oci-archive: and 'lkboard cache export' write one" \
	lk cache import lay.tar
if have skopeo && skopeo --override-arch arm64 copy -q "oci:$STORE:localhost/busybox:bookworm" oci:lay 2> err; then
	says "import of an image without a name" 3 "lkboard: the image in 'lay' has no full reference for a name: '' ($(sed 's/.*"digest":"\([^"]*\)".*/\1/' lay/index.json))
  hint: give it one: 'lkboard cache import --name REGISTRY/NAME:TAG lay'" lk --store s1 cache import lay
	blob=$(ls -S lay/blobs/sha256/* | head -n 1)
	cp "$blob" kept
	truncate -s 1000 "$blob"
	run lk --store s1 cache import -n my/shell lay
	same "import of a layer cut short is a matter of trust" 6 "$code"
	check "its message names the file" grep -q "  hint: the file is '$blob'" err
	rm "$blob"
	run lk --store s1 cache import -n my/shell lay
	same "import without a layer" 3 "$code"
	same "nothing was imported" "" "$(lk --store s1 cache ls)$(ls -A s1/tmp)"
	cp kept "$blob"
	run lk --store s1 cache import -n my/shell lay
	same "import with a name" "docker.io/my/shell:latest" "$(cut -f1 out)"
else
	skip "import of skopeo's layouts" "skopeo is not installed"
fi

# --- the command line -----------------------------------------------------------------------------

says "board and spec the wrong way round" 2 "lkboard: there is no board 'specs/top.yml'
  hint: the board comes first, then the specs; boards: packet-arm64, packet-x86, qemu-arm64, qemu-x86, rpi3" lk build specs/top.yml rpi3
says "-q behind the command" 2 "lkboard: unknown option '-q'
  hint: it stands before the command: lkboard --quiet COMMAND" lk build -q rpi3 specs/top.yml
says "--store behind the command" 2 "lkboard: unknown option '--store=x'
  hint: it stands before the command: lkboard --store DIR COMMAND" lk build --store=x rpi3 specs/top.yml
says "a format of another board" 2 "lkboard: board 'rpi3' is not built as 'iso'
  hint: it can be: sd, rpi3" lk build -f iso rpi3 specs/top.yml
says "an unknown package" 2 "lkboard: unknown package 'initt'
  hint: did you mean 'init'?" lk pkg build initt
says "a package for another architecture" 3 "lkboard: package 'kernel-rpi3': it is not made for 'amd64'
  hint: its definition's architectures: arm64" lk pkg build --arch amd64 kernel-rpi3
says "run of a spec" 3 "lkboard: 'specs/top.yml' is no card image: it has no partition table
  hint: 'lkboard build' makes what run takes: a disk image (.img, .raw, .qcow2, .vhd, .vmdk, .iso) or NAME-kernel" lk run specs/top.yml
says "run of a kernel that is not there" 4 "lkboard: cannot open 'x-kernel': No such file or directory" \
	lk run x-kernel
says "inspect of anything else" 3 "lkboard: 'specs/top.yml' is nothing that lkboard knows
  hint: it reads images of cards, disks and roots, ISO images, kernels, initrds, EFI programs, archives, maps, device trees, boot scripts and state records" \
	lk inspect specs/top.yml

# --- places and programs --------------------------------------------------------------------------

says "a store that is a file" 4 "lkboard: store: 'empty.yml' is there and is no directory
  hint: --store or LKBOARD_STORE name another" lk --store empty.yml cache ls
says "a store that is something else" 3 "lkboard: store: 'specs' is no image store: it holds 'parts'
  hint: choose an empty or new directory" sh -c "rm specs/top.yml; '$LKBOARD' --store specs cache ls"
if [ "$(id -u)" != 0 ]; then
	mkdir s5
	lk --store s5 cache ls
	chmod a-w s5/lock
	says "a store of somebody else" 4 "lkboard: store 's5' cannot be written: Permission denied
  hint: --store or LKBOARD_STORE name another" lk --store s5 cache ls
else
	skip "a store of somebody else" "root may write everywhere"
fi
says "no home" 2 "lkboard: there is no place for the store: HOME is not set
  hint: give --store DIR or set LKBOARD_STORE" env -u HOME -u LKBOARD_STORE -u XDG_CACHE_HOME "$LKBOARD" cache ls
minimal localhost/getty:bookworm top.yml
says "an output directory that is a file" 4 "lkboard: 'empty.yml' is there and is no directory" \
	lk build rpi3 top.yml -o empty.yml
says "no TMPDIR" 4 "lkboard: cannot make a private directory in '/none': No such file or directory
  hint: set TMPDIR to a directory that can be written" \
	env TMPDIR=/none "$LKBOARD" --progress none run cards/minimal-rpi3.img

# A PATH with one program: the others are looked for only there and where administrators' stand.
mkdir bin
for p in qemu-img mcopy mformat; do
	ln -s "$(command -v $p || echo /none)" "bin/$p"
done
if [ ! -e /sbin/mkimage ]; then
	says "no u-boot-tools" 10 "lkboard: the program 'mkimage' is needed and not installed
  hint: apt-get install u-boot-tools" env PATH="$T/bin" "$LKBOARD" --progress none build rpi3 top.yml
	says "no emulator" 10 "lkboard: the program 'qemu-system-aarch64' is needed and not installed
  hint: apt-get install qemu-system-arm" env PATH="$T/bin" "$LKBOARD" run --timeout 9 cards/minimal-rpi3.img
	rm bin/mcopy
	says "no mtools" 10 "lkboard: cannot read 'u-boot.bin' out of 'cards/minimal-rpi3.img': the program 'mcopy' is needed and not installed
  hint: apt-get install mtools" env PATH="$T/bin" "$LKBOARD" run --timeout 9 cards/minimal-rpi3.img
else
	skip "programs that are missing" "they stand in /sbin as well"
fi

# The program alone, without what comes with it.
cp "$LKBOARD" bin/
says "no programs for the boards" 10 "lkboard: $configs/packages/init.yml:12:5: package 'init': local file 'init': the programs for the boards were not found
  hint: \`make\` puts them beside lkboard, \`make install\` below PREFIX" \
	bin/lkboard --configs "$configs" pkg build init
says "the image made earlier does as well" 0 "lkboard: warning: the programs for the boards were not found: image 'localhost/init:bookworm' is used as it is in the store" \
	sh -c "bin/lkboard --configs '$configs' build rpi3 top.yml 2>&1 > out | grep warning >&2"
says "no configs" 2 "lkboard: the boards and packages that come with lkboard were not found
  hint: give --configs DIR or set LKBOARD_CONFIGS" env -u LKBOARD_CONFIGS bin/lkboard build rpi3 top.yml

# Without a network a warm store is enough; an empty one is not.
if unshare -rn true 2> err; then
	run unshare -rn "$LKBOARD" -q build rpi3 top.yml -o cards
	same "a warm store needs no network" 0 "$code"
	run unshare -rn "$LKBOARD" --progress none --store s2 build rpi3 top.yml
	case $code in
	5)
		ok "without a network and packages the exit code is 5"
		check "the message names the package" \
			grep -q "^lkboard: package 'kernel-rpi3': cannot fetch the package lists: " err
		same "the fault is said once, and what to do" \
			"1   hint: check the network, and the mirrors in /etc/apt" \
			"$(grep -o 'E: ' err | wc -l) $(sed -n 2p err)"
		;;
	*) skip "without a network and packages" "apt's sources are not in the network" ;;
	esac
	same "nothing is left in the store" "" "$(ls -A s2/tmp)"
else
	skip "no network" "unshare -rn is not allowed"
fi
says "--offline with an empty store" 5 "lkboard: package 'init': the lock '$T/s3/pkg/packages.lock' does not pin it for 'arm64', and --offline does not allow asking a mirror
  hint: \`lkboard pkg lock\` writes the lock anew" lk --store s3 pkg build --offline init

# Interrupted among packages: nothing half-made; then the same images as before.
lk --store s4 cache ls
cp -Rl "$STORE/pkg" s4/ 2> err || cp -R "$STORE/pkg" s4/
for delay in 0.2 1 2; do
	"$LKBOARD" --progress none --store s4 pkg build --offline kernel-rpi3 containerd > out 2> err < /dev/null &
	pid=$!
	sleep $delay
	kill -INT $pid
	wait $pid
	code=$?
	case $code in
	0) ok "packages were done before $delay s" ;;
	130)
		same "interrupted after $delay s" "
lkboard: interrupted; nothing half-written was left" "$(cat err)"
		;;
	*) not_ok "interrupted after $delay s: exit code $code" err ;;
	esac
	same "and nothing is left" "" "$(ls -A s4/tmp tmp | grep -v ':$' | grep .)"
done
run lk --store s4 pkg build --offline kernel-rpi3
same "after that the image is as ever" "$(lk cache ls | grep kernel-rpi3 | cut -f3)" "$(cut -f3 out)"

# --- how much is said -----------------------------------------------------------------------------

says "-q says nothing" 0 "" "$LKBOARD" -q build rpi3 top.yml -o cards
run "$LKBOARD" -v build rpi3 top.yml -o cards
check "-v says which programs are run" grep -q '^running: mkimage ' err
check "-v says where the store is" grep -qx "store: $STORE" err
check "-v says which images are taken" grep -q "^image 'localhost/getty:bookworm' is sha256:" err
for c in "build rpi3 top.yml -o cards" "check wrong.yml" "build rpi3 slip.yml" "nothing"; do
	# shellcheck disable=SC2086
	run "$LKBOARD" -v --progress json $c
	check "--progress json $c: every line is an event" python3 -c '
import json, sys
keys = {"step": ["text"], "message": ["text"], "warning": ["message"], "bytes": ["what", "done", "total"],
        "result": ["path", "bytes", "digest"], "error": ["kind", "message"]}
events = [json.loads(line) for line in open("err")]
assert events
for e in events:
    assert all(k in e for k in keys[e["event"]]), e
if sys.argv[1] == "0":
    results = [[e["path"], str(e["bytes"]), e["digest"]] for e in events if e["event"] == "result"]
    assert results == [line.split("\t")[:3] for line in open("out").read().splitlines()], results
else:
    assert events[-1]["event"] == "error", events[-1]' "$code"
done

# --- installed --------------------------------------------------------------------------------------

env -u MAKEFLAGS -u MAKELEVEL make -s -C "$TOP" O="$O" DESTDIR="$T/root" PREFIX=/usr install > out 2> err ||
	not_ok "make install" err
run env -u LKBOARD_CONFIGS root/usr/bin/lkboard -v --store s3 boards
check "installed, it finds its boards" grep -q '^rpi3 ' out
same "and what comes with it" "boards and packages: $T/root/usr/share/lkboard
programs for the boards: $T/root/usr/lib/lkboard/ondevice" "$(sed -n 2,3p err)"
run env -u LKBOARD_CONFIGS root/usr/bin/lkboard --progress none --store s4 pkg build --offline init
same "and makes what is made from it" "$(lk cache ls | grep '/init:.*arm64' | cut -f3)" "$(cut -f3 out)"
env -u MAKEFLAGS -u MAKELEVEL make -s -C "$TOP" O="$O" DESTDIR="$T/root" PREFIX=/usr uninstall
same "uninstalled, no file of it is left" "" "$(find root -type f)"

same "no private directory is left" "" "$(ls -A tmp)"
finish
