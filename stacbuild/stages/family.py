"""A schema with all that it refers to, and the validators that are compiled of it by jsonschema-rs.

Two a schema: one that asserts the formats of `validation.formats`, which decides, and one that asserts all formats,
whose findings beyond the first's are warnings. And of most a third, which says of an Item that both accept it, in less
time. Never: the network, or a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Literal, NamedTuple, Never

import msgspec

from stacbuild.canon import CanonError, decode
from stacbuild.stages import narrow
from stacbuild.stages.changed import Moved, looks_elsewhere, of_changed, says_nothing
from stacbuild.stages.schemas import (
    Schema,
    SchemaStore,
    bare,
    references,
    resolved,
    strip_comments,
    strip_formats,
    subschemas,
    walk,
)

Formats = Literal["datetime", "all", "off"]
ASSERTED: dict[str, frozenset[str] | None] = {"datetime": frozenset({"date-time"}), "all": None, "off": frozenset()}
"""`validation.formats` → the formats that decide; None: every one. Libraries disagree about all but `date-time`."""

_BUILT_IN = re.compile(r"https?://json-schema\.org/draft")
"""Schemas of JSON Schema itself, which the compiler brings along."""
_DRAFT = re.compile(r"https?://(json-schema\.org/draft-0([467])/schema)")
_ASKER = "urn:stacbuild:asker"
"""A schema that does nothing but refer: what nobody refers to is not looked up."""
_TWISTING = ("not", "if", "oneOf")
"""Keywords below which a schema that accepts less may make the whole accept more."""


Accept = Callable[[Any], bool]
"""Whether a schema accepts a document."""


class OfChanged(NamedTuple):
    """What accepts an Item of which some members changed; `whole`: it may look at others as well."""

    accept: Accept
    whole: bool


class Family(msgspec.Struct, frozen=True):
    """A schema with all that it refers to; `broken` says what of it is not even JSON."""

    url: str
    found: dict[str, Schema | None]
    broken: str | None

    def documents(self) -> dict[str, Any]:
        """Return its documents, decoded anew: who compiles them changes them."""
        return {url: decode(schema.blob) for url, schema in self.found.items() if schema is not None}


class Validators:
    """What a schema is compiled to; but for what decides, when it is first asked for: most is for what is invalid."""

    def __init__(self, family: Family, formats: Formats) -> None:
        """Compile what decides; raises whatever a stranger's schema does to the compiler."""
        self._family, self._formats = family, ASSERTED[formats]
        self.asserted = _built(family, self._formats)
        """Decides."""
        self._has_more = self._formats is not None and _has_more(family, self._formats)
        self.alike = self._has_more and self._is_alike(family.documents())
        """What `every` accepts, `asserted` does."""

    def _is_alike(self, documents: dict[str, Any]) -> bool:
        """Tell whether what schemas accept that assert all formats, they accept that assert some."""
        return self._formats is None or not _is_twisted(documents, self._formats)

    @cached_property
    def every(self) -> Any:
        """Asserts all formats; None where `asserted` does."""
        return _built(self._family, None) if self._has_more else None

    @cached_property
    def of_items(self) -> Any:
        """Accepts only Items that both accept, and is quick; None where there is no such."""
        documents = narrow.of_items(self._family.documents(), self._family.url)
        if documents is None or (self._has_more and not self._is_alike(documents)):
            return None
        return self._quick(documents)

    def accept_changed(self, moved: Moved) -> OfChanged | None:
        """Return what accepts an Item in which none of them finds anything; None: they look at nothing that changed.

        It is asked about such that differ in `moved` alone from one in which none of them finds anything.
        """
        documents = narrow.of_items(self._family.documents(), self._family.url) or self._family.documents()
        if self._has_more and not self._is_alike(documents):
            return OfChanged(self.accept(item=True), whole=True)
        left = of_changed(documents, self._family.url, moved)
        if left is not None and says_nothing(left[self._family.url]):
            return None
        whole = left is None or looks_elsewhere(left, self._family.url, moved.names)
        found = None if left is None else self._quick(left)
        return OfChanged(self.accept(item=True), whole=True) if found is None else OfChanged(_asking(found), whole)

    def _quick(self, documents: dict[str, Any]) -> Any:
        """Return a validator by what is left of the schemas, which asserts all formats; None: too much was left out."""
        try:
            return _compiled(self._family.url, documents, None)
        except Exception:  # noqa: BLE001  what is left out was referred to by some other name
            return None

    def accept(self, *, item: bool) -> Accept:
        """Return what accepts a document in which none of them finds anything; `item`: it is asked about Items only."""
        if item and self.of_items is not None:
            return _asking(self.of_items)
        if self.alike or self.every is None:
            return _asking(self.every or self.asserted)
        both = _asking(self.asserted), _asking(self.every)
        return lambda document: both[0](document) and both[1](document)


def _asking(validator: Any) -> Accept:
    accept: Accept = validator.is_valid
    return accept


def gathered(url: str, store: SchemaStore) -> Family:
    """Return the schema at `url` with all that it refers to, over any number of steps."""
    found: dict[str, Schema | None] = {}
    broken: str | None = None
    pending = [url]
    while pending:
        name = pending.pop()
        if name in found or (name != url and _BUILT_IN.match(name)):
            continue
        schema = found[name] = store.find(name)
        if schema is None:
            continue
        try:
            targets, names = references(decode(schema.blob), name)
        except CanonError as error:
            broken = broken or f"{store.shown(name)} is not JSON: {error}"
            continue
        pending.extend(sorted(targets - names - {name}))
    return Family(url, found, broken)


def _built(family: Family, asserted: frozenset[str] | None) -> Any:
    return _compiled(family.url, family.documents(), asserted)


def _compiled(url: str, documents: dict[str, Any], asserted: frozenset[str] | None) -> Any:
    import jsonschema_rs  # noqa: PLC0415  a build that judges nothing never gets here

    resources = list(prepared(documents, asserted).items())
    registry = jsonschema_rs.Registry([*resources, *_meta_schemas(documents)], retriever=_refuse)
    root = dict(resources)[url]
    return jsonschema_rs.validator_for(root, registry=registry, validate_formats=True, retriever=_refuse)


def prepared(documents: dict[str, Any], asserted: frozenset[str] | None) -> dict[str, Any]:
    """Return schemas as they are compiled: their own URL as id, without formats that are not to be asserted."""
    for document in documents.values():
        if asserted is not None:
            strip_formats(document, asserted)
        strip_comments(document)
    return {url: _named(document, url) for url, document in documents.items()}


def _named(document: Any, url: str) -> Any:
    """Return a schema that calls itself, and refers to itself, by the URL that it was asked for by."""
    if not isinstance(document, dict):
        return document
    own = bare(str(document.get("$id") or ""))
    for part in walk(document) if own else ():
        reference = part.get("$ref")
        if isinstance(reference, str) and bare(reference) == own:
            part["$ref"] = url + reference[len(bare(reference)) :]
    return {**document, "id" if "draft-04" in str(document.get("$schema")) else "$id": url}


def _meta_schemas(documents: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the schemas of JSON Schema that are referred to: in a registry the compiler does not find its own."""
    import jsonschema_rs  # noqa: PLC0415

    wanted = {target for url, document in documents.items() for target in references(document, url)[0]}
    for url in sorted(wanted - documents.keys()):
        if match := _DRAFT.fullmatch(url):
            known = f"http://{match.group(1)}"
            registry = jsonschema_rs.Registry([(_ASKER, {"$ref": known})], draft=int(match.group(2)))
            yield url, _named(registry.resolver(_ASKER).lookup(known).contents, url)


def _refuse(url: str) -> Never:
    """Stand in for the network."""
    raise LookupError(f"{url} is not at hand")


# ---- formats ---------------------------------------------------------------------------------------------------------


def _has_more(family: Family, asserted: frozenset[str]) -> bool:
    """Tell whether a schema of the family names a format that is not asserted."""
    return any(_free(part, asserted) for document in family.documents().values() for part in walk(document))


def _free(part: dict[str, Any], asserted: frozenset[str]) -> bool:
    return isinstance(part.get("format"), str) and part["format"] not in asserted


def _is_twisted(documents: dict[str, Any], asserted: frozenset[str]) -> bool:
    """Tell whether a format that is not asserted may stand below a keyword that turns "less" into "more"."""
    seen: set[int] = set()
    pending = [
        (part[keyword], url)
        for url, document in documents.items()
        for part in walk(document)
        for keyword in _TWISTING
        if keyword in part
    ]
    while pending:
        part, base = pending.pop()
        parts = part if isinstance(part, list) else [part]
        for one in parts:
            if not isinstance(one, dict) or id(one) in seen:
                continue
            seen.add(id(one))
            if _free(one, asserted):
                return True
            pending.extend((below, base) for below in subschemas(one))
            if isinstance(one.get("$ref"), str):
                target = resolved(documents, base, one["$ref"])
                if target is None:
                    return True
                pending.append(target)
    return False
