#!/bin/sh
# What a reader trips over: long lines and files, trailing blanks, missing licence lines, man pages with
# faults, and shell scripts that do not parse.
. tests/lib.sh

c_files=$(git ls-files '*.[ch]' 2>/dev/null)
[ -n "$c_files" ] || c_files=$(find -- * -name '*.[ch]' -not -path 'out/*')

# Expected texts in tests may be a little wider.
long_lines() {
	awk '{ l = $0; gsub(/\t/, "        ", l); most = FILENAME ~ /^tests/ ? 112 : 100 }
		length(l) > most { print FILENAME ":" FNR; bad = 1 } END { exit bad }' $c_files
}
trailing() { ! grep -nE '[ 	]+$' $c_files; }
licence() { ! grep -L 'SPDX-License-Identifier: Apache-2.0' $c_files | grep .; }
# A table of test cases may be longer than a module.
long_files() {
	wc -l $c_files | awk '{ most = $2 ~ /^tests\/unit/ ? 700 : 420 }
		$2 != "total" && $1 > most { print; bad = 1 } END { exit bad }'
}
scripts() {
	for s in tests/*.sh tests/*/*.sh; do
		case $(head -n 1 "$s") in *bash) bash -n "$s" ;; *) sh -n "$s" ;; esac || return 1
	done
}

check "no line is wider than 100 columns (tests: 112)" long_lines
check "no line ends in a blank" trailing
check "every file names its licence" licence
check "no file is longer than 420 lines (tests: 700)" long_files
check "shell scripts parse" scripts
if have mandoc; then
	check "man pages are clean for mandoc" mandoc -T lint -W warning docs/man/*.1 docs/man/*.5
else
	skip "man pages are clean for mandoc" "mandoc is not installed"
fi
finish
