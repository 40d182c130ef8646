# Prints each include that layers.txt does not allow, each private header used from another folder, and
# the include edges between headers (to `edges`) for tsort. Files come as arguments, relative to the
# root given with -v root=DIR/.
function dir_of(path) { sub(/\/[^\/]*$/, "", path); return path }
FNR == 1 { file = FILENAME; if (root != "" && index(file, root) == 1) file = substr(file, length(root) + 1) }
FILENAME == table {
	sub(/#.*/, "")
	if (split($0, part, ":") == 2) {
		known[part[1]] = 1
		k = split(part[2], to, " ")
		for (i = 1; i <= k; i++) {
			if (to[i] == "base") { may[part[1], "base"] = 1; may[part[1], "base/ext"] = 1 }
			else if (to[i] == "base-only") may[part[1], "base"] = 1
			else may[part[1], to[i]] = 1
		}
	}
	next
}
/^#include "/ {
	split($0, q, "\"")
	from = dir_of(file); to_dir = dir_of(q[2])
	if (q[2] !~ /\//) { printf "%s:%d: include '%s' is not written from the root\n", file, FNR, q[2]; bad = 1; next }
	if (from !~ /^tests/ && from != to_dir) {
		if (!(from in known)) { printf "%s:%d: folder '%s' is not in layers.txt\n", file, FNR, from; bad = 1 }
		else if (!((from, to_dir) in may)) { printf "%s:%d: '%s' may not include '%s'\n", file, FNR, from, q[2]; bad = 1 }
		if (q[2] ~ /_priv\.h$/) { printf "%s:%d: '%s' is private to %s\n", file, FNR, q[2], to_dir; bad = 1 }
	}
	if (file ~ /\.h$/) print file, q[2] > edges
}
END { exit bad }
