#!/usr/bin/env python3
"""An OCI layout with one artifact: artifact.py DIRECTORY TAG ARTIFACT-TYPE [MEDIA-TYPE=FILE...]"""
import hashlib, json, os, sys

directory, tag, kind = sys.argv[1:4]
os.makedirs(directory + "/blobs/sha256", exist_ok=True)


def add(data, media_type, **more):
    digest = hashlib.sha256(data).hexdigest()
    with open("%s/blobs/sha256/%s" % (directory, digest), "wb") as f:
        f.write(data)
    return dict(mediaType=media_type, digest="sha256:" + digest, size=len(data), **more)


MANIFEST = "application/vnd.oci.image.manifest.v1+json"
layers = []
for word in sys.argv[4:]:
    media_type, name = word.split("=")
    with open(name, "rb") as f:
        layers.append(add(f.read(), media_type, annotations={
            "org.opencontainers.image.title": os.path.basename(name)}))
manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": kind,
            "config": add(b"{}", "application/vnd.oci.empty.v1+json"), "layers": layers}
top = add(json.dumps(manifest).encode(), MANIFEST,
          annotations={"org.opencontainers.image.ref.name": tag})
try:
    with open(directory + "/index.json") as f:
        index = json.load(f)
except FileNotFoundError:
    index = {"schemaVersion": 2, "manifests": []}
index["manifests"].append(top)
with open(directory + "/index.json", "w") as f:
    json.dump(index, f)
