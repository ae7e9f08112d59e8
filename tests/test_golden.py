"""The golden corpus: records and the items that they become. Bytes that change ask for a higher stage revision.

When the transform stage is to give other bytes: raise `Transform.revision`, read the new bytes, name the file after it.
"""

from pathlib import Path

import msgspec
import pytest

from stacbuild import canon
from stacbuild.jobs import Chunk, Job
from stacbuild.packing import unpack
from stacbuild.recipe import schema
from stacbuild.stages import items
from stacbuild.stages.migrate import MIGRATE_REVISION
from stacbuild.stages.registry import DOCUMENT_STAGES
from stacbuild.work import Bench, Tools

HERE = Path(__file__).parent / "golden"

MAPPING = {
    "id": {"template": "{sat}-{id}"},
    "geometry": {"lon": "lon", "lat": "lat"},
    "datetime": {"from": "acquired", "as": "datetime"},
    "properties": {
        "platform": {"from": "sat", "lookup": "missions"},
        "gsd": {"from": "res", "as": "number", "scale": 0.01},
        "count": {"from": "n", "as": "integer", "required": False},
        "license": {"value": "CC-BY-4.0"},
        "tags": {"from": ["sat", "id"], "join": "/"},
        "words": {"from": "id", "split": "e"},
    },
    "assets": {"data": {"href": "href", "type": {"value": "image/tiff"}, "roles": {"value": ["data"]}}},
    "lookups": {"missions": {"S2A": "sentinel-2a", "L8": "landsat-8"}},
}


@pytest.fixture
def outcome():
    document = msgspec.convert(
        {
            "catalog": {"id": "golden"},
            "sources": {"records": {"kind": "table", "path": "data/records.ndjson", "key": "id"}},
            "mappings": {"records": MAPPING},
            "collections": {"scenes": {"from": ["records"], "mapping": "records"}},
        },
        schema.Document,
    )
    records = (HERE / "records.ndjson").read_bytes().splitlines()
    jobs = [Job("scenes", record, "records", "data", canon.digest(record), 0) for record in records]
    return Bench(Tools(document, (), {})).run(Chunk(1, jobs))


def test_every_stage_has_the_bytes_of_its_revision(outcome):
    transform = next(stage for stage in DOCUMENT_STAGES if stage.name == "transform")
    expected = (HERE / f"transform-{transform.revision}.ndjson").read_bytes()

    assert b"\n".join([*unpack(outcome.packed), b""]) == expected


def test_a_bad_record_says_why_and_where(outcome):
    fault = outcome.outcomes[3].fault

    assert (fault.stage, fault.path) == ("transform", "/properties/datetime")
    assert "yesterday" in fault.message
    assert [one.fault for one in outcome.outcomes[:3]] == [None, None, None]


def test_the_corpus_is_valid(outcome):
    assert [one.state for one in outcome.outcomes] == ["valid", "valid", "valid", ""]


def test_items_of_others_have_the_bytes_of_their_revision():
    document = msgspec.convert(
        {
            "catalog": {"id": "golden"},
            "sources": {"drop": {"kind": "stac-items", "path": "in/*.ndjson"}},
            "collections": {"scenes": {"from": ["drop"]}},
        },
        schema.Document,
    )
    lines = (HERE / "items.ndjson").read_bytes().splitlines()
    jobs = [Job("scenes", line, "drop", "in", canon.digest(line), 0) for line in lines]
    found = Bench(Tools(document, (), {})).run(Chunk(1, jobs))
    expected = (HERE / f"items-{items.REVISION}-{MIGRATE_REVISION}.ndjson").read_bytes()

    assert b"\n".join([*unpack(found.packed), b""]) == expected
    assert [one.fault.code if one.fault else None for one in found.outcomes] == [None, None, "SB220"]
