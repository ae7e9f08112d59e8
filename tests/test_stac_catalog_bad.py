"""Static catalogs that are wrong: each fault costs what it is about, is told, and nothing else."""

import json
import os
import tracemalloc

import pytest
from kitchen import ran
from trees import built, catalog, clone, collection, item, link, small, warned

from stacbuild.sources import crawl


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"", "the file is empty"),
        (b"{", "not a JSON document"),
        (b"[1, 2]", "not a JSON object"),
        (b"\xff\xfe\x00", "UTF-16"),
        (b'{"type": "Catalog", "links": [NaN]}', "not a JSON object"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "not a JSON"),
    ],
)
def test_a_document_that_is_none_costs_what_is_below_it(tmp_path, bad, words):
    files = small()
    files["in/catalog.json"]["links"].append(link("child", "bad/catalog.json"))
    kitchen = clone(tmp_path, {**files, "in/bad/catalog.json": bad})
    kitchen.build(exit_=1)
    assert built(kitchen) == {"c": ["i0", "i1", "i2"]}
    (failure,) = kitchen.failures()
    assert words in failure["message"]
    assert failure["source"] == {"name": "up", "where": "in/bad/catalog.json"}


def test_a_child_that_is_not_there_is_told_and_costs_nothing_else(tmp_path):
    files = small()
    files["in/catalog.json"]["links"].append(link("child", "./gone/catalog.json"))
    kitchen = clone(tmp_path, files)
    report = kitchen.build()
    assert built(kitchen) == {"c": ["i0", "i1", "i2"]}
    assert "in/catalog.json: in/gone/catalog.json" in warned(report, "SB424")[0]


@pytest.mark.parametrize(
    ("links", "bad"),
    [
        (None, 0),
        ("none", 1),
        ({"rel": "item", "href": "i0.json"}, 1),
        ([1, "a", None, []], 4),
        ([{"rel": "item"}, {"rel": "item", "href": None}, {"rel": "item", "href": ""}], 3),
        ([{"rel": "item", "href": 3}, {"rel": ["item"], "href": "i0.json"}, {}], 1),
    ],
)
def test_links_of_wrong_types_are_counted(tmp_path, links, bad):
    files = small()
    files["in/catalog.json"]["links"].append(link("child", "odd.json"))
    kitchen = clone(tmp_path, {**files, "in/odd.json": catalog("odd") | {"links": links}})
    report = kitchen.build()
    assert built(kitchen) == {"c": ["i0", "i1", "i2"]}
    assert [message.split(" are no links")[0] for message in warned(report, "SB426")] == (
        [f"source 'up': {bad} of its links"] if bad else []
    )


@pytest.mark.parametrize(
    "href",
    [
        ".",
        "..",
        "./",
        "/",
        "a\0b",
        "x" * 5000,
        "//",
        "file://",
        "http:",
        "?",
        "#",
        "%00",
        "\\\\host\\a",
        "/dev/zero",
        "\n",
    ],
)
def test_hrefs_that_lead_nowhere_do_no_harm(tmp_path, href):
    kitchen = clone(
        tmp_path,
        {"in/catalog.json": collection("c", link("item", href), link("child", href), link("item", "x.json"))}
        | {"in/x.json": item("x", "c")},
    )
    report = kitchen.build()
    assert built(kitchen) == {"c": ["x"]}
    assert {each["code"] for each in report["warnings"]} <= {"SB424", "SB425"}


def test_a_pipe_is_no_document(tmp_path):
    kitchen = clone(tmp_path, small())
    os.mkfifo(tmp_path / "in/pipe.json")
    links = [link("child", "pipe.json"), link("item", "pipe.json"), link("child", "c/collection.json")]
    kitchen.write("in/catalog.json", json.dumps(catalog("root", *links)))
    assert warned(kitchen.build(), "SB424")[0].startswith("source 'up': 2 of its links")


def test_files_of_the_machine_are_not_read_through_a_catalog(tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(item("secret", "c")))
    hrefs = ["../../secret.json", str(secret), f"file://{secret}", "..%2F..%2Fsecret.json", "..\\..\\secret.json"]
    kitchen = clone(tmp_path / "k", {"in/catalog.json": collection("c", *(link("item", href) for href in hrefs))})
    report = kitchen.build()
    assert built(kitchen) == {"c": []}
    assert warned(report, "SB425")[0].startswith("source 'up': 5 of its links lead out")


def test_symbolic_links_that_go_round_are_not_there(tmp_path):
    kitchen = clone(tmp_path, {"in/catalog.json": collection("c", link("item", "a.json"), link("child", "b/x.json"))})
    (tmp_path / "in/a.json").symlink_to("a.json")
    (tmp_path / "in/b").symlink_to("b")
    assert warned(kitchen.build(), "SB424")[0].startswith("source 'up': 2 of its links")


def test_an_item_that_is_none_costs_itself(tmp_path):
    files = small() | {"in/c/i1.json": {"type": "Feature", "id": 3, "links": []}, "in/c/i2.json": b"not JSON"}
    kitchen = clone(tmp_path, files)
    kitchen.build(exit_=1)
    assert built(kitchen) == {"c": ["i0"]}
    assert {each["source"]["where"].partition(":")[0] for each in kitchen.failures()} == {
        "in/c/i1.json",
        "in/c/i2.json",
    }


def test_a_document_in_the_place_of_an_item_is_told(tmp_path):
    files = small()
    files["in/c/i1.json"] = catalog("odd")
    kitchen = clone(tmp_path, files)
    kitchen.build(exit_=1)
    (failure,) = kitchen.failures()
    assert failure["code"] == "SB409"
    assert built(kitchen) == {"c": ["i0", "i2"]}


def test_a_root_that_is_an_item_is_told(tmp_path):
    kitchen = clone(tmp_path, {"in/catalog.json": item("x", "c")})
    kitchen.build(exit_=1)
    assert "no Catalog or Collection" in kitchen.failures()[0]["message"]


def test_a_root_that_never_was_there_stops_the_build(tmp_path):
    kitchen = clone(tmp_path, {})
    done = kitchen.run("build")
    assert done.exit == 2
    assert "SB108" in done.err
    assert "in/catalog.json" in done.err


def test_check_tries_items_and_tells_of_links(tmp_path):
    files = small()
    files["in/c/collection.json"]["links"].append(link("item", "gone.json"))
    kitchen = clone(tmp_path, files)
    report = kitchen.ask("check", exit_=0)
    assert report["sample"] == {"tried": 3, "failed": 0}
    assert [each["code"] for each in report["warnings"]] == ["SB424"]


def test_a_page_of_a_million_links_is_read_in_bounded_memory(tmp_path):
    count, one = 1_000_000, '{"rel":"item","href":"./%07d.json"}'
    (tmp_path / "in").mkdir()
    with (tmp_path / "in/catalog.json").open("w") as stream:
        stream.write(
            '{"type":"Collection","id":"c","stac_version":"1.1.0","description":"d","license":"other","links":['
        )
        stream.write(",".join(one % number for number in range(count)))
        stream.write("]}")
    tracemalloc.start()
    found = crawl.crawl("in/catalog.json", tmp_path, {}, follow=False, reread=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.dangling.count, len(found.dangling.examples), len(found.shards)) == (count, 3, 1)
    assert peak < 500 * count


def test_a_page_that_links_to_one_item_over_and_over_has_one(tmp_path):
    kitchen = clone(tmp_path, {"in/catalog.json": collection("c", *[link("item", "x.json")] * 5000)})
    kitchen.write("in/x.json", json.dumps(item("x", "c")))
    assert ran(kitchen.build())["write"] == 1


def test_clean_leaves_the_catalog_that_was_cloned(tmp_path):
    kitchen = clone(tmp_path, small())
    kitchen.build()
    before = kitchen.tree("in")
    kitchen.run("clean")
    assert kitchen.tree("in") == before
