# SPDX-License-Identifier: Apache-2.0
"""The list of all vectors: a name, what it is, and a function that makes it."""
from layout import Layer, Layout
from tarball import END

ALL = {}


class Vector:
    def __init__(self, name, what, build, role, slow):
        self.name, self.what, self.build, self.role, self.slow = name, what, build, role, slow


def vector(name, what, build, role="init", slow=False):
    """build() gives a layout. role: what of a spec the image is, 'init' or 'kernel'. slow: it takes
    seconds, and runs in the long test."""
    assert name not in ALL, name
    ALL[name] = Vector(name, what, build, role, slow)


def layers(*lists):
    """An image of one layer a list of entries."""
    return archive(*(b"".join(entries) + END for entries in lists))


def archive(*tars):
    return lambda: Layout([Layer(tar) for tar in tars])


def collect():
    """Imports the files that fill the list, in the order in which they are shown."""
    import paths, links, whiteouts, headers, blobs, documents, archives, kernels, bombs  # noqa: F401, E401
    return ALL
