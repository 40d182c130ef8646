#!/bin/sh
# The two specs of the project's founding documents are planned completely, unchanged, on every board
# that they are for: each image under the name the spec gives it, ours in the place of LinuxKit's.
. tests/lib.sh
. tests/stand-ins.sh
SPECS=../shared/specs/founding
if ! [ -d "$SPECS" ]; then
	skip "the founding specs are planned" "there is no $SPECS"
	finish
fi

planned() { # board kernel arch
	check "stand-ins for $1" fill_store "$T/$1" "$2" "$3"
	for year in 2017 2018; do
		format="-f kernel+initrd"
		[ "$1" != rpi3 ] || format="-f sd"
		# shellcheck disable=SC2086
		"$LKBOARD" --progress none --store "$T/$1" plan --json $format "$1" \
			"$SPECS/linuxkit-$year.yml" > "$T/plan" 2> "$T/err"
		same "linuxkit-$year.yml is planned for $1" 0 $?
		check "and nothing is missing" python3 -c "import json, sys
p = json.load(open(sys.argv[1]))
assert not p.get('missing'), p['missing']
assert len(p['images']) >= 10, p['images']" "$T/plan"
		check "only what has no effect is warned about" sh -c "
			grep -q \"warning: 'trust' has no effect\" '$T/err' &&
			! grep -vE \"warning: 'trust' has no effect|is not built as|  hint: \" '$T/err'"
		[ $failed = 0 ] || cat "$T/err"
	done
}

planned rpi3 kernel-rpi3 arm64
planned qemu-arm64 kernel-arm64 arm64
planned qemu-x86 kernel-amd64 amd64
# What it asks for is made, though the boot loaders' images are not among the stand-ins.
same "2017's outputs are what a PC is built as" "kernel+initrd iso-bios iso-efi" "$("$LKBOARD" --progress none \
	--store "$T/qemu-x86" plan --json qemu-x86 "$SPECS/linuxkit-2017.yml" 2> "$T/err" |
	python3 -c 'import json, sys; print(*[f["name"] for f in json.load(sys.stdin)["formats"]])')"
finish
