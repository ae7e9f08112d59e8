"""The sample of `check` goes through the same stages as a build, with all that stands beside the recipe."""

import pytest
from kitchen import Kitchen, row


@pytest.fixture
def kitchen(tmp_path):
    kitchen = Kitchen(tmp_path / "here", rows=6)
    kitchen.write("ours.py", "def value(record):\n    return record['id']\n")
    kitchen.write("names.csv", "key,name\n" + "".join(f"k{number},n{number}\n" for number in range(6)))
    mapping = kitchen.recipe["mappings"]["plain"]
    mapping["properties"]["made"] = {"function": "ours.py:value"}
    mapping["properties"]["name"] = {"from": "key", "lookup": {"file": "names.csv", "key": "key", "value": "name"}}
    mapping["collection"] = {"template": "c-{gsd}"}
    kitchen.recipe["collections"] = {"c-*": {"from": ["rows"], "mapping": "plain", "where": "gsd < 4"}}
    kitchen.save()
    return kitchen


def test_tables_and_functions_and_targets_of_patterns_are_at_hand(kitchen):
    assert kitchen.ask("check", exit_=0)["sample"] == {"tried": 6, "failed": 0}
    assert kitchen.build()["items"]["total"] == 3


def test_what_the_recipe_does_not_want_is_no_failure(kitchen):
    kitchen.rows([row(1), row(5)])
    assert kitchen.ask("check", exit_=0)["failures"] == []
