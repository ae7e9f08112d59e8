"""Real static catalogs come through a clone as they were.

What may differ, and why: `stac_version` and what migration to 1.1.0 says otherwise (held by its own tests, applied here
to both sides); links that say where a document stands, which are those of the new tree; the form of hrefs, which must
lead to the same place; a missing `bbox`, which follows from the geometry; a missing `collection`, which is that of the
nearest Collection above. Nothing else.
"""

import json
import os
import re
import tarfile
from collections import Counter
from pathlib import Path

import pytest
from kitchen import ran
from trees import catalog, clone, link

from stacbuild.stages.migrate import migrate

STATIC = Path(__file__).parents[2] / "shared/data/static"
OURS = {"root", "parent", "collection", "self", "child", "item"}

pytestmark = pytest.mark.skipif(not STATIC.is_dir(), reason="the real data is not beside this repository")


def unpacked(name, folder):
    with tarfile.open(STATIC / f"{name}.tar.gz") as archive:
        archive.extractall(folder / "in", filter="data")
    return folder / "in" / name


def cloned(folder, href, table="*"):
    kitchen = clone(folder, {}, href=str(href.relative_to(folder)))
    kitchen.recipe["validation"] = {"level": "off"}
    kitchen.recipe["collections"] = {table: {"from": ["up"]}}
    kitchen.save()
    return kitchen


def documents(folder, kind):
    """Yield the documents of a kind below a folder, found without a link, each with its own folder."""
    for here, _, names in os.walk(folder):
        for name in names:
            document = json.loads(Path(here, name).read_bytes()) if name.endswith(".json") else None
            if isinstance(document, dict) and document.get("type") == kind:
                yield document, here


def place(here, href):
    return href if re.match(r"[a-z0-9]+://", href or "") else os.path.normpath(f"{here}/{href or ''}")


def meaning(document, here):
    """Return what a document says, whatever the form in which its hrefs say it."""
    said = migrate(document)
    assets = {name: {**asset, "href": place(here, asset["href"])} for name, asset in said.get("assets", {}).items()}
    others = [each for each in said.get("links", []) if each["rel"] not in OURS]
    return {**said, "assets": assets, "links": [{**each, "href": place(here, each["href"])} for each in others]}


def same(source, written, *, may_come=()):
    """Tell whether two documents mean the same; `may_come`: members that only the written one has."""
    return source == {name: value for name, value in written.items() if name in source or name not in may_come}


def compared(source, site):
    """Return the ids that were found on both sides, and those of items that do not mean the same."""
    before = {(one.get("collection"), one["id"]): meaning(one, here) for one, here in documents(source, "Feature")}
    after = {(one["collection"], one["id"]): meaning(one, here) for one, here in documents(site, "Feature")}
    assert before.keys() == after.keys()
    return [name for name, one in before.items() if not same(one, after[name], may_come=("bbox",))], len(before)


def test_planet_comes_through_a_clone(tmp_path):
    source = unpacked("planet-open-stac", tmp_path)
    kitchen = cloned(tmp_path, source / "stac/catalog.json")
    report = kitchen.build()
    assert not [each for each in report["warnings"] if each["code"] in ("SB424", "SB425", "SB426")]
    assert compared(source, tmp_path / "dist/site") == ([], 10731)
    collections = {one["id"]: meaning(one, here) for one, here in documents(source, "Collection")}
    written = {one["id"]: meaning(one, here) for one, here in documents(tmp_path / "dist/site", "Collection")}
    assert len(collections) == 28
    named = {one["collection"] for one, _ in documents(tmp_path / "dist/site", "Feature")}
    assert written.keys() == collections.keys() | named, "some items name a Catalog as their collection"
    for name, said in collections.items():
        for member in said.keys() - {"extent", "links", "assets", "item_assets"}:
            assert (written[name].get(member) or None) == (said[member] or None), "what is empty may be left out"
        assert written[name]["links"] == said["links"], name
    assert ran(kitchen.build()) == {}


def test_the_items_of_neon_come_through_a_clone(tmp_path):
    source = unpacked("neon4cast", tmp_path)
    kitchen = cloned(tmp_path, source / "catalog.json")
    report = kitchen.build(exit_=None)
    there = Counter(one["id"] for one, _ in documents(tmp_path / "dist/site", "Feature"))
    linked = Counter(one["id"] for one, _ in documents(source, "Feature"))
    assert there
    assert not there - linked
    assert report["items"]["total"] == sum(there.values())


def test_the_collections_of_linz_are_written_without_their_items(tmp_path):
    source = unpacked("linz-elevation", tmp_path)
    files = sorted((source / "stac").rglob("collection.json"))
    links = [link("child", f"./{file.relative_to(source / 'stac')}") for file in files]
    (source / "stac/catalog.json").write_text(json.dumps(catalog("linz", *links)))
    kitchen = cloned(tmp_path, source / "stac/catalog.json")
    report = kitchen.build()
    (told,) = [each["message"] for each in report["warnings"] if each["code"] == "SB424"]
    assert told.startswith("source 'up': 30,509 of its links lead to what is not there")
    written = {one["id"]: one for one, _ in documents(tmp_path / "dist/site", "Collection")}
    said = {one["id"]: one for one, _ in documents(source, "Collection")}
    assert len(written) == 215
    for name, one in said.items():
        assert {key: written[name][key] for key in ("title", "description", "extent", "providers")} == {
            key: one[key] for key in ("title", "description", "extent", "providers")
        }
    assert kitchen.build()["outputs"]["site"]["written"] == 0
