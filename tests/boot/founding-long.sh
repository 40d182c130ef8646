#!/bin/sh
# The two specs of the project's founding documents, unchanged, boot with our packages in the place of
# LinuxKit's: all onboot containers end well, every service runs.
. tests/lib.sh
. tests/console.sh
. tests/stand-ins.sh
SPECS=../shared/specs/founding
if ! [ -d "$SPECS" ]; then
	skip "the founding specs boot" "there is no $SPECS"
	finish
fi
boot_test_needs qemu-system-x86_64 qemu-system-x86

check "stand-ins" fill_store "$T/store" kernel-amd64 amd64
founding() { # YEAR ONBOOT SERVICES
	check "linuxkit-$1.yml is built" "$LKBOARD" --store "$T/store" build qemu-x86 \
		"$SPECS/linuxkit-$1.yml" -o "$T"
	# The spec's last console is the screen; the test reads the serial line.
	sed -i '1s/$/ console=ttyS0/' "$T/linuxkit-$1-cmdline"
	boot "$T/linuxkit-$1-kernel" 500 --net
	check "$1: all is up" wait_for "lkboard: up, $2 onboot, $3 services" 300
	seconds "up"
	check "$1: the machine has its address" grep -aqE '^\[dhcpcd\] .*: leased 10\.0\.2\.15' "$T/console"
	check "$1: no service has ended" sh -c "! grep -aE '(service|onboot) .*(ended|FAILED)' '$T/console'"
	stop_guest
	[ $failed = 0 ] || console_tail
}
founding 2017 3 2
check "2017: programs of other architectures run" grep -aq '^\[binfmt\] qemu-aarch64 runs' "$T/console"
founding 2018 2 3
finish
