"""`init`: a first recipe that checks and builds, ready recipes, templates; nothing is ever overwritten."""

import gzip
import json
import tomllib
from pathlib import Path

import pytest
from kitchen import Kitchen
from pystac.validation import validate_dict
from test_cli_fake import ask
from test_cli_json import envelope

from stacbuild.init import ready

ROOT = Path(__file__).parents[1]
SCENES = """\
scene_id,acquired,lon,lat,cloud,thumbnail_url,code,flag,remark
S1,31/12/2024,10.5,50.25,12.5,https://example.com/S1.png,007,true,
S2,01/01/2025,11.5,51.25,NA,https://example.com/S2.png,012,false,a note
S3,15/02/2025,12.5,52.25,3,https://example.com/S3.png,100,true,
"""


@pytest.fixture
def empty(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=None)
    (kitchen / "stacbuild.toml").unlink()
    return kitchen


def recipe(kitchen, name="stacbuild.toml"):
    return tomllib.loads((kitchen / name).read_text())


def begun(kitchen, what, *argv):
    """Write a first recipe, check and build it; return the report of `init`, the recipe and the items."""
    document = kitchen.ask("init", what, *argv, exit_=0)
    kitchen.ask("check", exit_=0)
    kitchen.build()
    found = recipe(kitchen)
    items = [
        json.loads(line)
        for path in sorted((kitchen / "dist").glob("*.ndjson"))
        for line in path.read_bytes().splitlines()
    ]
    return document, found, items


def test_a_csv_becomes_a_catalog(empty):
    empty.write("scenes.csv", SCENES)
    document, found, items = begun(empty, "scenes.csv")
    assert found["sources"]["scenes"] == {"kind": "table", "path": "scenes.csv", "key": "scene_id", "missing": ["NA"]}
    mapping = found["mappings"]["scenes"]
    assert mapping["id"] == "scene_id"
    assert mapping["geometry"] == {"lon": "lon", "lat": "lat"}
    assert mapping["datetime"] == {"from": "acquired", "as": "datetime", "format": "%d/%m/%Y"}
    assert mapping["properties"] == {
        "cloud": {"from": "cloud", "as": "number", "required": False},
        "code": "code",
        "flag": {"from": "flag", "as": "boolean"},
        "remark": {"from": "remark", "required": False},
    }
    assert mapping["assets"]["thumbnail"] == {
        "href": "thumbnail_url",
        "type": {"value": "image/png"},
        "roles": {"value": ["thumbnail"]},
    }
    assert [item["properties"]["datetime"] for item in items] == [
        "2024-12-31T00:00:00Z",
        "2025-01-01T00:00:00Z",
        "2025-02-15T00:00:00Z",
    ]
    assert items[1]["properties"].keys() == {"datetime", "code", "flag", "remark"}
    assert (document["sample"], document["doubts"]) == ({"tried": 3, "failed": 0}, [])


def test_json_to_the_letter(empty):
    empty.write("scenes.csv", SCENES)
    document = empty.ask("init", "scenes.csv", exit_=0)
    assert document == {
        **envelope("init"),
        "written": [str(empty / "stacbuild.toml")],
        "looked": "all 3 records of scenes.csv",
        "doubts": [],
        "sample": {"tried": 3, "failed": 0},
        "failures": [],
        "document": None,
        "ready": None,
    }


def test_comments_say_why(empty):
    empty.write("scenes.csv", SCENES)
    done = empty.run("init", "scenes.csv")
    text = (empty / "stacbuild.toml").read_text()
    assert 'key = "scene_id"    # its values differ in all 3 records' in text
    assert "# Looked at: all 3 records of scenes.csv." in text
    assert done.out.startswith(f"wrote {empty / 'stacbuild.toml'} (looked at: all 3 records of scenes.csv)\n")
    assert "3 records were tried, 0 failed" in done.out


def test_a_recipe_that_is_there_is_never_overwritten_unasked(empty):
    empty.write("scenes.csv", SCENES)
    empty.write("stacbuild.toml", "mine")
    document = empty.ask("init", "scenes.csv", exit_=2)
    assert document["error"]["code"] == "SB543"
    assert (empty / "stacbuild.toml").read_text() == "mine"
    empty.ask("init", "scenes.csv", "-o", "other.toml", exit_=0)
    assert recipe(empty, "other.toml")["catalog"]["id"] == "scenes"
    (empty / "link.toml").symlink_to(empty / "nowhere.toml")
    assert empty.ask("init", "scenes.csv", "-o", "link.toml", exit_=2)["error"]["code"] == "SB543"
    empty.ask("init", "scenes.csv", "--force", exit_=0)
    assert recipe(empty)["catalog"]["id"] == "scenes"


def test_only_the_head_of_a_large_table_is_looked_at_and_that_is_said(empty):
    rows = "".join(f"k{n},2024-01-01,1,2,{n if n < 1500 else 'many'}\n" for n in range(3000))
    empty.write("big.csv", f"name,date,lon,lat,count\n{rows}")
    document = empty.ask("init", "big.csv", exit_=0)
    assert document["looked"] == "the first 1,000 records of big.csv"
    text = (empty / "stacbuild.toml").read_text()
    assert "its values differ in all 3,000 records" in text
    assert recipe(empty)["mappings"]["big"]["properties"]["count"] == {
        "from": "count",
        "as": "integer",
        "required": False,
    }


def test_a_key_is_looked_for_beyond_the_head(empty):
    rows = "".join(f"k{n % 2000},u{n},2024-01-01,1,2\n" for n in range(2500))
    empty.write("t.csv", f"id,serial,date,lon,lat\n{rows}")
    empty.ask("init", "t.csv", exit_=0)
    assert recipe(empty)["sources"]["t"]["key"] == "serial"


def test_columns_that_only_together_name_a_record_are_a_key(empty):
    rows = "".join(f"{day},{tile},2024-01-0{day},1,2\n" for day in (1, 2, 3) for tile in "abc")
    empty.write("t.csv", f"day,tile,date,lon,lat\n{rows}")
    _, found, items = begun(empty, "t.csv")
    assert sorted(found["sources"]["t"]["key"]) == ["day", "tile"]
    assert len(items) == 9


def test_what_cannot_be_guessed_is_doubted_and_builds_all_the_same(empty):
    empty.write("t.csv", "name,count\na,1\nb,2\n")
    document, found, items = begun(empty, "t.csv")
    assert len(document["doubts"]) == 2
    assert found["mappings"]["t"]["geometry"] == {"wkt": "geometry", "default": "null"}
    assert [item["geometry"] for item in items] == [None, None]
    assert "look at" in empty.run("init", "t.csv", "--force").out


def test_records_that_nothing_tells_apart_are_said(empty):
    empty.write("t.csv", "kind,date,lon,lat\na,2024-01-01,1,2\na,2024-01-01,1,2\n")
    document = empty.ask("init", "t.csv", exit_=0)
    assert recipe(empty)["sources"]["t"]["key"] == "*"
    assert any("share an id" in doubt for doubt in document["doubts"])


def test_other_forms_of_tables(empty):
    records = [{"id": n, "when": 1700000000 + n, "at": {"lon": n, "lat": 1.5}, "tags": ["a"]} for n in range(1, 4)]
    empty.write("t.ndjson", "".join(f"{json.dumps(record)}\n" for record in records))
    _, found, items = begun(empty, "t.ndjson")
    mapping = found["mappings"]["t"]
    assert mapping["id"] == {"from": "id", "as": "string"}
    assert mapping["geometry"] == {"lon": "at.lon", "lat": "at.lat"}
    assert mapping["datetime"] == {"from": "when", "as": "datetime", "format": "unix"}
    assert [item["id"] for item in items] == ["1", "2", "3"]
    assert items[0]["properties"]["tags"] == ["a"]


def test_a_compressed_table_of_semicolons_in_an_old_encoding(empty):
    text = "id;name;date;lon;lat\n1;Tromsø;2024-01-01;1;2\n2;Bodø;2024-01-02;1;2\n"
    empty.write("t.csv.gz", gzip.compress(text.encode("latin-1")))
    _, found, items = begun(empty, "t.csv.gz")
    source = found["sources"]["t"]
    assert (source["delimiter"], source["encoding"]) == (";", "cp1252")
    assert items[0]["properties"]["name"] == "Tromsø"


def test_features_are_a_table(empty):
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [number, 1]},
            "properties": {"ref": f"r{number}", "date": "2024-01-01"},
        }
        for number in range(3)
    ]
    empty.write("t.geojson", json.dumps({"type": "FeatureCollection", "features": features}))
    _, found, items = begun(empty, "t.geojson")
    assert found["mappings"]["t"]["geometry"] == {"geojson": "geometry"}
    assert found["sources"]["t"]["key"] == "properties.ref"
    assert len(items) == 3


def test_hostile_names_are_written_as_toml_takes_them(empty):
    names = ['a"b', "c\\d", "${HOME}", "é ü", "x.y", "tab\there", "{brace}"]
    row = ",".join(["k1", "2024-01-01", "1", "2", *"abcdefg"])
    header = ",".join(["id", "date", "lon", "lat", *(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in names)])
    empty.write("t.csv", f"{header}\n{row}\n")
    _, _, items = begun(empty, "t.csv")
    assert set(items[0]["properties"].values()) >= set("abcdeg")
    assert "# not mapped: tab here: its name cannot stand in a recipe" in (empty / "stacbuild.toml").read_text()


def stac(number, **members):
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"i{number}",
        "geometry": {"type": "Point", "coordinates": [1.0, 2.0]},
        "bbox": [1.0, 2.0, 1.0, 2.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "links": [],
        "assets": {},
        **members,
    }


def test_a_file_of_stac_items(empty):
    empty.write("items.ndjson", "".join(f"{json.dumps(stac(n, collection='c'))}\n" for n in range(3)))
    document, found, items = begun(empty, "items.ndjson")
    assert found["sources"]["items"] == {"kind": "stac-items", "path": "items.ndjson"}
    assert list(found["collections"]) == ["c"]
    assert document["looked"] == "STAC items in 1 of 1 files"
    assert [item["id"] for item in items] == ["i0", "i1", "i2"]


def test_a_folder_of_stac_files_of_several_collections(empty):
    for number in range(4):
        empty.write(f"drop/{number % 2}/i{number}.json", json.dumps(stac(number, collection=f"c{number % 2}")))
    empty.write("drop/catalog.json", json.dumps({"type": "Catalog", "stac_version": "1.1.0", "id": "x", "links": []}))
    _, found, items = begun(empty, "drop")
    assert found["sources"]["drop"]["path"] == "drop/**/*.json"
    assert list(found["collections"]) == ["*"]
    assert {item["collection"] for item in items} == {"c0", "c1"}


def test_the_folder_itself_does_not_find_what_is_built_in_it(empty):
    empty.write("a/i.json", json.dumps(stac(1)))
    empty.write("i.json", json.dumps(stac(2)))
    _, found, items = begun(empty, ".")
    (source,) = found["sources"].values()
    assert source["path"] == ["*.json", "a/**/*.json"]
    assert len(items) == 2


def test_a_folder_of_tables_that_are_alike_is_one_source(empty):
    for part in "ab":
        empty.write(f"parts/{part}.csv", f"id,date,lon,lat\n{part}1,2024-01-01,1,2\n{part}2,2024-01-01,1,2\n")
    _, found, items = begun(empty, "parts")
    assert found["sources"]["parts"]["path"] == "parts/*.csv"
    assert len(items) == 4


def test_a_folder_of_different_tables_is_a_source_each(empty):
    empty.write("parts/a.csv", "id,date,lon,lat\na1,2024-01-01,1,2\n")
    empty.write("parts/b.csv", "name,when,wkt\nb1,2024-01-01T10:00:00Z,POINT (1 2)\n")
    _, found, items = begun(empty, "parts")
    assert found["collections"].keys() == {"a", "b"}
    assert len(items) == 2


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("nothing.csv", None, "SB541"),
        ("x.docx", "word", "SB541"),
        ("x.csv", "", "SB414"),
        ("x.csv", "id,date\n", "SB540"),
        ("x.json", "{", "SB417"),
        ("x.ndjson", "nope\n", "SB540"),
        ("x.csv", "id,id\n1,2\n", "SB415"),
    ],
)
def test_what_cannot_be_read_writes_nothing(empty, name, text, code):
    if text is not None:
        empty.write(name, text)
    assert empty.ask("init", name, exit_=2)["error"]["code"] == code
    assert not (empty / "stacbuild.toml").exists()


def test_an_empty_folder_writes_nothing(empty):
    (empty / "void").mkdir()
    assert empty.ask("init", "void", exit_=2)["error"]["code"] == "SB541"


@pytest.mark.parametrize(
    "argv", [[], ["x.csv", "--list"], ["--template", "item", "--from", "x"], ["--template", "map"]]
)
def test_one_thing_is_to_be_named(empty, argv):
    done = empty.run("init", *argv)
    assert (done.exit, done.out) == (2, "")


def test_a_url_is_not_available_yet(empty):
    done = empty.run("init", "https://example.com/stac")
    assert done.exit == 2
    assert "`init URL` is not available yet" in done.err


# --- ready recipes


def test_ready_recipes_are_those_of_the_repository():
    there = {folder.name for folder in (ROOT / "recipes").iterdir() if (folder / "stacbuild.toml").is_file()}
    assert set(ready.names()) == there != set()
    assert all(ready.names().values())


def test_the_package_is_told_to_hold_them():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert {"ready/*", "ready/**/*"} <= set(settings["stacbuild"])
    assert (ROOT / "stacbuild/ready").is_symlink()
    assert (ROOT / "stacbuild/ready").resolve() == ROOT / "recipes"


def test_they_are_listed(empty):
    for argv in (["--list"], ["--from", "list"]):
        assert empty.run("init", *argv).out.splitlines()[0].startswith(next(iter(ready.names())))
    listed = empty.ask("init", "--list", exit_=0)["ready"]
    assert {each["name"]: each["title"] for each in listed} == ready.names()


@pytest.mark.parametrize("name", list(ready.names()))
def test_a_copy_is_whole_and_checks(empty, name):
    document = empty.ask("init", "--from", name, exit_=0)
    assert len(document["written"]) == len(ready.contents(name)) > 1
    for path, blob in ready.contents(name).items():
        assert (empty / path).read_bytes() == blob
    empty.ask("check", exit_=0)


def test_a_copy_overwrites_nothing_not_even_in_part(empty):
    empty.write("README.md", "mine")
    name = next(iter(ready.names()))
    assert empty.ask("init", "--from", name, exit_=2)["error"]["code"] == "SB543"
    assert sorted(path.name for path in empty.folder.iterdir()) == ["README.md"]
    empty.ask("init", "--from", name, "-o", "below/it", exit_=0)
    assert (empty / "below/it/stacbuild.toml").is_file()
    empty.ask("init", "--from", name, "--force", exit_=0)


def test_unknown_ready_recipes_get_near_names(empty):
    document = empty.ask("init", "--from", "maxar-open-dat", exit_=2)
    assert document["error"]["code"] == "SB542"
    assert document["error"]["hint"].startswith("did you mean `maxar-open-data`")


@pytest.mark.parametrize("name", ["..", "../..", "", "maxar-open-data/fixture", "/etc"])
def test_a_name_leads_nowhere_else(empty, name):
    assert empty.ask("init", "--from", name, exit_=2)["error"]["code"] == "SB542"


# --- templates


@pytest.mark.parametrize("kind", ["catalog", "collection", "item"])
def test_a_template_is_valid_and_printed(empty, kind):
    done = empty.run("init", "--template", kind)
    document = json.loads(done.out)
    assert validate_dict(document) is not None
    assert empty.ask("init", "--template", kind, exit_=0)["document"] == document
    empty.ask("init", "--template", kind, "-o", "x.json", exit_=0)
    assert json.loads((empty / "x.json").read_text()) == document
    assert empty.ask("init", "--template", kind, "-o", "x.json", exit_=2)["error"]["code"] == "SB543"


def test_the_item_template_builds(empty):
    empty.ask("init", "--template", "item", "-o", "my-item.json", exit_=0)
    _, _, items = begun(empty, "my-item.json")
    assert [item["id"] for item in items] == ["my-item"]


def test_help():
    text = ask("init", "-h").stdout
    assert "--template [catalog|collection|item]" in text
    assert "first 1,000 records" in " ".join(text.split())


def test_quiet_says_only_what_is_doubted(empty):
    empty.write("scenes.csv", SCENES)
    assert empty.run("init", "scenes.csv", "-q").out == ""
    empty.write("t.csv", "name,count\na,1\n")
    assert "look at" in empty.run("init", "t.csv", "--force", "-q").out
    assert json.loads(empty.run("init", "--template", "item", "-q").out)["id"] == "my-item"
