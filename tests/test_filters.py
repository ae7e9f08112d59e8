"""`transform`, `extend`, `patch` as filters: what they give is what a build writes; and what they do with bad input."""

import copy
import json

import pytest
from kitchen import Kitchen, row
from world_inputs import toml

EXTENSION = "https://example.com/ours/v1.0.0/schema.json"
ITEM = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "a",
    "geometry": {"type": "Point", "coordinates": [1, 2]},
    "bbox": [1, 2, 1, 2],
    "properties": {"datetime": "2024-01-01T00:00:00Z", "gsd": 10},
    "links": [{"rel": "self", "href": "https://example.com/a.json"}, {"rel": "via", "href": "./a.xml"}],
    "assets": {"data": {"href": "./a.tif"}},
}


def item(name="a", **members):
    return {**copy.deepcopy(ITEM), "id": name, **members}


def lines(*documents):
    return "".join(json.dumps(document) + "\n" for document in documents)


def items_of(text):
    return [json.loads(line) for line in text.split("\n") if line]


@pytest.fixture
def kitchen(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=[row(number) for number in (1, 2, 3)])
    kitchen.recipe["extensions"] = {
        "ours": {"use": "fields", "schema": EXTENSION, "properties": {"ours:level": {"value": 2}}},
        "mirrors": {"use": "alternate-assets", "alternates": {"m": {"href": "https://m.example.com/{name}"}}},
    }
    kitchen.recipe["patches"] = {
        "coarse": {"where": "gsd > 2", "set": {"properties.gsd": 99}},
        "gone": {"where": "id = 'i1'", "drop": True},
    }
    kitchen.save()
    return kitchen


def piped(kitchen, *commands, stdin=None):
    """Run commands one after the other, each on what the one before gave."""
    for argv in commands:
        done = kitchen.run(*argv, stdin=stdin)
        assert done.exit == 0, done.err
        stdin = done.out
    return stdin


# ---- the same code as in a build -------------------------------------------------------------------------------------


@pytest.mark.parametrize("href", ["https://example.com/{key}.xml", "./tiles/../tiles/{key}.tif"])
def test_filters_in_a_row_give_byte_for_byte_what_a_build_writes(kitchen, href):
    kitchen.recipe["mappings"]["plain"]["assets"]["more"] = {"href": {"template": href}}
    kitchen.recipe["collections"]["one"] |= {"extensions": ["ours", "mirrors"], "patches": ["coarse", "gone"]}
    kitchen.recipe["validation"] = {"level": "off"}
    kitchen.save()
    kitchen.build()
    built = (kitchen / "dist/one.ndjson").read_text()
    assert built.count("\n") == 2
    given = piped(
        kitchen,
        ["transform", "rows.csv", "-m", "plain"],
        ["extend", "-e", "ours", "-e", "extensions.mirrors"],
        ["patch", "-p", "coarse", "-p", "patches.gone"],
    )
    assert given == built


def test_what_transform_gives_is_valid(kitchen):
    given = piped(kitchen, ["transform", "rows.csv", "-m", "mappings.plain"], ["validate"])
    assert [one["id"] for one in items_of(given)] == ["i1", "i2", "i3"]


def test_transform_needs_neither_outputs_nor_sources_nor_collections(kitchen):
    for table in ("outputs", "sources", "collections", "extensions", "patches"):
        del kitchen.recipe[table]
    kitchen.save()
    given = items_of(piped(kitchen, ["transform", "rows.csv", "-m", "plain"]))
    assert {one["collection"] for one in given} == {"items"}
    assert not (kitchen / ".stacbuild").exists()


@pytest.mark.parametrize(
    ("rule", "flags", "expected"),
    [
        (None, [], ["one", "one", "one"]),
        (None, ["--collection", "x"], ["x", "x", "x"]),
        ({"template": "c-{gsd}"}, [], ["c-2", "c-3", "c-4"]),
        ({"template": "c-{gsd}"}, ["--collection", "x"], ["x", "x", "x"]),
    ],
)
def test_collection_is_what_is_asked_for_or_what_the_mapping_names_or_what_has_the_mapping(
    kitchen, rule, flags, expected
):
    if rule is not None:
        kitchen.recipe["mappings"]["plain"]["collection"] = rule
        kitchen.recipe["collections"] = {"c-*": kitchen.recipe["collections"]["one"]}
        kitchen.save()
    given = items_of(piped(kitchen, ["transform", "rows.csv", "-m", "plain", *flags]))
    assert [one["collection"] for one in given] == expected
    assert [one["links"][0]["href"] for one in given] == [f"./{name}/collection.json" for name in expected]


def test_lookup_tables_in_files_are_read_and_functions_run(kitchen):
    kitchen.write("m.csv", "code,name\n2,two\n3,three\n4,four\n")
    kitchen.write("ours.py", "def loud(record):\n    print('never on stdout')\n    return record['key'].upper()\n")
    properties = kitchen.recipe["mappings"]["plain"]["properties"]
    properties["word"] = {"from": "gsd", "lookup": {"file": "m.csv", "key": "code", "value": "name"}}
    properties["loud"] = {"function": "ours.py:loud"}
    kitchen.save()
    given = items_of(piped(kitchen, ["transform", "rows.csv", "-m", "plain"]))
    assert [one["properties"]["word"] for one in given] == ["two", "three", "four"]
    assert [one["properties"]["loud"] for one in given] == ["K1", "K2", "K3"]


def test_mapping_is_laid_over_items_told_by_what_is_in_the_input(kitchen):
    kitchen.recipe["mappings"]["over"] = {"properties": {"more": {"value": 1}}}
    kitchen.recipe["sources"]["theirs"] = {"kind": "stac-items", "path": "none/*.json"}
    kitchen.recipe["collections"]["theirs-*"] = {"from": ["theirs"], "mapping": "over"}
    kitchen.save()
    kitchen.write("sub/a.ndjson", lines(item("a", collection="theirs", stac_version="1.0.0")))
    [made] = items_of(piped(kitchen, ["transform", "sub/a.ndjson", "-m", "over"]))
    assert (made["properties"]["more"], made["properties"]["gsd"], made["stac_version"]) == (1, 10, "1.1.0")
    assert made["assets"]["data"]["href"] == "sub/a.tif"
    assert made["collection"] == "theirs"
    assert [link["rel"] for link in made["links"]] == ["collection", "via"]
    [again] = items_of(piped(kitchen, ["transform", "-m", "over"], stdin=lines(item("a"))))
    assert again["collection"] == "items"


def test_records_are_read_as_a_source_of_the_recipe_says(kitchen):
    kitchen.recipe["sources"]["semicolons"] = {
        "kind": "table", "path": "no.csv", "key": "key", "delimiter": ";", "missing": ["NA"], "encoding": "latin-1",
    }  # fmt: skip
    kitchen.save()
    kitchen.write("s.txt", "key;id;date;lon;lat;gsd;note\nk;i\xe4;2024-01-01;1;2;3;NA\n".encode("latin-1"))
    flags = ["--source", "semicolons", "--format", "csv"]
    [made] = items_of(piped(kitchen, ["transform", "s.txt", "-m", "plain", *flags]))
    assert made["id"] == "i\xe4"
    assert "note" not in made["properties"]


@pytest.mark.parametrize("form", ["csv", "ndjson", "json", None])
def test_records_come_through_standard_input(kitchen, form):
    records = [row(1), row(2)]
    text = {
        "csv": ",".join(records[0]) + "\n" + "".join(",".join(one.values()) + "\n" for one in records),
        "json": json.dumps(records),
    }.get(form, lines(*records))
    flags = ["--format", form] if form else []
    given = items_of(piped(kitchen, ["transform", "-m", "plain", *flags], stdin=text))
    assert [one["id"] for one in given] == ["i1", "i2"]


# ---- extend and patch ------------------------------------------------------------------------------------------------


def test_extend_leaves_links_and_hrefs_as_they_are(kitchen):
    kitchen.write("deep/a.json", json.dumps(item()))
    [made] = items_of(piped(kitchen, ["extend", "deep/a.json", "-e", "ours"]))
    assert made["links"] == ITEM["links"]
    assert made["assets"] == ITEM["assets"]
    assert made["properties"] == {**ITEM["properties"], "ours:level": 2}
    assert made["stac_extensions"] == [EXTENSION]
    assert "collection" not in made


def test_extension_reads_files_beside_the_item(kitchen):
    kitchen.recipe["extensions"] = {"sums": {"use": "file"}}
    kitchen.save()
    kitchen.write("deep/a.json", json.dumps(item()))
    kitchen.write("deep/a.tif", b"12345")
    [made] = items_of(piped(kitchen, ["extend", "deep/a.json", "-e", "sums"]))
    assert made["assets"]["data"]["file:size"] == 5


def test_extensions_may_stand_in_a_small_file_of_their_own(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=None)
    kitchen.write("ext.toml", toml({"catalog": {"id": "x"}, "extensions": {
        "ours": {"use": "fields", "schema": EXTENSION, "properties": {"ours:a": {"value": 1}}}}}))  # fmt: skip
    [made] = items_of(piped(kitchen, ["extend", "-f", "ext.toml", "-e", "ours"], stdin=lines(item())))
    assert made["properties"]["ours:a"] == 1


def test_extension_by_flags_needs_no_recipe(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=None)
    (kitchen / "stacbuild.toml").unlink()
    flags = ["--set", "alternates.m.href=https://m.example.com/{name}", "--set", "alternates.m.name=Mirror"]
    [made] = items_of(piped(kitchen, ["extend", "--use", "alternate-assets", *flags], stdin=lines(item())))
    assert made["assets"]["data"]["alternate"] == {
        "m": {"href": "https://m.example.com/a.tif", "alternate:name": "Mirror"}
    }
    kitchen.write("own.py", "class Own:\n name = 'own'\n def apply(self, item, config, ctx):\n"
                            "  item['properties']['own:by'] = config['by']\n  return item\n")  # fmt: skip
    [made] = items_of(piped(kitchen, ["extend", "--use", "own.py:Own", "--set", "by=us"], stdin=lines(item())))
    assert made["properties"]["own:by"] == "us"


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ([], "-e"),
        (["-e", "ours", "--use", "fields"], "-e"),
        (["--set", "a=1"], "--use"),
        (["--use", "fieldz"], "did you mean `fields`?"),
        (["--use", "fields"], "sets nothing"),
        (["--use", "fields", "--set", "schemas=x"], "did you mean `schema`?"),
        (["--use", "fields", "--set", "schema"], "PATH=VALUE"),
        (["--use", "fields", "--set", "properties.a=1", "--set", "properties=1"], "does not fit"),
        (["--use", "no.py:Own"], "no file no.py"),
    ],
)
def test_wrong_extensions_are_wrong_usage(kitchen, flags, word):
    done = kitchen.run("extend", *flags, stdin=lines(item()))
    assert (done.exit, done.out) == (2, "")
    assert word in done.err


def test_plug_in_that_fails_costs_the_item(kitchen):
    kitchen.recipe["extensions"]["own"] = {"use": "own.py:Own"}
    kitchen.save()
    kitchen.write("own.py", "class Own:\n name = 'own'\n def apply(self, item, config, ctx):\n"
                            "  if item['id'] == 'b': raise RuntimeError('no b')\n  return item\n")  # fmt: skip
    done = kitchen.run("extend", "-e", "own", stdin=lines(item("a"), item("b"), item("c")))
    assert done.exit == 1
    assert [one["id"] for one in items_of(done.out)] == ["a", "c"]
    assert "-:2: error[SB230]" in done.err
    assert "no b" in done.err


def test_patch_by_flags_needs_no_recipe(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=None)
    (kitchen / "stacbuild.toml").unlink()
    flags = ["--where", "gsd > 5", "--set", "properties.gsd=5", "--set", "properties.title=plain text",
             "--append", 'properties.instruments=["msi"]', "--append", "properties.tags=x",
             "--remove", "assets.data.title"]  # fmt: skip
    low = item("low", properties={"datetime": None, "gsd": 1})
    given = items_of(piped(kitchen, ["patch", *flags], stdin=lines(item(), low)))
    assert given[0]["properties"] == {
        "datetime": "2024-01-01T00:00:00Z", "gsd": 5, "title": "plain text", "instruments": ["msi"], "tags": ["x"],
    }  # fmt: skip
    assert given[1] == low
    left = items_of(piped(kitchen, ["patch", "--where", "gsd > 5", "--drop"], stdin=lines(item(), low)))
    assert [one["id"] for one in left] == ["low"]


def test_patches_are_counted(kitchen):
    kitchen.write("in.ndjson", lines(item("i1"), item("x"), item("y", properties={"datetime": None, "gsd": 1})))
    report = kitchen.ask("patch", "in.ndjson", "-p", "coarse", "-p", "gone", "-o", "out.ndjson", exit_=0)
    assert report["items"] == {"read": 3, "written": 2, "failed": 0, "dropped": 1}
    assert report["patches"] == {
        "coarse": {"matched": 2, "changed": 2, "dropped": 0},
        "gone": {"matched": 1, "changed": 0, "dropped": 1},
    }


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ([], "-p"),
        (["-p", "coarse", "--drop"], "-p"),
        (["--set", "gsd"], "PATH=VALUE"),
        (["--set", "id=b"], "build's own"),
        (["--remove", "properties.datetime"], "no item can be without it"),
        (["--where", "gsd >", "--drop"], "--where cannot be used"),
        (["--where", "gsd > 1"], "does nothing"),
        (["--drop", "--set", "properties.a=1"], "--drop"),
        (["-p", "coarze"], "did you mean `coarse`?"),
    ],
)
def test_wrong_patches_are_wrong_usage(kitchen, flags, word):
    done = kitchen.run("patch", *flags, stdin=lines(item()))
    assert (done.exit, done.out) == (2, "")
    assert word in done.err


@pytest.mark.parametrize(
    "odd", [{"links": None}, {"assets": None}, {"links": [{"rel": ["x"], "href": 5}]}, {"a": None}]
)
def test_items_with_odd_members_go_through(kitchen, odd):
    for argv in (
        ["extend", "-e", "ours", "-e", "mirrors"],
        ["patch", "--set", "properties.x=1"],
        ["convert", "-", "-"],
    ):
        [made] = items_of(piped(kitchen, argv, stdin=lines(item(**odd))))
        [name] = odd
        assert (made[name] or None) == (odd[name] or None)


def test_items_without_links_and_assets_go_through(kitchen):
    bare = {name: value for name, value in item().items() if name not in ("links", "assets")}
    assert items_of(piped(kitchen, ["convert", "-", "-"], stdin=lines(bare))) == [bare]
    [made] = items_of(piped(kitchen, ["extend", "-e", "mirrors"], stdin=lines(bare)))
    assert (made["links"], made["assets"]) == ([], {})


# ---- bad input -------------------------------------------------------------------------------------------------------


def test_what_cannot_be_read_costs_itself_and_is_told_as_a_build_tells_it(kitchen):
    text = lines(item("a")) + "{not json\n" + lines({"type": "Catalog"}, {**item("b"), "properties": 1}, item("c"))
    done = kitchen.run("extend", "-e", "ours", "--failures", "f.ndjson", stdin=text)
    assert done.exit == 1
    assert [one["id"] for one in items_of(done.out)] == ["a", "c"]
    failures = items_of((kitchen / "f.ndjson").read_text())
    assert [(one["code"], one["source"]["where"]) for one in failures] == [
        ("SB406", "-:2"), ("SB409", "-:3"), ("SB220", "-:4"),
    ]  # fmt: skip
    assert failures[2]["item_id"] == "b"
    assert set(failures[0]) >= {"target", "stage", "error_type", "message", "path", "hint", "timestamp", "group"}


@pytest.mark.parametrize("argv", [["extend", "-e", "ours"], ["patch", "--drop"], ["transform", "-m", "plain"]])
def test_nothing_through_a_pipe_is_nothing(kitchen, argv):
    done = kitchen.run(*argv, stdin="")
    assert (done.exit, done.out) == (0, "")


def test_line_that_is_too_long_costs_itself(kitchen, monkeypatch):
    monkeypatch.setattr("stacbuild.sources.text.LIMIT", 5000)
    monkeypatch.setattr("stacbuild.sources.json_object.LIMIT", 5000)
    text = lines(item("a"), item("b", note="x" * 9000), item("c"))
    kitchen.write("in.ndjson", text)
    done = kitchen.run("patch", "in.ndjson", "--set", "properties.a=1")
    assert done.exit == 1
    assert [one["id"] for one in items_of(done.out)] == ["a", "c"]
    assert "in.ndjson:2: error[SB404]" in done.err


def test_file_that_is_not_there_is_wrong_usage_and_nothing_is_written(kitchen):
    done = kitchen.run("patch", "no.ndjson", "--drop", "-o", "out.ndjson")
    assert done.exit == 2
    assert "SB530" in done.err
    assert not (kitchen / "out.ndjson").exists()


def test_damaged_file_is_told_and_the_others_are_read(kitchen):
    kitchen.write("a.ndjson.gz", b"no gzip")
    kitchen.write("b.ndjson", lines(item("b")))
    done = kitchen.run("patch", "a.ndjson.gz", "b.ndjson", "--set", "properties.a=1")
    assert done.exit == 1
    assert [one["id"] for one in items_of(done.out)] == ["b"]
    assert "a.ndjson.gz: error[SB413]" in done.err


def test_below_a_folder_what_is_no_item_is_passed_over(kitchen):
    kitchen.write("tree/catalog.json", json.dumps({"type": "Catalog", "id": "x", "links": []}))
    kitchen.write("tree/package.json", "{}")
    kitchen.write("tree/a/a.json", json.dumps(item()))
    report = kitchen.ask("patch", "tree", "--set", "properties.a=1", "-o", "o.ndjson", exit_=0)
    assert report["items"] == {"read": 1, "written": 1, "failed": 0, "dropped": 0}
