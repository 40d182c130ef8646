#!/usr/bin/env python3
"""Writes an OCI layout: image.py DIR NAME ARCH,ARCH... LAYERS BYTES
One image an architecture, under one index called NAME; each layer a tar of one file of BYTES that
do not compress. The same arguments give the same bytes. "NAME-single" is the first image alone."""
import gzip, hashlib, io, json, os, random, sys, tarfile

out, name, arches, layers, size = sys.argv[1:6]
TYPE = "application/vnd.oci.image."
os.makedirs(out + "/blobs/sha256", exist_ok=True)


def put(data):
    digest = hashlib.sha256(data).hexdigest()
    with open("%s/blobs/sha256/%s" % (out, digest), "wb") as f:
        f.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def put_json(kind, doc):
    return dict(put(json.dumps(doc, sort_keys=True).encode()), mediaType=TYPE + kind)


def layer(seed, number):
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("file-%d" % number)
        info.size = int(size)
        tar.addfile(info, io.BytesIO(random.Random(seed).randbytes(int(size))))
    return plain.getvalue(), gzip.compress(plain.getvalue(), 1, mtime=0)


def image(arch):
    ids, descs = [], []
    for number in range(int(layers)):
        plain, packed = layer("%s-%d" % (arch, number), number)
        ids.append("sha256:" + hashlib.sha256(plain).hexdigest())
        descs.append(dict(put(packed), mediaType=TYPE + "layer.v1.tar+gzip"))
    words = arch.split("/")
    platform = {"os": "linux", "architecture": words[0]}
    if len(words) > 1:
        platform["variant"] = words[1]
    config = put_json("config.v1+json", dict(platform, config={"Cmd": ["/hello"]},
                                             rootfs={"type": "layers", "diff_ids": ids}))
    manifest = put_json("manifest.v1+json", {
        "schemaVersion": 2, "mediaType": TYPE + "manifest.v1+json", "config": config,
        "layers": descs})
    return dict(manifest, platform=platform)


def named(desc, text):
    return dict(desc, annotations={"org.opencontainers.image.ref.name": text})


images = [image(a) for a in arches.split(",")]
index = put_json("index.v1+json", {"schemaVersion": 2, "mediaType": TYPE + "index.v1+json",
                                   "manifests": images})
with open(out + "/index.json", "w") as f:
    json.dump({"schemaVersion": 2, "manifests": [
        named(index, name), named(images[0], name + "-single")]}, f)
with open(out + "/oci-layout", "w") as f:
    f.write('{"imageLayoutVersion":"1.0.0"}')
