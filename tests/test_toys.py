"""A new kind of stage, source or output is a file of its own and a line in a registry: these three are toys."""

import msgspec

import stacbuild
from stacbuild.outputs import registry as output_kinds
from stacbuild.outputs.base import Rank, Wanted, split_base
from stacbuild.recipe.schema import NdjsonOutput, TableSource
from stacbuild.sources import registry as source_kinds
from stacbuild.sources import table
from stacbuild.sources.base import WHOLE_FILE, Raw
from stacbuild.stages import registry as stages

RECIPE = """
[catalog]
id = "toys"
[sources.words]
kind = "table"
path = "words.csv"
key = "word"
[mappings.words]
id = "word"
datetime = { value = "2024-01-01T00:00:00Z" }
geometry = { value = { type = "Point", coordinates = [1.0, 2.0] } }
[collections.words]
from = ["words"]
mapping = "words"
[outputs.lines]
kind = "ndjson"
path = "dist/{collection}.txt"
[build]
executor = "serial"
"""


class Shout:
    """A stage: puts the id in capitals beside it."""

    name = "extend"
    revision = 1
    mark = "!"

    def ingredients(self, document, collection):
        del document, collection
        return {"mark": self.mark}

    def work(self, document, collection):
        del document, collection
        mark = self.mark

        def shout(item, base):
            del base
            return {**item, "properties": {**item["properties"], "shout": item["id"].upper() + mark}}

        return shout

    def reason(self, document, collection, ingredient):
        del document, collection
        return "extension-changed", f"toys.{ingredient}"


class Words:
    """A source: a file of words, one a line."""

    shards = staticmethod(table.shards)
    missing_paths = staticmethod(table.missing_paths)
    place = staticmethod(table.place)

    @staticmethod
    def parts(shard, source):
        del shard, source
        return WHOLE_FILE

    @staticmethod
    def read(shard, source, first=0):
        del source, first
        for ordinal, word in enumerate(shard.file.read_text().split()):
            yield Raw(ordinal, ordinal + 1, msgspec.json.encode({"word": word}), word, None)

    @staticmethod
    def fetch_settings(source):
        del source
        return "words"


class Ids:
    """An output: the ids, comma between."""

    kind = "ids"
    documents = False
    settings = b"ids"

    def __init__(self, name, spec, root):
        self.name, self.path = name, spec.path
        self.base, _ = split_base(root, spec.path)

    def takes(self, names):
        return names

    def files(self, view):
        for name in view.names():
            yield Wanted(f"{name}.txt", view.state(name)[:16], Rank.DATA, name, many=True)

    def content(self, view, wanted, standing):
        yield ",".join(item.id for item in view.items(wanted.collection)).encode()


def ran(report):
    return {name: stage["ran"] for name, stage in report.stages.items() if name != "patch"}


def build(folder):
    return stacbuild.open(folder / "stacbuild.toml", environ={}).build()


def test_a_stage_a_source_and_an_output_of_somebody_else_are_built_and_built_again_for_nothing(tmp_path, monkeypatch):
    monkeypatch.setitem(source_kinds.KINDS, TableSource, Words)
    monkeypatch.setitem(output_kinds.KINDS, NdjsonOutput, Ids)
    monkeypatch.setattr(stages, "DOCUMENT_STAGES", [*stages.DOCUMENT_STAGES])
    monkeypatch.setattr("stacbuild.pipeline.DOCUMENT_STAGES", [*stages.DOCUMENT_STAGES, Shout()])
    (tmp_path / "stacbuild.toml").write_text(RECIPE)
    (tmp_path / "words.csv").write_text("pine oak\nash")

    first, second = build(tmp_path), build(tmp_path)

    assert (tmp_path / "dist/words.txt").read_text() == "ash,oak,pine"
    assert first.stages["extend"]["ran"] == 3
    assert all(stage["ran"] == 0 for stage in second.stages.values())


def test_only_the_stage_whose_ingredients_moved_runs_again_and_undoing_it_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("stacbuild.pipeline.DOCUMENT_STAGES", [*stages.DOCUMENT_STAGES, Shout()])
    (tmp_path / "stacbuild.toml").write_text(RECIPE)
    (tmp_path / "words.csv").write_text("word\npine\noak\nash\n")
    build(tmp_path)

    monkeypatch.setattr(Shout, "mark", "?")
    moved = build(tmp_path)
    monkeypatch.setattr(Shout, "mark", "!")
    undone = build(tmp_path)

    assert [moved.stages[name]["ran"] for name in ("fetch", "transform", "extend", "validate", "write")] == [
        0,
        0,
        3,
        3,
        3,
    ]
    assert [undone.stages[name]["ran"] for name in ("fetch", "transform", "extend", "validate")] == [0, 0, 0, 0]
    assert undone.items["modified"] == 3
    lines = [msgspec.json.decode(line) for line in (tmp_path / "dist/words.txt").read_bytes().splitlines()]
    assert [line["properties"]["shout"] for line in lines] == ["ASH!", "OAK!", "PINE!"]


def test_a_stage_in_the_middle_begins_with_what_the_one_before_it_left_in_the_store(tmp_path, monkeypatch):
    monkeypatch.setattr("stacbuild.pipeline.DOCUMENT_STAGES", [*stages.DOCUMENT_STAGES, Shout()])
    (tmp_path / "stacbuild.toml").write_text(RECIPE)
    (tmp_path / "words.csv").write_text("word\npine\n")
    build(tmp_path)
    (tmp_path / "words.csv").write_text("word\npine\noak\n")
    monkeypatch.setattr(Shout, "mark", "?")

    report = build(tmp_path)

    assert report.stages["transform"]["ran"] == 1
    assert report.stages["extend"]["ran"] == 2
