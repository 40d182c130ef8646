#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is on a disk, for the tests of flash; shares nothing with lkboard.

judge.py state IMAGE MAP|- DISK [OLD]   two words: is every significant byte right ("right",
        "old" if all is as in the image OLD, "begun" if it is but for the first and the last MiB,
        or "wrong:OFFSET"), and the tables that are valid ("none" or mbr,gpt,backup)
judge.py crash IMAGE MAP|- OLD LOG      every state that a cut of the logged writes may have left:
        either no valid table, or all right, or nothing but the ends changed. Prints those that break
        it; the last line counts.

Significant is what the map calls data or zero, without a map all of the image; the map's own digests
are held against the image. DISK is read as it is: it should be something that nobody caches.
"""
import hashlib
import os
import random
import struct
import sys
import zlib

BLOCK = 4096
PIECE = 1 << 16
END = 1 << 20  # the first and the last MiB belong to the tables


def ranges(image, path):
    """(offset, length) of what matters."""
    if path == "-":
        return [(0, len(image))]
    found = []
    for line in open(path):
        word = line.split()
        if word[0] not in ("data", "zero"):
            continue
        off, length = int(word[1]) * BLOCK, int(word[2]) * BLOCK
        if word[0] == "data" and hashlib.sha256(image[off:off + length]).hexdigest() != word[3]:
            sys.exit(f"judge: '{path}' is not of this image: {line}")
        if found and sum(found[-1]) == off:
            found[-1] = (found[-1][0], found[-1][1] + length)
        else:
            found.append((off, length))
    return found


def differs_at(a, b, off, end):
    """Offset of the first byte that differs, or None. In small pieces: they are cheap to make."""
    for at in range(off, end, PIECE):
        stop = min(at + PIECE, end)
        x, y = a[at:stop], b[at:stop]
        if x != y:
            return at + next((i for i in range(min(len(x), len(y))) if x[i] != y[i]), len(x))
    return None


def wrong_at(image, disk, where):
    """Offset of the first significant byte that is not the image's, or None."""
    for off, length in where:
        found = differs_at(image, disk, off, off + length)
        if found is not None:
            return found
    return None


def gpt_header(disk, at, lba):
    h = disk[at:at + 92]
    if len(h) < 92 or h[:8] != b"EFI PART" or struct.unpack_from("<Q", h, 24)[0] != lba:
        return False
    return zlib.crc32(h[:16] + b"\0\0\0\0" + h[20:]) == struct.unpack_from("<I", h, 16)[0]


def tables(disk):
    found = []
    # A sector that ends in 55 aa and has a partition, as a boot loader looks at it.
    if disk[510:512] == b"\x55\xaa" and any(disk[446 + 16 * i + 4] for i in range(4)):
        found.append("mbr")
    for size in (512, 4096):
        if gpt_header(disk, size, 1):
            found.append("gpt")
        if gpt_header(disk, len(disk) - size, len(disk) // size - 1):
            found.append("backup")
    return found


class File:
    """A file's bytes as slices, read when they are asked for; where it cannot be read, a mark."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY)
        self.size = os.lseek(self.fd, 0, os.SEEK_END)

    def __len__(self):
        return self.size

    def __getitem__(self, where):
        off, end, _ = (where if isinstance(where, slice) else slice(where, where + 1)).indices(self.size)
        try:
            part = os.pread(self.fd, end - off, off)
        except OSError:
            part = b"unreadable"[:end - off].ljust(end - off, b"\0")
        return part if isinstance(where, slice) else part[0]


def state(image_path, map_path, disk_path, old_path=None):
    image, disk = File(image_path), File(disk_path)
    off = wrong_at(image, disk, ranges(image, map_path))
    word = "right" if off is None else f"wrong:{off}"
    if off is not None and old_path:
        old = File(old_path)
        if differs_at(old, disk, END, len(disk) - END) is None:
            word = "begun" if differs_at(old, disk, 0, len(disk)) is not None else "old"
    print(word, ",".join(tables(disk)) or "none")


class Crash:
    """Walks through a log of writes and judges what would be left if the power went."""

    def __init__(self, image, where, old):
        self.image, self.where, self.old = image, where, old
        self.states = self.broken = 0

    def judge(self, disk, when):
        self.states += 1
        if not tables(disk):
            return
        if differs_at(disk, self.old, END, len(disk) - END) is None or wrong_at(self.image, disk, self.where) is None:
            return
        self.broken += 1
        if self.broken <= 5:
            print(f"{when}: valid {','.join(tables(disk))}, wrong at",
                  wrong_at(self.image, disk, self.where))

    def run(self, log):
        rng = random.Random(7)
        disk, flushed, cut = (bytearray(self.old[:]) for _ in range(3))
        waiting = []
        size = len(disk)
        data = open(log + ".data", "rb")
        for n, line in enumerate(open(log)):
            what, off, length = line.split()[0], *map(int, line.split()[1:])
            if what in ("write", "zero"):
                part = data.read(length) if what == "write" else bytes(length)
                disk[off:off + length] = part
                waiting.append((off, part))
                # In order, a kill: only a write to the ends can make or unmake a table.
                if off < END or off + length > size - END:
                    self.judge(disk, f"line {n + 1}, in order")
            if what == "flush" and waiting:
                # Of the writes since the last flush any may be lost.
                ends = [w for w in waiting if w[0] < END or w[0] + len(w[1]) > size - END]
                for _ in range(min(40, 1 << len(waiting)) if ends else 1):
                    kept = rng.choice((0.1, 0.5, 0.9))
                    for at, part in waiting:
                        if rng.random() < kept:
                            cut[at:at + len(part)] = part
                    self.judge(cut, f"line {n + 1}, some lost")
                    for at, part in waiting:
                        cut[at:at + len(part)] = flushed[at:at + len(part)]
                for at, part in waiting:
                    flushed[at:at + len(part)] = cut[at:at + len(part)] = part
                waiting = []


def crash(image_path, map_path, old_path, log):
    image, old = File(image_path), File(old_path)
    walk = Crash(image, ranges(image, map_path), old)
    walk.run(log)
    print(f"{walk.states} states, {walk.broken} broken")
    return walk.broken > 0


sys.exit({"state": state, "crash": crash}[sys.argv[1]](*sys.argv[2:]))
