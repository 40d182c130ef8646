# SPDX-License-Identifier: Apache-2.0
"""Layers as blobs: compression, digests, sizes, media types."""
from layout import (DOCKER, GZIP, OCI, TAR, ZSTD, Layer, Layout, digest, gzip, skippable, zstd,
                    zstd_frame)
from tarball import END, file
from vectors import vector

SMALL = file("a", "text") + END
OTHER = file("b", "other") + END


def one(packed=None, media_type=TAR, plain=SMALL, **claims):
    return lambda: Layout([Layer(plain, packed, media_type, **claims)])


vector("gzip-members", "a layer in three gzip members",
       one(gzip(SMALL[:700]) + gzip(b"") + gzip(SMALL[700:]), GZIP))
vector("gzip-member-hidden", "a second member that a reader of one would not see",
       one(gzip(SMALL) + gzip(file("b")), GZIP))
vector("gzip-garbage", "garbage behind a gzip member", one(gzip(SMALL) + b"garbage", GZIP))
vector("gzip-zeros", "zeros behind a gzip member", one(gzip(SMALL) + bytes(512), GZIP))
vector("gzip-cut", "a gzip member that ends early", one(gzip(SMALL)[:-200], GZIP))
vector("gzip-crc", "a gzip member with a wrong checksum",
       one(gzip(SMALL)[:-8] + b"\0" * 4 + gzip(SMALL)[-4:], GZIP))
vector("gzip-isize", "a gzip member with a wrong size",
       one(gzip(SMALL)[:-4] + b"\1\0\0\0", GZIP))
vector("gzip-name-long", "a gzip header whose file name never ends",
       one(b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + b"n" * 200000, GZIP))
vector("gzip-name-path", "a gzip header that names a file of the host",
       one(b"\x1f\x8b\x08\x08\0\0\0\0\0\xff/etc/passwd\0" + gzip(SMALL)[10:], GZIP))
vector("gzip-said-zstd-is", "called gzip, and zstd in truth", one(zstd(SMALL), GZIP))
vector("zstd-said-plain-is", "called zstd, and plain in truth", one(SMALL, ZSTD))
vector("plain-said-gzip-is", "called plain, and gzip in truth", one(gzip(SMALL), TAR))
vector("zstd-frames", "zstd with skippable frames before, between and behind",
       one(skippable(b"x" * 50) + zstd(SMALL[:700]) + skippable(b"") + zstd(SMALL[700:]) +
           skippable(b"y" * 9), ZSTD))
vector("zstd-skippable-huge", "a skippable frame of 4 GiB that is not there",
       one(skippable(b"")[:4] + b"\xff\xff\xff\xff" + zstd(SMALL), ZSTD))
vector("zstd-cut", "zstd that ends early", one(zstd(SMALL)[:-200], ZSTD))
vector("zstd-garbage", "garbage behind a zstd frame", one(zstd(SMALL) + b"garbage", ZSTD))
vector("zstd-window", "a zstd window of 2 TiB: memory is taken by its word",
       one(b"\x28\xb5\x2f\xfd\0\xf8" + zstd(SMALL)[6:], ZSTD))
vector("zstd-dictionary", "zstd with a dictionary that nobody has",
       one(b"\x28\xb5\x2f\xfd\x03\x38\1\2\3\4" + zstd(SMALL)[6:], ZSTD))
vector("zstd-size", "a zstd frame that says 8 EiB",
       one(b"\x28\xb5\x2f\xfd\xc0\x38" + b"\xff" * 7 + b"\x7f" + zstd(SMALL)[6:], ZSTD))
vector("compressed-twice", "gzip in gzip: the layer is gzip's text, and no tar",
       one(gzip(gzip(SMALL)), GZIP, plain=gzip(SMALL)))
vector("compressed-tar-in-tar", "a layer with a layer in it stays a file",
       one(plain=file("layer.tar", SMALL) + END))
vector("layer-not-tar", "a layer that is text", one(plain=b"#!/bin/sh\nrm -rf /\n" * 60))

vector("diff-id-wrong", "the config says another diff_id", one(diff_id=digest(OTHER)))
vector("digest-wrong", "the blob is another one than its name says", lambda: swapped())
vector("size-larger", "the manifest says one byte more than there is", one(size=len(SMALL) + 1))
vector("size-smaller", "the manifest says one byte less", one(size=len(SMALL) - 1))
vector("size-zero", "the manifest says no bytes", one(size=0))
vector("size-negative", "the manifest says minus one byte", one(size=-1))
vector("size-beyond", "the manifest says 2^63 - 1 bytes", one(size=(1 << 63) - 1))
vector("size-64-bit", "the manifest says 2^64 bytes", one(size=1 << 64))
vector("size-real", "the manifest says 1e3 bytes", one(size=1e3))
vector("size-text", "the manifest says its size in words", one(size="1536"))
vector("blob-missing", "the layer's blob is not there", lambda: without_blob())
vector("layer-foreign-urls", "a foreign layer with urls is read where it is there; nothing is fetched",
       one(media_type=DOCKER + "image.rootfs.foreign.diff.tar", urls=["http://127.0.0.1:9/x"]))
vector("layer-foreign-missing", "a foreign layer that is not there is not fetched",
       lambda: without_blob(media_type=OCI + "layer.nondistributable.v1.tar+gzip",
                            urls=["http://127.0.0.1:9/x"]))
vector("layer-type-unknown", "a layer of a media type that nobody has", one(media_type="text/plain"))
vector("layer-type-parameters", "a media type with parameters", one(media_type=TAR + "; charset=x"))
vector("layer-data-inline", "a descriptor with data of its own: the blob is what counts",
       one(data="bm90IHRoaXM="))


def swapped():
    layer = Layer(SMALL)
    layer.blob = file("a", "evil") + END
    return Layout([layer])


def without_blob(**claims):
    layout = Layout([Layer(SMALL, media_type=claims.pop("media_type", TAR), **claims)])
    del layout.blobs[digest(SMALL)]
    return layout


def zstd_bomb(size):
    """128 KiB of zeros take four bytes."""
    return zstd_frame([(b"\0", 131072)] * (size // 131072))
