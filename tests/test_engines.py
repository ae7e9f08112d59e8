"""The fast engine and the reference library say the same of items that are broken at random; seeds are real items.

A mutation drops, retypes or renames a member anywhere in an item. 500 here, 5,000 under `-m fuzz`.
"""

import copy
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from stacbuild.stages.judge import Judge
from stacbuild.stages.schemas import SchemaStore

DATA = Path(__file__).parents[2] / "shared/data"
SEEDS = DATA / "synth_seeds.ndjson"
VALUES = [None, True, 0, -1, 2.5, 1e9, "", "x", "2024-01-01T00:00:00Z", "soonZ", [], [1], ["x"], {}, {"a": 1}]
SMALL = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "stac_extensions": [],
    "id": "small",
    "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]},
    "bbox": [0, 0, 1, 1],
    "properties": {
        "datetime": None,
        "start_datetime": "2024-01-01T00:00:00Z",
        "end_datetime": "2024-01-02T00:00:00Z",
        "gsd": 10,
        "providers": [{"name": "Us", "roles": ["host"], "url": "https://example.com"}],
    },
    "links": [{"rel": "collection", "href": "./c/collection.json", "type": "application/json"}],
    "assets": {"data": {"href": "a.tif", "roles": ["data"], "bands": [{"name": "red"}]}},
    "collection": "c",
}


def seeds():
    if not SEEDS.is_file():
        return [SMALL, {**SMALL, "stac_version": "1.0.0"}]
    return [SMALL, *map(json.loads, SEEDS.read_text().splitlines())]


def places(value, path=()):
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from places(inner, (*path, key))


def mutated(item, rng):
    """Return a copy with one to three members dropped, retyped or renamed."""
    item = copy.deepcopy(item)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        found = list(places(item))
        *way, last = rng.choice(found)
        if way and way[0] == "geometry" and rng.random() < 0.8:  # most members are coordinates
            *way, last = rng.choice(found)
        parent = item
        for key in way:
            parent = parent[key]
        match rng.choice(("drop", "retype", "rename")):
            case "drop":
                del parent[last]
            case "rename" if isinstance(parent, dict):
                parent[f"{last}x"] = parent.pop(last)
            case _:
                parent[last] = rng.choice(VALUES)
    return item


def compared(count, seed):
    """Return how often which verdict was given by both, after failing where it is not the same."""
    store = SchemaStore([DATA / "schemas"], {})
    fast, slow = (Judge(store, missing="warn", engine=engine) for engine in ("fast", "stac-valid"))
    rng, items, found = random.Random(seed), seeds(), Counter()
    for number in range(count):
        item = mutated(items[number % len(items)], rng)
        mine, other = fast.judge(item), slow.judge(item)
        assert mine.state == other.state, (mine.faults, other.faults, item)
        assert [f.path for f in mine.faults] == [f.path for f in other.faults], item
        found[mine.state] += 1
    return found


def test_engines_agree_on_500_mutated_items():
    found = compared(500, 190)
    assert found["invalid"] > 100
    assert found["valid"] > 20


@pytest.mark.fuzz
def test_engines_agree_on_5000_mutated_items():
    found = compared(5000, 191)
    assert found["invalid"] > 1000
    assert found["valid"] > 200
