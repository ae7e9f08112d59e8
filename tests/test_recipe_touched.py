"""For each key of the recipe there is a wrong recipe in `messages/` whose words are about it, and a good one."""

import re
from contextlib import contextmanager

import pytest
from goods import ROOT
from msgspec.structs import fields
from test_recipe_messages import CASES, ENVIRON

from stacbuild.failures import RecipeError
from stacbuild.recipe import load as reader
from stacbuild.recipe import schema
from stacbuild.recipe.meanings import structs

EVERY_KEY = ROOT / "tests" / "every-key.toml"
INCLUDE, MATRIX = ("Document", "include"), ("Document", "matrix")
KEYS = [
    (kind.__name__, field.encode_name)
    for kind in structs(schema.Document)
    if not getattr(kind, "open", False)
    for field in fields(kind)
]


def touched_by(sheet):
    """Yield struct and key of everything that was found on a sheet."""
    for _, path, message, _ in sheet.findings:
        table = next(path[:end] for end in range(len(path), -1, -1) if path[:end] in sheet.drafts)
        kind = sheet.drafts[table].kind.__name__
        if len(path) > len(table):
            yield kind, path[len(table)]
        else:  # a table as a whole: a key is missing, or keys do not go together
            yield from ((kind, key) for key in re.findall(r"`([^`]+)`", message))


@contextmanager
def watched(told):
    """Note what `told` yields of each sheet that is judged."""
    found = set()
    original = reader._document

    def spy(sheet, root):
        document = original(sheet, root)
        found.update(told(sheet))
        return document

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "_document", spy)
        yield found


@pytest.fixture(scope="module")
def touched():
    """Return struct and key of everything that the wrong recipes are told about."""
    with watched(touched_by) as found:
        for case in CASES:
            with pytest.raises(RecipeError) as caught:
                reader.load(case, ENVIRON)
            words = " ".join(problem.message for problem in caught.value.problems)
            found.update({INCLUDE} if "'include'" in words else ())
            found.update({MATRIX} if "[matrix]" in words else ())
    return found


@pytest.mark.parametrize(("kind", "key"), KEYS)
def test_a_wrong_recipe_is_told_about_this_key(kind, key, touched):
    assert (kind, key) in touched, "add a wrong recipe to tests/messages, and read its words as a user would"


def test_a_good_recipe_has_every_key():
    def written(sheet):
        return {(draft.kind.__name__, key) for draft in sheet.drafts.values() for key in draft.raw}

    with watched(written) as found:
        reader.load(EVERY_KEY, ENVIRON)
    assert "\n[matrix]\n" in EVERY_KEY.read_text()
    assert set(KEYS) - found == {INCLUDE, MATRIX}, "write the key into tests/every-key.toml"
