"""A chunk of work: what its results say of documents is what stands in them, however little was encoded anew."""

import json

import msgspec

from stacbuild import canon
from stacbuild.chunks import CHUNKS
from stacbuild.jobs import Chunk, Job
from stacbuild.packing import pack, unpack
from stacbuild.recipe import schema
from stacbuild.work import Bench, Tools

ITEM = {
    "type": "Feature",
    "stac_version": "1.0.0",
    "id": "a",
    "geometry": {"type": "Point", "coordinates": [1, 2.5]},
    "bbox": [1, 2.5, 1, 2.5],
    "properties": {"datetime": "2024-01-31T12:00:00Z", "gsd": None, "proj:epsg": 32633},
    "links": [],
    "assets": {"data": {"href": "s3://b/a.tif", "nodata": None}},
}
RECIPE = {
    "catalog": {"id": "chunks"},
    "sources": {"drop": {"kind": "stac-items", "path": "in/*.ndjson"}},
    "extensions": {
        "mirrors": {"use": "alternate-assets", "alternates": {"m": {"href": "https://m/{path}"}}},
        "ours": {"use": "fields", "properties": {"ours:id": "{id}"}},
    },
    "patches": {
        "gsd": {"where": "id = 'a'", "set": {"properties.gsd": 10}},
        "title": {"where": "id = 'b'", "set": {"assets.*.title": "B"}},
    },
    "collections": {
        "c": {"from": ["drop"], "where": "id <> 'z'", "extensions": ["mirrors", "ours"], "patches": ["gsd", "title"]}
    },
}


def outcomes(*items):
    document = msgspec.convert(RECIPE, schema.Document)
    records = [canon.encode(item) for item in items]
    jobs = [Job("c", record, "drop", "", canon.digest(record), 0) for record in records]
    result = Bench(Tools(document, (), {})).run(Chunk(1, jobs))
    return result.outcomes, unpack(result.packed)


def test_every_digest_is_of_the_document_that_it_names():
    found, documents = outcomes(*({**ITEM, "id": name} for name in "abc"))

    for outcome in found:
        assert len(outcome.digests) == 4
        for digest, ordinal in zip(outcome.digests, outcome.ordinals, strict=True):
            assert canon.digest(canon.encode(json.loads(documents[ordinal]))) == digest
    assert [json.loads(documents[one.ordinals[-1]])["properties"]["gsd"] for one in found] == [10, None, None]
    assert [json.loads(documents[one.ordinals[-1]])["assets"]["data"].get("title") for one in found] == [
        None,
        "B",
        None,
    ]


def test_a_stage_that_changes_nothing_gives_the_document_of_the_stage_before():
    (outcome,), documents = outcomes({**ITEM, "id": "c"})

    assert outcome.digests[0] == outcome.digests[1] != outcome.digests[2] == outcome.digests[3]
    assert (outcome.ordinals, len(documents)) == ([0, 0, 1, 1], 2)


def test_items_of_one_chunk_do_not_take_members_from_each_other():
    other = {**ITEM, "id": "b", "geometry": None, "properties": {**ITEM["properties"], "gsd": 1}}
    del other["bbox"]
    (_, alone), documents_alone = outcomes(ITEM, other)
    (again, _), documents_again = outcomes(other, ITEM)

    assert alone.digests == again.digests
    assert documents_alone[alone.ordinals[-1]] == documents_again[again.ordinals[-1]]


def test_a_document_may_lie_in_a_chunk_of_the_store_that_comes_along():
    document, records = msgspec.convert(RECIPE, schema.Document), [canon.encode({**ITEM, "id": name}) for name in "abc"]
    digests = [canon.digest(record) for record in records]
    whole = [Job("c", record, "drop", "", digest, 0) for record, digest in zip(records, digests, strict=True)]
    by_place = [
        Job("c", b"", "drop", "", digests[at], 0, place=place) for at, place in enumerate([(1, 1), (0, 0), (1, 0)])
    ]
    chunks = Chunk(1, whole), Chunk(1, by_place, [pack(records[1:2]), pack([records[2], records[0]])])

    expected, found = (Bench(Tools(document, (), {})).run(chunk) for chunk in chunks)

    assert found == expected
    (alone, *_) = CHUNKS.parts(chunks[1])
    assert Bench(Tools(document, (), {})).run(alone).outcomes == expected.outcomes[:1]
