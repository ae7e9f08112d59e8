"""For each key of the recipe there is a wrong recipe in `messages/` whose words are about that key."""

import re

import pytest
from msgspec.structs import fields
from test_recipe_messages import CASES, ENVIRON

from stacbuild.failures import RecipeError
from stacbuild.recipe import load as reader
from stacbuild.recipe import schema
from stacbuild.recipe.meanings import structs

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


@pytest.fixture(scope="module")
def touched():
    """Return struct and key of everything that the wrong recipes are told about."""
    found = set()
    original = reader._document

    def spy(sheet, root):
        document = original(sheet, root)
        found.update(touched_by(sheet))
        return document

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "_document", spy)
        for case in CASES:
            with pytest.raises(RecipeError) as caught:
                reader.load(case, ENVIRON)
            words = " ".join(problem.message for problem in caught.value.problems)
            found |= {INCLUDE} if "'include'" in words else set()
            found |= {MATRIX} if "[matrix]" in words else set()
    return found


@pytest.mark.parametrize(("kind", "key"), KEYS)
def test_a_wrong_recipe_is_told_about_this_key(kind, key, touched):
    assert (kind, key) in touched, "add a wrong recipe to tests/messages, and read its words as a user would"
