#!/bin/sh
# Installs the Debian packages named as arguments, as far as they are missing. As an ordinary user it
# says what is missing and how to get it.
set -u
missing=
for p in "$@"; do
	dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed ||
		missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "missing Debian packages:$missing" >&2
	echo "  hint: as root, apt-get install --no-install-recommends$missing" >&2
	exit 10
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || exit 1
# shellcheck disable=SC2086
exec apt-get install -y -qq --no-install-recommends $missing
