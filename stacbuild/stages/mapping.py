"""A mapping, compiled: the function from a source's record to a STAC 1.1.0 Item, or from an item to that item changed.

Compiled once to closures, so that an item costs microseconds. Constants are shared between items and parts of the
record stand in the item: encode what comes out, never change it in place. Never: I/O, or a look at another record.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from stacbuild.failures import ItemError
from stacbuild.recipe import schema
from stacbuild.stages import geometry, hrefs
from stacbuild.stages.beside import Beside
from stacbuild.stages.mending import Say, silent
from stacbuild.stages.paths import Get, as_text, excerpt, getter, kind_of, pointer
from stacbuild.stages.rules import MISSING, Means, Record, rule, tables_of
from stacbuild.stages.shapes import Box, Shape

__all__ = ["CODES", "MISSING", "Mapper", "rule"]

CODES: dict[str, str] = {
    "SB201": "A field that the mapping needs is missing in the record: absent, empty, null or NaN. Give the rule a "
    "default, or required = false to leave the field out.",
    "SB202": "A lookup has no entry for the record's value. Add it to the table, or give the rule a default.",
    "SB203": "A value cannot be read as the type that `as` asks for.",
    "SB204": "A value is not a moment or day in the format that the rule names.",
    "SB205": "The id cannot be used: it is empty, a list or object, or holds control characters.",
    "SB206": "The record has no geometry and the mapping gives no default for it.",
    "SB207": "The geometry cannot be read: bad WKT, GeoJSON or box, rings that do not close.",
    "SB208": "A coordinate is not finite or not in lon/lat range. Coordinates in metres need `crs`.",
    "SB209": "The geometry is empty or a GeometryCollection, which STAC does not take.",
    "SB210": "The geometry's crs is unknown, or its coordinates cannot be reprojected.",
    "SB211": "An href is empty, not text, or holds control characters.",
    "SB212": "The item would have no time: no datetime, and not both start_datetime and end_datetime.",
    "SB216": "A list or an object stands where `split` or `join` wants text, numbers, true or false.",
    "SB217": "A function of yours raised, or cannot be loaded. The message has what it said, the hint the line.",
    "SB218": "A warning: a geometry was not valid, as one whose ring crosses itself, and was repaired. Its item is "
    "built with what came out; look at it, since what was meant can only be guessed.",
    "SB219": "A warning: neighbours in a geometry lie more than 180 degrees apart, so that it crosses the "
    "antimeridian; it was cut there, as RFC 7946 asks.",
    "SB213": "A template names a field that holds a list or an object.",
    "SB214": "The collection that a record names cannot be used: it is empty, a list or object, or holds control "
    "characters.",
    "SB215": "The item that a mapping is laid over has text, a number or a list where an object must stand.",
}
"""Code → what it means and what to do."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TIMES = ("datetime", "start_datetime", "end_datetime")
_WHOLE = ("type", "stac_version", "geometry", "bbox")


class Mapper:
    """A mapping for one target collection.

    Args:
        spec: the mapping.
        collection: id of the collection that the items go to.
        beside: the tables and functions that the mapping's rules name.

    Raises:
        TemplateError: a template cannot be read (the recipe reader says so first).
    """

    id_settings: Any
    """All that `name`, `collection` and `base_matters` depend on, as JSON."""

    def __init__(self, spec: schema.Mapping, collection: str, beside: Beside | None = None) -> None:
        means = Means(spec.lookups, beside or Beside(), spec.timezone)
        self.id_settings = _id_settings(spec, means)
        self._collection = collection
        self._only = spec.only
        self._id = rule(_id_rule(spec), means, "/id")
        self._named = None if spec.collection is None else rule(_with_required(spec.collection), means, "/collection")
        self._locate = geometry.compiled(spec.geometry) if spec.geometry is not None else None
        self._extensions = rule(spec.stac_extensions, means, "/stac_extensions") if spec.stac_extensions else None
        self._properties = _properties(spec, means)
        self._assets = [(name, _Asset(name, fields, means)) for name, fields in spec.assets.items()]
        self._href_paths = [getter(path) for path in _href_paths(spec)]

    def name(self, record: Record) -> str:
        """Return the record's item id.

        Raises:
            ItemError: SB205, or why the rule gives none.
        """
        return _a_name(self._id(record), *_ID)

    def collection(self, record: Record) -> str | None:
        """Return the collection that the record goes to by the mapping's own rule; None: the mapping has none.

        Raises:
            ItemError: SB214, or why the rule gives none.
        """
        return None if self._named is None else _a_name(self._named(record), *_COLLECTION)

    def item(self, record: Record, base: str, say: Say = silent) -> dict[str, Any]:
        """Return the record's item (STAC Item 1.1.0).

        Args:
            record: the source's record, JSON values.
            base: folder of the record's file relative to the recipe's, posix; "" is the recipe's own.
            say: is told what was mended.

        Raises:
            ItemError: SB201 to SB213, with a JSON Pointer into the item.
        """
        shape, bbox = self._locate(record, say) if self._locate is not None else (None, None)
        properties: dict[str, Any] = {}
        _fill(properties, self._properties, record)
        if properties.get("datetime") is None:
            _no_moment(properties)
        extensions = self._extensions(record) if self._extensions else []
        item = {
            "type": "Feature",
            "stac_version": "1.1.0",
            "stac_extensions": [] if extensions is MISSING else extensions,
            "id": self.name(record),
            "geometry": shape,
            "properties": properties,
            "links": [],
            "assets": {name: asset for name, make in self._assets if (asset := make(record, base)) is not None},
            "collection": self._collection,
        }
        if bbox is not None:
            item["bbox"] = bbox
        return item

    def over(self, item: Record, base: str, say: Say = silent) -> dict[str, Any]:
        """Return `item`, itself untouched, with the fields that the mapping names set; rules read the item as a record.

        A field whose rule leaves it out stays as it is, and so does all that the mapping does not name. With `only`
        nothing stays but id, geometry, bbox and times, where the mapping does not name them. An asset that the item
        has not got is made only if it gets an href.

        Args:
            item: a STAC item.
            base: folder that hrefs read from its fields are relative to; "" is the recipe's own.
            say: is told what was mended.

        Raises:
            ItemError: SB201 to SB215.
        """
        held = _bare(item) if self._only else item
        properties = dict(_object(held, "properties"))
        _fill(properties, self._properties, item)
        if properties.get("datetime") is None:
            _no_moment(properties)
        result = {**held, "id": self.name(item), "properties": properties, "collection": self._collection}
        result["assets"] = self._assets_over(item, _object(held, "assets"), base)
        if self._locate is not None:
            _place(result, *self._locate(item, say))
        if self._extensions is not None:
            declared = held.get("stac_extensions") or []
            result["stac_extensions"] = [*dict.fromkeys([*declared, *self._extensions(item)])]
        return result

    def _assets_over(self, item: Record, held: Record, base: str) -> dict[str, Any]:
        assets = dict(held)
        for name, make in self._assets:
            asset = make(item, base, _object(held, name, "assets"))
            if asset is not None:
                assets[name] = asset
        return assets

    def base_matters(self, record: Record) -> bool:
        """Return whether an href read from a field of `record` is a relative path, so that `base` changes the item."""
        for get in self._href_paths:
            text = as_text(get(record))
            if text is not None and hrefs.is_relative(text.strip()):
                return True
        return False


_ID: Final = ("SB205", "id", "/id", 'make it of other fields, as in "{a}_{b}"')
_COLLECTION: Final = ("SB214", "collection", "/collection", "a default names one for such records")


def _a_name(value: Any, code: str, what: str, where: str, hint: str) -> str:
    """Return a value as a name that may stand in paths, URLs and databases.

    Raises:
        ItemError: `code`, at `where`.
    """
    text = value if type(value) is str else as_text(value)
    if text is None:
        article = "an" if what == "id" else "a"
        raise ItemError(code, f"{article} {what} is text, not {kind_of(value)}", where, hint)
    if not text.strip():
        raise ItemError(code, f"the {what} is empty", where, hint)
    found = _CONTROL.search(text)
    if found:
        message = f"the {what} {excerpt(text)} holds the control character U+{ord(found.group()):04X}"
        raise ItemError(code, message, where, "control characters stand in no path, URL or database key")
    return text


def _id_rule(spec: schema.Mapping) -> schema.Rule:
    """Return the rule of the id; an item keeps its own where the mapping has none."""
    return _with_required("id" if spec.id is None else spec.id)


def _with_required(spec: str | schema.Rule) -> schema.Rule:
    """Return the rule of something that no item can do without."""
    return schema.Rule(from_=spec) if isinstance(spec, str) else msgspec.structs.replace(spec, required=True)


def _properties(spec: schema.Mapping, means: Means) -> list[tuple[str, Get]]:
    """Return the readers of properties; the mapping's own times come last and so win."""
    found = [(key, rule(entry, means, pointer("properties", key))) for key, entry in spec.properties.items()]
    for key in _TIMES:
        entry = getattr(spec, key)
        if entry is not None:
            found.append((key, rule(entry, means, pointer("properties", key), "datetime")))
    return found


def _bare(item: Record) -> Record:
    """Return what of an item stays under `only`: what makes it one, and where and when it is."""
    held: Record = {name: item[name] for name in _WHOLE if name in item}
    properties = _object(item, "properties")
    times = {name: properties[name] for name in _TIMES if name in properties}
    return {**held, "stac_extensions": [], "properties": times, "links": [], "assets": {}}


def _object(holder: Record, name: str, *parents: str) -> Record:
    """Return a member that is an object, {} where there is none."""
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = f"the item's '{'.'.join([*parents, name])}' is {kind_of(value)}, not an object"
        raise ItemError(
            "SB215", message, pointer(*parents, name), "a mapping is laid over whole items: mend its source"
        )
    return value


def _place(item: Record, shape: Shape | None, bbox: Box | None) -> None:
    item["geometry"] = shape
    item.pop("bbox", None)
    if bbox is not None:
        item["bbox"] = bbox


def _no_moment(properties: dict[str, Any]) -> None:
    properties["datetime"] = None
    if properties.get("start_datetime") is None or properties.get("end_datetime") is None:
        message = "the item has no datetime, and not both start_datetime and end_datetime"
        raise ItemError("SB212", message, "/properties/datetime", "map one of them; STAC wants a time for every item")


class _Asset:
    """The function from a record to an asset; None, so that it is left out, when its href is."""

    def __init__(self, name: str, rules: dict[str, str | schema.Rule], means: Means) -> None:
        self._find = _href(rules["href"], means, pointer("assets", name, "href")) if "href" in rules else None
        others = ((key, spec) for key, spec in rules.items() if key != "href")
        self._fields = [(key, rule(spec, means, pointer("assets", name, key))) for key, spec in others]

    def __call__(self, record: Record, base: str, held: Record | None = None) -> dict[str, Any] | None:
        asset: dict[str, Any] = dict(held) if held else {}
        if self._find is not None:
            href = self._find(record, base)
            if href is not MISSING:
                asset["href"] = href
        if "href" not in asset:
            return None
        _fill(asset, self._fields, record)
        return asset


def _fill(members: Record, readers: list[tuple[str, Get]], record: Record) -> None:
    for key, read in readers:
        value = read(record)
        if value is not MISSING:
            members[key] = value


def _href(spec: str | schema.Rule, means: Means, where: str) -> Callable[[Record, str], Any]:
    """Return the function (record, base) → href in the store's form, or MISSING.

    What stands in the record is relative to the record's file; a constant, template, lookup or default to the recipe.
    """
    read = rule(spec, means, where)
    field = _field(spec)
    in_record = getter(field) if field is not None else None

    def find(record: Record, base: str) -> Any:
        value = read(record)
        if value is MISSING:
            return value
        if not isinstance(value, str):
            raise ItemError("SB211", f"an href is text, not {kind_of(value)}", where, 'as = "string" makes it text')
        text = value.strip()
        if not text:
            raise ItemError("SB211", "the href is empty", where, "required = false leaves out an asset without a value")
        if _CONTROL.search(text):
            raise ItemError(
                "SB211", f"the href {excerpt(text)} holds a control character", where, "encode it, as in %0A"
            )
        own = in_record is not None and base != "" and in_record(record) is not None
        return hrefs.stored(text, base if own else "")

    return find


def _field(spec: str | schema.Rule) -> str | None:
    """Return the field that a rule's value stands in as it is: then its document is the record's file."""
    if isinstance(spec, str):
        return spec
    changed = spec.lookup is not None or spec.split is not None or spec.join is not None
    return spec.from_ if isinstance(spec.from_, str) and not changed else None


def _href_paths(spec: schema.Mapping) -> list[str]:
    """Return the field paths of hrefs that are read from the record as they are."""
    found = (_field(fields_["href"]) for fields_ in spec.assets.values() if "href" in fields_)
    return sorted({path for path in found if path is not None})


def _id_settings(spec: schema.Mapping, means: Means) -> Any:
    rules = {"id": _id_rule(spec)}
    if spec.collection is not None:
        rules["collection"] = _with_required(spec.collection)
    settings = {**rules, "lookups": tables_of(rules.values(), means), "hrefs": _href_paths(spec)}
    if means.zone is not None:
        settings["timezone"] = means.zone
    return msgspec.to_builtins(settings)
