# SPDX-License-Identifier: Apache-2.0
"""Manifests, configs, indexes, labels."""
import json
import os

from layout import CONFIG, DOCKER, INDEX, MANIFEST, Layer, Layout, descriptor, digest, dump
from tarball import END, file
from vectors import vector

LAYER = Layer(file("a", "text") + END)


def image(**documents):
    return lambda: Layout([LAYER], **documents)


def nest(depth, width=1, platform=True):
    """An index in an index in an index ..., an image at the bottom."""
    layout = Layout([LAYER], platform=platform)
    index = json.loads(layout.files["index.json"])
    for _ in range(depth):
        text = dump(index)
        layout.put(digest(text), text)
        index = {"schemaVersion": 2, "manifests": [descriptor(INDEX, text)] * width}
    layout.files["index.json"] = dump(index)
    return layout


def entries(*list_):
    return json.dumps({"schemaVersion": 2, "manifests": list_}).encode()


def label(text):
    return image(config={"config": {"Cmd": ["/a"], "Labels": {"org.mobyproject.config": text}}})


def with_special(path, make):
    layout = Layout([LAYER])
    layout.special[path] = make
    return layout


def link_out(path):
    with open(os.path.join(os.path.dirname(path), "../../../secret"), "wb") as f:
        f.write(b"s" * len(LAYER.blob))
    os.symlink("../../../secret", path)


EMPTY = descriptor(MANIFEST, b"{}")
LAYER_PATH = Layout().blob_path(LAYER.blob)

vector("layout-no-version", "a layout without oci-layout", image(files={"oci-layout": b"{}"}))
vector("layout-version-2", "a layout of version 2", image(files={"oci-layout": b'{"imageLayoutVersion":"2.0.0"}'}))
vector("layout-not-json", "an oci-layout that is no JSON", image(files={"oci-layout": b"\xff"}))
vector("layout-huge", "an oci-layout of 1 MB", image(files={"oci-layout": b" " * 1000000}))
vector("layout-index-fifo", "an index.json that is a FIFO, which would never end",
       lambda: with_special("index.json", os.mkfifo))
vector("layout-index-dir", "an index.json that is a directory", lambda: with_special("index.json", os.mkdir))
vector("layout-blob-fifo", "a blob that is a FIFO", lambda: with_special(LAYER_PATH, os.mkfifo))
vector("layout-blob-device", "a blob that is a link to a device",
       lambda: with_special(LAYER_PATH, lambda path: os.symlink("/dev/zero", path)))
vector("layout-blob-link-out", "a blob that is a link to a file of the host: its digest is another one",
       lambda: with_special(LAYER_PATH, link_out))
vector("index-empty", "an index of no bytes", image(index=b""))
vector("index-array", "an index that is a list", image(index=b"[]"))
vector("index-null", "an index that is null", image(index=b"null"))
vector("index-manifests-null", "an index with null for its list", image(index={"manifests": None}))
vector("index-manifests-object", "an index with an object for its list", image(index={"manifests": {}}))
vector("index-entry-null", "an index with null for an entry", image(index={"manifests": [None]}))
vector("index-utf16", "an index in UTF-16", image(index='{"schemaVersion":2}'.encode("utf-16")))
vector("index-not-utf8", "an index that is no UTF-8", image(index=b'{"schemaVersion":2,"x":"\xff"}'))
vector("index-nul", "a NUL in a string of an index",
       image(index=entries(dict(EMPTY, mediaType="a\0b"))))
vector("index-comment", "an index with something behind it", image(index=b'{"schemaVersion":2} {}'))
vector("json-deep", "JSON 100,000 levels deep", image(index=b"[" * 100000 + b"]" * 100000))
vector("json-deep-objects", "objects 3,000 levels deep", image(index=b'{"a":' * 3000 + b"1" + b"}" * 3000))
vector("json-duplicate-keys", "one key twice, for two readers",
       image(index=b'{"schemaVersion":2,"manifests":[],"manifests":[]}'))
vector("json-number-huge", "a version of 400 digits", image(index=b'{"schemaVersion":' + b"2" * 400 + b"}"))
vector("json-number-real", "a version of 2.0", image(index=b'{"schemaVersion":2.0,"manifests":[]}'))
vector("json-number-exponent", "a version of 1e400", image(index=b'{"schemaVersion":1e400}'))
vector("json-string-long", "a media type of 1 MB",
       lambda: Layout([LAYER], index=entries(dict(EMPTY, mediaType="x" * 1000000))))
vector("json-values", "an index of 300,000 values", image(index=b"[" + b"0," * 300000 + b"0]"))
for which in ("manifest", "config"):
    vector(which + "-100m", f"a {which} of 100 MB",
           lambda which=which: Layout([LAYER], **{which: b" " * 100000000 + b"{}"}))
vector("schema-version-1", "an index of version 1", image(index={"schemaVersion": 1}))
vector("schema-version-3", "an index of version 3", image(index={"schemaVersion": 3}))
vector("schema-version-missing", "an index without its version", image(index=b'{"manifests":[]}'))
vector("schema-version-text", "an index of version \"2\"", image(index={"schemaVersion": "2"}))
vector("ambiguous-manifest", "a manifest that is an index as well (CVE-2021-41190)",
       image(manifest={"manifests": []}))
vector("ambiguous-index", "an index that is a manifest as well", image(index={"layers": []}))
vector("ambiguous-type", "a manifest that calls itself an index", image(manifest={"mediaType": INDEX}))
vector("ambiguous-descriptor", "a manifest that the index calls an index",
       lambda: retyped(INDEX))
vector("docker-schema-1", "a manifest of Docker's first kind", image(manifest={"schemaVersion": 1}))
vector("docker-schema-1-type", "the same by its media type", lambda: retyped(DOCKER + "distribution.manifest.v1+prettyjws"))
vector("docker-schema-1-fslayers", "the same by its shape", image(manifest={"fsLayers": []}))
vector("entry-type-unknown", "an index of entries that nobody knows", lambda: retyped("application/x-what"))
vector("entry-type-artifact", "an artifact: its config is none of an image",
       image(manifest={"config": descriptor("application/vnd.oci.empty.v1+json", b"{}")}, blobs=[b"{}"]))
vector("entry-attestation", "an index of attestations alone",
       image(index=entries(dict(EMPTY, annotations={"vnd.docker.reference.type": "attestation-manifest"}))))
vector("digest-traversal", "a digest that is a path",
       image(index=entries(dict(EMPTY, digest="sha256:../../../../etc/passwd"))))
vector("digest-traversal-algorithm", "an algorithm that is a path",
       image(index=entries(dict(EMPTY, digest="../../sha256:" + "0" * 64))))
vector("digest-upper", "a digest in upper case",
       image(index=entries(dict(EMPTY, digest="sha256:" + "A" * 64))))
vector("digest-short", "a digest of 63 digits", image(index=entries(dict(EMPTY, digest="sha256:" + "0" * 63))))
vector("digest-md5", "a digest that proves nothing", image(index=entries(dict(EMPTY, digest="md5:" + "0" * 32))))
vector("digest-sha512", "a digest that is not supported", image(index=entries(dict(EMPTY, digest="sha512:" + "0" * 128))))
vector("digest-newline", "a digest with a newline", image(index=entries(dict(EMPTY, digest="sha256:" + "0" * 64 + "\n"))))
vector("digest-empty", "no digest", image(index=entries(dict(EMPTY, digest=""))))
vector("index-nested-8", "eight indexes in each other, below index.json", lambda: nest(8))
vector("index-nested-9", "nine of them", lambda: nest(9))
vector("index-nested-thousand", "indexes a thousand deep", lambda: nest(1000))
vector("index-billion", "each index names the next one eight times: eight to the seventh",
       lambda: billion())
vector("index-cycle", "an index whose entry is itself, by a digest that is not its own", lambda: cycle())
vector("index-entries", "an index of 5,000 entries", image(index=entries(*[EMPTY] * 5000)))
vector("manifest-layers", "a manifest of 200 layers", lambda: Layout([LAYER] * 200))
vector("manifest-no-layers", "an image without layers", lambda: Layout())
vector("manifest-layers-null", "an image with null for its layers", image(manifest={"layers": None}))
vector("manifest-config-null", "a manifest with null for its config", image(manifest={"config": None}))
vector("manifest-config-size", "a config larger than the manifest says",
       image(manifest={"config": descriptor(CONFIG, b"{}", size=1)}, blobs=[b"{}"]))
vector("config-diff-ids", "a config with fewer diff_ids than layers",
       image(config={"rootfs": {"type": "layers", "diff_ids": []}}))
vector("config-diff-id-path", "a diff_id that is a path",
       image(config={"rootfs": {"type": "layers", "diff_ids": ["sha256:../../../../tmp/x"]}}))
vector("config-diff-id-null", "a diff_id that is null",
       image(config={"rootfs": {"type": "layers", "diff_ids": [None]}}))
vector("config-rootfs-null", "a config with null for its rootfs", image(config={"rootfs": None}))
vector("config-windows", "an image for Windows", image(config={"os": "windows"}))
vector("config-other-arch", "an image for another machine than the index says",
       image(config={"architecture": "amd64"}))
vector("config-arch-path", "an architecture that is a path", image(config={"architecture": "../../x"}))
vector("config-created", "a date that is none", image(config={"created": "yesterday"}))
vector("config-created-9999", "the last second of the year 9999",
       image(config={"created": "9999-12-31T23:59:59Z"}))
vector("config-created-long", "a date with a fraction of 100,000 digits",
       image(config={"created": "2024-01-01T00:00:00." + "1" * 100000 + "Z"}))
vector("config-env-number", "a variable that is a number", image(config={"config": {"Env": [1]}}))
vector("config-env-many", "five thousand variables", image(config={"config": {"Env": ["A=b"] * 5000}}))
vector("config-nulls", "null wherever something is optional",
       image(config={"created": None, "config": {"Env": None, "Cmd": None, "Entrypoint": None,
                                                 "Labels": None, "User": None, "WorkingDir": None}}))
vector("name-hostile", "a name that is a path", lambda: named("../../etc/passwd"))
vector("name-control-index", "a name that steers a terminal", lambda: named("\x1b[2J\n"))
vector("user-name", "a user that only /etc/passwd of the image could tell: it is not asked",
       image(config={"config": {"User": "root"}}))

vector("label-caps", "a label that wants every capability and the host's root has them, as in LinuxKit",
       label('{"capabilities":["all"],"binds":["/:/host:rshared,rbind"],"pid":"host","net":"host"}'),
       role="service")
vector("label-unknown-key", "a label with a key that nobody knows", label('{"privileged":true}'), role="service")
vector("label-not-yaml", "a label that is no YAML", label('{"capabilities":['), role="service")
vector("label-list", "a label that is a list", label("[]"), role="service")
vector("label-1m", "a label of 1 MB", label('{"hostname":"' + "x" * 1000000 + '"}'), role="service")
vector("label-deep", "a label 10,000 levels deep", label("[" * 10000 + "]" * 10000), role="service")
vector("label-alias-bomb", "a label of aliases of aliases: a billion of words",
       label("a: &a [x,x,x,x,x,x,x,x,x]\n" +
             "".join(f"{c}: &{c} [" + ",".join(["*" + p] * 9) + "]\n"
                     for p, c in zip("abcdefgh", "bcdefghi"))), role="service")
vector("label-alias-self", "a label that holds itself", label("capabilities: &a [*a]\n"), role="service")
vector("label-command", "a label with a command of the host's", label('{"command":["../../bin/sh","-c","id"]}'),
       role="service")
vector("label-bind-relative", "a label that binds a relative path", label('{"binds":["../..:/x"]}'), role="service")
vector("label-name", "a label that sets the object's own name and image",
       label('{"name":"../../x","image":"other"}'), role="service")


def billion():
    layout = nest(7, 8, platform=False)
    text = layout.files["index.json"]
    layout.put(digest(text), text)
    layout.files["index.json"] = entries(descriptor(INDEX, text))
    return layout


def retyped(media_type):
    layout = Layout([LAYER])
    index = json.loads(layout.files["index.json"])
    index["manifests"][0]["mediaType"] = media_type
    layout.files["index.json"] = dump(index)
    return layout


def named(name):
    layout = Layout([LAYER])
    index = json.loads(layout.files["index.json"])
    index["manifests"][0]["annotations"] = {"org.opencontainers.image.ref.name": name}
    layout.files["index.json"] = dump(index)
    return layout


def cycle():
    claim = {"mediaType": INDEX, "digest": "sha256:" + "0" * 64, "size": 0}
    text = entries(claim)
    claim["size"] = len(entries(claim)) + 1
    text = entries(claim)
    layout = Layout([LAYER], index=entries(claim))
    layout.put(claim["digest"], text)
    return layout
