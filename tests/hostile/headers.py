# SPDX-License-Identifier: Apache-2.0
"""Types, headers and extended headers of tar."""
from tarball import (BLOCK, END, base256, directory, entry, file, gnu_sparse, hardlink, header,
                     pax, special)
from vectors import archive, layers, vector

vector("type-devices", "character and block devices, a FIFO, with what root can give them",
       layers([special("c", "3", 1, 3, mode=0o666), special("b", "4", 8, 0, mode=0o660, gid=6),
               special("p", "6", uid=5)]))
vector("type-contiguous", "a contiguous file is a file", layers([entry("f", "7", "abc")]))
vector("type-socket", "a type that only star has for sockets", layers([entry("f", "s")]))
vector("type-unknown", "a type that nobody has", layers([entry("f", "9")]))
vector("type-binary", "a type that is no character", layers([entry("f", b"\x1b")]))
vector("type-vendor", "a vendor's own type is skipped with its data",
       layers([entry("v", "V", "volume"), entry("d", "D", "data" * 200), file("x")]))
vector("type-multivolume", "the rest of a file that began in another archive", layers([entry("f", "M", "x")]))
vector("device-major-huge", "a major number of 2^55 - 1",
       layers([special("d", "3", base256((1 << 55) - 1, 8), 0)]))
vector("device-max", "the largest numbers that Linux has", layers([special("d", "3", 4095, 1048575)]))
vector("device-major-4096", "a major number that would wrap around", layers([special("d", "3", 4096, 0)]))
vector("device-minor-1048576", "a minor number that would run over", layers([special("d", "4", 8, 1048576)]))
vector("device-pax-huge", "a major number of 2^32 in an extended header",
       layers([pax(("SCHILY.devmajor", str(1 << 32))), special("d", "3", 1, 3)]))
vector("device-with-data", "a device that claims a size: nothing is skipped",
       layers([special("d", "3", 1, 3, size=512), file("x")]))
vector("dir-with-data", "a directory that claims a size: nothing is skipped",
       layers([directory("d", size=512), file("x")]))
vector("mode-setuid", "set-user-ID, set-group-ID, sticky are the image's own",
       layers([file("su", mode=0o6755), directory("tmp", mode=0o1777)]))
vector("mode-more-bits", "bits of a mode beyond 07777", layers([file("f", mode=0o177755)]))
vector("mode-negative", "a mode of minus one", layers([file("f", mode=base256(-1, 8))]))
vector("owner-octal-max", "the largest owner of octal digits", layers([file("f", uid=0o7777777)]))
vector("owner-pax-max", "an owner of 2^32 - 2",
       layers([pax(("uid", str((1 << 32) - 2)), ("gid", str((1 << 32) - 2))), file("f")]))
vector("owner-pax-nobody", "an owner of 2^32 - 1, which is minus one to the kernel",
       layers([pax(("uid", str((1 << 32) - 1))), file("f")]))
vector("owner-pax-33-bit", "an owner of 2^32", layers([pax(("uid", str(1 << 32))), file("f")]))
vector("owner-pax-negative", "an owner of minus one", layers([pax(("gid", "-1")), file("f")]))
vector("owner-base256-negative", "an owner of minus one, in binary", layers([file("f", uid=base256(-1, 8))]))
vector("owner-names", "names of owners mean nothing: the host's are not asked",
       layers([file("f", uname="daemon", gname="daemon", uid=3, gid=4)]))
vector("time-fraction", "a time with a fraction", layers([pax(("mtime", "1.999999999")), file("f")]))
vector("time-negative", "a time before 1970, cut towards the past",
       layers([pax(("mtime", "-0.5")), file("f")]))
vector("time-huge", "the last second of 64 bits", layers([pax(("mtime", str((1 << 63) - 1))), file("f")]))
vector("time-beyond", "one more", layers([pax(("mtime", str(1 << 63))), file("f")]))
vector("time-text", "a time that is no number", layers([pax(("mtime", "tomorrow")), file("f")]))
vector("time-base256-negative", "a time before 1970, in binary", layers([file("f", mtime=base256(-1, 12))]))

vector("header-checksum", "a wrong checksum", layers([header(name="f", checksum=b"0000000\0")]))
vector("header-checksum-blank", "no checksum at all", layers([header(name="f", checksum=b" " * 8)]))
vector("header-checksum-signed", "the sum of signed bytes, as old machines made it",
       layers([header(name=b"\xc3\xa4", signed=True)]))
vector("header-digits", "a size that is no octal number", layers([header(name="f", size=b"00000000018\0")]))
vector("header-minus", "a size with a minus sign", layers([header(name="f", size=b"-0000000001\0")]))
vector("header-size-blank", "a blank size is nothing", layers([header(name="f", size=b" " * 12)]))
vector("header-size-12-digits", "twelve digits and no NUL",
       layers([file("f", "abc", size=b"000000000003")]))
vector("header-size-beyond", "a size beyond the archive", layers([header(name="f", size=1 << 20)]))
vector("header-size-base256-huge", "a size of 2^63 - 1",
       layers([header(name="f", size=base256((1 << 63) - 1, 12))]))
vector("header-size-base256-beyond", "a size of 2^64",
       layers([header(name="f", size=base256(1 << 64, 12))]))
vector("header-size-base256-negative", "a size of minus one", layers([header(name="f", size=base256(-1, 12))]))
vector("header-size-wraps", "a size that wraps when it is rounded up",
       layers([header(name="f", size=base256((1 << 63) - 511, 12))]))
vector("header-random", "a block of noise where a header must be",
       layers([file("a"), bytes((i * 167 + 13) % 256 for i in range(BLOCK))]))
vector("end-missing", "no end-of-archive blocks", archive(file("a")))
vector("end-one-block", "one block of zeros, then more: the first one ends the archive",
       archive(file("a") + bytes(BLOCK) + file("b") + END))
vector("end-then-more", "entries behind the end are none", archive(file("a") + END + file("b") + END))
vector("end-concatenated", "two archives in one: the first is the layer",
       archive(file("a", "1") + END + file("a", "2") + file("../b") + END))
vector("end-garbage", "garbage behind the end", archive(file("a") + END + b"\xff" * 700))
vector("end-empty", "an archive of nothing", archive(END))
vector("end-no-bytes", "a layer of no bytes", archive(b""))
vector("end-inside-block", "the archive ends inside a header", archive(file("a") + file("b")[:100]))
vector("end-inside-data", "the archive ends inside a file's data", archive(file("a", "x" * 1000)[:-600]))
vector("end-no-padding", "the last file's padding is cut off", archive(file("a", "x" * 600)[:512 + 600]))

vector("pax-length-overflow", "a record length beyond 64 bits",
       layers([pax(b"99999999999999999999999 path=x\n"), file("f")]))
vector("pax-length-long", "a record longer than its header", layers([pax(b"99 path=x\n"), file("f")]))
vector("pax-length-short", "a record shorter than it is", layers([pax(b"9 path=xy\n"), file("f")]))
vector("pax-length-zero", "a record of no bytes", layers([pax(b"0 path=x\n"), file("f")]))
vector("pax-length-negative", "a record of minus ten bytes", layers([pax(b"-10 path=x\n"), file("f")]))
vector("pax-no-newline", "a record without its newline", layers([pax(b"10 path=xy"), file("f")]))
vector("pax-no-equals", "a record without '='", layers([pax(b"10 path-xy\n"), file("f")]))
vector("pax-no-key", "a record without a key", layers([pax(b"5 =x\n"), file("f")]))
vector("pax-nul-in-key", "a NUL in a key", layers([pax(("pa\0th", "x")), file("f")]))
vector("pax-empty", "an extended header of nothing", layers([pax(), file("f")]))
vector("pax-nothing-behind", "an extended header and then the end", layers([pax(("path", "x"))]))
vector("pax-endless", "a thousand extended headers before one entry",
       layers([*(pax(("path", f"n{i}")) for i in range(1000)), file("f")]))
vector("pax-fills-memory", "extended headers of 1 MiB, one behind the other",
       layers([pax(("comment", "x" * 1000000))] * 8 + [file("f")]))
vector("pax-1m", "an extended header of 1 MiB and a byte",
       layers([header(name="x", type="x", size=(1 << 20) + 1)]))
vector("pax-size-smaller", "an extended header's size is the one that counts",
       layers([pax(("size", "3")), file("f", "abc", size=100000)]))
vector("pax-size-larger", "and where it is beyond the archive, it is beyond it",
       layers([pax(("size", "100000")), file("f", "abc")]))
vector("pax-size-negative", "a size of minus one", layers([pax(("size", "-1")), file("f", "abc")]))
vector("pax-size-huge", "a size of 2^63 - 1", layers([pax(("size", str((1 << 63) - 1))), file("f", "abc")]))
vector("pax-size-exponent", "a size that is no whole number", layers([pax(("size", "1e9")), file("f")]))
vector("pax-twice", "the last of two values counts", layers([pax(("path", "a"), ("path", "b")), file("f")]))
vector("pax-on-pax", "an extended header says nothing of the next extended header's size",
       layers([pax(("size", "1")), pax(("path", "b")), file("f")]))
vector("pax-global", "a global header counts for all, until a local one says more",
       layers([pax(("uid", "7"), type="g"), file("a"), pax(("uid", "8")), file("b"), file("c")]))
vector("pax-global-path", "a global path makes one file of all",
       layers([pax(("path", "x"), type="g"), file("a", "1"), file("b", "22")]))
vector("pax-global-endless", "a global header that grows with every entry",
       layers([e for i in range(24) for e in (pax(("comment", "x" * 100000), ("uid", "7"), type="g"),
                                              file(f"f{i}"))]))
vector("pax-charset", "a charset is not looked at: names are bytes",
       layers([pax(("hdrcharset", "EBCDIC"), ("path", b"\xff")), file("f")]))
vector("pax-unknown", "keys that nobody knows", layers([pax(("WHO.knows", "x")), file("f")]))

vector("xattr-kept", "attributes of users and capabilities are kept",
       layers([pax(("SCHILY.xattr.user.a", b"a\0b\n"),
                   ("SCHILY.xattr.security.capability", b"\1\0\0\2\0\x20\0\0")), file("f")]))
vector("xattr-host", "labels of the host where it was made are dropped",
       layers([pax(("SCHILY.xattr.security.selinux", "x"),
                   ("SCHILY.xattr.trusted.overlay.opaque", "y")), directory("d")]))
vector("xattr-acl", "access lists of star are not read",
       layers([pax(("SCHILY.acl.access", "user::rwx")), file("f")]))
vector("xattr-no-name", "an attribute without a name", layers([pax(("SCHILY.xattr.", "x")), file("f")]))
vector("xattr-odd-name", "a name with a newline, a slash and '..'",
       layers([pax(("SCHILY.xattr.user.a\nb/../c", "x")), file("f")]))
vector("xattr-name-256", "a name of 256 bytes", layers([pax(("SCHILY.xattr." + "n" * 256, "x")), file("f")]))
vector("xattr-value-64k", "a value of 64 KiB, the most that Linux takes",
       layers([pax(("SCHILY.xattr.user.a", "v" * 65536)), file("f")]))
vector("xattr-value-more", "one byte more", layers([pax(("SCHILY.xattr.user.a", "v" * 65537)), file("f")]))
vector("xattr-64", "64 attributes",
       layers([pax(*((f"SCHILY.xattr.user.{i}", "v") for i in range(64))), file("f")]))
vector("xattr-thousands", "five thousand attributes",
       layers([pax(*((f"SCHILY.xattr.user.{i}", "v") for i in range(5000))), file("f")]))
vector("xattr-global", "attributes of 256 KiB in a global header, for two thousand files",
       layers([pax(*((f"SCHILY.xattr.user.{i}", "v" * 65000) for i in range(4)), type="g")] +
              [file(f"f{i}", "") for i in range(2000)]))
vector("xattr-libarchive", "bsdtar's way to write one, and its wrong ones",
       layers([pax(("LIBARCHIVE.xattr.user.%6e", "bm90IHRoaXM=")), file("f"),
               pax(("LIBARCHIVE.xattr.user.a", "?!")), file("g")]))
vector("xattr-libarchive-nul", "bsdtar's way with a NUL in the name",
       layers([pax(("LIBARCHIVE.xattr.user.%00", "YQ==")), file("f")]))

HALF = [(0, 512), (1024, 512)]
DATA = b"a" * 512 + b"b" * 512


def sparse_1(name, real_size, text, data=b""):
    text = text + bytes(-len(text) % BLOCK)
    return pax(("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", name),
               ("GNU.sparse.realsize", str(real_size))) + file("GNUSparseFile.0/f", text + data)


def sparse_map(real_size, text, data=b"", name="f"):
    return pax(("GNU.sparse.size", str(real_size)), ("GNU.sparse.map", text)) + file(name, data)


def sparse_00(real_size, pairs, data=b""):
    records = [("GNU.sparse.size", str(real_size)), ("GNU.sparse.numblocks", str(len(pairs)))]
    for off, length in pairs:
        records += [("GNU.sparse.offset", str(off)), ("GNU.sparse.numbytes", str(length))]
    return pax(*records) + file("f", data)


vector("sparse-0.0", "GNU's sparse format 0.0", layers([sparse_00(2048, HALF, DATA)]))
vector("sparse-0.1", "GNU's sparse format 0.1", layers([sparse_map(2048, "0,512,1024,512", DATA)]))
vector("sparse-1.0", "GNU's sparse format 1.0",
       layers([sparse_1("f", 2048, b"2\n0\n512\n1024\n512\n", DATA)]))
vector("sparse-old", "the old GNU kind", layers([gnu_sparse("f", HALF, 2048, DATA)]))
vector("sparse-1.0-name", "the name of format 1.0 leads out",
       layers([sparse_1("../../f", 1024, b"1\n0\n512\n", b"a" * 512)]))
vector("sparse-overlap", "pieces that overlap", layers([sparse_map(2048, "0,512,256,512", DATA)]))
vector("sparse-unordered", "pieces out of order", layers([sparse_map(2048, "1024,512,0,512", DATA)]))
vector("sparse-negative", "a piece at minus one", layers([sparse_map(2048, "-1,512", DATA)]))
vector("sparse-old-negative", "the same in binary",
       layers([gnu_sparse("f", [(base256(-1, 12), 512)], 2048, DATA[:512])]))
vector("sparse-beyond", "a piece behind the file's end", layers([sparse_map(1024, "1024,512", DATA[:512])]))
vector("sparse-wraps", "a piece whose end wraps", layers([sparse_map(1024, f"{(1 << 63) - 1},512", DATA[:512])]))
vector("sparse-more-than-stored", "a map of more than is stored", layers([sparse_map(4096, "0,2048", DATA)]))
vector("sparse-less-than-stored", "a map of less than is stored", layers([sparse_map(4096, "0,512", DATA)]))
vector("sparse-8e", "a file of 8 EiB - 1, all hole", layers([sparse_map((1 << 63) - 1, "")]))
vector("sparse-1.0-8e", "the same in format 1.0", layers([sparse_1("f", (1 << 63) - 1, b"0\n")]))
vector("sparse-old-8e", "the same of the old kind",
       layers([gnu_sparse("f", [], base256((1 << 63) - 1, 12))]))
vector("sparse-old-size-negative", "a real size of minus one", layers([gnu_sparse("f", [], base256(-1, 12))]))
vector("sparse-hole", "a file of 16 MiB, all hole", layers([sparse_map(16 << 20, "")]))
vector("sparse-many-holes", "holes of 1 GiB, a hundred times",
       layers([sparse_map(1 << 30, "", name=f"f{i}") for i in range(100)]))
vector("sparse-thousands", "four thousand sparse files: each once cost a descriptor",
       layers([gnu_sparse(f"f{i}", HALF, 2048, DATA) for i in range(4000)]))
vector("sparse-map-cut", "a map that ends after an offset", layers([sparse_map(2048, "0,512,1024", DATA)]))
vector("sparse-map-text", "a map that is no numbers", layers([sparse_map(2048, "a,b", DATA)]))
vector("sparse-1.0-count", "a map of 2^62 pieces", layers([sparse_1("f", 1024, b"%d\n" % (1 << 62))]))
vector("sparse-1.0-no-map", "a file of format 1.0 without a map",
       layers([pax(("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "5")), file("f", "")]))
vector("sparse-1.0-no-size", "a file of format 1.0 without its size",
       layers([pax(("GNU.sparse.major", "1")), file("f", b"0\n")]))
vector("sparse-0.0-length-first", "a length before its offset",
       layers([pax(("GNU.sparse.size", "9"), ("GNU.sparse.numbytes", "1")), file("f")]))
vector("sparse-old-more", "extension blocks of the old kind",
       layers([gnu_sparse("f", [(0, 1)], 100, b"abc", [[(10, 1), (20, 1)]])]))
vector("sparse-old-more-missing", "an extension block that is not there",
       archive(gnu_sparse("f", [(0, 1)], 100, b"", [[]])[:BLOCK]))
vector("sparse-pieces", "a map of 200,000 pieces",
       layers([gnu_sparse("f", [(0, 0)] * 4, 1 << 20, b"", [[(1, 0)] * 21] * 10000)]))
vector("sparse-hardlink", "a sparse file that is a hard link",
       layers([file("a"), pax(("GNU.sparse.size", "2048"), ("GNU.sparse.map", "0,512")),
               hardlink("h", "a")]))
