"""Ways to damage bytes, JSON values and folders, drawn from a seeded generator."""

import json
from pathlib import Path
from random import Random
from typing import Any

DEEP = "[" * 100_000
LONG = "9" * 5_000
ODD: list[Any] = [
    None, True, False, -1, 0, 1, 2, 10**6, 2**40, 2**64, 10**30, -0.5, 1e308,
    float("nan"), float("inf"), "", " ", "x" * 10_000, "\ud83c", "\x00", "\x1b[31m",
    "../../etc/passwd", "/dev/zero", [], {}, [[]], [None], {"a": None}, ["a", "a"],
    {"__class__": "x"}, [[[[[[]]]]]], "NaN", "1e999",
]  # fmt: skip
CHUNKS = [
    b"", b"\x00", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\r", b"{", b"}",
    b"[", b"]", b'"', b",", b":", b"null", b"NaN", b"1e999", b"\\ud83c", b"\x1b[2J",
    b"-", LONG.encode(), DEEP.encode(), b"\xe2\x80\xa8", b"\x00" * 4_096,
]  # fmt: skip


def damaged(random: Random, content: bytes) -> tuple[str, bytes]:
    """Bytes with one fault: what it is, and the bytes."""
    size = len(content)
    at = random.randrange(size + 1)
    kind = random.choice(["flip", "cut", "insert", "drop", "double", "replace", "swap"])
    if kind == "flip" and size:
        at = min(at, size - 1)
        flipped = content[at] ^ 1 << random.randrange(8)
        return f"flip at {at}", content[:at] + bytes([flipped]) + content[at + 1 :]
    if kind == "cut":
        return f"cut at {at}", content[:at]
    if kind == "drop":
        end = at + random.randrange(1, 200)
        return f"drop {at} to {end}", content[:at] + content[end:]
    if kind == "double":
        return f"double from {at}", content[:at] + content[at // 2 :]
    if kind == "replace":
        chunk = random.choice(CHUNKS)
        return f"replaced by {chunk[:8]!r}", chunk
    if kind == "swap":
        return f"swap at {at}", content[at:] + content[:at]
    chunk = random.choice(CHUNKS)
    return f"insert {chunk[:8]!r} at {at}", content[:at] + chunk + content[at:]


def altered(random: Random, value: Any) -> tuple[str, Any]:
    """A JSON value with one place altered: which, and the value."""
    value = json.loads(json.dumps(value))
    places = list(_places(value, ()))
    path = random.choice(places)
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    if random.random() < 0.2:
        del holder[path[-1]]
        return f"without {path}", value
    if random.random() < 0.1 and isinstance(holder, dict):
        holder[random.choice(["", "x", "\x1b", "id", "first", "__init__"])] = 1
        return f"a key beside {path}", value
    holder[path[-1]] = random.choice(ODD)
    return f"{path} is {holder[path[-1]]!r:.30}", value


def _places(value: Any, path: tuple[Any, ...]) -> Any:
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield (*path, key)
        if isinstance(value[key], dict | list):
            yield from _places(value[key], (*path, key))


def damage_folder(random: Random, folder: Path, names: list[str]) -> str:
    """Damage one of the files of a folder; say which, and how."""
    path = folder / random.choice(names)
    kind = random.random()
    if kind < 0.1:
        path.unlink()
        return f"{path.name} is missing"
    content = path.read_bytes()
    if path.suffix == ".json" and kind < 0.6:
        what, value = altered(random, json.loads(content))
        path.write_text(json.dumps(value), encoding="utf-8")
    elif path.suffix == ".safetensors" and kind < 0.6:
        what, content = damaged_header(random, content)
        path.write_bytes(content)
    else:
        what, content = damaged(random, content)
        path.write_bytes(content)
    return f"{path.name}: {what}"


def damaged_header(random: Random, content: bytes) -> tuple[str, bytes]:
    """A safetensors file whose header lies."""
    size = int.from_bytes(content[:8], "little")
    if random.random() < 0.2:
        lie = random.choice([0, 1, size - 1, size + 1, 2**31, 2**63, 2**64 - 1])
        return f"header of {lie} bytes", lie.to_bytes(8, "little") + content[8:]
    what, header = altered(random, json.loads(content[8 : 8 + size]))
    text = json.dumps(header).encode()
    return f"header: {what}", len(text).to_bytes(8, "little") + text + content[
        8 + size :
    ]
