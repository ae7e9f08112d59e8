"""Bad recipes, files, ids and hrefs, by the real command line: a clear error or a failed item, never half a build."""

import json
import os
import unicodedata
from pathlib import Path

import pystac
import pytest
from kitchen import Kitchen, csv_of, ran, row

ODD_IDS = [
    *(
        "a/b",
        "..",
        ".",
        "../../etc/x",
        "/abs",
        ".hidden",
        "x" * 300,
        "x" * 121,
        "x" * 119 + "é",
        "CON",
        "con",
        "nul.txt",
    ),
    *(
        "Case",
        "case",
        "cafe\u0301",
        "caf\u00e9",
        "a b",
        "trail.",
        "trail ",
        "%41",
        "A",
        "a%2Fb",
        "~",
        "ß",
        "SS",
        "😀" * 40,
    ),
    *("a\\b", "a?b#c", "İ", "\u212a", "k", "\u017f", "s", "catalog", "collection", "collections", "README.md", "2024"),
    *("catalog.json", "collection.json", "item.json", "CATALOG", "-", "*", "[x]", "{id}", "aux."),
]


@pytest.fixture
def kitchen(tmp_path):
    return Kitchen(tmp_path)


def codes(kitchen):
    return [failure["code"] for failure in kitchen.failures()]


# --- the recipe


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "[catalog]"),
        ("[catalog\nid = 1", "stacbuild.toml:1"),
        ('[catalog]\nid = "x"\n[catalog]\n', "stacbuild.toml:3"),
        ('[catalog]\nid = "x"\nidd = "y"\n', "stacbuild.toml:3:1"),
        ('[catalog]\nid = "x"\ntitel = "y"\n', "did you mean `title`?"),
        ("[catalog]\nid = 5\n", "stacbuild.toml:2"),
        ('[catalog]\nid = "x"\n[outputs.a]\nkind = "nope"\npath = "x"\n', "stacbuild.toml:4"),
        (b"[catalog]\nid = '\xff'\n", "stacbuild.toml:2"),
        ("a = " + "[" * 10_000, "nested too deep"),
        ("x" * 100_000, "stacbuild.toml:1"),
    ],
)
def test_a_bad_recipe_is_exit_2_with_its_line_and_nothing_is_written(kitchen, text, words):
    kitchen.write("stacbuild.toml", text)
    for command in (["build"], ["status"], ["check"], ["clean"], ["ls"], ["gc"], ["why", "item:x"], ["build", "-n"]):
        done = kitchen.run(*command)
        assert done.exit == 2
        assert words in done.out + done.err
        document = kitchen.ask(*command, exit_=2)
        if command != ["check"]:
            assert document["error"]["code"].startswith("SB")
            assert document["error"]["message"]
    assert sorted(path.name for path in kitchen.folder.iterdir()) == ["rows.csv", "stacbuild.toml"]


def test_all_bad_tables_are_told_at_once(kitchen):
    kitchen.recipe["sources"]["rows"]["kye"] = "key"
    kitchen.recipe["collections"]["one"]["from"] = ["rwos"]
    kitchen.recipe["outputs"]["site"]["indent"] = "two"
    kitchen.save()
    said = kitchen.run("build").err
    assert all(word in said for word in ("kye", "did you mean `key`", "rwos", "indent"))


@pytest.mark.parametrize(
    ("argv", "exit_", "words"),
    [
        (["-f", "none.toml", "build"], 2, "none.toml"),
        (["-f", ".", "build"], 2, "folder"),
        (["build", "i0"], 2, "item:i0"),
        (["build", "item:i99"], 2, "item:i99"),
        (["build", "outputs:site"], 2, "output"),
        (["why", "item:i99"], 2, "there is no target"),
        (["build", "-j", "x"], 2, "-j"),
        (["clean", "item:i0"], 2, "output"),
    ],
)
def test_a_wrong_command_line_is_exit_2_and_says_what_to_do(kitchen, argv, exit_, words):
    kitchen.build()
    done = kitchen.run(*argv)
    assert done.exit == exit_
    assert words in done.err
    assert kitchen.ask(*argv, exit_=exit_)["error"]["code"]


def test_two_collections_never_share_files_of_items(kitchen):
    kitchen.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "plain"}
    for layout in ("{id}.json", "{year}/{id}.json", "{year}/{collection}/{id}.json", "{collection}{id}.json"):
        kitchen.recipe["outputs"]["site"]["layout"] = layout
        kitchen.save()
        done = kitchen.run("build")
        assert (done.exit, "folder of its own" in done.err) == (2, True)
    del kitchen.recipe["outputs"]["site"]["layout"]
    kitchen.save()
    assert kitchen.build()["items"]["total"] == 6


# --- files


def test_a_named_file_that_never_was_is_exit_2_with_its_line(tmp_path):
    kitchen = Kitchen(tmp_path, rows=None)
    for command in (["build"], ["build", "-n"], ["check"]):
        done = kitchen.run(*command)
        assert done.exit == 2
        assert "there is no file rows.csv" in done.out + done.err
        assert "stacbuild.toml:6" in done.out + done.err
    assert not (kitchen / "dist").exists()
    kitchen.rows([row(0)])
    assert kitchen.build()["items"]["total"] == 1


@pytest.mark.parametrize("spoil", ["gone", "folder", "empty", "utf-16"])
def test_a_file_that_was_there_and_cannot_be_read_keeps_its_items_and_is_tried_again(kitchen, spoil):
    kitchen.build()
    before, good = kitchen.tree("dist"), (kitchen / "rows.csv").read_bytes()
    (kitchen / "rows.csv").unlink()
    if spoil == "folder":
        (kitchen / "rows.csv").mkdir()
    elif spoil != "gone":
        kitchen.write("rows.csv", b"" if spoil == "empty" else good.decode().encode("utf-16"))
    for _ in range(2):
        document = kitchen.build(exit_=1)
        assert ran(document) == {}
        assert (document["items"]["total"], document["failures"]["count"]) == (3, 1)
        (failure,) = kitchen.failures()
        assert failure["target"] == "source:rows"
        assert failure["source"]["where"].startswith("rows.csv")
        assert kitchen.tree("dist") == before
    assert "rows.csv" in kitchen.run("build").out
    if spoil == "folder":
        (kitchen / "rows.csv").rmdir()
    kitchen.write("rows.csv", good)
    document = kitchen.build()
    assert (ran(document), document["failures"]["count"], kitchen.failures()) == ({}, 0, [])


def test_a_listing_that_becomes_empty_deletes_nothing(kitchen):
    kitchen.build()
    before = kitchen.tree("dist")
    kitchen.rows([])
    document = kitchen.build(exit_=1)
    assert (kitchen.tree("dist"), document["items"]["deleted"]) == (before, 0)
    assert "--max-deletions 100%" in document["held_back"][0]
    document = kitchen.build("--max-deletions", "100%")
    assert (document["items"]["deleted"], kitchen.ids()) == (3, [])


def test_a_pattern_that_matches_nothing_is_built_and_an_error_in_check(tmp_path):
    kitchen = Kitchen(tmp_path, rows=None)
    kitchen.recipe["sources"]["rows"]["path"] = "data/*.csv"
    kitchen.save()
    assert kitchen.build()["items"]["total"] == 0
    assert kitchen.run("check").exit == 2
    assert pystac.Catalog.from_file(str(kitchen / "dist/site/catalog.json")).validate_all() == 0


def test_a_bom_is_no_part_of_the_first_column(kitchen):
    kitchen.write("rows.csv", b"\xef\xbb\xbf" + csv_of([row(0)]).encode())
    assert kitchen.build()["failures"]["count"] == 0
    assert kitchen.ids() == ["i0"]


# --- ids as paths


@pytest.mark.parametrize("layout", [None, "{collection}/{id}.json", "{collection}/{year}/{id}/{id}.json"])
def test_odd_ids_have_paths_that_every_file_system_takes_and_pystac_opens_them(kitchen, layout):
    kitchen.rows([row(number, id=identity) for number, identity in enumerate(ODD_IDS)])
    if layout:
        kitchen.recipe["outputs"]["site"]["layout"] = layout
        kitchen.save()
    assert kitchen.build()["items"]["total"] == len(ODD_IDS)
    assert kitchen.ids() == sorted(ODD_IDS)
    paths = list(kitchen.tree("dist"))
    folded = {unicodedata.normalize("NFC", path).casefold() for path in paths}
    assert len(folded) == len(paths)
    for path in paths:
        parts = path.removeprefix("dist/.stacbuild-manifest/").split("/")
        assert all(len(part) <= 140 and not part.endswith((" ", ".")) and part.strip(".") for part in parts)
        assert all("~" in part for part in parts if part.startswith("."))
        assert all("~" in part for part in parts if part.split(".")[0].lower() in ("con", "nul", "aux"))
    items = list(pystac.Catalog.from_file(str(kitchen / "dist/site/catalog.json")).get_items(recursive=True))
    assert sorted(item.id for item in items) == sorted(ODD_IDS)
    assert ran(kitchen.build()) == {}
    for identity in ("a/b", "..", "x" * 300, "caf\u00e9"):
        assert kitchen.ask("why", f"item:one/{identity}", exit_=0)["target"] == f"item:one/{identity}"


def test_the_path_of_an_id_depends_on_the_set_of_ids_only(kitchen, tmp_path):
    kitchen.rows([row(0, id="Case"), row(1)])
    kitchen.build()
    assert (kitchen / "dist/site/one/Case/Case.json").exists()
    kitchen.rows([row(0, id="Case"), row(1), row(2, id="case")])
    kitchen.build()
    other = Kitchen(tmp_path / "other", rows=[row(2, id="case"), row(0, id="Case"), row(1)])
    other.build()
    assert sorted(kitchen.tree("dist/site")) == sorted(other.tree("dist/site"))
    assert not (kitchen / "dist/site/one/Case").exists()
    kitchen.rows([row(0, id="Case"), row(1)])
    kitchen.build()
    assert (kitchen / "dist/site/one/Case/Case.json").exists()


# --- hrefs


def test_hrefs_stay_right_in_both_outputs_and_tell_no_path_of_this_machine(kitchen):
    kitchen.recipe["mappings"]["plain"]["assets"]["data"]["href"] = "note"
    hrefs = ["https://example.com/a.tif", "img/a b.tif", "./c.tif", "../up/d.tif", "s3://bucket/e.tif"]
    kitchen.save()
    kitchen.rows([row(number, note=href) for number, href in enumerate(hrefs)])
    kitchen.build()
    lines = {item["id"]: item["assets"]["data"]["href"] for item in kitchen.items()}
    assert lines == dict(
        zip(("i0", "i1", "i2", "i3", "i4"), [hrefs[0], "img/a b.tif", "c.tif", "../up/d.tif", hrefs[4]], strict=True)
    )
    for name, local in {"i1": "img/a b.tif", "i2": "c.tif", "i3": "../up/d.tif"}.items():
        file = kitchen / f"dist/site/one/{name}/{name}.json"
        href = json.loads(file.read_bytes())["assets"]["data"]["href"]
        assert not href.startswith("/")
        assert os.path.normpath(file.parent / href) == os.path.normpath(kitchen.folder / local)
    assert not any(str(kitchen.folder).encode() in blob for blob in kitchen.tree("dist").values())


def test_every_link_of_the_tree_leads_to_a_file_and_back(kitchen):
    kitchen.recipe["outputs"]["site"]["layout"] = "{collection}/{year}/{month}/{id}.json"
    kitchen.recipe["mappings"]["plain"]["geometry"]["default"] = "null"
    kitchen.save()
    kitchen.rows([row(number, date=f"20{20 + number % 3}-0{1 + number % 4}-01") for number in range(12)])
    kitchen.build()
    documents = {Path(path): json.loads(blob) for path, blob in kitchen.tree("dist/site").items()}
    for path, document in documents.items():
        for link in document["links"]:
            target = Path(os.path.normpath(path.parent / link["href"]))
            assert target in documents, link
            if link["rel"] in ("child", "item"):
                back = [one for one in documents[target]["links"] if one["rel"] == "parent"]
                assert [os.path.normpath(target.parent / one["href"]) for one in back] == [str(path)]
    assert len({document["id"] for document in documents.values()}) == len(documents)
    catalog = pystac.Catalog.from_file(str(kitchen / "dist/site/catalog.json"))
    assert catalog.validate_all() == 12
