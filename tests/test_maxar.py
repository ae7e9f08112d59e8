"""Real input: two scene tables of Maxar's open data, boxes in UTM zones, through mapping, judge and a whole build.

Checked against the data: no cell of either table is empty, every datetime is `YYYY-MM-DD hh:mm:ss+00:00`, every
`proj:bbox` is four ascending numbers, `proj:epsg` is 326 and the row's `utm_zone`; zone, quadkey and catalog_id
together are unique. So every row is an item. By the published extension schemas none fails either: all angles are in
the ranges of `view`, all grid codes fit `grid`, all cloud covers are within 0 and 100.
"""

import csv
import math
from pathlib import Path

import pystac
import pytest
from msgspec import convert

import stacbuild.project
from stacbuild.recipe import schema
from stacbuild.stages.judge import Judge
from stacbuild.stages.mapping import Mapper
from stacbuild.stages.schemas import SchemaStore
from stacbuild.work import with_link

DATA = Path(__file__).parents[2] / "shared/data"
LIBYA = DATA / "csv/maxar-Libya-Floods-Sept-2023.tsv"
IAN = DATA / "csv/maxar-Hurricane-Ian-9-26-2022.tsv"
TABLES = [(LIBYA, 186, (18.0, 30.0, 24.0, 33.5)), (IAN, 4207, (-84.0, 22.0, -78.0, 35.0))]

pytestmark = pytest.mark.skipif(not IAN.is_file(), reason="the Maxar tables are not beside this repository")

EXTENSIONS = [
    f"https://stac-extensions.github.io/{name}/schema.json"
    for name in ("eo/v2.0.0", "grid/v1.1.0", "projection/v2.0.0", "view/v1.0.0")
]
ANGLES = ["view:off_nadir", "view:azimuth", "view:incidence_angle", "view:sun_azimuth", "view:sun_elevation"]
MAPPING = {
    "id": {"template": "{utm_zone}_{quadkey}_{catalog_id}"},
    "geometry": {"bbox": "proj:bbox", "crs": "EPSG:{proj:epsg}"},
    "datetime": "datetime",
    "stac_extensions": {"value": EXTENSIONS},
    "properties": {
        "platform": "platform",
        "gsd": {"from": "gsd", "as": "number"},
        "eo:cloud_cover": {"from": "tile:clouds_percent", "as": "number"},
        "grid:code": "grid:code",
        "proj:code": {"template": "EPSG:{proj:epsg}"},
        "proj:bbox": {"template": "[{proj:bbox}]", "as": "array"},
        **{name: {"from": name, "as": "number"} for name in ANGLES},
    },
    "assets": {"visual": {"href": "visual", "type": {"value": "image/tiff; application=geotiff"}}},
}

RECIPE = f"""
[catalog]
id = "maxar"
description = "Tiles after a flood"
[sources.tiles]
kind = "table"
path = "tiles.tsv"
key = "visual"
[mappings.tiles]
id = {{ template = "{{utm_zone}}_{{quadkey}}_{{catalog_id}}" }}
geometry = {{ bbox = "proj:bbox", crs = "EPSG:{{proj:epsg}}" }}
datetime = "datetime"
[mappings.tiles.properties]
gsd = {{ from = "gsd", as = "number" }}
platform = "platform"
{"".join(f'"{name}" = {{ from = "{name}", as = "number" }}' + chr(10) for name in ANGLES)}
[mappings.tiles.assets.visual]
href = "visual"
type = {{ value = "image/tiff; application=geotiff" }}
[collections.flood]
from = ["tiles"]
mapping = "tiles"
description = "Tiles"
license = "CC-BY-NC-4.0"
summaries = ["platform", "gsd"]
[outputs.site]
kind = "stac-json"
path = "site"
"""


def rows(file):
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def items(file):
    mapper = Mapper(convert(MAPPING, schema.Mapping), "tiles")
    return [mapper.item(record, "") for record in rows(file)]


@pytest.mark.parametrize(("file", "count", "region"), TABLES, ids=["libya", "ian"])
def test_every_row_is_an_item_in_its_region(file, count, region):
    made = items(file)
    assert len({item["id"] for item in made}) == count
    for item in made:
        west, south, east, north = item["bbox"]
        assert region[0] < west < east < region[2]
        assert region[1] < south < north < region[3]
        assert item["geometry"]["type"] == "Polygon"
        assert item["geometry"]["coordinates"][0][0] == item["geometry"]["coordinates"][0][-1]
        assert item["properties"]["datetime"].endswith("Z")


@pytest.mark.parametrize(("file", "count", "region"), TABLES, ids=["libya", "ian"])
def test_reprojected_boxes_keep_their_size(file, count, region):
    assert count
    for item in items(file):
        west, south, east, north = item["properties"]["proj:bbox"]
        (a, b, c, *_) = item["geometry"]["coordinates"][0]
        metres = 111_320.0
        width = math.hypot((b[0] - a[0]) * math.cos(math.radians(a[1])), b[1] - a[1]) * metres
        height = math.hypot((c[0] - b[0]) * math.cos(math.radians(b[1])), c[1] - b[1]) * metres
        assert width == pytest.approx(east - west, rel=0.01)
        assert height == pytest.approx(north - south, rel=0.01)


@pytest.mark.parametrize(("file", "count", "region"), TABLES, ids=["libya", "ian"])
def test_every_item_is_valid_by_core_and_published_extension_schemas(file, count, region):
    judge = Judge(SchemaStore([DATA / "schemas"], {}), missing="fail")
    verdicts = [judge.judge(with_link(item)) for item in items(file)]
    assert [verdict for verdict in verdicts if verdict.state != "valid"] == []
    assert len(verdicts) == count


def test_broken_rows_of_the_real_table_fail_by_themselves():
    record = rows(LIBYA)[0]
    mapper = Mapper(convert(MAPPING, schema.Mapping), "tiles")
    judge = Judge(SchemaStore([DATA / "schemas"], {}), missing="fail")
    (fault,) = judge.judge(with_link(mapper.item({**record, "view:off_nadir": "91"}, ""))).faults
    assert (fault.path, fault.message) == (
        "/properties/view:off_nadir",
        "'view:off_nadir' must be 90 or less, but is 91",
    )


def test_whole_build_is_a_catalog_that_pystac_opens_and_validates(tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    (tmp_path / "tiles.tsv").write_bytes(LIBYA.read_bytes())
    (tmp_path / "stacbuild.toml").write_text(RECIPE)
    report = stacbuild.project.open(tmp_path / "stacbuild.toml", environ={}).build(jobs=1)
    assert report.exit == 0
    assert report.failures["count"] == 0

    catalog = pystac.Catalog.from_file(tmp_path / "site/catalog.json")
    catalog.validate()
    (collection,) = catalog.get_collections()
    collection.validate()
    found = list(collection.get_items())
    assert len(found) == 186
    for item in found:
        item.validate()
    expected = sorted(item["id"] for item in items(LIBYA))
    assert sorted(item.id for item in found) == expected
    boxes = [item.bbox for item in found]
    west, south = (min(box[side] for box in boxes) for side in (0, 1))
    east, north = (max(box[side] for box in boxes) for side in (2, 3))
    assert collection.extent.spatial.bboxes == [[west, south, east, north]]
    assert sorted(collection.summaries.get_list("platform")) == ["GE01", "WV02", "WV03"]

    again = stacbuild.project.open(tmp_path / "stacbuild.toml", environ={}).build(jobs=1)
    assert sum(stage.get("ran", 0) for stage in again.stages.values()) == 0
