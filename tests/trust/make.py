#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signed and badly signed images as OCI layouts, in cosign's formats, with keys and signatures by openssl.

    make.py DIR             DIR/keys/*.key and *.pub, and a layout DIR/CASE for every case below
    make.py --list          the cases

Every layout holds the same image, registry.example.org/app:1; DIR/digest has its digest.
"""
import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile

REPO = "registry.example.org/app"
TYPE = "application/vnd.oci.image."
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
EMPTY = "application/vnd.oci.empty.v1+json"
SIGN = "https://sigstore.dev/cosign/sign/v1"
KINDS = {
    "a": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "b": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "c": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "stranger": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "ed25519": ["-algorithm", "ED25519"],
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsa-small": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
}


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Keys:
    def __init__(self, path):
        self.path = path
        os.makedirs(path)
        for name, kind in KINDS.items():
            key, pub = (os.path.join(path, name + end) for end in (".key", ".pub"))
            subprocess.run(["openssl", "genpkey", *kind, "-out", key], check=True, stderr=subprocess.DEVNULL)
            subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", pub], check=True)

    def sign(self, name, message, digest="sha256"):
        key = os.path.join(self.path, name + ".key")
        data = os.path.join(self.path, "message")
        with open(data, "wb") as f:
            f.write(message)
        how = ["pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", data] if name == "ed25519" else \
            ["dgst", "-" + digest, "-sign", key, data]
        return subprocess.run(["openssl", *how], check=True, stdout=subprocess.PIPE).stdout


class Layout:
    def __init__(self, path):
        self.path = path
        self.entries = []
        os.makedirs(os.path.join(path, "blobs/sha256"))

    def blob(self, data, media_type, **more):
        digest = sha256(data)
        with open(os.path.join(self.path, "blobs/sha256", digest[7:]), "wb") as f:
            f.write(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data), **more}

    def manifest(self, config, layers, **more):
        doc = {"schemaVersion": 2, "mediaType": TYPE + "manifest.v1+json", "config": config, "layers": layers}
        return self.blob(compact({**doc, **more}), TYPE + "manifest.v1+json")

    def index(self, entries):
        doc = {"schemaVersion": 2, "mediaType": TYPE + "index.v1+json", "manifests": entries}
        return self.blob(compact(doc), TYPE + "index.v1+json")

    def name(self, desc, name):
        self.entries.append({**desc, "annotations": {"org.opencontainers.image.ref.name": name}})

    def close(self):
        with open(os.path.join(self.path, "oci-layout"), "wb") as f:
            f.write(compact({"imageLayoutVersion": "1.0.0"}))
        with open(os.path.join(self.path, "index.json"), "wb") as f:
            f.write(compact({"schemaVersion": 2, "manifests": self.entries}))


def image(layout, arch="arm64", text="hello\n", label=None):
    """A one-layer image; the same arguments give the same digest."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        member = tarfile.TarInfo("app")
        member.size, member.mode = len(text), 0o755
        tar.addfile(member, io.BytesIO(text.encode()))
    labels = {"Labels": {"org.mobyproject.config": label}} if label else {}
    config = {"architecture": arch, "os": "linux", "config": {"Entrypoint": ["/app"], **labels},
              "rootfs": {"type": "layers", "diff_ids": [sha256(out.getvalue())]}}
    return layout.manifest(layout.blob(compact(config), TYPE + "config.v1+json"),
                           [layout.blob(out.getvalue(), TYPE + "layer.v1.tar")])


def payload(digest, repo=REPO, kind="cosign container image signature"):
    return compact({"critical": {"identity": {"docker-reference": repo},
                                 "image": {"docker-manifest-digest": digest}, "type": kind}, "optional": None})


def simple_layer(layout, data, signature):
    note = {"dev.cosignproject.cosign/signature": signature} if signature is not None else {}
    return layout.blob(data, SIMPLE, annotations=note)


def signature_config(layout, layers):
    return layout.blob(compact({"architecture": "", "created": "0001-01-01T00:00:00Z", "history": [], "os": "",
                                "rootfs": {"type": "layers", "diff_ids": [d["digest"] for d in layers]},
                                "config": {}}), TYPE + "config.v1+json")


def b64(data):
    return base64.b64encode(data).decode()


def tag(layout, digest, layers, repo=REPO):
    """The tag scheme: one manifest, a layer a signature."""
    layout.name(layout.manifest(signature_config(layout, layers), layers),
                repo + ":" + digest.replace(":", "-") + ".sig")


def signed(layout, keys, names, digest, data=None, **how):
    data = payload(digest) if data is None else data
    return [simple_layer(layout, data, b64(keys.sign(n, data, **how))) for n in names]


def referrers(layout, digest, manifests, repo=REPO):
    """The fall-back tag of OCI 1.1; what the entries say of their kind is wrong, as cosign 2.5 writes it."""
    layout.name(layout.index([{**m, "artifactType": EMPTY} for m in manifests]),
                repo + ":" + digest.replace(":", "-"))


def subject(digest):
    return {"mediaType": TYPE + "manifest.v1+json", "digest": digest, "size": 1}


def simple_referrer(layout, layers, about):
    config = layout.blob(b"{}", "application/vnd.dev.cosign.artifact.sig.v1+json")
    return layout.manifest(config, layers, subject=subject(about))


def statement(digest, predicate=SIGN):
    return compact({"_type": "https://in-toto.io/Statement/v1",
                    "subject": [{"name": "", "digest": {"sha256": digest[7:]}}],
                    "predicateType": predicate, "predicate": {}})


def pae(kind, data):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(data), data)


def bundle_blob(layout, keys, key, data, material=None, altered=None):
    kind = "application/vnd.in-toto+json"
    envelope = {"payload": b64(altered or data), "payloadType": kind,
                "signatures": [{"sig": b64(keys.sign(key, pae(kind, data)))}]}
    doc = {"mediaType": BUNDLE, "verificationMaterial": material or {"publicKey": {"hint": "aGludA=="}},
           "dsseEnvelope": envelope}
    return layout.blob(compact(doc), BUNDLE)


def bundle_referrer(layout, blob, about):
    return layout.manifest(layout.blob(b"{}", EMPTY), [blob], artifactType=BUNDLE, subject=subject(about),
                           annotations={"dev.sigstore.bundle.content": "dsse-envelope"})


CASES = {}


def case(build):
    """A layout with the image, what `build` adds of signatures, and perhaps another entry for the name."""
    CASES[build.__name__.replace("_", "-")] = build
    return build


def plain(*names, **how):
    def build(layout, keys, digest):
        tag(layout, digest, signed(layout, keys, names, digest, **how))
    return build


for scheme in ("a", "p384", "ed25519", "rsa"):
    CASES["tag-" + scheme] = plain(scheme)
CASES["tag-p384-sha384"] = \
    lambda l, k, d: tag(l, d, [simple_layer(l, payload(d), b64(k.sign("p384", payload(d), digest="sha384")))])
CASES["tag-two"] = plain("a", "b")
CASES["tag-stranger"] = plain("stranger")
CASES["tag-stranger-and-a"] = plain("stranger", "a")
CASES["tag-twice"] = plain("a", "a")


@case
def unsigned(layout, keys, digest):
    pass


@case
def referrers_a(layout, keys, digest):
    referrers(layout, digest, [simple_referrer(layout, signed(layout, keys, "a", digest), digest)])


@case
def bundle_a(layout, keys, digest):
    blob = bundle_blob(layout, keys, "a", statement(digest))
    referrers(layout, digest, [bundle_referrer(layout, blob, digest)])


@case
def bundle_ed25519(layout, keys, digest):
    blob = bundle_blob(layout, keys, "ed25519", statement(digest))
    referrers(layout, digest, [bundle_referrer(layout, blob, digest)])


@case
def mixed_two(layout, keys, digest):
    """One key by tag, another by bundle, beside an attestation and something unknown."""
    tag(layout, digest, signed(layout, keys, "a", digest))
    blobs = [bundle_blob(layout, keys, "b", statement(digest, "https://slsa.dev/provenance/v1")),
             layout.blob(b"?", "application/x-unknown"), bundle_blob(layout, keys, "b", statement(digest))]
    referrers(layout, digest, [bundle_referrer(layout, blob, digest) for blob in blobs])


@case
def other_name(layout, keys, digest):
    """Signed as another repository, whose key it is too."""
    data = payload(digest, "registry.example.org/other:1")
    tag(layout, digest, signed(layout, keys, "a", digest, data), "registry.example.org/other")


@case
def payload_altered(layout, keys, digest):
    signature = b64(keys.sign("a", payload(digest)))
    tag(layout, digest, [simple_layer(layout, payload(digest).replace(b"null", b'{"x":1}'), signature)])


@case
def payload_rotten(layout, keys, digest):
    layers = signed(layout, keys, "a", digest)
    with open(os.path.join(layout.path, "blobs/sha256", layers[0]["digest"][7:]), "r+b") as f:
        f.write(b"[")
    tag(layout, digest, layers)


@case
def payload_missing(layout, keys, digest):
    layers = signed(layout, keys, "a", digest)
    os.unlink(os.path.join(layout.path, "blobs/sha256", layers[0]["digest"][7:]))
    tag(layout, digest, layers)


@case
def payload_large(layout, keys, digest):
    tag(layout, digest, signed(layout, keys, "a", digest, payload(digest) + b" " * (1 << 20)))


@case
def payload_of_another(layout, keys, digest):
    tag(layout, digest, signed(layout, keys, "a", digest, payload("sha256:" + "0" * 64)))


@case
def payload_two_digests(layout, keys, digest):
    data = payload(digest).replace(b'"image":{', b'"image":{"docker-manifest-digest":"sha256:%s",' % (b"0" * 64))
    tag(layout, digest, signed(layout, keys, "a", digest, data))


@case
def payload_of_another_kind(layout, keys, digest):
    tag(layout, digest, signed(layout, keys, "a", digest, payload(digest, kind="atomic container signature")))


@case
def payload_no_json(layout, keys, digest):
    tag(layout, digest, signed(layout, keys, "a", digest, b"sha256"))


@case
def base64_with_newline(layout, keys, digest):
    data = payload(digest)
    tag(layout, digest, [simple_layer(layout, data, b64(keys.sign("a", data)) + "\n")])


@case
def no_annotation(layout, keys, digest):
    tag(layout, digest, [simple_layer(layout, payload(digest), None)])


@case
def many_signatures(layout, keys, digest):
    """A good one behind a hundred others; the reader of manifests takes 128 layers."""
    bad = signed(layout, keys, ["stranger"], digest)
    tag(layout, digest, bad * 101 + signed(layout, keys, "a", digest))


@case
def referrer_of_another(layout, keys, digest):
    about = "sha256:" + "0" * 64
    referrers(layout, digest, [simple_referrer(layout, signed(layout, keys, "a", digest), about)])


@case
def bundle_stranger(layout, keys, digest):
    blob = bundle_blob(layout, keys, "stranger", statement(digest))
    referrers(layout, digest, [bundle_referrer(layout, blob, digest)])


@case
def bundle_of_another(layout, keys, digest):
    blob = bundle_blob(layout, keys, "a", statement("sha256:" + "0" * 64))
    referrers(layout, digest, [bundle_referrer(layout, blob, digest)])


@case
def bundle_altered(layout, keys, digest):
    blob = bundle_blob(layout, keys, "a", statement("sha256:" + "0" * 64), altered=statement(digest))
    referrers(layout, digest, [bundle_referrer(layout, blob, digest)])


@case
def bundle_two_subjects(layout, keys, digest):
    data = statement(digest).replace(b'"digest":{', b'"digest":{"sha256":"%s",' % (b"0" * 64))
    referrers(layout, digest, [bundle_referrer(layout, bundle_blob(layout, keys, "a", data), digest)])


@case
def bundle_attestation(layout, keys, digest):
    blob = bundle_blob(layout, keys, "a", statement(digest, "https://slsa.dev/provenance/v1"))
    referrers(layout, digest, [bundle_referrer(layout, blob, digest)])


@case
def bundle_keyless(layout, keys, digest):
    blob = bundle_blob(layout, keys, "stranger", statement(digest), {"certificate": {"rawBytes": "MA=="}})
    referrers(layout, digest, [bundle_referrer(layout, blob, digest)])


def build(path, name, keys):
    layout = Layout(os.path.join(path, name))
    desc = image(layout)
    layout.name(desc, REPO + ":1")
    CASES[name](layout, keys, desc["digest"])
    layout.close()
    return desc["digest"]


def build_indexes(path, keys):
    """Two platforms under one name: signed as a whole, signed one by one, signed for the wrong one."""
    for name in ("index-signed", "index-child", "index-other-child", "index-bad-and-child"):
        layout = Layout(os.path.join(path, name))
        children = {arch: image(layout, arch) for arch in ("amd64", "arm64")}
        top = layout.index([{**d, "platform": {"os": "linux", "architecture": arch}}
                            for arch, d in children.items()])
        layout.name(top, REPO + ":1")
        about = {"index-signed": top, "index-other-child": children["amd64"]}.get(name, children["arm64"])
        tag(layout, about["digest"], signed(layout, keys, "a", about["digest"]))
        if name == "index-bad-and-child":
            tag(layout, top["digest"], signed(layout, keys, ["stranger"], top["digest"]))
        layout.close()


def build_lists(path, keys):
    """An index that does not say platforms: they stand in the images, which are opened to learn them. One that
    is not signed must not be."""
    for name in ("list-child", "list-unsigned"):
        layout = Layout(os.path.join(path, name))
        desc = image(layout)
        broken = layout.blob(b"[", TYPE + "manifest.v1+json")
        layout.name(layout.index([broken, desc]), REPO + ":1")
        if name == "list-child":
            tag(layout, desc["digest"], signed(layout, keys, "a", desc["digest"]))
        layout.close()


def build_broken(path, keys):
    """A manifest that is no JSON: it must not be looked at before it is known to be somebody's."""
    for name in ("broken-unsigned", "broken-signed"):
        layout = Layout(os.path.join(path, name))
        desc = layout.blob(b"[", TYPE + "manifest.v1+json", platform={"os": "linux", "architecture": "arm64"})
        layout.name(desc, REPO + ":1")
        if name == "broken-signed":
            tag(layout, desc["digest"], signed(layout, keys, "a", desc["digest"]))
        layout.close()


def build_labelled(path):
    layout = Layout(os.path.join(path, "labelled"))
    label = {"capabilities": ["CAP_SYS_ADMIN", "CAP_NET_BIND_SERVICE"], "net": "host", "pid": "new",
             "binds": ["/etc/resolv.conf:/etc/resolv.conf:ro", "/etc:/host"],
             "runtime": {"mkdir": ["/var/lib/app"]}, "sysctl": {"net/ipv4/ip_forward": "1"}}
    layout.name(image(layout, label=json.dumps(label)), REPO + ":1")
    layout.close()


def main():
    if sys.argv[1] == "--list":
        print("\n".join(CASES))
        return
    path = sys.argv[1]
    keys = Keys(os.path.join(path, "keys"))
    digests = {build(path, name, keys) for name in CASES}
    build_indexes(path, keys)
    build_lists(path, keys)
    build_broken(path, keys)
    build_labelled(path)
    with open(os.path.join(path, "digest"), "w") as f:
        f.write(digests.pop())


if __name__ == "__main__":
    main()
