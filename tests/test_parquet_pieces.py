"""Row groups are the unit of change: of a file that moved only those are decoded whose bytes are others."""

import datetime as dt
import random
import shutil
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kitchen import Kitchen, ran, row

from stacbuild.sources import parquet_file

SCHEMA = pa.schema(
    {
        "key": pa.string(),
        "id": pa.string(),
        "date": pa.date32(),
        "lon": pa.float64(),
        "lat": pa.float64(),
        "gsd": pa.int64(),
        "note": pa.string(),
    }
)
TABLE = {"kind": "table", "path": "rows*.parquet", "key": "key"}


def cells(number, **more):
    plain = row(number, **more)
    date = dt.date.fromisoformat(plain["date"])
    numbers = {"lon": float(plain["lon"]), "lat": float(plain["lat"]), "gsd": int(plain["gsd"])}
    return plain | {"date": date, "note": plain["note"] or None} | numbers


def write(kitchen, groups, name="rows.parquet"):
    (kitchen / name).parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(kitchen / name, SCHEMA) as writer:
        for group in groups:
            writer.write_table(pa.Table.from_pylist(group, SCHEMA))


def put_items(file, marks):
    """Write items of (id, gsd), a row group each."""
    time_ = "2024-01-01T00:00:00Z"
    rows = [[{"id": name, "stac_version": "1.1.0", "gsd": gsd, "datetime": time_}] for name, gsd in marks]
    tables = [pa.Table.from_pylist(group) for group in rows]
    with pq.ParquetWriter(file, tables[0].schema) as writer:
        for table in tables:
            writer.write_table(table)


@pytest.fixture
def decoded(monkeypatch):
    """The rows with which batches that were decoded begin, since it was last cleared."""
    found = []
    whole = parquet_file.batches

    def told(*arguments):
        for first, begins, batch in whole(*arguments):
            found.append(first)
            yield first, begins, batch

    monkeypatch.setattr(parquet_file, "batches", told)
    return found


@pytest.fixture
def kitchen(tmp_path):
    made = Kitchen(tmp_path / "kitchen", rows=None, sources={"rows": TABLE})
    made.groups = [[cells(number) for number in range(start, start + 300)] for start in (0, 300, 600)]
    write(made, made.groups)
    return made


def same_as_anew(kitchen):
    """The outputs are those of a build that knows nothing."""
    known = kitchen.tree("dist")
    assert kitchen.build("--force")["items"]["unchanged"] == len(kitchen.items())
    assert kitchen.tree("dist") == known


def test_only_the_changed_row_group_is_decoded(kitchen, decoded):
    assert ran(kitchen.build())["fetch"] == 900
    assert decoded == [0, 300, 600]
    decoded.clear()
    kitchen.groups[1][5]["note"] = "other"
    write(kitchen, kitchen.groups)
    done = kitchen.build()
    assert decoded == [300]
    assert ran(done)["fetch"] == 1
    assert (done["items"]["modified"], done["items"]["unchanged"]) == (1, 899)
    same_as_anew(kitchen)


def test_row_groups_that_move_are_known_where_they_stand_then(kitchen, decoded):
    kitchen.build()
    decoded.clear()
    write(kitchen, [[cells(number) for number in range(900, 950)], kitchen.groups[2], kitchen.groups[0]])
    done = kitchen.build("--max-deletions", "100%")
    assert decoded == [0]
    assert (done["items"]["added"], done["items"]["deleted"], done["items"]["unchanged"]) == (50, 300, 600)
    same_as_anew(kitchen)
    kitchen.recipe["mappings"]["plain"]["properties"]["more"] = {"value": 1}
    kitchen.save()
    decoded.clear()
    assert kitchen.build()["items"]["modified"] == 650
    assert decoded == [0, 50, 350]
    same_as_anew(kitchen)


def test_appended_row_group_is_decoded_alone(kitchen, decoded):
    kitchen.build()
    decoded.clear()
    write(kitchen, [*kitchen.groups, [cells(1000)]])
    assert ran(kitchen.build())["fetch"] == 1
    assert decoded == [900]


def test_file_that_only_moved_in_time_or_name_is_not_decoded(kitchen, decoded):
    kitchen.build()
    decoded.clear()
    write(kitchen, kitchen.groups)
    assert ran(kitchen.build()) == {}
    (kitchen / "rows.parquet").rename(kitchen / "rows-2.parquet")
    assert ran(kitchen.build()) == {}
    assert decoded == []
    same_as_anew(kitchen)


def test_row_groups_that_are_equal_are_each_read(kitchen):
    kitchen.recipe["sources"]["rows"]["key"] = "*"
    kitchen.save()
    same = [cells(number, note="a") for number in range(5)]
    write(kitchen, [same, kitchen.groups[0], same])
    kitchen.build(exit_=1)
    failed = kitchen.failures()
    write(kitchen, [same, kitchen.groups[1], same])
    kitchen.build("--max-deletions", "100%", exit_=1)
    assert len(kitchen.failures()) == len(failed) > 0
    write(kitchen, [kitchen.groups[1], same])
    kitchen.build()
    assert kitchen.failures() == []
    same_as_anew(kitchen)


def test_forced_build_decodes_everything(kitchen, decoded):
    kitchen.build()
    decoded.clear()
    kitchen.build("--force")
    assert {0, 300, 600} <= set(decoded)


def test_other_key_or_file_folder_decodes_everything(kitchen, decoded):
    kitchen.build()
    decoded.clear()
    kitchen.recipe["sources"]["rows"]["key"] = "id"
    kitchen.save()
    kitchen.build()
    assert {0, 300, 600} <= set(decoded)


def test_build_of_nothing_does_not_open_the_file(kitchen, monkeypatch):
    time.sleep(0.05)  # a file that may still move under the same stamp is looked at again
    kitchen.build()
    monkeypatch.setattr(parquet_file, "opened", None)
    assert ran(kitchen.build()) == {}
    assert kitchen.ask("status")["exit"] == 0


def test_stac_geoparquet_is_a_source_of_items_whose_row_groups_are_known(tmp_path, decoded):
    kitchen = Kitchen(
        tmp_path / "kitchen",
        rows=None,
        sources={"items": {"kind": "stac-items", "path": "items.parquet"}},
        collections={"one": {"from": ["items"]}},
    )

    put_items(kitchen / "items.parquet", [("a", 1), ("b", 1), ("c", 1)])
    assert ran(kitchen.build())["fetch"] == 3
    decoded.clear()
    put_items(kitchen / "items.parquet", [("a", 1), ("b", 2), ("c", 1)])
    assert ran(kitchen.build())["fetch"] == 1
    assert decoded == [1]
    assert [item["properties"]["gsd"] for item in kitchen.items()] == [1, 2, 1]
    same_as_anew(kitchen)


@pytest.mark.parametrize(("rule", "gsd"), [("first", 1), ("last", 3)])
def test_an_id_in_several_row_groups_and_files_is_for_on_duplicate(tmp_path, rule, gsd):
    kitchen = Kitchen(
        tmp_path / "kitchen",
        rows=None,
        sources={"items": {"kind": "stac-items", "path": ["a.parquet", "b.ndjson"]}},
        collections={"one": {"from": ["items"], "on-duplicate": "error"}},
    )
    put_items(kitchen / "a.parquet", [("x", 1), ("y", 1), ("x", 2)])
    kitchen.write("b.ndjson", '{"type":"Feature","stac_version":"1.1.0","id":"x","geometry":null,"links":[],'
                  '"assets":{},"properties":{"datetime":"2024-01-01T00:00:00Z","gsd":3}}\n')  # fmt: skip
    assert kitchen.build(exit_=1)["items"]["failed"] == 3
    assert kitchen.ids() == ["y"]
    kitchen.recipe["collections"]["one"]["on-duplicate"] = rule
    kitchen.save()
    kitchen.build()
    assert [(item["id"], item["properties"]["gsd"]) for item in kitchen.items()] == [("x", gsd), ("y", 1)]
    same_as_anew(kitchen)
    put_items(kitchen / "a.parquet", [("y", 1), ("x", 5)])
    kitchen.build()
    assert kitchen.items()[0]["properties"]["gsd"] == (5 if rule == "first" else 3)
    same_as_anew(kitchen)


@pytest.mark.parametrize("seed", range(4))
def test_after_any_edits_of_row_groups_a_build_is_as_one_in_a_new_folder(tmp_path, seed):
    chance = random.Random(seed)
    kitchen = Kitchen(tmp_path / "kitchen", rows=None, sources={"rows": TABLE | {"path": "in/**/*.parquet"}})
    kitchen.recipe["mappings"]["plain"]["assets"]["data"]["href"] = {"template": "{key}.tif"}  # the folder matters
    kitchen.recipe["collections"]["one"]["on-duplicate"] = "first"
    kitchen.recipe["build"] |= {"max-failures": "100%", "max-deletions": "100%"}
    kitchen.save()
    pool = [
        [cells(number, note=str(mark)) for number in range(start, start + 30)]
        for start in (0, 30, 60)
        for mark in (1, 2)
    ]
    files = {"in/a.parquet": [pool[0], pool[2]], "in/b/c.parquet": [pool[4]]}
    for number in range(6):
        shutil.rmtree(kitchen / "in", ignore_errors=True)
        for name, groups in files.items():
            write(kitchen, groups, name)
        kitchen.build(exit_=None)
        anew = Kitchen(tmp_path / f"anew-{number}", rows=None, **kitchen.recipe)
        shutil.copytree(kitchen / "in", anew / "in")
        anew.build(exit_=None)
        assert kitchen.tree("dist") == anew.tree("dist")
        name = chance.choice(["in/a.parquet", "in/b/c.parquet", "in/b/d.parquet"])
        files[name] = chance.choices(pool, k=chance.randrange(1, 4))
        if chance.random() < 0.4:
            files[chance.choice(["in/e.parquet", "in/b/e.parquet"])] = files.pop(chance.choice(sorted(files)))
