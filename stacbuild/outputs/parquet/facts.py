"""What rows are, taken together: of a row group by itself, and merged to those of a file. PURE.

Merging is associative and commutative, so that a file's columns do not depend on who made which of its row groups.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any, Final, NamedTuple

import msgspec
import xxhash
from msgspec import Struct

from stacbuild.outputs.parquet import columns, moments, rows
from stacbuild.outputs.parquet.shapes import Path, Shape, json_places, merged, settled, shallow
from stacbuild.outputs.parquet.wkb import Bounds

PINNED: Final[dict[str, Shape]] = {
    **dict.fromkeys(("type", "stac_version", "id", "collection"), "text"),
    **dict.fromkeys(("geometry", rows.PROJECTED, *moments.COLUMNS), "text"),
    "stac_extensions": ["text"],
    "links": [{"href": "text", "rel": "text"}],
    "bbox": dict.fromkeys(("xmin", "ymin", "zmin", "xmax", "ymax", "zmax"), "float"),
}
"""What Arrow's reader need not find out."""
_FIRST: Final = (*rows.PLAIN[:4], "geometry", "bbox", *rows.PLAIN[4:])
_ALWAYS: Final = ("stac_extensions", "id", "geometry", "bbox", "datetime", "links")
"""Columns that are there even if no item has a value."""

_pack = msgspec.msgpack.Encoder(order="deterministic").encode


class Facts(Struct, array_like=True, frozen=True):
    """What some rows are."""

    shape: dict[str, Any]
    """Column → its shape."""
    there: frozenset[str]
    """Those of the pinned columns that have a value; `zmin`, if a box has heights."""
    untimed: frozenset[str]
    """Columns of moments of which some value is none."""
    names: frozenset[str]
    """Names of cells before they are gathered."""
    kinds: frozenset[str]
    """Types of geometries, as GeoParquet names them."""
    bounds: Bounds | None


NOTHING: Final = Facts(PINNED, frozenset(), frozenset(), frozenset(), frozenset(), None)
"""What no rows are."""


def together(some: Iterable[Facts]) -> Facts:
    """Return what the rows of all are."""
    return reduce(_both, some, NOTHING)


def _both(one: Facts, other: Facts) -> Facts:
    if one is NOTHING or one == other:
        return other
    return Facts(
        learned(one.shape, other.shape),
        one.there | other.there,
        one.untimed | other.untimed,
        one.names | other.names,
        one.kinds | other.kinds,
        around(one.bounds, other.bounds),
    )


def learned(known: dict[str, Shape], more: dict[str, Shape]) -> dict[str, Shape]:
    """Return columns as they are with what is learned of some of them."""
    if more == known:
        return known
    return {**known, **{name: shallow(merged(known.get(name, "null"), shape)) for name, shape in more.items()}}


def around(one: Bounds | None, other: Bounds | None) -> Bounds | None:
    """Return the bounds that hold both."""
    if one is None or other is None:
        return other if one is None else one
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


class Layout(NamedTuple):
    """The columns of a file in order: shape of each, which of them are moments; `digest` moves when these do."""

    shape: dict[str, Shape]
    timed: frozenset[str]
    digest: bytes

    def places(self) -> list[Path]:
        """Return where there is JSON text."""
        return sorted(json_places(self.shape))

    def schema(self) -> Any:
        """Return the Arrow schema, without metadata."""
        import pyarrow as pa  # noqa: PLC0415  only where Parquet is written

        return pa.schema([(name, self._type(name, shape)) for name, shape in self.shape.items()])

    def _type(self, name: str, shape: Shape) -> Any:
        import pyarrow as pa  # noqa: PLC0415

        if name in rows.BINARY:
            return pa.binary()
        return pa.timestamp("us", "UTC") if name in self.timed else columns.type_of(shape)


def layout(facts: Facts) -> Layout:
    """Return the columns of a file: those of Items, then properties by name."""
    there = facts.there
    seen = {n: s for n, s in facts.shape.items() if n not in PINNED or n in there or n in _ALWAYS}
    if seen.get("assets") == {}:
        del seen["assets"]  # readers take it for a struct, and Parquet has none without members
    found = {name: settled(member) for name, member in seen.items() if member != "null"}
    found["bbox"] = {name: word for name, word in PINNED["bbox"].items() if name[0] != "z" or "zmin" in there}
    first = [name for name in _FIRST if name in found]
    shape = {name: found[name] for name in (*first, *sorted(found.keys() - set(first)))}
    timed = {name for name in moments.COLUMNS if shape.get(name) == "text"} - facts.untimed
    digest = xxhash.xxh3_128_digest(_pack([list(shape), shape, timed]))
    return Layout(shape, frozenset(timed), digest)


def keeps(facts: Facts, old: Layout, new: Layout) -> bool:
    """Tell whether rows that stand in columns of one layout can be brought to another: no value is said otherwise.

    What is JSON text, or text of a moment, cannot be made of a value that stands there: it is made of the item again.
    """
    return all(_keeps(name, old, new) for name in _valued(facts))


def _keeps(name: str, old: Layout, new: Layout) -> bool:
    one, other = old.shape.get(name), new.shape.get(name)
    if one is None or other is None:
        return one is other
    return set(json_places(one)) == set(json_places(other)) and (name in new.timed or name not in old.timed)


def with_steady(facts: Facts, known: Facts) -> Facts:
    """Return what rows are that were read without their steady columns, which are as in others that are known."""
    steady = frozenset(rows.STEADY)
    return Facts(
        facts.shape | {name: shape for name, shape in known.shape.items() if name in steady},
        facts.there | known.there & {*steady, "zmin"},
        facts.untimed,
        facts.names,
        known.kinds,
        known.bounds,
    )


def same_steady(one: Layout, other: Layout) -> bool:
    """Tell whether the steady columns of two files are of the same kinds."""
    return all(one.shape.get(name) == other.shape.get(name) for name in rows.STEADY)


def _valued(facts: Facts) -> list[str]:
    """Return the columns that have a value in some row."""
    free = {name for name, shape in facts.shape.items() if name not in PINNED and shape != "null"}
    return [*facts.there & facts.shape.keys(), *free]
