#!/bin/sh
# Puts the cosign of Debian 13 into the directory $1 and prints its path: it runs on Debian 12 as it is, which
# has none. It comes from the mirror that apt is configured with, checked by apt in a root of its own.
set -eu
if command -v cosign; then exit; fi
mkdir -p "$1"
dir=$(cd "$1" && pwd)
if [ ! -x "$dir/usr/bin/cosign" ]; then
	uri=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(CODENAME)' 'Created-By: Packages' |
		awk '$2 == "main" && $3 == "bookworm" { print $1; exit }')
	[ -n "$uri" ] || { echo "apt has no source of bookworm" >&2; exit 1; }
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	: > "$dir/status"
	echo "deb $uri trixie main" > "$dir/sources.list"
	cat > "$dir/apt.conf" << EOT
Dir::State "$dir";
Dir::State::status "$dir/status";
Dir::Cache "$dir";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferencesparts "-";
Acquire::Languages "none";
EOT
	export APT_CONFIG="$dir/apt.conf"
	(cd "$dir" && apt-get -q update && apt-get -q download cosign) >&2
	dpkg-deb -x "$dir"/cosign_*.deb "$dir"
	rm -rf "$dir"/cosign_*.deb "$dir/lists"
fi
echo "$dir/usr/bin/cosign"
