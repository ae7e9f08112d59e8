"""Every key of a recipe says what it means, where it is declared."""

import re

import pytest
from msgspec.structs import fields

from stacbuild.recipe import extension_tables, schema
from stacbuild.recipe.meanings import meanings, structs

STRUCTS = list(structs(schema.Document))


def test_all_structs_that_a_recipe_is_made_of_are_found():
    declared = [*vars(schema).values(), *vars(extension_tables).values()]
    tables = {kind for kind in declared if isinstance(kind, type) and issubclass(kind, schema.Table)}
    assert set(STRUCTS) >= {schema.TableSource, schema.Rule, schema.Geometry, schema.NdjsonOutput}
    bases = {base for kind in tables for base in kind.__bases__}
    assert tables - bases == set(STRUCTS) - bases


@pytest.mark.parametrize("kind", STRUCTS, ids=lambda kind: kind.__name__)
def test_every_key_has_a_meaning_below_its_field(kind):
    keys = [field.encode_name for field in fields(kind)]
    assert [key for key in keys if key not in meanings(kind)] == []


@pytest.mark.parametrize("kind", STRUCTS, ids=lambda kind: kind.__name__)
def test_a_meaning_is_a_short_sentence(kind):
    for key, text in meanings(kind).items():
        assert re.fullmatch(r"[A-Z`].*\.", text, re.DOTALL), f"{key}: {text}"
        assert len(text) <= 160, f"{key}: {text}"


def test_a_key_has_the_name_that_is_written_and_a_struct_has_the_texts_of_its_bases():
    class Wider(schema.Build, frozen=True):
        """A table with one key more."""

        own: int = 0
        """Its own."""

    assert meanings(schema.Rule)["as"].startswith("The type")
    assert meanings(Wider)["max-failures"] == meanings(schema.Build)["max-failures"]
    assert meanings(Wider)["own"] == "Its own."
