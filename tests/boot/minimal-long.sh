#!/bin/sh
# minimal.yml boots to a shell, and `reboot` typed there reboots: the machine is reset (QEMU, told not to
# start it again, ends) after everything was written.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm

check "the card is built" "$LKBOARD" --store "$STORE" build rpi3 configs/specs/minimal.yml -o "$T"
boot "$T/minimal-rpi3.img" 300
check "init says that all is up" wait_for "lkboard: up, 0 onboot, 1 services" 240
seconds "up"
check "the console has a shell" shell_ready 120
type_line 'echo hostname-$(hostname), user-$(id -u)'
check "the shell answers, as root of a host that is called as the spec" \
	wait_for "hostname-minimal, user-0" 60
type_line reboot
check "the guest ends by itself" wait_end 90
seconds "reset"
log > "$T/log"
check "init reboots" grep -aq '^lkboard: reboot: begins' "$T/log"
check "all was written before" grep -aq 'lkboard: reboot: all is written, good bye' "$T/log"
check "the kernel resets the machine" grep -aq 'reboot: Restarting system' "$T/log"
same "nothing was said to have failed" "" "$(grep -a '^lkboard: .*\(FAILED\|cannot\)' "$T/log")"
[ $failed = 0 ] || console_tail
finish
