"""`keep-tree` over catalogs of any shape, edited step by step: what is written is what one build of it all writes."""

import json
import random

import pytest
from test_keep_tree import kept, shape
from test_keep_tree_again import dangling, fresh_of
from trees import catalog, collection, item, link

IDS = ["a", "A", "b", "b/c", "2024", "x", "catalog", "", "i0", "ä"]
LAYOUTS = ["{collection}/{id}/{id}.json", "{collection}/{id}.json", "{collection}/{year}/{id}.json"]


def world(rng, top, count):
    """Return the files of a catalog of `count` documents that link to one another as chance has it."""
    names = [f"{top}/{number}.json" for number in range(count)]
    files = {}
    for number, name in enumerate(names):
        below = [link("child", one.rpartition("/")[2]) for one in rng.sample(names, min(count, rng.randrange(4)))]
        items = [link("item", f"i{rng.randrange(9)}.json") for _ in range(rng.randrange(3))]
        make = collection if number and rng.random() < 0.4 else catalog
        files[name] = make(rng.choice(IDS), *below, *items, title=rng.choice(["", "T", "U"]))
    for number in range(9):
        within = rng.choice([{}, {"within": rng.choice(IDS[:6])}, {"within": rng.choice(IDS[:6])}])
        files[f"{top}/i{number}.json"] = item(f"{top}{number}", **within, note=rng.choice(["", "drop"]))
    return files


def changed(rng, kitchen):
    collections = [{"*": {"from": ["up", "other"]}}, {"*": {"from": ["other", "up"]}}, {"a": {"from": ["up"]}}]
    kitchen.recipe["collections"] = rng.choice([*collections, {**collections[0], "b": {"from": ["other"]}}])
    if rng.random() < 0.3:
        next(iter(kitchen.recipe["collections"].values()))["where"] = "note <> 'drop'"
    kitchen.recipe["sources"]["other"]["keep-tree"] = rng.random() < 0.7
    kitchen.recipe["outputs"]["site"]["layout"] = rng.choice(LAYOUTS)
    kitchen.save()


@pytest.mark.parametrize("seed", range(12))
def test_a_tree_of_any_shape_is_the_same_step_by_step_and_at_once(tmp_path, seed):
    rng = random.Random(seed)
    kitchen = kept(tmp_path / "k", {}, href="in/0.json")
    kitchen.recipe["sources"]["other"] = {"kind": "stac-catalog", "href": "in/other/0.json", "keep-tree": True}
    kitchen.recipe["validation"] = {"level": "off"}
    for step in range(3):
        for path, document in {**world(rng, "in", 12), **world(rng, "in/other", 6)}.items():
            if not (kitchen / path).exists() or rng.random() < 0.6:
                kitchen.write(path, json.dumps(document))
        changed(rng, kitchen)
        report = kitchen.build("--max-deletions", "100%", "--max-failures", "100%", exit_=None)
        assert report["exit"] in (0, 1), report["error"]
        shape(kitchen)
        assert not dangling(kitchen / "dist/site")
        assert kitchen.tree("dist") == fresh_of(kitchen, tmp_path / f"fresh{step}")
