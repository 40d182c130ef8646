#!/bin/sh
# The system's init, run as process 1 on this machine, in namespaces of its own: how it supervises its
# services when something goes wrong. runc, ctr and containerd are stand-ins (tests/pid1), and its clock
# runs ten times as fast as ours; what real ones do is seen in tests/boot.
. tests/lib.sh

unshare --user --map-root-user --mount --pid --fork --net --uts --ipc \
	sh -c 'mount -t tmpfs new /mnt && mkdir /mnt/proc && mount -t proc proc /mnt/proc' 2> "$T/err" || {
	skip "an init of our own" "namespaces like these are not allowed here: $(tail -n 1 "$T/err")"
	finish
}

# container KIND NAME [RUNTIME.JSON]: its program is on standard input
container() {
	mkdir -p "$T/system/containers/$1/$2"
	cat > "$T/system/containers/$1/$2/run"
	echo '{"ociVersion": "1.2.1"}' > "$T/system/containers/$1/$2/config.json"
	[ -z "${3:-}" ] || echo "$3" > "$T/system/containers/$1/$2/runtime.json"
}

mkdir -p "$T/system/sbin" "$T/system/usr/bin" "$T/system/usr/local/bin" "$T/system/etc" "$T/hands"
cp "$O/tests/pid1/init" "$T/system/sbin/init"
ln -s /sbin/init "$T/system/usr/bin/service"
cp tests/pid1/containerd "$T/system/usr/bin/containerd"
cp tests/pid1/ctr tests/pid1/runc "$T/system/usr/local/bin/"
ln -s /bin/true "$T/system/usr/local/bin/modprobe"
echo loglevel=3 > "$T/cmdline"

container onboot 000-asker << 'EOS'
service list && echo "list ended with $?"
service start steady
echo "start ended with $?"
EOS
container onshutdown 000-leaver << 'EOS'
service stop steady
echo "stop ended with $?"
EOS
container services steady << 'EOS'
trap 'exit 0' TERM
echo steady runs
while :; do sleep 0.1; done
EOS
container services deaf << 'EOS'
trap '' TERM
echo hears nothing
while :; do sleep 0.1; done
EOS
container services stuck '{"restart": "always"}' << 'EOS'
trap 'exit 7' TERM
echo stuck begins
while :; do sleep 0.1; done
EOS
# What it binds is not there yet.
for name in late never; do
	restart=$([ $name = never ] || echo ', "restart": "on-failure"')
	container services $name '{"mounts": [{"source": "/hands/disk", "destination": "/run/disk-'$name'",
		"options": ["bind"]}]'"$restart"'}' << 'EOS'
trap 'exit 0' TERM
echo runs at last
while :; do sleep 0.1; done
EOS
done

mkfifo "$T/fifo"
cat "$T/fifo" > "$T/console" &
reader=$!
unshare --user --map-root-user --mount --pid --fork --kill-child --net --uts --ipc \
	"$TOP/tests/pid1/enter.sh" "$T" > "$T/enter.out" 2>&1 &
outer=$!
trap 'kill $outer $reader 2> /dev/null; cleanup' EXIT

wait_for() { # TEXT [TIMES]: 20 s at most
	tenths=200
	until [ "$(grep -cF -- "$1" "$T/console")" -ge "${2:-1}" ]; do
		[ $tenths -gt 0 ] || return 1
		tenths=$((tenths - 1))
		sleep 0.1
	done
}

inside() { # program in the system
	timeout 60 nsenter --target $init --user --preserve-credentials \
		--mount --pid --net --uts --ipc --root --wd \
		/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin:/sbin "$@"
}

# asks WHAT CODE OUTPUT service-argument...: what is said and the exit code
asks() {
	what=$1 code=$2 output=$3
	shift 3
	got=$(inside service "$@" 2>&1)
	same "$what" "$code $output" "$? $got"
}

line_of() { # SERVICE, as it is listed
	inside service list | sed -n "s/^$1  *//p"
}

said() { check "it is said: $1" grep -qxF -- "$1" "$T/console"; }

show() {
	[ $failed = 0 ] || sed 's/^/# /' "$T/console" "$T/enter.out"
}

check "all is up" wait_for "lkboard: up, 1 onboot, 3 services"
[ $failed = 0 ] || { show; finish; }
init=$(tr -d ' ' < "/proc/$outer/task/$outer/children")

# --- what an onboot container asks for
said "[asker] list ended with 0"
said "[asker] service: the system still boots"
said "[asker] start ended with 9"
same "and steady was started once" 1 "$(grep -c 'steady runs' "$T/console")"

# --- service as process 1
inside unshare --mount --pid --fork timeout 5 true
same "a PID namespace can be made inside" 0 $?
inside timeout -s KILL 10 unshare --mount --pid --fork --kill-child /usr/bin/service list > "$T/out" 2>&1
same "as process 1 of a container, service ends" 0 $?
check "and lists the services" grep -qE '^steady +running +process [0-9]+' "$T/out"
same "nothing started a second time" 1 "$(grep -c ' starts$' "$T/console")"

# --- a service that could not be prepared
check "what could not be prepared is tried again, later each time" \
	wait_for "service 'late' is started again in 4 s"
said "lkboard: service 'late' FAILED: '/containers/services/late/runtime.json': cannot mount '/hands/disk' on '/run/disk-late': No such file or directory"
for n in 1 2 4; do
	said "lkboard: service 'late' is started again in $n s"
done
check "without a policy it is not" sh -c "! grep -q \"'never' is started again\" '$T/console'"
same "and is listed as failed" failed "$(line_of never)"
mkdir "$T/hands/disk"
check "once it can be prepared it runs" wait_for "[late] runs at last"

# --- stops that take their time, or do not come to an end
check "deaf listens to nobody" wait_for "[deaf] hears nothing"
asks "one that does not listen is killed" 0 "service 'deaf' is stopped" stop deaf
said "lkboard: service 'deaf' does not end; killing it"
touch "$T/hands/hold-stuck"
asks "a restart whose stop fails says so" 9 "service: service 'stuck' does not end" restart stuck
same "it is listed as ending" ending "$(line_of stuck)"
asks "what still ends is not started" 9 "service: service 'stuck' still ends" start stuck
rm "$T/hands/hold-stuck"
check "when it has ended at last, its policy counts again" wait_for "[stuck] stuck begins" 2
said "lkboard: service 'stuck' ended: exit code 7; its output is in /var/log/stuck.log"
touch "$T/hands/hold-stuck"
asks "a stop that fails says so" 9 "service: service 'stuck' does not end" stop stuck
rm "$T/hands/hold-stuck"
check "it ends later" wait_for "service 'stuck' ended: exit code 7" 2
asks "that is no fault" 0 "service 'stuck' does not run" stop stuck
same "and it stays stopped" 2 "$(grep -c 'stuck begins' "$T/console")"

# --- containerd is killed
before=$(line_of steady | sed 's/,.*//')
there='until kill -0 $(cat /run/containerd/pid); do sleep 0.1; done'
check "containerd is killed, and again as soon as it is back" \
	inside sh -c "kill -9 \$(cat /run/containerd/pid); sleep 0.1; $there; kill -9 \$(cat /run/containerd/pid)"
said "lkboard: containerd ENDED: signal 9 (Killed); its log is /var/log/containerd.log"
check "it is started again" wait_for "containerd is started again in 1 s; services run on"
check "later the second time" wait_for "containerd is started again in 2 s; services run on"
check "and is there again" inside sh -c "sleep 0.1; $there"
same "services ran on, and are listed" "$before" "$(line_of steady | sed 's/,.*//')"
asks "and can be restarted" 0 "service 'steady' is stopped
service 'steady' is started" restart steady

# --- the machine stops while somebody waits
asks "stuck runs again" 0 "service 'stuck' is started" start stuck
asks "and deaf" 0 "service 'deaf' is started" start deaf
check "which listens to nobody" wait_for "[deaf] hears nothing" 2
touch "$T/hands/hold-stuck"
inside service stop stuck > "$T/first" 2>&1 &
first=$!
until [ "$(line_of stuck)" = ending ] || ! kill -0 $first 2> /dev/null; do sleep 0.1; done
inside service restart steady > "$T/second" 2>&1 &
second=$!
sleep 0.5
inside kill -USR2 1
wait $first
same "a stop that waits hears that the machine stops" "130 service: the machine is to shut down" "$? $(cat "$T/first")"
wait $second
same "and so does what waits behind it" "130 service: the machine is to shut down" "$? $(cat "$T/second")"
for tenth in $(seq 200); do ! kill -0 $outer 2> /dev/null || sleep 0.1; done
kill $outer 2> /dev/null
wait $outer
same "process 1 has ended, by a poweroff of its namespaces" 130 $?
wait $reader
said "lkboard: poweroff: begins"
said "[leaver] service: the machine is to shut down"
said "[leaver] stop ended with 130"
said "lkboard: poweroff: all is written, good bye"
same "what did not end was killed, the second time in this test" 2 "$(grep -c "'deaf' does not end; killing it" "$T/console")"
check "nothing is started while the machine stops" sh -c \
	"! sed -n '/poweroff: begins/,\$p' '$T/console' | grep -q 'started again'"
show
finish
