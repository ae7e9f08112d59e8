"""The schema store: URL → bytes of a JSON Schema, offline always.

Looked in, in order: the recipe's files, the recipe's folders, the STAC core schemas that pystac's wheel carries. What
is keyed is the URL asked for, never the `$id` inside: published copies carry wrong ones. Never: the network, pystac
itself, or a look at what a schema says.
"""

from __future__ import annotations

import errno
import functools
import importlib.util
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import msgspec

from stacbuild.canon import digest
from stacbuild.failures import Problem, SurroundingsError

_CORE = re.compile(
    r"https://schemas\.stacspec\.org/v([0-9A-Za-z.-]+)/(item|catalog|collection)-spec/json-schema/([a-z-]+)\.json"
)
_GEOJSON = re.compile(r"https://geojson\.org/schema/([A-Za-z]+)\.json")
_ODD = {"", ".", ".."}
"""Names that would lead out of a folder."""
_URL = re.compile(r"(https?)://([^/?#]+)/([^?#]+)")


class Schema(msgspec.Struct, frozen=True):
    """A schema as found: the URL asked for, its bytes, their SHA-256 and where they lie."""

    url: str
    blob: bytes
    digest: bytes
    file: Path


class SchemaStore:
    """Schemas by URL; what was found once is kept, as is that there was none.

    Args:
        folders: laid out by URL, `https/host/path` or `host/path`; the first that has one wins.
        files: URL → file, looked in before the folders.
    """

    def __init__(self, folders: Sequence[Path], files: Mapping[str, Path]) -> None:
        self._folders = list(folders)
        self._files = {bare(url): file for url, file in files.items()}
        self._found: dict[str, Schema | None] = {}

    def find(self, url: str) -> Schema | None:
        """Return the schema at `url`, whose fragment is ignored; None when there is none at hand.

        Raises:
            SurroundingsError: a file is there and cannot be read.
        """
        url = bare(url)
        if url not in self._found:
            self._found[url] = next((schema for file in self._places(url) if (schema := _read(url, file))), None)
        return self._found[url]

    def _places(self, url: str) -> Iterator[Path]:
        if url in self._files:
            yield self._files[url]
        match = _URL.fullmatch(url)
        if match and not _ODD & {match.group(2), *match.group(3).split("/")}:
            scheme, host, path = match.groups()
            for folder in self._folders:
                yield folder / scheme / host / path
                yield folder / host / path
        core = _core_file(url)
        if core is not None:
            yield core


def bare(url: str) -> str:
    """Return `url` without its fragment."""
    return url.partition("#")[0]


def _read(url: str, file: Path) -> Schema | None:
    try:
        blob = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
        return None
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            return None
        hint = "make it readable, or name another file in validation.schemas"
        problem = Problem("SB304", f"schema file {file} cannot be read: {error.strerror}", hint=hint)
        raise SurroundingsError(problem) from error
    return Schema(url, blob, digest(blob), file)


def _core_file(url: str) -> Path | None:
    """Return the file of pystac's wheel that holds a core schema, if the URL is one's; importing nothing of pystac."""
    folder = _core_folder()
    if folder is None:
        return None
    if match := _CORE.fullmatch(url):
        return folder / "stac-spec" / f"v{match.group(1)}" / f"{match.group(3)}.json"
    if match := _GEOJSON.fullmatch(url):
        return folder / "geojson" / f"{match.group(1)}.json"
    return None


@functools.cache
def _core_folder() -> Path | None:
    spec = importlib.util.find_spec("pystac")
    for place in (spec.submodule_search_locations if spec is not None else None) or []:
        folder = Path(place) / "validation" / "jsonschemas"
        if folder.is_dir():
            return folder
    return None


# ---- what a schema document says -----------------------------------------------------------------------------------

_DATA = {"enum", "const", "default", "examples"}
"""Keywords whose value is data, in which nothing is a keyword."""
_NAMED = {"properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies"}
"""Keywords whose value maps names, in which no name is a keyword, to schemas."""
ASSERTED_FORMATS = {"date-time"}
"""The only `format`s that are judged; libraries disagree about all others."""


def subschemas(schema: dict[str, Any]) -> Iterator[Any]:
    """Yield what may be a schema directly below `schema`, under unknown keywords too: a `$ref` may point there."""
    for keyword, value in schema.items():
        if keyword in _DATA:
            continue
        if keyword in _NAMED and isinstance(value, dict):
            yield from value.values()
        elif isinstance(value, list):
            yield from value
        else:
            yield value


def walk(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield `schema` and all schemas in it, parents first."""
    pending = [schema]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            yield part
            pending.extend(subschemas(part))


def strip_formats(schema: Any) -> None:
    """Take every `format` keyword but the asserted ones out of `schema`, in place."""
    for part in walk(schema):
        if isinstance(part.get("format"), str) and part["format"] not in ASSERTED_FORMATS:
            del part["format"]


def strip_comments(schema: Any) -> None:
    """Take text under `$comment` out of what maps names to schemas, in place: published schemas have it there."""
    for part in walk(schema):
        for keyword in _NAMED & part.keys():
            if isinstance(part[keyword], dict) and isinstance(part[keyword].get("$comment"), str):
                del part[keyword]["$comment"]


def references(schema: Any, url: str) -> tuple[set[str], set[str]]:
    """Return the URLs, without fragments, that `schema` at `url` refers to, and those that it is or holds by `$id`."""
    targets: set[str] = set()
    names: set[str] = set()
    pending = [(schema, url)]
    while pending:
        part, base = pending.pop()
        if not isinstance(part, dict):
            continue
        if isinstance(part.get("$id"), str):
            named = bare(_joined(base, part["$id"]))
            names.add(named)
            base = url if part is schema else named
        if isinstance(part.get("$ref"), str):
            targets.add(bare(_joined(base, part["$ref"])))
        pending.extend((below, base) for below in subschemas(part))
    return targets, names


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference
