#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""table.py RESULTS: docs/flash-faults.md from what the tools did (tests/fault/others.sh)."""
import os
import subprocess
import sys

TOOLS = [("lkboard", "lkboard"), ("dd_plain", "dd"), ("dd_fsync", "dd conv=fsync"),
         ("dd_direct", "dd oflag=direct"), ("bmaptool_copy", "bmaptool")]

HEAD = """# What flashing tools do when something goes wrong

A 64 MiB image (FAT, ext4 and raw data; most blocks hold something) is written to a disk that has another
image's MBR and GPT and no block of zeros. The disk is a loop device on a file system whose faults can be
set: see `tests/fault/faultfs.c`. Faults "at the end" come when the body was written, flushed and read back;
tools that do none of that never meet some of them.

Each field has the exit code, then what the disk holds:

- **ok**: exit 0 and every byte that matters is right.
- **LIES**: exit 0, and the disk does not hold the image.
- **fails, table left**: the tool says so, but the half-written disk has a valid partition table: it looks
  like one that was flashed.
- **fails**: the tool says so, and there is no valid table.
- **untouched**: the tool says so, and no byte was changed.
- **cannot erase**: the tool says so, and that the disk, which takes no more writes, still has a table.
- **not met**: the tool did nothing that the fault is about.

The image is judged by a program that shares nothing with any of the tools. A pipe into dd counts as failed
when any of its programs fails. Made by `tests/cli/flash-faults-long.sh` (lkboard) and
`tests/fault/others.sh` (the others); versions: {versions}.
"""

SECTIONS = [("## A raw image on a faulty disk", lambda c: c[1:3] == ("mbr", "raw") and c[3] == "zero"),
            ("## A GPT image, zst", lambda c: c[1] == "gpt"),
            ("## Other sources and maps on a faulty disk",
             lambda c: c[1] == "mbr" and c[2:4] != ("raw", "zero") and "-" not in c[2]),
            ("## Sources that end early or have a changed byte", lambda c: "-" in c[2])]


def verdict(fields):
    code, state, table, hit = fields[:4]
    says = len(fields) > 4 and fields[4] == "says"
    if hit == "no":
        return "not met"
    if code == "0":
        return "0 ok" if state == "right" else "0 **LIES**"
    if state == "old":
        return f"{code} cannot erase" if says else f"{code} untouched"
    if table != "none":
        return f"{code} cannot erase" if says else f"{code} fails, **table left**"
    return f"{code} fails"


def load(folder):
    cells, results = [], {}
    for tool, _ in TOOLS:
        path = os.path.join(folder, tool)
        for line in open(path) if os.path.exists(path) else ():
            word = line.rstrip("\n").split("|")
            cell = tuple(word[:4])
            if cell not in cells:
                cells.append(cell)
            results[cell, tool] = verdict(word[7:])
    return cells, results


def version(*argv):
    try:
        out = subprocess.run(argv, capture_output=True, text=True).stdout
        return out.splitlines()[0].strip() if out else "?"
    except OSError:
        return "?"


def main(folder):
    cells, results = load(folder)
    tools = [t for t in TOOLS if any((c, t[0]) in results for c in cells)]
    print(HEAD.format(versions=version("dd", "--version") + ", " + version("bmaptool", "--version")))
    for title, belongs in SECTIONS:
        some = [c for c in cells if belongs(c)]
        if not some:
            continue
        one = len({c[2:4] for c in some}) == 1
        print(title + "\n")
        print("| fault |" + ("" if one else " source | map |") + "".join(f" {t[1]} |" for t in tools))
        print("|---|" + ("" if one else "---|---|") + "---|" * len(tools))
        for c in some:
            front = f"| {c[0]} |" if one else f"| {c[0]} | {c[2]} | {c[3]} |"
            print(front + "".join(f" {results.get((c, t[0]), '')} |" for t in tools))
        print()
    print("## Sums\n")
    print("| | ok | fails | untouched | cannot erase | fails, table left | LIES | not met |")
    print("|---|---|---|---|---|---|---|---|")
    for tool, name in tools:
        all_of = [v.split(" ", 1)[-1] if v[0].isdigit() else v
                  for (c, t), v in results.items() if t == tool]
        kinds = ("ok", "fails", "untouched", "cannot erase", "fails, **table left**", "**LIES**", "not met")
        print(f"| {name} |" + "".join(f" {all_of.count(k)} |" for k in kinds))


main(sys.argv[1])
