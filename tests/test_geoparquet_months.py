"""Tables by month: what is found out and read for one that changed, and that each document is of its month."""

import json

import pyarrow.parquet as pq
import pytest
from parquet_kitchen import an_item, of_items, put

from stacbuild.outputs.parquet import rows
from stacbuild.roster import Roster

MONTHS = [f"2024-{month:02}" for month in range(1, 13)]
PATH = "dist/{collection}/{year}-{month}.parquet"


def items(odd=()):
    """Return three items of each month; `odd`: id → properties of some."""
    some = [(f"{month}.{number}", f"{month}-1{number}T00:00:00Z") for month in MONTHS for number in range(3)]
    return [an_item(name, when=when, properties=dict(odd).get(name)) for name, when in some]


@pytest.fixture
def kitchen(tmp_path):
    return of_items(tmp_path, items(), path=PATH)


def spied(monkeypatch):
    """Return the parts whose documents are made, and the ids of the items that are read, as that happens."""
    parts, read = [], []
    facts, of_dates, row_of = Roster.facts, Roster.of_dates, rows.row_of
    monkeypatch.setattr(Roster, "facts", lambda self, *asked: parts.append(asked[2]) or facts(self, *asked))
    monkeypatch.setattr(Roster, "of_dates", lambda self, *asked: parts.extend(asked[2]) or of_dates(self, *asked))
    monkeypatch.setattr(rows, "row_of", lambda line: read.append(json.loads(line)["id"]) or row_of(line))
    return parts, read


def document(kitchen, month):
    told = pq.read_metadata(kitchen / f"dist/one/{month}.parquet").metadata
    return json.loads(told[b"stac-geoparquet"])["collections"]["one"]


def test_of_a_changed_month_only_it_is_read_and_told(kitchen, monkeypatch):
    kitchen.build()
    before = kitchen.tree("dist/one")
    parts, read = spied(monkeypatch)
    put(kitchen, items({"2024-05.1": {"platform": "other"}}))
    report = kitchen.build()
    assert report["outputs"]["table"] | {"written": 1, "unchanged": 11} == report["outputs"]["table"]
    assert sorted(read) == ["2024-05.0", "2024-05.1", "2024-05.2"]
    assert parts == ["one/2024-05.parquet"]
    after = kitchen.tree("dist/one")
    assert {path for path in after if after[path] != before[path]} == {"dist/one/2024-05.parquet"}


def test_many_months_are_told_in_two_goes(kitchen, monkeypatch):
    parts, read = spied(monkeypatch)
    kitchen.build()
    assert parts == ["one/2024-01.parquet", None]
    assert len(read) == 36
    for month in MONTHS:
        interval = document(kitchen, month)["extent"]["temporal"]["interval"]
        assert interval == [[f"{month}-10T00:00:00Z", f"{month}-12T00:00:00Z"]]


def test_what_is_newly_summarised_stands_in_each_month(kitchen):
    put(kitchen, items({"2024-05.1": {"platform": "other"}}))
    kitchen.build()
    assert "summaries" not in document(kitchen, "2024-05")
    kitchen.recipe["collections"]["one"]["summaries"] = ["platform"]
    kitchen.save()
    kitchen.build()
    assert document(kitchen, "2024-05")["summaries"] == {"platform": ["other"]}
