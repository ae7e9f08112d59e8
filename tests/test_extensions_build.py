"""Built-in extensions in builds: files that items depend on, libraries in keys, several on one item at once."""

import copy
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from extended import CID, ITEM, applied, applier
from kitchen import Kitchen, ran, row

from stacbuild.reading import Reader
from stacbuild.stages import extend


def kitchen_with(folder, rows=3, names=None, **tables):
    kitchen = Kitchen(folder, None)
    kitchen.recipe["mappings"]["plain"]["assets"]["data"]["href"] = {"template": "data/{key}.tif"}
    kitchen.recipe["extensions"] = tables
    kitchen.recipe["collections"]["one"]["extensions"] = names or list(tables)
    for number in range(rows):
        kitchen.write(f"data/k{number}.tif", f"pixels {number}")
    kitchen.rows([row(number) for number in range(rows)])
    kitchen.save()
    return kitchen


def sums(kitchen):
    return [item["assets"]["data"].get("file:checksum", "")[4:] for item in kitchen.items()]


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_an_item_is_made_again_when_its_assets_file_moves_and_no_other_is(tmp_path):
    kitchen = kitchen_with(tmp_path, sums={"use": "file"})
    kitchen.build()
    assert sums(kitchen) == [sha(f"pixels {number}") for number in range(3)]
    assert ran(kitchen.build()) == {}
    kitchen.write("data/k1.tif", "other pixels")
    (stale,) = [one for one in kitchen.ask("status")["stale"] if one["target"].startswith("item:")]
    assert (stale["target"], stale["reasons"][0]["what"]) == ("item:one/i1", "data/k1.tif")
    assert ran(kitchen.build()) == {"extend": 1, "validate": 1, "write": 1}
    assert sums(kitchen)[1] == sha("other pixels")


def test_a_file_that_is_missing_fails_its_item_until_it_comes(tmp_path):
    kitchen = kitchen_with(tmp_path, sums={"use": "file"})
    (kitchen / "data/k2.tif").unlink()
    kitchen.build(exit_=1)
    (failure,) = [one for one in kitchen.failures() if one.get("severity") != "warning"]
    assert (failure["code"], failure["item_id"]) == ("SB233", "i2")
    kitchen.write("data/k2.tif", "here")
    kitchen.build()
    assert sums(kitchen)[2] == sha("here")


def test_a_file_that_is_passed_over_is_looked_for_at_the_next_build(tmp_path):
    kitchen = kitchen_with(tmp_path, rows=1, sums={"use": "file", "missing": "skip"})
    (kitchen / "data/k0.tif").unlink()
    kitchen.build()
    assert sums(kitchen) == [""]
    assert ran(kitchen.build()) == {}
    kitchen.write("data/k0.tif", "here")
    assert ran(kitchen.build()) == {"extend": 1, "validate": 1, "write": 1}
    assert sums(kitchen) == [sha("here")]


def test_a_newer_library_makes_stale_only_what_it_works_out(tmp_path, monkeypatch):
    computed = {"use": "projection", "code": "EPSG:3857", "compute-bbox": True}
    kitchen = kitchen_with(tmp_path, proj=computed)
    kitchen.build()
    monkeypatch.setattr(extend, "version_of", lambda name: f"{name} 99")
    assert kitchen.ask("status")["stale"][0]["reasons"][0]["code"] == "plugin-changed"
    assert ran(kitchen.build()) == {"extend": 3}
    kitchen.recipe["extensions"]["proj"] = {"use": "projection", "code": "EPSG:3857"}
    kitchen.save()
    kitchen.build()
    monkeypatch.undo()
    assert ran(kitchen.build()) == {}


def test_extensions_at_work_on_one_item_side_by_side_do_not_see_each_other():
    item = copy.deepcopy(ITEM)
    tables = [
        {"use": "dgeo", "cids": [CID]},
        {"use": "alternate-assets", "alternates": {"m": {"href": "https://m/{path}"}}},
        {"use": "eo", "cloud-cover": 3, "assets": {"*": {"bands": [{"common-name": "red"}]}}},
    ] * 8
    ready = [applier(table) for table in tables]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda one: one.to(item, Reader(".")), ready))
    assert item == ITEM
    assert made == [applied(table) for table in tables]


@pytest.mark.parametrize("names", [["ids", "mirrors"], ["mirrors", "ids"]])
def test_the_contracts_example_is_built(tmp_path, names):
    mirror = {"href": "https://mirror.example.com/{path}", "name": "Mirror"}
    kitchen = kitchen_with(
        tmp_path,
        rows=1,
        names=names,
        ids={"use": "dgeo", "cids": {"from": "properties.cid"}},
        mirrors={"use": "alternate-assets", "alternates": {"mirror": mirror}},
    )
    kitchen.recipe["mappings"]["plain"]["properties"]["cid"] = {"value": CID}
    kitchen.save()
    kitchen.build()
    (item,) = kitchen.items()
    assert item["properties"]["dgeo:cids"] == [CID]
    assert item["assets"]["data"]["alternate"]["mirror"]["href"] == "https://mirror.example.com/data/k0.tif"
    assert [url.split("/")[3] for url in item["stac_extensions"]] == [
        {"ids": "DecentralizedGeo", "mirrors": "alternate-assets"}[name] for name in names
    ]
