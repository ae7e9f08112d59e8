"""Static catalogs of others, crawled from their roots, come back the same: each Item in each output, each Collection.

Where a catalog was published without its root, one is made that links to what there is.
"""

import json

import pytest
from clones import READERS, crawling, differences, given_in, is_collection, needs_data, unpack, walked
from kitchen import ran
from sameness import plain, stated
from trees import catalog, link, warned

from stacbuild import canon

pytestmark = needs_data
CASES = "pystac-test-catalogs/tests/data-files"
ROOTS = {
    "planet-open-stac/stac/catalog.json": (10_731, 28),
    "neon4cast/catalog.json": (679, 26),
    "xstac-examples/examples/daymet/catalog.json": (0, 8),
    f"{CASES}/catalogs/cbers-partial/catalog.json": (0, 4),
    f"{CASES}/catalogs/label_catalog-v0.8.1/catalog.json": (62, 7),
    f"{CASES}/catalogs/planet-example-v1.0.0-beta.2/hurricane-harvey/catalog.json": (5, 0),
    f"{CASES}/catalogs/test-case-1/catalog.json": (8, 4),
    f"{CASES}/catalogs/test-case-2/catalog.json": (2, 3),
    f"{CASES}/catalogs/test-case-4/catalog.json": (62, 7),
    f"{CASES}/catalogs/test-case-5/catalog.json": (1, 1),
    f"{CASES}/catalogs/test-case-6/catalog.json": (10, 3),
    f"{CASES}/invalid/shared-id/catalog.json": (1, 1),
    f"{CASES}/windows_hrefs/catalog.json": (1, 1),
}
"""Root → how many Items, and Collections of different ids, its links lead to."""

LOOSE = {"linz-elevation": (0, 215), "xstac-examples": (0, 9), "pystac-test-catalogs": (6, 4)}
"""Archive → the same, of the documents that no root leads to."""

BAD_LINKS = {"SB424", "SB425", "SB426"}
TOLD = {}
"""Root → what is told of its links: they lead to what is not there (SB424), out (SB425), or nowhere (SB426)."""


def found_by_links(kitchen, root):
    """Return the items as `given_in` takes them, and id → the first Collection of that id, with its folder."""
    items, collections = [], {}
    for document, file, within in walked(kitchen / root):
        if document.get("type") == "Feature":
            items.append((document, file.parent, document.get("collection") or within or "unnamed"))
        elif is_collection(document):
            collections.setdefault(document["id"], (document, file.parent))
    return items, collections


def written_collections(kitchen):
    """Return id → Collection of the tree, in the form that is compared, and whether it has items."""
    found = {}
    for file in sorted((kitchen / "dist/site").rglob("collection.json")):
        document = json.loads(file.read_bytes())
        items = any(one["rel"] == "item" for one in document["links"])
        found[document["id"]] = plain(document, file.parent), items
    return found


def assert_collections_are(kitchen, collections, named):
    """Assert that each Collection is written as it was said, and besides them those that items name only."""
    written = written_collections(kitchen)
    assert written.keys() == collections.keys() | named
    for name, (document, items) in written.items():
        given, folder = collections.get(name, ({"type": "Collection", "id": name}, kitchen.folder))
        assert members(document) == members(stated(given, folder, document, items)), name


def members(document):
    """Return member → its canonical bytes, so that 1 is not 1.0."""
    return {member: canon.encode(value) for member, value in document.items()}


@pytest.mark.parametrize("root", ROOTS)
def test_a_catalog_that_is_crawled_from_its_root_comes_back_the_same(tmp_path, root):
    unpack(root.partition("/")[0], tmp_path)
    kitchen = crawling(tmp_path, f"in/{root}")
    items, collections = found_by_links(kitchen, f"in/{root}")
    assert (len(items), len(collections)) == ROOTS[root]
    report = kitchen.build("--max-failures", "100%")
    assert {each["code"] for each in report["warnings"]} & BAD_LINKS == TOLD.get(root, set())
    given = given_in(kitchen.folder, items)
    assert differences(kitchen, given) == dict.fromkeys(READERS, ({}, set()))
    assert report["items"]["total"] == len(items)
    assert_collections_are(kitchen, collections, {target for target, _ in given})
    assert ran(kitchen.build("--max-failures", "100%")) == {}


def unreached(folder):
    """Return the Catalogs and Collections of an archive that no root of its own leads to."""
    roots = [folder / "in" / root for root in ROOTS]
    reached = {file.resolve() for root in roots if root.is_file() for _, file, _ in walked(root)}
    files = [file for file in sorted((folder / "in").rglob("*.json")) if file.resolve() not in reached]
    return [file for file in files if is_above(json.loads(file.read_bytes()))]


def is_above(document):
    return isinstance(document, dict) and (is_collection(document) or document.get("type") == "Catalog")


@pytest.mark.parametrize(("archive", "count"), LOOSE.items())
def test_collections_without_a_root_come_back_the_same(tmp_path, archive, count):
    unpack(archive, tmp_path)
    files = unreached(tmp_path)
    links = [link("child", f"./{file.relative_to(tmp_path / 'in').as_posix()}") for file in files]
    kitchen = crawling(tmp_path, "in/catalog.json")
    kitchen.write("in/catalog.json", json.dumps(catalog("made", *links)))
    items, collections = found_by_links(kitchen, "in/catalog.json")
    assert (len(items), len(collections)) == count
    kitchen.build("--max-failures", "100%")
    given = given_in(kitchen.folder, items)
    assert differences(kitchen, given) == dict.fromkeys(READERS, ({}, set()))
    assert_collections_are(kitchen, collections, {target for target, _ in given})
    assert ran(kitchen.build("--max-failures", "100%")) == {}


def test_items_that_are_not_at_hand_are_told_and_cost_no_collection(tmp_path):
    unpack("linz-elevation", tmp_path)
    files = unreached(tmp_path)
    links = [link("child", f"./{file.relative_to(tmp_path / 'in').as_posix()}") for file in files]
    kitchen = crawling(tmp_path, "in/catalog.json")
    kitchen.write("in/catalog.json", json.dumps(catalog("linz", *links)))
    (told,) = warned(kitchen.build(), "SB424")
    assert told.startswith("source 'given': 30,509 of its links lead to what is not there")
