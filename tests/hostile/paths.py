# SPDX-License-Identifier: Apache-2.0
"""Names of entries."""
from tarball import (base256, directory, entry, file, hardlink, header, long_name, pax, special,
                     symlink)
from vectors import layers, vector

vector("path-absolute", "an absolute path is one from the image's root", layers([file("/etc/x")]))
vector("path-dotdot-start", "'..' at the start ends at the root", layers([file("../x")]))
vector("path-dotdot-middle", "'..' in the middle that leads out", layers([file("a/../../x")]))
vector("path-dotdot-many", "fifty times '..', to a file that every host has",
       layers([file("../" * 50 + "etc/passwd")]))
vector("path-dotdot-through-link", "'..' is taken off by the letter, before links are followed",
       layers([directory("d/e"), symlink("s", "d/e"), file("s/../x")]))
vector("path-dotdot-last", "a path that ends in '..'", layers([file("a/b/..")]))
vector("path-dotdot-last-dir", "a directory that ends in '..' is the one above",
       layers([directory("a/b/..", mode=0o700)]))
vector("path-dotdot-only", "'..' as the whole path of a file", layers([file("..")]))
vector("path-dot-slash", "names that begin with './'", layers([directory("./"), file("./x")]))
vector("path-slashes", "empty components", layers([file("a//b///c")]))
vector("path-empty", "a file without a name", layers([file("")]))
vector("path-dot", "a file named '.'", layers([file(".")]))
vector("path-slash-dot", "'a/.' as a file is 'a'", layers([file("a/.")]))
vector("path-trailing-slash", "a file whose name ends in a slash", layers([file("a/")]))
vector("path-trailing-slash-v7", "the same of the time before ustar: a directory",
       layers([entry("a/", b"\0", size=0)]))
vector("root-symlink", "the root as a symbolic link (CVE-2021-29136)",
       layers([symlink(".", "/etc"), file("x")]))
vector("root-symlink-slash", "the same, named '/'", layers([symlink("/", "/etc"), file("x")]))
vector("root-hardlink", "the root as a hard link", layers([file("a"), hardlink("./", "a")]))
vector("root-fifo", "the root as a FIFO", layers([special("./", "6")]))
vector("root-device", "the root as a device", layers([special("/", "3", 1, 3)]))
vector("root-attributes", "the root's own attributes may be changed",
       layers([directory("./", mode=0o1700, uid=7, gid=8)]))
vector("name-newline", "a newline in a name", layers([file("a\nb")]))
vector("name-control", "control characters in a name", layers([file("a\x1b[2Jb\x07")]))
vector("name-not-utf8", "bytes that are no UTF-8", layers([file(b"a\xff\xfeb")]))
vector("name-overlong-utf8", "'/' and '.' as overlong UTF-8 are no separators",
       layers([file(b"a\xc0\xafb\xc0\xae\xc0\xae")]))
vector("name-backslash", "a backslash is a letter", layers([file("..\\..\\x")]))
vector("name-control-refused", "control characters must not reach the terminal in a message",
       layers([hardlink("a\x1b]0;owned\x07\n b", "\x1b[31mnot there")]))
vector("name-255", "a component of 255 bytes", layers([file("n" * 255)]))
vector("name-256", "a component of 256 bytes", layers([file("n" * 256)]))
vector("path-4096", "a path of 4096 bytes", layers([file(("d" * 240 + "/") * 16 + "n" * 240)]))
vector("path-4096-slash", "with a slash at its start it is no longer",
       layers([file("/" + ("d" * 240 + "/") * 16 + "n" * 239)]))
vector("path-4097", "a path of 4097 bytes", layers([file(("d" * 240 + "/") * 16 + "n" * 241)]))
vector("path-64k", "a path of 64 KiB", layers([file("d/" * 32768)]))
vector("depth-256", "256 levels", layers([file("d/" * 255 + "f")]))
vector("depth-257", "257 levels", layers([file("d/" * 256 + "f")]))
vector("depth-thousands", "two thousand levels", layers([file("d/" * 2000 + "f")]))
vector("depth-by-links", "levels beyond 256 by way of a link to the 200th",
       layers([directory("d/" * 200), symlink("s", "d/" * 200), file("s/" + "d/" * 60 + "f")]))
vector("file-below-file", "a file where a directory is needed",
       layers([file("a"), file("a/b")]))
vector("file-below-device", "a device where a directory is needed",
       layers([special("a", "3", 1, 3), file("a/b")]))
vector("file-below-fifo", "a FIFO where a directory is needed",
       layers([special("a", "6"), file("a/b")]))
vector("file-below-lower-file", "the same, across layers", layers([file("a")], [file("a/b")]))
vector("file-below-link-to-file", "a link to a file where a directory is needed",
       layers([file("a"), symlink("s", "a"), file("s/b")]))
vector("parent-missing", "parents that the archive does not have are root's, 0755",
       layers([file("a/b/c", uid=5)]))
vector("duplicate-last-wins", "the last of two entries", layers([file("a", "1"), file("a", "22")]))
vector("duplicate-dir-over-file", "a directory over a file",
       layers([file("a"), directory("a"), file("a/b")]))
vector("duplicate-file-over-dir", "a file over a directory",
       layers([file("a/b"), file("a/c"), file("a", "22")]))
vector("duplicate-file-over-link", "a file over a link replaces the link, not its target",
       layers([file("t", "keep"), symlink("s", "t"), file("s", "new")]))
vector("duplicate-dir-over-link", "a directory over a link to a directory",
       layers([file("t/keep"), symlink("s", "t"), directory("s"), file("s/new")]))
vector("duplicate-thousand", "one name a thousand times",
       layers([file("a", str(i)) for i in range(1000)]))
vector("name-in-prefix", "a '..' in the header's prefix field",
       layers([header(name="x", prefix="../../etc")]))
vector("name-unterminated", "all hundred bytes of the name are in use",
       layers([header(name="n" * 100, prefix="p" * 155)]))
vector("name-nul-inside", "what stands behind a NUL in a name is nothing",
       layers([header(name=b"a\0/../../etc/passwd")]))
vector("pax-path", "an extended header's path leads out", layers([pax(("path", "../../x")), file("y")]))
vector("pax-path-empty", "an empty path in an extended header deletes it",
       layers([pax(("path", "")), file("y")]))
vector("pax-path-nul", "a NUL inside a path of an extended header",
       layers([pax(("path", b"a\0b")), file("y")]))
vector("pax-linkpath", "an extended header's linkpath leads out",
       layers([pax(("linkpath", "/etc/passwd")), hardlink("h", "a")]))
vector("gnu-name-nul", "a GNU long name ends at its NUL",
       layers([entry("././@LongLink", "L", b"x\0/../../y"), file("z")]))
vector("gnu-name-no-nul", "a GNU long name without a NUL at its end",
       layers([entry("././@LongLink", "L", b"x" * 120), file("z")]))
vector("gnu-name-empty", "an empty GNU long name", layers([entry("././@LongLink", "L", b""), file("z")]))
vector("gnu-name-4g", "a GNU long name of 4 GiB",
       layers([header(name="././@LongLink", type="L", size=1 << 32)]))
vector("gnu-name-negative", "a GNU long name of minus one byte",
       layers([header(name="././@LongLink", type="L", size=base256(-1, 12))]))
vector("gnu-name-endless", "a thousand GNU long names before one entry: the last counts",
       layers([*(long_name(f"n{i}") for i in range(1000)), file("z")]))
vector("gnu-name-nothing-behind", "a GNU long name and then the end", layers([long_name("x")]))
