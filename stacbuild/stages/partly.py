"""Extensions of which some are applied again to items of which it is known what all of them gave before. PURE.

Of an item there is what went into the stage and what came of it before the tables of some extensions changed. An
extension whose reach touches none of theirs gives again what it gave, and members that no applied extension looks at
are taken over as they lie, neither decoded nor encoded. Where that is not sure all are applied to the whole item.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec import Raw, Struct

from stacbuild import canon, keys
from stacbuild.extensions.registry import reach_of
from stacbuild.extensions.values import members_at, paths_in
from stacbuild.model import Context
from stacbuild.reading import Reader
from stacbuild.recipe.schema import Document
from stacbuild.stages.changed import Moved, moved
from stacbuild.stages.extend import Applied, Extend, declared, in_order, settings, unversioned

_DECLARED: Final = "stac_extensions"
_ASKED: Final = frozenset(("type", "stac_version", "id", "collection", "bbox", "properties"))
"""Members that whoever keeps an item has to know, and that cost little."""
_HREFS: Final = frozenset(("assets", "links"))


class Again(Struct, array_like=True, frozen=True):
    """Which extensions of a collection are applied again, and which members of an item they look at."""

    names: tuple[str, ...]
    members: tuple[str, ...]

    def sees_hrefs(self) -> bool:
        """Tell whether hrefs of an item may change."""
        return not _HREFS.isdisjoint(self.members)


# ---- which -----------------------------------------------------------------------------------------------------------


class _Scope(NamedTuple):
    """What an extension changes, all that it looks at, and the schemas that it declares, whatever their versions."""

    changed: frozenset[str]
    seen: frozenset[str]
    schemas: frozenset[str]

    def touches(self, other: _Scope) -> bool:
        """Tell whether what one of them gives may hang on the other."""
        return not (self.changed.isdisjoint(other.seen) and self.seen.isdisjoint(other.changed))


def again(before: Context, now: Mapping[str, Any], digest: bytes) -> Again | None:
    """Return which extensions are applied again to items that the stage made in a context before; None: that is unsure.

    Args:
        before: that context.
        now: the stage's ingredients now; where secrets are hidden in them it is unsure.
        digest: of the stage's context now.
    """
    was = before.ingredients
    if not (_are_those_of(was, before.digest) and _are_those_of(now, digest)) or was.get("order") != now["order"]:
        return None
    scopes = {name: _scope_in((was, now), name) for name in now["order"]}
    known = {name: scope for name, scope in scopes.items() if scope is not None}
    if len(known) < len(scopes):
        return None
    applied = _reached({name for name in known if _moved(name, was, now)}, known)
    members = {_DECLARED}.union(*(known[name].seen for name in applied))
    return Again(tuple(sorted(applied)), tuple(sorted(members)))


def _are_those_of(ingredients: Mapping[str, Any], digest: bytes) -> bool:
    """Tell whether a context is that of ingredients and of the code of now."""
    return keys.context(Extend.name, Extend.revision, {**ingredients}) == digest


def _moved(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Tell whether an extension is another; 0, 0.0 and false are three values, as in what it writes."""
    tables = canon.encode(was[_table(name)]), canon.encode(now[_table(name)])
    return bool(tables[0] != tables[1] or was["code"][name] != now["code"][name])


def _table(name: str) -> str:
    return f"extensions.{name}"


def _scope_in(ingredients: tuple[Mapping[str, Any], ...], name: str) -> _Scope | None:
    """Return what an extension reaches by each of its tables; None: by one of them that is not known."""
    scopes = [_scope(one[_table(name)]) for one in ingredients if isinstance(one["code"][name], int | list)]
    known = [scope for scope in scopes if scope is not None]
    if len(known) < len(ingredients):  # somebody else's code may do anything
        return None
    return _Scope(*(frozenset().union(*parts) for parts in zip(*known, strict=True)))


def _scope(table: Mapping[str, Any]) -> _Scope | None:
    reach = reach_of(table)
    if reach is None:
        return None
    named = {member for path in paths_in(dict(table)) if path not in reach.own for member in members_at(path)}
    schemas = [] if reach.schema is None else [unversioned(reach.schema)]
    return _Scope(frozenset(reach.members), frozenset(reach.members) | named, frozenset(schemas))


def _reached(moved: set[str], scopes: Mapping[str, _Scope]) -> set[str]:
    """Return the extensions that moved, those that these touch, and those of which is not known what they declared."""
    applied = set(moved)
    for name, scope in scopes.items():
        others = frozenset().union(*(other.schemas for one, other in scopes.items() if one != name))
        if _DECLARED in scope.seen or not scope.schemas.isdisjoint(others):
            applied.add(name)
    while more := {name for name in scopes if any(scopes[name].touches(scopes[one]) for one in applied)} - applied:
        applied |= more
    return applied


# ---- applied ---------------------------------------------------------------------------------------------------------


class Made(NamedTuple):
    """An item as extensions made it again; what they did not look at and nobody asks for is `Raw`, as bytes."""

    item: dict[str, Any]
    members: dict[str, bytes]
    """As `canon.encode_members` gives them."""
    moved: Moved | None
    """In what it is not as it was; None: it has other members."""


class Partly:
    """The extensions of a collection, some of which are applied."""

    def __init__(self, document: Document, collection: str, which: Again) -> None:
        names = in_order(document, document.collections[collection].extensions)
        self._chain = [Applied(document, name) if name in which.names else _schema(document, name) for name in names]
        self._others = tuple(link for link in self._chain if isinstance(link, str))
        self._seen = frozenset(which.members)
        self._reader = Reader(Path())  # none of them reads
        self._asked = _ASKED | _HREFS if which.sees_hrefs() else _ASKED

    def made(self, given: bytes, gave: bytes) -> Made | None:
        """Return what the stage makes of an item that went into it, of which it `gave` something; None: it is unsure.

        Raises what extensions raise, which the whole stage would.
        """
        into, was = canon.raw_members_of(given), canon.raw_members_of(gave)
        old, new = (tuple(canon.decode(one.get(_DECLARED, _NONE)) or ()) for one in (into, was))
        said = _said(self._others, old, new)
        if said is None:
            return None
        raw = {name: member for name, member in was.items() if name not in self._seen}
        raw |= {name: member for name, member in into.items() if name in self._seen}
        wanted = self._asked | self._seen
        item = {name: canon.decode(member) if name in wanted else member for name, member in raw.items()}
        made = self._applied(item, said)
        members = canon.encode_members(made, item, canon.named(raw))
        return Made(made, members, self._moved(members, was))

    def _moved(self, members: dict[str, bytes], was: dict[str, Raw]) -> Moved | None:
        if members.keys() != was.keys():
            return None
        looked_at = {name: was[name] for name in self._seen if name in was}
        return moved({name: members[name] for name in looked_at}, canon.named(looked_at))

    def _applied(self, item: dict[str, Any], said: frozenset[str]) -> dict[str, Any]:
        for link in self._chain:
            if isinstance(link, Applied):
                item = link.to(item, self._reader)
            elif link in said:
                item = declared(item, [link])
        return item


_NONE: Final = Raw(b"[]")


def _schema(document: Document, name: str) -> str | None:
    """Return the schema that an extension may declare."""
    reach = reach_of(settings(document, name))
    return None if reach is None else reach.schema


@functools.lru_cache(maxsize=256)
def _said(schemas: tuple[str, ...], into: tuple[str, ...], was: tuple[str, ...]) -> frozenset[str] | None:
    """Return which of some schemas their extensions declared; None: that cannot be told.

    What an item declared already it declares anyway, and what it did not was declared if it was there in the end. But
    of an extension that it declares in another version, both may come of it.
    """
    for url in schemas:
        if any(known != url and unversioned(known) == unversioned(url) for known in into):
            return None
    return frozenset(url for url in schemas if url in into or url in was)
