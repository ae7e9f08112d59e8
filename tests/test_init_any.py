"""Whatever a table holds: a first recipe of it is good, or there is a word why there is none."""

import csv
import io
import json
import tomllib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kitchen import Kitchen

WORDS = """
    id scene_id name datetime date start_time end_time lon lat x y west south east north bbox geometry wkt epsg gsd
    license title instruments keywords created updated providers href thumbnail url type properties links assets
    eo:cloud_cover proj:epsg collection stac_version bands roles
"""
SCALARS = """
    NA null 0 1 -1.5 007 1e400 true nan 2024-01-31 31/01/2024 20240131 1706695200 2024-01-31T10:00:00+02:00 500000 4326
    https://example.com/a.tif a.png [1,2,3,4] {"type":"Point","coordinates":[1,2]} a;b {x} ${HOME}
"""
NAMES = st.one_of(
    st.sampled_from(WORDS.split()),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), min_size=1, max_size=8),
)
CELLS = st.one_of(
    st.sampled_from(["", "POINT (1 2)", "POLYGON ((0 0, 1 0, 1 1, 0 0))", *SCALARS.split()]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.integers(-(10**6), 10**6).map(str),
)
OFTEN = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def tables(draw):
    names = draw(st.lists(NAMES, min_size=1, max_size=7, unique=True))
    alike = [draw(CELLS) for _ in names]
    rows = draw(st.integers(1, 5))
    return names, [[cell if draw(st.booleans()) else draw(CELLS) for cell in alike] for _ in range(rows)]


def judged(kitchen, name):
    """Begin with a table: either nothing is written and that is said, or the recipe is one and a build is not a bug."""
    for file in kitchen.folder.glob("*.toml"):
        file.unlink()
    document = kitchen.ask("init", name)
    if document["exit"]:
        assert document["exit"] == 2
        assert document["error"]["message"]
        assert not (kitchen / "stacbuild.toml").exists()
        return
    tomllib.loads((kitchen / "stacbuild.toml").read_text())
    assert kitchen.ask("check", "--quick")["exit"] == 0
    assert kitchen.ask("check")["exit"] in (0, 1)


@OFTEN
@given(tables())
def test_any_csv(tmp_path, table):
    kitchen = Kitchen(tmp_path / "k", rows=None)
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([table[0], *table[1]])
    kitchen.write("any.csv", stream.getvalue())
    judged(kitchen, "any.csv")


VALUES = st.recursive(
    st.one_of(CELLS, st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@OFTEN
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=5), min_size=1, max_size=4))
def test_any_json(tmp_path, records):
    kitchen = Kitchen(tmp_path / "k", rows=None)
    kitchen.write("any.json", json.dumps(records))
    judged(kitchen, "any.json")


@OFTEN
@given(st.binary(max_size=200), st.sampled_from(["any.csv", "any.json", "any.ndjson", "any.tsv.gz", "any.parquet"]))
def test_any_bytes(tmp_path, blob, name):
    kitchen = Kitchen(tmp_path / "k", rows=None)
    kitchen.write(name, blob)
    judged(kitchen, name)
