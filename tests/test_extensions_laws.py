"""Laws of all built-in extensions, on random configurations and items: applied twice is applied once; what is given
is not changed; what comes out is valid by the published schemas.
"""

import copy
import json
from functools import cache
from pathlib import Path

import pytest
from extended import BASE, CID, COLLECTION, ITEM, OTHER_CID, PIECE, REAL, applied, changed, verdict
from hypothesis import given, settings
from hypothesis import strategies as st

from stacbuild.extensions import registry
from stacbuild.failures import ItemError
from stacbuild.recipe import extension_tables as tables
from stacbuild.stages.judge import Judge
from stacbuild.stages.schemas import SchemaStore

KEYS = st.sampled_from(["data", "thumb", "red", "nowhere", "*"])
TEXT = st.sampled_from(["a", "of {platform}", "{id}-{count}", "{{x}}"])
MAYBE = {"required": False}


def some(**members):
    """Return tables that have any of the members, none of them empty."""
    return st.fixed_dictionaries({}, optional=members).filter(bool)


def of(good, *fields):
    """Return constants, or fields of the item that hold such, which an item may be without."""
    taken = st.sampled_from(fields).map(lambda name: {"from": name, **MAYBE})
    return good | taken if fields else good


PERCENT = of(st.integers(0, 100) | st.floats(0, 100), "clouds", "nowhere")
NUMBER = of(st.integers(-9, 9) | st.floats(-9, 9), "count", "nowhere")
ANGLE = of(st.integers(0, 90), "clouds", "nowhere")
NAMES = st.lists(st.sampled_from(["B1", "B2", "B3"]), unique=True, max_size=3)


@st.composite
def bands(draw, **members):
    """Return bands that all have names, or none."""
    names = draw(NAMES | st.just([None, None]))
    made = [draw(st.fixed_dictionaries({}, optional=members)) for _ in names]
    return [{**band, "name": name} if name else band for band, name in zip(made, names, strict=True)]


EO_BAND = {
    "common-name": st.sampled_from(["red", "nir", "blue"]),
    "center-wavelength": of(st.floats(0.1, 9), "clouds"),
    "full-width-half-max": of(st.floats(0.1, 9), "nowhere"),
    "solar-illumination": of(st.integers(0, 9), "count"),
}
RASTER = {
    "data-type": st.sampled_from(["uint8", "float32"]),
    "nodata": st.integers() | st.just("nan"),
    "unit": TEXT,
    "statistics": some(minimum=st.integers(), maximum=st.integers()),
    "bits-per-sample": of(st.integers(1, 64), "count"),
    "sampling": st.sampled_from(["area", "point"]),
    "scale": NUMBER,
    "offset": NUMBER,
    "spatial-resolution": NUMBER,
    "histogram": st.just({"count": 3, "min": 0, "max": 9, "buckets": [1, 1, 1]}),
}
PROJ = {
    "code": st.sampled_from(["EPSG:32634", "EPSG:3067", "IAU_2015:30100"]),
    "wkt2": TEXT,
    "bbox": st.just([1, 2, 3.5, 4]) | st.just({"from": "bbox"}),
    "geometry": st.just({"from": "geometry"}),
    "centroid": st.just({"lat": 1, "lon": 2}),
    "shape": st.just([2, 3]),
    "transform": st.just([10, 0, 5, 0, -10, 7]),
}
CONFIGS = {
    "alternate-assets": st.fixed_dictionaries(
        {
            "alternates": st.dictionaries(
                st.sampled_from(["s3", "mirror"]),
                st.fixed_dictionaries(
                    {"href": st.sampled_from(["s3://b/{path}", "https://m/{asset}/{name}?{id}"])},
                    optional={"name": st.just("N"), "title": TEXT, "fields": some(x=st.integers())},
                ),
                min_size=1,
            )
        },
        optional={"assets": st.lists(KEYS), "own-name": st.just("Own")},
    ),
    "dgeo": some(
        **{"cids": of(st.just([CID, OTHER_CID]), "cids"), "piece-cids": st.just([PIECE])},
        assets=st.dictionaries(
            KEYS,
            some(
                **{"cid": st.sampled_from([CID, OTHER_CID]), "piece-cid": st.just(PIECE)},
                **{"cid-profile": some(cid_version=st.just(1))},
            ),
        ),
        ownership=st.integers() | TEXT,
        licensing=st.lists(TEXT, min_size=1),
    ),
    "eo": some(
        **{"cloud-cover": PERCENT, "snow-cover": PERCENT},
        assets=st.dictionaries(
            KEYS, some(**EO_BAND, **{"cloud-cover": PERCENT}, bands=bands(**EO_BAND, description=TEXT))
        ),
    ),
    "fields": some(
        schema=st.just("https://example.com/ours.json"),
        properties=some(x=st.integers() | TEXT, y=of(st.none(), "clouds", "nowhere")),
        assets=some(x=st.integers() | TEXT, y=of(st.none(), "this.href", "nowhere")),
    ),
    "file": st.fixed_dictionaries(
        {"missing": st.just("skip")}, optional={"assets": st.lists(KEYS), "checksum": st.booleans()}
    ),
    "proj-compat": st.just({}),
    "processing": some(
        **dict.fromkeys(("lineage", "level", "facility", "version"), TEXT),
        software=st.dictionaries(st.sampled_from(["a", "b"]), TEXT),
        expression=st.just({"format": "f", "expression": "a + b"}),
        datetime=st.just({"from": "datetime"}),
    ),
    "projection": some(**PROJ, assets=st.dictionaries(KEYS, some(**PROJ)), **{"compute-bbox": st.booleans()}),
    "raster": st.fixed_dictionaries(
        {"assets": st.dictionaries(KEYS, some(**RASTER, bands=bands(**RASTER, description=TEXT)))}
    ),
    "scientific": some(
        doi=of(st.just("10.1000/xyz"), "nowhere"),
        citation=TEXT,
        publications=st.lists(some(doi=st.just("10.1000/abc"), citation=TEXT), max_size=2),
    ),
    "timestamps": st.fixed_dictionaries({}, optional={"from": st.lists(st.sampled_from(["updated", "ingested"]))}),
    "version": some(version=of(TEXT, "platform"), deprecated=st.booleans(), experimental=of(st.just(True), "nowhere")),
    "view": some(**{"off-nadir": ANGLE, "sun-azimuth": ANGLE, "sun-elevation": ANGLE, "moon-azimuth": ANGLE}),
}
BAND = st.fixed_dictionaries({}, optional={"name": st.sampled_from(["B1", "B2", "Z"]), "x": st.integers()})
ASSET = st.fixed_dictionaries(
    {"href": st.sampled_from(["a.tif", "extended.py", "https://h/a.tif?x=1", "s3://b/a.tif", "../a.tif"])},
    optional={
        "bands": st.lists(BAND, max_size=3),
        "alternate": st.just({"tape": {"href": "tape://1"}}),
        "proj:code": st.just("EPSG:3067"),
        "dgeo:cid": st.just(CID),
        "title": st.just("T"),
    },
)
ITEMS = st.builds(
    lambda properties, assets, declared, links: changed(
        properties, assets=assets, stac_extensions=declared, links=links
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "clouds": st.just(...) | st.just(0),
            "updated": st.sampled_from(["2020-01-01T00:00:00Z", "2030-01-01T00:00:00.5+02:00", "soon", None]),
            "created": st.sampled_from(["2019-01-01T00:00:00Z", 3]),
            "ingested": st.sampled_from(["2021-01-01T00:00:00Z", "2021-01-01", 5]),
            "cids": st.just([OTHER_CID]) | st.just(CID),
            "dgeo:cids": st.just([CID]),
            "eo:cloud_cover": st.just(4),
            "proj:code": st.just("EPSG:32634"),
            "processing:software": st.just({"a": "0"}),
        },
    ),
    st.just(...) | st.just(None) | st.dictionaries(st.sampled_from(["data", "thumb", "red"]), ASSET),
    st.just(...) | st.just([]) | st.just([f"{BASE}/eo/v1.1.0/schema.json", f"{BASE}/view/v1.1.0/schema.json"]),
    st.just([]) | st.just([{"rel": "cite-as", "href": "https://doi.org/10.1000/xyz"}]),
)
USES = sorted(CONFIGS)
HERE = Path(__file__).parent
"""Where there is a file of an asset: `extended.py`."""


@cache
def configured(use):
    return CONFIGS[use].map(lambda config: {"use": use, **config})


def tried(table, item):
    """Return the item with an extension applied; None where it says that the item will not do."""
    try:
        return applied(table, item, HERE)
    except ItemError as error:
        if error.code in ("SB234", "SB235"):
            return None
        raise


def test_these_are_all_that_are_built_in():
    assert {kind.__struct_config__.tag for kind in registry._BUILT_IN} == set(USES)
    kinds = [kind for kind in tables.Extension.__args__ if kind is not tables.PlugIn]
    assert set(kinds) == set(registry._BUILT_IN)


@pytest.mark.parametrize("use", USES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_applied_twice_is_applied_once_and_what_was_given_is_not_changed(use, data):
    table, item = data.draw(configured(use)), data.draw(ITEMS)
    before, config = copy.deepcopy(item), copy.deepcopy(table)
    once = tried(table, item)
    assert (item, table) == (before, config)
    if once is not None:
        kept = copy.deepcopy(once)
        assert applied(table, once, HERE) == once == kept


@pytest.mark.parametrize("use", USES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_all_that_an_item_had_stays_but_what_the_extension_sets(use, data):
    item = data.draw(ITEMS)
    made = tried(data.draw(configured(use)), item)
    if made is None:
        return
    for name in item.keys() - {"properties", "assets", "links", "stac_extensions"}:
        assert made[name] == item[name]
    assert made["properties"].keys() >= item["properties"].keys()
    assert (made.get("assets") or {}).keys() == (item.get("assets") or {}).keys()
    assert made["links"][: len(item["links"])] == item["links"]


@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/schemas")
@pytest.mark.parametrize("use", [use for use in USES if use != "fields"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_what_comes_out_is_valid_by_the_published_schemas(use, data):
    table = data.draw(configured(use))
    item = changed(assets={**ITEM["assets"], "red": {"href": "extended.py", "bands": [{"name": "B1"}]}})
    made = tried(table, item)
    if made is not None:
        assert verdict(made) == []


@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/schemas")
def test_proj_compat_is_valid_beside_the_code_which_the_newer_schema_refuses():
    item = applied({"use": "projection", "code": "EPSG:32634"})
    assert verdict(applied({"use": "proj-compat"}, item)) == []
    assert verdict({**item, "properties": {**item["properties"], "proj:epsg": 32634}}) != []


@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/schemas")
def test_all_of_them_together_give_a_valid_item(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.tif").write_bytes(b"x")
    item = changed(properties={"cid": CID})
    for table in (
        {"use": "dgeo", "cids": {"from": "cid"}, "assets": {"data": {"cid": {"from": "cid"}}}, "ownership": "us"},
        {"use": "file"},
        {"use": "projection", "code": "EPSG:32634", "compute-bbox": True, "shape": [2, 2]},
        {"use": "proj-compat"},
        {"use": "eo", "cloud-cover": {"from": "clouds"}, "assets": {"data": {"bands": [{"common-name": "red"}]}}},
        {"use": "raster", "assets": {"data": {"bands": [{"data-type": "uint8", "scale": 0.1}]}}},
        {"use": "view", "sun-elevation": 30},
        {"use": "processing", "level": "L2A"},
        {"use": "version", "version": "1"},
        {"use": "scientific", "doi": "10.1000/xyz"},
        {"use": "alternate-assets", "alternates": {"m": {"href": "https://m/{path}"}}},
    ):
        item = applied(table, item, tmp_path)
    assert len(item["stac_extensions"]) == 10
    assert verdict(item) == []


@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/schemas")
@pytest.mark.parametrize("use", ["alternate-assets", "dgeo", "file", "scientific", "version"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_collections_come_out_valid_too_and_applied_twice_is_applied_once(use, data):
    table = data.draw(configured(use))
    assets = {"data": {"href": "extended.py", "title": "T"}, "thumb": {"href": "https://h/a.png"}}
    collection = {**COLLECTION, "assets": assets}
    before = copy.deepcopy(collection)
    made = tried(table, collection)
    assert collection == before
    if made is not None:
        assert applied(table, made, HERE) == made
        judge = Judge(SchemaStore([REAL], {}), missing="fail")
        assert judge.judge(made, kind="collection").faults == ()


SETS = sorted((REAL.parent / "items").glob("*.ndjson"))


@pytest.mark.skipif(not SETS, reason="no ../shared/data/items")
@pytest.mark.parametrize("file", SETS, ids=lambda path: path.stem)
def test_real_items_take_all_of_them_twice_as_once(file):
    tables = [
        {"use": "dgeo", "cids": [CID], "assets": {"*": {"cid": CID}}},
        {"use": "file", "missing": "skip"},
        {"use": "projection", "code": {"from": "proj:code", "default": "EPSG:3857"}, "compute-bbox": True},
        {"use": "proj-compat"},
        {"use": "eo", "cloud-cover": {"from": "eo:cloud_cover", **MAYBE}, "assets": {"*": {"bands": [{"name": "Z"}]}}},
        {"use": "raster", "assets": {"*": {"bands": [{"scale": 1}]}}},
        {"use": "view", "sun-elevation": {"from": "view:sun_elevation", **MAYBE}},
        {"use": "processing", "software": {"ours": "1"}},
        {"use": "version", "version": "1"},
        {"use": "scientific", "doi": "10.1000/xyz"},
        {"use": "alternate-assets", "alternates": {"m": {"href": "https://m/{path}"}}},
        {"use": "timestamps"},
    ]
    for line in file.read_bytes().splitlines()[:10]:
        item = json.loads(line)
        for table in tables:
            once = applied(table, item, HERE)
            assert applied(table, once, HERE) == once
            item = once
        assert len(item["stac_extensions"]) == len(set(item["stac_extensions"]))
