"""What a stage mends it says of the item: in failures.ndjson as a warning, as long as the item is built so."""

import shutil

import pytest
from kitchen import Kitchen, csv_of, ran, row

TIE = "POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))"
SQUARE = "POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))"
COLUMNS = ("key", "id", "date", "lon", "lat", "gsd", "note", "wkt")


@pytest.fixture
def kitchen(tmp_path):
    """Three records, of which the second has a bow tie."""
    kitchen = Kitchen(tmp_path / "k")
    kitchen.recipe["mappings"]["plain"]["geometry"] = {"wkt": "wkt"}
    kitchen.save()
    write(kitchen, SQUARE, TIE, SQUARE)
    return kitchen


def write(kitchen, *shapes):
    rows = [row(number, wkt=wkt) for number, wkt in enumerate(shapes)]
    kitchen.write("rows.csv", csv_of(rows, COLUMNS))


def notes(kitchen):
    return [(one["target"], one["code"], one["severity"], one["stage"]) for one in kitchen.failures()]


MENDED = [("item:one/i1", "SB218", "warning", "transform")]


def test_a_mended_item_is_built_and_its_warning_listed(kitchen):
    report = kitchen.build()
    assert report["items"]["total"] == 3
    assert report["failures"]["count"] == 0
    assert [warning["code"] for warning in report["warnings"]] == ["SB308"]
    assert notes(kitchen) == MENDED
    assert kitchen.items()[1]["geometry"]["type"] == "MultiPolygon"
    assert kitchen.failures()[0]["path"] == "/geometry"


def test_warnings_stay_when_nothing_is_done_and_go_when_the_record_is_good(kitchen):
    kitchen.build()
    assert ran(kitchen.build()) == {}
    assert notes(kitchen) == MENDED
    write(kitchen, SQUARE, SQUARE, TIE)
    kitchen.build()
    assert notes(kitchen) == [("item:one/i2", "SB218", "warning", "transform")]


def test_warnings_are_in_the_store_with_the_item(kitchen):
    kitchen.build()
    shutil.rmtree(kitchen / ".stacbuild/memory")
    (kitchen / ".stacbuild/failures.ndjson").unlink()
    assert ran(kitchen.build()) == {}
    assert notes(kitchen) == MENDED


@pytest.mark.parametrize("executor", ["serial", "processes"])
@pytest.mark.parametrize("level", ["strict", "off"])
def test_warnings_do_not_depend_on_validation_or_executor(kitchen, executor, level):
    kitchen.recipe["validation"] = {"level": level}
    kitchen.recipe["build"] = {"executor": executor, "jobs": 2}
    kitchen.save()
    kitchen.build()
    assert notes(kitchen) == MENDED


def test_a_stage_behind_keeps_what_the_one_before_it_said(kitchen):
    kitchen.build()
    kitchen.recipe["collections"]["one"]["where"] = "gsd < 3"
    kitchen.save()
    assert ran(kitchen.build()).get("transform") is None
    assert notes(kitchen) == MENDED
    kitchen.recipe["collections"]["one"]["where"] = "gsd > 2"
    kitchen.save()
    kitchen.build()
    assert kitchen.ids() == ["i2"]
    assert notes(kitchen) == []
