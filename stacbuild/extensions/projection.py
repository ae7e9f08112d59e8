"""Extension `projection` 2.0.0: coordinate systems and grids of the data, as the recipe or the item says them.

Nothing is read from the data. Only `proj:bbox` is worked out, if the recipe asks for it. Of a Collection it speaks in
the summaries, and of its items' assets. https://github.com/stac-extensions/projection
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stacbuild.extensions.base import Context, Reach
from stacbuild.extensions.places import each_data_asset, put, speaks_of, told, told_at
from stacbuild.extensions.values import prefixed
from stacbuild.failures import ItemError
from stacbuild.recipe.extension_tables import Projection as Settings
from stacbuild.recipe.extension_tables import ProjectionFields

SCHEMA: Final = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
PREFIX: Final = "proj:"
_FIELDS: Final = ("code", "wkt2", "projjson", "geometry", "bbox", "centroid", "shape", "transform")
_GRID: Final = 6
"""Numbers of an affine transform, without its last row."""
_ON_THE_WAY: Final = 21
"""Points on each edge of a footprint that are reprojected: edges become curves."""
_DIGITS: Final = 7
"""Decimals of what PROJ works out: below them its versions differ."""


class Projection:
    """Sets `proj:` fields of the item and its assets."""

    name = "projection"
    revision = 1
    scope = ("Feature", "Collection")
    of_items = ("geometry", "bbox", "centroid", "transform", "compute_bbox")

    def reach(self, table: dict[str, Any]) -> Reach:
        """Return how far it goes."""
        del table
        return Reach(("properties", "assets", "geometry"), SCHEMA)

    def schemas(self, document: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema, where one of its fields is there."""
        del config
        return [SCHEMA] if speaks_of(document, PREFIX) else []

    def libraries(self, config: Settings) -> list[str]:
        """Return the libraries that decide what it gives."""
        return ["pyproj"] if config.compute_bbox else []

    def apply(self, document: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the document with the fields set.

        Raises:
            ItemError: SB235, the item has not what a bbox is worked out from.
        """
        del ctx
        found = prefixed(config, _FIELDS, PREFIX, document, told_at(document))
        made = each_data_asset(told(document, found), config.assets, _asset)
        if not config.compute_bbox or f"{PREFIX}bbox" in made["properties"]:
            return made
        box = _bbox(made)
        return made if box is None else put(made, {f"{PREFIX}bbox": box})


def _asset(asset: dict[str, Any], table: ProjectionFields, scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {**asset, **prefixed(table, _FIELDS, PREFIX, scope, where)}


def _bbox(item: dict[str, Any]) -> list[float] | None:
    """Return the bounds of an item in its own coordinate system; None: it has no geometry."""
    properties = item["properties"]
    transform, shape = properties.get(f"{PREFIX}transform"), properties.get(f"{PREFIX}shape")
    if _numbers(transform, _GRID) and _numbers(shape, 2):
        return _of_grid(transform, shape)
    code = properties.get(f"{PREFIX}code")
    if not isinstance(code, str):
        hint = "give `code`, or `transform` and `shape`"
        raise ItemError("SB235", "proj:bbox cannot be worked out: the item has no proj:code", "/properties", hint)
    return None if item.get("geometry") is None else _reprojected(item["geometry"], code)


def _numbers(value: Any, least: int) -> bool:
    return isinstance(value, list) and len(value) >= least and all(type(one) in (int, float) for one in value)


def _of_grid(transform: list[float], shape: list[int]) -> list[float]:
    a, b, c, d, e, f = transform[:_GRID]
    rows, columns = shape[:2]
    corners = [(a * x + b * y + c, d * x + e * y + f) for x in (0, columns) for y in (0, rows)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return [min(xs), min(ys), max(xs), max(ys)]


def _reprojected(geometry: dict[str, Any], code: str) -> list[float] | None:
    """Return the bounds of a geometry in degrees, in another coordinate system."""
    import pyproj  # noqa: PLC0415  heavy: for recipes that ask for it

    try:
        to = pyproj.Transformer.from_crs("OGC:CRS84", code, always_xy=True)
        boxes = [to.transform_bounds(*box, densify_pts=_ON_THE_WAY) for box in _boxes(geometry)]
    except pyproj.exceptions.ProjError as error:
        words = str(error).splitlines()[0][:200]
        text = f"proj:bbox cannot be worked out in {code}: {words}"
        raise ItemError("SB235", text, "/properties/proj:code") from error
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    found = [min(west), min(south), max(east), max(north)]
    if not all(abs(number) < float("inf") for number in found):
        raise ItemError("SB235", f"proj:bbox cannot be worked out: the item lies outside of {code}", "/geometry")
    return [round(number, _DIGITS) for number in found]


def _boxes(geometry: dict[str, Any]) -> list[tuple[float, float, float, float]]:
    """Return the bounds of each part of a geometry: one that crosses the antimeridian has parts on both sides."""
    parts: list[Any] = [geometry.get("coordinates") or []]
    if geometry.get("type") in ("MultiPolygon", "MultiLineString", "MultiPoint"):
        parts = parts[0]
    found = []
    for part in parts:
        xs, ys = zip(*_positions(part), strict=True) if part else ((), ())
        if xs:
            found.append((min(xs), min(ys), max(xs), max(ys)))
    return found


def _positions(part: Any) -> list[tuple[float, float]]:
    if part and isinstance(part[0], int | float):
        return [(part[0], part[1])]
    return [position for inner in part for position in _positions(inner)]
