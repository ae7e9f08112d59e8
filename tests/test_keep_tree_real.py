"""Real static catalogs are cloned with `keep-tree`: which documents stand below which, and which items below those.

What may differ, and why: the root, which is the recipe's; a Collection of an id that an earlier one has is a Catalog,
as there are no two collections of one id; a Catalog that its items name as their collection is one; a collection that
items name and no document is has a document right below the root. Nothing else.
"""

import json
import socket
from collections import Counter
from urllib.parse import unquote, urljoin

import pystac
import pytest
from clones import DATA, needs_data, unpack
from trees import catalog, clone, link

pytestmark = needs_data

OURS = ("root", "parent", "collection", "self", "child", "item")
TEST_CATALOGS = "tests/data-files/catalogs"


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    def refused(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refused)


def document_of(file):
    document = json.loads(file.read_bytes())
    kind = document.get("type") or ("Collection" if "extent" in document else "Catalog")
    return document, kind


def led(file, document, rel):
    """Return the files that the links of a document lead to, those that are there."""
    found = []
    for one in document["links"]:
        href = str(one["href"]).replace("\\", "/")
        if one["rel"] == rel and "://" not in href:
            near = ((file.parent / form).resolve() for form in (href, unquote(href)))
            found.extend([path for path in near if path.is_file()][:1])
    return found


def tree(root):
    """Return (ids from the root down, without it; type; ids of items) of each document, each at its first place."""
    found, seen, todo = [], {root.resolve()}, [(root, ())]
    while todo:
        file, above = todo.pop()
        document, kind = document_of(file)
        ways = (*above, document["id"])
        items = [one for one in led(file, document, "item") if one not in seen]
        below = [one for one in dict.fromkeys(led(file, document, "child")) if one not in seen]
        seen.update(items, below)
        ids = sorted(json.loads(one.read_bytes())["id"] for one in dict.fromkeys(items))
        found.append((ways[1:], kind, tuple(ids)))
        todo += [(one, ways) for one in reversed(below)]
    return found


def unpacked(name, folder):
    unpack(name, folder)
    return folder / "in" / name


def kept(folder, root):
    kitchen = clone(folder, {}, href=str(root.relative_to(folder)), **{"keep-tree": True})
    kitchen.recipe["validation"] = {"level": "off", "schemas": [str(DATA / "schemas")]}
    kitchen.save()
    return kitchen


def judged(kitchen):
    """Return how many Catalogs of the tree the reference validator finds valid, and how many not."""
    files = sorted(str(file) for file in (kitchen / "dist/site").rglob("catalog.json"))
    found = kitchen.ask("validate", *files, "-f", "stacbuild.toml", "--engine", "stac-valid")["documents"]
    return found["valid"], found["invalid"] + found["unchecked"]


def said(document, folder):
    """Return what a Catalog says, but where it stands and in which version; hrefs from nowhere."""
    others = [one for one in document["links"] if one["rel"] not in OURS]
    links = [{**one, "href": urljoin(folder.as_uri() + "/", one["href"])} for one in others]
    return {**document, "links": links, "stac_version": ""}


def chain(here):
    """Return a document of pystac with all above it, from the root on."""
    return [*chain(here.get_parent()), here] if here is not None else []


def differing(before, after):
    """Return what only one of two trees has."""
    was, is_ = Counter(before[1:]), Counter(after[1:])
    return was - is_, is_ - was


def roots():
    names = ("test-case-1", "test-case-2", "test-case-4", "test-case-5", "test-case-6", "cbers-partial")
    return [*(f"{name}/catalog.json" for name in names), "label_catalog-v0.8.1/catalog.json"]


@pytest.mark.parametrize("root", roots())
def test_the_test_catalogs_of_pystac_come_through_as_they_stand(tmp_path, root):
    source = unpacked("pystac-test-catalogs", tmp_path) / TEST_CATALOGS / root
    kitchen = kept(tmp_path, source)
    kitchen.build()
    site = tmp_path / "dist/site/catalog.json"
    assert differing(tree(source), tree(site)) == (Counter(), Counter())
    assert judged(kitchen) == (sum(kind == "Catalog" for _, kind, _ in tree(source)), 0)
    assert kitchen.build()["outputs"]["site"]["written"] == 0


def test_a_root_that_is_a_collection_stands_below_ours(tmp_path):
    source = unpacked("pystac-test-catalogs", tmp_path) / TEST_CATALOGS / "planet-example-v1.0.0-beta.2/collection.json"
    kept(tmp_path, source).build()
    before = [(("planet-disaster-data", *ways), kind, ids) for ways, kind, ids in tree(source)]
    after = tree(tmp_path / "dist/site/catalog.json")[1:]
    assert (len(after), sorted(after)) == (3, sorted(before))


def test_planet_comes_through_as_it_stands_and_pystac_walks_it(tmp_path):
    source = unpacked("planet-open-stac", tmp_path) / "stac/catalog.json"
    kitchen = kept(tmp_path, source)
    kitchen.build()
    site = tmp_path / "dist/site/catalog.json"
    before, after = tree(source), tree(site)
    assert (len(before), sum(len(ids) for _, _, ids in before)) == (41, 10731)
    gone, come = differing(before, after)
    walvis = ("planet-stac-skysat", "walvis-bay")
    assert [one[:2] for one in gone] == [(walvis, "Catalog")]
    assert sorted(one[:2] for one in come) == [(("brandenburg",), "Collection"), (walvis, "Collection")]
    assert not any(ids for ways, _, ids in come if ways == ("brandenburg",))
    for file in source.parent.rglob("*.json"):
        document, kind = document_of(file)
        if kind == "Catalog" and document["id"] not in ("planet", "walvis-bay") and "description" in document:
            (path,) = [ways for ways, _, _ in before if ways and ways[-1] == document["id"]]
            ours = site.parent.joinpath(*path, "catalog.json")
            assert said(json.loads(ours.read_bytes()), ours.parent) == said(document, file.parent), document["id"]
    assert judged(kitchen) == (12, 0)
    opened = pystac.Catalog.from_file(str(site))
    walked = [tuple(one.id for one in chain(here)) for here, _, _ in opened.walk()]
    assert Counter(walked) == Counter(("kitchen", *ways) for ways, _, _ in after)
    assert kitchen.build()["outputs"]["site"]["written"] == 0


def test_neon_with_its_many_collections_of_one_id_comes_through_as_it_stands(tmp_path):
    source = unpacked("neon4cast", tmp_path) / "catalog.json"
    kitchen = kept(tmp_path, source)
    kitchen.build(exit_=None)
    before, after = tree(source), tree(tmp_path / "dist/site/catalog.json")
    assert {(ways, ids) for ways, _, ids in before[1:]} == {
        (ways, ids) for ways, _, ids in after[1:] if ways not in ((("forecasts"),), ("scores",))
    }
    lowered = {ways for ways, kind, _ in before[1:] if kind == "Collection"} - {
        w for w, k, _ in after if k != "Catalog"
    }
    assert {ways[-1] for ways in lowered} <= {ways[-1] for ways, kind, _ in after if kind == "Collection"}
    assert len({ways[-1] for ways, kind, _ in after if kind == "Collection"}) == sum(
        k == "Collection" for _, k, _ in after
    )


def test_the_regions_of_linz_are_folders(tmp_path):
    source = unpacked("linz-elevation", tmp_path) / "stac"
    regions = sorted(path for path in source.iterdir() if path.is_dir())
    for region in regions:
        files = sorted(region.rglob("collection.json"))
        links = [link("child", f"./{file.relative_to(region)}") for file in files]
        (region / "catalog.json").write_text(json.dumps(catalog(region.name, *links)))
    links = [link("child", f"./{region.name}/catalog.json") for region in regions]
    (source / "catalog.json").write_text(json.dumps(catalog("linz", *links)))
    kitchen = kept(tmp_path, source / "catalog.json")
    kitchen.build()
    before, after = tree(source / "catalog.json"), tree(tmp_path / "dist/site/catalog.json")
    assert len(before) == 215 + len(regions) + 1
    assert differing(before, after) == (Counter(), Counter())
    assert kitchen.build()["outputs"]["site"]["written"] == 0
