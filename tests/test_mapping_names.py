"""What a mapping names besides its item: the collection that a record goes to."""

import pytest
from msgspec import convert

from stacbuild.failures import ItemError
from stacbuild.recipe import schema
from stacbuild.stages.mapping import Mapper

POINT = {"value": {"type": "Point", "coordinates": [1, 2]}}


def named(record, **spec):
    whole = {"id": "id", "geometry": POINT, "datetime": "t", **spec}
    return Mapper(convert(whole, schema.Mapping), "c").collection(record)


def test_mapping_without_a_rule_names_no_collection():
    assert named({"collection": "x"}) is None


@pytest.mark.parametrize(
    ("rule", "record", "expected"),
    [
        ("where", {"where": "sentinel-2"}, "sentinel-2"),
        ({"from": "where"}, {"where": 7}, "7"),
        ({"template": "{sat}-{level}"}, {"sat": "s2", "level": "l2a"}, "s2-l2a"),
        ({"from": "where", "default": "rest"}, {}, "rest"),
    ],
)
def test_collection_is_named_by_its_rule(rule, record, expected):
    assert named(record, collection=rule) == expected


@pytest.mark.parametrize(
    ("value", "code"), [(None, "SB201"), ("", "SB214"), (" ", "SB214"), (["a"], "SB214"), ("a\nb", "SB214")]
)
def test_bad_name_of_a_collection_costs_the_record(value, code):
    with pytest.raises(ItemError) as caught:
        named({"where": value}, collection={"from": "where", "required": False})
    assert (caught.value.code, caught.value.path) == (code, "/collection")


def test_what_names_the_collection_is_among_the_settings_of_names():
    def settings(**spec):
        whole = {"id": "id", "geometry": POINT, "datetime": "t", **spec}
        return Mapper(convert(whole, schema.Mapping), "c").id_settings

    tables = {"lookups": {"places": {"a": "alpha"}}}
    rule = {"from": "where", "lookup": "places"}
    assert settings(collection=rule, **tables)["lookups"] == tables["lookups"]
    assert settings(collection="a") != settings(collection="b") != settings()
