#!/bin/sh
# web.yml as a card: the board gets an address by DHCP on its USB network card, and nginx serves the
# page that the spec brings along.
. tests/lib.sh
. tests/console.sh
boot_test_needs qemu-system-aarch64 qemu-system-arm curl curl python3 python3

check "the card is built" "$LKBOARD" --store "$STORE" build rpi3 configs/specs/web.yml -o "$T"
port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
boot "$T/web-rpi3.img" 400 --net --hostfwd "tcp:127.0.0.1:$port-:80"
check "init says that all is up" wait_for "lkboard: up, 1 onboot, 1 services" 300
seconds "up"
check "dhcpcd said its lease" grep -aqE '^\[dhcpcd\] .*: leased 10\.0\.2\.15' "$T/console"
page() { curl -sS --max-time 20 --retry 20 --retry-all-errors --retry-delay 1 "$@" "http://127.0.0.1:$port/"; }
check "the page comes" page -f -o "$T/page"
seconds "page"
python3 - << 'PY' > "$T/want"
import re
text = open("configs/specs/web.yml").read()
body = re.search(r"contents: \|\n((?:      .*\n)+)", text).group(1)
print(re.sub(r"(?m)^      ", "", body), end="")
PY
check "it is the one of the spec" cmp "$T/want" "$T/page"
same "a page that is not there is none" 404 \
	"$(curl -s -o "$T/404" -w '%{http_code}' --max-time 20 "http://127.0.0.1:$port/none")"
stop_guest
[ $failed = 0 ] || console_tail
finish
