#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the hostile images: generate.py DIRECTORY [NAME...]; generate.py --list shows what there is.

One OCI layout or archive a vector, named as in vectors.txt, where stands what must come of it. The same bytes
every time, but for what zlib packs in the bombs."""
import os
import sys

sys.dont_write_bytecode = True

import vectors  # noqa: E402


def main(arguments):
    table = vectors.collect()
    if arguments == ["--list"]:
        for v in table.values():
            print(f"{v.name:28} {v.what}")
        return 0
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    for name in arguments[1:] or table:
        table[name].build().write(os.path.join(arguments[0], name))
    return 0


sys.exit(main(sys.argv[1:]))
