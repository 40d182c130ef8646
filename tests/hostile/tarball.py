# SPDX-License-Identifier: Apache-2.0
"""Tar archives block by block, so that every field can be wrong in any way."""

BLOCK = 512
END = bytes(2 * BLOCK)
FIELDS = {  # name: (offset, length)
    "name": (0, 100), "mode": (100, 8), "uid": (108, 8), "gid": (116, 8), "size": (124, 12),
    "mtime": (136, 12), "checksum": (148, 8), "type": (156, 1), "link": (157, 100),
    "magic": (257, 8), "uname": (265, 32), "gname": (297, 32), "major": (329, 8),
    "minor": (337, 8), "prefix": (345, 155),
}


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def base256(value, length):
    """A number as GNU tar writes those that octal digits cannot hold."""
    raw = bytearray(value.to_bytes(length, "big", signed=True))
    raw[0] |= 0x80
    return bytes(raw)


def pad(data):
    return data + bytes(-len(data) % BLOCK)


def checksum(block, signed=False):
    off, length = FIELDS["checksum"]
    block = block[:off] + b" " * length + block[off + length:]
    return sum(b - 256 if signed and b > 127 else b for b in block)


def header(**fields):
    """One block. Numbers become octal digits; bytes stand as they are, whatever they are."""
    block = bytearray(BLOCK)
    values = {"mode": 0o644, "uid": 0, "gid": 0, "size": 0, "mtime": 0, "type": "0",
              "magic": b"ustar\x0000", "major": 0, "minor": 0}
    values.update(fields)
    signed = values.pop("signed", False)
    for key, value in values.items():
        off, length = FIELDS[key]
        if isinstance(value, int):
            value = b"%0*o\0" % (length - 1, value)
        value = as_bytes(value)
        assert len(value) <= length, (key, value)
        block[off:off + len(value)] = value
    if "checksum" not in values:
        off, length = FIELDS["checksum"]
        block[off:off + length] = b"%06o\0 " % checksum(bytes(block), signed)
    return bytes(block)


def entry(name, type, data=b"", **fields):
    data = as_bytes(data)
    fields.setdefault("size", len(data))
    name = as_bytes(name)
    if len(name) > 100:
        return long_name(name) + header(name=name[:100], type=type, **fields) + pad(data)
    return header(name=name, type=type, **fields) + pad(data)


def file(name, data=b"x", **fields):
    return entry(name, "0", data, **fields)


def directory(name, **fields):
    fields.setdefault("mode", 0o755)
    return entry(name, "5", **fields)


def linked(name, type, target, fields):
    target = as_bytes(target)
    before = long_name(target, "K") if len(target) > 100 else b""
    return before + entry(name, type, link=target[:100], **fields)


def symlink(name, target, **fields):
    fields.setdefault("mode", 0o777)
    return linked(name, "2", target, fields)


def hardlink(name, target, **fields):
    return linked(name, "1", target, fields)


def special(name, type, major=0, minor=0, **fields):
    return entry(name, type, major=major, minor=minor, **fields)


def long_name(text, type="L"):
    return entry("././@LongLink", type, as_bytes(text) + b"\0", magic=b"ustar  \0")


def record(key, value):
    """One "LENGTH KEY=VALUE\\n" of an extended header; the length counts itself."""
    rest = b" " + as_bytes(key) + b"=" + as_bytes(value) + b"\n"
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return b"%d" % length + rest


def pax(*records, type="x", **fields):
    """Records are (key, value) pairs, or bytes that are none."""
    payload = b"".join(r if isinstance(r, bytes) else record(*r) for r in records)
    return entry("PaxHeaders/x", type, payload, **fields)


def gnu_sparse(name, extents, real_size, data=b"", more=(), **fields):
    """The old GNU kind: four extents in the header, 21 in each block behind it."""
    def number(value):
        return value if isinstance(value, bytes) else b"%011o\0" % value

    def pairs(list_, room):
        raw = b"".join(number(a) + number(b) for a, b in list_)
        return raw + bytes(24 * room - len(raw))

    block = bytearray(header(name=name, type="S", size=len(data), magic=b"ustar  \0", **fields))
    block[386:482] = pairs(extents, 4)
    block[482] = 1 if more else 0
    block[483:495] = number(real_size)
    off, length = FIELDS["checksum"]
    block[off:off + length] = b"%06o\0 " % checksum(bytes(block))
    out = bytes(block)
    for i, list_ in enumerate(more):
        out += pairs(list_, 21) + bytes([i + 1 < len(more)]) + bytes(7)
    return out + pad(data)
