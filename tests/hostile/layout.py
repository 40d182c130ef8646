# SPDX-License-Identifier: Apache-2.0
"""OCI layouts in which every document and every blob can be wrong."""
import binascii
import hashlib
import json
import os
import struct

OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker."
INDEX, MANIFEST, CONFIG = (OCI + t for t in ("index.v1+json", "manifest.v1+json", "config.v1+json"))
TAR, GZIP, ZSTD = (OCI + "layer.v1.tar" + t for t in ("", "+gzip", "+zstd"))


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def gzip(plain):
    """One member of stored blocks: the same bytes with every version of every library."""
    out = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    blocks = [plain[i:i + 65535] for i in range(0, len(plain), 65535)] or [b""]
    for i, block in enumerate(blocks):
        out += struct.pack("<BHH", i + 1 == len(blocks), len(block), len(block) ^ 0xffff) + block
    return out + struct.pack("<II", binascii.crc32(plain), len(plain) & 0xffffffff)


def zstd_frame(blocks):
    """Blocks are (bytes,) as they are, or (byte, count): one byte many times, at most 128 KiB."""
    out = b"\x28\xb5\x2f\xfd\0\x38"  # no size, no checksum, a window of 128 KiB
    for i, block in enumerate(blocks):
        last = i + 1 == len(blocks)
        size, kind = (block[1], 1) if len(block) == 2 else (len(block[0]), 0)
        out += struct.pack("<I", last | kind << 1 | size << 3)[:3] + block[0]
    return out


def zstd(plain):
    return zstd_frame([(plain[i:i + 131072],) for i in range(0, len(plain), 131072)] or [(b"",)])


def skippable(data):
    return struct.pack("<II", 0x184d2a50, len(data)) + data


class Layer:
    """plain: the tar; packed: the blob; the rest says what documents claim of it."""

    def __init__(self, plain, packed=None, media_type=TAR, diff_id=None, **claims):
        self.blob = plain if packed is None else packed
        self.diff_id = diff_id or digest(plain)
        self.claims = dict(descriptor(media_type, self.blob), **claims)


def descriptor(media_type, data, **claims):
    return dict({"mediaType": media_type, "digest": digest(data), "size": len(data)}, **claims)


def dump(document):
    return document if isinstance(document, bytes) else json.dumps(document).encode()


class Layout:
    """An image of layers. Documents are dicts that a vector may change before they are written, or
    bytes. Blobs are stored under what they are said to be."""

    def __init__(self, layers=(), config=None, platform=True, manifest=None, index=None,
                 blobs=(), files=None):
        self.blobs = {}
        self.special = {}  # path -> a function that makes what is no file there
        self.files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
        for layer in layers:
            self.put(layer.claims["digest"], layer.blob)
        base = {"architecture": "arm64", "os": "linux",
                "rootfs": {"type": "layers", "diff_ids": [l.diff_id for l in layers]}}
        config = dump(config if isinstance(config, bytes) else dict(base, **(config or {})))
        base = {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, config),
                "layers": [l.claims for l in layers]}
        manifest = dump(manifest if isinstance(manifest, bytes) else dict(base, **(manifest or {})))
        entry = descriptor(MANIFEST, manifest)
        if platform:
            entry["platform"] = {"os": "linux", "architecture": "arm64"}
        base = {"schemaVersion": 2, "manifests": [entry]}
        index = dump(index if isinstance(index, bytes) else dict(base, **(index or {})))
        for data in (config, manifest, *blobs):
            self.put(digest(data), data)
        self.files["index.json"] = index
        self.files.update(files or {})

    def put(self, name, data):
        self.blobs[name] = data

    def blob_path(self, data):
        """Where a blob is, to put something else there."""
        return "blobs/sha256/" + digest(data).partition(":")[2]

    def write(self, where):
        os.makedirs(os.path.join(where, "blobs", "sha256"))
        for name, make in self.special.items():
            make(os.path.join(where, name))
        for name, data in self.files.items():
            if name in self.special:
                continue
            with open(os.path.join(where, name), "wb") as f:
                f.write(data)
        for name, data in self.blobs.items():
            # What a hostile name says is only ever a claim: it is no path here either.
            algorithm, _, encoded = name.partition(":")
            if algorithm == "sha256" and encoded.isalnum() and \
                    "blobs/sha256/" + encoded not in self.special:
                with open(os.path.join(where, "blobs", "sha256", encoded), "wb") as f:
                    f.write(data)
