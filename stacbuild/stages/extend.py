"""The extend stage: the extensions of a collection, one after the other, on each item.

A plug-in gets a copy of its own, so that what it does to it stays with it; one that fails costs the item. Which
schemas an item declares is kept here, not by the extensions.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from stacbuild import canon
from stacbuild.extensions.base import Apply, Context, found_by, schemas_of, scope_of
from stacbuild.extensions.registry import built_in
from stacbuild.failures import ItemError
from stacbuild.reading import Reader
from stacbuild.recipe.extension_tables import PlugIn, Timestamps
from stacbuild.recipe.schema import Document
from stacbuild.stages.base import Origin, Work
from stacbuild.stages.beside import beside
from stacbuild.stages.items import wrong_in
from stacbuild.stages.versions import version_of
from stacbuild.times import Times


class Extend:
    """Items to extended items."""

    name = "extend"
    revision = 1
    reads_files = True

    def ingredients(self, document: Document, collection: str) -> dict[str, Any] | None:
        """Return each extension's configuration and code, in their order; None: the collection has none."""
        names = document.collections[collection].extensions
        if not names:
            return None
        tables = {f"extensions.{name}": part for name in names for part in [settings(document, name)]}
        return {"order": names, **tables, "code": {name: code_of(document, name) for name in names}}

    def work(self, document: Document, collection: str) -> Work:
        """Return the function that applies them all."""
        names = in_order(document, document.collections[collection].extensions)
        chain = [Applied(document, name) for name in names]

        def extend(item: Any, origin: Origin) -> dict[str, Any]:
            for applied in chain:
                item = applied.to(item, origin.reader or Reader(Path()), origin.times)
            found: dict[str, Any] = item
            return found

        return extend

    def reason(self, document: Document, collection: str, ingredient: str) -> tuple[str, str]:
        """Return which table moved, or whose code."""
        del document
        if ingredient == "code":
            return "plugin-changed", "extensions"
        return "extension-changed", f"collections.{collection}.extensions" if ingredient == "order" else ingredient


def in_order(document: Document, names: list[str]) -> list[str]:
    """Return extensions in the order in which they are applied: as listed, `timestamps` behind all others."""
    return sorted(names, key=lambda name: isinstance(document.extensions[name], Timestamps))


def settings(document: Document, name: str) -> dict[str, Any]:
    """Return an extension's table as far as it decides what it gives; where its code stands is not in it."""
    table = document.extensions[name]
    found: dict[str, Any] = msgspec.to_builtins(table)
    return found["config"] if isinstance(table, PlugIn) else found


def code_of(document: Document, name: str) -> Any:
    """Return what says which code an extension is: a digest, or the revision of a built-in one, and its libraries."""
    table = document.extensions[name]
    if isinstance(table, PlugIn):
        return beside(document).code[table.code].digest
    extension = built_in(table)
    libraries = extension.libraries(table) if hasattr(extension, "libraries") else []
    return [extension.revision, *map(version_of, libraries)] if libraries else extension.revision


class Loaded(NamedTuple):
    """An extension that is ready to be applied."""

    extension: Any
    config: Any
    apply: Apply | None
    """What applies it; None: it is somebody else's code, which is not trusted with our documents."""
    scope: tuple[str, ...]


_PROTOCOL: Final = "a plug-in is a class with `name` and `apply(item, config, ctx)`"


class Applied:
    """One extension of a recipe; its code is loaded when an item comes."""

    def __init__(self, document: Document, name: str) -> None:
        self._table, self._name = document.extensions[name], name
        self._code = beside(document).code
        self._loaded: Loaded | None = None
        self._broken: ItemError | None = None

    def to(self, item: dict[str, Any], reader: Reader, times: Times | None = None) -> dict[str, Any]:
        """Return a document with the extension applied.

        Raises:
            ItemError: SB230 to SB235.
        """
        loaded = self._loaded or self._ready()
        if item["type"] not in loaded.scope:
            raise self._unusable(f"it takes no {item['type']}, by its `scope`")
        if loaded.apply is None:
            context = Context(reader, self._name)
            return self._guarded(lambda: self._checked(self._theirs(item, context, loaded), loaded))
        return self._checked(loaded.apply(item, Context(reader, self._name, times)), loaded)

    def _theirs(self, item: dict[str, Any], context: Context, loaded: Loaded) -> dict[str, Any]:
        """Return what a plug-in makes of a copy of an item, with a copy of its configuration."""
        extension = loaded.extension
        given, config = copy.deepcopy((item, loaded.config))
        wants = getattr(extension, "wants", "dict") == "pystac"
        made = _by_pystac(extension, given, config, context) if wants else extension.apply(given, config, context)
        return self._sound(made, item)

    def _checked(self, made: dict[str, Any], loaded: Loaded) -> dict[str, Any]:
        """Return a document that declares what an extension is by, if that finds nothing wrong with it."""
        urls = schemas_of(loaded.extension, made, loaded.config)
        for url in urls:
            if not isinstance(url, str) or not url:
                raise ItemError("SB232", f"extension '{self._name}' names schemas that are no texts: {urls}"[:500])
        made = declared(made, urls)
        for path, message in found_by(loaded.extension, made):
            raise ItemError("SB234", f"extension '{self._name}': {message}"[:500], path)
        return made

    def _ready(self) -> Loaded:
        if self._broken is not None:
            raise self._broken
        if self._loaded is None:
            try:
                self._loaded = self._load()
            except ItemError as error:
                self._broken = error
                raise
        return self._loaded

    def _load(self) -> Loaded:
        own = built_in(self._table)
        if own is not None:
            return Loaded(own, self._table, _ready(own, self._table), scope_of(own))
        assert isinstance(self._table, PlugIn)
        from stacbuild.stages.functions import named, said  # noqa: PLC0415  few recipes have plug-ins

        try:
            found = named(self._code[self._table.code])
            extension = found() if isinstance(found, type) else found
            kind = getattr(extension, "Config", None)
            config = self._table.config if kind is None else msgspec.convert(self._table.config, kind)
        except msgspec.ValidationError as error:
            hint = f"mend [extensions.{self._name}]; what may stand there is said by the plug-in's `Config`"
            raise self._unusable(f"its table in the recipe does not fit: {error}", hint) from error
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise self._unusable(said(error)) from error
        if not callable(getattr(extension, "apply", None)):
            raise self._unusable("it has no `apply`")
        return Loaded(extension, config, None, scope_of(extension))

    def _unusable(self, why: str, hint: str = _PROTOCOL) -> ItemError:
        return ItemError("SB231", f"extension '{self._name}' cannot be used: {why}"[:500], "", hint)

    def _guarded(self, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what somebody else's code gives; whatever it raises costs the item only."""
        try:
            return call()
        except ItemError:
            raise
        except KeyboardInterrupt:  # somebody at the keyboard, as far as can be told
            raise
        except BaseException as error:
            from stacbuild.stages.functions import said  # noqa: PLC0415  few recipes have plug-ins

            raise ItemError(
                "SB230", f"extension '{self._name}' failed: {said(error)}", "", self._place(error)
            ) from error

    def _place(self, error: BaseException) -> str:
        """Return the line of the plug-in's code that an error comes from, as a hint."""
        from stacbuild.stages.functions import place  # noqa: PLC0415  few recipes have plug-ins

        assert isinstance(self._table, PlugIn)
        return place(error, self._code[self._table.code]) or _MEND

    def _sound(self, made: Any, item: dict[str, Any]) -> dict[str, Any]:
        """Return what a plug-in gave back, as JSON values of our own, if it is still that document."""
        what = None
        if not isinstance(made, dict):
            what = f"gave back {type(made).__name__}, not the item"
        elif made.get("id") != item["id"] or made.get("type") != item["type"]:
            what = "changed the item's id or type"
        elif odd := misshapen(made):
            what = f"left {odd}"
        if what is not None:
            raise ItemError("SB232", f"extension '{self._name}' {what}", "", "`apply` returns the whole item")
        try:
            found: dict[str, Any] = canon.decode(canon.encode(made))
            canon.refuse_not_numbers(made)  # and bytes, and what is nested too deep
        except canon.CanonError as error:
            text = f"extension '{self._name}' gave back what is not JSON: {str(error).removeprefix('not JSON: ')}"
            raise ItemError("SB232", text[:500], "", _JSON) from error
        if found["type"] == "Feature" and (wrong := wrong_in(found)) is not None:
            text = f"extension '{self._name}' gave back what cannot be an item: {wrong.message}"
            raise ItemError("SB232", text, wrong.path, _MEND)
        return {**found, "collection": item["collection"]} if "collection" in item else found


def _ready(extension: Any, table: Any) -> Apply:
    """Return what applies an extension that is built in."""
    if hasattr(extension, "ready"):
        ready: Apply = extension.ready(table)
        return ready
    return lambda document, context: extension.apply(document, table, context)


_JSON: Final = "give numbers, texts, lists and objects of Python's own; numpy's have .item() and .tolist()"
_MEND: Final = "mend the plug-in; `stacbuild extend` tries it on single items"


_SHAPES: Final = {
    "properties": (dict, object, "an object"),
    "assets": (dict, dict, "an object of objects"),
    "links": (list, dict, "a list of objects"),
    "stac_extensions": (list, str, "a list of texts"),
}
"""Member → what it is, and what everything in it is: what extensions may count on."""
_OF_COLLECTIONS: Final = {
    "summaries": (dict, object, "an object"),
    "item_assets": (dict, dict, "an object of objects"),
    "providers": (list, dict, "a list of objects"),
}
"""The same, of a Collection alone."""


def misshapen(document: dict[str, Any]) -> str | None:
    """Return which member of a document is not of its shape, and that; None: all are, or are not there."""
    shapes = _SHAPES | _OF_COLLECTIONS if document["type"] == "Collection" else _SHAPES
    for name, (container, member, words) in shapes.items():
        if name in document and not _all(document[name], container, member):
            return f"'{name}' that is not {words}"
    return None


def _all(value: Any, container: type, member: type) -> bool:
    """Tell whether a value is an object, or an array, and everything in it of one kind."""
    if not isinstance(value, container):
        return False
    members: Any = value.values() if isinstance(value, dict) else value
    return all(isinstance(one, member) for one in members)


def _by_pystac(extension: Any, item: dict[str, Any], config: Any, context: Context) -> Any:
    import pystac  # noqa: PLC0415  a plug-in asked for it

    kept = {"stac_version": item["stac_version"], "links": item.get("links", [])}  # reading takes them out
    kind = pystac.Collection if item["type"] == "Collection" else pystac.Item
    made = extension.apply(kind.from_dict(item, migrate=False, preserve_dict=False), config, context)
    if not isinstance(made, pystac.STACObject):
        return made
    found = made.to_dict(include_self_link=False, transform_hrefs=False)
    return {**found, **kept}


_VERSIONED = re.compile(r"(https://stac-extensions\.github\.io/[^/]+/)v[^/]+/schema\.json#?")


def declared(document: dict[str, Any], schemas: list[str]) -> dict[str, Any]:
    """Return a document that declares `schemas`, each once: one in the place of its other version, else at the end."""
    known = document.get("stac_extensions") or []
    declared = _together(tuple(known), tuple(schemas))
    return document if declared == known else {**document, "stac_extensions": [*declared]}


@functools.lru_cache(maxsize=256)
def _together(known: tuple[str, ...], schemas: tuple[str, ...]) -> list[str]:
    """Return what a document declares then; many items declare the same."""
    ours = {bare: url for url in schemas if (bare := unversioned(url)) != url}
    kept = (ours.get(unversioned(url), url) for url in known)
    return [*dict.fromkeys([*kept, *schemas])]


def unversioned(url: str) -> str:
    """Return what the schemas of all versions of an extension have in common; any other URL as it is."""
    found = _VERSIONED.fullmatch(url)
    return found.group(1) if found else url
