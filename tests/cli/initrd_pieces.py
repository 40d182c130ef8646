# SPDX-License-Identifier: Apache-2.0
"""An initrd is several cpio archives one behind the other, of which other programs read the first
alone. Cuts the plain one on standard input into DIR/0000, DIR/0001, ..."""
import os
import sys

data, start, at, n = sys.stdin.buffer.read(), 0, 0, 0
while at < len(data):
    if not data[at]:
        at += 1
        continue
    if start is None:
        start = at
    assert data[at:at + 5] == b"07070", f"no header at {at}"
    size, name_size = int(data[at + 54:at + 62], 16), int(data[at + 94:at + 102], 16)
    name = data[at + 110:at + 109 + name_size]
    at = (at + 110 + name_size + 3) // 4 * 4
    at = (at + size + 3) // 4 * 4
    if name == b"TRAILER!!!":
        with open(os.path.join(sys.argv[1], f"{n:04}"), "wb") as f:
            f.write(data[start:at])
        start, n = None, n + 1
