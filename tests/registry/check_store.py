#!/usr/bin/env python3
"""Are these directories sound image stores? Every blob is hashed; what is named is followed; nothing
half-made is left."""
import hashlib, json, os, sys

bad = []


def follow(blobs, desc, needed):
    path = os.path.join(blobs, desc["digest"].split(":")[1])
    if not os.path.exists(path):
        if needed:
            bad.append("%s is not there" % path)
        return
    if os.path.getsize(path) != desc["size"]:
        bad.append("%s has another size" % path)
    if "index" in desc["mediaType"] or "manifest" in desc["mediaType"]:
        doc = json.load(open(path))
        # An index may list images that were not asked for.
        for child in doc.get("manifests", []):
            follow(blobs, child, False)
        for child in doc.get("layers", []) + ([doc["config"]] if "config" in doc else []):
            follow(blobs, child, True)


def check(store):
    blobs = os.path.join(store, "blobs/sha256")
    for name in os.listdir(blobs):
        with open(os.path.join(blobs, name), "rb") as f:
            if hashlib.sha256(f.read()).hexdigest() != name:
                bad.append("%s: blob %s is something else" % (store, name))
    for entry in json.load(open(os.path.join(store, "index.json")))["manifests"]:
        follow(blobs, entry, True)
    for name in os.listdir(os.path.join(store, "tmp")):
        bad.append("%s/tmp/%s is left" % (store, name))


for store in sys.argv[1:]:
    check(store)
print("\n".join(bad))
sys.exit(bool(bad))
