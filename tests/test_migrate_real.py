"""Migration of real documents: what was valid stays so, and what pystac and rustac do otherwise has its reason."""

import copy
import json
import re
import tarfile
from collections import Counter
from pathlib import Path

import pytest
import rustac
from pystac.serialization import identify_stac_object, migrate_to_latest

from stacbuild.canon import encode
from stacbuild.stages.judge import Judge
from stacbuild.stages.migrate import migrate
from stacbuild.stages.schemas import SchemaStore

DATA = Path(__file__).parents[2] / "shared/data"
KINDS = {"Feature": "item", "Collection": "collection", "Catalog": "catalog"}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data")


def documents():
    """Yield (name, document) of STAC 1.0.0: of each large set some, of the examples all."""
    for name, document in found():
        if document.get("stac_version") == "1.0.0" and document.get("type") in KINDS:
            yield name, document


def found():
    for file in sorted([*DATA.glob("items/*.ndjson"), *DATA.glob("collections/*.ndjson"), DATA / "synth_seeds.ndjson"]):
        with file.open() as lines:
            for number, line in enumerate(lines):
                if number < 20 or number % 20 == 0:
                    yield f"{file.name}#{number}", json.loads(line)
    for file in sorted(DATA.glob("validity/**/*.json")):
        yield str(file.relative_to(DATA)), document_in(file.read_bytes())
    for file in sorted(DATA.glob("api/**/*.json")):
        for number, collection in enumerate(document_in(file.read_bytes()).get("collections", [])):
            yield f"{file.name}@{number}", collection
    for file in sorted(DATA.glob("static/*.tar.gz")):
        with tarfile.open(file) as archive:
            for number, member in enumerate(archive):
                if member.name.endswith(".json") and (number % 25 == 0 or "collection" in member.name):
                    yield member.name, document_in(archive.extractfile(member).read())


def document_in(blob):
    try:
        document = json.loads(blob)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def test_what_was_valid_is_valid_as_1_1_0():
    judge = Judge(SchemaStore([DATA / "schemas"], {}), missing="warn")
    valid, after = Counter(), {}
    for name, document in documents():
        kind = KINDS[document["type"]]
        if judge.judge(document, kind=kind).state != "invalid":
            valid[kind] += 1
            verdict = judge.judge(migrate(document), kind=kind)
            if verdict.state == "invalid":
                after[name] = [fault.message for fault in verdict.faults if not fault.warning]
    assert valid["item"] > 500
    assert valid["collection"] > 500
    assert valid["catalog"] > 10
    assert after == {}


def test_migrated_once_is_migrated_for_good_and_nothing_is_changed_in_place():
    for name, document in documents():
        before = encode(document)
        result = migrate(document)
        assert (result["stac_version"], encode(document) == before, migrate(result) == result) == (
            "1.1.0",
            True,
            True,
        ), name


# ---- the specification's own examples --------------------------------------------------------------------------------

EDITED = {
    r"/assets/udm/type": "a semicolon at the end of a media type is gone",
    r"(/summaries|/assets/[a-z]+)/bands/\d+/eo:center_wavelength": "wavelengths of wrong units are mended",
    r"/summaries/proj:(cpde|code)/0": "`cpde` is a slip",
    r"/summaries/instruments/title": "a slip is mended",
    r"/description": "likewise",
    r"/license": "another licence, since its parts have several",
    r"/links/\d+/(href|title)": "links lead to the examples of the new version",
    r"(/properties)?/keywords/\d": "added, to show that it can be",
    r"/properties/(eo:snow_cover|statistics/.*)|/summaries/statistics/.*": "likewise",
    r"/item_assets/B\d/.*": "likewise",
}
"""What the specification's authors edited besides, from one version of their examples to the next."""


def test_examples_of_the_specification_become_those_of_the_next():
    old, new = DATA / "validity/stac-spec-1.0.0", DATA / "validity/stac-spec-1.1.0"
    names = [str(file.relative_to(old)) for file in old.rglob("*.json")]
    assert len(names) >= 10
    unknown, met = set(), set()
    for name in names:
        ours, theirs = migrate(document_in((old / name).read_bytes())), document_in((new / name).read_bytes())
        for path, *_ in differences(ours, theirs):
            reason = next((pattern for pattern in EDITED if re.fullmatch(pattern, path)), None)
            met.add(reason) if reason else unknown.add((name, path))
    assert unknown == set()
    assert met == set(EDITED)


# ---- other migrators -------------------------------------------------------------------------------------------------


def leaves(value, path=""):
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from leaves(member, f"{path}/{name}")
    elif isinstance(value, list | tuple) and value and path != "/stac_extensions":
        for number, member in enumerate(value):
            yield from leaves(member, f"{path}/{number}")
    else:
        yield path, value


def differences(ours, theirs):
    first, second = dict(leaves(ours)), dict(leaves(theirs))
    for path in sorted(first.keys() | second.keys()):
        if path not in first or path not in second or first[path] != second[path]:
            yield path, first.get(path), second.get(path)


BANDS = r"(/(assets|item_assets)/.+|/summaries|/properties)/(eo:|raster:)?bands(/.*)?"
PYSTAC = {
    BANDS: "it leaves eo:bands and raster:bands as they are",
    r"/stac_extensions": "it keeps eo and raster 1.1.0, and item-assets where it is the core's; adds an empty list",
    r"/summaries/proj:(epsg|code)(/.*)?": "it leaves the summaries",
    r"/item_assets/.+/proj:(epsg|code)": "it leaves the definitions of item assets",
    r"(/assets/.+|/properties)/proj:code": "it drops a proj:epsg of null; we say proj:code is null",
    r"/properties/proj:epsg": "it leaves it where the extension is declared by a path of its own",
    r"/extent/spatial/bbox/.*": "it leaves two boxes, which 1.1.0 refuses",
    r"(/assets/.+|/properties|/item_assets/.+|/summaries)/storage:.*": "it goes on to storage 2.0: 1.1.0 asks for none",
    r".*/classification:classes/\d+/color[-_]hint": "it goes on to classification 2.0, likewise",
    r"(/properties|/assets/.+)/description": "it leaves empty ones, which 1.1.0 refuses",
}
RUSTAC = {
    BANDS: "only in assets, and renames what eo and raster did not: eo:gsd, eo:description, raster:classification:…",
    r"/assets/[^/]+/(data_type|nodata|unit|name|statistics/.+|(eo|raster):.+)": "it hoists what is of a single band",
    r".*/proj:(epsg|code)(/.*)?": "it leaves proj:epsg",
    r"/stac_extensions": "it keeps the old versions, and leaves out an empty list",
    r"/extent/spatial/bbox(/.*)?": "it leaves two boxes, which 1.1.0 refuses, and adds one where there is none",
    r"/extent/temporal/interval(/.*)?": "it says moments in other words",
    r"/properties/(datetime|start_datetime|end_datetime|created|updated)": "likewise",
    r"/(assets(/[^/]+/roles)?|links|geometry|id)": "it leaves out what is empty, and puts in what is needed",
    r"/links/\d+/href": "it makes a URL of an absolute path",
    r"(/properties|/summaries)/(description|license)(/.*)?": "it leaves them",
}


def by_pystac(document):
    return migrate_to_latest(document, identify_stac_object(document))


@pytest.mark.filterwarnings("ignore:Could not parse bucket")
@pytest.mark.parametrize(
    ("other", "reasons"), [(by_pystac, PYSTAC), (rustac.migrate, RUSTAC)], ids=["pystac", "rustac"]
)
def test_what_others_migrate_otherwise_is_known(other, reasons):
    unknown, met, compared = {}, set(), 0
    for name, document in documents():
        try:
            theirs = other(copy.deepcopy(document))
        except Exception:  # noqa: BLE001  what they refuse cannot be compared
            continue
        compared += 1
        for path, mine, his in differences(migrate(document), theirs):
            reason = next((pattern for pattern in reasons if re.fullmatch(pattern, path)), None)
            met.add(reason)
            if reason is None:
                unknown[re.sub(r"\d+", "0", path)] = (name, mine, his)
    assert compared > 1000
    assert unknown == {}
    assert met == set(reasons), "a reason that nothing needs is out of date"
