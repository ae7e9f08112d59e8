"""Output `geoparquet`: what becomes of values that no one type holds. Each row of docs/geoparquet.md has its test."""

import json

import pyarrow as pa
import pytest
from parquet_kitchen import POLYGON, alike, an_item, back, of_items, same, table, told

TEXTS = "stacbuild:json"
UTC = pa.timestamp("us", "UTC")


def of_values(folder, *values, name="x"):
    """Return a built kitchen of which each item has another value in one property."""
    some = [an_item(f"i{number:04d}", properties={name: value}) for number, value in enumerate(values)]
    kitchen = of_items(folder, some)
    kitchen.build()
    assert kitchen.failures() == []
    return kitchen


def type_of(kitchen, name="x"):
    return table(kitchen).schema.field(name).type


def cells(kitchen, name="x"):
    return table(kitchen)[name].to_pylist()


def values(kitchen, name="x"):
    return [item["properties"].get(name) for _, item in sorted(back(kitchen).items())]


@pytest.mark.parametrize(
    ("given", "type_"),
    [
        ([True, None, False], pa.bool_()),
        ([1, 2**53, -(2**53)], pa.int64()),
        ([2**53 + 1, -(2**63), 2**63 - 1], pa.int64()),
        ([1, 2.5, -0.1, 1e300], pa.float64()),
        (["a", "2024-01-01", "2024-01-01T00:00:00Z", ""], pa.string()),
        (["2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00"], pa.string()),
        ([[1, 2], [], None, [3]], pa.list_(pa.int64())),
        ([[], []], pa.list_(pa.string())),
        ([[None, None]], pa.list_(pa.string())),
        ([[None, 1], [2, 3], [None, None, 4]], pa.list_(pa.int64())),
        ([[None, [None, 1]], [[2, 3]]], pa.list_(pa.list_(pa.int64()))),
        ([{"a": [None, {"b": [None, "x"]}]}, {"a": [{"b": ["y"]}]}], None),
        ([[{"a": None}, None], [None, {"b": [None, None]}]], pa.list_(pa.struct({"b": pa.list_(pa.string())}))),
        ([[[1], [2.5]], [[]]], pa.list_(pa.list_(pa.float64()))),
        ([{"a": 1}, {"b": "x"}, {}], pa.struct({"a": pa.int64(), "b": pa.string()})),
        ([{"b": 1, "a": {"c": 1}}, {"a": {"d": True}}], None),
        ([[{"a": 1}, {"b": 2}], []], pa.list_(pa.struct({"a": pa.int64(), "b": pa.int64()}))),
    ],
)
def test_values_of_one_kind_are_a_column_of_their_own_type(tmp_path, given, type_):
    kitchen = of_values(tmp_path, *given)
    assert type_ is None or type_of(kitchen) == type_
    assert alike(values(kitchen)) == alike(given)
    assert TEXTS.encode() not in table(kitchen).schema.metadata


@pytest.mark.parametrize(
    "given",
    [
        [1, "1"],
        [True, 1],
        ["a", ["a"]],
        [{"a": 1}, [1]],
        [[1, "a"], [2]],
        [[1], [[1]]],
        [2**53 + 1, 0.5],
        [2**63, 1],
        [{}, {}],
        [1, "1", None, 2.5, [1, {"a": None}], {"b": [2**70]}, "ä\U0001f600\x00"],
    ],
)
def test_values_of_several_kinds_are_json_text_and_come_back(tmp_path, given):
    kitchen = of_values(tmp_path, *given)
    assert type_of(kitchen) == pa.string()
    assert [None if cell is None else json.loads(cell) for cell in cells(kitchen)] == given
    assert told(kitchen, key=TEXTS) == [["x"]]
    assert [repr(value) for value in values(kitchen)] == [repr(value) for value in given], "1 is not 1.0 or '1'"


def test_only_the_member_that_differs_is_json_text(tmp_path):
    given = [{"a": [{"b": 1, "c": 1}]}, {"a": [{"b": "1", "c": 2}, {"b": None}]}, {"d": {}}]
    kitchen = of_values(tmp_path, *given)
    assert told(kitchen, key=TEXTS) == [["x", "a", "[]", "b"], ["x", "d"]]
    assert type_of(kitchen).field("a").type.value_type.field("c").type == pa.int64()
    assert alike(values(kitchen)) == alike(given)


def test_kinds_may_come_late(tmp_path, monkeypatch):
    """Each batch is read by itself: what the last one has decides for the first."""
    monkeypatch.setattr("stacbuild.outputs.parquet.table.BATCH_ROWS", 2)
    given = [1, 2, None, 4, 2.5, 2**53 + 2, "x", [1], {}, 3]
    kitchen = of_values(tmp_path, *given)
    assert [repr(value) for value in values(kitchen)] == [repr(value) for value in given]


def test_members_that_are_always_null_have_no_column(tmp_path):
    kitchen = of_values(tmp_path, None, None)
    assert "x" not in table(kitchen).schema.names


def test_an_object_of_a_thousand_keys_is_json_text(tmp_path):
    given = [{f"key {number} of {item}": number for number in range(400)} for item in range(3)]
    kitchen = of_values(tmp_path, *given)
    assert told(kitchen, key=TEXTS) == [["x"]]
    assert values(kitchen) == given


def test_assets_of_thousands_of_keys_are_json_text_and_that_is_said(tmp_path):
    some = [an_item(str(n), assets={f"{n}-{m}": {"href": "https://x.org"} for m in range(300)}) for n in range(4)]
    kitchen = of_items(tmp_path, some)
    assert [warning["code"] for warning in kitchen.build()["warnings"]] == ["SB741"]
    assert same(kitchen)


def test_thousands_of_properties_are_json_text_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("stacbuild.outputs.parquet.table.COLUMNS_AT_MOST", 50)
    some = [
        an_item(str(n), properties={f"p{n}-{m}": m for m in range(20)} | {"id": n, "created": "2024-01-01T00:00:00Z"})
        for n in range(5)
    ]
    kitchen = of_items(tmp_path, some)
    assert [warning["code"] for warning in kitchen.build()["warnings"]] == ["SB741"]
    assert type_of(kitchen, "created") == UTC
    assert len(table(kitchen).schema.names) == 12
    assert same(kitchen)


def test_what_is_nested_too_deep_is_json_text(tmp_path):
    deep = "leaf"
    for _ in range(60):
        deep = {"a": deep}
    kitchen = of_values(tmp_path, deep, deep)
    assert values(kitchen) == [deep, deep]
    assert len(told(kitchen, key=TEXTS)[0]) < 60


# --- moments


def test_moments_are_instants_whatever_their_zone_and_fraction(tmp_path):
    given = ["2024-01-01T00:00:00Z", "2024-01-01T02:00:00.123456+02:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
    kitchen = of_values(tmp_path, *given, name="created")
    assert type_of(kitchen, "created") == UTC
    assert values(kitchen, "created") == [*given[:1], "2024-01-01T00:00:00.123456Z", *given[2:]]


@pytest.mark.parametrize("odd", ["2024-01-01", "2024-01-01T00:00:00.1234567Z", "soon", "2024-01-01T00:00:00"])
def test_a_column_of_which_one_is_no_moment_is_text_as_it_was(tmp_path, odd):
    given = ["2024-01-01T00:00:00+00:00", odd]
    kitchen = of_values(tmp_path, *given, name="updated")
    assert type_of(kitchen, "updated") == pa.string()
    assert values(kitchen, "updated") == given


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2024-01-01t00:00:00z", "2024-01-01T00:00:00Z"),
        ("2024-01-01", "2024-01-01T00:00:00Z"),
        ("2024-01-01T00:00:00", "2024-01-01T00:00:00Z"),
        ("2024-01-01T00:00:00.123456789Z", "2024-01-01T00:00:00.123456Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ],
)
def test_a_datetime_is_a_timestamp_however_it_is_written(tmp_path, given, kept):
    kitchen = of_items(tmp_path, [an_item("a", when=given), an_item("b")])
    kitchen.build()
    assert type_of(kitchen, "datetime") == UTC
    assert back(kitchen)["a"]["properties"]["datetime"] == kept


# --- geometry and box


def geometry(kind, coordinates):
    return {"type": kind, "coordinates": coordinates}


def test_two_and_three_dimensions_no_geometry_and_all_types_stand_in_one_file(tmp_path):
    shapes = [
        geometry("Point", [1.5, 2]),
        geometry("Point", [1, 2, 3]),
        geometry("LineString", [[0, 0], [1, 1]]),
        geometry("MultiPoint", [[0, 0], [1, 1]]),
        geometry("MultiLineString", [[[0, 0], [1, 1]], [[5, 5], [6, 7]]]),
        POLYGON,
        geometry("Polygon", [[[0, 0, 1], [1, 0, 2], [1, 1, 3], [0, 0, 1]]]),
        geometry("MultiPolygon", [POLYGON["coordinates"], POLYGON["coordinates"]]),
        {"type": "GeometryCollection", "geometries": [geometry("Point", [-7, 2]), POLYGON]},
    ]
    some = [an_item(str(number), geometry=shape) for number, shape in enumerate(shapes)]
    some[1]["bbox"] = [1, 2, 3, 1, 2, 3]
    nowhere = an_item("nowhere", geometry=None)
    del nowhere["bbox"]
    kitchen = of_items(tmp_path, [*some, nowhere])
    kitchen.build()
    assert same(kitchen)
    column = told(kitchen, key="geo")["columns"]["geometry"]
    assert {"GeometryCollection", "Point", "Point Z", "Polygon Z"} < set(column["geometry_types"])
    assert column["bbox"] == [-7, 0, 6, 7]
    assert table(kitchen)["bbox"].type.names if hasattr(table(kitchen)["bbox"].type, "names") else True
    assert table(kitchen)["bbox"].null_count == 1


def test_an_item_without_a_box_gets_that_of_its_geometry(tmp_path):
    item = an_item("a")
    del item["bbox"]
    kitchen = of_items(tmp_path, [item])
    kitchen.build()
    assert back(kitchen)["a"]["bbox"] == [1, 2, 3, 5]


def test_projected_geometry_is_wkb_or_comes_back_otherwise(tmp_path):
    plain, crooked = geometry("Point", [500000, 0]), geometry("Point", [1, 2]) | {"crs": {"type": "name"}}
    some = [an_item(str(n), properties={"proj:geometry": value}) for n, value in enumerate([plain, crooked, None, 5])]
    kitchen = of_items(tmp_path, some)
    kitchen.build()
    assert type_of(kitchen, "proj:geometry") == pa.binary()
    assert told(kitchen, key="geo")["columns"]["proj:geometry"]["crs"] is None
    assert same(kitchen)


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"geometry": {"type": "Point", "coordinates": [[1, 2]]}}, "/geometry"),
        ({"geometry": {"type": "Circle", "coordinates": [1, 2]}}, "/geometry"),
        ({"geometry": {"type": "Polygon"}}, "/geometry"),
        ({"geometry": {"type": "LineString", "coordinates": [[1, 2], ["1", 2]]}}, "/geometry"),
        ({"geometry": {"type": "Point", "coordinates": [1, 2, 3, 4]}}, "/geometry"),
        ({"bbox": [1, 2, 3]}, "/bbox"),
        ({"bbox": ["west", 2, 3, 4]}, "/bbox"),
        ({"stac_extensions": [7]}, "/stac_extensions"),
        ({"when": 20240101}, "/properties/datetime"),
        ({"when": "2024-01-01T23:59:60Z"}, "/properties/datetime"),
    ],
)
def test_what_cannot_be_said_costs_that_item_alone(tmp_path, members, path):
    kitchen = of_items(tmp_path, [an_item("a"), an_item("b", **members), an_item("c")])
    kitchen.build(exit_=1)
    assert sorted(back(kitchen)) == ["a", "c"]
    assert [(one["item_id"], one["path"]) for one in kitchen.failures()] == [("b", path)]


# --- names


def test_properties_called_like_members_of_items_come_back(tmp_path):
    odd = {"collection": "other", "id": 5, "geometry": [1], "bbox": None, "assets": {}, "properties": {"type": "x"}}
    kitchen = of_items(tmp_path, [an_item("a", properties=odd), an_item("b", properties={"type": "y"})])
    kitchen.build()
    assert table(kitchen)["collection"].to_pylist() == ["one", "one"]
    assert same(kitchen)


def test_a_foreign_member_comes_back_as_a_property_and_never_in_place_of_one(tmp_path):
    some = [an_item("a", foreign=1), an_item("b", foreign=2, properties={"foreign": 3})]
    kitchen = of_items(tmp_path, some)
    kitchen.build()
    assert values(kitchen, "foreign") == [1, 3]


@pytest.mark.parametrize("name", ["", "a.b", "ä b", "__x", "xmin", "schema", '"q"', "[]"])
def test_properties_of_any_name_come_back(tmp_path, name):
    kitchen = of_values(tmp_path, 1, "1", name=name)
    assert values(kitchen, name) == [1, "1"]


def test_items_without_assets_or_extensions_have_a_table_that_others_read(tmp_path):
    kitchen = of_items(tmp_path, [an_item("a", assets={}), an_item("b", assets={})])
    kitchen.build()
    assert "assets" not in table(kitchen).schema.names
    assert table(kitchen)["stac_extensions"].to_pylist() == [[], []]
    assert same(kitchen)


def test_bounds_are_the_same_in_whatever_order_zeros_of_both_signs_come(tmp_path):
    there = [{"type": "Point", "coordinates": [1.0, zero]} for zero in (-0.0, 0.0)]
    files = []
    for name, order in (("one", there), ("other", there[::-1])):
        some = [an_item(f"i{number}", geometry=geometry) for number, geometry in enumerate(order)]
        kitchen = of_items(tmp_path / name, some)
        kitchen.build()
        files.append(told(kitchen, key="geo")["columns"]["geometry"]["bbox"])
    assert list(map(str, files)) == ["[1.0, 0.0, 1.0, 0.0]"] * 2
