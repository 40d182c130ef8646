#!/usr/bin/env python3
"""The map of an image, made without lkboard: make_map.py IMAGE > MAP. All of it matters."""
import hashlib, sys

data = open(sys.argv[1], "rb").read()
lines = ["lkboard-map 1", "size %d" % len(data), "block 4096"]
for at in range(0, len(data) // 4096, 256):
    piece = data[at * 4096:(at + 256) * 4096]
    if piece.strip(b"\0"):
        lines.append("data %d %d %s x" % (at, len(piece) // 4096, hashlib.sha256(piece).hexdigest()))
    else:
        lines.append("zero %d %d x" % (at, len(piece) // 4096))
text = "\n".join(lines) + "\n"
print(text + "end " + hashlib.sha256(text.encode()).hexdigest())
