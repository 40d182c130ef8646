# SPDX-License-Identifier: Apache-2.0
"""The same images as files: Docker's archives and tars of OCI layouts."""
import hashlib
import json
import zlib

from layout import Layer, Layout, dump
from tarball import END, directory, file, hardlink, long_name, pax, special, symlink
from vectors import vector

LAYER = file("a", "text") + END
CONFIG = dump({"architecture": "arm64", "os": "linux", "rootfs": {
    "type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(LAYER).hexdigest()]}})
NAME = hashlib.sha256(CONFIG).hexdigest() + ".json"


class Archive:
    """A file where a layout would be a directory."""

    def __init__(self, *entries, pack=lambda tar: tar):
        self.data = pack(b"".join(entries) + END)

    def write(self, where):
        with open(where, "wb") as f:
            f.write(self.data)


def manifest(config=NAME, layers=("layer.tar",), tags=None):
    return file("manifest.json", json.dumps([{"Config": config, "RepoTags": tags,
                                              "Layers": list(layers)}]))


def docker(name, what, *entries, **options):
    vector(name, what, lambda: Archive(*entries, **options))


def parts(**claims):
    return [file(NAME, CONFIG), file("layer.tar", LAYER), manifest(**claims)]


def oci(*before, behind=(), change=lambda files: files):
    """A tar of a good layout, with entries before and behind what belongs to it."""
    layout = Layout([Layer(LAYER)])
    files = dict(layout.files)
    files.update(("blobs/sha256/" + d[7:], data) for d, data in layout.blobs.items())
    return Archive(*before, *(file(n, d) for n, d in change(files).items()), *behind)


docker("archive-docker", "as it should be", *parts())
docker("archive-layer-path-out", "a layer's path leads out", *parts(layers=["../../../../etc/passwd"]))
docker("archive-layer-absolute", "a layer's path is absolute", *parts(layers=["/etc/passwd"]))
docker("archive-config-path-out", "the config's path leads out", *parts(config="../../etc/passwd"))
docker("archive-layer-link", "a layer is a link to another entry, as skopeo writes it",
       file(NAME, CONFIG), file("x.tar", LAYER), symlink("id/layer.tar", "../x.tar"),
       manifest(layers=["id/layer.tar"]))
docker("archive-layer-link-out", "a layer is a link out of the archive", file(NAME, CONFIG),
       symlink("layer.tar", "../../../../etc/passwd"), manifest())
docker("archive-layer-link-absolute", "a layer is a link to a file of the host", file(NAME, CONFIG),
       symlink("layer.tar", "/etc/passwd"), manifest())
docker("archive-layer-link-loop", "a layer is a link to itself", file(NAME, CONFIG),
       symlink("layer.tar", "layer.tar"), manifest())
docker("archive-layer-hardlink", "a layer is a further name", file(NAME, CONFIG), file("x", LAYER),
       hardlink("layer.tar", "x"), manifest())
docker("archive-layer-hardlink-out", "a layer is a further name of a file of the host",
       file(NAME, CONFIG), hardlink("layer.tar", "../../etc/passwd"), manifest())
docker("archive-layer-dir", "a layer is a directory", file(NAME, CONFIG), directory("layer.tar"), manifest())
docker("archive-layer-fifo", "a layer is a FIFO", file(NAME, CONFIG), special("layer.tar", "6"), manifest())
docker("archive-layer-device", "a layer is /dev/zero", file(NAME, CONFIG), special("layer.tar", "3", 1, 5),
       manifest())
docker("archive-layer-other", "a layer is not what the config says", file(NAME, CONFIG),
       file("layer.tar", file("b", "evil") + END), manifest())
docker("archive-layer-twice", "one layer's name twice: the last counts, and it is another one",
       file("layer.tar", LAYER), file("layer.tar", file("b", "evil") + END), file(NAME, CONFIG), manifest())
docker("archive-layer-sparse", "a layer is a sparse file of 8 EiB", file(NAME, CONFIG),
       pax(("GNU.sparse.size", str((1 << 63) - 1)), ("GNU.sparse.map", "")), file("layer.tar", ""), manifest())
docker("archive-manifest-twice", "two manifests, for two readers", *parts(), manifest(layers=["other"]))
docker("archive-manifest-link", "the manifest is a link out", file(NAME, CONFIG), file("layer.tar", LAYER),
       symlink("manifest.json", "/etc/passwd"))
docker("archive-manifest-huge", "a manifest of 8 MiB", file(NAME, CONFIG), file("layer.tar", LAYER),
       file("manifest.json", " " * (8 << 20) + "[]"))
docker("archive-manifest-deep", "a manifest 100,000 levels deep", file("manifest.json", "[" * 100000))
docker("archive-manifest-object", "a manifest that is no list", file("manifest.json", "{}"))
docker("archive-manifest-null", "a manifest of null", file("manifest.json", "[null]"))
docker("archive-images-many", "a manifest of 5,000 images",
       file("manifest.json", json.dumps([{"Config": NAME, "RepoTags": None, "Layers": []}] * 5000)))
docker("archive-layers-many", "an image of 5,000 layers", *parts(layers=["layer.tar"] * 5000))
docker("archive-tag-path", "a tag that is a path", *parts(tags=["../../etc/passwd:latest"]))
docker("archive-config-other", "a config that is not what its name says",
       file("0" * 64 + ".json", CONFIG), file("layer.tar", LAYER), manifest(config="0" * 64 + ".json"))
docker("archive-entries-many", "seventy thousand entries",
       *parts(), *(file(f"e{i}", "") for i in range(70000)))
docker("archive-name-long", "an entry with a name of 1 MB", long_name("n" * 1000000), file("x"), *parts())
docker("archive-gzip", "the whole archive is gzip", *parts(),
       pack=lambda tar: zlib.compress(tar, 9, wbits=31))
docker("archive-gzip-cut", "a gzip archive that ends early", *parts(),
       pack=lambda tar: zlib.compress(tar, 9, wbits=31)[:-20])
docker("archive-not-tar", "an archive that is text", pack=lambda tar: b"#!/bin/sh\n" * 200)
docker("archive-empty", "an archive of nothing")
vector("archive-bomb", "a gzip archive of 4 GiB of zeros behind the manifest",
       lambda: Archive(*parts(), pack=lambda tar: zlib.compress(tar[:-len(END)], 9, wbits=31) +
                       bomb_member() * 256), slow=True)
vector("archive-oci", "a tar of a layout", lambda: oci())
vector("archive-oci-index-twice", "a tar of a layout with two indexes, for two readers",
       lambda: oci(behind=[file("index.json", '{"schemaVersion":2,"manifests":[]}')]))
vector("archive-oci-blob-twice", "a tar of a layout in which a blob is there twice, the second one evil",
       lambda: oci(behind=[file("blobs/sha256/" + hashlib.sha256(LAYER).hexdigest(), "evil")]))
vector("archive-oci-link-out", "a tar of a layout whose index is a link out",
       lambda: oci(change=lambda files: {n: d for n, d in files.items() if n != "index.json"},
                   behind=[symlink("index.json", "../../../etc/passwd")]))
vector("archive-oci-names-out", "a tar of a layout with names that lead out",
       lambda: oci(file("../../etc/passwd", "evil"), symlink("blobs", "/tmp"), file("/tmp/x")))


def bomb_member():
    return zlib.compress(bytes(16 << 20), 9, wbits=31)
