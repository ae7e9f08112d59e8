"""Published documents with the verdict that their origin states: ours is the same, each exception with its cause."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from stacbuild.stages.geochecks import faults_of
from stacbuild.stages.judge import Judge, kind_of
from stacbuild.stages.schemas import SchemaStore

DATA = Path(__file__).parents[2] / "shared/data"
TABLE = DATA / "validity/expected.tsv"
pytestmark = pytest.mark.skipif(not TABLE.is_file(), reason="the published documents are not beside this repository")

BLANK = "a moment with a blank for the T: RFC 3339 wants the T, the origin's validator takes both"
ONE_OF = "its schema contradicts itself: `#/…` is both forms that vrt:hrefs may have, of which oneOf wants one"
LOCAL = "declares a schema by a path of its own repository, ../schema/…, which is no address"
OPEN = "before 1.0.0, and a ring of its polygon is not closed"

EXCEPTIONS = {
    "stac-extensions/classification/collection-item-assets.json": ("invalid", "SB301", BLANK),
    "stac-extensions/classification/item-classes-maxar.json": ("invalid", "SB301", BLANK),
    "stac-extensions/example-links/collection.json": ("invalid", "SB301", BLANK),
    "stac-extensions/render/collection.json": ("invalid", "SB301", ONE_OF),
    "stac-extensions/render/item-landsat8.json": ("invalid", "SB301", ONE_OF),
    "stac-extensions/virtual-assets/collection.json": ("invalid", "SB301", ONE_OF),
    "stac-extensions/virtual-assets/item-sentinel2.json": ("invalid", "SB301", ONE_OF),
    "stac-validator/v100/extended-item-local.json": ("unchecked", "SB302", LOCAL),
    **{
        f"pystac-examples/{version}/extensions/label/examples/spacenet-roads/roads_{part}.json": (
            "invalid",
            "SB310",
            OPEN,
        )
        for version in ("0.8.1", "0.9.0", "1.0.0-beta.2")
        for part in ("item", "source")
    },
    **{
        f"pystac-examples/1.0.0-beta.2/extensions/label/examples/multidataset/{name}.json": ("invalid", "SB310", OPEN)
        for name in (
            "spacenet-buildings/AOI_2_Vegas_img2636",
            "spacenet-buildings/AOI_3_Paris_img1648",
            "spacenet-buildings/AOI_4_Shanghai_img3344",
            "zanzibar/znz001",
            "zanzibar/znz029",
        )
    },
}
"""File → our verdict, the code that says why, and why it is not the origin's."""


def rows():
    if not TABLE.is_file():
        return []
    with TABLE.open() as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def is_early(version):
    return version.startswith("0.") or "-" in version


@pytest.fixture(scope="module")
def judge():
    return Judge(SchemaStore([DATA / "schemas"], {}), missing="warn")


def judged(judge, file):
    """Return the verdict on a file: the worst of its documents."""
    document = json.loads((DATA / file).read_bytes())
    documents = document["features"] if document.get("type") == "FeatureCollection" else [document]
    verdicts = [judge.judge(one, kind=kind_of(one)) for one in documents]
    return max(verdicts, key=lambda verdict: ("valid", "unchecked", "invalid").index(verdict.state))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["file"].removeprefix("validity/"))
def test_verdict_is_the_origins(judge, row):
    verdict = judged(judge, row["file"])
    codes = {fault.code for fault in verdict.faults if verdict.state != "invalid" or not fault.warning}
    exception = EXCEPTIONS.get(row["file"].removeprefix("validity/"))
    if exception is not None:
        assert (verdict.state, exception[1] in codes) == (exception[0], True)
    elif verdict.state == "unchecked" and is_early(row["stac_version"]):
        assert codes & {"SB302", "SB303", "SB306"}  # it says which part was not judged: never a false "valid"
    else:
        assert verdict.state == row["expected"], [fault for fault in verdict.faults if not fault.warning]


def test_no_document_since_1_0_is_unchecked_but_the_one_that_declares_a_path(judge):
    """What is declared by an address is at hand, and compiles."""
    found = Counter()
    for row in rows():
        if not is_early(row["stac_version"]):
            found[judged(judge, row["file"]).state] += 1
    assert found["unchecked"] == 1
    assert found["valid"] > 150


def test_documents_before_1_0_are_valid_only_by_schemas_of_their_own_version(judge):
    for row in rows():
        if is_early(row["stac_version"]) and judged(judge, row["file"]).state == "valid":
            document = json.loads((DATA / row["file"]).read_bytes())
            url = f"https://schemas.stacspec.org/v{document['stac_version']}/{row['kind']}-spec/json-schema/{row['kind']}.json"
            assert row["kind"] == "itemcollection" or judge._store.find(url) is not None


def test_own_checks_make_no_document_of_the_specification_invalid(judge):
    for row in rows():
        if "stac-spec-" in row["file"]:
            document = json.loads((DATA / row["file"]).read_bytes())
            assert all(fault.warning for fault in faults_of(document, item=document["type"] == "Feature")), row["file"]
