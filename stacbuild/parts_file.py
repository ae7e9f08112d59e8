"""What is remembered of the parts of files: a file an output, read only when one of these is made anew.

What is lost of it costs time: files are then made whole. Never says whether a file stands as it was delivered.
"""

from __future__ import annotations

import msgspec

from stacbuild import sealed
from stacbuild.parts import Remembered
from stacbuild.sealed import MemoryLostError
from stacbuild.trace import Memory

_pack = msgspec.msgpack.Encoder().encode
_parts_of = msgspec.msgpack.Decoder(dict[str, Remembered]).decode


def read(memory: Memory, output: str) -> dict[str, Remembered]:
    """Return the parts of an output's files of many items by path; none where nothing is known."""
    known = memory.head.outputs.get(output)
    if known is None or not known.parts:
        return {}
    try:
        return _parts_of(sealed.read(memory.folder / known.parts))
    except (OSError, msgspec.DecodeError, MemoryLostError):
        return {}


def write(memory: Memory, number: int, parts: dict[str, Remembered]) -> str:
    """Write the parts of the files of output number `number` and return the file's name; "" where there are none."""
    name = f"parts-{memory.head.generation + 1}-{number}" if parts else ""
    if name:
        sealed.write(memory.folder / name, _pack(parts))
    return name
