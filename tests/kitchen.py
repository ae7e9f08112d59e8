"""A folder with a recipe that is data, and the real command line run in this process on it: for tests of bad luck."""

import copy
import io
import json
import os
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from click.testing import CliRunner
from world_inputs import toml

from stacbuild.cli import main

COLUMNS = ("key", "id", "date", "lon", "lat", "gsd", "note")
RECIPE = {
    "catalog": {"id": "kitchen", "description": "A kitchen"},
    "sources": {"rows": {"kind": "table", "path": "rows.csv", "key": "key"}},
    "mappings": {
        "plain": {
            "id": "id",
            "geometry": {"lon": "lon", "lat": "lat"},
            "datetime": {"from": "date", "as": "datetime"},
            "properties": {
                "gsd": {"from": "gsd", "as": "number"},
                "note": {"from": "note", "required": False},
            },
            "assets": {"data": {"href": {"template": "https://example.com/{key}.tif"}}},
        }
    },
    "collections": {"one": {"from": ["rows"], "mapping": "plain", "title": "One"}},
    "outputs": {
        "site": {"kind": "stac-json", "path": "dist/site"},
        "lines": {"kind": "ndjson", "path": "dist/{collection}.ndjson"},
    },
    "build": {"executor": "serial"},
}
NO_VARIABLES = {name: None for name in os.environ if name.startswith("STACBUILD_")} | {"NO_COLOR": None}
NO_VARIABLES["XDG_DATA_HOME"] = os.devnull  # the schemas of whoever runs the tests are not theirs


def row(number, **cells):
    """Return the cells of a good record."""
    plain = {"key": f"k{number}", "id": f"i{number}", "date": f"2024-01-{number % 28 + 1:02d}", "note": ""}
    return {**plain, "lon": str(10 + number % 100), "lat": str(number % 80), "gsd": str(number % 9 + 1), **cells}


def csv_of(rows, columns=COLUMNS):
    """Return rows as CSV text; text rows stand as they are."""
    stream = io.StringIO()
    for cells in [dict(zip(columns, columns, strict=True)), *rows]:
        line = cells if isinstance(cells, str) else ",".join(_cell(cells[name]) for name in columns)
        stream.write(f"{line}\n")
    return stream.getvalue()


def _cell(text):
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if set(text) & set(',"\n\r') else text


class Kitchen:
    """A folder, its recipe (`recipe`, a dict that `save` writes) and what the command line says there."""

    def __init__(self, folder, rows=3, **tables):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.recipe = copy.deepcopy(RECIPE)
        for name, table in tables.items():
            self.recipe[name] = table
        self.save()
        if rows is not None:
            self.rows([row(number) for number in range(rows)] if isinstance(rows, int) else rows)

    def __truediv__(self, path):
        return self.folder / path

    def save(self, name="stacbuild.toml"):
        self.write(name, toml(self.recipe))

    def rows(self, rows):
        self.write("rows.csv", csv_of(rows))

    def write(self, path, content):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def run(self, *argv, env=None, stdin=None):
        """Run a command line; no traceback may be in what it says, and no bug of ours its end."""
        with mock.patch.object(os, "sync"), mock.patch.object(os, "fsync"):
            done = CliRunner().invoke(
                main.root, ["-C", str(self.folder), *argv], input=stdin, env={**NO_VARIABLES, **(env or {})}
            )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        assert done.exit_code != 70, done.stderr
        return SimpleNamespace(exit=done.exit_code, out=done.stdout, err=done.stderr)

    def ask(self, *argv, exit_=None, env=None):
        """Run a command with --json; return its document, after checking what every document has."""
        done = self.run(*argv, "--json", env=env)
        document = json.loads(done.out)
        assert document["format"] == 1
        assert document["exit"] == done.exit
        assert {"stacbuild", "command", "error"} <= document.keys()
        if exit_ is not None:
            assert done.exit == exit_, (done.exit, done.out[:2000], done.err)
        return document

    def build(self, *argv, exit_=0, env=None):
        return self.ask("build", *argv, exit_=exit_, env=env)

    def failures(self):
        lines = (self / ".stacbuild/failures.ndjson").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def items(self, name="one"):
        """Return the items of a collection as the ndjson output has them."""
        return [json.loads(line) for line in (self / f"dist/{name}.ndjson").read_bytes().splitlines()]

    def ids(self, name="one"):
        return [item["id"] for item in self.items(name)]

    def tree(self, *folders):
        """Return path → bytes of every file in the folders (all but the state folder where none is named)."""
        found = {}
        for top in [self.folder / name for name in folders] or [self.folder]:
            for here, below, names in os.walk(top):
                if Path(here) == self.folder:
                    below[:] = [name for name in below if name != ".stacbuild"]
                for name in names:
                    path = Path(here, name)
                    found[path.relative_to(self.folder).as_posix()] = path.read_bytes()
        return found


def by_note(folder, rows, **table):
    """Return a kitchen whose records go where their note says."""
    kitchen = Kitchen(folder, rows)
    kitchen.recipe["mappings"]["plain"]["collection"] = {"from": "note"}
    kitchen.recipe["collections"] = {"s-*": {"from": ["rows"], "mapping": "plain", **table}}
    kitchen.save()
    return kitchen


def ran(document):
    """Return how many of each stage ran, where any did."""
    return {stage: count["ran"] for stage, count in document["stages"].items() if count["ran"]}
