#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What SPDX 2.3 and docs/formats/sbom.md want of a bill of materials, looked at from outside.

    sbom_judge.py document SBOM         form, identifiers, relationships, verification codes, licences
    sbom_judge.py files SBOM TREE       "SHA1  ./path" of each file of a tree, sorted, as sha1sum has it
    sbom_judge.py extents SBOM IMAGE    the bytes at each file's extents have its SHA-256
    sbom_judge.py packages SBOM REF     "name version" of each package in an image
    sbom_judge.py artifacts SBOM DIR    the checksums are those of the files in DIR"""
import collections
import hashlib
import json
import os
import re
import sys

# Keys that are used here, each with what it must be; all are wanted but those in OPTIONAL.
HEX = {"SHA1": 40, "SHA256": 64}
ID = re.compile(r"^SPDXRef-[A-Za-z0-9.-]+$")
DOCUMENT = {"spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo",
            "files", "packages", "relationships"}
FILE = {"SPDXID", "fileName", "checksums"}
PACKAGE = {"SPDXID", "name", "downloadLocation", "filesAnalyzed", "licenseConcluded",
           "licenseDeclared", "copyrightText"}
OPTIONAL = {"comment", "versionInfo", "packageFileName", "checksums", "packageVerificationCode",
            "primaryPackagePurpose", "externalRefs", "licenseComments", "sourceInfo"}
RELATIONSHIP = {"spdxElementId", "relationshipType", "relatedSpdxElement"}
TYPES = {"DESCRIBES", "CONTAINS", "GENERATED_FROM"}
PURL = re.compile(r"^pkg:(oci|deb|apk|[a-z0-9.+-]+)/[^?#\s]+@[A-Za-z0-9.%_~-]+"
                  r"(\?[a-z_]+=[^&#\s]+(&[a-z_]+=[^&#\s]+)*)?$")


def want(condition, *what):
    if not condition:
        sys.exit("wrong: " + " ".join(map(str, what)))


def keys(item, wanted, optional=frozenset()):
    want(wanted <= set(item) <= wanted | optional, "keys", sorted(item))
    for key, value in item.items():
        want(value != "" and value is not None, "empty", key, item)


def check_sums(sums):
    for s in sums:
        keys(s, {"algorithm", "checksumValue"})
        want(re.fullmatch("[0-9a-f]{%d}" % HEX[s["algorithm"]], s["checksumValue"]), s)
    want(len({s["algorithm"] for s in sums}) == len(sums), sums)


def sum_of(item, algorithm):
    found = [s["checksumValue"] for s in item.get("checksums", []) if s["algorithm"] == algorithm]
    return found[0] if found else None


def remarks(item):
    return dict(r.split("=", 1) for r in item.get("comment", "").split("; ") if "=" in r)


def contained(doc):
    inside = collections.defaultdict(list)
    for r in doc["relationships"]:
        if r["relationshipType"] == "CONTAINS":
            inside[r["spdxElementId"]].append(r["relatedSpdxElement"])
    return inside


def check_package(p, files):
    keys(p, PACKAGE, OPTIONAL)
    check_sums(p.get("checksums", []))
    for ref in p.get("externalRefs", []):
        keys(ref, {"referenceCategory", "referenceType", "referenceLocator"})
        want(ref["referenceCategory"] == "PACKAGE-MANAGER" and ref["referenceType"] == "purl", ref)
        want(PURL.match(ref["referenceLocator"]), ref)
    want(p["filesAnalyzed"] == bool(files) == ("packageVerificationCode" in p), p["SPDXID"])
    if files:
        sums = sorted(sum_of(f, "SHA1") for f in files)
        code = hashlib.sha1("".join(sums).encode()).hexdigest()
        want(p["packageVerificationCode"] == {"packageVerificationCodeValue": code}, p["SPDXID"])


def check_licences(packages):
    try:
        import license_expression
    except ImportError:
        print("licences were not looked at: python3-license-expression is not installed")
        return
    spdx = license_expression.get_spdx_licensing()
    for text in {p["licenseDeclared"] for p in packages} - {"NOASSERTION"}:
        info = spdx.validate(text)
        want(not info.errors, text, info.errors)


def document(doc):
    keys(doc, DOCUMENT)
    want(doc["spdxVersion"] == "SPDX-2.3" and doc["dataLicense"] == "CC0-1.0", "head")
    want(doc["SPDXID"] == "SPDXRef-DOCUMENT", doc["SPDXID"])
    want(re.fullmatch(r"https://[^#\s]+", doc["documentNamespace"]), doc["documentNamespace"])
    keys(doc["creationInfo"], {"created", "creators"})
    want(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", doc["creationInfo"]["created"]), "created")
    want(re.fullmatch(r"Tool: lkboard-\S+", *doc["creationInfo"]["creators"]), "creators")
    elements = {"SPDXRef-DOCUMENT": doc}
    for item in doc["files"] + doc["packages"]:
        want(ID.match(item["SPDXID"]) and item["SPDXID"] not in elements, item["SPDXID"])
        elements[item["SPDXID"]] = item
    for f in doc["files"]:
        keys(f, FILE, OPTIONAL)
        check_sums(f["checksums"])
        want(sum_of(f, "SHA1") and f["fileName"].startswith("./"), f)
    seen, reached = set(), {"SPDXRef-DOCUMENT"}
    for r in doc["relationships"]:
        keys(r, RELATIONSHIP)
        want(r["relationshipType"] in TYPES, r)
        want(tuple(sorted(r.items())) not in seen, "twice", r)
        seen.add(tuple(sorted(r.items())))
        want(r["spdxElementId"] in elements and r["relatedSpdxElement"] in elements, r)
        reached.add(r["relatedSpdxElement"])
    want(reached == set(elements), "unrelated:", sorted(set(elements) - reached)[:5])
    inside = contained(doc)
    file_ids = {f["SPDXID"] for f in doc["files"]}
    for p in doc["packages"]:
        check_package(p, [elements[i] for i in inside[p["SPDXID"]] if i in file_ids])
    check_licences(doc["packages"])


def files(doc, tree):
    ids = set(contained(doc)["SPDXRef-Tree-" + tree])
    for f in sorted((f for f in doc["files"] if f["SPDXID"] in ids), key=lambda f: f["fileName"]):
        print(sum_of(f, "SHA1") + "  " + f["fileName"])


def extents(doc, image):
    placed = 0
    with open(image, "rb") as img:
        for f in doc["files"]:
            r = remarks(f)
            if "partition" not in r:
                continue
            h = hashlib.sha256()
            for extent in filter(None, r.get("extents", "").split(",")):
                off, n = map(int, extent.split("+"))
                img.seek(off)
                h.update(img.read(n))
            want(h.hexdigest() == sum_of(f, "SHA256"), f)
            placed += 1
    want(placed > 50, "only", placed, "files were placed")


def packages(doc, ref):
    image = [p for p in doc["packages"] if p["SPDXID"].startswith("SPDXRef-Image-")
             and "%s:%s" % (p["name"], p.get("versionInfo")) == ref]
    want(len(image) == 1, ref, "is there", len(image), "times")
    inside = set(contained(doc)[image[0]["SPDXID"]])
    for p in doc["packages"]:
        if p["SPDXID"] in inside:
            print(p["name"], p["versionInfo"], p["licenseDeclared"],
                  p["externalRefs"][0]["referenceLocator"])


def artifacts(doc, path):
    names = [p for p in doc["packages"] if "packageFileName" in p]
    for p in names:
        with open(os.path.join(path, p["packageFileName"]), "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        if "checksums" in p:
            want(sum_of(p, "SHA256") == digest, p)
        else:
            want(p["packageFileName"].endswith(".img") and p["comment"].startswith("map-sha256:"), p)
    print(" ".join(p["packageFileName"] for p in names))


def main():
    with open(sys.argv[2], encoding="utf-8") as f:
        doc = json.load(f)
    {"document": document, "files": files, "extents": extents, "packages": packages,
     "artifacts": artifacts}[sys.argv[1]](doc, *sys.argv[3:])


main()
