#!/bin/sh
# The demo: builds a Raspberry Pi card from configs/specs/hello.yml, boots it in QEMU through its own
# U-Boot, waits for the service, asks for a shutdown at the console, and ends when all three
# containers were heard.
. tests/lib.sh
. tests/console.sh

out=$O/demo
mkdir -p "$out"
echo "== lkboard build rpi3 configs/specs/hello.yml"
"$LKBOARD" --store "$STORE" build rpi3 configs/specs/hello.yml -o "$out" || exit
echo "== lkboard run $out/hello-rpi3.img"
boot "$out/hello-rpi3.img" 400
tail -f -n +1 --pid=$guest "$T/console" &
shown=$!
wait_for 'lkboard: service ok' 300 && wait_for 'lkboard: up' 60 && shell_ready 60 &&
	type_line poweroff
wait_end 120
wait $shown
for text in 'lkboard: onboot ok' 'lkboard: service ok' 'lkboard: onshutdown ok'; do
	if grep -aqF "$text" "$T/console"; then
		echo "seen on the console: $text"
	else
		echo "NOT seen on the console: $text" >&2
		sed 's/^/  /' "$T/run.err" >&2
		failed=1
	fi
done
exit $failed
