# SPDX-License-Identifier: Apache-2.0
"""Whiteouts and opaque directories."""
from tarball import directory, file, hardlink, special, symlink
from vectors import layers, vector

vector("whiteout-nameless", "'.wh.' alone: other tools removed the root", layers([file("a")], [file(".wh.")]))
vector("whiteout-dot", "'.wh..' is a whiteout of '.'", layers([file("a")], [file(".wh..")]))
vector("whiteout-dotdot", "WhiteoutRootParent: '.wh...' is one of '..'",
       layers([file("a")], [file("d/.wh...")]))
vector("whiteout-relative", "WhiteoutRelativePath: the whiteout's own path leads out",
       layers([file("a")], [file("../.wh.a")]))
vector("whiteout-slash", "a whiteout with something behind it",
       layers([file("a")], [file(".wh.a/../../b")]))
vector("whiteout-as-parent", "a whiteout as a directory", layers([file("a")], [file(".wh.a/b")]))
vector("whiteout-root-opaque", "an opaque marker in the root", layers([file("a")], [file(".wh..wh..opq"), file("b")]))
vector("whiteout-root-opaque-last", "the same at the layer's end",
       layers([file("a")], [file("b"), file(".wh..wh..opq")]))
vector("whiteout-before", "a whiteout before its own layer's entry",
       layers([file("a", "low")], [file(".wh.a"), file("a", "up")]))
vector("whiteout-after", "a whiteout behind its own layer's entry",
       layers([file("a", "low")], [file("a", "up"), file(".wh.a")]))
vector("whiteout-missing", "a whiteout of nothing", layers([file("a")], [file("no/such/.wh.b")]))
vector("whiteout-dir", "a whiteout of a directory with all in it",
       layers([file("d/e/f"), file("a")], [file(".wh.d")]))
vector("whiteout-of-link", "a whiteout of a link, not of what it names",
       layers([file("t"), symlink("s", "t")], [file(".wh.s")]))
vector("whiteout-below-link", "a whiteout below a link goes where the link leads",
       layers([file("usr/bin/sh"), symlink("bin", "usr/bin")], [file("bin/.wh.sh")]))
vector("whiteout-below-replaced-link", "a directory takes the link's place: its target keeps its files",
       layers([file("usr/bin/sh"), symlink("bin", "usr/bin")], [directory("bin"), file("bin/.wh.sh")]))
vector("whiteout-below-file", "a whiteout below a file", layers([file("a")], [file("a/.wh.b")]))
vector("whiteout-one-of-two-names", "a whiteout of one name of a hard link",
       layers([file("a"), hardlink("b", "a")], [file(".wh.a")]))
vector("whiteout-as-link", "a whiteout that is a link itself",
       layers([file("a")], [symlink(".wh.a", "/etc/passwd")]))
vector("whiteout-as-hardlink", "a whiteout that is a hard link to nothing",
       layers([file("a")], [hardlink(".wh.a", "no/such")]))
vector("whiteout-first-layer", "a whiteout in the lowest layer", layers([file(".wh.a"), file("b")]))
vector("whiteout-256", "a whiteout of 256 bytes is one of 252",
       layers([file("n" * 252)], [file(".wh." + "n" * 252)]))
vector("whiteout-aufs", "what aufs kept beside its whiteouts is nothing",
       layers([file("a")], [directory(".wh..wh.plnk"), file(".wh..wh.plnk/1.2"), file(".wh..wh.aufs"),
                            file(".wh..wh.orph/x")]))
vector("whiteout-char-00", "overlayfs' whiteout, a device 0:0, is a device in a layer",
       layers([file("a")], [special("a", "3", 0, 0)]))
vector("opaque-keeps-own", "an opaque directory keeps what its own layer brings",
       layers([file("d/low")], [file("d/up"), file("d/.wh..wh..opq")]))
vector("opaque-missing", "an opaque directory that is not there", layers([file("a")], [file("no/.wh..wh..opq")]))
vector("opaque-on-file", "an opaque file", layers([file("a")], [file("a/.wh..wh..opq")]))
vector("opaque-via-link", "an opaque marker below a link empties what the link names",
       layers([file("t/a"), symlink("s", "t")], [file("s/.wh..wh..opq")]))
vector("same-layer-twice", "one layer, twice in the manifest",
       lambda: twice([file("a"), hardlink("b", "a"), symlink("s", "a")]))


def twice(entries):
    from layout import Layer, Layout
    from tarball import END
    layer = Layer(b"".join(entries) + END)
    return Layout([layer, layer])
