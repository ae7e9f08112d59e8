"""Two folders to which the same is done: in one, edits in place are known as such; in the other all is looked at."""

import io
import json
import shutil
from unittest import mock

import pyarrow as pa
from amends_kit import held, report, told
from item_files import item, settle
from kitchen import Kitchen, csv_of, row
from pyarrow import parquet

from stacbuild.spares import Spares

CELLS = ("key", "id", "date", "lon", "lat", "gsd", "note", "mood", "kind", "name")
VALUES = {
    "gsd": ["1", "4", "8", "9", "wide", "9.5"],
    "date": ["2024-01-05", "2024-06-07", "never"],
    "lon": ["11", "170.5", "none"],
    "name": ["", "A name", "Another"],
    "mood": ["", "glad", "low", "5"],
    "note": ["", "x", "y"],
    "kind": ["s-a", "s-b", "t-c"],
    "id": ["i0", "i1", "i30", "i31", "i32", ""],
}
"""What records get, by field: what is good, what fails at some stage, what goes elsewhere."""
MOODS = [0, 1, 1.0, True, False, "1", None, [1], {}]
"""What is told apart in JSON, and not everywhere."""

PLAIN = {
    "id": "id",
    "geometry": {"lon": "lon", "lat": "lat"},
    "datetime": {"from": "date", "as": "datetime"},
    "properties": {
        "gsd": {"from": "gsd", "as": "number"},
        "mood": {"from": "mood", "required": False},
        "note": {"from": "note", "required": False},
        "title": {"from": "name", "required": False},
    },
    "assets": {"data": {"href": {"template": "pixels/{key}.tif"}}},
}
PATCHES = {
    "low": {"where": "gsd < 4", "set": {"properties.low": True}},
    "none": {"where": "note = 'y'", "drop": True},
}
LIMIT = {"properties": {"properties": {"properties": {"gsd": {"maximum": 8}}}}}


def a_recipe(recipe, *, level, choice, keep):
    """Make a recipe of much that groups are judged by."""
    recipe["sources"] = {
        "rows": {"kind": "table", "path": "rows/*.ndjson", "key": "key"},
        "cells": {"kind": "table", "path": "cells.csv", "key": "key"},
        "grid": {"kind": "table", "path": "grid.parquet", "key": "key"},
        "files": {"kind": "stac-items", "path": "data/**/*.json"},
        "lines": {"kind": "stac-items", "path": "lines.ndjson"},
    }
    recipe["mappings"] = {"plain": PLAIN, "kinds": {**PLAIN, "collection": "kind"}}
    known = {"title": "A title", "on-duplicate": choice, "keep-removed": keep, "summaries": ["gsd", "mood"]}
    recipe["extensions"] = {"sums": {"use": "file", "missing": "skip"}}
    recipe["patches"] = PATCHES
    recipe["collections"] = {
        "one": {
            "from": ["rows", "cells", "grid"],
            "mapping": "plain",
            "where": "mood <> 'low' OR mood IS NULL",
            **known,
        }
        | {"patches": ["low", "none"], "extensions": ["sums"]},
        "s-*": {"from": ["rows"], "mapping": "kinds", **known},
        "three": {"from": ["files", "lines"], "patches": ["low"], **known},
    }
    recipe["validation"] = {"level": level, "extra": {"one": ["limit.json"], "three": ["limit.json"]}}
    recipe["outputs"]["tables"] = {"kind": "geoparquet", "path": "dist/{collection}/{year}.parquet"}


class Twins:
    """The two folders, and what they hold besides their recipe."""

    def __init__(self, folder, **how):
        self.folder, self.kept = folder, how["keep"]
        self.lean, self.whole = Kitchen(folder / "lean", rows=None), Kitchen(folder / "whole", rows=None)
        self.shards = {name: [self.record(n) for n in range(first, first + 9)] for name, first in (("a", 0), ("b", 9))}
        self.cells = [self.record(n) for n in range(40, 49)]
        self.files = {f"{n % 2}/f{n}": item(f"f{n}", gsd=n % 9 + 1) for n in range(12)}
        self.lines = [item(f"l{n}", gsd=n % 9 + 1) for n in range(9)]
        self.grid = [self.record(n) for n in range(60, 72)]
        self.broken, self.lost = set(), False
        for kitchen in self.both():
            a_recipe(kitchen.recipe, **how)
            kitchen.write("limit.json", json.dumps(LIMIT))
            kitchen.write("pixels/k3.tif", "pixels")
            kitchen.save()
        self.save()

    def both(self):
        return self.lean, self.whole

    @staticmethod
    def record(number, **cells):
        kind = "s-b" if number % 3 else "s-a"
        return row(number, mood="glad" if number % 2 else "", kind=kind, name=f"Record {number}") | cells

    def save(self):
        """Write all sources; files that hold what they held are not touched."""
        texts = {f"rows/{name}.ndjson": _lines(some) for name, some in self.shards.items()}
        texts["cells.csv"] = csv_of(_texts(self.cells), CELLS)
        texts["lines.ndjson"] = _lines(self.lines)
        texts |= {f"data/{name}.json": json.dumps(one) for name, one in self.files.items()}
        texts |= {name: '{"' for name in self.broken if name in texts}
        blobs = {path: text.encode() for path, text in texts.items()} | {"grid.parquet": _table(_texts(self.grid))}
        for kitchen in self.both():
            for path, blob in blobs.items():
                file = kitchen / path
                if not file.exists() or file.read_bytes() != blob:
                    kitchen.write(path, blob)
            for file in [*(kitchen / "data").rglob("*.json"), *(kitchen / "rows").glob("*.ndjson")]:
                if file.relative_to(kitchen.folder).as_posix() not in texts:
                    file.unlink()
        settle()

    def build(self, *argv):
        """Build both, and compare all that they say and remember."""
        lean = report(self.lean, *argv)
        with mock.patch.object(Spares, "amend", return_value=None):
            whole = report(self.whole, *argv)
        assert lean == whole, difference(lean, whole)
        same(self.lean, self.whole)
        assert told(self.lean) == told(self.whole), (told(self.lean), told(self.whole))
        return lean

    def as_if_new(self):
        """Compare with what a build from nothing writes and remembers of what the sources hold now."""
        new = Kitchen(self.folder / "new", rows=None)
        shutil.copytree(
            self.lean.folder, new.folder, ignore=shutil.ignore_patterns("dist", ".stacbuild"), dirs_exist_ok=True
        )
        report(new)
        same(self.lean, new)
        shutil.rmtree(new.folder)


def _texts(records):
    """Return records as tables of text have them."""
    return [
        {name: one if isinstance(one, str) else json.dumps(one) for name, one in cells.items()} for cells in records
    ]


def _table(records):
    stream = io.BytesIO()
    columns = {name: pa.array([one[name] for one in records], pa.string()) for name in CELLS}
    parquet.write_table(pa.table(columns), stream, row_group_size=4)
    return stream.getvalue()


def _lines(some):
    return "".join(json.dumps(one) + "\n" for one in some)


def same(one, other):
    """Compare what two kitchens have written and remember."""
    assert one.tree("dist") == other.tree("dist"), difference(one.tree("dist"), other.tree("dist"))
    assert held(one) == held(other), difference(held(one), held(other))


def difference(one, other):
    """Return what differs in two values."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {
            name: difference(one.get(name), other.get(name)) for name in one | other if one.get(name) != other.get(name)
        }
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [difference(*pair) for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    return one, other
