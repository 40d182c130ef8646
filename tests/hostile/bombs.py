# SPDX-License-Identifier: Apache-2.0
"""Little that becomes much."""
import zlib

from blobs import zstd_bomb
from layout import GZIP, ZSTD, Layer, Layout
from tarball import END, directory, file, header, pax, symlink
from vectors import vector

GIB = 1 << 30
NOTHING = "sha256:" + "0" * 64


def packed(make, media_type=GZIP):
    """A layer that is made and packed piece by piece: none of it is in memory as a whole."""
    import hashlib
    plain, z, out = hashlib.sha256(), zlib.compressobj(1, zlib.DEFLATED, 31), []
    for piece in make():
        plain.update(piece)
        out.append(z.compress(piece))
    out.append(z.flush())
    return Layout([Layer(b"", b"".join(out), media_type, diff_id="sha256:" + plain.hexdigest())])


def numbered(count, template, mark, digits):
    """Many entries of one kind: a header whose name and sum are changed in place."""
    block = bytearray(template)
    at = block.index(mark)
    base = sum(block) - sum(block[at:at + digits]) - sum(block[148:156]) + 8 * 32
    piece = bytearray()
    for i in range(count):
        number = b"%0*d" % (digits, i)
        block[at:at + digits] = number
        block[148:156] = b"%06o\0 " % (base + sum(number))
        piece += block
        if len(piece) > 1 << 20:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece) + END


def many(count, template, before=b"", step=1):
    def make():
        yield before
        yield from numbered(count, template, b"0000000", 7)
    return lambda: packed(make)


def zeros(size):
    def make():
        for _ in range(size >> 20):
            yield bytes(1 << 20)
    return make


def long_paths(count, prefix):
    """Extended headers with paths of 4 KiB each, which gzip makes next to nothing of."""
    def make():
        for i in range(count):
            yield pax(("path", f"{i:07d}/" + ("p" * 200 + "/") * 18 + prefix + "n" * 200)) + \
                file("f", "")
        yield END
    return lambda: packed(make)


# A member of 16 MiB, many times: one stream of so much would take long to make.
def gzip_bomb(size):
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    member = z.compress(bytes(16 << 20)) + z.flush()
    return Layout([Layer(b"", member * (size // (16 << 20)), GZIP, diff_id=NOTHING)])


vector("bomb-gzip", "a gzip layer of 4 GiB of zeros", lambda: gzip_bomb(4 * GIB), slow=True)
vector("bomb-zstd", "a zstd layer of 64 GiB of zeros",
       lambda: Layout([Layer(b"", zstd_bomb(64 * GIB), ZSTD, diff_id=NOTHING)]), slow=True)
vector("bomb-zstd-small", "a zstd layer of 32 MiB, 32,000 times its size: what is below the bound is read",
       lambda: packed_zstd(32 << 20))
vector("bomb-entries", "three million empty files", many(3000000, header(name="d0000000")), slow=True)
vector("bomb-entries-60k", "sixty thousand empty files in one directory", many(60000, header(name="d0000000")))
vector("bomb-hardlinks", "nine hundred thousand names of one file",
       lambda: packed(lambda: spread(18, 50000, "1", file("a"))), slow=True)
vector("bomb-files", "nine hundred thousand empty files in directories of fifty thousand",
       lambda: packed(lambda: spread(18, 50000)), slow=True)
vector("bomb-names-long", "a hundred thousand names of 200 bytes",
       many(100000, header(name="n" * 60 + "0000000", prefix="p" * 150)), slow=True)
vector("bomb-parents", "each entry asks for 250 parents of its own",
       lambda: packed(lambda: parents(20000)), slow=True)
vector("bomb-names", "names of 4 KiB", long_paths(150000, ""), slow=True)
vector("bomb-whiteouts", "whiteouts of 4 KiB names", long_paths(150000, ".wh."), slow=True)
vector("bomb-links-slow", "each of 300,000 files is reached by a link of two thousand steps",
       many(300000, header(name="l29/0000000"),
            directory("d") + symlink("l0", "d") +
            b"".join(symlink(f"l{i}", "d/../" * 800 + f"l{i - 1}") for i in range(1, 30))), slow=True)
vector("bomb-reverse", "500,000 names in falling order, in eight directories",
       lambda: packed(lambda: falling(8, 62500)), slow=True)
vector("bomb-xattrs", "sixty thousand files with 8 KiB of attributes each",
       lambda: packed(lambda: xattrs(60000)), slow=True)
vector("bomb-xattrs-global", "nine hundred thousand hard links under a global header of 64 attributes",
       lambda: packed(lambda: spread(18, 50000, "1", pax(
           *((f"SCHILY.xattr.user.{i}", "v") for i in range(64)), type="g") + file("a"))), slow=True)
vector("bomb-directories-replaced", "a directory of 1,000 files that is made and replaced 800 times",
       lambda: packed(lambda: replaced(800, 1000)), slow=True)


def packed_zstd(size):
    import hashlib
    plain = hashlib.sha256()
    for piece in zeros(size)():
        plain.update(piece)
    return Layout([Layer(b"", zstd_bomb(size), ZSTD, diff_id="sha256:" + plain.hexdigest())])


def parents(count):
    for i in range(count):
        yield pax(("path", "/".join(f"{i:05d}" for _ in range(250)))) + file("f", "")
    yield END


def falling(directories, count):
    for d in range(directories):
        for i in reversed(range(count)):
            yield header(name=f"{d}/{i:07d}")
    yield END


def spread(directories, count, type="0", before=b""):
    yield before
    for d in range(directories):
        yield b"".join(header(name=f"{d:02d}/{i:05d}", type=type, link="a") for i in range(count))
    yield END


def xattrs(count):
    for i in range(count):
        yield pax(("SCHILY.xattr.user.a", b"v" * 8000 + b"%d" % i)) + header(name=f"f{i}")
    yield END


def replaced(rounds, files):
    block = b"".join(header(name=f"d/{i}") for i in range(files)) + header(name="d") + \
        directory("d")
    for _ in range(rounds):
        yield block
    yield END
