"""The validator: an item, collection or catalog and the schemas that it declares → a verdict, every error in words.

Schemas decide first (compiled, or by the reference library), then our own checks of what no schema says. A schema that
is not at hand or cannot be used is a verdict of its own, never a crash and never "valid". Never: the network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec

from stacbuild.failures import Fault
from stacbuild.stages import geochecks, reference
from stacbuild.stages.changed import Moved
from stacbuild.stages.family import Accept, Family, Formats, OfChanged, Validators, gathered
from stacbuild.stages.narrow import ITEM
from stacbuild.stages.schemas import SchemaStore, bare, normal, place_of
from stacbuild.stages.versions import version
from stacbuild.stages.wording import faults_in, formats_in, reason_in

CODES: dict[str, str] = {
    "SB301": "The item breaks a schema that it declares. The path says where in the item.",
    "SB302": "A schema that the item declares is not at hand, so that part of the item is not judged. Fetch it with "
    "`stacbuild schemas pull`, or put it into a folder named in validation.schemas, laid out as https/host/path.",
    "SB303": "A schema that the item declares cannot be used: it is no JSON, no JSON Schema, has a pattern that does "
    "not compile, or refers to a schema that is not at hand.",
    "SB304": "A schema's file is there and cannot be read.",
    "SB305": "A warning: a text is not of the format that a schema names, and validation.formats does not assert it.",
    "SB306": "The document is of a STAC version before 1.0.0 whose schemas are not at hand, or declares extensions by "
    "short names as was done then, so that part of it is not judged. Migrate it to STAC 1.0.0 or later.",
    "SB308": "Items were built that have warnings: about odd or mended rings, boxes, moments or formats. "
    "failures.ndjson lists them with severity warning, of each kind the first 1,000.",
    "SB307": "The engine that validation.engine names is not installed.",
} | geochecks.CODES
"""Code → what it means and what to do."""

REVISION = "2"
"""Raised when the same item and schemas give another verdict or other words."""

MAX_FAULTS = 50
"""Faults told of one item; the rest is counted."""

_PANELS: Final = 1024
"""Profiles that are kept at hand; real catalogs have few."""

_PROPERTIES: Final = "properties"
_DECIDING: Final = frozenset(("type", "stac_version", "stac_extensions", "collection"))
"""Members that decide by which schemas an Item is judged."""

Profile = tuple[str, ...]
"""STAC version, then the item's extensions, sorted."""
_Moved = tuple[Profile, tuple[str, ...], frozenset[str], frozenset[str] | None]
"""A profile with the schemas that its collection adds, the members that changed, and which of the properties."""
Engine = Literal["fast", "stac-valid", "stac-validator"]
Kind = Literal["item", "collection", "catalog"]

_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?")
_EARLY = re.compile(r"0\.|1\.0\.0-")
"""How versions begin that came before STAC 1.0.0."""
_DEFAULT_VERSION = "1.1.0"
_CORE = re.compile(r"https://schemas\.stacspec\.org/")
_SHORT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,40}")
_GET = "`stacbuild schemas pull` fetches it; or put it into a folder of schemas, as https/host/path"
_BY_URL = "an extension is declared by the URL of its schema, as in https://example.com/ours/v1.0.0/schema.json"
_REPAIR = "repair it, or name another file for it in validation.schemas"
_MIGRATE = "migrate it to STAC 1.0.0 or later"


class Verdict(msgspec.Struct, frozen=True, array_like=True):
    """What is known of an item: `unchecked` when no schema refuses it and one could not be asked.

    Faults that are warnings make no item invalid: a valid item may have some.
    """

    state: Literal["valid", "invalid", "unchecked"]
    faults: tuple[Fault, ...] = ()


_VALID: Final = Verdict("valid")


class _Compiled(msgspec.Struct, frozen=True):
    """A schema ready to judge by, or why it is not."""

    family: Family
    validators: Validators | None
    fault: Fault | None


class _Seat(NamedTuple):
    """A schema that is asked: what accepts a document in which it finds nothing, and what tells all that it finds."""

    accept: Accept
    faults: Callable[[Any], list[Fault]]


class _Panel(NamedTuple):
    """Who judges the documents of a profile, worked out once: this is asked for every item."""

    seats: list[_Seat]
    unknown: list[Fault]
    """Of the schemas that cannot be asked."""


class Judge:
    """Judges items by the schemas that they declare, and by those that their collection adds.

    Args:
        store: where schemas are.
        missing: what an item is whose schema is not at hand or unusable: "warn" (unchecked) or "fail" (invalid).
        formats: which formats are errors; the others are warnings.
        engine: who decides: the compiled validators, or the reference library.
        extra: collection id or glob → own schemas for its items, each with its file.
    """

    def __init__(
        self,
        store: SchemaStore,
        *,
        missing: Literal["warn", "fail"],
        formats: Formats = "datetime",
        engine: Engine = "fast",
        extra: Mapping[str, Sequence[Path]] | None = None,
    ) -> None:
        self._store, self._missing, self._formats = store, missing, formats
        self._reference = reference.Reference() if engine != "fast" else None
        self._extra = extra or {}
        self._families: dict[str, Family] = {}
        self._compiled: dict[str, _Compiled] = {}
        self._ingredients: dict[tuple[Profile, tuple[str, ...]], dict[str, str]] = {}
        self._own: dict[str, tuple[str, ...]] = {}
        self._panels: dict[tuple[Profile, Kind, tuple[str, ...]], _Panel] = {}
        self._changed: dict[_Moved, list[OfChanged]] = {}

    def profile(self, item: dict[str, Any]) -> Profile:
        """Return what decides by which schemas an item is judged."""
        declared = item.get("stac_extensions")
        urls = {str(url) for url in declared} if isinstance(declared, list) else set()
        return (str(item.get("stac_version")), *sorted(urls))

    def own(self, collection: str | None) -> tuple[str, ...]:
        """Return the file URLs of the schemas that the recipe adds for a collection's items."""
        if not self._extra or collection is None:
            return ()
        if collection not in self._own:
            files = [file for glob, named in self._extra.items() if fnmatchcase(collection, glob) for file in named]
            self._own[collection] = tuple(dict.fromkeys(normal(file).as_uri() for file in files))
        return self._own[collection]

    def ingredients(self, profile: Profile, collection: str | None = None) -> dict[str, str]:
        """Return what a verdict on an item of `profile` may depend on, by name; never compiles anything."""
        own = self.own(collection)
        if (profile, own) not in self._ingredients:
            self._ingredients[profile, own] = self._named(profile, own)
        return self._ingredients[profile, own]

    def _named(self, profile: Profile, own: tuple[str, ...]) -> dict[str, str]:
        result = {
            "revision": f"{REVISION}.{geochecks.REVISION}",
            "jsonschema-rs": version("jsonschema-rs"),
            "shapely": version("shapely"),
            "missing-schemas": self._missing,
            "formats": self._formats,
            "engine": "fast" if self._reference is None else reference.name(),
        }
        if own:
            result["extra"] = ", ".join(map(self._store.shown, own))
        for url in (*urls_of(profile, "item"), *own):
            for name, schema in self._family(url).found.items():
                result[f"schema {self._store.shown(name)}"] = schema.digest.hex() if schema is not None else "absent"
        return dict(sorted(result.items()))

    def judge(self, document: dict[str, Any], profile: Profile | None = None, *, kind: Kind = "item") -> Verdict:
        """Return the verdict on a document with every error, each with a JSON Pointer.

        Args:
            document: JSON values.
            profile: the document's, where it is known already.
            kind: as what it is judged.
        """
        profile = self.profile(document) if profile is None else profile
        collection = document.get("collection")
        own = self.own(collection) if kind == "item" and isinstance(collection, str) else ()
        panel = self._panel(profile, kind, own)
        faults: list[Fault] = []
        usual = kind != "item" or document.get("type") == ITEM  # what accepts Items was made for them alone
        for seat in panel.seats:
            if usual and seat.accept(document):
                continue
            found = seat.faults(document)
            faults.extend(found if kind == "item" else (_of_kind(fault, kind) for fault in found))
        if panel.unknown:  # an address that is none is told of as what is not at hand
            faults = [fault for fault in faults if not (fault.warning and fault.path.startswith("/stac_extensions/"))]
        odd = geochecks.faults_of(document, item=kind == "item")
        if odd:
            told = {fault.path for fault in faults}
            faults.extend(fault for fault in odd if fault.path not in told)
        return self._verdict(faults, panel.unknown)

    def judge_changed(
        self, item: dict[str, Any], moved: Moved | None, whole: Callable[[], dict[str, Any]] | None = None
    ) -> Verdict:
        """Return the verdict on an Item, of which some members are known to be in order.

        Args:
            item: JSON values; where `whole` is given, of what moved and of what decides by which schemas it is judged.
            moved: in what alone it differs from an Item in which the same schemas and checks found nothing; None:
                nothing is known.
            whole: gives all of the item.
        """

        def every() -> dict[str, Any]:
            return item if whole is None else whole()

        if moved is None or self._reference is not None or moved.names & _DECIDING or item["type"] != ITEM:
            return self.judge(every())
        accepting = self._of_changed(self.profile(item), self.own(item.get("collection")), moved)
        seen = {name: member if name in moved.names else None for name, member in item.items()}
        accepted = all(one.accept(every() if one.whole else seen) for one in accepting)
        return _VALID if accepted and geochecks.is_sound(item, moved, every) else self.judge(every())

    def _of_changed(self, profile: Profile, own: tuple[str, ...], moved: Moved) -> list[OfChanged]:
        """Return who is asked about Items of a profile in which something moved."""
        place = (profile, own, moved.names, moved.below.get(_PROPERTIES))
        accepting = self._changed.get(place)
        if accepting is not None:
            return accepting
        if len(self._changed) >= _PANELS and moved.below:  # in each item something else: so fine is no use
            return self._of_changed(profile, own, Moved(moved.names))
        compiled = [self._ready(url, profile[0]).validators for url in (*urls_of(profile, "item"), *own)]
        found = [_NOBODY if one is None else one.accept_changed(moved) for one in compiled]
        accepting = self._changed[place] = [one for one in found if one is not None]
        return accepting

    def _panel(self, profile: Profile, kind: Kind, own: tuple[str, ...]) -> _Panel:
        panel = self._panels.get((profile, kind, own))
        if panel is None:
            if len(self._panels) >= _PANELS:
                self._panels.clear()
            compiled = [self._ready(url, profile[0]) for url in (*urls_of(profile, kind), *own)]
            unknown = [one.fault for one in compiled if one.fault is not None]
            seats = [self._seat(one, one.validators, kind) for one in compiled if one.validators is not None]
            panel = self._panels[profile, kind, own] = _Panel(seats, unknown)
        return panel

    def _seat(self, ready: _Compiled, validators: Validators, kind: Kind) -> _Seat:
        def faults(document: dict[str, Any]) -> list[Fault]:
            return self._asked(ready, validators, document)

        if self._reference is not None:
            return _Seat(_never, faults)
        return _Seat(validators.accept(item=kind == "item"), faults)

    def _verdict(self, faults: list[Fault], unknown: list[Fault]) -> Verdict:
        if not faults and not unknown:
            return _VALID
        errors = [fault for fault in faults if not fault.warning]
        warnings = [fault for fault in faults if fault.warning]
        if self._missing == "fail":
            errors.extend(msgspec.structs.replace(fault, warning=False) for fault in unknown)
        else:
            warnings = [*unknown, *warnings]
        listed = (*_capped(errors), *_capped(warnings, kept=len(unknown)))
        if errors:
            return Verdict("invalid", listed)
        return Verdict("unchecked" if unknown else "valid", listed)

    def _asked(self, ready: _Compiled, validators: Validators, document: dict[str, Any]) -> list[Fault]:
        """Return what one schema says of a document."""
        url = self._store.shown(ready.family.url)
        if self._reference is not None:
            return self._reference.faults(ready.family, validators, document, url, self._formats)
        faults: list[Fault] = []
        if not validators.asserted.is_valid(document):
            faults += faults_in(validators.asserted.iter_errors(document), url)
        if validators.every is not None and not validators.every.is_valid(document):
            known = {fault.path for fault in faults}
            warnings = formats_in(validators.every.iter_errors(document), url, self._formats)
            faults += [fault for fault in warnings if fault.path not in known]
        return faults

    def _family(self, url: str) -> Family:
        if url not in self._families:
            self._families[url] = gathered(url, self._store)
        return self._families[url]

    def _ready(self, url: str, stac_version: str) -> _Compiled:
        if url not in self._compiled:
            self._compiled[url] = self._made_ready(self._family(url), stac_version)
        return self._compiled[url]

    def _made_ready(self, family: Family, stac_version: str) -> _Compiled:
        shown = self._store.shown(family.url)
        place = "/stac_version" if _CORE.match(shown) else "/collection" if shown != family.url else "/stac_extensions"
        if family.found[family.url] is None:
            return _Compiled(family, None, _absent(shown, place, stac_version))
        absent = sorted(self._store.shown(name) for name, schema in family.found.items() if schema is None)
        hint = _GET if absent and family.broken is None else _REPAIR
        reason = family.broken or (f"it refers to {absent[0]}, which is not at hand" if absent else None)
        if reason is None:
            try:
                return _Compiled(family, Validators(family, self._formats), None)
            except Exception as error:  # noqa: BLE001  whatever a stranger's schema does to the compiler
                reason = reason_in(error).replace(family.url, shown)
        return _Compiled(family, None, _unknown("SB303", f"schema {shown} cannot be used: {reason}", place, hint))


def _never(document: Any) -> bool:
    """Stand in for a validator where there is none, or the reference library decides."""
    del document
    return False


_NOBODY: Final = OfChanged(_never, whole=False)


def kind_of(document: dict[str, Any]) -> Kind:
    """Return what a STAC document is; before 1.0.0 catalogs and collections did not say."""
    match document.get("type"):
        case "Feature":
            return "item"
        case "Collection":
            return "collection"
        case "Catalog":
            return "catalog"
    if {"extent", "license"} & document.keys():
        return "collection"
    return "catalog" if {"description", "links"} <= document.keys() and "geometry" not in document else "item"


def _of_kind(fault: Fault, kind: Kind) -> Fault:
    """Return a fault whose words are of a collection or catalog."""
    message = re.sub(r"^the item\b|(?<= in )the item$", f"the {kind}", fault.message)
    return msgspec.structs.replace(fault, message=message)


def _absent(url: str, place: str, stac_version: str) -> Fault:
    """Return the fault of a schema that is not at hand."""
    if _SHORT_NAME.fullmatch(url):
        text = f"extension '{url}' is declared by a short name, as before STAC 1.0.0, and is not judged"
        return _unknown("SB306", text, place, "declare it by the URL of its schema")
    if _CORE.match(url) and _EARLY.match(stac_version):
        return _unknown("SB306", f"STAC {stac_version} is older than 1.0.0 and is not judged", place, _MIGRATE)
    if place == "/collection":
        return _unknown("SB302", f"schema {url} is not at hand", place, "is it named right in validation.extra?")
    if place_of(url) is None:
        return _unknown("SB302", f"schema '{url[:200]}' is not at hand, as it is no URL", place, _BY_URL)
    return _unknown("SB302", f"schema {url} is not at hand", place, _GET)


def _unknown(code: str, message: str, place: str, hint: str) -> Fault:
    return Fault("validate", code, message, place, hint, warning=True)


def urls_of(profile: Profile, kind: Kind) -> list[str]:
    """Return the schemas of a profile: the core's, then the extensions', each once."""
    stac_version = profile[0] if _VERSION.fullmatch(profile[0]) else _DEFAULT_VERSION
    core = f"https://schemas.stacspec.org/v{stac_version}/{kind}-spec/json-schema/{kind}.json"
    return list(dict.fromkeys([core, *map(bare, profile[1:])]))


def _capped(faults: list[Fault], kept: int = 0) -> tuple[Fault, ...]:
    """Return the faults in order (the first `kept` as they stand), each once, and how many there are beyond."""
    head, rest = faults[:kept], faults[kept:]
    ordered = sorted(set(rest), key=lambda fault: (fault.path, fault.code, fault.message, fault.hint or ""))
    if len(ordered) <= MAX_FAULTS:
        return (*head, *ordered)
    beyond, first = len(ordered) - MAX_FAULTS, ordered[0]
    what = "warnings" if first.warning else "errors"
    more = Fault("validate", "SB301", f"and {beyond} more {what}", "", "repair these first", warning=first.warning)
    return (*head, *ordered[:MAX_FAULTS], more)
