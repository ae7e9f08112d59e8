"""Source `stac-items`: every form of file gives the items that stand in it, unchanged, each under a key of its own."""

import bz2
import gzip
import json
import sys
import time
from pathlib import Path

import pytest
import zstandard
from kitchen import Kitchen

from stacbuild import canon
from stacbuild.recipe.schema import StacItemsSource, TableSource
from stacbuild.sources import stac_items, table
from stacbuild.sources.base import Shard
from stacbuild.sources.items import upstream_collection

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def item(name, **more):
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "geometry": {"type": "Point", "coordinates": [1.5, 2]},
        "bbox": [1.5, 2, 1.5, 2],
        "properties": {"datetime": None, "start_datetime": "2024-01-01T00:00:00Z", "gsd": None},
        "links": [],
        "assets": {},
        **more,
    }


A, B = item("a", collection="one"), item("b", extra=None)
FORMS = {
    "item.json": (json.dumps(A), [A], [1]),
    "item.geojson": (json.dumps(A, indent=2), [A], [1]),
    "ITEM.JSON": (json.dumps(A), [A], [1]),
    "collection.json": (json.dumps({"type": "FeatureCollection", "features": [A, B]}), [A, B], [1, 2]),
    "page.json": (json.dumps({"features": [A, B], "links": [], "type": "FeatureCollection"}), [A, B], [1, 2]),
    "empty.json": ('{"type":"FeatureCollection","features":[]}', [], []),
    "array.json": (json.dumps([A, B]), [A, B], [1, 2]),
    "nothing.json": ("[]", [], []),
    "lines.ndjson": (f"{json.dumps(A)}\n\n{json.dumps(B)}\n", [A, B], [1, 3]),
    "lines.jsonl": (f"{json.dumps(A)}\r\n{json.dumps(B)}", [A, B], [1, 2]),
    "lines.geojsonl": (f"\ufeff{json.dumps(A)}\n{json.dumps(B)}", [A, B], [1, 2]),
    "bom.json": (f"\ufeff{json.dumps(A)}", [A], [1]),
}
PACKED = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}


def read(folder, name, blob, *, named=True, **more):
    (folder / name).write_bytes(blob if isinstance(blob, bytes) else blob.encode())
    return list(stac_items.read(Shard(name, folder / name, named), StacItemsSource(path=name, **more)))


def items(raws):
    assert all(raw.fault is None for raw in raws)
    return [json.loads(raw.blob) for raw in raws]


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_its_items_with_their_nulls_and_places(tmp_path, name, suffix):
    text, expected, lines = FORMS[name]
    found = read(tmp_path, name + suffix, PACKED[suffix](text.encode()))
    assert [raw.blob for raw in found] == [canon.encode(one) for one in expected]
    assert [raw.line for raw in found] == lines
    assert [raw.ordinal for raw in found] == list(range(len(expected)))
    assert [raw.key for raw in found] == ["one/a", "/b"][: len(expected)]


def test_equal_ids_have_keys_of_their_own_in_their_order(tmp_path):
    same = [item(name, collection=of) for name, of in [("a", "c"), ("a", "c"), ("a", "d"), ("a#2", "c"), ("a", "c")]]
    assert [raw.key for raw in read(tmp_path, "t.json", json.dumps(same))] == [
        "c/a",
        "c/a#2",
        "d/a",
        "c/a#2#2",
        "c/a#3",
    ]


def test_what_is_ignored_is_not_in_the_bytes(tmp_path):
    asset = {"href": "https://x.example/a.tif?sig=1&se=2#part", "title": "t?"}
    one = item(
        "a", links=[{"rel": "self", "href": "x?y"}, {"rel": "via", "href": "z"}], assets={"d": asset, "e": asset}
    )
    one["properties"] |= {"updated": "2024-01-01", "a.b": 1, "a": {"b": 2, "c": 3}}
    paths = [
        "links.0",
        "assets.*.href?query",
        "assets.e.title",
        "properties.updated",
        r"properties.a\.b",
        "gone.at.all",
    ]
    (found,) = items(read(tmp_path, "a.json", json.dumps(one), ignore=paths))
    assert found["links"] == [{"rel": "via", "href": "z"}]
    assert found["assets"]["d"] == {"href": "https://x.example/a.tif#part", "title": "t?"}
    assert found["assets"]["e"] == {"href": "https://x.example/a.tif#part"}
    assert "updated" not in found["properties"]
    assert found["properties"]["a"] == {"b": 2, "c": 3}
    assert "a.b" not in found["properties"]


def test_whole_lists_are_ignored_by_star(tmp_path):
    one = item("a", links=[{"rel": "self"}, {"rel": "via"}, {"rel": "next"}])
    (found,) = items(read(tmp_path, "a.json", json.dumps(one), ignore=["links.*", "bbox"]))
    assert found["links"] == []
    assert "bbox" not in found


def test_a_glob_lists_each_file_once_and_knows_what_the_recipe_names(tmp_path):
    for name in ("a.json", "b.json", "c.txt"):
        (tmp_path / name).write_text("[]")
    source = StacItemsSource(path=["*.json", "./b.json", "gone.json"])
    found = stac_items.shards(source, tmp_path)
    assert [(shard.name, shard.named) for shard in found] == [("a.json", False), ("b.json", True), ("gone.json", True)]
    assert stac_items.missing_paths(source, tmp_path) == ["gone.json"]


COLLECTION = {"type": "Collection", "stac_version": "1.0.0", "id": "c", "description": "d", "links": [], "extent": {}}
ABOVE = {
    "a Collection": COLLECTION,
    "a Catalog": {"type": "Catalog", "stac_version": "1.0.0", "id": "c", "description": "d", "links": []},
    "a list of Collections": {"collections": [COLLECTION], "links": []},
}


@pytest.mark.parametrize("what", ABOVE)
def test_what_stands_above_items_is_passed_over_in_a_glob_and_an_error_where_it_is_named(tmp_path, what):
    for blob in (ABOVE[what], {name: value for name, value in ABOVE[what].items() if name != "type"}):
        assert read(tmp_path, "c.json", json.dumps(blob), named=False) == []
        (found,) = read(tmp_path, "c.json", json.dumps(blob))
        assert (found.fault.code, found.fault.message) == ("SB409", f"{what}, not an Item")
        assert "stac-catalog" in found.fault.hint


def test_collections_between_items_do_not_move_their_ordinals(tmp_path):
    lines = "\n".join(json.dumps(one) for one in (A, COLLECTION, B))
    found = read(tmp_path, "c.ndjson", lines, named=False)
    assert [(raw.ordinal, raw.line, raw.key) for raw in found] == [(0, 1, "one/a"), (1, 3, "/b")]


def test_upstream_collection_is_text_or_nothing():
    assert [upstream_collection({"collection": value}) for value in ("a", "", None, 5, ["a"])] == [
        "a",
        *[None] * 4,
    ]
    assert upstream_collection({}) is None


def test_settings_are_what_decides_the_items_and_not_where_they_lie():
    def settings(**more):
        return stac_items.fetch_settings(StacItemsSource(**{"path": "a"} | more))

    assert settings(path="a/*") == settings(path=["b/*", "c/**/*.json"]) == settings(path="a/*", ignore=[])
    assert settings(ignore=["a", "b"]) == settings(ignore=["b", "a", "a"]) != settings()


def test_ten_thousand_files_of_one_item_are_read_without_what_is_heavy(tmp_path):
    heavy = {"pyarrow", "shapely", "pystac", "httpx"}
    before = heavy & set(sys.modules)
    for number in range(10_000):
        (tmp_path / f"{number}.json").write_text(json.dumps(item(str(number))))
    source = StacItemsSource(path="*.json")
    begun = time.process_time()
    assert sum(1 for shard in stac_items.shards(source, tmp_path) for _ in stac_items.read(shard, source)) == 10_000
    assert time.process_time() - begun < 20
    assert heavy & set(sys.modules) == before


def test_a_table_reads_the_features_of_a_feature_collection(tmp_path):
    features = [{"type": "Feature", "geometry": None, "properties": {"n": n}} for n in (1, 2)]
    for name in ("f.geojson", "f.json"):
        (tmp_path / name).write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        found = list(table.read(Shard(name, tmp_path / name), TableSource(path=name, key="properties.n")))
        assert [raw.key for raw in found] == ["1", "2"]
        assert json.loads(found[0].blob) == {"type": "Feature", "properties": {"n": 1}}


@pytest.mark.parametrize("set_", sorted((DATA / "items").glob("*.ndjson")), ids=lambda path: path.stem)
def test_real_items_come_as_they_are(tmp_path, set_):
    expected = [canon.encode(canon.decode(line)) for line in set_.read_bytes().splitlines()]
    assert [raw.blob for raw in read(tmp_path, "t.ndjson", set_.read_bytes())] == expected
    whole = b'{"type":"FeatureCollection","features":[' + b",".join(expected) + b"]}"
    assert [raw.blob for raw in read(tmp_path, "t.json.gz", gzip.compress(whole, 1))] == expected


def test_real_features_that_are_not_stac_are_told_and_read_as_a_table(tmp_path):
    files = sorted((DATA / "geojson").rglob("*.geojson"))
    if not files:
        pytest.skip("the real data is not here")
    for file in files:
        records = list(table.read(Shard(file.name, file), TableSource(path=file.name, key="*")))
        assert records
        assert all(raw.fault is None and json.loads(raw.blob)["type"] == "Feature" for raw in records)
        told = list(stac_items.read(Shard(file.name, file), StacItemsSource(path=file.name)))
        assert {raw.fault.code for raw in told} == {"SB409"}


def test_other_compressions_are_no_json(tmp_path):
    with pytest.raises(stac_items.SourceUnreadable):
        read(tmp_path, "a.json.bz2", bz2.compress(b"[]"))


@pytest.mark.parametrize("name", ["items.json", "items.geojson.gz", "array.json"])
def test_the_same_items_in_another_form_are_the_same_catalog(tmp_path, name):
    found = [item(f"i{number}", geometry=None) | {"bbox": None} for number in range(20)]
    whole = found if name.startswith("array") else {"type": "FeatureCollection", "features": found}
    blob = json.dumps(whole).encode()
    forms = {
        "lines.ndjson": "\n".join(map(json.dumps, found)).encode(),
        name: gzip.compress(blob) if name.endswith("gz") else blob,
    }
    built = []
    for form, content in forms.items():
        source = {"items": {"kind": "stac-items", "path": form}}
        made = Kitchen(tmp_path / form, rows=None, sources=source, collections={"one": {"from": ["items"]}})
        made.recipe["validation"] = {"level": "off"}
        made.save()
        made.write(form, content)
        assert made.build()["items"]["added"] == len(found)
        built.append(made.tree("dist"))
    assert built[0] == built[1]


def test_check_says_how_many_files_of_a_pattern_hold_no_item(tmp_path):
    source = {"items": {"kind": "stac-items", "path": "drop/*.json"}}
    made = Kitchen(tmp_path / "k", rows=None, sources=source, collections={"one": {"from": ["items"]}})
    for name, document in {"a": item("a"), "b": item("b"), "c": ABOVE["a Collection"]}.items():
        made.write(f"drop/{name}.json", json.dumps(document))
    told = [warning for warning in made.ask("check")["warnings"] if warning["code"] == "SB721"]
    assert [warning["message"] for warning in told] == [
        "source 'items': 1 of 3 files hold no Item and are passed over: Catalogs, Collections, nothing"
    ]
    assert made.build(exit_=None)["stages"]["fetch"]["ran"] == 2


def test_a_collection_that_is_named_after_a_pattern_found_it_is_told(tmp_path):
    source = {"items": {"kind": "stac-items", "path": ["*.json"]}}
    made = Kitchen(tmp_path / "k", rows=None, sources=source, collections={"one": {"from": ["items"]}})
    made.recipe["validation"] = {"level": "off"}
    made.write("a.json", json.dumps(item("a")))
    made.write("c.json", json.dumps(ABOVE["a Collection"]))
    made.save()
    made.build()
    made.build()
    made.recipe["sources"]["items"]["path"] = ["a.json", "c.json"]
    made.save()
    assert made.build(exit_=1)["items"]["failed"] == 1
    assert [failure["code"] for failure in made.failures()] == ["SB409"]
    made.recipe["sources"]["items"]["path"] = ["*.json"]
    made.save()
    assert made.build()["items"]["failed"] == 0
