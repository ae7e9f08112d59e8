"""The lock file beside a recipe: what recipe, sources and schemas were when somebody said that this is what is meant.

    stacbuild.toml → stacbuild.lock, other.toml → other.lock

Digests only, sorted: the same state is the same bytes. Sections are independent: `lock` writes recipe, sources and
collections, `schemas pull` writes its pins, and each leaves the others' as they are. Never in it: a clock, a host, an
absolute path, a secret. Here is only the file: what the digests are of is said in `locked.py`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from stacbuild import files
from stacbuild.failures import At, Problem, RecipeError
from stacbuild.recipe.lines import Lines

FORMAT: Final = 1
_MARKER: Final = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)
_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_WHERE: Final = re.compile(r" - at `(?:key in )?\$(.*)`$")


class LockedRecipe(Struct, forbid_unknown_fields=True):
    """What the recipe says, as a whole and a table each (the first 16 digits), so that it can be told which moved."""

    digest: str
    tables: dict[str, str]


class LockedSource(Struct, forbid_unknown_fields=True):
    """What a source held: how many inputs, and the digest of them all, whatever their files.

    And whatever their order, unless that decides which of two items of one id is taken.
    """

    inputs: int
    digest: str


class LockedStage(Struct, forbid_unknown_fields=True):
    """What a stage's results depend on besides its input, as a whole and by name (the first 16 digits)."""

    context: str
    ingredients: dict[str, str] = {}


class LockedSchema(Struct, forbid_unknown_fields=True, frozen=True, order=True):
    """A schema: its URL and the SHA-256 of its bytes."""

    url: str
    digest: str


class Lock(Struct, forbid_unknown_fields=True):
    """A lock file. `recipe` is None where only schemas were pinned."""

    format: int = FORMAT
    recipe: LockedRecipe | None = None
    sources: dict[str, LockedSource] = {}
    collections: dict[str, dict[str, LockedStage]] = {}
    """Collection → stage → what it depends on."""
    schemas: list[LockedSchema] = []

    @property
    def pins(self) -> dict[str, str]:
        """The digest of each schema that is pinned, by URL."""
        return {schema.url: schema.digest for schema in self.schemas}


def path_of(recipe: Path) -> Path:
    """Return where the lock of a recipe is."""
    return recipe.with_suffix(".lock") if recipe.suffix == ".toml" else recipe.with_name(f"{recipe.name}.lock")


def with_pins(lock: Lock, pins: dict[str, str]) -> Lock:
    """Return `lock` with other schemas (URL → SHA-256 in hex); what else it holds stays."""
    return msgspec.structs.replace(lock, schemas=[LockedSchema(url, digest) for url, digest in pins.items()])


# --- reading


def read(path: Path) -> Lock | None:
    """Return the lock in a file, or None where there is none.

    Raises:
        RecipeError: it is damaged, of another version, or no lock at all.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise _bad(path, "it is not text in UTF-8") from error
    marker = _MARKER.search(text)
    if marker is not None:
        raise _bad(path, "a merge left its marks in it", (text.count("\n", 0, marker.start()) + 1, 1, 7))
    return _lock_of(path, text, _parsed(path, text))


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _bad(path, "its values are nested too deep") from None
    except ValueError as error:
        words = str(error)
        match = _PLACE.search(words)
        end = (text.count("\n") + 1, 1, 1)
        place = (int(match.group(1)), int(match.group(2)), 1) if match and match.group(1) else end
        said = _PLACE.sub("", words)
        raise _bad(path, f"it is not TOML: {said[:1].lower()}{said[1:]}", place) from None


def _lock_of(path: Path, text: str, raw: dict[str, Any]) -> Lock:
    lines = Lines(text)
    version = raw.get("format")
    if version != FORMAT or isinstance(version, bool):
        said = (
            "no stacbuild wrote it, as it has no `format`" if version is None else f"its format is {version!r}, not 1"
        )
        raise _bad(path, said, lines.nearest(("format",)))
    for way, value, kind in _parts(raw):
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            match = _WHERE.search(str(error))
            rest = re.findall(r"[^.\[\]]+", match.group(1)) if match else []
            said = _WHERE.sub("", str(error))
            raise _bad(path, said[:1].lower() + said[1:], lines.nearest((*way, *rest))) from None
    lock = msgspec.convert(raw, Lock)
    _refuse_odd(path, lines, lock)
    return lock


def _parts(raw: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Yield (path, value, type), the entries of tables first: msgspec does not say in which entry it found a fault."""
    for name, entry in _table(raw.get("sources")).items():
        yield ("sources", name), entry, LockedSource
    for name, stages in _table(raw.get("collections")).items():
        for stage, entry in _table(stages).items():
            yield ("collections", name, stage), entry, LockedStage
    yield (), raw, Lock


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _refuse_odd(path: Path, lines: Lines, lock: Lock) -> None:
    for where, digest, size in _digests(lock):
        if len(digest) != size or not set(digest) <= set("0123456789abcdef"):
            raise _bad(path, f"{digest!r} is no digest of {size} hexadecimal digits", lines.nearest(where))
    urls = [schema.url for schema in lock.schemas]
    twice = next((number for number, url in enumerate(urls) if url in urls[:number]), None)
    if twice is not None:
        raise _bad(path, f"the schema {urls[twice]} stands twice in it", lines.nearest(("schemas", str(twice))))


def _digests(lock: Lock) -> list[tuple[tuple[str, ...], str, int]]:
    """Return (path, digest, digits) of every digest that the lock holds."""
    found: list[tuple[tuple[str, ...], str, int]] = []
    if lock.recipe is not None:
        found.append((("recipe", "digest"), lock.recipe.digest, 64))
        found += [(("recipe", "tables", name), digest, 16) for name, digest in lock.recipe.tables.items()]
    found += [(("sources", name, "digest"), source.digest, 64) for name, source in lock.sources.items()]
    for name, stages in lock.collections.items():
        for stage, entry in stages.items():
            way = ("collections", name, stage)
            found.append(((*way, "context"), entry.context, 64))
            found += [((*way, "ingredients", key), digest, 16) for key, digest in entry.ingredients.items()]
    found += [(("schemas", str(number), "digest"), one.digest, 64) for number, one in enumerate(lock.schemas)]
    return found


def _bad(path: Path, said: str, place: tuple[int, int, int] | None = None) -> RecipeError:
    at = At(label(path), *(place or (1, 1, 1)))
    hint = "take the file back from version control, or remove it and run `stacbuild lock`"
    return RecipeError(Problem("SB520", f"the lock file cannot be used: {said}", at, hint))


def label(path: Path) -> str:
    """Return the file as messages call it."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return path.name


# --- writing


def write(path: Path, lock: Lock) -> bool:
    """Bring a file to hold `lock`, beside and renamed, and tell whether it was touched.

    Raises:
        SurroundingsError: the disk refuses.
    """
    blob = encoded(lock)
    if path.is_file() and path.read_bytes() == blob:
        return False
    files.put(files.write_beside(str(path), [blob]), str(path))
    return True


def encoded(lock: Lock) -> bytes:
    """Return the bytes of a lock: tables, their entries and the schemas in order."""
    import tomli_w  # noqa: PLC0415  only who writes a lock needs it

    document: dict[str, Any] = {"format": lock.format}
    if lock.recipe is not None:
        document["recipe"] = {"digest": lock.recipe.digest, "tables": _sorted(lock.recipe.tables)}
    document["sources"] = {name: msgspec.to_builtins(lock.sources[name]) for name in sorted(lock.sources)}
    document["collections"] = {name: _stages(stages) for name, stages in sorted(lock.collections.items())}
    document["schemas"] = [msgspec.to_builtins(schema) for schema in sorted(set(lock.schemas))]
    full = {name: value for name, value in document.items() if value}
    return (_HEAD + tomli_w.dumps(full)).encode()


_HEAD: Final = (
    "# Written by `stacbuild lock`, compared by `stacbuild verify --locked`; to be kept in version control.\n"
)


def _stages(stages: dict[str, LockedStage]) -> dict[str, Any]:
    return {name: {"context": one.context, "ingredients": _sorted(one.ingredients)} for name, one in stages.items()}


def _sorted(table: dict[str, str]) -> dict[str, str]:
    return dict(sorted(table.items()))
