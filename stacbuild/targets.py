"""What a build is to touch: targets as people type them, made into a test of one pair. Reads rows, changes nothing."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct

from stacbuild.failures import Problem, UsageError
from stacbuild.recipe.schema import Document

KINDS: Final = ("item", "collection", "source", "output", "failed", "stale")
_GLOB: Final = re.compile(r"[*?\[\\]")
STAGES: Final = ("fetch", "transform", "extend", "patch", "validate", "write")


class Known(Struct, frozen=True):
    """A pair that a target may mean."""

    collection: str
    id: str | None
    source: str
    key: str
    failed: str = ""
    """The stage that it failed at, "" if it did not."""


class Selection(Struct):
    """What was asked for. Empty `targets` is everything."""

    targets: list[str]
    pairs: set[tuple[str, str, str]] = set()
    """(collection, source, key) of every pair selected by name."""
    ids: set[tuple[str, str]] = set()
    """(collection, id) of every item selected by name or by its source."""
    collections: set[str] = set()
    sources: set[str] = set()
    outputs: set[str] = set()
    stale: bool = False

    def __bool__(self) -> bool:
        return bool(self.targets)

    def takes(self, collection: str, key: str, source: str) -> bool:
        """Tell whether a pair is to be touched."""
        named = (collection, source, key) in self.pairs or source in self.sources
        return self.stale or collection in self.collections or named


def parse(target: str, tables: Mapping[str, Mapping[str, object]] | None = None) -> tuple[str, str]:
    """Return kind and rest of a target; `tables` are the recipe's, for the hint to one that has no kind.

    Raises:
        UsageError: no kind, or one that does not exist.
    """
    kind, colon, rest = target.partition(":")
    if not colon or kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, 1) if colon else []
        named = (f"{kind}:{target}" for kind, names in (tables or {}).items() if target in names)
        guess = f"{near[0]}:{rest}" if near else next(named, f"item:{target}")
        raise UsageError(
            Problem("SB501", f"'{target}' is not a target: it has no kind", hint=f"did you mean `{guess}`?")
        )
    if not rest:
        raise UsageError(Problem("SB501", f"'{target}' names nothing", hint=f"`{kind}:*` is all of them"))
    return kind, rest


Knowing = Callable[[list[str] | None], Iterable[Known]]
"""Gives the pairs that a target may mean: at least those that are called one of some ids, or COLLECTION/ids; or all."""


def select(targets: Iterable[str], document: Document, known: Knowing) -> Selection:
    """Return what `targets` mean together.

    Raises:
        UsageError: a target that nothing answers to, with near names.
    """
    selection = Selection(list(targets), set(), set(), set(), set(), set())
    items: list[str] = []
    for target in selection.targets:
        kind, rest = parse(target, tables_of(document))
        if kind in ("item", "failed"):
            items.append(target)
        elif kind == "stale":
            selection.stale = True
        else:
            _add_tables(selection, kind, rest, document)
    if items or selection.sources:
        everything = list(known(None)) if selection.sources else _candidates(items, document, known)
        _add_items(selection, items, document, everything)
        selection.ids.update((o.collection, o.id) for o in everything if o.source in selection.sources and o.id)
    return selection


def _candidates(targets: list[str], document: Document, known: Knowing) -> list[Known]:
    """Return the pairs that targets may mean: few where each is an id that is known, else all."""
    rests = [rest for kind, rest in map(parse, targets) if kind == "item" and not _GLOB.search(rest)]
    if len(rests) == len(targets):
        few = list(known(rests))
        if all(named(rest, few, set(document.collections)) for rest in rests):
            return few
    return list(known(None))


def _add_tables(selection: Selection, kind: str, rest: str, document: Document) -> None:
    tables = tables_of(document)[kind]
    names = [rest] if rest in tables else [name for name in tables if matches(rest, name)]
    if not names:
        raise _unknown(f"{kind}:{rest}", [f"{kind}:{name}" for name in tables])
    {"collection": selection.collections, "source": selection.sources, "output": selection.outputs}[kind].update(names)
    if kind == "output":
        for name in names:
            globs = document.outputs[name].collections
            taken = (c for c in document.collections if globs is None or any(fnmatch.fnmatchcase(c, g) for g in globs))
            selection.collections.update(taken)


def tables_of(document: Document) -> dict[str, Mapping[str, object]]:
    """Return the recipe's tables whose entries are targets by name, by kind of target."""
    return {"collection": document.collections, "source": document.sources, "output": document.outputs}


def _add_items(selection: Selection, targets: list[str], document: Document, known: list[Known]) -> None:
    for target in targets:
        kind, rest = parse(target)
        found = _failed(rest, known) if kind == "failed" else named(rest, known, set(document.collections))
        if not found and kind == "item":
            raise _unknown(target, [f"item:{one.id}" for one in known if one.id is not None])
        selection.pairs.update((one.collection, one.source, one.key) for one in found)
        selection.ids.update((one.collection, one.id) for one in found if one.id)


def _failed(stage: str, known: list[Known]) -> list[Known]:
    if stage != "*" and stage not in STAGES:
        raise _unknown(f"failed:{stage}", [f"failed:{name}" for name in STAGES])
    return [one for one in known if one.failed and stage in ("*", one.failed)]


def named(rest: str, known: list[Known], collections: set[str]) -> list[Known]:
    """Return the pairs that `item:REST` means: an exact id, then COLLECTION/ID, then a glob."""
    exact = [one for one in known if one.id == rest]
    if exact:
        return exact
    for match in re.finditer("/", rest):
        collection, identity = rest[: match.start()], rest[match.end() :]
        if collection in collections:
            return [o for o in known if o.collection == collection and o.id is not None and matches(identity, o.id)]
    return [one for one in known if one.id is not None and matches(rest, one.id)]


def matches(pattern: str, name: str) -> bool:
    """Tell whether a glob means `name`; a backslash takes the meaning from the character after it."""
    plain = re.sub(
        r"\\(.)", lambda match: f"[{match.group(1)}]" if match.group(1) in "*?[" else match.group(1), pattern
    )
    return fnmatch.fnmatchcase(name, plain)


def _unknown(target: str, names: list[str]) -> UsageError:
    near = difflib.get_close_matches(target, names, 3, 0.6)
    hint = f"did you mean {', '.join(f'`{name}`' for name in near)}?" if near else "`stacbuild ls` lists all targets"
    return UsageError(Problem("SB502", f"there is no target '{target}'", hint=hint))
