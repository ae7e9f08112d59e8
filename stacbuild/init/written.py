"""A first recipe as text: what was guessed, and beside each line why. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stacbuild.init.guess import Field, Guess
from stacbuild.init.hrefs import Asset

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_BESIDE: Final = 110
"""A comment that would end beyond this column stands above its line."""

OUTPUTS: Final = (
    "[outputs.site]                    # a static catalog: catalog.json, collection.json, a file an item",
    'kind = "stac-json"',
    'path = "dist/site"',
    "",
    "[outputs.lines]                   # all items of a collection in one file, a line each",
    'kind = "ndjson"',
    'path = "dist/{collection}.ndjson"',
)


def slug(text: str) -> str:
    """Return a name for tables and ids: letters, digits, hyphens and underscores."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-_").lower() or "records"


def quoted(value: Any) -> str:
    """Return a value as TOML writes it in one line; `${` is kept from being a reference to the environment."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key(name)} = {quoted(member)}' for name, member in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(quoted, value))}]"
    text = msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
    return text.replace("${", "$${") if isinstance(value, str) else text


def key(name: str) -> str:
    """Return a key as TOML writes it."""
    return name if _BARE.fullmatch(name) else msgspec.json.encode(name).decode().replace("\x7f", "\\u007f")


def line(left: str, value: Any, note: str = "") -> Iterator[str]:
    """Yield `left = value`, with its comment beside or above it."""
    text = f"{left} = {quoted(value)}"
    told = _comment(note)
    if told and len(text) + len(told) + 4 > _BESIDE:
        yield f"# {told}"
        yield text
    else:
        yield f"{text}    # {told}" if told else text


def _comment(text: str) -> str:
    """Return a text as one line of a comment, which may hold no control characters."""
    return "".join(char if char.isprintable() else " " for char in text)


def catalog(name: str, title: str, told: list[str]) -> Iterator[str]:
    """Yield the head of a recipe."""
    yield from (f"# {_comment(each)}" for each in told)
    yield from ("", "[catalog]")
    yield from line("id", name)
    yield from line("title", title)
    yield from line("description", f"What {title} holds.", "say what is in it, for whom")


def collection(name: str, title: str, *, mapping: str | None, sources: list[str]) -> Iterator[str]:
    """Yield a collection's table."""
    yield f"[collections.{key(name)}]"
    yield from line("from", sources)
    if mapping is not None:
        yield from line("mapping", mapping)
    yield from line("title", title)
    yield from line("description", f"Items of {title}.", "say what they are")
    yield from line("license", "other", "an SPDX identifier, as in CC-BY-4.0, if there is one")


def table(name: str, path: str | list[str], settings: dict[str, str], found: Guess) -> Iterator[str]:
    """Yield the source and the mapping of a table."""
    yield f"[sources.{key(name)}]"
    yield from line("kind", "table")
    yield from line("path", path, "from the recipe's folder; a list and wildcards are fine")
    yield from line("key", found.key, found.key_note)
    if found.missing:
        yield from line("missing", found.missing, "words that stand for no value")
    for setting, value in settings.items():
        yield from line(setting, value)
    yield from ("", f"[mappings.{key(name)}]                # the item's member on the left, the column on the right")
    yield from line("id", found.id)
    yield from line("geometry", found.geometry, found.geometry_note)
    for time in found.times:
        yield from line(time.name, time.rule, time.note)
    yield from _properties(name, found.properties, found.left)
    for asset in found.assets:
        yield from _asset(name, asset)


def _properties(name: str, properties: list[Field], left: list[Field]) -> Iterator[str]:
    if properties:
        yield from ("", f"[mappings.{key(name)}.properties]")
    for one in properties:
        yield from line(key(one.name), one.rule, one.note)
    if left:
        yield from (f"# not mapped: {_comment(one.name)}: {one.note}" for one in left)


def _asset(name: str, asset: Asset) -> Iterator[str]:
    yield from ("", f"[mappings.{key(name)}.assets.{key(asset.name)}]")
    yield from line("href", asset.path if asset.required else {"from": asset.path, "required": False})
    if asset.type is not None:
        yield from line("type", {"value": asset.type})
    yield from line("roles", {"value": [asset.role]})
