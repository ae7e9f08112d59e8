"""The golden corpus of extensions: a table each, and what it makes of one item. Other bytes ask for a higher revision.

When an extension is to give other bytes: raise its `revision`, put both into `golden/extensions.json`, read them.
"""

import importlib
import json
from pathlib import Path

import pytest
from extended import applied

from stacbuild import canon
from stacbuild.extensions.registry import _BUILT_IN

HERE = Path(__file__).parent / "golden"
GOLDEN = json.loads((HERE / "extensions.json").read_text())
CLASSES = {
    kind.__struct_config__.tag: getattr(importlib.import_module(f"stacbuild.extensions.{module}"), name)
    for kind, (module, name) in _BUILT_IN.items()
}


def test_all_that_are_built_in_have_their_revision_here():
    found = {one["table"]["use"]: one["revision"] for one in GOLDEN["gives"]}
    assert found == {use: kind.revision for use, kind in CLASSES.items()}


@pytest.mark.parametrize("one", GOLDEN["gives"], ids=lambda one: one["table"]["use"])
def test_an_extension_has_the_bytes_of_its_revision(one):
    made = applied(one["table"], GOLDEN["item"], HERE)
    changed = {name: value for name, value in made.items() if GOLDEN["item"].get(name) != value}
    assert canon.encode(changed) == canon.encode(one["gives"])
