"""`convert A B`: every form to every form and back with equal items; what cannot be written, and what is in the way."""

import gzip
import itertools
import json
import os
import stat

import pytest
from kitchen import Kitchen
from test_filters import item, items_of, lines

FORMS = [
    "a.ndjson",
    "a.jsonl.gz",
    "a.ndjson.zst",
    "a.json",
    "a.geojson",
    "a.geojson.gz",
    "a.parquet",
    "a.geoparquet",
    "a/",
]

PAIRED = [form for form in FORMS if form not in ("a.jsonl.gz", "a.geojson.gz", "a.geoparquet")]
"""Those that go through code of their own."""


def deep():
    """Return items that differ in what they have; no nulls but those that STAC has, as Parquet keeps no others."""
    more = {"stac_extensions": ["https://example.com/x/v1.0.0/schema.json"], "collection": "c"}
    nested = {"datetime": "2024-01-01T00:00:00Z", "a:b": {"c": [1, 2.5, {"d": "ä\u2028"}]}, "title": "it's"}
    solid = {"type": "Point", "coordinates": [1.5, 2.5, 3.5]}
    span = {"datetime": None, "start_datetime": "2024-01-01T00:00:00Z", "end_datetime": "2024-02-01T00:00:00Z"}
    nowhere = {name: value for name, value in item("b/ä", geometry=None, **more).items() if name != "bbox"}
    return [
        item("a", **more, properties=nested),
        nowhere,
        item("c", **more, geometry=solid, bbox=[1.5, 2.5, 3.5, 1.5, 2.5, 3.5]),
        item("d", **{**more, "collection": "other"}, properties=span),
    ]


def by_name(items):
    return sorted(items, key=lambda one: (one.get("collection", ""), one["id"]))


@pytest.fixture
def kitchen(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=None)
    (kitchen / "stacbuild.toml").unlink()
    kitchen.write("in.ndjson", lines(*deep()))
    return kitchen


def converted(kitchen, *argv):
    done = kitchen.run("convert", *argv)
    assert done.exit == 0, done.err
    return done.out


@pytest.mark.parametrize(("one", "other"), list(itertools.product(PAIRED, PAIRED)))
def test_items_are_equal_after_each_pair_of_forms(kitchen, one, other):
    converted(kitchen, "in.ndjson", f"1/{one}")
    converted(kitchen, f"1/{one}", f"2/{other}")
    assert by_name(items_of(converted(kitchen, f"2/{other}", "-"))) == by_name(deep())


@pytest.mark.parametrize("form", [form for form in FORMS if "parquet" not in form])
def test_nulls_and_large_numbers_stay_but_for_parquet(kitchen, form):
    odd = item("a", a=None, properties={"datetime": None, "n": None, "big": 2**80, "f": 1.0, "i": 1})
    kitchen.write("in.ndjson", lines(odd))
    converted(kitchen, "in.ndjson", f"1/{form}")
    found = converted(kitchen, f"1/{form}", "-")
    assert items_of(found) == [odd]
    assert '"f":1.0,"i":1,' in found


@pytest.mark.parametrize("form", FORMS)
def test_no_items_are_a_file_too(kitchen, form):
    kitchen.write("in.ndjson", "")
    converted(kitchen, "in.ndjson", f"1/{form}")
    assert os.path.lexists(kitchen / f"1/{form}")
    assert converted(kitchen, f"1/{form}", "-") == ""


def test_json_of_one_item_is_the_item_and_of_more_a_collection_of_features(kitchen):
    kitchen.write("one.ndjson", lines(item()))
    converted(kitchen, "one.ndjson", "one.json")
    assert json.loads((kitchen / "one.json").read_text()) == item()
    converted(kitchen, "in.ndjson", "many.json")
    assert json.loads((kitchen / "many.json").read_text()) == {"type": "FeatureCollection", "features": deep()}
    converted(kitchen, "one.ndjson", "one.geojson")
    assert json.loads((kitchen / "one.geojson").read_text())["features"] == [item()]


def test_folder_has_a_file_an_item_below_its_collection(kitchen):
    converted(kitchen, "in.ndjson", "out/")
    assert sorted(kitchen.tree("out")) == ["out/c/a.json", "out/c/b%2F%C3%A4.json", "out/c/c.json", "out/other/d.json"]
    assert json.loads((kitchen / "out/c/a.json").read_text()) == deep()[0]


def test_items_that_would_share_a_file_are_failures_but_the_first(kitchen):
    kitchen.write("in.ndjson", lines(item("a"), item("A"), item("b"), item("a")))
    report = kitchen.ask("convert", "in.ndjson", "out/", exit_=1)
    assert report["items"] == {"read": 4, "written": 2, "failed": 2, "dropped": 0}
    assert [(one["code"], one["stage"], one["item_id"]) for one in report["failures"]["listed"]] == [
        ("SB552", "write", "A"), ("SB552", "write", "a"),
    ]  # fmt: skip
    assert sorted(kitchen.tree("out")) == ["out/a.json", "out/b.json"]


def test_items_that_no_table_can_hold_are_failures_and_the_others_are_written(kitchen):
    kitchen.write("in.ndjson", lines(item("a"), item("bad", stac_version=1), item("c")))
    report = kitchen.ask("convert", "in.ndjson", "out.parquet", exit_=1)
    assert report["items"] == {"read": 3, "written": 2, "failed": 1, "dropped": 0}
    assert [one["target"] for one in report["failures"]["listed"]] == ["item:bad"]
    assert [one["id"] for one in items_of(converted(kitchen, "out.parquet", "-"))] == ["a", "c"]


def test_standard_input_and_output_in_the_forms_that_are_named(kitchen):
    for form in ("json", "geojson", "ndjson"):
        done = kitchen.run("convert", "-", "-", "--to", form, stdin=lines(*deep()))
        again = kitchen.run("convert", "-", "-", stdin=done.out)
        assert items_of(again.out) == deep()
    converted(kitchen, "in.ndjson", "t.parquet")
    done = kitchen.run("convert", "-", "-", "--from", "parquet", stdin=(kitchen / "t.parquet").read_bytes())
    assert by_name(items_of(done.out)) == by_name(deep())
    kitchen.write("odd.name", lines(*deep()))
    converted(kitchen, "odd.name", "odd.other", "--from", "ndjson", "--to", "geojson")
    assert json.loads((kitchen / "odd.other").read_text())["features"] == deep()


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["in.ndjson", "out.txt"], "SB551"),
        (["in.ndjson", "-", "--to", "parquet"], "SB551"),
        (["in.ndjson", "-", "--to", "folder"], "SB551"),
        (["in.ndjson", "out.parquet.gz"], "SB551"),
        (["in.ndjson", "in.ndjson"], "SB550"),
        (["in.ndjson", "full/"], "SB550"),
        (["no.ndjson", "out.json"], "SB530"),
    ],
)
def test_wrong_usage_changes_nothing(kitchen, argv, code):
    kitchen.write("full/mine.txt", "mine")
    before = kitchen.tree()
    done = kitchen.run("convert", *argv)
    assert (done.exit, done.out) == (2, "")
    assert f"error[{code}]" in done.err
    assert kitchen.tree() == before


def test_force_replaces_files_and_leaves_others_in_a_folder(kitchen):
    kitchen.write("out/c/a.json", "old")
    kitchen.write("out/mine.txt", "mine")
    converted(kitchen, "in.ndjson", "out/", "--force")
    assert json.loads((kitchen / "out/c/a.json").read_text()) == deep()[0]
    assert (kitchen / "out/mine.txt").read_text() == "mine"
    converted(kitchen, "in.ndjson", "in.ndjson", "--force")
    assert items_of((kitchen / "in.ndjson").read_text()) == deep()
    assert not list(kitchen.folder.rglob(".stacbuild-*"))


def test_same_items_give_the_same_bytes_however_often_they_are_converted(kitchen):
    for form in FORMS[:-1]:
        converted(kitchen, "in.ndjson", f"1/{form}")
        converted(kitchen, "in.ndjson", f"2/{form}")
        assert (kitchen / f"1/{form}").read_bytes() == (kitchen / f"2/{form}").read_bytes()
    converted(kitchen, "in.ndjson", "1.ndjson")
    converted(kitchen, "1.ndjson", "2.ndjson")
    assert (kitchen / "1.ndjson").read_bytes() == (kitchen / "2.ndjson").read_bytes()


@pytest.mark.parametrize("form", ["out.ndjson", "out.parquet", "out/"])
def test_conversion_that_breaks_off_leaves_nothing(kitchen, form, monkeypatch):
    def breaks(*_):
        raise MemoryError

    monkeypatch.setattr("stacbuild.filters.bench.line_of", breaks)
    before = kitchen.tree()
    assert kitchen.run("convert", "in.ndjson", form).exit == 6
    assert kitchen.tree() == before
    assert not list(kitchen.folder.glob(".stacbuild*"))


def test_cut_off_input_is_a_failure_and_what_was_read_of_it_is_written(kitchen):
    blob = gzip.compress(lines(*(item(f"i{number}", note=os.urandom(200).hex()) for number in range(5000))).encode())
    kitchen.write("cut.ndjson.gz", blob[: len(blob) // 2])
    report = kitchen.ask("convert", "cut.ndjson.gz", "out.ndjson", exit_=1)
    assert [one["code"] for one in report["failures"]["listed"]] == ["SB413"]
    assert 0 < report["items"]["written"] < 5000
    assert len(items_of((kitchen / "out.ndjson").read_text())) == report["items"]["written"]


def test_devices_and_pipes_are_written_to_not_replaced(kitchen):
    converted(kitchen, "in.ndjson", "/dev/null", "--to", "ndjson")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)  # noqa: PTH116
