# SPDX-License-Identifier: Apache-2.0
"""Symbolic and hard links, and what others were led out by: containerd's and umoci's breakouts."""
from tarball import directory, file, hardlink, pax, special, symlink
from vectors import layers, vector

OUT = "../../../../../../../../../.."
CHAIN = [symlink(f"l{i}", f"l{i + 1}") for i in range(60)] + [directory("l60")]

vector("link-out-kept", "a link's target is text: it may say anything",
       layers([symlink("s", OUT + "/etc/passwd")]))
vector("link-out-then-through", "a link out of the root, then a file through it",
       layers([symlink("up", OUT), file("up/x")]))
vector("link-out-across-layers", "the same in two layers, where tools that unpack a layer at a time "
       "were led out", layers([symlink("e", "/etc")], [file("e/passwd")]))
vector("link-out-down", "SymlinkUpAndOut: through the link to a directory of the host",
       layers([symlink("up", OUT), directory("up/etc"), file("up/etc/shadow")]))
vector("link-parent-dir", "SymlinkParentDirectory: a link '..' below itself",
       layers([directory("d"), symlink("d/s", ".."), file("d/s/s/x")]))
vector("link-empty-name", "SymlinkEmptyFilename: a link without a name",
       layers([symlink("", "/etc"), file("x")]))
vector("link-override-path", "SymlinkOverridePath: a directory becomes a link, then is written to",
       layers([file("d/keep")], [symlink("d", OUT + "/etc"), file("d/x")]))
vector("link-over-dir-with-files", "a link over a directory removes what was in it",
       layers([file("d/a"), file("d/b")], [symlink("d", "e"), file("d/c")]))
vector("link-whiteout-through", "a whiteout through a link that leads out",
       layers([file("etc/a"), file("etc/b"), symlink("e", OUT + "/etc")], [file("e/.wh.a")]))
vector("link-opaque-through", "an opaque marker through a link that leads out",
       layers([file("etc/a"), symlink("e", OUT + "/etc")], [file("e/.wh..wh..opq")]))
vector("link-loop-self", "a link to itself", layers([symlink("a", "a"), file("a/x")]))
vector("link-loop-two", "two links to each other",
       layers([symlink("a", "b"), symlink("b", "a"), file("a/x")]))
vector("link-loop-below", "a link to what is below itself",
       layers([symlink("a", "a/a"), file("a/x")]))
vector("link-loop-kept", "a loop that nobody follows does no harm",
       layers([symlink("a", "b"), symlink("b", "a")]))
vector("link-chain-40", "a chain of 40 links", layers(CHAIN + [file("l20/x")]))
vector("link-chain-41", "a chain of 41 links", layers(CHAIN + [file("l19/x")]))
vector("link-bushy", "each link leads twice through the one before: 2^30 steps by the letter",
       layers([directory("l0")] + [symlink(f"l{i}", f"l{i - 1}/../l{i - 1}")
                                   for i in range(1, 31)] + [file("l30/x")]))
vector("link-long-way", "targets of two thousand components each, one in another",
       layers([directory("d"), symlink("l0", "d")] +
              [symlink(f"l{i}", "d/../" * 800 + f"l{i - 1}") for i in range(1, 30)] +
              [file("l29/x")]))
vector("link-absolute", "an absolute target starts at the image's root",
       layers([directory("usr/bin"), symlink("bin", "/usr/bin"), file("bin/sh")]))
vector("link-dangling-parent", "a link to nothing as a parent: the directory is made",
       layers([symlink("s", "no/such"), file("s/x")]))
vector("link-to-proc", "a link to /proc/self/root is a link inside the image",
       layers([symlink("s", "/proc/self/root/etc"), file("s/x")]))
vector("link-no-target", "a link without a target", layers([symlink("s", "")]))
vector("link-target-nul", "a target ends at its NUL", layers([symlink("s", b"a\0b")]))
vector("link-target-pax-nul", "a target of an extended header with a NUL inside",
       layers([pax(("linkpath", b"a\0b")), symlink("s", "a")]))
vector("link-target-4095", "a target of 4095 bytes", layers([symlink("s", "t" * 4095)]))
vector("link-target-4096", "a target of 4096 bytes", layers([symlink("s", "t" * 4096)]))
vector("link-target-64k", "a target of 64 KiB", layers([symlink("s", "t" * 65536)]))
vector("link-control", "control characters in a target", layers([symlink("s", "\x1b[2J\n")]))
vector("link-with-size", "a symbolic link that claims a size: nothing is skipped",
       layers([symlink("s", "t", size=512), file("x")]))

vector("hard-missing", "a hard link to nothing", layers([hardlink("h", "no")]))
vector("hard-dir", "a hard link to a directory", layers([directory("d"), hardlink("h", "d")]))
vector("hard-root", "a hard link to the root", layers([hardlink("h", "/")]))
vector("hard-itself", "a hard link to itself", layers([hardlink("h", "h")]))
vector("hard-itself-existing", "a hard link to itself where there is a file: the file stays",
       layers([file("h", "keep")], [hardlink("h", "h")]))
vector("hard-forward", "a hard link to what comes later", layers([hardlink("h", "a"), file("a")]))
vector("hard-empty", "a hard link without a target", layers([hardlink("h", "")]))
vector("hard-symlink", "a hard link to a symbolic link is that link",
       layers([symlink("s", "../canary"), hardlink("h", "s")]))
vector("hard-symlink-out-write", "then a file over the hard link: what the link names is untouched",
       layers([symlink("s", OUT + "/etc/passwd"), hardlink("h", "s"), file("h", "new")]))
vector("hard-symlink-chmod", "HardlinkSymlinkChmod: a mode for the link's target (CVE-2021-32760)",
       layers([symlink("s", OUT + "/etc/passwd"), hardlink("h", "s", mode=0o4777)]))
vector("hard-down-and-out", "HardlinkDownAndOut: through a link that leads out",
       layers([directory("d"), symlink("d/e", OUT + "/etc"), hardlink("h", "d/e/passwd")]))
vector("hard-absolute", "an absolute target is one from the image's root",
       layers([file("etc/passwd", "image's"), hardlink("h", "/etc/passwd")]))
vector("hard-dotdot", "'..' in a target ends at the root",
       layers([file("a", "image's"), hardlink("d/h", OUT + "/a")]))
vector("hard-host", "a target that only the host has", layers([hardlink("h", "/etc/passwd")]))
vector("hard-relative", "a target is from the root, not from the link or a working directory "
       "(CVE-2026-50163)", layers([file("x", "root's"), file("d/x", "d's"), hardlink("d/h", "x")]))
vector("hard-size", "a hard link that brings the file's data along once more",
       layers([file("a", "data"), hardlink("h", "a", size=4) + b"data" + bytes(508), file("z")]))
vector("hard-size-no-data", "a hard link that has the file's size and no data",
       layers([file("a", "data"), hardlink("h", "a", size=4), file("z")]))
vector("hard-size-huge", "a hard link of 8 GiB - 1, and nothing behind it",
       layers([file("a"), hardlink("h", "a", size=0o77777777777) + b"y" * 512]))
vector("hard-attributes", "a further name does not change owner or mode",
       layers([file("a", mode=0o600), hardlink("h", "a", mode=0o4777, uid=9)]))
vector("hard-over-file", "a hard link over another file",
       layers([file("a", "1"), file("b", "22"), hardlink("b", "a")]))
vector("hard-over-dir", "a hard link over a directory",
       layers([file("a"), file("d/b"), hardlink("d", "a")]))
vector("hard-broken-by-layer", "a new file over one name leaves the other",
       layers([file("a", "old"), hardlink("b", "a")], [file("a", "new")]))
vector("hard-removed-target", "a link to what its own layer hides",
       layers([file("a")], [file(".wh.a"), hardlink("h", "a")]))
vector("hard-device", "a further name of a device",
       layers([special("d", "3", 1, 3), hardlink("h", "d")]))
vector("hard-thousands", "five thousand names of one file",
       layers([file("a")] + [hardlink(f"h{i}", "a") for i in range(5000)]))
