"""A world to build in: a folder, a recipe as data, operations on both, and what must hold after every build.

After a build (a) every output file, manifest and folder is what a build in a fresh folder at another path gives,
(b) nothing else lies there, (c) each stage ran exactly as often as `Model` says, which knows engine.md's table and
nothing of the engine. A killed build and a damaged store leave things unknown: then the model gives bounds.
"""

import contextlib
import csv
import importlib
import io
import json
import os
import shutil
import signal
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from pyarrow import parquet

from stacbuild import canon, project
from stacbuild.failures import ItemError
from stacbuild.stages.mapping import Mapper
from stacbuild.stages.transform import mapper

COLUMNS = ("key", "name", "date", "lon", "lat", "gsd", "sat", "href", "note")
NAMES = [*(f"s{number}" for number in range(24)), "S1", "a/b", "ä", ".dot", "con", "x y", "S2", "s" * 130]
EXTENSION = "https://example.com/ours/v1.0.0/schema.json"
SCHEMAS = [
    {"type": "object"},
    {"type": "object", "properties": {"properties": {"properties": {"gsd": {"maximum": 5}}}}},
    {"type": "object", "required": ["assets"]},
]
WHERE = {
    None: lambda properties: True,
    "gsd < 4": lambda properties: properties.get("gsd", 9) < 4,
    "NOT gsd < 4": lambda properties: properties.get("gsd", 0) >= 4,
    "platform = 'alpha'": lambda properties: properties.get("platform") == "alpha",
}
"""Conditions and what they mean; None: there is none."""
STATE = ".stacbuild"
INPUTS = ("data", "schemas", "stacbuild.toml", STATE)
"""What of a world is not written by builds."""


def a_row(number, turn=0):
    """Return the cells of a record; records of one number share the key, `turn` says which version it is."""
    return {
        "key": f"k{number}",
        "name": NAMES[number % len(NAMES)],
        "date": f"20{20 + turn % 3}-0{1 + number % 9}-11T10:20:30Z",
        "lon": str(10 + number % 600 / 4),
        "lat": str(-3.5 * (turn % 5)),
        "gsd": str(1 + (number * 3 + turn) % 9),
        "sat": ["A", "B", "NA"][(number + turn) % 3],
        "href": ["https://example.com/a.tif", f"img/{number}.tif", "../up.tif"][number % 3],
        "note": "",
    }


def a_recipe():
    """Return the recipe that a world begins with."""
    return {
        "catalog": {"id": "world", "description": "A world"},
        "sources": {"rows": {"kind": "table", "path": ["data/*.csv", "data/deep/*.csv"], "key": "key"}},
        "mappings": {"plain": a_mapping()},
        "collections": {"one": {"from": ["rows"], "mapping": "plain", "title": "One", "summaries": ["gsd"]}},
        "validation": {"level": "strict", "schemas": ["schemas"]},
        "outputs": {
            "site": {"kind": "stac-json", "path": "dist/site"},
            "lines": {"kind": "ndjson", "path": "dist/{collection}.ndjson"},
        },
        "cache": {"backend": "embedded"},
        "build": {"executor": "serial"},
    }


def a_mapping():
    return {
        "id": "name",
        "geometry": {"lon": "lon", "lat": "lat"},
        "datetime": {"from": "date", "as": "datetime"},
        "stac_extensions": {"value": [EXTENSION]},
        "properties": {
            "gsd": {"from": "gsd", "as": "number"},
            "platform": {"from": "sat", "lookup": "sats", "required": False},
        },
        "assets": {"data": {"href": "href"}},
        "lookups": {"sats": {"A": "alpha", "B": "beta", "NA": "none"}},
    }


def toml(recipe, style=0):
    """Return a recipe as TOML; `style` changes what means nothing: order, comments, white space."""
    tables = [*_tables(recipe, ())]
    if style % 2:
        tables.reverse()
    lines = []
    for path, plain in tables:
        lines += ["# a comment", ""] if style >= 2 else []
        lines.append(f"[{'.'.join(json.dumps(part) for part in path)}]")
        pairs = [f"{json.dumps(key)} {'=' if style < 2 else '  = '} {_value(value)}" for key, value in plain.items()]
        lines += reversed(pairs) if style % 2 else pairs
    return "\n".join(lines) + "\n"


def _tables(table, path):
    plain = {key: value for key, value in table.items() if len(path) >= 2 or not isinstance(value, dict)}
    if path and (plain or not table):
        yield path, plain
    for key, value in table.items():
        if key not in plain:
            yield from _tables(value, (*path, key))


def _value(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def csv_bytes(rows):
    """Return a file of records: dicts are cells, texts stand as they are, None is a blank line."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        if isinstance(row, dict):
            writer.writerow([row[name] for name in COLUMNS])
        else:
            stream.write(f"{row or ''}\n")
    return stream.getvalue().encode()


SMALL = {"_CUT_MASK": 3, "CHUNK_JOBS": 5, "BATCH_PAIRS": 11}
"""Constants of the engine that are made small: groups of about four records, chunks of five, batches of eleven."""


@contextlib.contextmanager
def small_parts():
    """Make parts small, so that few records have many, and leave the disk's own cache alone."""
    importlib.import_module("stacbuild.build")
    with mock.patch.object(os, "sync"), mock.patch.object(os, "fsync"), contextlib.ExitStack() as stack:
        for name, value in SMALL.items():
            rooms = [
                room for title, room in sys.modules.items() if title.startswith("stacbuild.") and name in vars(room)
            ]
            assert rooms, f"no room has {name} any more"
            for room in rooms:
                stack.enter_context(mock.patch.object(room, name, value))
        yield


def tree(folder):
    """Return all that builds left in `folder`: file → bytes, folder → None, but for empty folders at the top."""
    found = {}
    for here, folders, names in os.walk(folder):
        if Path(here) == Path(folder):
            folders[:] = [name for name in folders if name not in INPUTS]
        found.update((os.path.relpath(Path(here, name), folder), None) for name in folders)
        found.update((os.path.relpath(Path(here, name), folder), Path(here, name).read_bytes()) for name in names)
    full = {Path(path).parts[0] for path, blob in found.items() if blob is not None}
    return {path: blob for path, blob in found.items() if path not in INPUTS and Path(path).parts[0] in full}


def items_in(files):
    """Yield (collection, id, file, bytes) of every item in the files of a tree; what is no JSON holds none."""
    for path, blob in files.items():
        with contextlib.suppress(ValueError, KeyError):
            yield from _items_of(path, blob)


def _items_of(path, blob):
    if blob is not None and path.endswith(".parquet"):
        for row in parquet.read_table(io.BytesIO(blob)).to_pylist():
            yield row["collection"], row["id"], path, repr(_without_nulls(row))
    if blob is not None and path.endswith((".ndjson", ".geojson")):
        for line in blob.splitlines():
            if path.endswith(".ndjson") or line.startswith(b'{"type":"Feature",'):
                item = json.loads(line.rstrip(b","))
                yield item["collection"], item["id"], path, line.rstrip(b",")
    elif blob is not None and path.endswith(".json"):
        document = json.loads(blob)
        if isinstance(document, dict) and document["type"] == "Feature":
            yield document["collection"], document["id"], path, blob


def _without_nulls(value):
    """Return a cell without the members that only other rows have."""
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in sorted(value.items()) if member is not None}
    return [_without_nulls(member) for member in value] if isinstance(value, list) else value


class Bounds(NamedTuple):
    """How often a stage may have run."""

    least: int
    most: int


# --- the model: engine.md's table


class Pair(NamedTuple):
    """A record in a collection: what goes into transform, the item that comes out, and how it is judged."""

    name: tuple
    work: tuple
    item: bytes | None
    identity: str | None
    verdict: tuple | None
    invalid: bool
    shared: bool
    dropped: bool = False


class Model:
    """Remembers every (stage, context, input) that was ever worked on; what is in it is never worked on again."""

    def __init__(self):
        self.made, self.known = set(), set()
        self.last, self.shared = {}, set()

    def predict(self, inputs, pairs, *, force=False):
        if force:
            whole = [pair for pair in pairs if not pair.shared]
            ran = {"transform": len(whole), "validate": sum(pair.verdict is not None for pair in whole)}
            return {"fetch": len(inputs), **ran} | {"transform": len(whole) + self._shared(pairs)}
        again = [pair for pair in pairs if not pair.shared and pair.work not in self.made]
        judged = [p for p in again if p.verdict and self.last.get(p.name) != p.verdict]
        judged += [p for p in pairs if p.verdict and p not in again and p.verdict not in self.made]
        fetch = sum(digest not in self.known for digest in inputs)
        return {"fetch": fetch, "transform": len(again) + self._shared(pairs), "validate": len(judged)}

    def _shared(self, pairs):
        """Items that share their id fail without being worked on; they count when that is new."""
        return sum(pair.shared and (pair.name, pair.work[2]) not in self.shared for pair in pairs)

    def built(self, inputs, pairs):
        self.known.update(inputs)
        self.made.update(pair.work for pair in pairs if not pair.shared)
        self.made.update(pair.verdict for pair in pairs if pair.verdict)
        self.last = {pair.name: pair.verdict for pair in pairs}
        self.shared = {(pair.name, pair.work[2]) for pair in pairs if pair.shared}

    def forget(self):
        self.last, self.shared = {}, set()


# --- the world


class World:
    """One folder and what is done to it. `fresh` holds the trees of builds in fresh folders, by their inputs."""

    def __init__(self, folder, fresh=None):
        self.folder = folder / "world"
        self.aside = folder / "elsewhere" / "fresh"
        self.fresh = {} if fresh is None else fresh
        self.recipe, self.style = a_recipe(), 0
        self.rows = {"data/a.csv": [a_row(number) for number in range(9)], "data/deep/b.csv": [a_row(9), a_row(10)]}
        self.schema = 0
        self.journal = []
        self.model, self.maybe = Model(), Model()
        self.doubt = self.memory_lost = self.memory_doubt = self.forgot_places = self.killed = False
        self.delivered, self.before, self.outputs = {}, {}, {}
        self.builds = self.turn = 0
        self.write()

    # what is on disk

    def inputs(self):
        """Return every file that a build reads, by path."""
        files = {path: csv_bytes(rows) for path, rows in self.rows.items()}
        files["stacbuild.toml"] = toml(self.recipe, self.style).encode()
        files["schemas/https/" + EXTENSION.split("://")[1]] = json.dumps(SCHEMAS[self.schema]).encode()
        return files

    def write(self):
        """Bring the folder to what the operations made of it; files that are as they were are not touched."""
        files = self.inputs()
        for path in [*self.folder.glob("data/**/*.csv")]:
            if str(path.relative_to(self.folder)) not in files:
                path.unlink()
        put(self.folder, files)

    def every_row(self):
        return [(path, at) for path, rows in sorted(self.rows.items()) for at, row in enumerate(rows) if row]

    def records(self):
        """Return (file, canonical record or text) of all that the source lists, in order."""
        source = self.recipe["sources"]["rows"]
        folders = [Path(glob).parent for glob in source["path"]]
        gone = {"", *source.get("missing", [])}
        for path, rows in sorted(self.rows.items()):
            if Path(path).parent in folders:
                for row in filter(None, rows):
                    yield path, row if isinstance(row, str) else {k: v for k, v in row.items() if v not in gone}

    # what a build must make of it

    def open(self, folder=None):
        return project.open((folder or self.folder) / "stacbuild.toml")

    def expected(self):
        """Return the digests of all inputs, the pairs that reach transform, and how many inputs fail before."""
        document = self.open().recipe.document
        records = [(path, json.dumps(record, sort_keys=True), record) for path, record in self.records()]
        keys = Counter(record.get("key") for _, _, record in records if isinstance(record, dict))
        good = [r for r in records if isinstance(r[2], dict) and keys[r[2].get("key")] == 1 and "key" in r[2]]
        self.losers = 0
        tables = [(table, *aim) for table in document.collections for aim in self._targets(document, table, good)]
        pairs = [pair for table, name, some in tables for pair in self._pairs(document, table, name, some)]
        return [blob for _, blob, _ in records], pairs, len(records) - len(good)

    def _targets(self, document, table, records):
        """Yield the collections that a table makes, each with its records."""
        if "*" not in table:
            yield table, records
            return
        maps, found = mapper(document, table), {}
        for one in records:
            with contextlib.suppress(ItemError):
                found.setdefault(maps.collection(one[2]), []).append(one)
        yield from ((name, some) for name, some in found.items() if name.startswith(table.removesuffix("*")))

    def _pairs(self, document, table, collection, records):
        maps = Mapper(document.mappings[document.collections[table].mapping], collection)
        table = self.recipe["collections"][table]
        names = [_name(maps, record) for _, _, record in records]
        shared = Counter(names)
        choice = table.get("on-duplicate", "error")
        if choice != "error":
            ranked = list(enumerate(names)) if choice == "last" else list(enumerate(names))[::-1]
            taken = set({name: at for at, name in ranked if name is not None}.values())
            taken |= {at for at, name in enumerate(names) if name is None}
            self.losers += len(names) - len(taken)
            records, names = [records[at] for at in sorted(taken)], [names[at] for at in sorted(taken)]
            shared = Counter()
        spec = self.recipe["mappings"][table["mapping"]]
        context = json.dumps([collection, spec], sort_keys=True)
        for identity, (path, blob, record) in zip(names, records, strict=True):
            base = str(Path(path).parent)
            work = ("transform", context, blob, base if maps.base_matters(record) else "")
            twice = identity is not None and shared[identity] > 1
            item = None if twice else _item(maps, record, base)
            dropped = item is not None and not WHERE[table.get("where")](item["properties"])
            verdict, invalid = self._verdict(None if dropped else item)
            encoded = None if item is None else canon.encode(item)
            yield Pair((collection, record["key"]), work, encoded, identity, verdict, invalid, twice, dropped)

    def _verdict(self, item):
        """Return (stage, context, input) of an item's verdict, and whether the extension's schema refuses it."""
        if item is None or self.recipe["validation"]["level"] == "off":
            return None, False
        declares = EXTENSION in item.get("stac_extensions", [])
        invalid = declares and self.schema == 1 and item["properties"]["gsd"] > 5
        return ("validate", json.dumps(SCHEMAS[self.schema]) if declares else "", canon.encode(item)), invalid

    def fresh_tree(self):
        """Return what a build in a fresh folder at another path writes; each state is built once."""
        files = self.inputs()
        name = canon.digest(b"\0".join(part for path in sorted(files) for part in (path.encode(), files[path])))
        if name not in self.fresh:
            shutil.rmtree(self.aside, ignore_errors=True)
            put(self.aside, files)
            self.open(self.aside).build()
            self.fresh[name] = tree(self.aside)
        return self.fresh[name]

    # building

    def build(self, *, force=False, dry=False):
        """Build, check everything, and return the report."""
        self.write()
        inputs, pairs, refused = self.expected()
        if self.memory_doubt:
            self.lost_memory(rows_only=True)
        disk, new = tree(self.folder), self.fresh_tree()
        bounds = self._bounds(inputs, pairs, force=force) | {"write": self._write_bounds(disk, new)}
        foreseen = self.open().build(dry_run=True, force=force) if dry else None
        assert not dry or tree(self.folder) == disk, "a dry run wrote"
        report = self.open().build(force=force)
        wrong = differences(tree(self.folder), new) + leftovers(self.folder)
        assert not wrong, "\n".join(wrong)
        ran = {stage: report.stages[stage]["ran"] for stage in bounds}
        assert all(bound.least <= ran[stage] <= bound.most for stage, bound in bounds.items()), (ran, bounds)
        if foreseen is not None and not self.doubt:
            self._check_foresight(foreseen, report)
        self._check_items(report, pairs, refused, new)
        self._check_reached(report, inputs, pairs)
        for model in (self.model, self.maybe):
            model.built(inputs, pairs)
        self.delivered, self.memory_lost, self.killed = new, False, False
        self.forgot_places = False
        self.memory_doubt = self.memory_doubt and "SB611" not in {warning.code for warning in report.warnings}
        self.before = {(p.name[0], p.identity): p.item for p in pairs if self._lives(p)}
        self.outputs = json.loads(json.dumps(self.recipe["outputs"]))
        self.builds += 1
        return report

    def _bounds(self, inputs, pairs, *, force):
        surely = self.model.predict(inputs, pairs, force=force)
        if self.doubt:
            surely = Model().predict(inputs, pairs, force=True)
        least = {} if self.doubt else self.maybe.predict(inputs, pairs, force=force)
        both = {stage: (least.get(stage, 0), surely[stage]) for stage in surely}
        return {stage: Bounds(min(counts), max(counts)) for stage, counts in both.items()}

    def _write_bounds(self, disk, new):
        """Return how many items are to be put anew: other bytes, other place, a missing or wrong file."""
        standing = {path: blob for path, blob in disk.items() if self.killed or self.delivered.get(path) == blob}
        here = set(items_in(standing))
        least = {(name, identity) for name, identity, *rest in items_in(new) if (name, identity, *rest) not in here}
        most = {(name, identity) for name, identity, path, _ in items_in(new) if disk.get(path) != new[path]}
        if self.killed:
            most = {(name, identity) for name, identity, *_ in items_in(new)}
        if self.doubt:
            least = set()
        loose = self.memory_lost or self.killed or self.doubt or self._lines_moved()
        return Bounds(len(least), len(most if loose else least))

    def _lines_moved(self):
        """Tell whether an output of lines has other settings: then all lines of its changed files may count."""
        now = {name: spec for name, spec in self.recipe["outputs"].items() if spec["kind"] != "stac-json"}
        return any(spec != self.outputs.get(name, spec) for name, spec in now.items())

    def _lives(self, pair):
        refuses = pair.invalid and self.recipe["validation"]["level"] == "strict"
        return pair.item is not None and not refuses and not pair.dropped

    def _check_foresight(self, foreseen, report):
        for stage in ("fetch", "transform", "validate"):
            count = report.stages[stage]
            said = foreseen.stages[stage]
            assert count["ran"] <= said["ran"], (stage, foreseen.stages, report.stages)
            assert count["ran"] == said["ran"] or said.get("at_most"), (stage, foreseen.stages, report.stages)

    def _check_items(self, report, pairs, refused, new):
        live = {(pair.name[0], pair.identity): pair.item for pair in pairs if self._lives(pair)}
        dropped = self.losers + sum(pair.dropped for pair in pairs)
        failed = refused + sum(not self._lives(pair) and not pair.dropped for pair in pairs)
        items = report.items
        assert items["dropped"] == dropped
        assert (items["total"], items["failed"]) == (len(live), failed), (report.items, len(live), failed)
        assert items["total"] == items["added"] + items["modified"] + items["unchanged"]
        assert report.exit == bool(failed)
        if not (self.memory_lost or self.killed or self.doubt):
            changed = {pair for pair in live.keys() & self.before.keys() if live[pair] != self.before[pair]}
            expected = len(live.keys() - self.before.keys()), len(changed), len(self.before.keys() - live.keys())
            found = items["added"], items["modified"], items["deleted"]
            assert found == expected, f"added, modified, deleted: {found} is not {expected}"
        for name, path in [("lines", "ndjson"), ("site", "json")]:
            if name in report.outputs and name in self.recipe["outputs"]:
                held = {item[:2] for item in items_in(new) if item[2].endswith(path)}
                assert held == live.keys()

    def _check_reached(self, report, inputs, pairs):
        judged = sum(pair.verdict is not None for pair in pairs)
        reached = {"fetch": len(inputs), "transform": len(pairs), "validate": judged, "write": report.items["total"]}
        counted = {stage: report.stages[stage]["ran"] + report.stages[stage]["reused"] for stage in reached}
        assert counted == reached, f"{counted} is not {reached}"

    def kill_at(self, number):
        """Build in a child that kills itself at its `number`-th change of the file system; tell whether it did."""
        self.write()
        inputs, pairs, _ = self.expected()
        child = os.fork()
        if not child:
            with contextlib.suppress(BaseException), dying_at(number):
                self.open().build()
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        self.maybe.built(inputs, pairs)
        self.killed = True
        return killed

    def lost_memory(self, *, rows_only=False):
        """Note that the memory is gone, so that only the store knows what was made; or may be, where rows are missed.

        With it goes what is known of outputs that the recipe has no more: their places are only there.
        """
        self.memory_lost, self.memory_doubt = True, self.memory_doubt or rows_only
        self.forgot_places = self.forgot_places or not rows_only
        self.model.forget()
        if not self.memory_doubt:
            self.maybe.forget()

    def lost_everything(self):
        """Note that memory and store are gone, and with them all doubt."""
        self.model, self.maybe = Model(), Model()
        self.doubt, self.memory_lost, self.memory_doubt = False, True, False


def _name(maps, record):
    try:
        return maps.name(record)
    except ItemError:
        return None


def _item(maps, record, base):
    try:
        return maps.item(record, base)
    except ItemError:
        return None


@contextlib.contextmanager
def dying_at(number):
    """Kill this process, -9, at the `number`-th rename, removal or new folder."""
    left = [number]

    def deadly(call):
        def counted(*args, **more):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **more)

        return counted

    with contextlib.ExitStack() as stack:
        for name in ("replace", "rename", "unlink", "remove", "mkdir", "rmdir", "sync"):
            stack.enter_context(mock.patch.object(os, name, deadly(getattr(os, name))))
        yield


def put(folder, files):
    """Write those of `files` (path → bytes) that are not so already."""
    for path, blob in files.items():
        file = folder / path
        if not file.is_file() or file.read_bytes() != blob:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(blob)


def differences(found, wanted):
    """Return in words how two trees differ."""
    extra = [f"{path} should not be there" for path in sorted(found.keys() - wanted.keys())]
    less = [f"{path} is missing" for path in sorted(wanted.keys() - found.keys())]
    both = sorted(found.keys() & wanted.keys())
    other = [f"{path}: {found[path]!r} is not {wanted[path]!r}" for path in both if found[path] != wanted[path]]
    return extra + less + other


def leftovers(folder):
    """Return unfinished files and intents that a finished build must not leave."""
    return [str(path) for path in folder.rglob("*") if path.name.startswith(".stacbuild-") and path.is_file()] + [
        str(path) for path in folder.glob(f"{STATE}/memory/*/intent")
    ]


def flip_a_blob(folder, pick):
    """Flip one bit of one entry of the store, of either backend; tell whether there was one."""
    base = folder / STATE / "cache"
    database = base / "embedded" / "cache.db"
    if database.exists():
        with contextlib.closing(sqlite3.connect(database)) as connection, connection:
            rows = connection.execute("SELECT rowid, value FROM Cache ORDER BY key").fetchall()
            if rows:
                row, value = rows[pick % len(rows)]
                connection.execute("UPDATE Cache SET value = ? WHERE rowid = ?", (flipped(value, pick), row))
        return bool(rows)
    found = sorted(path for path in base.rglob("*") if path.is_file() and path.stat().st_size)
    if found:
        path = found[pick % len(found)]
        path.write_bytes(flipped(path.read_bytes(), pick))
    return bool(found)


def flipped(blob, pick):
    """Return `blob` with one bit changed."""
    at = (pick * 7919) % len(blob)
    return blob[:at] + bytes([blob[at] ^ 1 << pick % 8]) + blob[at + 1 :]
