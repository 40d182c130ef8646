#!/usr/bin/env python3
"""Puts one more layer on an image of the store: layer.py STORE REF DIRECTORY LAYOUT

The files of DIRECTORY become root's. LAYOUT is an OCI layout (image-spec, image-layout.md) for
`lkboard cache import`; the image's own layers are copied into it as they are.
"""
import hashlib
import json
import os
import shutil
import sys
import tarfile

store, ref, directory, layout = sys.argv[1:]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
blobs = os.path.join(layout, "blobs", "sha256")
os.makedirs(blobs)


def source(descriptor):
    return os.path.join(store, "blobs", "sha256", descriptor["digest"].removeprefix("sha256:"))


def read(descriptor):
    with open(source(descriptor)) as f:
        return json.load(f)


def write(data, media_type):
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.join(blobs, digest), "wb") as f:
        f.write(data)
    return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}


with open(os.path.join(store, "index.json")) as f:
    found = [m for m in json.load(f)["manifests"]
             if m["annotations"]["org.opencontainers.image.ref.name"] == ref]
image = found[0]
if image["mediaType"] != MANIFEST:
    image = [m for m in read(image)["manifests"] if m["platform"]["architecture"] == "arm64"][0]
manifest = read(image)
config = read(manifest["config"])
for layer in manifest["layers"]:
    shutil.copy(source(layer), blobs)

tar_path = os.path.join(layout, "layer.tar")
with tarfile.open(tar_path, "w") as tar:
    def owned(info):
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        return info
    tar.add(directory, ".", filter=owned)
with open(tar_path, "rb") as f:
    top = write(f.read(), "application/vnd.oci.image.layer.v1.tar")
os.unlink(tar_path)
config["rootfs"]["diff_ids"].append(top["digest"])
config.pop("history", None)
manifest["layers"].append(top)
manifest["config"] = write(config, manifest["config"]["mediaType"])
index = {"schemaVersion": 2, "manifests": [write(manifest, MANIFEST)]}
with open(os.path.join(layout, "index.json"), "w") as f:
    json.dump(index, f)
with open(os.path.join(layout, "oci-layout"), "w") as f:
    json.dump({"imageLayoutVersion": "1.0.0"}, f)
