#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""image.py STORE OUT: an OCI layout with one image, `bench`, of five gzip layers: some 230 MB packed, 640 MB
plain, 10,000 names, with whiteouts, an opaque directory and hard links. It is made of layers that the store has unpacked,
the same bytes for the same store."""
import gzip, hashlib, io, json, os, sys, tarfile

LAYERS = [  # bytes of each, shared out as in an image of a distribution
    ("base", 55_000_000), ("kernel", 345_000_000), ("hardlinks", 18_000_000), ("changes", 2_000_000),
    ("programs", 220_000_000),
]
TYPE = "application/vnd.oci.image."


def files(store):
    """All regular files of the store's plain layers, those of kernel.tar one by one; none twice. A store
    that has too few gives them once more, back to front, which packs as well."""
    seen = set()

    def walk(tar, prefix):
        for m in sorted(tar.getmembers(), key=lambda m: m.name):
            if not m.isreg():
                continue
            name = m.name.lstrip("./")
            if name == "kernel.tar":
                with tarfile.open(fileobj=tar.extractfile(m)) as inner:
                    yield from walk(inner, prefix)
                continue
            data = tar.extractfile(m).read()
            digest = hashlib.sha256(data).digest()
            if digest not in seen:
                seen.add(digest)
                yield prefix + "/" + name, data

    derived = os.path.join(store, "derived/layer-v1")
    names = sorted(n for n in os.listdir(derived) if n.endswith(".tar"))
    for step in (1, -1):
        seen.clear()
        for name in names:
            with tarfile.open(os.path.join(derived, name)) as tar:
                for path, data in walk(tar, name[:8] if step == 1 else name[:8] + ".back"):
                    yield path, data[::step]


class Layer:
    def __init__(self, blobs, name):
        self.path = os.path.join(blobs, name + ".tmp")
        self.blobs, self.packed_out = blobs, open(self.path, "wb")
        self.gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=self.packed_out, mtime=0)
        self.plain, self.size = hashlib.sha256(), 0
        self.tar = tarfile.open(fileobj=self, mode="w|", format=tarfile.PAX_FORMAT)

    def write(self, data):
        self.plain.update(data)
        self.gzip.write(data)
        return len(data)

    def add(self, name, data=b"", kind=tarfile.REGTYPE, link="", mode=0o644):
        m = tarfile.TarInfo(name)
        m.size, m.type, m.linkname, m.mode, m.mtime = len(data), kind, link, mode, 1700000000
        self.tar.addfile(m, io.BytesIO(data))
        self.size += len(data)

    def done(self):
        self.tar.close()
        self.gzip.close()
        self.packed_out.close()
        with open(self.path, "rb") as f:
            digest = hashlib.file_digest(f, "sha256").hexdigest()
        size = os.path.getsize(self.path)
        os.rename(self.path, os.path.join(self.blobs, digest))
        return self.plain.hexdigest(), {"mediaType": TYPE + "layer.v1.tar+gzip", "digest": "sha256:" + digest,
                                        "size": size}


def put(blobs, doc):
    text = json.dumps(doc, sort_keys=True).encode()
    digest = hashlib.sha256(text).hexdigest()
    with open(os.path.join(blobs, digest), "wb") as f:
        f.write(text)
    return {"digest": "sha256:" + digest, "size": len(text)}


def main(store, out):
    blobs = os.path.join(out, "blobs/sha256")
    os.makedirs(blobs)
    source, diff_ids, layers, below = files(store), [], [], []
    for name, most in LAYERS:
        layer, mine = Layer(blobs, name), []
        if name == "changes":  # of every tenth file so far: hidden, or its directory made opaque
            for i, path in enumerate(below[::10]):
                head, tail = os.path.split(path)
                layer.add(head + "/.wh." + tail)
                if i % 20 == 0:
                    layer.add(head + "/.wh..wh..opq")
                    layer.add(head + "/new", b"new\n")
        while layer.size < most:
            path, data = next(source, (None, None))
            if path is None:
                sys.exit("image.py: the store '%s' has unpacked too little: build some cards first" % store)
            layer.add(name + "/" + path, data, mode=0o755 if data[:4] == b"\x7fELF" else 0o644)
            mine.append(name + "/" + path)
            for i in range(4):  # most files of an image are small
                layer.add("%s/%s.s%d" % (name, path, i), data[2048 * i:2048 * (i + 1)])
            if name == "hardlinks":
                for i in range(3):
                    layer.add("%s/%s.%d" % (name, path, i), kind=tarfile.LNKTYPE, link=name + "/" + path)
        below += mine
        diff_id, desc = layer.done()
        diff_ids.append("sha256:" + diff_id)
        layers.append(desc)
    config = put(blobs, {"architecture": "amd64", "os": "linux",
                         "rootfs": {"type": "layers", "diff_ids": diff_ids}})
    config["mediaType"] = TYPE + "config.v1+json"
    manifest = put(blobs, {"schemaVersion": 2, "mediaType": TYPE + "manifest.v1+json", "config": config,
                           "layers": layers})
    manifest.update(mediaType=TYPE + "manifest.v1+json", platform={"os": "linux", "architecture": "amd64"},
                    annotations={"org.opencontainers.image.ref.name": "bench"})
    with open(os.path.join(out, "index.json"), "w") as f:
        json.dump({"schemaVersion": 2, "manifests": [manifest]}, f)
    with open(os.path.join(out, "oci-layout"), "w") as f:
        f.write('{"imageLayoutVersion":"1.0.0"}')
    print("%d layers, %.1f MB packed, %d files" % (len(layers), sum(d["size"] for d in layers) / 1e6,
                                                   len(below)))


main(*sys.argv[1:])
