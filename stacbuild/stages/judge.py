"""The validator: an item and the schemas that it declares → a verdict, with every error in words.

Compiled by jsonschema-rs, a validator a schema. Only the format `date-time` is asserted. A schema that is not at hand
or cannot be used is a verdict of its own, never a crash and never "valid". Never: the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Literal, Never

import msgspec

from stacbuild.canon import CanonError, decode
from stacbuild.failures import Fault
from stacbuild.stages.schemas import Schema, SchemaStore, bare, references, strip_comments, strip_formats, walk
from stacbuild.stages.wording import faults_in, reason_in

CODES: dict[str, str] = {
    "SB301": "The item breaks a schema that it declares. The path says where in the item.",
    "SB302": "A schema that the item declares is not at hand, so that part of the item is not judged. Put it into a "
    "folder named in validation.schemas, laid out as https/host/path.",
    "SB303": "A schema that the item declares cannot be used: it is no JSON, no JSON Schema, has a pattern that does "
    "not compile, or refers to a schema that is not at hand.",
    "SB304": "A schema's file is there and cannot be read.",
}
"""Code → what it means and what to do."""

REVISION = "1"
"""Raised when the same item and schemas give another verdict or other words."""

MAX_FAULTS = 50
"""Faults told of one item; the rest is counted."""

Profile = tuple[str, ...]
"""STAC version, then the item's extensions, sorted."""

_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?")
_DEFAULT_VERSION = "1.1.0"
_BUILT_IN = re.compile(r"https?://json-schema\.org/draft")
"""Schemas of JSON Schema itself, which the compiler brings along."""
_DRAFT = re.compile(r"https?://(json-schema\.org/draft-0([467])/schema)")
_ASKER = "urn:stacbuild:asker"
"""A schema that does nothing but refer: what nobody refers to is not looked up."""
_CORE = re.compile(r"https://schemas\.stacspec\.org/")
_PUT = "put it into a folder named in validation.schemas, laid out as https/host/path"


class Verdict(msgspec.Struct, frozen=True, array_like=True):
    """What is known of an item: `unchecked` when no schema refuses it and one could not be asked."""

    state: Literal["valid", "invalid", "unchecked"]
    faults: tuple[Fault, ...] = ()


class _Family(msgspec.Struct, frozen=True):
    """A schema with all that it refers to."""

    url: str
    found: dict[str, Schema | None]
    documents: dict[str, Any]
    broken: str | None


class _Compiled(msgspec.Struct, frozen=True):
    """A validator, or why there is none."""

    validator: Any
    fault: Fault | None


class Judge:
    """Judges items by the schemas that they declare.

    Args:
        store: where schemas are.
        missing: what an item is whose schema is not at hand or unusable: "warn" (unchecked) or "fail" (invalid).
    """

    def __init__(self, store: SchemaStore, *, missing: Literal["warn", "fail"]) -> None:
        self._store, self._missing = store, missing
        self._families: dict[str, _Family] = {}
        self._compiled: dict[str, _Compiled] = {}
        self._ingredients: dict[Profile, dict[str, str]] = {}

    def profile(self, item: dict[str, Any]) -> Profile:
        """Return what decides by which schemas an item is judged."""
        declared = item.get("stac_extensions")
        urls = {str(url) for url in declared} if isinstance(declared, list) else set()
        return (str(item.get("stac_version")), *sorted(urls))

    def ingredients(self, profile: Profile) -> dict[str, str]:
        """Return what a verdict on an item of `profile` may depend on, by name; never compiles anything."""
        if profile not in self._ingredients:
            result = {"revision": REVISION, "jsonschema-rs": version("jsonschema-rs"), "missing-schemas": self._missing}
            for url in _urls(profile):
                for name, schema in self._family(url).found.items():
                    result[f"schema {name}"] = schema.digest.hex() if schema is not None else "absent"
            self._ingredients[profile] = dict(sorted(result.items()))
        return self._ingredients[profile]

    def judge(self, item: dict[str, Any], profile: Profile | None = None) -> Verdict:
        """Return the verdict on an item with every error, each with a JSON Pointer.

        Args:
            item: STAC Item, JSON values.
            profile: the item's, where it is known already.
        """
        faults: list[Fault] = []
        unknown: list[Fault] = []
        for url in _urls(self.profile(item) if profile is None else profile):
            compiled = self._validator(url)
            if compiled.fault is not None:
                unknown.append(compiled.fault)
            elif not compiled.validator.is_valid(item):
                faults.extend(faults_in(compiled.validator.iter_errors(item), url))
        if self._missing == "fail":
            faults.extend(msgspec.structs.replace(fault, warning=False) for fault in unknown)
            unknown = []
        if faults:
            return Verdict("invalid", (*_capped(faults), *unknown))
        return Verdict("unchecked", tuple(unknown)) if unknown else Verdict("valid")

    def _family(self, url: str) -> _Family:
        if url not in self._families:
            self._families[url] = _gathered(url, self._store)
        return self._families[url]

    def _validator(self, url: str) -> _Compiled:
        if url not in self._compiled:
            self._compiled[url] = _compiled(self._family(url))
        return self._compiled[url]


def _urls(profile: Profile) -> list[str]:
    """Return the schemas of a profile: the core's, then the extensions', each once."""
    stac_version = profile[0] if _VERSION.fullmatch(profile[0]) else _DEFAULT_VERSION
    core = f"https://schemas.stacspec.org/v{stac_version}/item-spec/json-schema/item.json"
    return list(dict.fromkeys([core, *map(bare, profile[1:])]))


def _gathered(url: str, store: SchemaStore) -> _Family:
    """Return the schema at `url` with all that it refers to, over any number of steps."""
    found: dict[str, Schema | None] = {}
    documents: dict[str, Any] = {}
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
            documents[name] = decode(schema.blob)
        except CanonError as error:
            broken = broken or f"{name} is not JSON: {error}"
            continue
        targets, names = references(documents[name], name)
        pending.extend(sorted(targets - names - {name}))
    return _Family(url, found, documents, broken)


def _compiled(family: _Family) -> _Compiled:
    url = family.url
    place = "/stac_version" if _CORE.match(url) else "/stac_extensions"
    if family.found[url] is None:
        return _Compiled(None, _unknown("SB302", f"schema {url} is not at hand", place, _PUT))
    absent = sorted(name for name, schema in family.found.items() if schema is None)
    hint = _PUT if absent and family.broken is None else "repair it, or name another file for it in validation.schemas"
    reason = family.broken or (f"it refers to {absent[0]}, which is not at hand" if absent else None)
    if reason is None:
        try:
            return _Compiled(_built(family), None)
        except Exception as error:  # noqa: BLE001  whatever a stranger's schema does to the compiler
            reason = reason_in(error)
    return _Compiled(None, _unknown("SB303", f"schema {url} cannot be used: {reason}", place, hint))


def _unknown(code: str, message: str, place: str, hint: str) -> Fault:
    return Fault("validate", code, message, place, hint, warning=True)


def _built(family: _Family) -> Any:
    import jsonschema_rs  # noqa: PLC0415  a build that judges nothing never gets here

    resources: list[tuple[str, Any]] = []
    for url, document in family.documents.items():
        strip_formats(document)
        strip_comments(document)
        resources.append((url, _named(document, url)))
    registry = jsonschema_rs.Registry([*resources, *_meta_schemas(family)], retriever=_refuse)
    root = dict(resources)[family.url]
    return jsonschema_rs.validator_for(root, registry=registry, validate_formats=True, retriever=_refuse)


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


def _meta_schemas(family: _Family) -> Iterator[tuple[str, Any]]:
    """Yield the schemas of JSON Schema that are referred to: in a registry the compiler does not find its own."""
    import jsonschema_rs  # noqa: PLC0415

    wanted = {target for url, document in family.documents.items() for target in references(document, url)[0]}
    for url in sorted(wanted - family.documents.keys()):
        if match := _DRAFT.fullmatch(url):
            known = f"http://{match.group(1)}"
            registry = jsonschema_rs.Registry([(_ASKER, {"$ref": known})], draft=int(match.group(2)))
            yield url, _named(registry.resolver(_ASKER).lookup(known).contents, url)


def _refuse(url: str) -> Never:
    """Stand in for the network."""
    raise LookupError(f"{url} is not at hand")


def _capped(faults: list[Fault]) -> tuple[Fault, ...]:
    """Return the faults in order, each once, MAX_FAULTS of them and how many there are beyond."""
    ordered = sorted(set(faults), key=lambda fault: (fault.path, fault.code, fault.message, fault.hint or ""))
    if len(ordered) <= MAX_FAULTS:
        return tuple(ordered)
    more = Fault("validate", "SB301", f"and {len(ordered) - MAX_FAULTS} more errors", "", "repair these first")
    return (*ordered[:MAX_FAULTS], more)
