"""The schema store: URL → bytes of a JSON Schema, offline always.

Looked in, in order: the recipe's files, the recipe's folders, the user's own store, the STAC core schemas that come
with stacbuild (1.0.0) and pystac's wheel (1.1.0). What is keyed is the URL asked for, never the `$id` inside: published
copies carry wrong ones. Never: the network, pystac itself, or a look at what a schema says.
"""

from __future__ import annotations

import errno
import functools
import importlib.util
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

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
        root: the recipe's folder; schemas in and below it may be asked for by file URL.
        own: other files that may be asked for so, with what stands beside and below them.
        carried: whether the core schemas that come along are among them.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        files: Mapping[str, Path],
        *,
        root: Path | None = None,
        own: Sequence[Path] = (),
        carried: bool = True,
    ) -> None:
        self._folders, self._carried = list(folders), carried
        self._files = {bare(url): file for url, file in files.items()}
        self._root = root.absolute() if root is not None else None
        self._own = [*([self._root] if self._root else []), *(normal(file).parent for file in own)]
        self._found: dict[str, Schema | None] = {}

    def shown(self, url: str) -> str:
        """Return a schema's URL as messages and keys have it: own files by their path from the recipe's folder."""
        file = _local(url)
        if file is None:
            return url
        return file.name if self._root is None else Path(os.path.relpath(file, self._root)).as_posix()

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
        local = _local(url)
        if local is not None and any(local.is_relative_to(folder) for folder in self._own):
            yield local
        place = place_of(url)
        if place is not None:
            for folder in self._folders:
                yield folder / place
                yield folder / place.relative_to(place.parts[0])
        core = _core_file(url) if self._carried else None
        if core is not None:
            yield core


def place_of(url: str) -> Path | None:
    """Return where in a folder laid out by URL a schema is: `https/host/path`; None if it can be nowhere."""
    match = _URL.fullmatch(bare(url))
    if match is None or _ODD & {match.group(2), *match.group(3).split("/")} or "\0" in url:
        return None
    return Path(*match.groups())


def user_store(environ: Mapping[str, str]) -> Path:
    """Return the folder of the user's own schemas, which `schemas pull` fills; it need not be there."""
    named = environ.get("STACBUILD_SCHEMAS")
    if named:
        return Path(named)
    home = environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "stacbuild" / "schemas"


def normal(file: Path) -> Path:
    """Return an absolute path without `..`, links left as they are."""
    return Path(os.path.normpath(file.absolute()))


def _local(url: str) -> Path | None:
    return Path(os.path.normpath(unquote(urlsplit(url).path))) if url.startswith("file:///") else None


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
    """Return the file that holds a core schema, ours or of pystac's wheel, of which nothing is imported."""
    match = _CORE.fullmatch(url)
    if match and match.group(1) == "1.0.0":
        return Path(__file__).parent / "core" / "v1.0.0" / f"{match.group(3)}.json"
    folder = _core_folder()
    if folder is None:
        return None
    if match:
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


def strip_formats(schema: Any, asserted: frozenset[str]) -> None:
    """Take every `format` keyword but the asserted ones out of `schema`, in place."""
    for part in walk(schema):
        if isinstance(part.get("format"), str) and part["format"] not in asserted:
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


def resolved(documents: Mapping[str, Any], base: str, reference: str) -> tuple[Any, str] | None:
    """Return what a `$ref` in the document at `base` points at, and the document's URL; None if that is not clear."""
    address, _, fragment = _joined(base, reference).partition("#")
    if not address and reference.startswith("#"):
        address = base
    if address not in documents or (fragment and not fragment.startswith("/")):
        return None
    found = documents[address]
    for step in fragment.split("/")[1:]:
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, dict) and name in found:
            found = found[name]
        else:
            return None
    return found, address


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference
