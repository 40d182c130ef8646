#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gives every hostile image to the program and compares what comes of it with vectors.txt.

    run.py BUILD-DIRECTORY WORK-DIRECTORY [--slow | NAME...]

Each image is imported into a store, used in a build, and read as a tree, every step under strace:
nothing but the store, the output and the temporary directory may be changed, nothing else be looked
at, and no step may have more than 256 MiB of memory. TAP on stdout. LKBOARD_GOLDEN=update writes
vectors.txt anew."""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import vectors  # noqa: E402
import watch  # noqa: E402
from layout import Layer, Layout  # noqa: E402
from tarball import END, file  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "vectors.txt")
took = {}
MAX_RSS_MIB = 256
TIMEOUT = 120
SPECS = {
    "init": "kernel: {image: localhost/good:kernel}\ninit: [localhost/good:init, localhost/hostile:IT]\n",
    "kernel": "kernel: {image: localhost/hostile:IT}\ninit: [localhost/good:init]\n",
    "service": "kernel: {image: localhost/good:kernel}\ninit: [localhost/good:init]\n"
               "services: [{name: it, image: localhost/hostile:IT}]\n",
}
GOOD = {"kernel": [file("kernel", "vmlinuz"), file("kernel.tar", END)],
        "init": [file("init", "init", mode=0o755)]}


class Driver:
    def __init__(self, build, work):
        self.program = os.path.join(build, "lkboard")
        self.show_tree = os.path.join(build, "tests", "hostile", "show_tree")
        self.work = work
        self.good = os.path.join(work, "good")
        self.configs = os.path.join(os.getcwd(), "configs")
        # The sanitizers look at files of their own and take memory of their own.
        self.sanitized = b"__asan_init" in open(self.program, "rb").read()
        self.build_dir = build

    def step(self, place, *argv):
        """One command; (result, what it did wrong)."""
        log = os.path.join(place, "strace")
        tmp = os.path.join(place, "tmp")
        os.makedirs(tmp, exist_ok=True)
        env = {"PATH": os.environ["PATH"], "TMPDIR": tmp, "HOME": "/nonexistent", "LC_ALL": "C",
               "LKBOARD_CONFIGS": self.configs, **{k: v for k, v in os.environ.items()
                                                   if k.startswith(("ASAN_", "UBSAN_"))}}
        store = os.path.join(place, "store")
        program = [self.show_tree, store] if argv[0] == "show_tree" else \
            [self.program, "-q", "--store", store, argv[0]]
        argv = program + list(argv[1:])
        traced = not self.sanitized and program[0] == self.program
        r = watch.run(watch.TRACE + [log] + argv if traced else argv, place, os.getcwd(), env,
                      TIMEOUT)
        bad = []
        if r.code == 70 or r.code >= 128 or "Sanitizer" in r.err:
            bad.append(f"{argv[-1]}: ended with code {r.code}: {r.err}")
        if traced:
            bad += watch.faults(log, os.getcwd(), [store, os.path.join(place, "out"), tmp],
                                [self.build_dir, self.configs, place])
        if r.rss_mib > MAX_RSS_MIB and not self.sanitized:
            bad.append(f"{argv[-1]}: {r.rss_mib} MiB of memory")
        if os.listdir(tmp):
            bad.append(f"left in the temporary directory: {os.listdir(tmp)}")
        return r, bad

    def refused(self, by, r, place):
        """The error without its hint, and without what changes from run to run."""
        text = r.err.replace(place, "DIR")
        text = re.sub(r"(sha256:|sha256/|layer-v1/)[0-9a-f]{64}", r"\1DIGEST", text)
        lines = [t for t in text.splitlines() if not t.startswith("  hint: ")]
        lines[0] = lines[0].replace("lkboard: ", "", 1)
        return [f"refused by {by}, exit code {r.code}:", *("  " + t[:700] for t in lines)]

    def result(self, v, place):
        """(lines that say what came of it, faults)."""
        layout = os.path.join(place, "layout")
        # A store of its own: what one image left there must not help another one.
        shutil.copytree(self.good, os.path.join(place, "store"))
        v.build().write(layout)
        ref = "localhost/hostile:" + v.name
        r, bad = self.step(place, "cache", "import", "--name", ref, layout)
        if r.code:
            return self.refused("import", r, place), bad
        spec = os.path.join(place, "it.yml")
        with open(spec, "w") as f:
            f.write(SPECS[v.role].replace("localhost/hostile:IT", ref))
        out = os.path.join(place, "out")
        os.mkdir(out)
        r, more = self.step(place, "build", "qemu-arm64", spec, "-o", out, "--offline")
        bad += more
        if r.code:
            if os.listdir(out):
                bad.append(f"left in the output: {os.listdir(out)}")
            return self.refused("build", r, place), bad
        r, more = self.step(place, "show_tree", ref)
        lines = r.out.splitlines() if v.role == "init" else self.made(v, os.path.join(out, "it-initrd.img"))
        return ["accepted:", *("  " + line for line in lines)], bad + more

    def made(self, v, initrd):
        """What the image came to in the initrd."""
        if v.role == "kernel":
            return ["initrd: " + name for name in bsdtar("-tf", initrd).splitlines()]
        c = json.loads(bsdtar("-xOf", initrd, "containers/services/it/config.json"))
        binds = [m["source"] + ":" + m["destination"] for m in c["mounts"] if "bind" in m["type"] or
                 "rbind" in m.get("options", ())]
        return ["command: " + " ".join(c["process"]["args"]),
                "capabilities: %d" % len(c["process"].get("capabilities", {}).get("bounding", [])),
                "binds: " + " ".join(binds),
                "namespaces: " + " ".join(n["type"] for n in c["linux"]["namespaces"])]

    def one(self, v):
        place = os.path.join(self.work, v.name)
        os.mkdir(place)
        start = time.monotonic()
        try:
            lines, bad = self.result(v, place)
        finally:
            shutil.rmtree(place)
        took[v.name] = time.monotonic() - start
        return [v.name, "  " + v.what, *("  " + line for line in lines)], bad

    def prepare(self):
        """A store with what every build needs."""
        place = os.path.join(self.work, "prepare")
        os.mkdir(place)
        for name, entries in GOOD.items():
            layout = os.path.join(place, name)
            Layout([Layer(b"".join(entries) + END)]).write(layout)
            r, bad = self.step(place, "cache", "import", "--name", "localhost/good:" + name, layout)
            if r.code or bad:
                sys.exit(f"{r.err}\n{bad}")
        os.rename(os.path.join(place, "store"), self.good)
        shutil.rmtree(place)


def bsdtar(*argv):
    return subprocess.run(["bsdtar", *argv], check=True, stdout=subprocess.PIPE).stdout.decode()


def read_table():
    """name -> block of lines."""
    blocks = {}
    if os.path.exists(TABLE):
        with open(TABLE) as f:
            for block in f.read().split("\n\n"):
                lines = block.strip("\n").split("\n")
                if lines[0] and not lines[0].startswith("#"):
                    blocks[lines[0]] = lines
    return blocks


def write_table(blocks, order):
    with open(TABLE, "w") as f:
        f.write("# What must come of every hostile image that generate.py makes. Written anew by\n"
                "# LKBOARD_GOLDEN=update tests/cli/hostile.sh; read the diff.\n")
        for name in order:
            if name in blocks:
                f.write("\n" + "\n".join(blocks[name]) + "\n")


def main(build, work, *which):
    table = vectors.collect()
    chosen = [v for v in table.values() if v.name in which] if which and which != ("--slow",) else \
        [v for v in table.values() if v.slow == (which == ("--slow",))]
    update = os.environ.get("LKBOARD_GOLDEN") == "update"
    expected = read_table()
    driver = Driver(os.path.abspath(build), os.path.abspath(work))
    driver.prepare()
    print(f"1..{len(chosen)}")
    failed = False
    with concurrent.futures.ThreadPoolExecutor(1 if which == ("--slow",) else 2) as pool:
        for n, (v, (lines, bad)) in enumerate(zip(chosen, pool.map(driver.one, chosen)), 1):
            if lines != expected.get(v.name) and not update:
                bad += ["expected:", *expected.get(v.name, ["nothing"]), "came:", *lines]
            expected[v.name] = lines
            print("not ok" if bad else "ok", n, "-", v.name, flush=True)
            if os.environ.get("LKBOARD_HOSTILE_TIMES"):
                print("# %.2f s" % took[v.name])
            for line in bad:
                print("#", line)
            failed = failed or bool(bad)
    if update:
        write_table(expected, table)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
