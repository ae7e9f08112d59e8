"""The box of a collection: the narrower of two ways round the world, in the very numbers that the items have."""

import pytest

from stacbuild.aggregate import Facts, bbox, facts, fold, merge


def of(*boxes: list[float]) -> list[Facts]:
    properties = {"datetime": "2024-01-01T00:00:00Z"}
    return [facts({"properties": properties, "bbox": box, "assets": {}}, []) for box in boxes]


@pytest.mark.parametrize("west", [-72.5007, -69.4605, -0.1, -179.9999999, 12.3, -1e-7])
def test_box_of_one_item_is_that_items_box_to_the_last_digit(west):
    box = [west, 43.4206, west + 0.05, 45.6201]
    assert bbox(fold(of(box), [])) == box


def test_box_on_both_sides_of_the_antimeridian_goes_over_it_without_noise():
    boxes = [178.9803, 66.5, 179.5, 67.6], [-179.2, 66.0, -178.3606, 67.0]
    assert bbox(fold(of(*boxes), [])) == [178.9803, 66.0, -178.3606, 67.6]


def test_merged_folds_give_the_box_of_all():
    one, other = fold(of([-69.4605, 0.0, -60.1, 1.0]), []), fold(of([-71.7, -1.0, -69.9, 0.5]), [])
    merge(one, other)
    assert bbox(one) == [-71.7, -1.0, -60.1, 1.0]
