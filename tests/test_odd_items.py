"""Items, plug-ins and patches that are odd in the extreme: what breaks is theirs, and no build ends because of it."""

import json

import pytest
from kitchen import Kitchen, ran
from tiles import odd_items


def kitchen_of(folder, change, **collection):
    """Return a kitchen with every kind of file, over two items of which one is changed."""
    good = odd_items()[0] | {"id": "good"}
    odd = json.loads(json.dumps(good)) | {"id": "odd"}
    change(odd)
    kitchen = Kitchen(folder, None)
    kitchen.recipe |= {
        "sources": {"drop": {"kind": "stac-items", "path": "in.ndjson"}},
        "mappings": {},
        "collections": {"one": {"from": ["drop"], **collection}},
        "validation": {"level": "warn"},
    }
    kitchen.recipe["outputs"] |= {
        "table": {"kind": "geoparquet", "path": "dist/{collection}.parquet"},
        "parts": {"kind": "geoparquet", "path": "dist/parts/{collection}/{year}.parquet"},
        "features": {"kind": "item-collection", "path": "dist/{collection}.geojson"},
    }
    kitchen.recipe["outputs"]["site"] |= {"mirror": "table", "readme": True, "collections-file": True}
    kitchen.save()
    kitchen.write("in.ndjson", f"{json.dumps(good)}\n{json.dumps(odd)}\n")
    return kitchen


def nested(depth, objects=False):
    value = 1
    for _ in range(depth):
        value = {"a": value} if objects else [value]
    return value


ODD = {
    "nested lists": lambda item: item["properties"].update(deep=nested(190)),
    "nested objects": lambda item: item["properties"].update(deep=nested(190, objects=True)),
    "nested in an asset": lambda item: item["assets"]["data"].update(deep=nested(150, objects=True)),
    "nested in a link": lambda item: item["links"].append({"rel": "x", "href": "y", "deep": nested(150)}),
    "an integer of 400 digits": lambda item: item["properties"].update(deep=10**400),
    "integers beyond 64 bits": lambda item: item["properties"].update(deep=[2**64, -(2**63) - 1]),
    "a list of all kinds": lambda item: item["properties"].update(deep=[1, "a", None, {"b": []}, [2], [[3]], True]),
    "a box of 400 digits": lambda item: item.update(bbox=[10**400, 0, 0, 0]),
    "ten thousand properties": lambda item: item["properties"].update({f"p{n}": n for n in range(10_000)}),
    "a name that is empty": lambda item: item["properties"].update({"": 1, "a\0b": 2}),
    "properties called as members": lambda item: item["properties"].update(id="q", assets=5, links={}, geometry="x"),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_item_is_written_with_the_others_and_a_second_build_has_nothing_to_do(tmp_path, odd):
    kitchen = kitchen_of(tmp_path, ODD[odd], summaries=["deep"])
    report = kitchen.build("--max-failures", "100%")
    assert report["items"]["total"] == 2
    assert ran(kitchen.build("--max-failures", "100%")) == {}
    before = kitchen.tree("dist")
    kitchen.build("--force", "--max-failures", "100%")
    assert kitchen.tree("dist") == before


def test_values_of_all_kinds_are_summarised_each_once(tmp_path):
    values = [2, "a", True, {"b": []}, [2], [[3]], 2.5, [2]]
    kitchen = kitchen_of(tmp_path, lambda item: item["properties"].update(deep=values), summaries=["deep"])
    kitchen.build()
    said = json.loads((kitchen / "dist/site/one/collection.json").read_bytes())["summaries"]["deep"]
    assert said == [True, 2, 2.5, "a", [2], [[3]], {"b": []}]


# --- plug-ins

PLUG_IN = """
class Ours:
    name = "ours"

    def apply(self, item, config, ctx):
        {body}
"""


def plugged(folder, body):
    kitchen = Kitchen(folder, 2)
    kitchen.recipe["extensions"] = {"ours": {"use": "ours.py:Ours"}}
    kitchen.recipe["collections"]["one"]["extensions"] = ["ours"]
    kitchen.recipe["outputs"]["table"] = {"kind": "geoparquet", "path": "dist/{collection}.parquet"}
    kitchen.save()
    kitchen.write("ours.py", PLUG_IN.format(body=body.replace("\n", "\n        ")))
    return kitchen


@pytest.mark.parametrize(
    ("body", "path", "words"),
    [
        ("item['properties']['datetime'] = 5\nreturn item", "/properties/datetime", "a time is text, not a number"),
        ("item['bbox'] = 'x'\nreturn item", "/bbox", "4 or 6 numbers"),
        ("item['bbox'] = ['a', 'b', 'c', 'd']\nreturn item", "/bbox", "4 or 6 numbers"),
        ("del item['properties']\nreturn item", "/properties", "an object `properties`"),
        ("item['x'] = {1: 2}\nreturn item", "", "the name of a member is int, not text"),
        ("item['x'] = {1, 'a'}\nreturn item", "", "not JSON"),
        ("item['x'] = [b'x']\nreturn item", "", "bytes is no JSON value"),
        ("import decimal\nitem['x'] = decimal.Decimal('1.5')\nreturn item", "", "Decimal is no JSON value"),
        ("item['x'] = item\nreturn item", "", "nested more than 200 deep"),
        ("x = 1\nfor _ in range(500): x = [x]\nitem['x'] = x\nreturn item", "", "nested more than 200 deep"),
    ],
)
def test_what_a_plug_in_makes_of_an_item_is_refused_where_it_is_none(tmp_path, body, path, words):
    kitchen = plugged(tmp_path, body)
    kitchen.build(exit_=1)
    for failure in kitchen.failures():
        assert (failure["code"], failure["path"]) == ("SB232", path)
        assert words in failure["message"]
        assert failure["hint"]


@pytest.mark.parametrize(
    ("body", "words", "line"),
    [
        ("raise ValueError('no')", "ValueError: no", 6),
        ("item.clear()\nitem['id'] = 'x'\nraise ValueError('no')", "ValueError: no", 8),
        ("raise GeneratorExit", "GeneratorExit", 6),
        ("class Odd(BaseException): pass\nraise Odd('x')", "Odd: x", 7),
        ("class Odd(Exception):\n    def __str__(self): raise OSError\nraise Odd", "Odd", 8),
        ("return self.apply(item, config, ctx)", "RecursionError", 6),
    ],
)
def test_a_plug_in_that_raises_is_told_with_the_line_of_its_code(tmp_path, body, words, line):
    kitchen = plugged(tmp_path, body)
    kitchen.build(exit_=1)
    for failure in kitchen.failures():
        assert failure["code"] == "SB230"
        assert words in failure["message"]
        assert failure["hint"] == f"it was raised in ours.py:{line}"


def test_a_set_of_a_plug_in_is_a_list_in_one_order(tmp_path):
    kitchen = plugged(tmp_path, "item['properties']['words'] = {'b', 'a', 'c'}\nreturn item")
    kitchen.build()
    assert [item["properties"]["words"] for item in kitchen.items()] == [["a", "b", "c"]] * 2


# --- patches


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        ("properties.datetime", 5, "/properties/datetime"),
        ("bbox", "x", "/bbox"),
        ("bbox", [1, 2, 3], "/bbox"),
        ("assets.data", 5, "/assets/data"),
        ("stac_extensions", [5], "/stac_extensions"),
        ("properties", 5, "/properties"),
    ],
)
def test_a_patch_that_leaves_no_item_costs_the_items_that_it_hits(tmp_path, path, value, pointer):
    kitchen = Kitchen(tmp_path, 3)
    kitchen.recipe["patches"] = {"wrong": {"where": "gsd > 1", "set": {path: value}}}
    kitchen.recipe["collections"]["one"]["patches"] = ["wrong"]
    kitchen.save()
    kitchen.build(exit_=1)
    assert {(one["code"], one["path"]) for one in kitchen.failures()} == {("SB243", pointer)}
    assert all("patch 'wrong'" in one["message"] for one in kitchen.failures())
    assert kitchen.ids() == ["i0"]
