#!/bin/sh
# hello.yml with a nonce, as a card, booted through its own U-Boot: every line arrives, namespaces are
# real, containerd knows the service, the spec's command line is whole, the root is slot A read-only,
# and poweroff runs onshutdown and ends the machine.
. tests/lib.sh
. tests/console.sh
if ! have qemu-system-aarch64; then
	skip "hello.yml boots" "qemu-system-arm is not installed"
	finish
fi

nonce=n$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
words="lkbtest.nonce=$nonce lkbtest.quoted=a,b;c"
sed -e "s/NONCE=[a-z]*/NONCE=$nonce/" -e "s/cmdline: .*/cmdline: \"loglevel=3 $words\"/" \
	configs/specs/hello.yml > "$T/hello.yml"
check "the card is built" "$LKBOARD" --store "$STORE" build rpi3 "$T/hello.yml" -o "$T"
boot "$T/hello-rpi3.img" 400
check "the service is heard" wait_for "lkboard: service ok $nonce" 300
check "init says that all is up" wait_for "lkboard: up" 60
check "the console has a shell" shell_ready 120
type_line 'echo init-ns=$(readlink /proc/1/ns/pid)'
type_line 'cat /proc/cmdline'
type_line 'grep " / " /proc/1/mounts; grep lkb.slot=A /proc/cmdline > /dev/null && echo slot-is-A'
type_line 'for f in onboot/hello greeter; do echo "log-of-$f $(cat /var/log/$f.log)"; done'
type_line 'ctr -n services.linuxkit tasks ls; echo tasks-end'
check "the console answers" wait_for 'tasks-end' 90
sleep 2
type_line poweroff
check "the guest ends by itself" wait_end 120
tr -d '\r' < "$T/console" > "$T/log"

line() { grep -a "lkboard: $1 ok $nonce" "$T/log" | head -n 1; }
inode() { line "$1" | sed -n 's/.*\(pid:\[[0-9]*\]\).*/\1/p'; }
init_ns=$(sed -n 's/.*init-ns=\(pid:\[[0-9]*\]\)$/\1/p' "$T/log" | head -n 1)
for what in onboot service onshutdown; do
	case $(inode $what) in
	'pid:['*']') [ "$(inode $what)" != "$init_ns" ] && [ -n "$init_ns" ] &&
		ok "$what has the nonce and a PID namespace of its own: $(inode $what)" ||
		not_ok "$what's PID namespace is PID 1's" ;;
	*) not_ok "$what was not heard with the nonce" ;;
	esac
done
for f in onboot/hello:onboot greeter:service; do
	check "the log file /var/log/${f%:*}.log has the line" \
		grep -aqE "^log-of-${f%:*} .*lkboard: ${f#*:} ok $nonce" "$T/log"
done
check "ctr names the service" grep -aqE '^greeter +[0-9]+ +RUNNING' "$T/log"
check "the kernel got the spec's command line, whole" grep -aqF " loglevel=3 $words" "$T/log"
check "the root is mounted read-only" grep -aqE '^/dev/[^ ]+ / ext4 ro[, ]' "$T/log"
check "the slot is A" grep -aqx slot-is-A "$T/log"
[ $failed = 0 ] || console_tail
finish
