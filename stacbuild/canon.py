"""Canonical bytes: the one form in which two equal documents are equal bytes.

UTF-8 JSON, members sorted by code point, no white space, integers and floats distinct, floats in shortest
round-trip form, integers of any size with all their digits. What JSON cannot say (NaN, Infinity, a lone
surrogate) is refused. Never: I/O, clocks, anything of the machine.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import zip_longest
from typing import Any

import msgspec

DIGEST_SIZE = 32
"""Bytes of a digest (SHA-256)."""

MAX_DEPTH = 200
"""Nesting beyond which a document is refused; real STAC stays below 20."""

_MACHINE_BITS = 63
_SCALARS = frozenset({str, int, bool, type(None)})
_NO_JSON = (bytes, bytearray, memoryview, Decimal)
"""What msgspec would write as text that nobody meant: base64, and digits in quotes."""

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_NAMED = {
    name: _encode(name) + b":"
    for name in (
        *("type", "stac_version", "stac_extensions", "id", "geometry", "bbox", "properties", "links", "assets"),
        "collection",
    )
}
"""Members that every item has, as they begin."""


class CanonError(ValueError):
    """A value that has no canonical bytes; the text says which and why."""


def digest(blob: bytes) -> bytes:
    """Return the SHA-256 of `blob`, 32 bytes."""
    return hashlib.sha256(blob).digest()


def encode(value: Any) -> bytes:
    """Return the canonical bytes of a JSON value.

    Raises:
        CanonError: NaN, Infinity, a lone surrogate, nesting beyond MAX_DEPTH, or a type JSON does not have.
    """
    try:
        blob = _encode(value)
    except UnicodeEncodeError as error:
        raise CanonError("text with half a surrogate pair cannot be written as UTF-8") from error
    except RecursionError as error:
        raise CanonError(f"nested more than {MAX_DEPTH} deep") from error
    except (TypeError, OverflowError):
        return _encode_slowly(value)
    if b"null" in blob:
        refuse_not_numbers(value)
    return blob


def encode_decoded(value: Any) -> bytes:
    """Return the canonical bytes of what was decoded of JSON text, or was encoded before: it holds no NaN.

    Raises:
        CanonError: as `encode` does.
    """
    try:
        return _encode(value)
    except (UnicodeEncodeError, RecursionError, TypeError, OverflowError):
        return encode(value)


def encode_members(
    value: dict[str, Any], before: Mapping[str, Any] = {}, known: Mapping[str, bytes] = {}
) -> dict[str, bytes]:
    """Return each member of an object as `"name":value` in canonical bytes; `whole` makes the object of them.

    Args:
        value: the object.
        before: an object of which it was made, unless by nobody; what was in that and changed is a new value in this.
        known: what this function gave for `before`: a member that is the very same is not encoded again.

    Raises:
        CanonError: as `encode` does.
    """
    members = {}
    try:
        for name, member in value.items():
            if name in known and before[name] is member:
                members[name] = known[name]
                continue
            blob = _encode(member)
            if b"null" in blob:
                refuse_not_numbers(member, before.get(name))
            members[name] = (_NAMED.get(name) or _encode(name) + b":") + blob
    except (UnicodeEncodeError, RecursionError, TypeError, OverflowError):  # `encode` can more, or says why not
        return {name: _encode(name) + b":" + encode(member) for name, member in value.items()}
    return members


def members_of(blob: bytes) -> dict[str, bytes]:
    """Return each member of an object as `encode_members` does, of text in which each has canonical bytes."""
    return named(raw_members_of(blob))


def raw_members_of(blob: bytes) -> dict[str, msgspec.Raw]:
    """Return the value of each member of an object as it stands in its text."""
    found: dict[str, msgspec.Raw] = _decode_members(blob)
    return found


def named(members: Mapping[str, bytes | msgspec.Raw]) -> dict[str, bytes]:
    """Return each member as `encode_members` does, of the canonical bytes of their values."""
    return {name: (_NAMED.get(name) or _encode(name) + b":") + member for name, member in members.items()}


def differing(one: bytes, other: bytes) -> frozenset[str] | None:
    """Return the names of members in which two objects differ that are canonical bytes; None: they have other names."""
    here, there = raw_members_of(one), raw_members_of(other)
    if here.keys() != there.keys():
        return None
    return frozenset(name for name, member in here.items() if member != there[name])


def whole(members: dict[str, bytes]) -> bytes:
    """Return the canonical bytes of the object whose members `encode_members` gave."""
    return b"{" + b",".join([members[name] for name in sorted(members)]) + b"}"


def _encode_slowly(value: Any) -> bytes:
    """Encode what msgspec refuses though JSON has it: integers beyond 64 bits."""
    refuse_not_numbers(value)
    try:
        return _encode(_with_raw_integers(value))
    except (TypeError, OverflowError) as error:
        raise CanonError(_misnamed(value) or f"not JSON: {error}") from error


def _misnamed(value: Any) -> str | None:
    """Return what is wrong with the name of a member, where one is no text."""
    if isinstance(value, dict):
        found = (f"the name of a member is {type(name).__name__}, not text" for name in value if type(name) is not str)
        return next(found, None) or next(filter(None, map(_misnamed, value.values())), None)
    return next(filter(None, map(_misnamed, value)), None) if isinstance(value, list | tuple) else None


def _with_raw_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_raw_integers(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_with_raw_integers(member) for member in value]
    if isinstance(value, int) and value.bit_length() > _MACHINE_BITS:
        return msgspec.Raw(str(value).encode())
    return value


def refuse_not_numbers(value: Any, before: Any = None) -> None:
    """Raise CanonError if NaN or Infinity (which msgspec writes as null) stands anywhere in `value`, or bytes do.

    What is the very same, at the same place, in `before` is not looked at: there is none of these in that.
    """
    level: list[tuple[Any, Any]] = [((value,), (before,))]
    for _ in range(MAX_DEPTH + 1):
        below: list[tuple[Any, Any]] = []
        for container, was in level:
            for member, known in _beside(container, was):
                kind = type(member)
                if member is known:
                    continue
                if kind is float:
                    if not math.isfinite(member):
                        raise CanonError(f"{member} is not a JSON number")
                elif kind not in _SCALARS and isinstance(member, dict | list | tuple) and member:
                    below.append((member, known))
                elif kind not in _SCALARS and isinstance(member, _NO_JSON):
                    raise CanonError(f"{kind.__name__} is no JSON value")
        if not below:
            return
        level = below
    raise CanonError(f"nested more than {MAX_DEPTH} deep")


def _beside(container: Any, was: Any) -> Iterable[tuple[Any, Any]]:
    """Return each member of an object or array with what stood at its place in `was`, None where nothing did."""
    if not isinstance(container, dict):
        known = was if isinstance(was, list | tuple) else ()
        return zip_longest(container, known[: len(container)])
    if not isinstance(was, dict):
        return zip_longest(container.values(), ())
    return [(member, was.get(name)) for name, member in container.items()]


def decode(blob: bytes) -> Any:
    """Return the JSON value in `blob`.

    Raises:
        CanonError: not JSON, not UTF-8, or nested too deep; the text is the decoder's.
    """
    try:
        return _decode(blob)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CanonError(str(error)) from error
    except RecursionError as error:
        raise CanonError(f"nested more than {MAX_DEPTH} deep") from error
