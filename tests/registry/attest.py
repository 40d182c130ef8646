#!/usr/bin/env python3
"""Attests the images of a layout that image.py wrote, as buildkit does: attest.py LAYOUT NAME [KEY WHAT]
Each image of the index NAME gets an attestation with an SBOM, which names the package
"left-pad-ARCH", and a provenance ($LARGE: of more than 4 MiB). With KEY, WHAT is signed in cosign's way: "index", or the first image's
"manifest"."""
import base64, hashlib, json, os, subprocess, sys

out, name = sys.argv[1:3]
TYPE = "application/vnd.oci.image."
REF = "org.opencontainers.image.ref.name"


def put(data, kind):
    digest = hashlib.sha256(data).hexdigest()
    with open("%s/blobs/sha256/%s" % (out, digest), "wb") as f:
        f.write(data)
    return {"mediaType": kind, "digest": "sha256:" + digest, "size": len(data)}


def put_json(kind, doc):
    return put(json.dumps(doc).encode(), kind)


def read(desc):
    with open("%s/blobs/sha256/%s" % (out, desc["digest"][7:])) as f:
        return json.load(f)


def statement(image, kind, predicate):
    doc = {"_type": "https://in-toto.io/Statement/v0.1", "predicateType": kind, "predicate": predicate,
           "subject": [{"name": "pkg:docker/x", "digest": {"sha256": image["digest"][7:]}}]}
    return dict(put_json("application/vnd.in-toto+json", doc),
                annotations={"in-toto.io/predicate-type": kind})


def manifest(config, layers):
    return put_json(TYPE + "manifest.v1+json", {
        "schemaVersion": 2, "mediaType": TYPE + "manifest.v1+json", "config": config, "layers": layers})


def attest(image):
    name = "left-pad-" + image["platform"]["architecture"]
    spdx = {"spdxVersion": "SPDX-2.3", "packages": [
        {"name": name, "versionInfo": "1.0", "licenseDeclared": "MIT", "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
             "referenceLocator": "pkg:npm/%s@1.0" % name}]}]}
    layers = [statement(image, "https://spdx.dev/Document", spdx),
              statement(image, "https://slsa.dev/provenance/v0.2", 
                        {"buildType": "x" * (5 << 20 if os.environ.get("LARGE") else 1)})]
    config = put_json(TYPE + "config.v1+json", {
        "architecture": "unknown", "os": "unknown", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [l["digest"] for l in layers]}})
    return dict(manifest(config, layers), platform={"os": "unknown", "architecture": "unknown"}, annotations={
        "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image["digest"]})


def sign(key, digest):
    payload = json.dumps({"critical": {
        "identity": {"docker-reference": "x"}, "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature"}, "optional": None}).encode()
    made = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=payload, check=True,
                          stdout=subprocess.PIPE).stdout
    layer = dict(put(payload, "application/vnd.dev.cosign.simplesigning.v1+json"), annotations={
        "dev.cosignproject.cosign/signature": base64.b64encode(made).decode()})
    config = put_json(TYPE + "config.v1+json", {
        "architecture": "", "os": "", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}})
    return dict(manifest(config, [layer]), annotations={REF: digest.replace(":", "-") + ".sig"})


with open(out + "/index.json") as f:
    top = json.load(f)
entry = [m for m in top["manifests"] if m["annotations"][REF] == name][0]
images = read(entry)["manifests"]
index = put_json(TYPE + "index.v1+json", {
    "schemaVersion": 2, "mediaType": TYPE + "index.v1+json",
    "manifests": images + [attest(i) for i in images]})
entry.update(index)
if len(sys.argv) > 3:
    top["manifests"].append(sign(sys.argv[3], (images[0] if sys.argv[4] == "manifest" else index)["digest"]))
with open(out + "/index.json", "w") as f:
    json.dump(top, f)
