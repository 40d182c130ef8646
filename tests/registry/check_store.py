#!/usr/bin/env python3
"""Is this directory a sound image store? Every blob is hashed; what is named is followed; nothing
half-made is left."""
import hashlib, json, os, sys

store = sys.argv[1]
blobs = os.path.join(store, "blobs/sha256")
bad = []
for name in os.listdir(blobs):
    with open(os.path.join(blobs, name), "rb") as f:
        if hashlib.file_digest(f, "sha256").hexdigest() != name if hasattr(hashlib, "file_digest") \
                else hashlib.sha256(f.read()).hexdigest() != name:
            bad.append("blob %s is something else" % name)


def follow(desc, depth, needed):
    path = os.path.join(blobs, desc["digest"].split(":")[1])
    if not os.path.exists(path):
        if needed:
            bad.append("%s is not there" % desc["digest"])
        return
    if os.path.getsize(path) != desc["size"]:
        bad.append("%s has another size" % desc["digest"])
    if "index" in desc["mediaType"] or "manifest" in desc["mediaType"]:
        doc = json.load(open(path))
        # An index may list images that were not asked for.
        for child in doc.get("manifests", []):
            follow(child, depth + 1, False)
        for child in doc.get("layers", []) + ([doc["config"]] if "config" in doc else []):
            follow(child, depth + 1, True)


for entry in json.load(open(os.path.join(store, "index.json")))["manifests"]:
    follow(entry, 0, True)
for name in os.listdir(os.path.join(store, "tmp")):
    bad.append("tmp/%s is left" % name)
print("\n".join(bad))
sys.exit(bool(bad))
