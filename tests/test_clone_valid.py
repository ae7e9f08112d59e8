"""Trees that are cloned are found valid by the reference validator, which walks them by their links.

Only a Collection that says of itself what its schema forbids stays as it was said: it is what SB707 tells of, no other.
"""

import json
import re

import pytest
from clones import DATA, clone, crawling, needs_data, unpack
from trees import warned
from validators import recursively

pytest.importorskip("stac_validator", reason="not installed: pip install 'stacbuild[test]'")
pytestmark = needs_data
CASES = "pystac-test-catalogs/tests/data-files/catalogs"
ROOTS = [
    "planet-open-stac/stac/catalog.json",
    "neon4cast/catalog.json",
    "xstac-examples/examples/daymet/catalog.json",
    f"{CASES}/test-case-1/catalog.json",
    f"{CASES}/test-case-4/catalog.json",
    f"{CASES}/test-case-5/catalog.json",
    f"{CASES}/test-case-6/catalog.json",
]
MANY = 60
"""Documents of collections with more items are judged by `make fuzz` only: the reference validator is slow."""


def strictly(kitchen):
    """Build with items that are invalid left out and no table; return the report."""
    kitchen.recipe["validation"]["level"] = "strict"
    del kitchen.recipe["outputs"]["table"]
    kitchen.save()
    return kitchen.build("--max-failures", "100%")


def assert_valid(kitchen, report, most, monkeypatch):
    """Assert that all collections of at most so many items are valid but those that were told of."""
    told = {re.match("collection '(.*?)'", text)[1] for text in warned(report, "SB707")}
    judged = 0
    for file in sorted((kitchen / "dist/site").rglob("collection.json")):
        document = json.loads(file.read_bytes())
        items = sum(one["rel"] == "item" for one in document["links"])
        if items > most:
            continue
        said = recursively(file, [kitchen / "schemas", DATA / "schemas"], monkeypatch)
        wrong = [one for one in said if not one["valid_stac"]]
        if document["id"] in told:
            assert [one["path"] for one in wrong] == [str(file)]
        else:
            assert (wrong, len(said)) == ([], items + 1)
        judged += len(said)
    return judged


@pytest.mark.parametrize("root", ROOTS)
def test_trees_of_crawled_catalogs_are_valid(tmp_path, root, monkeypatch):
    unpack(root.partition("/")[0], tmp_path)
    kitchen = crawling(tmp_path, f"in/{root}")
    assert assert_valid(kitchen, strictly(kitchen), MANY, monkeypatch)


@pytest.mark.parametrize("archive", ["xstac-examples", "pystac-test-catalogs"])
def test_trees_of_items_that_lie_in_files_are_valid(tmp_path, archive, monkeypatch):
    unpack(archive, tmp_path)
    kitchen = clone(tmp_path, "in/**/*.json")
    assert assert_valid(kitchen, strictly(kitchen), MANY, monkeypatch)


@pytest.mark.fuzz
def test_the_tree_of_all_items_of_planet_is_valid(tmp_path, monkeypatch):
    unpack("planet-open-stac", tmp_path)
    kitchen = crawling(tmp_path, f"in/{ROOTS[0]}")
    strictly(kitchen)
    said = recursively(kitchen / "dist/site/catalog.json", [kitchen / "schemas", DATA / "schemas"], monkeypatch)
    assert [one for one in said if not one["valid_stac"]] == []
    assert len(said) > 10_000
