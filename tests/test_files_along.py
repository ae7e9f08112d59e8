"""Files of dates of one collection are made together: what lies together in the store is read once for all of them."""

import os
from collections import Counter
from types import SimpleNamespace

import pytest
from kitchen import Kitchen, row

from stacbuild import resolve, store, working, writing
from stacbuild.outputs.base import Rank, Wanted
from stacbuild.recipe.load import load
from stacbuild.trace import Memory
from stacbuild.writing import Ask, Due

MONTHS = 12


@pytest.fixture
def writer(tmp_path, monkeypatch):
    """What writes in a worker, of a catalog of 120 items whose months lie in all of 15 chunks."""
    monkeypatch.setattr(resolve, "CHUNK_JOBS", 8)
    monkeypatch.setattr(working, "CHUNK_JOBS", 8)
    monkeypatch.setattr(store, "_CHUNKS_HELD", 1)
    outputs = {"months": {"kind": "geoparquet", "path": "dist/{collection}/{year}-{month}.parquet"}}
    kitchen = Kitchen(tmp_path, [row(n, date=f"2024-{n % MONTHS + 1:02}-01") for n in range(120)], outputs=outputs)
    kitchen.build()
    recipe = load(tmp_path / "stacbuild.toml", {})
    (folder,) = (tmp_path / ".stacbuild/memory").iterdir()
    tools = writing.Tools(recipe.document, tmp_path, folder, Memory(folder).head.groups, os.getpid(), profiled=False)
    return writing._Writer(tools)


@pytest.fixture
def chunks_read(monkeypatch):
    """How often each chunk of the store is read."""
    read = Counter()
    packed = store.Store.packed

    def noted(self, blob):
        read[blob] += 1
        return packed(self, blob)

    monkeypatch.setattr(store.Store, "packed", noted)
    return read


def asks(writer, along):
    output, view = writer._outputs["months"], writer._view
    files = sorted(output.files(view), key=lambda wanted: wanted.path)
    paths = [wanted.path for wanted in files] if along else []
    return [Ask(n, "months", wanted, output.documents_in(view, wanted), along=paths) for n, wanted in enumerate(files)]


def test_files_that_are_made_together_have_the_bytes_of_files_made_alone(writer):
    alone = [writer.write(ask).digest for ask in asks(writer, along=False)]
    together = [writer.write(ask).digest for ask in asks(writer, along=True)]
    assert together == alone
    assert len(set(alone)) == MONTHS


def test_each_chunk_is_read_once_for_all_files_that_are_made_together(writer, chunks_read):
    for ask in asks(writer, along=True):
        writer.write(ask)
    assert [*chunks_read.values()] == [1] * 15
    chunks_read.clear()
    for ask in asks(writer, along=False):
        writer.write(ask)
    assert sum(chunks_read.values()) > MONTHS * 5, "each file alone reads most of the chunks"


def test_where_files_hold_what_lies_apart_nothing_is_laid_down(writer, monkeypatch):
    monkeypatch.setattr(writing, "VISITS", MONTHS)
    first = asks(writer, along=True)[0]
    writer.write(first)
    assert writer._view._laid is None


def test_what_was_laid_down_is_let_go_when_others_are_made(writer):
    first = asks(writer, along=True)[0]
    writer.write(first)
    assert writer._view._ready
    writer.write(asks(writer, along=False)[0])
    assert not writer._view._ready


def due(collection, path, items):
    part = None if items is None else {collection: [f"i{n}" for n in range(items)]}
    return Due(SimpleNamespace(name="o"), Wanted(path, b"", Rank.DATA, collection, many=True, part=part), None)


def test_files_of_one_collection_come_together_up_to_a_number_of_items(monkeypatch):
    monkeypatch.setattr(writing, "ALONG", 10)
    files = [
        due("a", "1", 4),
        due("a", "2", 6),
        due("a", "3", 1),
        due("b", "4", 3),
        due("b", "5", 20),
        due("b", "6", 2),
    ]
    found = list(writing._along([*files, due("", "7", None), due("", "8", None), due("c", "9", None)]))
    assert found == [["1", "2"], ["1", "2"], [], [], [], [], [], [], []]
