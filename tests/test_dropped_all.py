"""Groups of which every item was dropped are looked at again when a stage comes or goes: none stays away for good."""

import pytest
from kitchen import Kitchen

WAYS = {"patch": {"patches": ["none"]}, "where": {"where": "gsd > 100"}}


@pytest.fixture
def kitchen(tmp_path):
    kitchen = Kitchen(tmp_path, rows=3)
    kitchen.recipe["patches"] = {"none": {"drop": True}}
    return kitchen


@pytest.mark.parametrize("way", WAYS)
def test_items_that_were_all_dropped_come_back(kitchen, way):
    plain = kitchen.recipe["collections"]["one"]
    kitchen.recipe["collections"]["one"] = plain | WAYS[way]
    kitchen.save()
    assert kitchen.build()["items"]["dropped"] == 3
    kitchen.recipe["collections"]["one"] = plain
    kitchen.save()
    assert kitchen.build()["items"]["added"] == 3
    assert kitchen.ids() == ["i0", "i1", "i2"]


def test_what_dropped_them_is_told_as_it_is_now(kitchen):
    kitchen.recipe["collections"]["one"] |= WAYS["patch"]
    kitchen.save()
    assert kitchen.build()["patches"]["none"]["dropped"] == 3
    kitchen.recipe["collections"]["one"] |= WAYS["where"]
    kitchen.save()
    assert kitchen.build()["patches"]["none"]["dropped"] == 0
