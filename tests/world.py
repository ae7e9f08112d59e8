"""A world to build in: a folder, a recipe as data, operations on both, and what must hold after every build.

After a build (a) every output file, manifest and folder is what a build in a fresh folder at another path gives,
(b) nothing else lies there, (c) each stage ran exactly as often as `Model` says, which knows engine.md's table and
nothing of the engine. A killed build and a damaged store leave things unknown: then the model gives bounds.
"""

import contextlib
import json
import os
import shutil
import signal
from collections import Counter
from pathlib import Path

from world_disk import differences, items_in, leftovers, put, tree
from world_harm import dying_at
from world_inputs import EXTENSION, SCHEMAS, WHERE, a_recipe, a_row, csv_bytes, toml
from world_model import Bounds, Model, Pair, extended, patched

from stacbuild import canon, project
from stacbuild.failures import ItemError
from stacbuild.stages.mapping import Mapper
from stacbuild.stages.transform import mapper


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
            works, item, dropped = self._finished(table, item, dropped, [work])
            verdict, invalid = self._verdict(None if dropped else item)
            encoded = None if item is None else canon.encode(item)
            yield Pair((collection, record["key"]), tuple(works), encoded, identity, verdict, invalid, twice, dropped)

    def _finished(self, table, item, dropped, works):
        """Return what else is done to an item, what becomes of it, and whether it is dropped."""
        names, chain = table.get("extensions"), table.get("patches")
        if table.get("where") and item is not None:
            works = [*works, ("where", table["where"], canon.encode(item))]
        if names and item is not None and not dropped:
            specs = [self.recipe["extensions"][name] for name in names]
            works = [*works, ("extend", json.dumps(specs, sort_keys=True), canon.encode(item))]
            for spec in specs:
                item = extended(item, spec)
        if chain and item is not None and not dropped:
            specs = [self.recipe["patches"][name] for name in chain]
            works = [*works, ("patch", json.dumps(specs, sort_keys=True), canon.encode(item))]
            for spec in specs:
                item, dropped = (item, True) if dropped else patched(item, spec)
        return works, item, dropped

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
