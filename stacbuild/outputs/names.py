"""Ids as file names that every file system takes, and ways from one file to another. PURE.

A name depends on the set of ids in its folder only, never on which came first.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

LONGEST: Final = 120
"""Bytes of an escaped id that are kept; the file systems in use take 255 in a name."""

_UNSAFE: Final = re.compile(rb"[^A-Za-z0-9._-]")
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))}
)


def escape(identity: str) -> tuple[str, bool]:
    """Return `identity` with unsafe bytes as %XX, cut to LONGEST, and whether it needs a mark to be a name."""
    name = _UNSAFE.sub(lambda match: b"%%%02X" % match.group()[0], identity.encode()).decode()
    odd = name.startswith(".") or identity.endswith((".", " ")) or name.split(".", 1)[0].lower() in _RESERVED
    if len(name) > LONGEST:
        name, odd = re.sub(r"%.?$", "", name[:LONGEST]), True
    return name, odd or not name


def fold(identity: str) -> str:
    """Return what two ids have in common when some file system takes them for one name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", identity).casefold())


def names(ids: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Return the file name of each of the ids of one folder; `taken` are names that are used for something else."""
    result: dict[str, str] = {}
    alone: dict[str, str] = {}
    crowds: dict[str, list[str]] = {}
    reserved = {fold(name) for name in taken}
    for identity in ids:
        key = identity if identity.islower() and identity.isascii() else fold(identity)
        if key in alone:
            crowds.setdefault(key, [alone[key]]).append(identity)
        else:
            alone[key] = identity
    for key, one in alone.items():
        for identity in crowds.get(key) or (one,):
            name, odd = escape(identity)
            marked = odd or key in crowds or key in reserved
            result[identity] = _marked(name, identity) if marked else name
    return result


def either(identity: str) -> list[str]:
    """Return the names that an id can have, whatever others are in its folder; no other id can have one of them."""
    name, odd = escape(identity)
    return [_marked(name, identity)] if odd else [name, _marked(name, identity)]


def _marked(name: str, identity: str) -> str:
    return f"{name}~{hashlib.sha256(identity.encode()).hexdigest()[:8]}"


def relative(folder: str, target: str) -> str:
    """Return the way from `folder` ("" is the top) to the file `target`, both posix and relative to one place."""
    here = folder.split("/") if folder else []
    there = target.split("/")
    shared = 0
    while shared < len(here) and shared < len(there) - 1 and here[shared] == there[shared]:
        shared += 1
    up = ["..", *[".."] * (len(here) - shared - 1)] if len(here) > shared else ["."]
    return "/".join([*up, *there[shared:]])


def url(base_url: str, path: str) -> str:
    """Return the URL of file `path` below `base_url`; a % in a name is escaped once more."""
    return f"{base_url.rstrip('/')}/{quote(path, safe='/~')}"
